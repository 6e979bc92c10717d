/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/observations/spread.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/hash.h"

enum { TURN_MS = 1000 };

/* The lowest bit of a mark: the value of this reading has left. The others are
 * a hash of series and value. */
enum { LEFT = 1 };

struct spread_queue {
  uint32_t number, pass; /* pass: of the newest reading that has the queue */
  uint32_t at, count, room;
  uint32_t *marks; /* [place of the series] */
  char id[];
};

void spread_init(struct spread *s, uint32_t interval_ms) {
  uint32_t span_ms = interval_ms / 5 * 4;
  *s = (struct spread){.turns = span_ms > TURN_MS ? span_ms / TURN_MS : 1};
  s->each_ms = span_ms / s->turns;
}

static void free_queue(struct spread_queue *q) {
  free(q->marks);
  free(q);
}

void spread_forget(struct spread *s) {
  for (size_t i = 0; i < s->by_id.room; i++)
    if (s->by_id.slots[i].key != NULL)
      free_queue(s->by_id.slots[i].value);
  gc_strmap_clear(&s->by_id);
}

void spread_clear(struct spread *s) { spread_forget(s); }

/* Drops the queues that the last reading did not have. */
static void drop_absent(struct spread *s) {
  for (size_t i = 0; i < s->by_id.room; i++) {
    struct spread_queue *q = s->by_id.slots[i].value;
    while (s->by_id.slots[i].key != NULL && q->pass != s->pass) {
      gc_strmap_drop(&s->by_id, q->id);
      free_queue(q);
      q = s->by_id.slots[i].value;
    }
  }
}

static struct spread_queue *queue_of(struct spread *s, const char *id) {
  struct spread_queue *q = gc_strmap_get(&s->by_id, id);
  if (q != NULL)
    return q;
  size_t size = strlen(id) + 1;
  q = gc_zalloc(1, sizeof(*q) + size);
  memcpy(q->id, id, size);
  q->number = s->number++;
  gc_strmap_put(&s->by_id, q->id, q);
  return q;
}

static bool is_in_turn(const struct spread *s, const struct spread_queue *q) {
  return (q->number + s->turns - s->first) % s->turns < s->due;
}

static bool accept_queue(void *ctx, const struct gc_entry *entry) {
  struct spread *s = ctx;
  if (!s->shown->accepts(s->shown->accepts_ctx, entry))
    return false;
  s->queue = queue_of(s, entry->id);
  s->queue->at = 0;
  if (s->is_new)
    s->queue->pass = s->pass;
  return s->is_new || is_in_turn(s, s->queue);
}

/* Returns NULL when there is no memory; then the value leaves at once. */
static uint32_t *mark_at(struct spread_queue *q, uint32_t at) {
  if (at == q->room) {
    uint32_t room = at < 16 ? 16 : at * 2;
    uint32_t *marks = realloc(q->marks, room * sizeof(*marks));
    if (marks == NULL)
      return NULL;
    q->marks = marks;
    q->room = room;
  }
  if (at == q->count)
    q->marks[q->count++] = 0;
  return &q->marks[at];
}

static uint32_t mark_of(const struct gc_sample *sample) {
  uint64_t h = GC_HASH_INIT ^ (uint64_t)sample->metric;
  h = gc_hash_add(h, sample->qualifier, strlen(sample->qualifier) + 1);
  h = gc_hash_add(h, &sample->values[0], sizeof(sample->values[0]));
  return (uint32_t)gc_hash_fold(h) & ~(uint32_t)LEFT;
}

/* Returns true if the value leaves. In a further pass, what differs from the
 * first pass over this reading waits for the next reading: another name has
 * come meanwhile, and this value may have left. */
static bool leaves_now(const struct spread *s, uint32_t *mark, uint32_t now) {
  bool is_same = (*mark & ~(uint32_t)LEFT) == now;
  bool leaves = s->is_new ? !is_same || is_in_turn(s, s->queue)
                          : is_same && (*mark & LEFT) == 0;
  if (s->is_new)
    *mark = now;
  if (leaves)
    *mark |= LEFT;
  return leaves;
}

static void put_in_turn(void *ctx, const struct gc_sample *sample) {
  struct spread *s = ctx;
  uint32_t *mark = mark_at(s->queue, s->queue->at++);
  if (mark != NULL ? leaves_now(s, mark, mark_of(sample)) : s->is_new)
    s->out->put(s->out->ctx, sample);
}

/* Takes the turns that are due at `now_ms`, as far as the reading has not had
 * them. */
static void take_turns(struct spread *s, uint64_t now_ms, bool is_last) {
  uint64_t late = 0;
  GC_ASSERT(s->turns > 0);
  if (is_last || s->turns == 1)
    late = s->turns;
  else if (s->each_ms > 0 && now_ms >= s->due_ms)
    late = 1 + (now_ms - s->due_ms) / s->each_ms;
  s->due = late < s->owed ? (uint32_t)late : s->owed;
  s->first = s->turn;
  s->turn = (s->turn + s->due) % s->turns;
  s->owed -= s->due;
  if (late > 0)
    s->due_ms = now_ms + s->each_ms;
}

bool spread_begin(struct spread *s, uint64_t now_ms, bool is_new, bool is_last,
                  const struct queue_display *display,
                  const struct gc_samples *out) {
  if (is_new) {
    drop_absent(s);
    s->pass++;
    s->owed = s->turns;
  }
  s->is_new = is_new;
  s->shown = display;
  s->out = out;
  s->display = *display;
  s->display.accepts = accept_queue;
  s->display.accepts_ctx = s;
  s->sink = (struct gc_samples){put_in_turn, s};
  take_turns(s, now_ms, is_last);
  GC_ASSERT(s->owed <= s->turns && s->due <= s->turns);
  return is_new || s->due > 0;
}
