/* SPDX-License-Identifier: MIT */
/* The time of a server. No single clock moves it: neither this host's wall
 * clock nor the Date header of an answer. A Date counts when it agrees with
 * this host's wall clock, or with the time of an earlier agreement plus the
 * monotonic time since then. Once Dates are steady, a Date that steps by more
 * than GC_SERVER_CLOCK_CLOSE_MS while the wall clock does not is ignored, until
 * such Dates have lasted for GC_SERVER_CLOCK_LASTING_MS and, after an
 * agreement, agree with the wall clock. Until two clocks have agreed, the
 * earlier one of wall clock and last Date counts, so that nothing is taken for
 * past too early. A server without Date headers leaves the wall clock, whose
 * steps count when they last. After the machine was suspended the clock is
 * behind until the next answer, which is safe too. Pure; times are arguments.
 */
#ifndef GC_BASE_POLICY_SERVER_CLOCK_H
#define GC_BASE_POLICY_SERVER_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/cleanup.h"

enum {
  GC_SERVER_CLOCK_AGREE_MS = 5 * 60000,
  /* Dates that agree with each other for this long are steady. */
  GC_SERVER_CLOCK_STEADY_MS = 60000,
  /* Gateways of one server differ by less, with the header's resolution. */
  GC_SERVER_CLOCK_CLOSE_MS = 10000,
  /* A step of one clock that lasts for this long counts. */
  GC_SERVER_CLOCK_LASTING_MS = 15 * 60000,
};

struct gc_server_clock {
  bool is_agreed; /* two clocks agreed about the time below */
  bool is_known;  /* at_ms and server_ms are set */
  uint64_t at_ms; /* monotonic */
  int64_t server_ms;
  uint64_t steady_since_ms; /* since then all Dates agree with each other */
  int64_t wall_ms;          /* this host's wall clock at that time */
  bool has_date;            /* false: the times are those of the wall clock */
  bool has_lone;            /* a time was ignored; the newest such time: */
  int64_t lone_ms;
  uint64_t lone_at_ms, lone_since_ms; /* since then all such times agree */
};

/* Takes the Date of an answer. False when no other clock agrees with it, or
 * when it is ignored as a step. */
GC_API bool gc_server_clock_observe(struct gc_server_clock *c, uint64_t now_ms,
                                    int64_t wall_ms, int64_t date_ms);

/* Takes the time of an answer without a Date. It changes nothing once the
 * server has sent one. */
GC_API void gc_server_clock_observe_no_date(struct gc_server_clock *c,
                                            uint64_t now_ms, int64_t wall_ms);

/* Writes the time by the newest Date that was not ignored, epoch ms. Returns
 * false, and leaves *ret, before the first Date. */
GC_API bool gc_server_clock_read_date(const struct gc_server_clock *c,
                                      uint64_t now_ms, int64_t *ret);

/* Returns the time of the server, epoch ms, by the rules above. */
GC_API int64_t gc_server_clock_now(const struct gc_server_clock *c,
                                   uint64_t now_ms, int64_t wall_ms);

/* Returns the same for waits and ages, by which no checkpoint advances: steady
 * Dates count although this host's wall clock differs, since one host's clock
 * is more likely to be wrong than that of all gateways. */
GC_API int64_t gc_server_clock_likely(const struct gc_server_clock *c,
                                      uint64_t now_ms, int64_t wall_ms);

/* ---- which clock is right ----
 *
 * For waits, ages and starts. Three clocks tell the time of the server: this
 * host's wall clock, the Dates, and the times that answers and events state
 * themselves. Two that agree win; one alone is never believed.
 *   - A clock that is behind a stated time is wrong: the time has passed.
 *   - Wall clock and Dates agree within GC_SERVER_CLOCK_CLOSE_MS: their time.
 *   - They differ, and one is wrong by the first rule, or one of them is at
 *     most GC_CLOCK_LAG_MS ahead of the stated times and the other one is not:
 *     the other clock wins. This holds while their difference stays the same,
 *     however long no further time is stated.
 *   - A server without Dates: the wall clock, without a step that does not
 *     last, unless it is behind.
 *   - Else the judge is unsure: no value is an age, and a line says why.
 * A late answer has an old Date. So a difference of up to GC_CLOCK_LATE_MS is
 * lasting, and worth a line, only when GC_CLOCK_LASTING_DATES agree about it.
 *
 *   gc_clock_judge_state(&j, now_ms, event_ms);        for each event or answer
 *   gc_clock_judge(&j, &clock, now_ms, wall_ms, &verdict);
 *   if (verdict.source != GC_CLOCK_UNSURE) wait_ms = verdict.server_ms - …
 *   is_late = verdict.server_ms > end_ms;                   never too early
 */
enum gc_clock_source {
  GC_CLOCK_AGREED, /* wall clock and Dates */
  GC_CLOCK_HOST,   /* the wall clock; the Dates are wrong, or there are none */
  GC_CLOCK_DATE,   /* the Dates; this host's wall clock is wrong */
  GC_CLOCK_UNSURE,
};

enum {
  /* A contact is known, and an event arrives, within this time. */
  GC_CLOCK_LAG_MS = 30000,
  GC_CLOCK_LATE_MS = 60000, /* no answer is later */
  GC_CLOCK_LASTING_DATES = 3,
  GC_CLOCK_APART_MS = 1000, /* Dates closer to each other count as one */
};

struct gc_clock_judge {
  bool is_stated;
  int64_t stated_ms; /* the newest stated time, at 0 of the monotonic clock */
  bool is_decided;   /* between clocks that differ by `gap_ms` */
  enum gc_clock_source decided;
  int64_t gap_ms;     /* Dates minus wall clock */
  unsigned far_dates; /* that agree about a difference, up to the constant */
  int64_t far_gap_ms; /* of the newest of them */
  uint64_t far_at_ms; /* monotonic */
};

struct gc_clock_verdict {
  enum gc_clock_source source;
  bool has_date;     /* the server sends Dates */
  int64_t server_ms; /* epoch; unsure: the earlier clock, but no time before the
                        stated one */
  int64_t latest_ms; /* unsure: the latest of the clocks; else server_ms */
  int64_t offset_ms; /* server minus this host's wall clock; 0 when unsure */
  int64_t gap_ms;    /* Dates minus wall clock, for the line; 0: no Dates */
  bool is_lasting;   /* wall clock and Dates differ, not by one late answer */
};

/* Takes a time, epoch ms, that an answer or an event of the server states and
 * that has passed: the begin of a wait, of a state, of an answer's last
 * interval. Its arrival is at `now_ms`; older times change nothing. */
GC_API void gc_clock_judge_state(struct gc_clock_judge *j, uint64_t now_ms,
                                 int64_t stated_ms);

/* Decides by the rules above. A stated time that is ahead of both clocks is
 * forgotten when they agree. */
GC_API void gc_clock_judge(struct gc_clock_judge *j,
                           const struct gc_server_clock *c, uint64_t now_ms,
                           int64_t wall_ms, struct gc_clock_verdict *ret);

/* The clock that dates a start before which nothing counts. The start itself is
 * kept as a time of the monotonic clock, so its date follows each correction.
 * Zero it before the first update. */
struct gc_start_clock {
  int64_t epoch_ms; /* the server's time at 0 of the monotonic clock */
  bool is_settled;  /* the judge has been sure, with Dates */
  bool is_final;    /* wall clock and Dates have agreed: it never changes, as
                       the monotonic clock stops while a machine is suspended */
};

/* Brings the clock up to date. While the judge is unsure the latest clock
 * counts, so that nothing from before the start does. Afterwards the judged
 * time does; changes below GC_SERVER_CLOCK_CLOSE_MS are ignored. */
GC_API void gc_start_clock_update(struct gc_start_clock *s,
                                  const struct gc_clock_verdict *v,
                                  uint64_t now_ms);

#endif
