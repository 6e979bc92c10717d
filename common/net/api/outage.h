/* SPDX-License-Identifier: MIT */
/* Decides when the cause "api" of an account begins and ends. All functions of
 * the API share the cause: it begins with the first one that fails, and ends
 * with the success after which none fails any more. A function works again
 *
 *   - after a success of its own;
 *   - if it is one of the notification channels: after a success of any of
 *     them, since a channel is used without a check if the check fails;
 *   - after a success of any other, if it has not been called for
 *     GC_API_OUTAGE_UNCALLED_MS: no block needs it any more.
 *
 * Pure; one struct for each account. */
#ifndef GC_NET_API_OUTAGE_H
#define GC_NET_API_OUTAGE_H

#include <stdint.h>

#include "common/genesys/endpoint.h"

/* Longer than any wait between two attempts of a function that fails. */
enum { GC_API_OUTAGE_UNCALLED_MS = 15 * 60 * 1000 };

struct gc_api_outage {
  struct {
    bool is_failing;
    uint64_t failed_ms; /* monotonic; the newest failure */
  } functions[GC_ENDPOINT_COUNT];
};

/* Takes the outcome of a call. Returns true if "api" is to be reported. A
 * failure of the service is always reported, as it is. Any other outcome is
 * reported as GC_OK, and only if no function fails any more. An answer that
 * refuses the request (4xx) is no failure of the service. */
GC_API GC_MUST_CHECK bool gc_api_outage_note(struct gc_api_outage *o,
                                             enum gc_endpoint_id id,
                                             enum gc_code code,
                                             uint64_t now_ms);

#endif
