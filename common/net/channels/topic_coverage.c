/* SPDX-License-Identifier: MIT */
#include "common/net/channels/topic_coverage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/alloc.h"

static bool write_conversation_topic(unsigned number, const char *queue,
                                     char ret_topic[GC_TOPIC_SIZE]) {
  (void)number;
  gc_topic_of_queue(ret_topic, queue);
  return true;
}

const struct gc_queue_topic_names gc_conversation_topic_names = {
    .count = 1, .write = write_conversation_topic};

/* ---- the wanted queues ---- */

static int by_id(const void *a, const void *b) {
  const struct gc_covered_queue *const *left = a, *const *right = b;
  return strcasecmp((*left)->id, (*right)->id);
}

static struct gc_covered_queue *new_queue(const char *id) {
  struct gc_covered_queue *q = gc_zalloc(1, sizeof(*q));
  q->id = gc_strdup(id);
  q->is_new = true;
  return q;
}

static void free_queue(struct gc_covered_queue *q) {
  free(q->id);
  free(q);
}

void gc_topic_coverage_clear(struct gc_topic_coverage *c) {
  for (size_t i = 0; i < c->count; i++)
    free_queue(c->at[i]);
  free(c->at);
  *c = (struct gc_topic_coverage){.names = c->names};
}

struct gc_covered_queue *
gc_topic_coverage_find(const struct gc_topic_coverage *c, const char *id) {
  size_t low = 0, high = c->count;
  while (low < high) {
    size_t middle = low + (high - low) / 2;
    int order = strcasecmp(c->at[middle]->id, id);
    if (order == 0)
      return c->at[middle];
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return NULL;
}

/* Makes the queues of `ids`, sorted and without duplicates. */
static enum gc_code fill_queues(struct gc_topic_coverage *c, char *const *ids,
                                size_t count) {
  c->at = calloc(count + 1, sizeof(struct gc_covered_queue *));
  if (c->at == NULL)
    return GC_ERR_MEMORY;
  while (c->count < count) {
    c->at[c->count] = new_queue(ids[c->count]);
    c->count++;
  }
  qsort(c->at, c->count, sizeof(struct gc_covered_queue *), by_id);
  size_t kept = 0;
  for (size_t i = 0; i < c->count; i++) {
    if (kept > 0 && strcasecmp(c->at[kept - 1]->id, c->at[i]->id) == 0)
      free_queue(c->at[i]);
    else
      c->at[kept++] = c->at[i];
  }
  c->count = kept;
  return GC_OK;
}

/* Replaces each made queue by the old queue of the same id. */
static void keep_old_queues(struct gc_topic_coverage *made,
                            struct gc_topic_coverage *old,
                            struct gc_topic_coverage *gone) {
  size_t m = 0;
  for (size_t i = 0; i < old->count; i++) {
    struct gc_covered_queue *q = old->at[i];
    while (m < made->count && strcasecmp(made->at[m]->id, q->id) < 0)
      m++;
    if (m < made->count && strcasecmp(made->at[m]->id, q->id) == 0) {
      free_queue(made->at[m]);
      made->at[m] = q;
      made->covered += q->is_covered;
    } else {
      gone->at[gone->count++] = q;
    }
  }
}

enum gc_code gc_topic_coverage_update(struct gc_topic_coverage *c,
                                      char *const *ids, size_t count,
                                      struct gc_topic_coverage *ret_gone) {
  struct gc_topic_coverage made = {0};
  *ret_gone = (struct gc_topic_coverage){.names = c->names};
  enum gc_code code = fill_queues(&made, ids, count);
  if (code == GC_OK)
    ret_gone->at = calloc(c->count + 1, sizeof(struct gc_covered_queue *));
  if (code != GC_OK || ret_gone->at == NULL) {
    gc_topic_coverage_clear(&made);
    return GC_ERR_MEMORY;
  }
  keep_old_queues(&made, c, ret_gone);
  free(c->at);
  c->at = made.at;
  c->count = made.count;
  c->covered = made.covered;
  return GC_OK;
}

void gc_topic_coverage_set(struct gc_topic_coverage *c,
                           struct gc_covered_queue *q, bool covered) {
  c->covered += covered;
  c->covered -= q->is_covered;
  q->is_covered = covered;
}

/* ---- their topics on the channels ---- */

/* Subscribes a queue's topics until one of them has no room. */
static enum gc_code subscribe_queue(const struct gc_topic_coverage *c,
                                    struct gc_covered_queue *q,
                                    struct gc_channels *channels,
                                    struct gc_channels_listener *l) {
  char topic[GC_TOPIC_SIZE];
  for (unsigned t = 0; t < c->names->count; t++)
    if (c->names->write(t, q->id, topic))
      GC_TRY(gc_channels_subscribe(channels, l, topic, q, NULL));
  return GC_OK;
}

enum gc_code gc_topic_coverage_subscribe(struct gc_topic_coverage *c,
                                         char *const *ids, size_t count,
                                         struct gc_channels *channels,
                                         struct gc_channels_listener *l) {
  enum gc_code code = GC_OK;
  for (size_t i = 0; i < count; i++) {
    struct gc_covered_queue *q = gc_topic_coverage_find(c, ids[i]);
    q->lacks_room = subscribe_queue(c, q, channels, l) != GC_OK;
    if (q->lacks_room)
      code = GC_ERR_LIMIT;
  }
  return code;
}

void gc_topic_coverage_leave(struct gc_topic_coverage *gone,
                             struct gc_channels *channels,
                             struct gc_channels_listener *l) {
  char topic[GC_TOPIC_SIZE];
  for (size_t i = 0; i < gone->count; i++)
    for (unsigned t = 0; t < gone->names->count; t++)
      if (gone->names->write(t, gone->at[i]->id, topic))
        gc_channels_unsubscribe(channels, l, topic);
  gc_topic_coverage_clear(gone);
}

/* True if no topic is missing: a single missing topic makes the queue's
 * messages incomplete. */
static bool has_all_topics(const struct gc_topic_coverage *c,
                           const struct gc_covered_queue *q,
                           const struct gc_channels *channels) {
  char topic[GC_TOPIC_SIZE];
  for (unsigned t = 0; t < c->names->count; t++)
    if (!c->names->write(t, q->id, topic) ||
        !gc_channels_covers(channels, topic))
      return false;
  return true;
}

bool gc_topic_coverage_check(struct gc_topic_coverage *c,
                             struct gc_covered_queue *q,
                             const struct gc_channels *channels) {
  gc_topic_coverage_set(c, q, has_all_topics(c, q, channels));
  return q->is_covered;
}

bool gc_topic_coverage_check_all(struct gc_topic_coverage *c,
                                 const struct gc_channels *channels) {
  for (size_t i = 0; i < c->count; i++)
    (void)gc_topic_coverage_check(c, c->at[i], channels);
  return c->covered == c->count;
}

void gc_topic_coverage_reject(struct gc_topic_coverage *c,
                              struct gc_covered_queue *q, const char *reason) {
  q->was_refused = true;
  snprintf(c->reason, sizeof(c->reason), "%s", reason);
}

bool gc_covered_queue_lacks_room(const struct gc_covered_queue *q) {
  return q->lacks_room && !q->is_covered;
}

size_t gc_topic_coverage_without_room(const struct gc_topic_coverage *c) {
  size_t count = 0;
  for (size_t i = 0; i < c->count; i++)
    count += gc_covered_queue_lacks_room(c->at[i]);
  return count;
}
