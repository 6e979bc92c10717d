/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/flows/counts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/glob.h"

enum { SEP = '\x1f' };

/* Finds or adds a pair and returns its number. A new pair has the count 0. */
static enum gc_code find_pair(struct flow_counts *c, const char *flow,
                              const char *media, uint32_t *ret_number) {
  char pair[FLOW_ID_SIZE + FLOW_MEDIA_SIZE];
  uint32_t number;
  int len = snprintf(pair, sizeof(pair), "%s%c%s", flow, SEP, media);
  if (len < 0 || (size_t)len >= sizeof(pair))
    return GC_ERR_LIMIT;
  GC_TRY(gc_intern_put(&c->pairs, pair, (size_t)len, &number));
  if (number >= c->cap) {
    size_t cap = c->pairs.cap;
    int64_t *at = realloc(c->at, cap * sizeof(*at));
    if (at == NULL)
      return GC_ERR_MEMORY;
    memset(at + c->cap, 0, (cap - c->cap) * sizeof(*at));
    c->at = at;
    c->cap = cap;
  }
  *ret_number = number;
  return GC_OK;
}

enum gc_code flow_counts_add(struct flow_counts *c, const char *flow,
                             const char *media, int64_t count) {
  uint32_t number;
  GC_TRY(find_pair(c, flow, media, &number));
  c->at[number] += count;
  return GC_OK;
}

enum gc_code flow_counts_set(struct flow_counts *c, const char *flow,
                             const char *media, int64_t count) {
  uint32_t number;
  GC_TRY(find_pair(c, flow, media, &number));
  c->at[number] = count;
  return GC_OK;
}

void flow_counts_get(const struct flow_counts *c, uint32_t i,
                     char flow[FLOW_ID_SIZE], const char **ret_media,
                     int64_t *ret_count) {
  const char *pair = gc_intern_text(&c->pairs, i);
  const char *sep = strchr(pair, SEP);
  size_t len = sep != NULL ? (size_t)(sep - pair) : 0;
  if (len >= FLOW_ID_SIZE)
    len = 0;
  memcpy(flow, pair, len);
  flow[len] = '\0';
  *ret_media = sep != NULL ? sep + 1 : "";
  *ret_count = i < c->cap ? c->at[i] : 0;
}

void flow_counts_clear(struct flow_counts *c) {
  gc_intern_clear(&c->pairs);
  free(c->at);
  c->at = NULL;
  c->cap = 0;
}

bool flow_filter_accepts(const struct flow_filter *c, const char *flow) {
  const struct gc_entry *e = gc_entities_find(c->flows, flow);
  if (e == NULL && !gc_entities_is_refused(c->flows))
    return c->selector_count == 0;
  return gc_glob_accepts(c->selectors, c->selector_count,
                         e != NULL ? e->name : NULL, flow);
}

static bool is_deleted(const struct flow_filter *c, const char *flow) {
  return gc_entities_find(c->flows, flow) == NULL &&
         !gc_entities_is_refused(c->flows);
}

/* Adds the pairs of the last answer first, with the count 0. They keep their
 * places, so that no series appears and disappears at the limit. */
static enum gc_code keep_known(const struct flow_counts *before,
                               const struct flow_filter *filter,
                               struct flow_counts *now) {
  char flow[FLOW_ID_SIZE];
  const char *media;
  int64_t count;
  for (uint32_t i = 0; i < before->pairs.count; i++) {
    flow_counts_get(before, i, flow, &media, &count);
    if (!is_deleted(filter, flow) && flow_filter_accepts(filter, flow))
      GC_TRY(flow_counts_set(now, flow, media, 0));
  }
  return GC_OK;
}

enum gc_code flow_counts_merge(const struct flow_counts *before,
                               const struct flow_counts *answer,
                               const struct flow_filter *filter,
                               struct flow_counts *now,
                               uint64_t *ret_overflow) {
  char flow[FLOW_ID_SIZE];
  const char *media;
  int64_t count;
  *ret_overflow = 0;
  GC_TRY(keep_known(before, filter, now));
  for (uint32_t i = 0; i < answer->pairs.count; i++) {
    flow_counts_get(answer, i, flow, &media, &count);
    if (!flow_filter_accepts(filter, flow))
      continue;
    enum gc_code code = flow_counts_set(now, flow, media, count);
    *ret_overflow += code == GC_ERR_LIMIT;
    if (code != GC_OK && code != GC_ERR_LIMIT)
      return code;
  }
  return GC_OK;
}

bool flow_counts_lack_names(const struct flow_counts *c,
                            const struct flow_filter *filter) {
  char flow[FLOW_ID_SIZE];
  const char *media;
  int64_t count;
  if (gc_entities_is_refused(filter->flows))
    return false;
  for (uint32_t i = 0; i < c->pairs.count; i++) {
    flow_counts_get(c, i, flow, &media, &count);
    if (gc_entities_find(filter->flows, flow) == NULL)
      return true;
  }
  return false;
}

static void write_parts(const struct flow_counts_view *view, const char *flow,
                        const char *label, const char *media,
                        char parts[GC_PARTS_SIZE]) {
  parts[0] = '\0';
  (void)gc_parts_add(parts, GC_PARTS_SIZE, "flow_id", flow);
  (void)gc_parts_add(parts, GC_PARTS_SIZE, "flow_name", label);
  (void)gc_parts_add(parts, GC_PARTS_SIZE, "media_type", media);
  if (view->prefix != NULL && view->prefix[0] != '\0')
    (void)gc_parts_add(parts, GC_PARTS_SIZE, "prefix", view->prefix);
}

void flow_counts_samples(const struct flow_counts *c,
                         const struct flow_counts_view *view,
                         const struct gc_samples *out,
                         struct flow_counts_tally *ret_tally) {
  char flow[FLOW_ID_SIZE], label[GC_NAME_SIZE], qualifier[GC_NAME_SIZE];
  char parts[GC_PARTS_SIZE];
  const char *media;
  int64_t count;
  *ret_tally = (struct flow_counts_tally){0};
  for (uint32_t i = 0; i < c->pairs.count; i++) {
    flow_counts_get(c, i, flow, &media, &count);
    if (!flow_filter_accepts(&view->filter, flow))
      continue;
    ret_tally->matched++;
    if (!gc_dimension_name_text(view->dimension_names, GC_DIMENSION_FLOW, flow,
                                label)) {
      ret_tally->unnamed++;
      continue;
    }
    ret_tally->series++;
    snprintf(qualifier, sizeof(qualifier), "%s%s",
             view->prefix != NULL ? view->prefix : "", media);
    write_parts(view, flow, label, media, parts);
    out->put(out->ctx, &(struct gc_sample){.metric = GC_METRIC_FLOW_ACTIVE,
                                           .instance = label,
                                           .qualifier = qualifier,
                                           .parts = parts,
                                           .values = {{.gauge = (double)count}},
                                           .time_ms = view->time_ms,
                                           .interval_ms = view->interval_ms});
  }
}
