/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_analytics/naming.h"

#include <stdio.h>
#include <string.h>

static const struct naming_list *list_of(const struct naming *n,
                                         enum dimension_kind kind) {
  return kind == DIMENSION_QUEUE  ? &n->queues
         : kind == DIMENSION_USER ? &n->users
                                  : NULL;
}

static const struct gc_entry *find(const struct naming_list *list,
                                   const char *id) {
  const struct gc_entry *e =
      list->now != NULL ? gc_directory_find(list->now, id) : NULL;
  return e == NULL && list->before != NULL ? gc_directory_find(list->before, id)
                                           : e;
}

static bool is_refused(const struct naming_list *list) {
  return list->now != NULL && gc_directory_is_refused(list->now);
}

static void clean(char out[GC_NAME_ROOM], const char *text) {
  (void)gc_name_clean(out, text, strlen(text));
}

bool naming_text(const struct naming *n, enum dimension_kind kind,
                 const char *value, char out[GC_NAME_ROOM]) {
  const struct naming_list *list = list_of(n, kind);
  clean(out, value[0] != '\0' ? value : "none");
  if (list == NULL || value[0] == '\0' || n->label == QUERY_LABEL_ID)
    return true;
  const struct gc_entry *e = find(list, value);
  if (e == NULL)
    return is_refused(list);
  char name[GC_NAME_ROOM];
  bool has_name =
      e->name != NULL && gc_name_clean(name, e->name, strlen(e->name));
  if (n->label == QUERY_LABEL_BOTH && has_name)
    gc_label_both(out, e->name, e->id);
  else if (n->label == QUERY_LABEL_NAME)
    snprintf(out, GC_NAME_ROOM, "%s", e->label);
  return true;
}

bool naming_is_missing(const struct naming *n, enum dimension_kind kind,
                       const char *value) {
  const struct naming_list *list = list_of(n, kind);
  return list != NULL && value[0] != '\0' && n->label != QUERY_LABEL_ID &&
         find(list, value) == NULL && !is_refused(list);
}

void naming_clear(struct naming *n) {
  gc_directory_put(n->queues.now);
  gc_directory_put(n->queues.before);
  gc_directory_put(n->users.now);
  gc_directory_put(n->users.before);
  *n = (struct naming){.label = n->label};
}
