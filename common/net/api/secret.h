/* SPDX-License-Identifier: MIT */
/* A secret of the configuration, from one of four places. It is read for each
 * request that needs it, so that a changed file counts without a restart. A
 * secret in a file stays in memory only as long as the request needs it. Any
 * thread. */
#ifndef GC_NET_API_SECRET_H
#define GC_NET_API_SECRET_H

#include "common/base/buf.h"

#include <stdint.h>

enum { GC_SECRET_MAX_BYTES = 4096 };

/* The place of a secret; exactly one of the first four members is set.
 * Borrowed. */
struct gc_secret {
  const char *literal;    /* ClientSecret: the secret itself */
  const char *file;       /* ClientSecretFile: path */
  const char *env;        /* ClientSecretEnv: name of a variable */
  const char *credential; /* ClientSecretCredential: name of a systemd
                             credential (LoadCredential=, systemd.exec(5)) */
  const char *what;       /* the secret or its option, for messages; a literal.
                             NULL: "the client secret" */
};

/* Checks the place of a secret. GC_ERR_CONFIG unless exactly one place is set
 * and a `credential` has no "/"; the text names the options. */
GC_API GC_MUST_CHECK enum gc_code gc_secret_check(const struct gc_secret *s,
                                                  struct gc_err *err);

/* Reads the secret, without white space around it, into the empty buffer `out`,
 * whose `max` should be GC_SECRET_MAX_BYTES. The caller owns it and wipes it
 * (gc_buf_wipe). GC_ERR_AUTH: the secret cannot be read, is empty, is larger
 * than GC_SECRET_MAX_BYTES - 1 in a file or than `max` elsewhere, or contains a
 * NUL byte.
 *
 * The first call for a variable removes it from the environment, so that
 * neither children nor /proc show it; later calls return a kept copy. Make that
 * first call in the configuration phase, while there is one thread. */
GC_API GC_MUST_CHECK enum gc_code gc_secret_read(const struct gc_secret *s,
                                                 struct gc_buf *out,
                                                 struct gc_err *err);

/* Writes where the secret is, for messages: a path, "ClientSecretEnv NAME",
 * "the variable NAME" (with `what`), "ClientSecretCredential NAME" or
 * "ClientSecret"; cut to `size`. */
GC_API void gc_secret_place(const struct gc_secret *s, char *out, size_t size);

/* True if every user of the host may read the file; `ret_words` is the warning
 * (NULL: not needed). */
GC_API bool gc_secret_is_exposed(const struct gc_secret *s,
                                 struct gc_err *ret_words);

/* Returns a number that changes whenever the file does; 0 if there is no
 * file. */
GC_API uint64_t gc_secret_version(const struct gc_secret *s);

/* ---- files on a disk that may hang (net/detached) ---- */

struct gc_detached;
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
gc_secret_read_bounded(struct gc_detached *b, const struct gc_secret *secret,
                       struct gc_buf *out, struct gc_err *err);

/* The facts about a secret's file that need no read of its content. */
struct gc_secret_stat {
  uint64_t version;      /* gc_secret_version */
  struct gc_err exposed; /* the warning of gc_secret_is_exposed; GC_OK: none */
};
/* Reads these facts within the bound of `b`. GC_ERR_TIMEOUT: the file system
 * does not answer, and `ret` is empty. Any thread. */
GC_API GC_MUST_CHECK enum gc_code
gc_secret_stat_bounded(struct gc_detached *b, const struct gc_secret *secret,
                       struct gc_secret_stat *ret);

/* Fills an empty answer; may block for as long as the disk does. */
GC_API void gc_secret_answer_read(const struct gc_secret *secret,
                                  struct gc_secret_answer *ret_answer);
/* Wipes the secret. */
GC_API void gc_secret_answer_clear(struct gc_secret_answer *answer);

/* Makes a reader. `loop` is borrowed; the `file` or `credential` of `secret` is
 * copied. */
GC_API struct gc_secret_reader *
gc_secret_reader_new(struct gc_loop *loop, const struct gc_secret *secret);
/* Cancels a read and frees the reader, as gc_detached_free does. */
GC_API void gc_secret_reader_free(struct gc_secret_reader *reader);

GC_API struct gc_secret_source
gc_secret_reader_source(struct gc_secret_reader *reader);

enum { GC_SECRETS_MAX = 3 };

/* Calls `found` with a warning for each file of a secret that every user of the
 * host can read: later, on the loop's thread of `d`, with copies. Up to
 * GC_SECRETS_MAX secrets; one without a file or credential is skipped. */
GC_API void gc_secrets_check_modes(
    struct gc_detached *d, const struct gc_secret *secrets, size_t count,
    void (*found)(void *ctx, const struct gc_err *warning), void *ctx);

#endif
