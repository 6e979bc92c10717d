/* SPDX-License-Identifier: MIT */
/* Interprets an answer of the API or of the token endpoint, beyond its HTTP
 * status (base/policy/retry): the decision of the token endpoint, and what an
 * operator can do. Pure; any thread. */
#ifndef GC_NET_API_ANSWER_H
#define GC_NET_API_ANSWER_H

#include "common/base/policy/retry.h"

/* Returns what an operator can do about an answer of the API; "": nothing, or
 * the status does not decide and the transport's text says it, since the
 * transport knows more. */
GC_API const char *gc_api_advice(const struct gc_reply *reply);

/* Returns the decision for an answer of the token endpoint, where 400 and 401
 * mean wrong credentials, and so does the body's word (gc_token_refusal) with
 * any status. */
GC_API struct gc_retry_decision gc_auth_decide(const struct gc_reply *reply);
/* Does the same as gc_api_advice for an answer of the token endpoint. */
GC_API const char *gc_auth_advice(const struct gc_reply *reply);

#endif
