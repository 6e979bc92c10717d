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

#endif
