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
#include "tests/support/lives.h"

#include <inttypes.h>
#include <stdarg.h>

#include "common/base/cleanup.h"
#include "common/base/policy/server_clock.h"

struct counters {
  struct conversations_totals of[LIVES_QUEUES][CV_MEDIA_COUNT];
  bool known[LIVES_QUEUES][CV_MEDIA_COUNT];
  uint64_t late;      /* conversations_stats.late */
  uint64_t dropped;   /* conversations_stats.aged + closed */
  int64_t longest_ms; /* the longest time without an event */
};

/* Longer than the model keeps an ended conversation, and than any target. */
#define LOST_MS (6 * INT64_C(3600000))

/* The bounds of life_settings, and one bucket for longer waits. */
enum { BUCKETS = GC_COUNT(life_bounds) + 1 };

static char difference[2000];

__attribute__((format(printf, 1, 2))) static void
note_difference(const char *format, ...) {
  size_t used = strlen(difference);
  va_list args;
  va_start(args, format);
  vsnprintf(difference + used, sizeof(difference) - used, format, args);
  va_end(args);
}

/* The subject of a comparison. */
struct compare {
  const char *what, *queue, *media;
  bool holds;    /* compare the changes to and from held */
  bool breaches; /* a breach by waiting is known to both */
  bool states;
  bool no_changes; /* changes of state may be missing */
  bool grows;      /* `got` may be more: the counters as they are exported */
};

/* ---- playing ---- */

struct player {
  const struct lives_life *l;
  const struct lives_delivery *d;
  struct conversations *m;
  struct cv_decoder *decoder;
  int64_t now_ms;
  struct gc_server_clock clock;
  struct gc_start_clock start;
  int64_t seen_ms;    /* the newest time in events, at the start; 0: none */
  int64_t wall_ms;    /* how far the wall clock is ahead */
  int64_t ahead_ms;   /* of the server's likely time, as the account takes it */
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
                      struct counters *ret) {
  if (queue < 0 || ret->known[queue][media])
    return;
  ret->known[queue][media] = true;
  struct conversations_totals *t = &ret->of[queue][media];
  if (!conversations_totals(p->m, lives_queues[queue], media, t))
    memset(t, 0, sizeof(*t));
}

/* Reads the counters of each queue and medium of the life, and of voice in each
 * queue, because an agent may call out. The counters of other pairs stay. */
static void read_counters(const struct player *p, struct counters *ret) {
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
    note_difference("the text of snapshot %u is not read; ", snapshot);
    return want;
  }
  for (unsigned i = 0; i < got->count; i++)
    if (!is_same_party(&got->parties[i], &want->parties[i]))
      note_difference("text: participant %u of snapshot %u is another one; ", i,
                      snapshot);
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
  p->ahead_ms =
      gc_server_clock_likely(&p->clock, monotonic_ms, wall_ms) - p->now_ms;
  p->wall_ms = item->wall_ms;
}

/* Dates the start as the stream does. */
static void date_start(struct player *p) {
  uint64_t monotonic_ms = (uint64_t)(p->now_ms - p->l->started_ms);
  int64_t before_ms = p->start.epoch_ms;
  if (!p->d->dates_start)
    return;
  gc_start_clock_update(
      &p->start, &p->clock, monotonic_ms, p->now_ms + p->wall_ms,
      p->seen_ms != 0 ? p->seen_ms + (int64_t)monotonic_ms : 0);
  if (p->m != NULL && p->start.epoch_ms != before_ms)
    conversations_move_start(p->m, p->start.epoch_ms - before_ms);
}

static void note_times(struct player *p, const struct cv_event *e) {
  int64_t newest_ms = cv_event_newest_ms(e);
  int64_t seen_ms = newest_ms - (p->now_ms - p->l->started_ms);
  if (newest_ms != 0 && (p->seen_ms == 0 || seen_ms > p->seen_ms))
    p->seen_ms = seen_ms;
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
  if (p->d->dates_start)
    read_clocks(p, &right);
  date_start(p);
}

/* Returns how far the model's clock is ahead; the stream takes it so too. */
static int64_t model_ahead_ms(const struct player *p) {
  uint64_t monotonic_ms = (uint64_t)(p->now_ms - p->l->started_ms);
  int64_t seen_ms = p->seen_ms != 0 ? p->seen_ms + (int64_t)monotonic_ms : 0;
  return p->d->dates_start
             ? gc_start_clock_now(&p->start, monotonic_ms,
                                  p->now_ms + p->ahead_ms, seen_ms) -
                   p->now_ms
             : p->ahead_ms;
}

static void tick_model(struct player *p) {
  int64_t ahead_ms = model_ahead_ms(p);
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
    note_difference("an event is refused; ");
  p->arrived[k] = true;
}

static void compare_counters(struct compare c, const struct counters *got,
                             const struct counters *want);
static void check_growth(const struct counters *before,
                         const struct counters *after);
static void check_settled(const struct counters *before,
                          const struct counters *after);

/* The counters of a life as it is played. */
struct steps {
  struct counters seen[2];
  unsigned newest;
};

static void check_step(const struct player *p, struct steps *s) {
  const struct counters *before = &s->seen[s->newest];
  struct counters *now = &s->seen[!s->newest];
  read_counters(p, now);
  check_growth(before, now);
  check_settled(before, now);
  s->newest = !s->newest;
}

/* The stream is interrupted for hours, and later snapshots never arrive: no
 * counter may change. */
static void lose_tail(struct player *p, const struct counters *end) {
  static struct counters later;
  conversations_gap(p->m);
  for (unsigned i = 0; i < p->l->snapshots; i++)
    p->arrived[i] = true;
  p->now_ms = lives_sent_ms(p->l, p->l->snapshots - 1) + LOST_MS;
  tick_model(p);
  read_counters(p, &later);
  compare_counters((struct compare){.what = "after the lost tail",
                                    .holds = true,
                                    .breaches = true},
                   &later, end);
}

static void play_life(const struct lives_life *l,
                      const struct lives_delivery *d, struct counters *ret,
                      bool grows) {
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
  p.ahead_ms = 0;
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
                          const bool *arrived, struct counters *ret) {
  static struct lives_delivery d;
  d.count = 0;
  d.dates_start = false;
  for (unsigned i = 0; i < count; i++)
    if (arrived == NULL || arrived[i])
      d.items[d.count++] =
          (struct lives_item){.snapshot = (uint16_t)i, .after = (uint16_t)i};
  play_life(l, &d, ret, false);
}

/* ---- comparing ---- */

static const char *const state_names[CV_STATE_COUNT] = {
#define XX(id, label) [CV_STATE_##id] = label,
    CV_STATE_MAP(XX)
#undef XX
};

/* Returns the count that follows from the facts: without those that are owed.
 * Exported counters include them. */
static uint64_t net_of(const struct compare *c, uint64_t count, uint64_t owed) {
  return c->grows ? count : count - owed;
}

static void compare_count(const struct compare *c, const char *name,
                          uint64_t got, uint64_t want) {
  if (got == want || (c->grows && got > want))
    return;
  note_difference("%s: %s %s %s is %" PRIu64 ", not %" PRIu64 "; ", c->what,
                  c->queue, c->media, name, got, want);
}

static void compare_states(const struct compare *c,
                           const struct conversations_totals *got,
                           const struct conversations_totals *want) {
  char name[40];
  if (c->no_changes)
    return;
  for (unsigned f = 0; f < CV_STATE_COUNT; f++)
    for (unsigned t = 0; t < CV_STATE_COUNT; t++) {
      if ((f == CV_STATE_HELD || t == CV_STATE_HELD) && !c->holds)
        continue;
      snprintf(name, sizeof(name), "%s-%s", state_names[f], state_names[t]);
      compare_count(c, name,
                    net_of(c, got->changes[f][t], got->changes_owed[f][t]),
                    net_of(c, want->changes[f][t], want->changes_owed[f][t]));
    }
  for (unsigned s = CV_STATE_WRAPUP; s < CV_STATE_COUNT && c->states; s++)
    compare_count(c, state_names[s], got->states[s], want->states[s]);
}

/* Compares the histograms of waits: the exported ones (`grows`), else those
 * without the owed waits. */
static void compare_waits(const struct compare *c,
                          const struct conversations_totals *got,
                          const struct conversations_totals *want) {
  uint64_t got_within = 0, want_within = 0;
  compare_count(c, "wait_ms", got->wait_ms + (c->grows ? got->wait_owed_ms : 0),
                want->wait_ms + (c->grows ? want->wait_owed_ms : 0));
  for (unsigned i = 0; i < BUCKETS; i++) {
    got_within += got->waits[i];
    want_within += want->waits[i];
    compare_count(c, "bucket", got_within + (c->grows ? got->waits_owed[i] : 0),
                  want_within + (c->grows ? want->waits_owed[i] : 0));
  }
}

static void compare_totals(const struct compare *c,
                           const struct conversations_totals *got,
                           const struct conversations_totals *want) {
  compare_count(c, "offers", got->offers, want->offers);
  compare_count(c, "answers", net_of(c, got->answers, got->answers_owed),
                net_of(c, want->answers, want->answers_owed));
  compare_count(c, "abandons", net_of(c, got->abandons, got->abandons_owed),
                net_of(c, want->abandons, want->abandons_owed));
  compare_count(c, "transfers", net_of(c, got->transfers, got->transfers_owed),
                net_of(c, want->transfers, want->transfers_owed));
  compare_waits(c, got, want);
  if (c->breaches)
    compare_count(c, "breaches", net_of(c, got->breaches, got->breaches_owed),
                  net_of(c, want->breaches, want->breaches_owed));
  compare_states(c, got, want);
}

static void compare_counters(struct compare c, const struct counters *got,
                             const struct counters *want) {
  for (unsigned q = 0; q < LIVES_QUEUES; q++)
    for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
      if (!got->known[q][i] && !want->known[q][i])
        continue;
      c.queue = lives_queues[q];
      c.media = cv_media_label((enum cv_media)i);
      compare_totals(&c, &got->of[q][i], &want->of[q][i]);
    }
}

static void check_growth(const struct counters *before,
                         const struct counters *after) {
  compare_counters((struct compare){.what = "a counter fell",
                                    .holds = true,
                                    .breaches = true,
                                    .grows = true},
                   after, before);
}

/* Checks that an exported counter is the highest count of the facts so far. A
 * fact that is taken back and a new fact in the same step cancel out. */
static void check_highest(const struct compare *c, const char *name,
                          uint64_t before, uint64_t count, uint64_t owed) {
  uint64_t highest = count - owed > before ? count - owed : before;
  if (count != highest)
    compare_count(c, name, count, highest);
}

static void check_highest_waits(const struct compare *c,
                                const struct conversations_totals *before,
                                const struct conversations_totals *after) {
  uint64_t was_within = 0, within = 0;
  check_highest(c, "wait_ms", before->wait_ms + before->wait_owed_ms,
                after->wait_ms + after->wait_owed_ms, after->wait_owed_ms);
  for (unsigned i = 0; i < BUCKETS; i++) {
    was_within += before->waits[i];
    within += after->waits[i];
    check_highest(c, "bucket", was_within + before->waits_owed[i],
                  within + after->waits_owed[i], after->waits_owed[i]);
  }
}

static void check_settled_pair(const struct compare *c,
                               const struct conversations_totals *before,
                               const struct conversations_totals *after) {
  char name[40];
  check_highest(c, "answers", before->answers, after->answers,
                after->answers_owed);
  check_highest(c, "breaches", before->breaches, after->breaches,
                after->breaches_owed);
  check_highest_waits(c, before, after);
  check_highest(c, "abandons", before->abandons, after->abandons,
                after->abandons_owed);
  check_highest(c, "transfers", before->transfers, after->transfers,
                after->transfers_owed);
  for (unsigned f = 0; f < CV_STATE_COUNT; f++)
    for (unsigned t = 0; t < CV_STATE_COUNT; t++) {
      snprintf(name, sizeof(name), "%s-%s", state_names[f], state_names[t]);
      check_highest(c, name, before->changes[f][t], after->changes[f][t],
                    after->changes_owed[f][t]);
    }
}

static void check_settled(const struct counters *before,
                          const struct counters *after) {
  struct compare c = {.what = "counted and taken back at once"};
  for (unsigned q = 0; q < LIVES_QUEUES; q++)
    for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
      if (!after->known[q][i])
        continue;
      c.queue = lives_queues[q];
      c.media = cv_media_label((enum cv_media)i);
      check_settled_pair(&c, &before->of[q][i], &after->of[q][i]);
    }
}

static void compare_truth(const struct lives_life *l,
                          const struct counters *got) {
  struct compare c = {.what = "in order"};
  uint64_t owed = 0;
  for (unsigned q = 0; q < LIVES_QUEUES; q++)
    for (unsigned i = 0; i < CV_MEDIA_COUNT; i++) {
      const struct lives_truth *t = &l->truth[q][i];
      const struct conversations_totals *g = &got->of[q][i];
      c.queue = lives_queues[q];
      c.media = cv_media_label((enum cv_media)i);
      compare_count(&c, "offers", g->offers, t->offers);
      compare_count(&c, "answers", g->answers - g->answers_owed, t->answers);
      compare_count(&c, "abandons", g->abandons - g->abandons_owed,
                    t->abandons);
      compare_count(&c, "transfers", g->transfers - g->transfers_owed,
                    t->transfers);
      for (unsigned f = 0; f < CV_STATE_COUNT * CV_STATE_COUNT; f++)
        owed += g->changes_owed[f / CV_STATE_COUNT][f % CV_STATE_COUNT];
      owed += g->answers_owed + g->abandons_owed + g->transfers_owed;
      compare_count(&c, "wait_ms", g->wait_ms, t->wait_ms);
      compare_count(&c, "breaches", g->breaches - g->breaches_owed,
                    t->breaches);
    }
  if (owed > 0 && !l->is_late)
    note_difference("in order: %" PRIu64 " counts were taken back; ", owed);
}

/* Returns true if the counters may lack a fact that was reported late, and the
 * model says so. */
static bool has_late_facts(const struct lives_life *l,
                           const struct counters *c) {
  bool can_be_late = l->is_late && c->longest_ms >= CV_KEEP_MS - 60000;
  if (c->late > 0 && !can_be_late && c->dropped == 0)
    note_difference("a late fact is counted that was not late; ");
  return c->late > 0;
}

const char *lives_check(const struct lives_life *l,
                        const struct lives_delivery *d) {
  static struct counters got, whole, same;
  bool arrived[LIVES_STEPS_MAX] = {0};
  unsigned last = 0;
  difference[0] = '\0';
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
    return difference[0] != '\0' ? difference : NULL;
  bool is_dropped = got.dropped + same.dropped > 0;
  compare_counters((struct compare){.what = "all of it in order",
                                    .breaches = true,
                                    .no_changes = is_dropped},
                   &got, &whole);
  compare_counters((struct compare){.what = "the same in order",
                                    .holds = is_whole,
                                    .breaches = true,
                                    .states = is_whole,
                                    .no_changes = is_dropped},
                   &got, &same);
  if (is_whole && !l->is_shrunk)
    compare_truth(l, &whole);
  return difference[0] != '\0' ? difference : NULL;
}
