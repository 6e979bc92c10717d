/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/queues/topic_coverage.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static int by_id(const void *a, const void *b) {
  const struct covered_queue *const *left = a, *const *right = b;
  return strcasecmp((*left)->id, (*right)->id);
}

static struct covered_queue *new_queue(const char *id) {
  struct covered_queue *q = calloc(1, sizeof(*q));
  if (q == NULL)
    return NULL;
  q->id = strdup(id);
  if (q->id == NULL) {
    free(q);
    return NULL;
  }
  q->is_new = true;
  return q;
}

static void free_queue(struct covered_queue *q) {
  free(q->id);
  free(q);
}

void topic_coverage_clear(struct topic_coverage *c) {
  for (size_t i = 0; i < c->count; i++)
    free_queue(c->at[i]);
  free(c->at);
  *c = (struct topic_coverage){0};
}

struct covered_queue *topic_coverage_find(const struct topic_coverage *c,
                                          const char *id) {
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

/* The queues of the selection, sorted, each once. */
static enum gc_code fill_queues(struct topic_coverage *c,
                                const struct selection *s) {
  c->at = calloc(s->count + 1, sizeof(struct covered_queue *));
  if (c->at == NULL)
    return GC_ERR_MEMORY;
  for (size_t i = 0; i < s->count; i++) {
    c->at[c->count] = new_queue(s->ids[i]);
    if (c->at[c->count] == NULL)
      return GC_ERR_MEMORY;
    c->count++;
  }
  qsort(c->at, c->count, sizeof(struct covered_queue *), by_id);
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
static void keep_old_queues(struct topic_coverage *made,
                            struct topic_coverage *old,
                            struct topic_coverage *gone) {
  size_t m = 0;
  for (size_t i = 0; i < old->count; i++) {
    struct covered_queue *q = old->at[i];
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

enum gc_code topic_coverage_update(struct topic_coverage *c,
                                   const struct selection *selection,
                                   struct topic_coverage *ret_gone) {
  struct topic_coverage made = {0};
  *ret_gone = (struct topic_coverage){0};
  enum gc_code code = fill_queues(&made, selection);
  if (code == GC_OK)
    ret_gone->at = calloc(c->count + 1, sizeof(struct covered_queue *));
  if (code != GC_OK || ret_gone->at == NULL) {
    topic_coverage_clear(&made);
    return GC_ERR_MEMORY;
  }
  keep_old_queues(&made, c, ret_gone);
  free(c->at);
  *c = made;
  return GC_OK;
}

void topic_coverage_set(struct topic_coverage *c, struct covered_queue *q,
                        bool covered) {
  c->covered += covered;
  c->covered -= q->is_covered;
  q->is_covered = covered;
}
