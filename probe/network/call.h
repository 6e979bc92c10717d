/* SPDX-License-Identifier: MIT */
/* One call of the Platform API, which the main thread waits for. It goes
 * through the account's API (common/net/api), so that token, budget, retries
 * and errors are those of the plugins. */
#ifndef PROBE_NETWORK_CALL_H
#define PROBE_NETWORK_CALL_H

#include "common/net/account.h"
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

#endif
