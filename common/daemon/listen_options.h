/* SPDX-License-Identifier: MIT */
/* Checks of the options of a listener that rows cannot express. All plugins
 * with an HTTP server have these rules. Needs no daemon. Configuration phase,
 * one thread. */
#ifndef GC_DAEMON_LISTEN_OPTIONS_H
#define GC_DAEMON_LISTEN_OPTIONS_H

#include "common/base/err.h"
#include "common/net/listener/options.h"

/* Requires an address, and a certificate for the options that need one. */
GC_API GC_MUST_CHECK enum gc_code
gc_listen_check(const struct gc_listener_options *o, struct gc_err *err);

/* SharedSecretFile, SharedSecretHeader, and the action that they protect. */
struct gc_listen_secret {
  const char *file; /* NULL: no secret */
  const char *header;
  const char *client_can; /* "post events" */
};

/* Checks both, and refuses an address that other hosts can reach without
 * authentication or TLS. Fills `warning` if it has only one of them. Reads no
 * file, because its disk may hang. */
GC_API GC_MUST_CHECK enum gc_code
gc_listen_check_secret(const struct gc_listener_options *o,
                       const struct gc_listen_secret *secret,
                       struct gc_err *warning, struct gc_err *err);

#endif
