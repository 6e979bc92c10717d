/* SPDX-License-Identifier: MIT */
#include "common/analytics/selection.h"

#include <stdio.h>
#include <string.h>

#include "common/base/glob.h"
#include "common/genesys/labels.h"

/* ---- the ids ---- */

enum { IDS_MAX = 200000 };

static enum gc_code add_selected(struct gc_intern *ids,
                                 const struct gc_entities *all,
                                 char *const *selectors,
                                 size_t selector_count) {
  uint32_t number;
  for (size_t i = 0; i < gc_entities_count(all); i++) {
    const struct gc_entry *e = gc_entities_at(all, i);
    if (gc_glob_accepts(selectors, selector_count, e->name, e->id))
      GC_TRY(gc_intern_put(ids, e->id, strlen(e->id), &number));
  }
  if (!gc_entities_is_refused(all))
    return GC_OK;
  for (size_t i = 0; i < selector_count; i++)
    if (strpbrk(selectors[i], "*?[]!\\") == NULL &&
        gc_glob_accepts(selectors, selector_count, NULL, selectors[i]))
      GC_TRY(gc_intern_put(ids, selectors[i], strlen(selectors[i]), &number));
  return GC_OK;
}

/* Keeps the ids of deleted queues and flows: their last windows are read again,
 * and without them the totals would shrink. */
static enum gc_code keep_deleted(struct gc_intern *ids,
                                 const struct gc_intern *before,
                                 const struct gc_entities *all) {
  uint32_t number;
  for (uint32_t i = 0; i < before->count; i++) {
    const char *id = gc_intern_text(before, i);
    if (gc_entities_find(all, id) == NULL)
      GC_TRY(gc_intern_put(ids, id, strlen(id), &number));
  }
  return GC_OK;
}

enum gc_code gc_filter_make(struct gc_filter *f, const struct gc_entities *all,
                            char *const *selectors, size_t selector_count) {
  struct gc_intern ids = {.max = IDS_MAX};
  enum gc_code code = GC_OK;
  if (selector_count > 0) {
    code = add_selected(&ids, all, selectors, selector_count);
    if (code == GC_OK)
      code = keep_deleted(&ids, &f->ids, all);
  }
  if (code != GC_OK) {
    gc_intern_clear(&ids);
    return code;
  }
  gc_intern_clear(&f->ids);
  f->ids = ids;
  f->is_all = selector_count == 0;
  return GC_OK;
}

void gc_filter_clear(struct gc_filter *f) { gc_intern_clear(&f->ids); }

bool gc_filter_is_empty(const struct gc_filter *f) {
  return !f->is_all && f->ids.count == 0;
}

const struct gc_intern *gc_filter_for_request(const struct gc_filter *f) {
  bool selects = !f->is_all && f->is_by_filter;
  return selects && (f->ids.count <= GC_QUERY_FILTER_MAX || !f->is_grouped)
             ? &f->ids
             : NULL;
}

const struct gc_intern *gc_filter_for_answers(const struct gc_filter *f) {
  return f->is_all ? NULL : &f->ids;
}

/* ---- the lists ---- */

static const struct gc_source *source_of(const struct gc_selection *s) {
  return gc_source(s->query->source);
}

/* Returns the list whose names the selectors are compared with, an enum
 * gc_name_kind; -1 without selectors. */
static int chosen_list(const struct gc_selection *s) {
  const char *chosen = source_of(s)->chosen;
  return s->query->chosen.count > 0 && chosen != NULL
             ? gc_dimension_list(gc_dimension_of(chosen))
             : -1;
}

/* Replaces a list under the lock: a read thread may be taking a reference to
 * the old one. */
static void replace_list(struct gc_selection *s, int number,
                         struct gc_entities *entities) {
  struct gc_dimension_name_list *list = &s->names.lists[number], old = *list;
  struct gc_entities *gone =
      old.now != NULL ? gc_labels_of_gone(old.now, entities) : NULL;
  pthread_mutex_lock(&s->lock);
  *list = (struct gc_dimension_name_list){.now = gc_entities_get(entities),
                                          .before = gone};
  pthread_mutex_unlock(&s->lock);
  gc_entities_put(old.now);
  gc_entities_put(old.before);
}

static void on_list(void *ctx, struct gc_entities *entities) {
  struct gc_selection_list *list = ctx;
  struct gc_selection *s = list->owner;
  int number = (int)(list - s->lists);
  s->is_filter_old |= number == chosen_list(s);
  replace_list(s, number, entities);
  s->changed(s->ctx);
}

void gc_selection_init(struct gc_selection *s) {
  const struct gc_query *q = s->query;
  int chosen = chosen_list(s);
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++)
    s->lists[i] =
        (struct gc_selection_list){.owner = s,
                                   .is_needed = i == chosen,
                                   .listener = {.kind = (enum gc_name_kind)i,
                                                .changed = on_list,
                                                .ctx = &s->lists[i]}};
  for (size_t i = 0; i < q->group_by.count; i++) {
    int list = gc_dimension_list(gc_dimension_of(q->group_by.at[i]));
    if (list >= 0)
      s->lists[list].is_needed = true;
  }
  for (size_t i = 0; i < q->metrics.count; i++)
    s->lists[GC_PRESENCE].is_needed |=
        gc_api_metric_is_by_presence(q->metrics.at[i]);
  s->filter = (struct gc_filter){
      .is_by_filter = source_of(s)->takes_filter,
      .is_all = q->chosen.count == 0,
      .is_grouped = source_of(s)->chosen != NULL &&
                    gc_query_place_of(q, source_of(s)->chosen) >= 0};
  s->names.label = (enum gc_query_label)q->label;
  pthread_mutex_init(&s->lock, NULL);
}

void gc_selection_listen(struct gc_selection *s) {
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++)
    if (s->lists[i].is_needed)
      gc_names_listen(s->cache, &s->lists[i].listener);
}

void gc_selection_unlisten(struct gc_selection *s) {
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++)
    gc_names_unlisten(s->cache, &s->lists[i].listener);
}

void gc_selection_clear(struct gc_selection *s) {
  gc_filter_clear(&s->filter);
  gc_idle_selectors_clear(&s->idle_options);
  gc_dimension_name_clear(&s->names);
  pthread_mutex_destroy(&s->lock);
}

static bool has_lists(const struct gc_selection *s) {
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++)
    if (s->lists[i].is_needed && s->names.lists[i].now == NULL)
      return false;
  return true;
}

static void remake_filter(struct gc_selection *s) {
  struct gc_err err = {.code = GC_OK};
  char cause[16];
  const struct gc_source *source = source_of(s);
  const struct gc_strs *chosen = &s->query->chosen;
  const struct gc_entities *list = s->names.lists[chosen_list(s)].now;
  if (gc_filter_make(&s->filter, list, chosen->at, chosen->count) != GC_OK)
    (void)gc_fail(&err, GC_ERR_MEMORY,
                  "selected queues or flows: out of memory");
  else if (gc_filter_is_empty(&s->filter))
    (void)gc_fail(&err, GC_ERR_NOT_FOUND,
                  "no %s matches the %s options of this block", source->noun,
                  source->option);
  snprintf(cause, sizeof(cause), "%ss", source->noun);
  s->notice(s->notice_ctx, cause, &err);
  gc_idle_selectors_report(&s->idle_options, list, chosen, source->option,
                           source->noun, s->notice, s->notice_ctx);
}

bool gc_selection_is_ready(struct gc_selection *s) {
  if (s->is_filter_old)
    remake_filter(s);
  s->is_filter_old = false;
  return has_lists(s) && !gc_filter_is_empty(&s->filter);
}

struct gc_dimension_names gc_selection_hold(struct gc_selection *s) {
  pthread_mutex_lock(&s->lock);
  struct gc_dimension_names n = s->names;
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++) {
    struct gc_entities **all[] = {&n.lists[i].now, &n.lists[i].before};
    for (size_t k = 0; k < GC_COUNT(all); k++)
      if (*all[k] != NULL)
        *all[k] = gc_entities_get(*all[k]);
  }
  pthread_mutex_unlock(&s->lock);
  return n;
}
