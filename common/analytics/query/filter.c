/* SPDX-License-Identifier: MIT */
#include "common/analytics/query/filter.h"

#include <string.h>

#include "common/analytics/query/query.h"
#include "common/base/glob.h"

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
