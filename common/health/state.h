/* SPDX-License-Identifier: MIT */
/* The state of an account or block: one enum and one transition function. The
 * state decides the answer of /health and the severity of the notification that
 * its change sends. Pure. */
#ifndef GC_HEALTH_STATE_H
#define GC_HEALTH_STATE_H

#include "common/base/err.h"

#include <stdint.h>

/* Severities of collectd's notifications. */
enum gc_health_severity {
  GC_HEALTH_OKAY,
  GC_HEALTH_WARNING,
  GC_HEALTH_FAILURE
};

/* Each state, its word, the severity of its notification, the status of
 * /health, and the reason for the status. If several hold, the last one is the
 * state, except that STARTING precedes all states but STUCK. They go from the
 * best to the worst, but STANDBY comes after the warnings, so that each change
 * of the holder is a change of the state; gc_health_concern has the warning of
 * a standby. 503 means that values are missing or out of date now. */
#define GC_HEALTH_STATE_MAP(XX)                                                \
  XX(STARTING, "starting", OKAY, 200,                                          \
     "nothing has worked yet and nothing has failed; /health/ready waits")     \
  XX(UP, "up", OKAY, 200, "each source works and its values are current")      \
  XX(DEGRADED, "degraded", WARNING, 200,                                       \
     "values are current; a setting or a side task needs attention")           \
  XX(LIMIT, "series_overflow", WARNING, 200,                                   \
     "a limit such as MaxSeries is reached: the rest is current")              \
  XX(BUDGET, "budget_spent", WARNING, 200,                                     \
     "requests wait for the budget or a Retry-After: values come later")       \
  XX(STATE, "state_file", WARNING, 200,                                        \
     "a state file was moved aside or cannot be used: values are current; a "  \
     "restart would lose totals")                                              \
  XX(STANDBY, "standby", OKAY, 200,                                            \
     "another agent has the account's lease and dispatches; this one can "     \
     "take over")                                                              \
  XX(SPOOLING, "spool_growing", WARNING, 200,                                  \
     "the database does not take lines: they wait in the spool; none is lost") \
  XX(SILENT, "stream_silent", FAILURE, 503,                                    \
     "no event arrives: counters miss what happens now")                       \
  XX(BLIND, "lease_blind", FAILURE, 503,                                       \
     "no agent confirms the lease at the Redis of LeaseURL: nothing is "       \
     "dispatched")                                                             \
  XX(DOWN, "down", FAILURE, 503, "the source does not answer: no new values")  \
  XX(PERMISSION, "permission_missing", FAILURE, 503,                           \
     "403: no values until a role is changed")                                 \
  XX(REFUSED, "credentials_refused", FAILURE, 503,                             \
     "no values until the credentials are corrected")                          \
  XX(STUCK, "stuck", FAILURE, 503,                                             \
     "collectd has not read the block for a minute: its threads hang")

enum gc_health_state {
#define XX(id, word, severity, status, why) GC_HEALTH_##id,
  GC_HEALTH_STATE_MAP(XX)
#undef XX
      GC_HEALTH_STATE_COUNT
};

struct gc_health_row {
  const char *word;
  enum gc_health_severity severity;
  unsigned status;
  const char *why;
};

/* Returns the row of a state; never NULL. */
GC_API const struct gc_health_row *gc_health_row(enum gc_health_state state);

/* The facts about an account or block at one moment. */
struct gc_health_facts {
  bool is_stuck;       /* not read for GC_HEALTH_STUCK_MS */
  bool is_known;       /* a source reports whether it works */
  bool is_early;       /* younger than GC_HEALTH_EARLY_MS */
  bool has_been_up;    /* has worked since the start */
  bool is_down;        /* a source other than stream and writer fails */
  bool is_silent;      /* the stream does not work */
  bool is_spooling;    /* the writer does not work */
  bool is_standby;     /* another agent has the account's lease */
  bool is_blind;       /* the lease is not known, and nothing is dispatched */
  bool is_over_budget; /* requests have waited for GC_HEALTH_BUDGET_MS */
  uint32_t codes;      /* bits 1 << code: causes that fail */
  uint32_t outage;     /* the same of the causes that may explain the outage */
};

enum {
  GC_HEALTH_STUCK_MS = 60 * 1000,
  GC_HEALTH_EARLY_MS = 60 * 1000,
  GC_HEALTH_BUDGET_MS = 30 * 1000,
};

/* True for a code of a service that does not answer. */
bool gc_health_is_outage(enum gc_code code);

/* Returns the state that follows `now`. */
GC_API enum gc_health_state gc_health_next(enum gc_health_state now,
                                           const struct gc_health_facts *f);
/* Returns the state that may need attention: `state`, which follows from the
 * facts; of a standby with a warning, that warning. */
GC_API enum gc_health_state gc_health_concern(enum gc_health_state state,
                                              const struct gc_health_facts *f);

#endif
