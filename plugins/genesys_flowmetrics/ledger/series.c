/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/series.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/genesys/clean_name.h"
#include "common/genesys/labels.h"

struct series_flow {
  struct gc_labels *metrics;
  struct gc_strmap by_metric; /* struct series */
  struct series_flow *next;
  char name[]; /* the key in by_name */
};

struct series_scope {
  struct gc_labels *flows;
  struct gc_strmap by_name; /* struct series_flow */
  struct series_flow *list;
  size_t count, retired, renamed;
  struct series_scope *next;
  char name[];
};

static struct series_scope *scope_find(const struct series_set *set,
                                       const char *name) {
  struct series_scope *s = set->scopes;
  while (s != NULL && strcmp(s->name, name) != 0)
    s = s->next;
  return s;
}

static struct series_scope *scope_get(struct series_set *set,
                                      const char *name) {
  struct series_scope *s = scope_find(set, name);
  if (s != NULL)
    return s;
  s = gc_zalloc(1, sizeof(*s) + strlen(name) + 1);
  memcpy(s->name, name, strlen(name) + 1);
  s->flows = gc_labels_new();
  s->next = set->scopes;
  set->scopes = s;
  return s;
}

static void flow_free(struct series_flow *f) {
  gc_labels_free(f->metrics);
  gc_strmap_clear(&f->by_metric);
  free(f);
}

static struct series_flow *flow_get(struct series_scope *scope,
                                    const char *name) {
  struct series_flow *f = gc_strmap_get(&scope->by_name, name);
  if (f != NULL)
    return f;
  f = gc_zalloc(1, sizeof(*f) + strlen(name) + 1);
  memcpy(f->name, name, strlen(name) + 1);
  f->metrics = gc_labels_new();
  gc_strmap_put(&scope->by_name, f->name, f);
  f->next = scope->list;
  scope->list = f;
  return f;
}

static void series_free(struct series *s) {
  free((char *)s->kept.flow_label);
  free((char *)s->kept.metric_label);
  free(s->parts);
  free(s);
}

static bool is_label_of(const char *label, const char *name) {
  char clean[GC_NAME_SIZE];
  gc_name_or_id(clean, name, name);
  return strcmp(clean, label) == 0;
}

/* Adds the series to those that are not retired. */
static void take_place(struct series_set *set, struct series *s) {
  s->scope->count++;
  s->scope->renamed += s->is_renamed;
  set->renamed += s->is_renamed;
  if (s->is_renamed)
    set->newest_renamed = s;
}

static void leave_place(struct series_set *set, struct series *s) {
  GC_ASSERT(s->scope->count > 0 && s->scope->renamed >= s->is_renamed);
  s->scope->count--;
  s->scope->renamed -= s->is_renamed;
  set->renamed -= s->is_renamed;
}

/* Adds a series with the names of scope and flow, and the others of `c`. */
static struct series *add_series(struct series_set *set,
                                 struct series_scope *scope,
                                 struct series_flow *flow,
                                 const struct stored_counter *c) {
  struct series *s = gc_zalloc(1, sizeof(*s) + strlen(c->metric) + 1);
  memcpy(s->metric, c->metric, strlen(c->metric) + 1);
  s->scope = scope;
  s->state = c->shown ? SERIES_SHOWN : SERIES_NEW;
  s->kept = *c;
  s->kept.scope = scope->name;
  s->kept.flow = flow->name;
  s->kept.metric = s->metric;
  s->kept.flow_label = gc_strdup(c->flow_label);
  s->kept.metric_label = gc_strdup(c->metric_label);
  gc_strmap_put(&flow->by_metric, s->metric, s);
  if (set->count == set->cap) {
    set->cap = set->cap == 0 ? 64 : set->cap * 2;
    set->at = gc_resize(set->at, set->cap, sizeof(struct series *));
  }
  set->at[set->count++] = s;
  s->is_renamed = !is_label_of(s->kept.flow_label, s->kept.flow) ||
                  !is_label_of(s->kept.metric_label, s->kept.metric);
  take_place(set, s);
  return s;
}

/* Returns the label of `name`. A label in use is not given to another name. */
static const char *assign_label(struct gc_labels *labels, const char *name) {
  const struct gc_named named = {name, name};
  const char *has = gc_labels_get(labels, name);
  if (has != NULL)
    return has;
  gc_labels_assign(labels, &named, 1, NULL, NULL);
  return gc_labels_get(labels, name);
}

static void load_label(struct gc_labels *labels, const char *name,
                       const char *label) {
  char clean[GC_NAME_SIZE];
  gc_name_or_id(clean, name, name);
  const struct gc_label_row row = {name, clean, label};
  gc_labels_load(labels, &row);
}

enum gc_code series_load(struct series_set *set,
                         const struct stored_counter *kept) {
  struct series_scope *scope = scope_get(set, kept->scope);
  struct series_flow *flow = flow_get(scope, kept->flow);
  load_label(scope->flows, kept->flow, kept->flow_label);
  load_label(flow->metrics, kept->metric, kept->metric_label);
  add_series(set, scope, flow, kept);
  return GC_OK;
}

enum gc_code series_find(struct series_set *set, const char *scope_name,
                         const char *flow_name, const char *metric, size_t max,
                         struct series **ret) {
  struct series_scope *scope = scope_get(set, scope_name);
  struct series_flow *flow = gc_strmap_get(&scope->by_name, flow_name);
  *ret = flow != NULL ? gc_strmap_get(&flow->by_metric, metric) : NULL;
  if (*ret != NULL)
    return GC_OK;
  if (scope->count >= max || scope->retired / SERIES_RETIRED_MAX >= max)
    return GC_ERR_LIMIT;
  flow = flow_get(scope, flow_name);
  const struct stored_counter fresh = {
      .metric = metric,
      .flow_label = assign_label(scope->flows, flow_name),
      .metric_label = assign_label(flow->metrics, metric),
  };
  *ret = add_series(set, scope, flow, &fresh);
  return GC_OK;
}

/* Returns the next state; the same one if the event changes nothing. */
static enum series_state next_state(const struct series *s,
                                    enum series_event event) {
  enum series_state state = s->state;
  bool is_returned = state == SERIES_NEW && s->kept.shown;
  GC_ASSERT(state >= SERIES_NEW && state <= SERIES_SHOWN);
  switch (event) {
  case SERIES_SENT:
    if (state != SERIES_NEW)
      return state;
    return is_returned ? SERIES_SHOWN : SERIES_FIRST_SENT;
  case SERIES_WRITE:
    return state == SERIES_FIRST_SENT ? SERIES_FIRST_WRITING : state;
  case SERIES_COMMIT:
    return state == SERIES_FIRST_WRITING ? SERIES_SHOWN : state;
  case SERIES_ROLL_BACK:
    return state == SERIES_FIRST_WRITING ? SERIES_FIRST_SENT : state;
  case SERIES_RECORDED:
    return is_returned ? state : SERIES_SHOWN;
  case SERIES_RETURNED:
    return state == SERIES_SHOWN ? SERIES_NEW : state;
  case SERIES_FORGOTTEN:
    return s->kept.shown ? SERIES_SHOWN : SERIES_NEW;
  }
  return state;
}

void series_apply(struct series *s, enum series_event event) {
  s->state = next_state(s, event);
  s->kept.shown = s->kept.shown || s->state == SERIES_SHOWN;
}

size_t series_retire_idle(struct series_set *set, uint32_t before_minute) {
  size_t retired = 0;
  for (size_t i = 0; i < set->count; i++) {
    struct series *s = set->at[i];
    uint32_t last = s->kept.last_minute;
    if (s->is_retired || last == 0 || last >= before_minute)
      continue;
    s->is_retired = true;
    leave_place(set, s);
    s->scope->retired++;
    retired++;
  }
  return retired;
}

/* Gives a retired series a place again. */
static void return_place(struct series_set *set, struct series *s) {
  GC_ASSERT(s->is_retired && s->scope->retired > 0);
  s->is_retired = false;
  s->scope->retired--;
  take_place(set, s);
}

enum gc_code series_revive(struct series_set *set, struct series *s,
                           size_t max) {
  if (!s->is_retired)
    return GC_OK;
  if (s->scope->count >= max)
    return GC_ERR_LIMIT;
  series_apply(s, SERIES_RETURNED);
  s->returned = (struct series_value){s->kept.count, s->kept.sum, true};
  return_place(set, s);
  return GC_OK;
}

void series_forget_scope(struct series_set *set, const char *scope) {
  const struct series_scope *of = scope_find(set, scope);
  for (size_t i = 0; of != NULL && i < set->count; i++) {
    struct series *s = set->at[i];
    if (s->scope != of)
      continue;
    if (s->is_retired)
      return_place(set, s);
    series_apply(s, SERIES_FORGOTTEN);
  }
}

void series_make_parts(struct series *s, size_t identities) {
  GC_ASSERT(s->part_count == 0 || s->part_count == identities);
  if (s->part_count > 0)
    return;
  s->parts = gc_zalloc(identities, sizeof(*s->parts));
  s->part_count = identities;
}

size_t series_count_active(const struct series_set *set, const char *scope,
                           size_t *ret_renamed) {
  const struct series_scope *s = scope_find(set, scope);
  if (ret_renamed != NULL)
    *ret_renamed = s != NULL ? s->renamed : 0;
  return s != NULL ? s->count : 0;
}

static void scope_free(struct series_scope *s) {
  while (s->list != NULL) {
    struct series_flow *f = s->list;
    s->list = f->next;
    flow_free(f);
  }
  gc_strmap_clear(&s->by_name);
  gc_labels_free(s->flows);
  free(s);
}

void series_clear(struct series_set *set) {
  for (size_t i = 0; i < set->count; i++)
    series_free(set->at[i]);
  while (set->scopes != NULL) {
    struct series_scope *s = set->scopes;
    set->scopes = s->next;
    scope_free(s);
  }
  free(set->at);
  *set = (struct series_set){0};
}
