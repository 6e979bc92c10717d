/* SPDX-License-Identifier: MIT */
#include "common/analytics/naming.h"

#include <stdio.h>
#include <string.h>

static const struct gc_naming_list *list_of(const struct gc_naming *n,
                                            enum gc_dimension_kind kind) {
  int list = gc_dimension_list(kind);
  return list >= 0 ? &n->lists[list] : NULL;
}

static const struct gc_entry *find(const struct gc_naming_list *list,
                                   const char *id) {
  const struct gc_entry *e =
      list->now != NULL ? gc_entities_find(list->now, id) : NULL;
  return e == NULL && list->before != NULL ? gc_entities_find(list->before, id)
                                           : e;
}

static bool is_refused(const struct gc_naming_list *list) {
  return list->now != NULL && gc_entities_is_refused(list->now);
}

static void clean(char out[GC_NAME_SIZE], const char *text) {
  (void)gc_name_clean(out, text, strlen(text));
}

bool gc_naming_text(const struct gc_naming *n, enum gc_dimension_kind kind,
                    const char *value, char out[GC_NAME_SIZE]) {
  const struct gc_naming_list *list = list_of(n, kind);
  clean(out, value[0] != '\0' ? value : "none");
  if (list == NULL || value[0] == '\0' || n->label == GC_QUERY_LABEL_ID)
    return true;
  const struct gc_entry *e = find(list, value);
  if (e == NULL)
    return is_refused(list);
  char name[GC_NAME_SIZE];
  bool has_name =
      e->name != NULL && gc_name_clean(name, e->name, strlen(e->name));
  if (n->label == GC_QUERY_LABEL_BOTH && has_name)
    gc_label_both(out, e->name, e->id);
  else if (n->label == GC_QUERY_LABEL_NAME)
    snprintf(out, GC_NAME_SIZE, "%s", e->label);
  return true;
}

bool gc_naming_is_missing(const struct gc_naming *n,
                          enum gc_dimension_kind kind, const char *value) {
  const struct gc_naming_list *list = list_of(n, kind);
  return list != NULL && value[0] != '\0' && n->label != GC_QUERY_LABEL_ID &&
         find(list, value) == NULL && !is_refused(list);
}

void gc_naming_clear(struct gc_naming *n) {
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++) {
    gc_entities_put(n->lists[i].now);
    gc_entities_put(n->lists[i].before);
  }
  *n = (struct gc_naming){.label = n->label};
}
