/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/series.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/genesys/clean_name.h"
#include "common/genesys/labels.h"
#include "plugins/genesys_flowmetrics/events/attribute_name.h"

enum {
  HOST_MAX_BYTES = 256,
  KEY_SIZE = HOST_MAX_BYTES + 2 * ATTRIBUTE_MAX_BYTES + 4,
};

struct series_flow {
  struct gc_labels *metrics;
  struct series_flow *next;
  char name[]; /* the key in by_name */
};

struct series_scope {
  struct gc_labels *flows;
  struct gc_strmap by_name; /* struct series_flow */
  struct series_flow *list;
  size_t count, retired;
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

static struct series_flow *flow_get(struct series_scope *scope,
                                    const char *name) {
  struct series_flow *f = gc_strmap_get(&scope->by_name, name);
  if (f != NULL)
    return f;
  f = calloc(1, sizeof(*f) + strlen(name) + 1);
  if (f == NULL)
    return NULL;
  memcpy(f->name, name, strlen(name) + 1);
  f->metrics = gc_labels_new();
  if (f->metrics == NULL ||
      gc_strmap_put(&scope->by_name, f->name, f) != GC_OK) {
    gc_labels_free(f->metrics);
    free(f);
    return NULL;
  }
  f->next = scope->list;
  scope->list = f;
  return f;
}

/* Writes the key of a series. The length of the flow's name separates it from
 * the metric's name. */
static void make_key(char out[KEY_SIZE], const char *scope, const char *flow,
                     const char *metric) {
  snprintf(out, KEY_SIZE, "%.*s\x1f%zu\x1f%s\x1f%s", HOST_MAX_BYTES, scope,
           strlen(flow), flow, metric);
}

static void series_free(struct series *s) {
  if (s == NULL)
    return;
  free((char *)s->kept.scope);
  free((char *)s->kept.flow);
  free((char *)s->kept.metric);
  free((char *)s->kept.flow_label);
  free((char *)s->kept.metric_label);
  free(s->key);
  free(s->parts);
  free(s);
}

static char *copy_text(const char *text) {
  return text != NULL ? strdup(text) : NULL;
}

static bool copy_names(struct series *s, const struct stored_counter *c,
                       const char *key) {
  s->kept = *c;
  s->kept.scope = copy_text(c->scope);
  s->kept.flow = copy_text(c->flow);
  s->kept.metric = copy_text(c->metric);
  s->kept.flow_label = copy_text(c->flow_label);
  s->kept.metric_label = copy_text(c->metric_label);
  s->key = copy_text(key);
  return s->kept.scope != NULL && s->kept.flow != NULL &&
         s->kept.metric != NULL && s->kept.flow_label != NULL &&
         s->kept.metric_label != NULL && s->key != NULL;
}

static bool grow_set(struct series_set *set) {
  if (set->count < set->cap)
    return true;
  size_t cap = set->cap == 0 ? 64 : set->cap * 2;
  struct series **bigger = realloc(set->at, cap * sizeof(struct series *));
  if (bigger == NULL)
    return false;
  set->at = bigger;
  set->cap = cap;
  return true;
}

static bool is_label_of(const char *label, const char *name) {
  char clean[GC_NAME_SIZE];
  gc_name_or_id(clean, name, name);
  return strcmp(clean, label) == 0;
}

static void note_collision(struct series_set *set, const struct series *s) {
  if (!s->is_collided)
    return;
  set->collisions++;
  set->collided_flow = s->kept.flow_label;
  set->collided_metric = s->kept.metric_label;
}

static enum gc_code add_series(struct series_set *set,
                               struct series_scope *scope,
                               const struct stored_counter *c, const char *key,
                               struct series **ret) {
  struct series *s = calloc(1, sizeof(*s));
  if (s == NULL)
    return GC_ERR_MEMORY;
  s->scope = scope;
  s->state = c->shown ? SERIES_SHOWN : SERIES_NEW;
  if (!copy_names(s, c, key) || !grow_set(set) ||
      gc_strmap_put(&set->by_key, s->key, s) != GC_OK) {
    series_free(s);
    return GC_ERR_MEMORY;
  }
  set->at[set->count++] = s;
  scope->count++;
  s->is_collided = !is_label_of(s->kept.flow_label, s->kept.flow) ||
                   !is_label_of(s->kept.metric_label, s->kept.metric);
  note_collision(set, s);
  *ret = s;
  return GC_OK;
}

/* Returns the label of `name`. A label in use is not given to another name.
 * NULL: out of memory. */
static const char *assign_label(struct gc_labels *labels, const char *name) {
  const struct gc_named named = {name, name};
  const char *has = gc_labels_get(labels, name);
  if (has != NULL)
    return has;
  return gc_labels_assign(labels, &named, 1, NULL, NULL) == GC_OK
             ? gc_labels_get(labels, name)
             : NULL;
}

static enum gc_code load_label(struct gc_labels *labels, const char *name,
                               const char *label) {
  char clean[GC_NAME_SIZE];
  gc_name_or_id(clean, name, name);
  const struct gc_label_row row = {name, clean, label};
  return gc_labels_load(labels, &row);
}

enum gc_code series_load(struct series_set *set,
                         const struct stored_counter *kept) {
  char key[KEY_SIZE];
  struct series *s;
  struct series_scope *scope = scope_get(set, kept->scope);
  struct series_flow *flow = flow_get(scope, kept->flow);
  if (flow == NULL || scope->flows == NULL)
    return GC_ERR_MEMORY;
  GC_TRY(load_label(scope->flows, kept->flow, kept->flow_label));
  GC_TRY(load_label(flow->metrics, kept->metric, kept->metric_label));
  make_key(key, kept->scope, kept->flow, kept->metric);
  return add_series(set, scope, kept, key, &s);
}

enum gc_code series_find(struct series_set *set, const char *scope_name,
                         const char *flow_name, const char *metric, size_t max,
                         struct series **ret) {
  char key[KEY_SIZE];
  make_key(key, scope_name, flow_name, metric);
  *ret = gc_strmap_get(&set->by_key, key);
  if (*ret != NULL)
    return GC_OK;

  struct series_scope *scope = scope_get(set, scope_name);
  if (scope->count >= max || scope->retired / SERIES_RETIRED_MAX >= max)
    return GC_ERR_LIMIT;
  struct series_flow *flow = flow_get(scope, flow_name);
  if (flow == NULL || scope->flows == NULL)
    return GC_ERR_MEMORY;
  const struct stored_counter fresh = {
      .scope = scope_name,
      .flow = flow_name,
      .metric = metric,
      .flow_label = assign_label(scope->flows, flow_name),
      .metric_label = assign_label(flow->metrics, metric),
  };
  return add_series(set, scope, &fresh, key, ret);
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
    GC_ASSERT(s->scope->count > 0 && set->collisions >= s->is_collided);
    s->is_retired = true;
    s->scope->count--;
    s->scope->retired++;
    set->collisions -= s->is_collided;
    retired++;
  }
  return retired;
}

/* Gives a retired series a place again. */
static void take_place(struct series_set *set, struct series *s) {
  GC_ASSERT(s->is_retired && s->scope->retired > 0);
  s->is_retired = false;
  s->scope->retired--;
  s->scope->count++;
  note_collision(set, s);
}

enum gc_code series_revive(struct series_set *set, struct series *s,
                           size_t max) {
  if (!s->is_retired)
    return GC_OK;
  if (s->scope->count >= max)
    return GC_ERR_LIMIT;
  series_apply(s, SERIES_RETURNED);
  s->returned_count = s->kept.count;
  s->returned_sum = s->kept.sum;
  take_place(set, s);
  return GC_OK;
}

static void forget_series(struct series_set *set, struct series *s) {
  if (s->is_retired)
    take_place(set, s);
  series_apply(s, SERIES_FORGOTTEN);
}

void series_forget_scope(struct series_set *set, const char *scope) {
  const struct series_scope *of = scope_find(set, scope);
  for (size_t i = 0; of != NULL && i < set->count; i++)
    if (set->at[i]->scope == of)
      forget_series(set, set->at[i]);
}

void series_make_parts(struct series *s, size_t identities) {
  GC_ASSERT(s->part_count == 0 || s->part_count == identities);
  if (s->part_count > 0)
    return;
  s->parts = gc_zalloc(identities, sizeof(*s->parts));
  s->part_count = identities;
}

size_t series_count_active(const struct series_set *set, const char *scope) {
  const struct series_scope *s = scope_find(set, scope);
  return s != NULL ? s->count : 0;
}

static void scope_free(struct series_scope *s) {
  while (s->list != NULL) {
    struct series_flow *f = s->list;
    s->list = f->next;
    gc_labels_free(f->metrics);
    free(f);
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
  gc_strmap_clear(&set->by_key);
  free(set->at);
  *set = (struct series_set){0};
}
