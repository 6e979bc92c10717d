/* SPDX-License-Identifier: MIT */
/* The rule: the counters depend only on the facts that arrived.
 *
 * A delivery is compared with an in-order delivery of the same life, up to the
 * last snapshot that arrived: each snapshot has all facts before it, except the
 * holds that are over. So holds are compared with an in-order delivery of the
 * same snapshots, and only at the end of the life: no snapshot says whether a
 * hold that it lacks is over or has not begun.
 *
 * A fact that the platform reports late, after the conversation was removed,
 * may be missing in the counters. Then, and only then, stats.late counts it,
 * and nothing is compared. For a conversation that was dropped before its end
 * (stats.aged, stats.closed) changes of state may be missing, so only the
 * outcomes are compared. */
#include "tests/support/lives_compare.h"

#include "common/base/cleanup.h"
#include "common/base/policy/server_clock.h"

/* Longer than the model keeps an ended conversation, and than any target. */
#define LOST_MS (6 * INT64_C(3600000))

/* ---- playing ---- */

struct player {
  const struct lives_life *l;
  const struct lives_delivery *d;
  struct conversations *m;
  struct cv_decoder *decoder;
  int64_t now_ms;
  struct gc_server_clock clock;
  struct gc_start_clock start;
  struct gc_clock_judge judge;
  int64_t wall_ms;    /* how far the wall clock is ahead */
  int64_t longest_ms; /* the longest time without an event */
  bool arrived[LIVES_STEPS_MAX], comes[LIVES_STEPS_MAX];
};

/* Returns the time up to which each snapshot has arrived or will never arrive.
 */
static int64_t complete_ms(const struct player *p) {
  unsigned last = 0;
  for (unsigned i = 0; i < p->l->snapshots; i++)
    if (p->arrived[i])
      last = i;
  for (unsigned i = 0; i < p->l->snapshots; i++)
    if (!p->arrived[i] && (p->comes[i] || i > last)) {
      int64_t ms = lives_sent_ms(p->l, i) - 1;
      return ms < p->now_ms ? ms : p->now_ms;
    }
  return p->now_ms;
}

static void read_pair(const struct player *p, int queue, enum cv_media media,
                      struct lives_counters *ret) {
  if (queue < 0 || ret->known[queue][media])
    return;
  ret->known[queue][media] = true;
  struct conversations_totals *t = &ret->of[queue][media];
  if (!conversations_totals(p->m, lives_queues[queue], media, t))
    memset(t, 0, sizeof(*t));
}

/* Reads the counters of each queue and medium of the life, and of voice in each
 * queue, because an agent may call out. The counters of other pairs stay. */
static void read_counters(const struct player *p, struct lives_counters *ret) {
  const struct lives_life *l = p->l;
  memset(ret->known, 0, sizeof(ret->known));
  for (unsigned i = 0; i < l->who_count; i++) {
    read_pair(p, l->who[i].queue, (enum cv_media)l->who[i].media, ret);
    read_pair(p, l->who[i].queue, CV_VOICE, ret);
  }
}

/* ---- snapshots as text ---- */

/* A leg that was never connected has no transfer; skipped work has no times. */
static bool is_same_party(const struct cv_party *a, const struct cv_party *b) {
  bool has_transfer = b->purpose == CV_ACD || b->connected_ms != 0;
  return a->purpose == b->purpose && a->media == b->media &&
         strcmp(a->queue_text, b->queue_text) == 0 &&
         a->connected_ms == b->connected_ms && a->end_ms == b->end_ms &&
         a->held == b->held && a->hold_ms == b->hold_ms &&
         a->scheduled == b->scheduled && a->acw_skipped == b->acw_skipped &&
         (!has_transfer || a->transferred == b->transferred) &&
         (a->acw_skipped || (a->acw_start_ms == b->acw_start_ms &&
                             a->acw_end_ms == b->acw_end_ms));
}

/* Reads the snapshot through the decoder, and holds it equal to `want`. */
static const struct cv_event *read_text(struct player *p, unsigned snapshot,
                                        uint64_t variant,
                                        const struct cv_event *want) {
  static char text[LIVES_TEXT_SIZE];
  const struct cv_event *got = NULL;
  size_t len = lives_text(p->l, p->l->end[snapshot], variant, text);
  if (cv_decoder_read(p->decoder, text, len, &got, NULL) != GC_OK ||
      got == NULL || got->count != want->count) {
    lives_note_difference("the text of snapshot %u is not read; ", snapshot);
    return want;
  }
  for (unsigned i = 0; i < got->count; i++)
    if (!is_same_party(&got->parties[i], &want->parties[i]))
      lives_note_difference(
          "text: participant %u of snapshot %u is another one; ", i, snapshot);
  return got;
}

/* ---- the clocks of both sides ---- */

/* Reads the server's time as net/api does. */
static void read_clocks(struct player *p, const struct lives_item *item) {
  uint64_t monotonic_ms = (uint64_t)(p->now_ms - p->l->started_ms);
  int64_t wall_ms = p->now_ms + item->wall_ms;
  if (item->is_dated)
    gc_server_clock_observe(&p->clock, monotonic_ms, wall_ms,
                            p->now_ms + item->date_ms);
  p->wall_ms = item->wall_ms;
}

static struct gc_clock_verdict judge_clocks(struct player *p) {
  struct gc_clock_verdict v;
  gc_clock_judge(&p->judge, &p->clock, (uint64_t)(p->now_ms - p->l->started_ms),
                 p->now_ms + p->wall_ms, &v);
  return v;
}

/* Dates the start as the stream does. */
static void date_start(struct player *p) {
  int64_t before_ms = p->start.epoch_ms;
  if (!p->d->dates_start)
    return;
  struct gc_clock_verdict v = judge_clocks(p);
  gc_start_clock_update(&p->start, &v,
                        (uint64_t)(p->now_ms - p->l->started_ms));
  if (p->m != NULL && p->start.epoch_ms != before_ms)
    conversations_move_start(p->m, p->start.epoch_ms - before_ms);
}

static void note_times(struct player *p, const struct cv_event *e) {
  if (cv_event_newest_ms(e) != 0)
    gc_clock_judge_state(&p->judge, (uint64_t)(p->now_ms - p->l->started_ms),
                         cv_event_newest_ms(e));
  date_start(p);
}

static void begin_model(struct player *p) {
  struct conversations_settings s = life_settings();
  if (p->d->dates_start)
    read_clocks(p, &p->d->items[0]);
  date_start(p);
  s.started_ms = p->d->dates_start ? p->start.epoch_ms : p->l->started_ms;
  p->m = conversations_new(&s, NULL);
}

/* All clocks are right at the end. */
static void correct_clocks(struct player *p) {
  static const struct lives_item right = {.is_dated = true};
  read_clocks(p, &right);
  date_start(p);
}

static void tick_model(struct player *p) {
  int64_t ahead_ms = judge_clocks(p).server_ms - p->now_ms;
  struct conversations_now now = {p->now_ms + ahead_ms,
                                  complete_ms(p) + ahead_ms,
                                  (uint64_t)(p->now_ms - p->l->started_ms)};
  conversations_tick(p->m, &now);
}

static void close_by_polls(struct player *p) {
  for (unsigned i = 0; i < 2; i++) {
    p->now_ms += 1;
    tick_model(p);
    conversations_poll_begin(p->m);
    conversations_poll_end(p->m, life_covers_all, NULL);
  }
}

/* Lets the time until the item pass. */
static void wait_for_item(struct player *p, const struct lives_item *item) {
  int64_t earliest_ms = lives_sent_ms(p->l, item->after);
  int64_t before_ms = p->now_ms;
  p->now_ms += item->pause_ms;
  if (p->now_ms < earliest_ms)
    p->now_ms = earliest_ms;
  if (p->now_ms - before_ms > p->longest_ms)
    p->longest_ms = p->now_ms - before_ms;
  read_clocks(p, item);
  date_start(p);
  tick_model(p);
  if (item->gap)
    conversations_gap(p->m);
  if (item->closed)
    close_by_polls(p);
}

static void play_item(struct player *p, const struct lives_item *item) {
  static struct cv_event event;
  const struct cv_event *applied = &event;
  unsigned k = item->snapshot;
  lives_snapshot(p->l, p->l->end[k], &event);
  if (p->l->is_text)
    applied =
        read_text(p, k, p->l->seed + (uint64_t)(item - p->d->items), &event);
  note_times(p, applied);
  if (conversations_apply(p->m, applied) != GC_OK)
    lives_note_difference("an event is refused; ");
  p->arrived[k] = true;
}

/* The counters of a life as it is played. */
struct steps {
  struct lives_counters seen[2];
  unsigned newest;
};

static void check_step(const struct player *p, struct steps *s) {
  const struct lives_counters *before = &s->seen[s->newest];
  struct lives_counters *now = &s->seen[!s->newest];
  read_counters(p, now);
  lives_check_growth(before, now);
  lives_check_settled(before, now);
  s->newest = !s->newest;
}

/* The stream is interrupted for hours, and later snapshots never arrive: no
 * counter may change. */
static void lose_tail(struct player *p, const struct lives_counters *end) {
  static struct lives_counters later;
  conversations_gap(p->m);
  for (unsigned i = 0; i < p->l->snapshots; i++)
    p->arrived[i] = true;
  p->now_ms = lives_sent_ms(p->l, p->l->snapshots - 1) + LOST_MS;
  tick_model(p);
  read_counters(p, &later);
  lives_compare_counters((struct lives_compare){.what = "after the lost tail",
                                                .holds = true,
                                                .breaches = true},
                         &later, end);
}

static void play_life(const struct lives_life *l,
                      const struct lives_delivery *d,
                      struct lives_counters *ret, bool grows) {
  struct player p = {.l = l, .d = d, .now_ms = l->started_ms};
  static struct steps steps;
  begin_model(&p);
  if (l->is_text)
    p.decoder = cv_decoder_new();
  for (unsigned i = 0; i < d->count; i++)
    p.comes[d->items[i].snapshot] = true;
  memset(&steps.seen[steps.newest], 0, sizeof(steps.seen[0]));
  for (unsigned i = 0; i < d->count; i++) {
    wait_for_item(&p, &d->items[i]);
    if (grows)
      check_step(&p, &steps);
    play_item(&p, &d->items[i]);
    if (grows)
      check_step(&p, &steps);
  }
  p.now_ms += 60000;
  correct_clocks(&p);
  tick_model(&p);
  memset(ret, 0, sizeof(*ret));
  read_counters(&p, ret);
  struct conversations_stats stats;
  conversations_stats(p.m, &stats);
  ret->late = stats.late;
  ret->dropped = stats.aged + stats.closed;
  ret->longest_ms = p.longest_ms;
  if (grows)
    check_step(&p, &steps);
  lose_tail(&p, ret);
  conversations_free(p.m);
  cv_decoder_free(p.decoder);
}

/* Plays the first `count` snapshots in order; unless `arrived` is NULL, only
 * the snapshots that it marks. */
static void play_in_order(const struct lives_life *l, unsigned count,
                          const bool *arrived, struct lives_counters *ret) {
  static struct lives_delivery d;
  d.count = 0;
  d.dates_start = false;
  for (unsigned i = 0; i < count; i++)
    if (arrived == NULL || arrived[i])
      d.items[d.count++] =
          (struct lives_item){.snapshot = (uint16_t)i, .after = (uint16_t)i};
  play_life(l, &d, ret, false);
}

/* Returns true if the counters may lack a fact that was reported late, and the
 * model says so. */
static bool has_late_facts(const struct lives_life *l,
                           const struct lives_counters *c) {
  bool can_be_late = l->is_late && c->longest_ms >= CV_KEEP_MS - 60000;
  if (c->late > 0 && !can_be_late && c->dropped == 0)
    lives_note_difference("a late fact is counted that was not late; ");
  return c->late > 0;
}

const char *lives_check(const struct lives_life *l,
                        const struct lives_delivery *d) {
  static struct lives_counters got, whole, same;
  bool arrived[LIVES_STEPS_MAX] = {0};
  unsigned last = 0;
  lives_forget_differences();
  for (unsigned i = 0; i < d->count; i++) {
    arrived[d->items[i].snapshot] = true;
    if (d->items[i].snapshot > last)
      last = d->items[i].snapshot;
  }
  bool is_whole = last + 1 == l->snapshots;
  play_life(l, d, &got, true);
  play_in_order(l, last + 1, NULL, &whole);
  play_in_order(l, last + 1, arrived, &same);
  unsigned late = has_late_facts(l, &got);
  late += has_late_facts(l, &whole);
  late += has_late_facts(l, &same);
  if (late > 0)
    return lives_differences();
  bool is_dropped = got.dropped + same.dropped > 0;
  lives_compare_counters((struct lives_compare){.what = "all of it in order",
                                                .breaches = true,
                                                .no_changes = is_dropped},
                         &got, &whole);
  lives_compare_counters((struct lives_compare){.what = "the same in order",
                                                .holds = is_whole,
                                                .breaches = true,
                                                .states = is_whole,
                                                .no_changes = is_dropped},
                         &got, &same);
  if (is_whole && !l->is_shrunk)
    lives_compare_truth(l, &whole);
  return lives_differences();
}
