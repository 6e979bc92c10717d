/* SPDX-License-Identifier: MIT */
/* One connection to a Redis: pipelined commands, each answer within its time,
 * and an end at once when the process stops. One thread.
 *
 * After a failure that is not an answer of the server the link is of no more
 * use: close it, open another. */
#ifndef GC_NET_REDIS_LINK_H
#define GC_NET_REDIS_LINK_H

#include "common/base/buf.h"
#include "common/base/connect.h"
#include "common/net/redis/url.h"

#include <stddef.h>

enum {
  REDIS_CONNECT_MS = 5000, /* look-up, connection, TLS and log-in, each */
  REDIS_ANSWER_MS = 10000, /* until the next answer of a pipeline */
  REDIS_STOP_MS = 600,     /* what is left of it when the process stops */
};

/* Borrowed as long as it is used. */
struct redis_settings {
  struct state_url url;
  const char *user;             /* NULL: the default one */
  const char *password_file;    /* read anew for each connection; NULL: none */
  const struct gc_connect *tls; /* ca_cert, verify_peer, verify_host */
};

/* Can this build do rediss://? (hiredis 1.0 and its TLS library.) */
bool redis_has_tls(void);

struct redis_link;
struct redisReply;

/* Connects, logs in, selects the database. `stop_fd` becomes readable when the
 * process stops. GC_ERR_NETWORK, GC_ERR_TIMEOUT, GC_ERR_TLS, GC_ERR_AUTH (wrong
 * password), GC_ERR_REMOTE (the server's own words), GC_ERR_STOPPED. */
GC_MUST_CHECK enum gc_code redis_link_open(const struct redis_settings *s,
                                           int stop_fd, struct redis_link **ret,
                                           struct gc_err *err);
void redis_link_close(struct redis_link *l);

/* Words of a command, copied. Zeroed, then these; what finds no memory is told
 * by redis_put. */
struct redis_words {
  struct gc_buf text;
  size_t *lens;
  const char **at; /* redis_put's */
  size_t count, cap;
  bool failed;
};
void redis_word(struct redis_words *w, const void *bytes, size_t len);
void redis_print(struct redis_words *w, const char *format, ...)
    GC_PRINTF(2, 3);
/* The shortest number that reads back as the same double, with a point whatever
 * the locale says. */
void redis_real(struct redis_words *w, double value);
/* Empties it, keeps the memory. */
void redis_words_reset(struct redis_words *w);
void redis_words_clear(struct redis_words *w);

/* Queues a command and empties the words; it leaves with the next redis_get. */
GC_MUST_CHECK enum gc_code redis_put(struct redis_link *l,
                                     struct redis_words *w, struct gc_err *err);
/* The answer to the oldest command without one; an error of the server is an
 * answer (REDIS_REPLY_ERROR). The caller's: freeReplyObject. */
GC_MUST_CHECK enum gc_code
redis_get(struct redis_link *l, struct redisReply **ret, struct gc_err *err);
/* Both at once. An error of the server is a failure, in its words. */
GC_MUST_CHECK enum gc_code redis_ask(struct redis_link *l,
                                     struct redis_words *w,
                                     struct redisReply **ret,
                                     struct gc_err *err);
/* What an error of the server means, with advice for the usual ones. */
enum gc_code redis_refused(const char *words, struct gc_err *err);

#endif
