/* SPDX-License-Identifier: MIT */
/* The client secret, from one of four places. It is read anew for each token
 * request, so that a changed file is taken without a restart, and lives in
 * memory only for that moment. Any thread. */
#ifndef GC_NET_API_SECRET_H
#define GC_NET_API_SECRET_H

#include "common/base/buf.h"

#include <stdint.h>

enum { GC_SECRET_MAX_BYTES = 4096 };

/* Where it is; exactly one member is set. Borrowed. */
struct gc_secret {
  const char *literal;    /* ClientSecret: the secret itself */
  const char *file;       /* ClientSecretFile: path */
  const char *env;        /* ClientSecretEnv: name of a variable */
  const char *credential; /* ClientSecretCredential: name of a systemd
                             credential (LoadCredential=, systemd.exec(5)) */
};

/* GC_ERR_CONFIG unless exactly one is set; the text names the four options. */
GC_API GC_MUST_CHECK enum gc_code gc_secret_check(const struct gc_secret *s,
                                                  struct gc_err *err);

/* Puts the secret, without the white space around it, into the empty `out`: the
 * caller's, who wipes it (gc_buf_wipe); its `max` should be
 * GC_SECRET_MAX_BYTES. GC_ERR_AUTH with words when it cannot be had, is
 * empty, larger than GC_SECRET_MAX_BYTES - 1 or no text. A variable is taken
 * out of the environment when it is first read (in the configuration phase,
 * while there is one thread), so that neither children nor /proc show it; later
 * reads get the kept copy. */
GC_API GC_MUST_CHECK enum gc_code gc_secret_read(const struct gc_secret *s,
                                                 struct gc_buf *out,
                                                 struct gc_err *err);

/* True, with words for a warning, when others on the host may read the file. */
GC_API bool gc_secret_is_exposed(const struct gc_secret *s,
                                 struct gc_err *ret_words);

/* A number that changes when the file does (0 for the other places or when it
 * is not there): a refused secret is worth another try then. */
GC_API uint64_t gc_secret_version(const struct gc_secret *s);

#endif
