/* SPDX-License-Identifier: MIT */
/* One connection to a Redis, with pipelined commands. Each answer has a time
 * limit, and a stop of the process ends every wait. One thread. libcurl makes
 * the connection, as all others (look-up, TLS), and hiredis reads the answers.
 *
 * The caller closes a link after any failure other than an error answer of the
 * server. */
#ifndef GC_NET_REDIS_LINK_H
#define GC_NET_REDIS_LINK_H

#include "common/base/buf.h"
#include "common/base/connect.h"
#include "common/net/redis/url.h"

#include <stddef.h>

/* The user of a link. The advice in an error names its options: StateURL… of
 * flow metrics, LeaseURL… of an account. */
enum redis_use { REDIS_STATE, REDIS_LEASE };

/* Borrowed until redis_link_close, with all it points to. */
struct redis_settings {
  enum redis_use use;
  struct redis_url url;
  const char *user;             /* NULL: the default user */
  const char *password_file;    /* read for each connection; NULL: none */
  const struct gc_connect *tls; /* ca_cert, verify_peer, verify_host */
  uint32_t answer_ms; /* limit for the connection and for each answer; 0: those
                         of net/timing.h */
};

struct redis_link;
struct redisReply;

/* Connects, logs in and selects the database. The caller closes the link.
 * `stop_fd` becomes readable when the process stops. GC_ERR_TLS; GC_ERR_AUTH:
 * the password is wrong or cannot be read; GC_ERR_CONFIG: CACert cannot be
 * used; GC_ERR_NETWORK, GC_ERR_TIMEOUT (after answer_ms in all, even if the
 * resolver hangs), GC_ERR_STOPPED, GC_ERR_MEMORY; otherwise the codes of
 * redis_request. */
GC_MUST_CHECK enum gc_code redis_link_open(const struct redis_settings *s,
                                           int stop_fd, struct redis_link **ret,
                                           struct gc_err *err);
/* Closes the connection and frees the link. NULL is allowed. */
void redis_link_close(struct redis_link *l);

/* The words of a command, zeroed at first. The functions copy their arguments;
 * if memory runs out, sending the words fails. */
struct redis_words {
  struct gc_buf text; /* as they are sent (RESP) */
  size_t count;
  bool failed;
};
/* Appends a word. */
void redis_word(struct redis_words *w, const void *bytes, size_t len);
/* Appends a formatted word of up to 2047 bytes. */
void redis_print(struct redis_words *w, const char *format, ...)
    GC_PRINTF(2, 3);
/* Appends a number that reads back as the same double, with a decimal point in
 * every locale. */
void redis_real(struct redis_words *w, double value);
/* Removes the words, keeps the memory. */
void redis_words_reset(struct redis_words *w);
/* Overwrites and frees the memory: a word may have been a password. */
void redis_words_clear(struct redis_words *w);

/* Queues a command and removes its words. The next redis_read_reply sends it.
 * GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code redis_queue_command(struct redis_link *l,
                                               struct redis_words *w,
                                               struct gc_err *err);
/* Returns the answer to the oldest command that has none yet; the caller frees
 * it with freeReplyObject. An error of the server is an answer
 * (REDIS_REPLY_ERROR). GC_ERR_NETWORK, GC_ERR_PARSE, GC_ERR_TIMEOUT,
 * GC_ERR_STOPPED. */
GC_MUST_CHECK enum gc_code redis_read_reply(struct redis_link *l,
                                            struct redisReply **ret,
                                            struct gc_err *err);
/* Queues one command, sends it and returns its answer. An error of the server
 * is a failure here: the code is that of redis_refused. */
GC_MUST_CHECK enum gc_code redis_request(struct redis_link *l,
                                         struct redis_words *w,
                                         struct redisReply **ret,
                                         struct gc_err *err);
/* Fills `err` for an error of the server, `words`, with advice for the common
 * errors; returns its code. */
enum gc_code redis_refused(const char *words, enum redis_use use,
                           struct gc_err *err);

/* ---- rights ---- */

/* The rights that one use of a Redis needs. */
struct redis_rights {
  /* Commands with their arguments, a space between two words; the word "KEY"
   * stands for `key`. NULL ends the list. */
  const char *const *commands;
  const char *key; /* matches the pattern of keys that the user needs */
};

/* Tries whether the user may run the commands, without running them: the server
 * checks the rights when it queues a command of a transaction, and drops a
 * transaction whose connection is closed (Redis documentation, "MULTI"). The
 * caller then closes the link.
 * GC_ERR_PERMISSION: the user may not run one of them, which `err` names; else
 * the codes of redis_request. False in *ret_tried: the user may not run MULTI,
 * so the rights remain unknown. */
GC_MUST_CHECK enum gc_code redis_try_rights(struct redis_link *link,
                                            const struct redis_rights *rights,
                                            bool *ret_tried,
                                            struct gc_err *err);

#endif
