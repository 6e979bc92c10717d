/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/lines/points.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/assert.h"
#include "common/base/hash.h"
#include "common/base/utf8.h"
#include "common/export/series.h"

enum {
  HEAD_MAX = 16 * 1024,
  TAGS_MAX = 64,
  SLOTS_MIN = 256,
  EXAMPLE_SIZE = 160
};

struct series {
  struct series *next; /* in the same slot */
  uint64_t hash;
  size_t key_len;
  char *key;
  bool has_value; /* since the last aging */
  unsigned count;
  unsigned ambiguous; /* points whose name another identity has */
  struct influx_point points[];
};

/* Which identity of collectd has which name in the database. Two identities get
 * one name if they differ only in characters that lines cannot express, such as
 * "M\xfcller" and "M\xf6ller": their values would replace each other. Holds
 * hashes alone, 16 bytes a name. */
struct owners {
  struct owner {
    uint64_t name, identity; /* name 0: free */
  } * at;
  size_t room, count; /* room: a power of two */
};

struct influx_points {
  const struct gc_strs *tags;
  struct series **slots; /* `room` of them, a power of two */
  size_t room, count, max;
  struct owners owners;
  uint64_t aged_ms;   /* the last aging; 0: none yet */
  uint64_t ambiguous; /* values */
  char example[EXAMPLE_SIZE];
  struct gc_export_series made; /* scratch */
  struct gc_buf head;
};

/* ---- names and their owners ---- */

/* Returns the place of a name: its own, or a free one. */
static struct owner *place_of(const struct owners *o, uint64_t name) {
  size_t at = gc_hash_fold(name) & (o->room - 1);
  while (o->at[at].name != 0 && o->at[at].name != name)
    at = (at + 1) & (o->room - 1);
  return &o->at[at];
}

/* Keeps half of the places free. */
static void grow_places(struct owners *o) {
  struct owners more = {.room = o->room > 0 ? o->room * 2 : SLOTS_MIN,
                        .count = o->count};
  if (o->count * 2 < o->room)
    return;
  more.at = gc_zalloc(more.room, sizeof(*more.at));
  for (size_t i = 0; i < o->room; i++)
    if (o->at[i].name != 0)
      *place_of(&more, o->at[i].name) = o->at[i];
  free(o->at);
  *o = more;
}

/* Gives the name of a point to its identity. Returns true if another identity
 * has the name. */
static bool is_ambiguous(struct owners *o, const struct influx_point *point) {
  grow_places(o);
  struct owner *place = place_of(o, point->name);
  if (place->name == 0) {
    *place = (struct owner){point->name, point->identity};
    o->count++;
  }
  return place->identity != point->identity;
}

static void forget_owners(struct owners *o) {
  free(o->at);
  *o = (struct owners){.at = NULL};
}

/* ---- the life of a series ---- */

static void series_free(struct series *s) {
  for (unsigned i = 0; i < s->count; i++) {
    free(s->points[i].head);
    free(s->points[i].field);
  }
  free(s->key);
  free(s);
}

/* Gives the names of the series that stays to it. */
static void keep_series(struct influx_points *p, struct series *s) {
  s->has_value = false;
  s->ambiguous = 0;
  for (unsigned i = 0; i < s->count; i++)
    s->ambiguous += is_ambiguous(&p->owners, &s->points[i]);
}

/* Drops the series without a value since the call before. */
static void drop_unused(struct influx_points *p) {
  forget_owners(&p->owners);
  for (size_t i = 0; i < p->room; i++)
    for (struct series **at = &p->slots[i]; *at != NULL;) {
      struct series *s = *at;
      if (s->has_value) {
        keep_series(p, s);
        at = &s->next;
        continue;
      }
      *at = s->next;
      series_free(s);
      p->count--;
    }
}

static void drop_all(struct influx_points *p) {
  drop_unused(p);
  drop_unused(p);
  GC_ASSERT(p->count == 0);
}

void influx_points_age(struct influx_points *p, uint64_t now_ms) {
  if (p->aged_ms == 0)
    p->aged_ms = now_ms;
  if (now_ms - p->aged_ms < INFLUX_AGE_MS)
    return;
  p->aged_ms = now_ms;
  drop_unused(p);
}

struct influx_points *influx_points_new(const struct gc_strs *tags,
                                        size_t series_max) {
  struct influx_points *p = gc_zalloc(1, sizeof(*p));
  p->tags = tags;
  p->max = series_max;
  p->head.max = HEAD_MAX;
  p->room = SLOTS_MIN;
  p->slots = gc_zalloc(p->room, sizeof(*p->slots));
  return p;
}

void influx_points_free(struct influx_points *p) {
  if (p == NULL)
    return;
  drop_all(p);
  forget_owners(&p->owners);
  gc_buf_clear(&p->head);
  free(p->slots);
  free(p);
}

/* ---- tags ---- */

struct tag {
  const char *key, *value;
};

struct tags {
  struct tag at[TAGS_MAX];
  size_t count;
};

/* Adds a tag unless its key is there: databases refuse a line with two tags of
 * one key. */
static void add_tag(struct tags *t, const char *key, const char *value) {
  for (size_t i = 0; i < t->count; i++)
    if (strcmp(t->at[i].key, key) == 0)
      return;
  if (t->count < TAGS_MAX)
    t->at[t->count++] = (struct tag){key, value};
}

static void add_option_tags(struct tags *t, const struct gc_strs *options) {
  for (size_t i = 0; i + 1 < options->count; i += 2)
    add_tag(t, options->at[i], options->at[i + 1]);
}

static int compare_tags(const void *a, const void *b) {
  return strcmp(((const struct tag *)a)->key, ((const struct tag *)b)->key);
}

static enum gc_code write_head(struct gc_buf *out, const char *measurement,
                               const struct tags *tags) {
  gc_buf_reset(out);
  GC_TRY(influx_line_name(out, measurement));
  for (size_t i = 0; i < tags->count; i++)
    GC_TRY(influx_line_tag(out, tags->at[i].key, tags->at[i].value));
  return GC_OK;
}

/* ---- the names of one data source ---- */

/* The texts of a sample's key. */
struct identity {
  const char *host, *plugin, *instance, *type, *type_instance;
};

static const char *text_behind(const char *text) {
  return text + strlen(text) + 1;
}

static struct identity identity_of(const char *key) {
  struct identity id = {.host = key};
  id.plugin = text_behind(id.host);
  id.instance = text_behind(id.plugin);
  id.type = text_behind(id.instance);
  id.type_instance = text_behind(id.type);
  return id;
}

/* ---- the rows of two published guides ---- */

/* The guides write queue figures under their own names, which dashboards use:
 *
 *   genesys_queue,queueId=Q,env=E answered=3i,abandoned=1i,offered=4i,
 *                                 waitTime=12.50 TS
 *   queue_metrics,queue_id=Q,queue_name=N,source=S,environment=E queued_avg=3i,
 *                 queued_min=1i,queued_max=5i,waiting_avg=2i,
 *                 agentAvailable_avg=4i,agentBusy_avg=2i TS
 *
 * Tags that do not depend on the value (env, source) are options of the writer.
 * The second guide polls its own dialect: a value of the official observations
 * has the same type, but not this row, since the row rounds averages. */
enum { GUIDE_TAGS = 2 };

struct guide_row {
  enum gc_metric_id metric;
  bool is_dialect;          /* only of a block of the guide dialect */
  const char *source;       /* the data source */
  const char *label, *word; /* the value of one of its labels */
  const char *measurement, *field;
  enum influx_number kind;
  struct {
    const char *name;  /* "queueId"; NULL: none */
    const char *label; /* of the series: "queue_id" */
    bool is_word;      /* everything outside [A-Za-z0-9_-] becomes `_` */
  } tags[GUIDE_TAGS];
};

#define ANALYTICS(type, member, text)                                          \
  {                                                                            \
    .metric = GC_METRIC_QUEUE_INTERVAL_##type, .source = "value",              \
    .label = "metric", .word = (member), .measurement = "genesys_queue",       \
    .field = (member), .kind = INFLUX_##text, .tags = {                        \
      {"queueId", "queue_id", false}                                           \
    }                                                                          \
  }
#define WINDOW(type, member, name, value, text)                                \
  {                                                                            \
    .metric = GC_METRIC_QUEUE_##type##_WINDOW, .is_dialect = true,             \
    .source = (member), .label = (name), .word = (value),                      \
    .measurement = "queue_metrics", .field = (text), .kind = INFLUX_ROUNDED,   \
    .tags = {                                                                  \
      {"queue_id", "queue_id", false},                                         \
      {"queue_name", "queue_name", true}                                       \
    }                                                                          \
  }

static const struct guide_row guide_rows[] = {
    ANALYTICS(NUMBER, "answered", ROUNDED),
    ANALYTICS(NUMBER, "abandoned", ROUNDED),
    ANALYTICS(NUMBER, "offered", ROUNDED),
    ANALYTICS(SECONDS, "waitTime", DECIMALS),
    WINDOW(DEPTH, "average", "media_type", "all", "queued_avg"),
    WINDOW(DEPTH, "min", "media_type", "all", "queued_min"),
    WINDOW(DEPTH, "max", "media_type", "all", "queued_max"),
    WINDOW(WAITING, "average", "media_type", "all", "waiting_avg"),
    WINDOW(AGENTS, "average", "status", "available", "agentAvailable_avg"),
    WINDOW(AGENTS, "average", "status", "busy", "agentBusy_avg"),
};

bool influx_guide_name(enum gc_metric_id metric, const char *source, size_t n,
                       const char **ret_measurement, const char **ret_field) {
  for (size_t i = 0; i < GC_COUNT(guide_rows); i++) {
    const struct guide_row *row = &guide_rows[i];
    if (row->metric != metric || strcmp(row->source, source) != 0 || n-- > 0)
      continue;
    *ret_measurement = row->measurement;
    *ret_field = row->field;
    return true;
  }
  return false;
}

/* Returns the row of a value; NULL when no guide has it. A query with an
 * InstancePrefix has none: another query of the same queue has it, and the row
 * has no tag that would tell the two apart. */
static const struct guide_row *
find_guide_row(const struct gc_export_series *s) {
  if (gc_export_label(s, "prefix") != NULL)
    return NULL;
  for (size_t i = 0; i < GC_COUNT(guide_rows); i++) {
    const struct guide_row *row = &guide_rows[i];
    if (row->metric != s->metric || strcmp(row->source, s->field) != 0 ||
        (row->is_dialect && !s->is_guide))
      continue;
    const char *value = gc_export_label(s, row->label);
    if (value != NULL && strcmp(value, row->word) == 0)
      return row;
  }
  return NULL;
}

/* Writes one "_" for each character that the guide does not allow. */
static void clean_word(char *word) {
  char *to = word;
  for (const char *at = word; *at != '\0'; at++) {
    bool is_plain =
        gc_is_letter(*at) || gc_is_digit(*at) || *at == '_' || *at == '-';
    bool is_rest =
        ((unsigned char)*at & 0xc0) == 0x80; /* rest of a character */
    if (!is_rest)
      *to++ = is_plain ? *at : '_';
  }
  *to = '\0';
}

/* Writes the row of a guide: the guide's tags in the guide's order. */
static enum gc_code write_guide(struct influx_points *p,
                                const struct guide_row *row) {
  char words[GUIDE_TAGS][256];
  struct tags tags = {.count = 0};
  for (size_t i = 0; i < GUIDE_TAGS; i++) {
    const char *name = row->tags[i].name;
    const char *value =
        name != NULL ? gc_export_label(&p->made, row->tags[i].label) : NULL;
    if (value == NULL)
      continue;
    size_t len = strnlen(value, sizeof(words[i]) - 1);
    memcpy(words[i], value, len);
    words[i][len] = '\0';
    if (row->tags[i].is_word)
      clean_word(words[i]);
    add_tag(&tags, name, words[i]);
  }
  add_option_tags(&tags, p->tags);
  return write_head(&p->head, row->measurement, &tags);
}

/* Writes the tags sorted by key, which InfluxDB advises for speed. */
static enum gc_code write_other(struct influx_points *p,
                                const struct identity *id) {
  struct tags tags = {.count = 0};
  add_tag(&tags, "host", id->host);
  add_tag(&tags, "plugin", id->plugin);
  add_tag(&tags, "instance", id->instance);
  add_tag(&tags, "type", id->type);
  add_tag(&tags, "type_instance", id->type_instance);
  for (size_t i = 0;
       p->made.metric != GC_METRIC_COUNT && i < p->made.label_count; i++)
    add_tag(&tags, p->made.labels[i].name, p->made.labels[i].value);
  add_option_tags(&tags, p->tags);
  qsort(tags.at, tags.count, sizeof(tags.at[0]), compare_tags);
  return write_head(&p->head, p->made.measurement, &tags);
}

/* Sets the hashes of a point. A row of a guide belongs to the host, which
 * stands for the account: the row has no host, and a queue keeps its row when
 * it is renamed. */
static void set_hashes(struct influx_point *point, const char *key,
                       const char *source, bool is_guide) {
  struct identity id = identity_of(key);
  size_t id_size = (size_t)(text_behind(id.type_instance) - key);
  uint64_t name = gc_hash(point->head, point->head_len + 1);
  point->name = gc_hash_add(name, point->field, strlen(point->field));
  point->identity = gc_hash(key, is_guide ? strlen(id.host) + 1 : id_size);
  point->identity = gc_hash_add(point->identity, source, strlen(source));
}

static enum gc_code make_point(struct influx_points *p,
                               const struct influx_sample *sample,
                               const struct influx_source *source,
                               struct influx_point *point) {
  struct identity id = identity_of(sample->key);
  struct gc_export_identity named = {.host = id.host,
                                     .plugin = id.plugin,
                                     .plugin_instance = id.instance,
                                     .type = id.type,
                                     .type_instance = id.type_instance,
                                     .source = source->name,
                                     .is_only_source = sample->count == 1,
                                     .is_counter = source->kind != INFLUX_REAL,
                                     .parts = sample->parts};
  if (!gc_export_series_make(&named, &p->made))
    return GC_ERR_LIMIT;
  const struct guide_row *row = find_guide_row(&p->made);
  /* Without the id the rows of all queues would be one row. */
  bool is_guide = row != NULL && source->kind == INFLUX_REAL &&
                  gc_export_label(&p->made, row->tags[0].label) != NULL;
  GC_TRY(is_guide ? write_guide(p, row) : write_other(p, &id));
  GC_AUTO(gc_buf_clear) struct gc_buf field = {.max = 1024};
  GC_TRY(influx_line_key(&field, is_guide ? row->field : p->made.field));
  point->kind = is_guide ? row->kind : source->kind;
  point->head_len = p->head.len;
  point->head = gc_strdup(gc_buf_string(&p->head));
  point->field = gc_steal(field.data);
  set_hashes(point, sample->key, source->name, is_guide);
  return GC_OK;
}

/* ---- the cache ---- */

/* Returns NULL when the names are too long. */
static struct series *make_series(struct influx_points *p,
                                  const struct influx_sample *sample,
                                  uint64_t hash) {
  struct series *s =
      gc_zalloc(1, sizeof(*s) + sample->count * sizeof(s->points[0]));
  enum gc_code code = GC_OK;
  s->hash = hash;
  s->count = sample->count;
  s->key_len = sample->key_len;
  s->key = gc_strndup(sample->key, sample->key_len);
  for (unsigned i = 0; code == GC_OK && i < s->count; i++)
    code = make_point(p, sample, &sample->sources[i], &s->points[i]);
  if (code != GC_OK) {
    series_free(s);
    return NULL;
  }
  for (unsigned i = 0; i < s->count; i++)
    if (is_ambiguous(&p->owners, &s->points[i])) {
      s->ambiguous++;
      gc_utf8_copy_printable(p->example, sizeof(p->example), s->points[i].head,
                             '_');
    }
  return s;
}

/* Doubles the slots when each holds one series. */
static void grow_slots(struct influx_points *p) {
  if (p->count < p->room)
    return;
  size_t room = p->room * 2;
  struct series **slots = gc_zalloc(room, sizeof(struct series *));
  for (size_t i = 0; i < p->room; i++)
    for (struct series *s = p->slots[i], *next; s != NULL; s = next) {
      struct series **slot = &slots[gc_hash_fold(s->hash) & (room - 1)];
      next = s->next;
      s->next = *slot;
      *slot = s;
    }
  free(p->slots);
  p->slots = slots;
  p->room = room;
}

/* True if the series belongs to the sample: a data set may be loaded again with
 * other sources. */
static bool is_series_of(const struct series *s,
                         const struct influx_sample *sample, uint64_t hash) {
  return s->hash == hash && s->key_len == sample->key_len &&
         s->count == sample->count &&
         memcmp(s->key, sample->key, s->key_len) == 0;
}

static struct series *add_series(struct influx_points *p,
                                 const struct influx_sample *sample,
                                 uint64_t hash) {
  if (p->count >= p->max)
    drop_all(p);
  struct series *s = make_series(p, sample, hash);
  if (s == NULL)
    return NULL;
  grow_slots(p);
  struct series **slot = &p->slots[gc_hash_fold(hash) & (p->room - 1)];
  s->next = *slot;
  *slot = s;
  p->count++;
  return s;
}

const struct influx_point *
influx_points_of(struct influx_points *p, const struct influx_sample *sample) {
  uint64_t hash = gc_hash(sample->key, sample->key_len);
  struct series *s = p->slots[gc_hash_fold(hash) & (p->room - 1)];
  while (s != NULL && !is_series_of(s, sample, hash))
    s = s->next;
  if (s == NULL)
    s = add_series(p, sample, hash);
  if (s == NULL)
    return NULL;
  s->has_value = true;
  p->ambiguous += s->ambiguous;
  return s->points;
}

uint64_t influx_points_ambiguous(const struct influx_points *p,
                                 const char **ret_example) {
  *ret_example = p->example;
  return p->ambiguous;
}
