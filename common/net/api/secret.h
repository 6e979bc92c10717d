/* SPDX-License-Identifier: MIT */
/* A secret of the configuration, from one of four places. It is read for each
 * request that needs it, so that a changed file counts without a restart. A
 * secret in a file stays in memory only as long as the request needs it. Any
 * thread. */
#ifndef GC_NET_API_SECRET_H
#define GC_NET_API_SECRET_H

#include "common/base/buf.h"

#include <stdint.h>

struct gc_detached;

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
 * (gc_buf_wipe). A file is read within the bound of `d` (net/detached), since
 * its disk may hang; NULL: the caller may wait. GC_ERR_AUTH: the secret cannot
 * be read, is empty, is larger than GC_SECRET_MAX_BYTES - 1 in a file or than
 * `max` elsewhere, or contains a NUL byte. GC_ERR_TIMEOUT: the file system does
 * not answer.
 *
 * The first call for a variable removes it from the environment, so that
 * neither children nor /proc show it; later calls return a kept copy. Make that
 * first call in the configuration phase, while there is one thread. */
GC_API GC_MUST_CHECK enum gc_code gc_secret_read(struct gc_detached *d,
                                                 const struct gc_secret *s,
                                                 struct gc_buf *out,
                                                 struct gc_err *err);

/* The facts about a secret's file that need no read of its content. */
struct gc_secret_stat {
  uint64_t version; /* changes whenever the file does; 0: there is no file */
  /* A warning if every user of the host may read the file; GC_OK: none. */
  struct gc_err exposed;
};
/* Reads these facts within the bound of `d`. GC_ERR_TIMEOUT: the file system
 * does not answer, and `ret` is empty. */
GC_API GC_MUST_CHECK enum gc_code gc_secret_stat(struct gc_detached *d,
                                                 const struct gc_secret *s,
                                                 struct gc_secret_stat *ret);

#endif
