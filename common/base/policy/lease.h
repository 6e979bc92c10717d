/* SPDX-License-Identifier: MIT */
/* The lease of several agents with one task: one of them, the holder,
 * dispatches; the others stand by. This is the state machine of one agent.
 * Pure; the times, the random bits and the answers of Redis are arguments. The
 * caller serializes the calls.
 *
 * No clock is compared with another one. Redis keeps a record without an expiry
 * (which would follow the wall clock of its host); the holder changes its beat.
 * An agent that sees one record unchanged for GC_LEASE_WAIT parts of the TTL,
 * by its own clock, claims it; the claim fails when the record has changed
 * since. The record has its writer's TTL, and the larger one of both counts, so
 * agents with different TTLs never dispatch at the same time. The holder's
 * permission to dispatch ends GC_LEASE_VALID parts after it sent the last
 * renewal that Redis confirmed. The difference covers the time between two
 * requests of an agent, replicas of Redis that are up to one part behind, and
 * clocks that differ in rate by 1 %.
 *
 * Example, TTL 15 s, one part = 0.5 s: the holder renews every 0.8 to 1 s. It
 * is killed at 100.0 s; its last renewal was executed at 99.9. Another agent
 * sees this beat at 100.9 at the latest, claims at 111.9, renews at 112.4 and
 * dispatches with its next reading, up to 1 s later. A holder that only loses
 * its connection at 100.0 stops at 108.9. A holder that is stopped releases the
 * lease: the other agent claims within 1 s and renews 0.5 s later.
 *
 * Whoever cannot confirm is blind: a Redis that answers reads and refuses
 * writes counts as no answer, for the holder and for an agent whose claim of a
 * free record fails. Reading its own record makes no blind agent a holder.
 *
 *                   claim or own write        renewal confirmed
 *      STANDBY ----------------------> TAKING ----------------> HOLDER
 *       ^  | ^  another owner           |  ^                    |    |
 *       |  |  `-------------------------+--|--------------------'    |
 *       |  | no answer for VALID,       |  | own write       no answer for
 *       |  | or claims fail             v  |                 VALID parts
 *       |  `------------------------> BLIND <----------------------- |
 *       `-------- another owner ---------'       with goes_on: GOING_ON
 *
 *      any state -- STOP --> RELEASING -- answer, or none --> ENDED
 *
 * `now_ms` is a monotonic clock that counts the time in which the machine is
 * suspended (CLOCK_BOOTTIME). */
#ifndef GC_BASE_POLICY_LEASE_H
#define GC_BASE_POLICY_LEASE_H

#include "common/base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Periods, in parts of the TTL. */
enum {
  GC_LEASE_PARTS = 30,
  GC_LEASE_PERIOD = 2,  /* between two requests, less up to a fifth (jitter) */
  GC_LEASE_TIMEOUT = 2, /* for the answer to a request */
  GC_LEASE_SETTLE = 1,  /* between a claim and the renewal that confirms it */
  GC_LEASE_GAP = 4,     /* a longer time between two events is a suspension */
  GC_LEASE_VALID = 18,  /* the grace of a holder while Redis does not answer */
  GC_LEASE_WAIT = 22,   /* a record that is unchanged for this long is free */
  GC_LEASE_TTL_MIN_S = 3,
  GC_LEASE_TTL_MAX_S = 300,
};

enum gc_lease_state {
  GC_LEASE_STANDBY,   /* another agent has the lease, or it is not known yet */
  GC_LEASE_TAKING,    /* the record names this agent; a renewal must confirm */
  GC_LEASE_HOLDER,    /* dispatches, until its permission ends */
  GC_LEASE_GOING_ON,  /* `goes_on`: dispatches without Redis */
  GC_LEASE_BLIND,     /* no agent is known to hold the lease, and Redis has not
                         answered for the grace, or refuses writes */
  GC_LEASE_RELEASING, /* stops; gives the lease back */
  GC_LEASE_ENDED,
  GC_LEASE_STATE_COUNT
};

/* The record that Redis keeps. All zero: there is none. */
struct gc_lease_record {
  uint64_t fence; /* fencing number: grows with each change of the holder */
  uint64_t owner; /* random number of the holder's process; 0: released */
  uint64_t beat;  /* number of the request that wrote the record; with `owner`
                     it never repeats */
};

enum gc_lease_verb {
  GC_LEASE_OBSERVE, /* reads */
  GC_LEASE_CLAIM,   /* takes the lease if the record is still `seen` */
  GC_LEASE_RENEW,   /* writes `beat` if the record is this agent's */
  GC_LEASE_RELEASE, /* sets the owner to 0 if the record is this agent's */
};

struct gc_lease_request {
  enum gc_lease_verb verb;
  uint64_t owner, beat;
  uint64_t fence; /* RENEW: of this agent's lease; CLAIM: the
                     largest one known, to be exceeded */
  bool restores;  /* RENEW: also writes over a record with a smaller
                     fence, which a Redis that lost data has */
  struct gc_lease_record seen; /* CLAIM */
  uint64_t sent_ms;
};

enum gc_lease_event_kind {
  GC_LEASE_ANSWER,    /* with the record after the request */
  GC_LEASE_NO_ANSWER, /* time-out, broken connection, or an error of Redis */
  GC_LEASE_TICK,      /* at least one for each part of the TTL */
  GC_LEASE_RESUMED,   /* the wall clock and now_ms disagree about the time that
                         has passed: the machine may have been frozen */
  GC_LEASE_STOP,      /* the process ends; nothing is dispatched any more */
};

struct gc_lease_event {
  enum gc_lease_event_kind kind;
  struct gc_lease_record record; /* ANSWER */
  uint32_t ttl_ms; /* ANSWER: TTL of the record's writer; 0: not told */
};

struct gc_lease {
  uint32_t ttl_ms;
  bool goes_on;   /* the holder dispatches while Redis does not answer */
  uint64_t owner; /* random, not 0, of this process */

  enum gc_lease_state state;
  uint64_t fence;        /* of the lease that this agent has; 0: none */
  uint64_t known_fence;  /* the largest one seen */
  uint64_t beat;         /* of the newest request */
  uint64_t confirm_from; /* answers to earlier beats confirm nothing */
  uint64_t written_ms;   /* when the newest write of this lease that Redis
                            answered was sent; 0: none */
  struct gc_lease_record seen;
  uint32_t seen_ttl_ms; /* of the writer of `seen`; 0: not told */
  bool has_seen;
  uint64_t seen_ms; /* since then the record is `seen` */
  bool in_flight;
  struct gc_lease_request sent;
  uint64_t due_ms;   /* of the next request */
  uint32_t retry_ms; /* after no answer */
  uint64_t valid_until_ms;
  uint64_t answered_ms, event_ms;
  bool unanswered; /* the newest request had no answer */
};

/* Begins as a standby. `ttl_ms` is within GC_LEASE_TTL_MIN_S and _MAX_S. */
GC_API void gc_lease_init(struct gc_lease *l, uint32_t ttl_ms, bool goes_on,
                          uint64_t owner, uint64_t now_ms);

/* Changes the state after an event at `now_ms`: the transition function. */
GC_API void gc_lease_step(struct gc_lease *l, const struct gc_lease_event *e,
                          uint64_t now_ms);

/* True if a request is due: the caller sends *ret and reports ANSWER or
 * NO_ANSWER, within gc_lease_timeout_ms. One request at a time. */
GC_API bool gc_lease_next(struct gc_lease *l, uint64_t now_ms,
                          uint32_t random32, struct gc_lease_request *ret);
/* Returns the limit for the answer to a request. */
GC_API uint32_t gc_lease_timeout_ms(const struct gc_lease *l);

/* Returns when the permission to dispatch ends; 0: this agent has none. A value
 * may be dispatched at a time before that. The caller reads the clock first,
 * gives the value this time, then compares: so a process that is stopped
 * between the comparison and the dispatch sends a value of a time in which it
 * was the holder, never one of a time of the next holder. */
GC_API uint64_t gc_lease_valid_until_ms(const struct gc_lease *l);

#endif
