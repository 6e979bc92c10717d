/* SPDX-License-Identifier: MIT */
/* What an operator reads about an API call that failed: function, status, the
 * API's own words, the permission that lacks, what to do, and the correlation
 * id that the vendor's support asks for. Pure. */
#ifndef GC_NET_API_API_ERROR_H
#define GC_NET_API_API_ERROR_H

#include "common/base/policy/retry.h"
#include "common/genesys/endpoint.h"

/* An answer that is no success. `below`: the transport's or the sink's words
 * when reply->failure is set. */
void gc_api_describe(const struct gc_endpoint *endpoint,
                     const struct gc_reply *reply,
                     const struct gc_retry_decision *v,
                     const struct gc_err *below, struct gc_err *err);

/* A 429, as base/throttle decided. */
void gc_api_describe_throttle(const struct gc_endpoint *endpoint,
                              const struct gc_reply *reply, bool whole_account,
                              uint64_t wait_ms, struct gc_err *err);

#endif
