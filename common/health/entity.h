/* SPDX-License-Identifier: MIT */
/* The health of one account or block: its causes that fail, its newest reading,
 * its state, and which change of the state its notifications have reported.
 * Plain data without pointers, so that a snapshot is a copy. Pure; the registry
 * serializes the calls. */
#ifndef GC_HEALTH_ENTITY_H
#define GC_HEALTH_ENTITY_H

#include "common/base/err.h"
#include "common/genesys/clean_name.h"
#include "common/health/reading.h"

/* ---- the state: one enum and one transition function ---- */

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
     "the database or the disk of its spool does not take lines: they wait")   \
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

/* Returns the state that follows `now`. */
GC_API enum gc_health_state gc_health_next(enum gc_health_state now,
                                           const struct gc_health_facts *f);
/* Returns the state that may need attention: `state`, which follows from the
 * facts; of a standby with a warning, that warning. */
GC_API enum gc_health_state gc_health_concern(enum gc_health_state state,
                                              const struct gc_health_facts *f);

/* ---- causes, readings and notifications ---- */

enum {
  GC_HEALTH_CAUSES_MAX = 8,
  GC_HEALTH_CAUSE_SIZE = 64,
  /* An occurrence, such as a message that cannot be read, has no success that
   * ends it. It is over when it has not been reported again for this long. */
  GC_HEALTH_OCCURRENCE_MS = 15 * 60 * 1000,
  /* Notifications of one account or block: at most EVENTS_MAX in EVENTS_MS, and
   * only of a state that has lasted for HOLD_MS. */
  GC_HEALTH_EVENTS_MAX = 6,
  GC_HEALTH_EVENTS_MS = 10 * 60 * 1000,
  GC_HEALTH_HOLD_MS = 3 * 1000,
  GC_HEALTH_LATE_MS = 2 * 1000, /* more than the time between two readings */
};

/* Both clocks, read at one moment. */
struct gc_health_time {
  uint64_t now_ms; /* monotonic */
  int64_t wall_ms; /* epoch */
};

enum gc_health_kind { GC_HEALTH_ACCOUNT, GC_HEALTH_BLOCK };

struct gc_health_id {
  enum gc_health_kind kind;
  char plugin[32];               /* "genesys_realtime" */
  char name[GC_NAME_SIZE];       /* "queues-all", "account-prod" */
  char short_name[GC_NAME_SIZE]; /* "all", "prod" */
  char account[GC_NAME_SIZE];    /* of a block; "": none */
  char host[GC_NAME_SIZE];       /* of its values; "": collectd's */
};

/* A cause that fails, with the name that it has in the log. */
struct gc_health_cause {
  char name[GC_HEALTH_CAUSE_SIZE];
  struct gc_err err;
  struct gc_health_time since, last;
};

struct gc_health_entity {
  struct gc_health_id id;
  struct gc_health_cause causes[GC_HEALTH_CAUSES_MAX]; /* the oldest first */
  size_t cause_count;
  struct gc_health_reading reading;
  /* Of a block's account, set by the registry; .err.code GC_OK: none. */
  struct gc_health_cause account; /* why the account is down */
  struct gc_health_cause stream;  /* a channel that fails */
  struct gc_health_cause budget;  /* why its requests wait */
  bool has_reading, has_been_up;
  bool is_off;                       /* could not start, and is not read */
  struct gc_health_time began, read; /* read: the newest reading */
  uint64_t over_budget_since_ms;     /* 0: not */
  int64_t write_latency_ms;          /* of a writer; -1: unknown */
  uint64_t answers;                  /* of the reading before */
  uint64_t answered_ms;              /* monotonic; of the newest; 0: none */

  enum gc_health_state state;
  enum gc_health_state concern;      /* gc_health_concern */
  struct gc_health_time since;       /* of the state */
  int64_t last_success_ms;           /* wall clock; 0: none */
  struct gc_health_cause last_error; /* .err.code GC_OK: none */

  /* Notifications. */
  enum gc_health_state reported;
  uint64_t sent_ms[GC_HEALTH_EVENTS_MAX]; /* a ring; 0: free */
  size_t sent_at;
  uint32_t changes; /* of the state since the last notification */
};

GC_API void gc_health_entity_init(struct gc_health_entity *e,
                                  const struct gc_health_id *id,
                                  const struct gc_health_time *t);
/* Takes the outcome of a cause. GC_OK ends it, however late that comes: lists
 * are read every half hour. Ignores GC_ERR_STOPPED. Of more than
 * GC_HEALTH_CAUSES_MAX causes the oldest is dropped, an occurrence first, and
 * "api" and "token" last. */
GC_API void gc_health_entity_note(struct gc_health_entity *e, const char *cause,
                                  const struct gc_err *err,
                                  const struct gc_health_time *t);
/* Takes a reading of the self-telemetry. */
GC_API void gc_health_entity_read(struct gc_health_entity *e,
                                  const struct gc_health_reading *r,
                                  const struct gc_health_time *t);
/* Notes that the block could not start: it is down until collectd restarts. */
GC_API void gc_health_entity_fail(struct gc_health_entity *e,
                                  const struct gc_err *err,
                                  const struct gc_health_time *t);
/* Updates the state; the functions that note, read, fail and report call it. */
GC_API void gc_health_entity_tick(struct gc_health_entity *e,
                                  const struct gc_health_time *t);
/* True if it has worked since the start, or has had nothing to do for
 * GC_HEALTH_EARLY_MS: a query may wait half an hour for its first interval. */
GC_API bool gc_health_entity_is_ready(const struct gc_health_entity *e,
                                      const struct gc_health_time *t);
/* Returns the failing cause of a channel of an account, first of a silent one;
 * NULL: none fails. */
GC_API const struct gc_health_cause *
gc_health_entity_stream(const struct gc_health_entity *account);
/* Returns the cause that explains the concern best; NULL: no cause that fails
 * explains it, and the words of the state have to do. */
GC_API const struct gc_health_cause *
gc_health_entity_cause(const struct gc_health_entity *e);

/* True if a notification is due now. It then counts as sent, and `ret_changes`
 * has the changes of the state since the last one. */
GC_API GC_MUST_CHECK bool
gc_health_entity_report(struct gc_health_entity *e,
                        const struct gc_health_time *t, uint32_t *ret_changes);

/* True for an outcome that leaves every value there and right, which is no
 * cause: two entities whose names become one ("names of queues"; both have
 * series of their own), and a list that the server does not have (404; a
 * gateway of the guide dialect: ids are the labels). It is one line of the log.
 */
GC_API bool gc_health_is_information(const char *cause, enum gc_code code);

#endif
