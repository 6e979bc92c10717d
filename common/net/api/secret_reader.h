/* SPDX-License-Identifier: MIT */
/* Reads the file of a secret on a thread of its own (net/background): a
 * disk or network folder that hangs does not delay the network thread, init or
 * a read. It delays the stop by GC_BACKGROUND_STOP_MS at most. */
#ifndef GC_NET_API_SECRET_READER_H
#define GC_NET_API_SECRET_READER_H

#include "common/net/api/secret.h"

struct gc_bounded;
struct gc_loop;
struct gc_secret_reader;

/* The outcome of one read. */
struct gc_secret_answer {
  enum gc_code code; /* result of gc_secret_read */
  struct gc_err err; /* its text */
  uint64_t version;  /* gc_secret_version, taken before the read */
  struct gc_buf secret;
};

/* The source of gc_auth's secret: a reader in the daemon, a script in tests.
 * One read at a time, on the loop's thread. */
struct gc_secret_source {
  /* Starts a read. `done` runs once, later, on the loop's thread; the answer is
   * borrowed for the call. GC_ERR_MEMORY: no thread; `done` never runs. */
  enum gc_code (*read)(void *ctx,
                       void (*done)(void *done_ctx,
                                    const struct gc_secret_answer *answer),
                       void *done_ctx, struct gc_err *err);
  /* Ends a running read without `done`. */
  void (*cancel)(void *ctx);
  void *ctx;
};

/* Does the same as gc_secret_read, for a secret in a file and within the bound
 * of `b`. GC_ERR_TIMEOUT: the file system does not answer. Any thread. */
GC_API GC_MUST_CHECK enum gc_code
gc_secret_read_bounded(struct gc_bounded *b, const struct gc_secret *secret,
                       struct gc_buf *out, struct gc_err *err);

/* The facts about a secret's file that need no read of its content. */
struct gc_secret_stat {
  uint64_t version;      /* gc_secret_version */
  struct gc_err exposed; /* the warning of gc_secret_is_exposed; GC_OK: none */
};
/* Reads these facts within the bound of `b`. GC_ERR_TIMEOUT: the file system
 * does not answer, and `ret` is empty. Any thread. */
GC_API GC_MUST_CHECK enum gc_code
gc_secret_stat_bounded(struct gc_bounded *b, const struct gc_secret *secret,
                       struct gc_secret_stat *ret);

/* Fills an empty answer; may block for as long as the disk does. */
GC_API void gc_secret_answer_read(const struct gc_secret *secret,
                                  struct gc_secret_answer *ret_answer);
/* Wipes the secret. */
GC_API void gc_secret_answer_clear(struct gc_secret_answer *answer);

/* Makes a reader. `loop` is borrowed; the `file` or `credential` of `secret` is
 * copied. NULL when out of memory. */
GC_API struct gc_secret_reader *
gc_secret_reader_new(struct gc_loop *loop, const struct gc_secret *secret);
/* Cancels a read and frees the reader, as gc_background_free does. */
GC_API void gc_secret_reader_free(struct gc_secret_reader *reader);

GC_API struct gc_secret_source
gc_secret_reader_source(struct gc_secret_reader *reader);

#endif
