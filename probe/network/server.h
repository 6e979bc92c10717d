/* SPDX-License-Identifier: MIT */
/* A server that belongs to no account: a loop with an HTTP transport of its
 * own, and exchanges that the main thread waits for. */
#ifndef PROBE_NETWORK_SERVER_H
#define PROBE_NETWORK_SERVER_H

#include "common/net/http/http.h"
#include "common/net/loop.h"
#include "probe/network/reporter.h"

/* Zeroed at first. */
struct probe_server {
  struct gc_connect connect;
  struct gc_loop *loop;
  struct gc_http *http;
};

/* Starts the loop's thread. `connect` is copied; its strings are borrowed.
 * GC_ERR_CONFIG, GC_ERR_MEMORY. Call probe_server_close also after a failure.
 */
GC_MUST_CHECK enum gc_code probe_server_open(struct probe_server *s,
                                             const struct gc_connect *connect,
                                             struct gc_err *err);
void probe_server_close(struct probe_server *s);

/* Sends `x`, whose `done` and `ctx` are set here, and waits for its end.
 * `report` gets the answer on the loop's thread. After an error `report` does
 * not run. GC_ERR_TIMEOUT: the exchange did not end within PROBE_STEP_LIMIT_MS
 * or the time that is left for all checks. */
GC_MUST_CHECK enum gc_code
probe_server_send(const struct probe_reporter *r, struct probe_server *s,
                  struct gc_exchange *x,
                  void (*report)(void *ctx, const struct gc_reply *reply,
                                 const struct gc_err *err),
                  void *ctx, struct gc_err *err);

#endif
