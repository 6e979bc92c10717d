/* SPDX-License-Identifier: MIT */
/* Decides what to do after an answer: one table for every HTTP status and every
 * failure below HTTP. Pure. A change of a decision is a change of a row. The
 * statuses are those of RFC 9110 and RFC 6585 (429). */
#ifndef GC_BASE_POLICY_RETRY_H
#define GC_BASE_POLICY_RETRY_H

#include "common/base/transport.h"

enum gc_action {
  GC_DONE,
  GC_REAUTH,  /* the token is not valid: renew it once and send the request
                 once more */
  GC_RETRY,   /* send again after a backoff, a bounded number of times */
  GC_WAIT,    /* send again when the server says; the caller may set a limit */
  GC_GIVE_UP, /* sending again will not help */
};

struct gc_retry_decision {
  enum gc_action action;
  enum gc_code code;
  bool breaks; /* counts as a failure of the host (base/policy/breaker) */
};

/* True if the status decides: the answer is complete, or the body of an error
 * broke off after the header (a 429 that is cut off asks to wait like any
 * other). False: the failure below HTTP decides. */
GC_API bool gc_retry_has_status(const struct gc_reply *reply);

/* Returns the decision for an answer. An answer without a row is GC_GIVE_UP
 * with GC_ERR_PARSE. */
GC_API struct gc_retry_decision gc_retry_decide(const struct gc_reply *reply);

/* Returns "done", "renew-token" and so on, for debug lines; never NULL. */
GC_API const char *gc_action_name(enum gc_action action);

/* "2xx", "3xx", "4xx", "5xx" or "network", for self-telemetry. */
enum gc_answer_class {
  GC_2XX,
  GC_3XX,
  GC_4XX,
  GC_5XX,
  GC_NO_ANSWER,
  GC_ANSWER_CLASS_COUNT
};
GC_API enum gc_answer_class gc_answer_class(const struct gc_reply *reply);
GC_API const char *gc_answer_class_name(enum gc_answer_class c);

#endif
