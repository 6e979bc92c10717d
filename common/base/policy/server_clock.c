/* SPDX-License-Identifier: MIT */
#include "common/base/policy/server_clock.h"

static bool are_within(int64_t a_ms, int64_t b_ms, int64_t max_ms) {
  return a_ms - b_ms <= max_ms && b_ms - a_ms <= max_ms;
}

static bool do_agree(int64_t a_ms, int64_t b_ms) {
  return are_within(a_ms, b_ms, GC_SERVER_CLOCK_AGREE_MS);
}

static bool are_close(int64_t a_ms, int64_t b_ms) {
  return are_within(a_ms, b_ms, GC_SERVER_CLOCK_CLOSE_MS);
}

/* Returns `then_ms`, a time at `at_ms`, plus the monotonic time since then. */
static int64_t later_ms(int64_t then_ms, uint64_t at_ms, uint64_t now_ms) {
  return then_ms + (now_ms > at_ms ? (int64_t)(now_ms - at_ms) : 0);
}

static int64_t running_ms(const struct gc_server_clock *c, uint64_t now_ms) {
  return later_ms(c->server_ms, c->at_ms, now_ms);
}

static bool is_steady(const struct gc_server_clock *c) {
  return c->is_known &&
         c->at_ms - c->steady_since_ms >= GC_SERVER_CLOCK_STEADY_MS;
}

/* True if the Date has stepped, and neither the wall clock nor the monotonic
 * clock confirms it. */
static bool is_date_alone(const struct gc_server_clock *c, uint64_t now_ms,
                          int64_t wall_ms, int64_t date_ms) {
  int64_t server_ms = running_ms(c, now_ms);
  if (c->is_agreed && do_agree(wall_ms, server_ms) &&
      !do_agree(date_ms, wall_ms) && !do_agree(date_ms, server_ms))
    return true;
  return is_steady(c) && !are_close(date_ms, server_ms) &&
         !are_close(date_ms, wall_ms) &&
         are_close(wall_ms, later_ms(c->wall_ms, c->at_ms, now_ms));
}

/* Notes a Date that is alone. True if such Dates have lasted for
 * GC_SERVER_CLOCK_LASTING_MS and count from now on: a pause of a virtual
 * machine stops its wall clock too. After an agreement with a Date they count
 * only within GC_SERVER_CLOCK_AGREE_MS of the wall clock. */
static bool note_lone_date(struct gc_server_clock *c, uint64_t now_ms,
                           int64_t wall_ms, int64_t date_ms) {
  bool continues =
      c->has_lone &&
      are_close(date_ms, later_ms(c->lone_ms, c->lone_at_ms, now_ms));
  if (!continues)
    c->lone_since_ms = now_ms;
  c->has_lone = true;
  c->lone_ms = date_ms;
  c->lone_at_ms = now_ms;
  return now_ms - c->lone_since_ms >= GC_SERVER_CLOCK_LASTING_MS &&
         (!c->is_agreed || !c->has_date || do_agree(date_ms, wall_ms));
}

static bool take_server_time(struct gc_server_clock *c, uint64_t now_ms,
                             int64_t wall_ms, int64_t date_ms) {
  uint64_t steady_since_ms = now_ms;
  bool is_alone = c->is_known && is_date_alone(c, now_ms, wall_ms, date_ms);
  if (is_alone && !note_lone_date(c, now_ms, wall_ms, date_ms))
    return false;
  bool continues = c->is_known && !is_alone;
  if (is_alone)
    steady_since_ms = c->lone_since_ms;
  else if (continues && are_close(date_ms, running_ms(c, now_ms)))
    steady_since_ms = c->steady_since_ms;
  bool agrees =
      do_agree(date_ms, wall_ms) ||
      (c->is_agreed && continues && do_agree(date_ms, running_ms(c, now_ms)));
  *c = (struct gc_server_clock){
      .is_agreed = agrees,
      .is_known = true,
      .at_ms = now_ms,
      .server_ms = date_ms,
      .steady_since_ms = steady_since_ms,
      .wall_ms = wall_ms,
      .has_date = c->has_date,
  };
  return agrees;
}

bool gc_server_clock_observe(struct gc_server_clock *c, uint64_t now_ms,
                             int64_t wall_ms, int64_t date_ms) {
  if (!c->has_date)
    *c = (struct gc_server_clock){.has_date = true};
  return take_server_time(c, now_ms, wall_ms, date_ms);
}

void gc_server_clock_observe_no_date(struct gc_server_clock *c, uint64_t now_ms,
                                     int64_t wall_ms) {
  if (!c->has_date)
    (void)take_server_time(c, now_ms, gc_server_clock_now(c, now_ms, wall_ms),
                           wall_ms);
}

bool gc_server_clock_read_date(const struct gc_server_clock *c, uint64_t now_ms,
                               int64_t *ret) {
  if (!c->is_known || !c->has_date)
    return false;
  *ret = running_ms(c, now_ms);
  return true;
}

int64_t gc_server_clock_now(const struct gc_server_clock *c, uint64_t now_ms,
                            int64_t wall_ms) {
  if (!c->is_known)
    return wall_ms;
  int64_t server_ms = running_ms(c, now_ms);
  return c->is_agreed || server_ms < wall_ms ? server_ms : wall_ms;
}

int64_t gc_server_clock_likely(const struct gc_server_clock *c, uint64_t now_ms,
                               int64_t wall_ms) {
  return is_steady(c) ? running_ms(c, now_ms)
                      : gc_server_clock_now(c, now_ms, wall_ms);
}

/* ---- which clock is right ---- */

void gc_clock_judge_state(struct gc_clock_judge *j, uint64_t now_ms,
                          int64_t stated_ms) {
  int64_t epoch_ms = stated_ms - (int64_t)now_ms;
  if (!j->is_stated || epoch_ms > j->stated_ms)
    j->stated_ms = epoch_ms;
  j->is_stated = true;
}

static bool is_behind(int64_t clock_ms, int64_t stated_ms) {
  return clock_ms < stated_ms - GC_SERVER_CLOCK_CLOSE_MS;
}

/* True if the stated times say the same as this clock. */
static bool is_confirmed(int64_t clock_ms, int64_t stated_ms) {
  return !is_behind(clock_ms, stated_ms) &&
         clock_ms <= stated_ms + GC_CLOCK_LAG_MS;
}

/* Chooses between two clocks that differ. */
static enum gc_clock_source choose_source(const struct gc_clock_judge *j,
                                          int64_t wall_ms, int64_t date_ms,
                                          int64_t stated_ms) {
  if (!j->is_stated)
    return GC_CLOCK_UNSURE;
  bool is_wall = is_confirmed(wall_ms, stated_ms);
  bool is_date = is_confirmed(date_ms, stated_ms);
  if (is_wall != is_date)
    return is_wall ? GC_CLOCK_HOST : GC_CLOCK_DATE;
  if (is_behind(wall_ms, stated_ms) != is_behind(date_ms, stated_ms))
    return is_behind(wall_ms, stated_ms) ? GC_CLOCK_DATE : GC_CLOCK_HOST;
  return GC_CLOCK_UNSURE;
}

static enum gc_clock_source judge_source(struct gc_clock_judge *j,
                                         int64_t wall_ms, int64_t date_ms,
                                         int64_t stated_ms) {
  int64_t gap_ms = date_ms - wall_ms;
  if (are_close(date_ms, wall_ms)) {
    j->is_decided = false;
    if (j->is_stated && is_behind(wall_ms, stated_ms) &&
        is_behind(date_ms, stated_ms))
      j->is_stated = false;
    return GC_CLOCK_AGREED;
  }
  enum gc_clock_source source = choose_source(j, wall_ms, date_ms, stated_ms);
  if (source == GC_CLOCK_UNSURE && j->is_decided &&
      are_close(gap_ms, j->gap_ms))
    return j->decided;
  j->is_decided = source != GC_CLOCK_UNSURE;
  j->decided = source;
  j->gap_ms = gap_ms;
  return source;
}

/* Counts the Dates that differ from the wall clock by `gap_ms`. True if this is
 * no late answer. What lasts does so until the two agree. */
static bool does_last(struct gc_clock_judge *j, uint64_t date_at_ms,
                      int64_t gap_ms) {
  if (are_close(gap_ms, 0)) {
    j->far_dates = 0;
    return false;
  }
  bool is_lasting = j->far_dates >= GC_CLOCK_LASTING_DATES ||
                    !are_within(gap_ms, 0, GC_CLOCK_LATE_MS);
  if (is_lasting) {
    j->far_dates = GC_CLOCK_LASTING_DATES;
    return true;
  }
  if (!are_close(gap_ms, j->far_gap_ms))
    j->far_dates = 0;
  if (j->far_dates == 0 || date_at_ms >= j->far_at_ms + GC_CLOCK_APART_MS) {
    j->far_dates++;
    j->far_gap_ms = gap_ms;
    j->far_at_ms = date_at_ms;
  }
  return j->far_dates >= GC_CLOCK_LASTING_DATES;
}

static int64_t min_ms(int64_t a_ms, int64_t b_ms) {
  return a_ms < b_ms ? a_ms : b_ms;
}

static int64_t max_ms(int64_t a_ms, int64_t b_ms) {
  return a_ms > b_ms ? a_ms : b_ms;
}

/* Sets the bounds of the time. */
static void set_times(struct gc_clock_verdict *v,
                      const struct gc_clock_judge *j, int64_t host_ms,
                      int64_t date_ms, int64_t stated_ms) {
  bool is_date = v->source == GC_CLOCK_DATE || v->source == GC_CLOCK_AGREED;
  v->server_ms = v->latest_ms = is_date ? date_ms : host_ms;
  if (v->source != GC_CLOCK_UNSURE)
    return;
  v->server_ms = min_ms(host_ms, date_ms);
  v->latest_ms = max_ms(host_ms, date_ms);
  if (j->is_stated)
    v->server_ms = max_ms(v->server_ms, stated_ms);
  v->latest_ms = max_ms(v->latest_ms, v->server_ms);
}

void gc_clock_judge(struct gc_clock_judge *j, const struct gc_server_clock *c,
                    uint64_t now_ms, int64_t wall_ms,
                    struct gc_clock_verdict *ret) {
  int64_t host_ms = wall_ms, date_ms = 0;
  int64_t stated_ms = j->stated_ms + (int64_t)now_ms;
  struct gc_clock_verdict v = {.source = GC_CLOCK_HOST};
  v.has_date = gc_server_clock_read_date(c, now_ms, &date_ms);
  if (!v.has_date)
    host_ms = date_ms = gc_server_clock_likely(c, now_ms, wall_ms);
  if (v.has_date)
    v.source = judge_source(j, wall_ms, date_ms, stated_ms);
  else if (j->is_stated && is_behind(host_ms, stated_ms))
    v.source = GC_CLOCK_UNSURE;
  set_times(&v, j, host_ms, date_ms, stated_ms);
  v.offset_ms = v.source == GC_CLOCK_UNSURE ? 0 : v.server_ms - wall_ms;
  v.gap_ms = date_ms - host_ms;
  v.is_lasting = v.has_date && does_last(j, c->at_ms, v.gap_ms);
  *ret = v;
}

/* ---- the date of a start ---- */

void gc_start_clock_update(struct gc_start_clock *s,
                           const struct gc_clock_verdict *v, uint64_t now_ms) {
  int64_t epoch_ms = v->latest_ms - (int64_t)now_ms;
  bool is_settled = v->has_date && v->source != GC_CLOCK_UNSURE;
  if (s->is_final || (s->is_settled && !is_settled))
    return;
  if (is_settled != s->is_settled || !are_close(epoch_ms, s->epoch_ms))
    s->epoch_ms = epoch_ms;
  s->is_settled = is_settled;
  s->is_final = v->source == GC_CLOCK_AGREED;
}
