/* SPDX-License-Identifier: MIT */
/* Requests that the main thread waits for: calls of the Platform API, lists of
 * names, and exchanges with servers of no account. Calls go through the
 * account's API (common/net/api), so that token, budget, retries and errors are
 * those of the plugins. */
#ifndef PROBE_NETWORK_CALL_H
#define PROBE_NETWORK_CALL_H

#include "common/net/account.h"
#include "common/net/http/http.h"
#include "probe/network/reporter.h"

/* The request. Strings are borrowed; all of them may be NULL. */
struct probe_request {
  enum gc_endpoint_id endpoint;
  const char *path, *path_tail, *query, *body;
};

struct probe_answer {
  struct gc_err err; /* GC_OK: `body` is whole; else err.text, which ends
                        without a full stop */
  int64_t date_ms;   /* Date header, epoch; 0: none */
  int64_t wall_ms;   /* this host's clock at the same moment */
  struct gc_buf body;
};

/* Sends the request and waits for its answer, for PROBE_STEP_LIMIT_MS or the
 * time that is left for all checks. Free the answer with probe_answer_clear.
 * Returns ret->err.code; GC_ERR_TIMEOUT when no answer came in time. */
enum gc_code probe_call(const struct probe_reporter *r, struct gc_account *a,
                        const struct probe_request *request,
                        struct probe_answer *ret);
void probe_answer_clear(struct probe_answer *a);

/* Reads a list of names through the account's name cache; waits for
 * PROBE_STEP_LIMIT_MS or the time that is left for all checks. Returns a
 * reference (gc_entities_put); NULL when no answer came. A list that is refused
 * (403, 404) is an answer. */
struct gc_entities *probe_names_read(const struct probe_reporter *r,
                                     struct gc_account *a,
                                     enum gc_name_kind kind);

/* ---- a server that belongs to no account ---- */

/* A loop with an HTTP transport of its own. Zeroed at first. */
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
