/* SPDX-License-Identifier: MIT */
#include "common/analytics/series_name.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/utf8.h"

static const struct gc_naming_list *list_of(const struct gc_naming *n,
                                            enum gc_dimension_kind kind) {
  int list = gc_dimension_list(kind);
  return list >= 0 ? &n->lists[list] : NULL;
}

static const struct gc_entry *find_entry(const struct gc_naming_list *list,
                                         const char *id) {
  const struct gc_entry *e =
      list->now != NULL ? gc_entities_find(list->now, id) : NULL;
  return e == NULL && list->before != NULL ? gc_entities_find(list->before, id)
                                           : e;
}

static bool is_list_refused(const struct gc_naming_list *list) {
  return list->now != NULL && gc_entities_is_refused(list->now);
}

static void clean_text(char out[GC_NAME_SIZE], const char *text) {
  (void)gc_name_clean(out, text, strlen(text));
}

bool gc_naming_text(const struct gc_naming *n, enum gc_dimension_kind kind,
                    const char *value, char out[GC_NAME_SIZE]) {
  const struct gc_naming_list *list = list_of(n, kind);
  bool is_presence = kind == GC_DIMENSION_PRESENCE;
  clean_text(out, value[0] != '\0' ? value : "none");
  if (list == NULL || value[0] == '\0' ||
      (n->label == GC_QUERY_LABEL_ID && !is_presence))
    return true;
  const struct gc_entry *e = find_entry(list, value);
  if (e == NULL)
    return is_presence || is_list_refused(list);
  if (is_presence) {
    snprintf(out, GC_NAME_SIZE, "%s", e->label);
    return true;
  }
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
  return list != NULL && value[0] != '\0' &&
         (n->label != GC_QUERY_LABEL_ID || kind == GC_DIMENSION_PRESENCE) &&
         find_entry(list, value) == NULL && !is_list_refused(list);
}

void gc_naming_clear(struct gc_naming *n) {
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++) {
    gc_entities_put(n->lists[i].now);
    gc_entities_put(n->lists[i].before);
  }
  *n = (struct gc_naming){.label = n->label};
}

static const struct gc_owner_types types[] = {
#define OF_QUEUE                                                               \
  {                                                                            \
    GC_METRIC_QUEUE_INTERVAL_COUNT, GC_METRIC_QUEUE_INTERVAL_DURATION,         \
        GC_METRIC_QUEUE_INTERVAL_RATIO, GC_METRIC_QUEUE_INTERVAL_SECONDS,      \
        GC_METRIC_QUEUE_INTERVAL_VALUE, GC_METRIC_QUEUE_METRIC,                \
        GC_METRIC_QUEUE_METRIC_SECONDS                                         \
  }
    [GC_QUERY_OF_QUEUE] = OF_QUEUE,
    [GC_QUERY_OF_USER] = {GC_METRIC_USER_INTERVAL_COUNT,
                          GC_METRIC_USER_INTERVAL_DURATION,
                          GC_METRIC_USER_INTERVAL_RATIO,
                          GC_METRIC_USER_INTERVAL_SECONDS,
                          GC_METRIC_USER_INTERVAL_VALUE, GC_METRIC_USER_METRIC,
                          GC_METRIC_USER_METRIC_SECONDS},
    [GC_QUERY_OF_FLOW] = {GC_METRIC_FLOW_INTERVAL_COUNT,
                          GC_METRIC_FLOW_INTERVAL_DURATION,
                          GC_METRIC_FLOW_INTERVAL_RATIO,
                          GC_METRIC_FLOW_INTERVAL_SECONDS,
                          GC_METRIC_FLOW_INTERVAL_VALUE,
                          GC_METRIC_FLOW_AGGREGATE,
                          GC_METRIC_FLOW_AGGREGATE_SECONDS},
    [GC_QUERY_OF_NONE] = OF_QUEUE,
};

enum { FIELDS_MAX = 3 + GC_QUERY_DIMS_MAX };

/* The fields of a series' key. */
struct fields {
  char text[GC_SERIES_KEY_SIZE];
  const char *at[FIELDS_MAX]; /* metric, qualifier, media, values */
};

static void cut_key(struct fields *f, const char *key) {
  size_t count = 1;
  snprintf(f->text, sizeof(f->text), "%s", key);
  f->at[0] = f->text;
  for (char *c = f->text; *c != '\0' && count < FIELDS_MAX; c++)
    if (*c == GC_SERIES_SEP) {
      *c = '\0';
      f->at[count++] = c + 1;
    }
  while (count < FIELDS_MAX)
    f->at[count++] = "";
}

/* Cuts the member's name off the end of the qualifier; NULL: there is none. */
static const char *cut_member(struct fields *f) {
  char *at = strchr(f->text + (f->at[1] - f->text), GC_SERIES_MEMBER);
  if (at == NULL)
    return NULL;
  *at = '\0';
  return at + 1;
}

/* Appends "-TEXT" to the qualifier; an empty text adds nothing. */
static void append_part(struct gc_identity *id, const char *text) {
  size_t len = strlen(id->qualifier);
  if (text[0] != '\0')
    snprintf(id->qualifier + len, sizeof(id->qualifier) - len, "-%s", text);
}

/* Adds a part; a part without a value is left out. */
static void add_named(struct gc_identity *id, const char *name,
                      const char *text) {
  if (text[0] != '\0')
    (void)gc_parts_add(id->parts, sizeof(id->parts), name, text);
}

static void append_named(struct gc_identity *id, const char *name,
                         const char *text) {
  append_part(id, text);
  add_named(id, name, text);
}

static void append_qualifier(const struct gc_samples_view *view,
                             const struct fields *f, struct gc_identity *id) {
  char text[GC_NAME_SIZE];
  if (f->at[1][0] == '\0')
    return;
  if (gc_api_metric_is_by_presence(f->at[0])) {
    if (gc_naming_text(view->naming, GC_DIMENSION_PRESENCE, f->at[1], text))
      append_named(id, "qualifier", text);
  } else if (gc_name_snake(text, f->at[1])) {
    append_named(id, "qualifier", text);
  }
}

/* Adds the value of a dimension under its name: wrap_up_code=…. A dimension
 * with names has two parts: queue_id=…, queue_name=…. A value that the group
 * does not have is no part, so it differs from the text "none". */
static void add_dimension(struct gc_identity *id, const char *dimension,
                          const char *value, const char *text) {
  char name[GC_NAME_SIZE];
  if (value[0] == '\0' || !gc_name_snake(name, dimension))
    return;
  if (gc_dimension_list(gc_dimension_of(dimension)) < 0) {
    add_named(id, name, text);
    return;
  }
  add_named(id, name, value);
  size_t stem = strlen(name) - strlen("id");
  snprintf(name + stem, sizeof(name) - stem, "name");
  add_named(id, name, text);
}

/* True if the value's text is "none", which also stands for a missing one. */
static bool is_like_missing(const char *value, const char *text) {
  return value[0] != '\0' && strcmp(text, "none") == 0;
}

/* Appends a hash of the key if two series could have the same qualifier: if a
 * value is_like_missing, or if the text is longer than collectd's 127 bytes. */
static void finish_qualifier(struct gc_identity *id, const char *key,
                             bool needs_key) {
  char mark[24];
  size_t len = strlen(id->qualifier);
  if (!needs_key && len < GC_NAME_SIZE)
    return;
  int size = snprintf(mark, sizeof(mark), "~%016" PRIx64,
                      gc_hash_add(GC_HASH_INIT, key, strlen(key)));
  size_t keep =
      gc_utf8_cut(id->qualifier, len, GC_NAME_SIZE - 1 - (size_t)size);
  snprintf(id->qualifier + keep, sizeof(id->qualifier) - keep, "%s", mark);
}

/* Sets the kind of the values, from the metric and, where the series is one of
 * its statistics, from that member. */
static void set_kind(const struct gc_api_metric *metric, const char *name,
                     const struct gc_api_member *member,
                     struct gc_identity *id) {
  id->kind = member != NULL ? member->kind
             : name != NULL ? GC_STATS_VALUE
                            : metric->kind;
  id->per_second = metric->per_second;
  id->is_time = metric->kind == GC_STATS_DURATION ||
                metric->kind == GC_STATS_SECONDS ||
                metric->kind == GC_STATS_MEAN;
}

/* Begins the qualifier with prefix, metric, the metric's own qualifier, member
 * and medium. */
static void begin_qualifier(const struct gc_samples_view *view,
                            const struct fields *f, const char *name,
                            const struct gc_api_member *member,
                            struct gc_identity *id) {
  const char *prefix = view->prefix != NULL ? view->prefix : "";
  char text[GC_NAME_SIZE];
  (void)gc_name_clean(text, f->at[0], strlen(f->at[0]));
  snprintf(id->qualifier, sizeof(id->qualifier), "%s%s", prefix, text);
  id->parts[0] = '\0';
  add_named(id, "metric", text);
  add_named(id, "prefix", prefix);
  append_qualifier(view, f, id);
  if (name != NULL && (member == NULL || !member->is_unnamed) &&
      gc_name_snake(text, name))
    append_named(id, "member", text);
  (void)gc_name_clean(text, f->at[2], strlen(f->at[2]));
  append_named(id, "media_type", text);
}

/* Appends the values of the group; the owner's is the instance. False if the
 * name of one is not known yet. */
static bool append_group(const struct gc_samples_view *view,
                         const struct fields *f, int owner_place,
                         struct gc_identity *id, bool *ret_needs_key) {
  const struct gc_strs *group = &view->query->group_by;
  char text[GC_NAME_SIZE];
  size_t field = 3;
  *ret_needs_key = false;
  for (size_t i = 0; i < group->count; i++) {
    enum gc_dimension_kind kind = gc_dimension_of(group->at[i]);
    if (kind == GC_DIMENSION_MEDIA)
      continue;
    const char *value = f->at[field++];
    if (!gc_naming_text(view->naming, kind, value, text))
      return false;
    add_dimension(id, group->at[i], value, text);
    if ((int)i == owner_place)
      memcpy(id->instance, text, sizeof(text));
    else {
      append_part(id, text);
      *ret_needs_key |= is_like_missing(value, text);
    }
  }
  return true;
}

bool gc_identity_make(const struct gc_samples_view *view, const char *key,
                      struct gc_identity *id) {
  const struct gc_query *q = view->query;
  struct fields f;
  int owner_place;
  bool needs_key;
  enum gc_query_owner owner = gc_query_owner_of(q, &owner_place);
  cut_key(&f, key);
  const struct gc_api_metric *metric = gc_api_metric_of(f.at[0]);
  const char *name = cut_member(&f);
  const struct gc_api_member *member =
      name != NULL ? gc_api_member_of(name) : NULL;
  set_kind(metric, name, member, id);
  id->types = &types[q->source == GC_QUERY_FLOWS ? GC_QUERY_OF_FLOW : owner];
  begin_qualifier(view, &f, name, member, id);
  if (owner == GC_QUERY_OF_NONE) {
    (void)gc_name_clean(id->instance, view->block, strlen(view->block));
    add_named(id, "block", id->instance);
  }
  if (!append_group(view, &f, owner_place, id, &needs_key))
    return false;
  finish_qualifier(id, key, needs_key);
  return true;
}

bool gc_series_lacks_names(const struct gc_samples_view *view,
                           const struct gc_series_set *series, uint32_t from,
                           enum gc_dimension_kind *ret_kind) {
  const struct gc_query *q = view->query;
  for (uint32_t i = from; i < series->keys.count; i++) {
    struct fields f;
    size_t field = 3;
    cut_key(&f, gc_intern_text(&series->keys, i));
    (void)cut_member(&f);
    *ret_kind = GC_DIMENSION_PRESENCE;
    if (gc_api_metric_is_by_presence(f.at[0]) &&
        gc_naming_is_missing(view->naming, *ret_kind, f.at[1]))
      return true;
    for (size_t g = 0; g < q->group_by.count; g++) {
      enum gc_dimension_kind kind = gc_dimension_of(q->group_by.at[g]);
      if (kind == GC_DIMENSION_MEDIA)
        continue;
      *ret_kind = kind;
      if (gc_naming_is_missing(view->naming, kind, f.at[field++]))
        return true;
    }
  }
  return false;
}
