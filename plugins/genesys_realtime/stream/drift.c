/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/stream/drift.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/base/intern.h"

enum { KEY_MAX_BYTES = 4096 };

/* One difference. by: model minus observed, without unseen contacts; counted:
 * the part that is in the total; unseen: contacts without an event so far. */
struct gap {
  int64_t by, counted, unseen;
};

struct row {
  struct gap waiting, interacting;
};

/* The pairs that differ in one poll. */
struct poll_gaps {
  struct gc_intern keys; /* "media queue" */
  struct row *rows;      /* [number] */
  size_t cap;
};

struct drift {
  struct poll_gaps before, now;
  struct gc_buf key;
  uint64_t total, lasting, last_lasting;
};

static void gaps_clear(struct poll_gaps *g) {
  gc_intern_clear(&g->keys);
  free(g->rows);
  *g = (struct poll_gaps){.keys.max = g->keys.max};
}

struct drift *drift_new(uint32_t pairs_max) {
  struct drift *d = gc_zalloc(1, sizeof(*d));
  d->before.keys.max = d->now.keys.max = pairs_max;
  d->key.max = KEY_MAX_BYTES;
  return d;
}

void drift_free(struct drift *d) {
  if (d == NULL)
    return;
  gaps_clear(&d->before);
  gaps_clear(&d->now);
  gc_buf_clear(&d->key);
  free(d);
}

void drift_begin(struct drift *d) {
  gaps_clear(&d->now);
  d->lasting = 0;
}

/* Returns the gap between the ranges a … a + a_slack and b … b + b_slack; 0 if
 * they meet. */
static int64_t gap_between(int64_t a, int64_t a_slack, int64_t b,
                           int64_t b_slack) {
  if (a > b + b_slack)
    return a - (b + b_slack);
  return b > a + a_slack ? a + a_slack - b : 0;
}

/* Bounds a count. A larger one is wrong and must not overflow. */
static int64_t bound_count(int64_t count) {
  const int64_t max = INT64_C(1) << 40;
  return count < 0 ? 0 : count < max ? count : max;
}

static struct drift_side bound_side(const struct drift_side *s) {
  return (struct drift_side){bound_count(s->waiting), bound_count(s->alerting),
                             bound_count(s->interacting)};
}

static int64_t min_of(int64_t a, int64_t b) { return a < b ? a : b; }

/* Returns the part of a difference that is in both polls, in the same
 * direction. */
static uint64_t lasting_part(int64_t was, int64_t is) {
  if (was > 0 && is > 0)
    return (uint64_t)min_of(was, is);
  return was < 0 && is < 0 ? (uint64_t)min_of(-was, -is) : 0;
}

/* Removes unseen contacts from the difference. They are at most as many as may
 * have been missing in each poll since the first one, ringing contacts
 * included. */
static void take_unseen(struct gap *is, int64_t missing_max, int64_t max) {
  int64_t missing = is->by < 0 ? -is->by : 0;
  int64_t unseen = min_of(missing_max, max);
  is->unseen = unseen > 0 ? unseen : 0;
  is->by += min_of(missing, is->unseen);
}

static void count_lasting(struct drift *d, const struct gap *was,
                          struct gap *is) {
  uint64_t lasts = lasting_part(was->by, is->by);
  is->counted = (int64_t)lasts;
  d->lasting += lasts;
  if (lasts > (uint64_t)was->counted)
    d->total += lasts - (uint64_t)was->counted;
}

static struct row row_before(const struct drift *d) {
  uint32_t number;
  return gc_intern_find(&d->before.keys, d->key.data, d->key.len, &number)
             ? d->before.rows[number]
             : (struct row){0};
}

static enum gc_code keep_row(struct drift *d, const struct row *row) {
  struct poll_gaps *g = &d->now;
  if (g->keys.count == g->cap) {
    size_t cap = g->cap == 0 ? 16 : g->cap * 2;
    struct row *rows = realloc(g->rows, cap * sizeof(*rows));
    if (rows == NULL)
      return GC_ERR_MEMORY;
    g->rows = rows;
    g->cap = cap;
  }
  uint32_t number;
  enum gc_code code = gc_intern_put(&g->keys, d->key.data, d->key.len, &number);
  if (code == GC_OK)
    g->rows[number] = *row;
  return code == GC_ERR_LIMIT ? GC_OK : code;
}

static bool is_empty_row(const struct row *r) {
  return r->waiting.by == 0 && r->interacting.by == 0 &&
         r->waiting.unseen <= 0 && r->interacting.unseen <= 0;
}

static enum gc_code compare_pair(struct drift *d, const char *queue,
                                 const char *media,
                                 const struct drift_side *model,
                                 const struct drift_side *observed,
                                 bool is_first) {
  struct drift_side m = bound_side(model), o = bound_side(observed);
  struct row row = {
      .waiting.by = gap_between(m.waiting, m.alerting, o.waiting, o.alerting),
      .interacting.by =
          gap_between(m.interacting, m.alerting, o.interacting, o.alerting),
  };
  gc_buf_reset(&d->key);
  GC_TRY(gc_buf_print(&d->key, "%s %s", media, queue));
  struct row was = row_before(d);
  int64_t waiting = o.waiting - m.waiting;
  int64_t interacting = o.interacting - m.interacting;
  take_unseen(&row.waiting, waiting + o.alerting,
              is_first ? waiting : was.waiting.unseen);
  take_unseen(&row.interacting, interacting + o.alerting,
              is_first ? interacting : was.interacting.unseen);
  if (is_empty_row(&row))
    return GC_OK;
  count_lasting(d, &was.waiting, &row.waiting);
  count_lasting(d, &was.interacting, &row.interacting);
  return keep_row(d, &row);
}

enum gc_code drift_compare(struct drift *d, const char *queue,
                           const char *media, const struct drift_side *model,
                           const struct drift_side *observed) {
  return compare_pair(d, queue, media, model, observed, false);
}

enum gc_code drift_adopt(struct drift *d, const char *queue, const char *media,
                         const struct drift_side *model,
                         const struct drift_side *observed) {
  return compare_pair(d, queue, media, model, observed, true);
}

void drift_end(struct drift *d) {
  gaps_clear(&d->before);
  struct poll_gaps empty = d->before;
  d->before = d->now;
  d->now = empty;
  d->last_lasting = d->lasting;
}

uint64_t drift_total(const struct drift *d) { return d->total; }

uint64_t drift_now(const struct drift *d) { return d->last_lasting; }
