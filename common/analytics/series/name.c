/* SPDX-License-Identifier: MIT */
#include "common/analytics/series/name.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/utf8.h"
#include "common/base/uuid.h"
#include "common/genesys/clean_name.h"

/* ---- spelling ---- */

enum { UUID_FIRST_DASH = 8, UUID_LAST_DASH = 23, HASH_DIGITS = 16 };

/* Returns the character between the words of an ordinary value. It depends on
 * the letters only, which all values of one text have in common. */
static char word_gap(enum gc_dimension_kind kind, const char *text) {
  bool has_capital = false, has_small = false;
  for (const char *c = text; *c != '\0'; c++) {
    has_capital |= (*c >= 'A' && *c <= 'Z') || (*c & 0x80) != 0;
    has_small |= (*c >= 'a' && *c <= 'z') || (*c & 0x80) != 0;
  }
  if (kind != GC_DIMENSION_WORD)
    return '_';
  if (!has_capital)
    return '.';
  return has_small ? ' ' : '_';
}

bool gc_value_is_ordinary(enum gc_dimension_kind kind, const char *value) {
  char text[GC_NAME_SIZE];
  gc_name_fold(text, value);
  char gap = word_gap(kind, text);
  for (char *c = text; *c != '\0'; c++)
    if (*c == '_')
      *c = gap;
  return strcmp(text, value) == 0 && strcmp(text, "none") != 0;
}

bool gc_status_is_ordinary(const char *status) {
  char text[GC_NAME_SIZE];
  (void)gc_name_snake(text, status);
  for (char *c = text; *c != '\0'; c++)
    if (*c >= 'a' && *c <= 'z')
      *c = (char)(*c - 'a' + 'A');
  return strcmp(text, status) == 0;
}

static bool has_uuid(const char *text, size_t from, size_t end) {
  return from + GC_UUID_LEN <= end && gc_is_uuid(text + from, GC_UUID_LEN);
}

/* Returns the end of the part that begins at `at`: the next "-" outside of a
 * UUID, or `end`. */
static size_t find_end(const char *text, size_t at, size_t end) {
  size_t from = at;
  for (;;) {
    at += strcspn(text + at, "-");
    if (at >= end || at < from + UUID_FIRST_DASH ||
        !has_uuid(text, at - UUID_FIRST_DASH, end))
      return at;
    at += GC_UUID_LEN - UUID_FIRST_DASH;
  }
}

/* Returns the beginning of the part that ends at `end`: behind the last "-"
 * outside of a UUID, or 0. */
static size_t find_begin(const char *text, size_t end) {
  size_t at = end;
  for (;;) {
    while (at > 0 && text[at - 1] != '-')
      at--;
    if (at <= UUID_LAST_DASH || !has_uuid(text, at - 1 - UUID_LAST_DASH, end))
      return at;
    at -= 1 + UUID_LAST_DASH;
  }
}

/* True if the text, up to `end`, is a piece of an id: hexadecimal digits, with
 * letters and numerals among them. */
static bool is_piece_of_id(const char *text, size_t from, size_t end) {
  bool has_numeral = false, has_letter = false;
  for (size_t i = from; i < end; i++) {
    if (gc_hex_value(text[i]) < 0)
      return false;
    has_numeral |= gc_is_digit(text[i]);
    has_letter |= !gc_is_digit(text[i]);
  }
  return has_numeral && has_letter;
}

/* Returns the beginning of the last part of the text. Unlike others, it is also
 * several pieces of an id (7fb334b0-0e9e), or a code of the platform
 * (ININ-WRAP-UP-TIMEOUT). */
static size_t find_last(const char *text, size_t end) {
  static const char platform[] = "ININ-";
  for (size_t at = end;
       at > 0 && strchr("-ABCDEFGHIJKLMNOPQRSTUVWXYZ", text[at - 1]) != NULL;
       at--)
    if (strncmp(text + at - 1, platform, strlen(platform)) == 0)
      return at - 1;
  size_t at = find_begin(text, end), stop = end;
  while (at > 0 && is_piece_of_id(text, at, stop)) {
    size_t before = find_begin(text, at - 1);
    if (!is_piece_of_id(text, before, at - 1))
      break;
    stop = at - 1;
    at = before;
  }
  return at;
}

bool gc_parts_are_clear(const char *text, const size_t *begins, size_t count,
                        size_t rest) {
  size_t end = strlen(text);
  for (size_t i = 0; i < rest && i + 1 < count; i++)
    if (find_end(text, begins[i], end) + 1 != begins[i + 1])
      return false;
  for (size_t i = count; i > rest + 1; i--) {
    size_t begin = i == count ? find_last(text, end) : find_begin(text, end);
    if (begin != begins[i - 1])
      return false;
    end = begins[i - 1] - 1;
  }
  return true;
}

bool gc_has_hash(const char *text) {
  size_t len = strlen(text);
  return len > HASH_DIGITS && text[len - HASH_DIGITS - 1] == '~' &&
         strspn(text + len - HASH_DIGITS, "0123456789abcdef") == HASH_DIGITS;
}

/* ---- names ---- */

static const struct gc_dimension_name_list *
list_of(const struct gc_dimension_names *n, enum gc_dimension_kind kind) {
  int list = gc_dimension_list(kind);
  return list >= 0 ? &n->lists[list] : NULL;
}

static const struct gc_entry *
find_entry(const struct gc_dimension_name_list *list, const char *id) {
  const struct gc_entry *e =
      list->now != NULL ? gc_entities_find(list->now, id) : NULL;
  return e == NULL && list->before != NULL ? gc_entities_find(list->before, id)
                                           : e;
}

static bool is_list_refused(const struct gc_dimension_name_list *list) {
  return list->now != NULL && gc_entities_is_refused(list->now);
}

static void clean_text(char out[GC_NAME_SIZE], const char *text) {
  (void)gc_name_clean(out, text, strlen(text));
}

/* Writes the name part for a value; `ret_is_label`: it is the label of a list,
 * which no other id has, instead of the value itself. */
static bool write_text(const struct gc_dimension_names *n,
                       enum gc_dimension_kind kind, const char *value,
                       char out[GC_NAME_SIZE], bool *ret_is_label) {
  const struct gc_dimension_name_list *list = list_of(n, kind);
  bool is_presence = kind == GC_DIMENSION_PRESENCE;
  *ret_is_label = false;
  clean_text(out, value[0] != '\0' ? value : "none");
  if (list == NULL || value[0] == '\0' ||
      (n->label == GC_QUERY_LABEL_ID && !is_presence))
    return true;
  const struct gc_entry *e = find_entry(list, value);
  if (e == NULL)
    return is_presence || is_list_refused(list);
  char name[GC_NAME_SIZE];
  bool has_name =
      e->name != NULL && gc_name_clean(name, e->name, strlen(e->name));
  *ret_is_label = is_presence || n->label == GC_QUERY_LABEL_NAME;
  if (*ret_is_label)
    snprintf(out, GC_NAME_SIZE, "%s", e->label);
  else if (n->label == GC_QUERY_LABEL_BOTH && has_name)
    gc_label_both(out, e->name, e->id);
  return true;
}

/* True if the values of the dimension are shown by their names. */
static bool shows_names(const struct gc_dimension_names *n,
                        enum gc_dimension_kind kind) {
  return gc_dimension_list(kind) >= 0 && n->label != GC_QUERY_LABEL_ID;
}

bool gc_dimension_name_text(const struct gc_dimension_names *n,
                            enum gc_dimension_kind kind, const char *value,
                            char out[GC_NAME_SIZE]) {
  bool is_label;
  return write_text(n, kind, value, out, &is_label);
}

bool gc_dimension_name_is_missing(const struct gc_dimension_names *n,
                                  enum gc_dimension_kind kind,
                                  const char *value) {
  const struct gc_dimension_name_list *list = list_of(n, kind);
  return list != NULL && value[0] != '\0' &&
         (n->label != GC_QUERY_LABEL_ID || kind == GC_DIMENSION_PRESENCE) &&
         find_entry(list, value) == NULL && !is_list_refused(list);
}

void gc_dimension_name_clear(struct gc_dimension_names *n) {
  for (int i = 0; i < GC_NAME_KIND_COUNT; i++) {
    gc_entities_put(n->lists[i].now);
    gc_entities_put(n->lists[i].before);
  }
  *n = (struct gc_dimension_names){.label = n->label};
}

static const struct gc_owner_types types[] = {
#define OF_QUEUE                                                               \
  {                                                                            \
    GC_METRIC_QUEUE_INTERVAL_NUMBER, GC_METRIC_QUEUE_INTERVAL_DURATION,        \
        GC_METRIC_QUEUE_INTERVAL_RATIO, GC_METRIC_QUEUE_INTERVAL_SECONDS,      \
        GC_METRIC_QUEUE_INTERVAL_VALUE, GC_METRIC_QUEUE_METRIC,                \
        GC_METRIC_QUEUE_METRIC_SECONDS                                         \
  }
    [GC_QUERY_OF_QUEUE] = OF_QUEUE,
    [GC_QUERY_OF_USER] = {GC_METRIC_USER_INTERVAL_NUMBER,
                          GC_METRIC_USER_INTERVAL_DURATION,
                          GC_METRIC_USER_INTERVAL_RATIO,
                          GC_METRIC_USER_INTERVAL_SECONDS,
                          GC_METRIC_USER_INTERVAL_VALUE, GC_METRIC_USER_METRIC,
                          GC_METRIC_USER_METRIC_SECONDS},
    [GC_QUERY_OF_FLOW] = {GC_METRIC_FLOW_INTERVAL_NUMBER,
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

/* A series whose identity is being made. */
struct name_writer {
  const struct gc_samples_view *view;
  struct fields f;
  const char *member; /* NULL: none */
  struct gc_identity *id;
  size_t begins[FIELDS_MAX + 1]; /* the parts of the qualifier, offsets */
  size_t count;
  size_t rest;     /* number of the part that may have "-" */
  bool needs_hash; /* another series could have the same qualifier */
};

/* Appends "-TEXT" to the qualifier; an empty text adds nothing. */
static void append_part(struct name_writer *s, const char *text) {
  char *qualifier = s->id->qualifier;
  size_t len = strlen(qualifier);
  if (text[0] == '\0')
    return;
  snprintf(qualifier + len, sizeof(s->id->qualifier) - len, "-%s", text);
  s->begins[s->count++] = len + 1;
}

/* Adds a part; a part without a value is left out. */
static void add_named(struct gc_identity *id, const char *name,
                      const char *text) {
  if (text[0] != '\0')
    (void)gc_parts_add(id->parts, sizeof(id->parts), name, text);
}

static void append_named(struct name_writer *s, const char *name,
                         const char *text) {
  append_part(s, text);
  add_named(s->id, name, text);
}

static void append_qualifier(struct name_writer *s) {
  const char *value = s->f.at[1];
  char text[GC_NAME_SIZE];
  bool is_label;
  if (value[0] == '\0')
    return;
  if (gc_api_metric_is_by_presence(s->f.at[0])) {
    (void)write_text(s->view->dimension_names, GC_DIMENSION_PRESENCE, value,
                     text, &is_label);
    s->needs_hash |=
        !is_label && !gc_value_is_ordinary(GC_DIMENSION_PRESENCE, value);
  } else {
    (void)gc_name_snake(text, value);
    s->needs_hash |= !gc_status_is_ordinary(value);
  }
  append_named(s, "qualifier", text);
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

/* True if the first part after the metric begins like the name of a member that
 * the series does not have: the medium "target". */
static bool is_like_member(const struct name_writer *s) {
  char text[GC_NAME_SIZE];
  if (s->member != NULL || s->count < 2)
    return false;
  const char *part = s->id->qualifier + s->begins[1];
  size_t len = strcspn(part, "-");
  snprintf(text, sizeof(text), "%.*s", (int)len, part);
  return len < sizeof(text) && gc_api_member_has_label(text);
}

/* Appends a hash of the key if another series could have the same qualifier, or
 * if the text is longer than collectd's 127 bytes. */
static void finish_qualifier(struct name_writer *s, const char *key) {
  char mark[24], *qualifier = s->id->qualifier;
  size_t len = strlen(qualifier);
  if (len < GC_NAME_SIZE && !s->needs_hash && !is_like_member(s) &&
      !gc_has_hash(qualifier) &&
      gc_parts_are_clear(qualifier, s->begins, s->count, s->rest))
    return;
  int size = snprintf(mark, sizeof(mark), "~%016" PRIx64,
                      gc_hash_add(GC_HASH_INIT, key, strlen(key)));
  size_t keep = gc_utf8_cut(qualifier, len, GC_NAME_SIZE - 1 - (size_t)size);
  snprintf(qualifier + keep, sizeof(s->id->qualifier) - keep, "%s", mark);
}

/* Sets the kind of the values, from the metric and, where the series is one of
 * its statistics, from that member. */
static void set_kind(const struct gc_api_metric *metric, const char *name,
                     const struct gc_api_member *member,
                     struct gc_identity *id) {
  id->kind = member != NULL ? member->kind
             : name != NULL ? GC_STATS_VALUE
                            : metric->kind;
  bool is_in_ms =
      metric->kind == GC_STATS_DURATION || metric->kind == GC_STATS_SECONDS;
  id->per_second = is_in_ms ? 1000 : 1;
  id->is_time = is_in_ms || metric->kind == GC_STATS_MEAN;
}

/* Begins the qualifier with prefix, metric, the metric's own qualifier, member
 * and medium. */
static void begin_qualifier(struct name_writer *s,
                            const struct gc_api_member *member) {
  const char *prefix =
      s->view->query->prefix != NULL ? s->view->query->prefix : "";
  const char *media = s->f.at[2];
  struct gc_identity *id = s->id;
  char text[GC_NAME_SIZE];
  clean_text(text, s->f.at[0]);
  snprintf(id->qualifier, sizeof(id->qualifier), "%s%s", prefix, text);
  s->begins[s->count++] = strlen(prefix);
  id->parts[0] = '\0';
  add_named(id, "metric", text);
  add_named(id, "prefix", prefix);
  append_qualifier(s);
  if (s->member != NULL && (member == NULL || !member->is_unnamed) &&
      gc_name_snake(text, s->member))
    append_named(s, "member", text);
  clean_text(text, media);
  append_named(s, "media_type", text);
  s->needs_hash |= !gc_value_is_ordinary(GC_DIMENSION_MEDIA, media);
}

/* Appends the values of the group; the owner's is the instance. The first
 * dimension with names may have "-", else the last value. False if the name of
 * one is not known yet. */
static bool append_group(struct name_writer *s, int owner_place) {
  const struct gc_strs *group = &s->view->query->group_by;
  bool has_names = false;
  char text[GC_NAME_SIZE];
  size_t field = 3;
  for (size_t i = 0; i < group->count; i++) {
    enum gc_dimension_kind kind = gc_dimension_of(group->at[i]);
    bool is_label;
    if (kind == GC_DIMENSION_MEDIA)
      continue;
    const char *value = s->f.at[field++];
    if (!write_text(s->view->dimension_names, kind, value, text, &is_label))
      return false;
    add_dimension(s->id, group->at[i], value, text);
    s->needs_hash |= !is_label && !gc_value_is_ordinary(kind, value);
    if ((int)i == owner_place) {
      memcpy(s->id->instance, text, sizeof(text));
      continue;
    }
    append_part(s, text);
    if (!has_names)
      s->rest = s->count - 1;
    has_names |= shows_names(s->view->dimension_names, kind);
  }
  return true;
}

/* True if the parts before the values are not those of all series of the query:
 * the metric and, if its groups have one, the medium. */
static bool has_other_start(const struct name_writer *s, int owner_place) {
  const struct gc_query *q = s->view->query;
  bool is_by_media = gc_query_place_of(q, "mediaType") >= 0;
  size_t values = q->group_by.count - is_by_media - (owner_place >= 0);
  bool has_media = is_by_media || gc_source(q->source)->is_by_media;
  return values > 0 &&
         (s->f.at[1][0] != '\0' || (has_media && s->f.at[2][0] == '\0'));
}

bool gc_identity_make(const struct gc_samples_view *view, const char *key,
                      struct gc_identity *id) {
  const struct gc_query *q = view->query;
  struct name_writer s = {.view = view, .id = id};
  int owner_place;
  enum gc_query_owner owner = gc_query_owner_of(q, &owner_place);
  cut_key(&s.f, key);
  const struct gc_api_metric *metric = gc_api_metric_of(s.f.at[0]);
  s.member = cut_member(&s.f);
  const struct gc_api_member *member =
      s.member != NULL ? gc_api_member_of(s.member) : NULL;
  set_kind(metric, s.member, member, id);
  id->types = &types[q->source == GC_QUERY_FLOWS ? GC_QUERY_OF_FLOW : owner];
  begin_qualifier(&s, member);
  s.rest = s.count - 1;
  if (owner == GC_QUERY_OF_NONE) {
    clean_text(id->instance, view->block);
    add_named(id, "block", id->instance);
  }
  s.needs_hash |= has_other_start(&s, owner_place);
  if (!append_group(&s, owner_place))
    return false;
  finish_qualifier(&s, key);
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
        gc_dimension_name_is_missing(view->dimension_names, *ret_kind, f.at[1]))
      return true;
    for (size_t g = 0; g < q->group_by.count; g++) {
      enum gc_dimension_kind kind = gc_dimension_of(q->group_by.at[g]);
      if (kind == GC_DIMENSION_MEDIA)
        continue;
      *ret_kind = kind;
      if (gc_dimension_name_is_missing(view->dimension_names, kind,
                                       f.at[field++]))
        return true;
    }
  }
  return false;
}
