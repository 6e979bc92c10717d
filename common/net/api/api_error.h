/* SPDX-License-Identifier: MIT */
/* The messages about an API call that failed: function, status, the API's own
 * words, the missing permission, the remedy, and the correlation id that the
 * vendor's support asks for. Pure; any thread. */
#ifndef GC_NET_API_API_ERROR_H
#define GC_NET_API_API_ERROR_H

#include "common/base/policy/retry.h"
#include "common/genesys/throttle.h"

/* Writes the correlation id of an answer: that of the header, otherwise the
 * contextId of the body; "none" when it has neither. */
void gc_api_correlation(const struct gc_reply *reply, char *out, size_t size);

/* Fills `err` for an answer that is not a success.
 * `below`: the error of the transport or the sink; read only when
 * reply->failure is set. `path_tail` as in struct gc_call: its first segment is
 * a secret, which the text does not show; NULL: none. */
void gc_api_describe(const struct gc_endpoint *endpoint, const char *path_tail,
                     const struct gc_reply *reply,
                     const struct gc_retry_decision *decision,
                     const struct gc_err *below, struct gc_err *err);

/* Fills `err` for a 429 that makes the whole account, or this function alone,
 * wait for `wait_ms` (see genesys/throttle). */
void gc_api_describe_throttle(const struct gc_endpoint *endpoint,
                              const struct gc_reply *reply,
                              enum gc_throttled what, uint64_t wait_ms,
                              struct gc_err *err);

/* Puts the endpoint's function in front of an error of its answer. Replaces the
 * code by `code` and returns it. */
GC_API enum gc_code gc_api_fail_answer(const struct gc_endpoint *endpoint,
                                       enum gc_code code, struct gc_err *err);

#endif
