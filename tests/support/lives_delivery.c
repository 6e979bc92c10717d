/* SPDX-License-Identifier: MIT */
/* Makes a delivery from a life: which snapshots arrive, and when. */
#include "tests/support/lives.h"

#include "common/base/cleanup.h"

/* ---- snapshots ---- */

/* The first end is final: a caller who was called back has left long ago. */
static void end_party(struct cv_party *p, int64_t at_ms) {
  if (!p->end_is_own)
    p->end_ms = at_ms;
  p->end_is_own = true;
  p->held = p->scheduled = false;
  p->hold_ms = 0;
}

static void apply_step(struct cv_party *p, const struct lives_step *s) {
  switch ((enum lives_fact)s->fact) {
  case LIVES_CONNECTS:
    p->connected_ms = s->at_ms;
    p->scheduled = false;
    break;
  case LIVES_HOLDS:
    p->held = true;
    p->hold_ms = s->at_ms;
    break;
  case LIVES_RELEASES:
    p->held = false;
    p->hold_ms = 0;
    break;
  case LIVES_TRANSFERS:
    p->transferred = true;
    end_party(p, s->at_ms);
    break;
  case LIVES_ENDS:
    end_party(p, s->at_ms);
    break;
  case LIVES_WRAPS_UP:
    p->acw_start_ms = s->at_ms;
    break;
  case LIVES_WRAPPED_UP:
    p->acw_end_ms = s->at_ms;
    break;
  case LIVES_SKIPS:
    p->acw_start_ms = p->acw_end_ms = s->at_ms;
    p->acw_skipped = true;
    break;
  case LIVES_SCHEDULED:
    p->scheduled = true;
    break;
  case LIVES_PAUSES:
    p->end_ms = s->at_ms;
    p->held = false;
    p->hold_ms = 0;
    break;
  case LIVES_GOES_ON:
    p->end_ms = 0;
    p->legs++;
    break;
  case LIVES_CALLS_OUT:
    if (p->media > CV_VOICE)
      p->media = CV_VOICE;
    break;
  case LIVES_APPEARS:
  case LIVES_DROPPED:
    break;
  }
}

static struct cv_party *add_party(struct cv_event *e, const struct lives_who *w,
                                  unsigned who) {
  struct cv_party *p = &e->parties[e->count++];
  memset(p, 0, sizeof(*p));
  p->id = UINT64_C(0x9e3779b97f4a7c15) * (who + 1);
  p->purpose = w->purpose;
  p->media = w->media;
  if (w->queue >= 0) {
    const char *queue = lives_queues[w->queue];
    memcpy(p->queue_text, queue, strlen(queue) + 1);
    p->queue = uuid_key_read(queue, strlen(queue));
  }
  return p;
}

static struct cv_party *add_appeared(struct cv_event *e,
                                     const struct lives_life *l,
                                     const struct lives_step *s) {
  struct cv_party *p = add_party(e, &l->who[s->who], s->who);
  if (p->purpose == CV_ACD && p->media == CV_CALLBACK)
    p->made_ms = s->at_ms;
  return p;
}

void lives_snapshot(const struct lives_life *l, unsigned steps,
                    struct cv_event *ret) {
  struct cv_party *parties[LIVES_WHO_MAX] = {0};
  ret->id = (struct uuid_key){.high = 1, .low = l->seed | 1};
  ret->count = ret->dropped = 0;
  for (unsigned i = 0; i < steps; i++) {
    const struct lives_step *s = &l->steps[i];
    if (s->fact == LIVES_APPEARS)
      parties[s->who] = add_appeared(ret, l, s);
    else if (s->fact != LIVES_DROPPED && parties[s->who] != NULL)
      apply_step(parties[s->who], s);
  }
}

int64_t lives_sent_ms(const struct lives_life *l, unsigned snapshot) {
  int64_t last_ms = l->started_ms;
  for (unsigned i = 0; i < l->end[snapshot]; i++)
    if (l->steps[i].at_ms > last_ms)
      last_ms = l->steps[i].at_ms;
  return last_ms;
}

/* ---- deliveries ---- */

static void add_item(struct lives_delivery *d, unsigned snapshot,
                     int64_t pause_ms) {
  if (d->count < LIVES_ITEMS_MAX)
    d->items[d->count++] = (struct lives_item){.snapshot = (uint16_t)snapshot,
                                               .after = (uint16_t)snapshot,
                                               .pause_ms = pause_ms};
}

/* All items from `first` on arrive after the last of their snapshots was sent,
 * within minutes: for a snapshot that arrives after its conversation was
 * removed, the model cannot know whether a hold was counted. */
static void delay_item(struct lives_delivery *d, unsigned first) {
  for (unsigned i = first; i < d->count; i++)
    if (d->items[i].snapshot > d->items[first].after)
      d->items[first].after = d->items[i].snapshot;
}

static void shuffle_items(struct lives_delivery *d, unsigned first,
                          uint64_t *r) {
  for (unsigned i = d->count; i > first + 1; i--) {
    unsigned k = first + lives_random(r, i - first);
    struct lives_item kept = d->items[i - 1];
    d->items[i - 1] = d->items[k];
    d->items[k] = kept;
  }
  delay_item(d, first);
}

static void deliver_all(struct lives_delivery *d, const struct lives_life *l,
                        unsigned repeats, uint64_t *r) {
  for (unsigned i = 0; i < l->snapshots; i++)
    for (unsigned n = lives_random(r, 10) < repeats ? 2 : 1; n > 0; n--)
      add_item(d, i, lives_random(r, 500));
}

/* Returns a gap, from seconds to much longer than the model keeps an ended
 * conversation. */
static int64_t gap_ms(uint64_t *r) {
  static const unsigned longest_s[] = {5, 60, 900, 4 * 3600, 3 * 86400};
  unsigned row = lives_random(r, GC_COUNT(longest_s));
  return 1 + lives_random(r, longest_s[row] * 1000u);
}

/* Adds runs of snapshots; some snapshots are lost. Some runs are shuffled, and
 * some contain an old snapshot again. */
static void deliver_runs(struct lives_delivery *d, const struct lives_life *l,
                         unsigned until, uint64_t *r) {
  bool is_lost = lives_random(r, 2) == 0;
  for (unsigned i = 0; i < until;) {
    unsigned n = 1 + lives_random(r, 6), first = d->count;
    bool has_last = i + n >= l->snapshots;
    for (unsigned k = i; k < i + n && k < until; k++)
      if (!is_lost || k + 1 == l->snapshots)
        add_item(d, k, lives_random(r, 50));
    if (!is_lost && first > 0 && lives_random(r, 6) == 0)
      add_item(d, d->items[lives_random(r, first)].snapshot,
               lives_random(r, 50));
    if (lives_random(r, 2) == 0)
      shuffle_items(d, first, r);
    if (d->count > first) {
      d->items[first].gap = is_lost || lives_random(r, 3) == 0;
      d->items[first].pause_ms +=
          d->items[first].gap ? gap_ms(r) : (int64_t)lives_random(r, 2000);
    }
    is_lost = !has_last && lives_random(r, 3) == 0;
    i += n;
  }
}

/* Polls miss the conversation sometimes, although it continues. */
static void close_some(struct lives_delivery *d, uint64_t *r) {
  for (unsigned i = 1; i < d->count; i++)
    d->items[i].closed = lives_random(r, 8) == 0;
}

static int64_t step_ms(uint64_t *r) {
  static const int hours[] = {0, 0, 0, 1, -1, 5, -5, 72, -72, 1000, -1000};
  int64_t ms = INT64_C(3600000) * hours[lives_random(r, GC_COUNT(hours))];
  return ms + (int64_t)lives_random(r, 4000) - 2000;
}

/* Either clock is wrong by up to weeks for some of the time; one item in three
 * follows an answer with a Date. */
static void step_clocks(struct lives_delivery *d, uint64_t *r) {
  int64_t wall_ms = 0, date_ms = 0;
  for (unsigned i = 0; i < d->count; i++) {
    if (lives_random(r, 4) == 0)
      wall_ms = step_ms(r);
    if (lives_random(r, 4) == 0)
      date_ms = step_ms(r);
    d->items[i].wall_ms = wall_ms;
    d->items[i].date_ms = date_ms;
    d->items[i].is_dated = lives_random(r, 3) == 0;
  }
}

/* Makes one of the clocks wrong for the first items, if any. */
static void start_wrong(struct lives_delivery *d, uint64_t *r) {
  static const int minutes[] = {4,    -4,   60,    -60,   300,
                                -300, 4320, -4320, 60000, -60000};
  unsigned count = lives_random(r, d->count + 1);
  int64_t wrong_ms =
      INT64_C(60000) * minutes[lives_random(r, GC_COUNT(minutes))];
  bool is_wall = lives_random(r, 2) == 0;
  d->dates_start = true;
  for (unsigned i = 0; i < d->count; i++) {
    d->items[i].is_dated = true;
    if (i < count && is_wall)
      d->items[i].wall_ms = wrong_ms;
    else if (i < count)
      d->items[i].date_ms = wrong_ms;
  }
}

const char *lives_kind_name(enum lives_kind kind) {
  static const char *const names[LIVES_KINDS] = {
      [LIVES_IN_ORDER] = "in order", [LIVES_SHUFFLED] = "shuffled",
      [LIVES_REPEATED] = "repeated", [LIVES_GAPS] = "gaps",
      [LIVES_CUT] = "cut",           [LIVES_CLOCKS] = "clock steps",
      [LIVES_START] = "wrong start", [LIVES_ALL] = "all at once"};
  return names[kind];
}

void lives_deliver(struct lives_delivery *d, const struct lives_life *l,
                   enum lives_kind kind, uint64_t seed) {
  uint64_t r = (seed + 1) * UINT64_C(0x9e3779b97f4a7c15) + kind;
  d->kind = lives_kind_name(kind);
  d->count = 0;
  d->dates_start = false;
  switch (kind) {
  case LIVES_IN_ORDER:
    deliver_all(d, l, 0, &r);
    break;
  case LIVES_SHUFFLED:
    deliver_all(d, l, 2, &r);
    shuffle_items(d, 0, &r);
    break;
  case LIVES_REPEATED:
    deliver_all(d, l, 0, &r);
    for (unsigned n = 1 + lives_random(&r, 5); n > 0; n--)
      add_item(d, lives_random(&r, l->snapshots), gap_ms(&r));
    break;
  case LIVES_GAPS:
    deliver_runs(d, l, l->snapshots, &r);
    break;
  case LIVES_CUT:
    deliver_runs(d, l, 1 + lives_random(&r, l->snapshots), &r);
    break;
  case LIVES_CLOCKS:
    deliver_all(d, l, 1, &r);
    step_clocks(d, &r);
    break;
  case LIVES_START:
    deliver_all(d, l, 1, &r);
    start_wrong(d, &r);
    break;
  case LIVES_ALL:
    deliver_runs(d, l, l->snapshots, &r);
    close_some(d, &r);
    step_clocks(d, &r);
    break;
  case LIVES_KINDS:
    break;
  }
  if (d->count == 0)
    add_item(d, 0, 0);
}
