/* SPDX-License-Identifier: MIT */
/* Looks for secrets of an account that every user of the host can read: the
 * file of the client secret, that of the lease's password, the key of the
 * client certificate, and a configuration file that contains ClientSecret,
 * ClientKeyPass or a Proxy with a password. Reading these files may block:
 * gc_exposure_start does it on a thread of its own (net/background). */
#ifndef GC_NET_EXPOSURE_H
#define GC_NET_EXPOSURE_H

#include "common/net/api/secret.h"
#include "common/net/background.h"

/* The secrets of an account and the files to search. All borrowed. */
struct gc_exposure {
  struct gc_secret secret;
  const char *client_cert, *client_key; /* NULL: none */
  const char *client_key_pass, *proxy;  /* as configured; NULL: none */
  const char *lease_password_file;      /* NULL: none */
  /* The files of collectd's configuration: a colon-separated list of patterns
   * for glob(3). NULL: those that gc_exposure_config finds. */
  const char *config;
};

/* Calls `found` with a warning for each exposed secret. */
GC_API void gc_exposure_find(const struct gc_exposure *e,
                             void (*found)(void *ctx, const struct gc_err *err),
                             void *ctx);

/* Does the same in the background, with copies; `found` runs on the loop's
 * thread. */
GC_API GC_MUST_CHECK enum gc_code
gc_exposure_start(struct gc_background *b, const struct gc_exposure *e,
                  void (*found)(void *ctx, const struct gc_err *err), void *ctx,
                  struct gc_err *err);

/* Writes the patterns of collectd's own files: the file of -C in the command
 * line of this process, or the paths that packages use, and the folders beside
 * it that the packages' configuration includes. */
GC_API void gc_exposure_config(const char *command_line, size_t len, char *out,
                               size_t size);

#endif
