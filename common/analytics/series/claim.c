/* SPDX-License-Identifier: MIT */
#include "common/analytics/series/claim.h"

#include <stdio.h>
#include <string.h>

#include "common/base/glob.h"
#include "common/genesys/clean_name.h"

/* Returns the metric with the index `i`, NULL behind the last one. Queue
 * details always have all metrics of their table. */
static const char *metric_at(const struct gc_series_claim *c, size_t i) {
  const struct gc_source *s = gc_source(c->query.source);
  if (c->query.source == GC_QUERY_QUEUE_DETAILS)
    return i < s->table.count ? s->table.at[i].name : NULL;
  return i < c->query.metrics.count ? c->query.metrics.at[i] : NULL;
}

/* ---- the instance: queue, user, flow, or the block's name ---- */

static enum gc_query_owner owner_of(const struct gc_series_claim *c) {
  int place;
  return gc_query_owner_of(&c->query, &place);
}

/* Returns the owner (queue, user or flow) whose collectd types the series have
 * (name.c). */
static enum gc_query_owner types_of(const struct gc_series_claim *c) {
  enum gc_query_owner owner = owner_of(c);
  if (c->query.source == GC_QUERY_FLOWS)
    return GC_QUERY_OF_FLOW;
  return owner == GC_QUERY_OF_NONE ? GC_QUERY_OF_QUEUE : owner;
}

/* True if the selectors select the owners of the series: a query by user with
 * Queue options still has all users. */
static bool selects_owners(const struct gc_series_claim *c) {
  const char *chosen = gc_source(c->query.source)->chosen;
  const char *owner = owner_of(c) == GC_QUERY_OF_QUEUE  ? "queueId"
                      : owner_of(c) == GC_QUERY_OF_FLOW ? "flowId"
                                                        : "";
  return chosen != NULL && strcmp(chosen, owner) == 0;
}

static bool selectors_meet(const struct gc_series_claim *a,
                           const struct gc_series_claim *b) {
  const struct gc_strs *x = &a->query.chosen, *y = &b->query.chosen;
  return !gc_globs_are_disjoint(x->at, x->count, y->at, y->count);
}

static bool instances_meet(const struct gc_series_claim *a,
                           const struct gc_series_claim *b) {
  enum gc_query_owner owner = owner_of(a);
  if (types_of(a) != types_of(b))
    return false;
  if (owner == GC_QUERY_OF_NONE && owner_of(b) == GC_QUERY_OF_NONE) {
    char x[GC_NAME_SIZE], y[GC_NAME_SIZE];
    (void)gc_name_clean(x, a->name, strlen(a->name));
    (void)gc_name_clean(y, b->name, strlen(b->name));
    return strcmp(x, y) == 0;
  }
  if (owner == GC_QUERY_OF_NONE || owner_of(b) == GC_QUERY_OF_NONE)
    return false; /* no label is the name of such a block */
  return owner != owner_of(b) || !selects_owners(a) || !selects_owners(b) ||
         selectors_meet(a, b);
}

/* ---- the qualifier: PREFIX METRIC [-MEDIA] [-VALUE]… ---- */

/* The presence of a medium in the qualifier. Each group of a conversation query
 * names its medium, even if GroupBy does not (gc_source.is_by_media); a group
 * of users may name one. */
enum media { MEDIA_NEVER, MEDIA_MAYBE, MEDIA_ALWAYS };

static enum media media_of(const struct gc_series_claim *c) {
  if (c->query.source == GC_QUERY_USERS)
    return MEDIA_MAYBE;
  return gc_source(c->query.source)->is_by_media ||
                 gc_query_place_of(&c->query, "mediaType") >= 0
             ? MEDIA_ALWAYS
             : MEDIA_NEVER;
}

static size_t value_count(const struct gc_series_claim *c) {
  size_t media = gc_query_place_of(&c->query, "mediaType") >= 0;
  size_t owner = owner_of(c) != GC_QUERY_OF_NONE;
  return c->query.group_by.count - media - owner;
}

/* True if the media and values of both blocks can make the same text. A medium
 * has no "-"; a value may be any text. "none" is the value of every dimension
 * that a conversation lacks. */
static bool values_meet(const struct gc_series_claim *a,
                        const struct gc_series_claim *b) {
  size_t x = value_count(a), y = value_count(b);
  if (x == 0 && y == 0)
    return media_of(a) == media_of(b) || media_of(a) == MEDIA_MAYBE ||
           media_of(b) == MEDIA_MAYBE;
  if (x > 0 && y > 0)
    return true;
  const struct gc_series_claim *without = x == 0 ? a : b;
  const struct gc_series_claim *with = x == 0 ? b : a;
  return media_of(without) != MEDIA_NEVER && media_of(with) != MEDIA_ALWAYS &&
         x + y == 1;
}

static void print_start(char *out, size_t size, const struct gc_series_claim *c,
                        const char *metric) {
  snprintf(out, size, "%s%s", c->query.prefix != NULL ? c->query.prefix : "",
           metric);
}

/* True if `longer` is `start`, "-" and more: "30m-nOffered" continues "30m". */
static bool continues_text(const char *longer, const char *start) {
  size_t len = strlen(start);
  return strncmp(longer, start, len) == 0 && longer[len] == '-';
}

static bool metrics_meet(const struct gc_series_claim *a, const char *a_metric,
                         const struct gc_series_claim *b,
                         const char *b_metric) {
  char x[2 * GC_NAME_SIZE], y[2 * GC_NAME_SIZE];
  print_start(x, sizeof(x), a, a_metric);
  print_start(y, sizeof(y), b, b_metric);
  return strcmp(x, y) == 0 ? values_meet(a, b)
                           : continues_text(x, y) || continues_text(y, x);
}

bool gc_series_claim_has_name(const struct gc_series_claim *c) {
  return owner_of(c) == GC_QUERY_OF_NONE;
}

static bool is_same_text(const char *a, const char *b) {
  return strcmp(a != NULL ? a : "", b != NULL ? b : "") == 0;
}

static bool observations_meet(const struct gc_series_claim *a,
                              const struct gc_series_claim *b) {
  return a->observes && b->observes &&
         is_same_text(a->query.prefix, b->query.prefix) && selectors_meet(a, b);
}

bool gc_series_claims_collide(const struct gc_series_claim *a,
                              const struct gc_series_claim *b,
                              char what[GC_CLAIM_WHAT_SIZE]) {
  if (strcmp(a->account, b->account) != 0)
    return false;
  if (observations_meet(a, b)) {
    snprintf(what, GC_CLAIM_WHAT_SIZE, "flow_active");
    return true;
  }
  for (size_t i = 0; metric_at(a, i) != NULL && instances_meet(a, b); i++)
    for (size_t k = 0; metric_at(b, k) != NULL; k++)
      if (metrics_meet(a, metric_at(a, i), b, metric_at(b, k))) {
        snprintf(what, GC_CLAIM_WHAT_SIZE, "%s", metric_at(b, k));
        return true;
      }
  return false;
}
