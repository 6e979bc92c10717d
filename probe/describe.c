/* SPDX-License-Identifier: MIT */
#include "probe/describe.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "common/base/json/document.h"
#include "common/export/series.h"
#include "common/genesys/endpoint.h"
#include "plugins/genesys_influxdb/lines/points.h"
#include "plugins/genesys_prometheus/exposition/render.h"
#include "probe/option_pages.h"

/* ---- a table ---- */

enum { CELL_MAX = 8192 };

/* A table while it is written. Each row has the same columns in one order. */
struct sheet {
  enum { AS_JSON, AS_HEAD, AS_CSV } as; /* AS_HEAD: the names of the columns */
  struct gc_document document;
  struct json_object *rows, *row;
  struct gc_buf *out;
  bool has_begun; /* the row of CSV has a cell */
  enum gc_code failed;
};

static void keep_failure(struct sheet *s, enum gc_code code) {
  s->failed = s->failed == GC_OK ? code : s->failed;
}

static void begin_row(struct sheet *s) {
  if (s->as == AS_JSON)
    s->row = gc_document_add_object(&s->document, s->rows, NULL);
  s->has_begun = false;
}

static void end_row(struct sheet *s) {
  if (s->as != AS_JSON)
    keep_failure(s, gc_buf_text(s->out, "\n"));
}

static enum gc_code add_cell(struct gc_buf *out, const char *text) {
  if (strpbrk(text, ",\"\n") == NULL)
    return gc_buf_text(out, text);
  GC_TRY(gc_buf_text(out, "\""));
  for (; *text != '\0'; text++)
    GC_TRY(gc_buf_add(out, *text == '"' ? "\"\"" : text, *text == '"' ? 2 : 1));
  return gc_buf_text(out, "\"");
}

/* Adds a cell of CSV, or its column's name. Returns false for JSON. */
static bool add_to_csv(struct sheet *s, const char *key, const char *text) {
  if (s->as == AS_JSON)
    return false;
  if (s->has_begun)
    keep_failure(s, gc_buf_text(s->out, ","));
  s->has_begun = true;
  keep_failure(s, add_cell(s->out, s->as == AS_HEAD ? key
                                   : text != NULL   ? text
                                                    : ""));
  return true;
}

static void put_text(struct sheet *s, const char *key, const char *text) {
  if (!add_to_csv(s, key, text))
    gc_document_add_text(&s->document, s->row, key, text);
}

static void put_bool(struct sheet *s, const char *key, bool value) {
  if (!add_to_csv(s, key, value ? "true" : "false"))
    gc_document_add_bool(&s->document, s->row, key, value);
}

/* Adds a number; NaN is none. */
static void put_number(struct sheet *s, const char *key, double value) {
  char text[32];
  snprintf(text, sizeof(text), "%.15g", value);
  if (isnan(value))
    put_text(s, key, NULL);
  else if (!add_to_csv(s, key, text) && value == (double)(int64_t)value)
    gc_document_add_int(&s->document, s->row, key, (int64_t)value);
  else if (s->as == AS_JSON)
    gc_document_add_real(&s->document, s->row, key, value);
}

/* Adds texts, NULL behind the last one. */
static void put_list(struct sheet *s, const char *key,
                     const char *const *texts) {
  GC_AUTO(gc_buf_clear) struct gc_buf cell = {.max = CELL_MAX};
  struct json_object *list =
      s->as == AS_JSON ? gc_document_add_array(&s->document, s->row, key)
                       : NULL;
  for (size_t i = 0; texts != NULL && texts[i] != NULL; i++)
    if (s->as == AS_JSON)
      gc_document_add_text(&s->document, list, NULL, texts[i]);
    else
      keep_failure(s, gc_buf_print(&cell, "%s%s", i > 0 ? ", " : "", texts[i]));
  (void)add_to_csv(s, key, gc_buf_string(&cell));
}

/* ---- values ---- */

/* Texts of common/genesys/metrics.def. A queue's values are also absent while
 * its name is unknown; docs/metrics.md states that once, not in each row. */
#define NOT_NAMED "the reading fails, or does not mention queue and medium"
#define NOT_NAMED_QUEUE "the reading fails, or does not mention the queue"
#define NO_CONTACT                                                             \
  "until the first contact of queue and medium, unless the medium is "         \
  "certain; while the queue's topic is not subscribed"
#define NO_READING "a window without a reading; without Window"
#define NO_STREAM "with Stream \"none\""
#define NO_TOPICS NO_STREAM "; with Source sqs or webhook"
#define COUNTS                                                                 \
  "`stats.count`; `sum` of counted things; METRIC-numerator… of ratios"
#define LONE_TIMES "a lone `stats.sum`, `min`, `max`, `p95` … (ms); `waitTime`"
#define LONE_VALUES                                                            \
  "`stats.min`, `max`, `current`, `p95` … that no other type has, "          \
  "also members that this version does not know"
#define NOTHING_SENT "the answer has nothing about the interval"
#define NOT_BEGUN "until the first event; with Counters false"
#define NO_SQS "with another Source than sqs"
#define NO_WEBHOOK "with another Source than webhook"
#define NEVER "never"
#define BY(call) GC_ENDPOINT_##call
#define NOTHING (-1)

const struct probe_origin probe_origins[GC_METRIC_COUNT] = {
#define XX(id, type, sources, owner, unit, meaning, where, field, gone, needs) \
  [GC_METRIC_##id] = {.instance = (where),                                     \
                      .from = (field),                                         \
                      .absent = (gone),                                        \
                      .call = (needs)},
#include "common/genesys/metrics.def"
#undef XX
};

enum { NAMES_MAX = 4, NAME_SIZE = 2 * GC_EXPORT_NAME_SIZE };

/* Names of one value in a database, NULL behind the last one. */
struct names {
  const char *at[NAMES_MAX + 1];
  char text[NAMES_MAX][NAME_SIZE];
};

/* Makes the names of a data source as for an identity whose parts have the
 * names of the labels as values. */
static bool make_series(enum gc_metric_id id, const struct gc_ds *source,
                        struct gc_export_series *series) {
  const struct gc_metric *m = gc_metric(id);
  char parts[64], instance[128];
  size_t len = 0;
  for (const char *c = gc_export_rule(id)->pattern; *c != '\0'; c++)
    if (*c != '\'')
      instance[len++] = *c;
  instance[len] = '\0';
  bool is_account = strncmp(m->owner, "account", 7) == 0,
       is_block = strncmp(m->owner, "block", 5) == 0;
  snprintf(parts, sizeof(parts), "%.*s_id=id\n", (int)strcspn(m->owner, ","),
           m->owner);
  const struct gc_export_identity identity = {
      .host = "host",
      .plugin = "genesys",
      .plugin_instance = is_account ? "account-name" : "name",
      .type = m->name,
      .type_instance = instance,
      .source = source->name,
      .is_only_source = m->ds_count == 1,
      .is_counter = source->kind == GC_DERIVE,
      .parts = is_account || is_block ? NULL : parts};
  return gc_export_series_make(&identity, series);
}

static void name_in_prometheus(const struct gc_export_series *s,
                               struct names *n) {
  static const char *const suffixes[] = {[GC_EXPORT_VALUE] = "",
                                         [GC_EXPORT_BUCKET] = "_bucket",
                                         [GC_EXPORT_SUM] = "_sum",
                                         [GC_EXPORT_COUNT] = "_count"};
  const char *suffix =
      s->kind == GC_EXPORT_COUNTER ? "_total" : suffixes[s->member];
  bool has_alias = strcmp(s->family, RENDER_WAIT) == 0;
  snprintf(n->text[0], NAME_SIZE, "%s%s", s->family, suffix);
  snprintf(n->text[1], NAME_SIZE, RENDER_WAIT_ALIAS "%s", suffix);
  n->at[0] = n->text[0];
  n->at[1] = has_alias ? n->text[1] : NULL;
  n->at[2] = NULL;
}

static void name_in_influxdb(const struct gc_export_series *s,
                             struct names *n) {
  size_t count = 1;
  const char *measurement = NULL, *field = NULL;
  snprintf(n->text[0], NAME_SIZE, "%s %s", s->measurement, s->field);
  n->at[0] = n->text[0];
  while (count < NAMES_MAX && influx_guide_name(s->metric, s->field, count - 1,
                                                &measurement, &field)) {
    snprintf(n->text[count], NAME_SIZE, "%s %s", measurement, field);
    n->at[count] = n->text[count];
    count++;
  }
  n->at[count] = NULL;
}

/* Adds the names of the labels, also that of a second owner. The groups of a
 * query have labels of their own. */
static void put_labels(struct sheet *s, const struct gc_export_series *series) {
  const char *names[GC_EXPORT_LABELS_MAX + 4] = {NULL};
  size_t count = 0;
  const char *second = strchr(gc_metric(series->metric)->owner, ',');
  if (second != NULL && strcmp(second, ", stream") != 0)
    names[count++] = second + 2;
  for (size_t i = 0; i < series->label_count; i++)
    if (strcmp(series->labels[i].name, "group") == 0) {
      names[count++] = "member";
      names[count++] = "qualifier";
      names[count++] = "media_type";
    } else {
      names[count++] = series->labels[i].name;
    }
  put_list(s, "labels", names);
}

static void put_metric(struct sheet *s, enum gc_metric_id id,
                       const struct gc_ds *source) {
  static const char *const kinds[] = {[GC_EXPORT_GAUGE] = "gauge",
                                      [GC_EXPORT_COUNTER] = "counter",
                                      [GC_EXPORT_HISTOGRAM] = "histogram"};
  const struct gc_metric *m = gc_metric(id);
  const struct probe_origin *o = &probe_origins[id];
  struct gc_export_series series;
  struct names prometheus, influxdb;
  if (!make_series(id, source, &series)) {
    keep_failure(s, GC_ERR_LIMIT);
    return;
  }
  name_in_prometheus(&series, &prometheus);
  name_in_influxdb(&series, &influxdb);
  begin_row(s);
  put_text(s, "name", m->name);
  put_text(s, "data_source", source->name);
  put_text(s, "of", m->owner);
  put_text(s, "type_instance", o->instance);
  put_text(s, "type", source->kind == GC_DERIVE ? "derive" : "gauge");
  put_text(s, "prometheus_type", kinds[series.kind]);
  put_list(s, "prometheus", prometheus.at);
  put_list(s, "influxdb", influxdb.at);
  put_text(s, "unit", m->unit);
  put_labels(s, &series);
  put_text(s, "meaning", m->meaning);
  put_text(s, "permission",
           o->call < 0 ? NULL
                       : gc_endpoint((enum gc_endpoint_id)o->call)->permission);
  put_text(s, "from", o->from);
  put_text(s, "absent", o->absent);
  end_row(s);
}

/* Adds the n-th row, from 0. Returns false past the last one. */
static bool put_nth_metric(struct sheet *s, size_t n) {
  for (int id = 0; id < GC_METRIC_COUNT; id++) {
    const struct gc_metric *m = gc_metric((enum gc_metric_id)id);
    if (n < m->ds_count) {
      put_metric(s, (enum gc_metric_id)id, &m->ds[n]);
      return true;
    }
    n -= m->ds_count;
  }
  return false;
}

/* ---- options ---- */

const char *probe_option_type(const struct gc_opt *row) {
  static const char *const types[] = {
      [GC_OPT_KIND_STR] = "text",     [GC_OPT_KIND_STRS] = "text",
      [GC_OPT_KIND_INT] = "integer",  [GC_OPT_KIND_REAL] = "number",
      [GC_OPT_KIND_REALS] = "number", [GC_OPT_KIND_BOOL] = "boolean",
      [GC_OPT_KIND_ENUM] = "word",
  };
  return (row->flags & GC_OPT_OR_NUMBER) != 0 ? "text or integer"
                                              : types[row->kind];
}

bool probe_option_repeats(const struct gc_opt *row) {
  return row->kind == GC_OPT_KIND_STRS || row->kind == GC_OPT_KIND_REALS;
}

const char *probe_option_default(const struct gc_opt *row) {
  if ((row->flags & GC_OPT_SECRET) != 0)
    return NULL;
  if (row->preset != NULL)
    return row->preset;
  if (row->kind == GC_OPT_KIND_BOOL)
    return "false";
  return row->kind == GC_OPT_KIND_ENUM ? row->choices[0] : NULL;
}

enum gc_code probe_option_example(const struct gc_opt *row,
                                  struct gc_buf *out) {
  bool is_text = row->kind == GC_OPT_KIND_STR ||
                 row->kind == GC_OPT_KIND_STRS || row->kind == GC_OPT_KIND_ENUM;
  const char *quote = is_text ? "\"" : "";
  return gc_buf_print(out, "%s %s%s%s", row->key, quote, row->example, quote);
}

static void put_option(struct sheet *s, const struct option_page *page,
                       const struct gc_opt *row) {
  GC_AUTO(gc_buf_clear) struct gc_buf example = {.max = CELL_MAX};
  bool has_range = row->kind == GC_OPT_KIND_INT ||
                   row->kind == GC_OPT_KIND_REAL ||
                   row->kind == GC_OPT_KIND_REALS;
  keep_failure(s, probe_option_example(row, &example));
  begin_row(s);
  put_text(s, "plugin", page->plugin);
  put_text(s, "block", page->block);
  put_bool(s, "named", page->is_named);
  put_text(s, "name", row->key);
  put_text(s, "type", probe_option_type(row));
  put_text(s, "unit", row->unit);
  put_text(s, "default", probe_option_default(row));
  put_number(s, "min", has_range ? row->min : NAN);
  put_number(s, "max", has_range ? row->max : NAN);
  put_list(s, "words", row->choices);
  put_bool(s, "repeatable", probe_option_repeats(row));
  put_bool(s, "required", (row->flags & GC_OPT_NEEDED) != 0);
  put_bool(s, "secret", (row->flags & GC_OPT_SECRET) != 0);
  put_text(s, "meaning", row->help);
  put_text(s, "example", gc_buf_string(&example));
  end_row(s);
}

static bool put_nth_option(struct sheet *s, size_t n) {
  for (size_t i = 0; i < option_page_count; i++)
    for (const struct gc_opt *row = option_pages[i].rows; row->key != NULL;
         row++)
      if (n-- == 0) {
        put_option(s, &option_pages[i], row);
        return true;
      }
  return false;
}

/* ---- tables ---- */

static const struct {
  const char *name;
  bool (*put_nth)(struct sheet *s, size_t n);
} tables[] = {{"metrics", put_nth_metric}, {"options", put_nth_option}};

enum gc_code probe_describe(const char *table, bool is_csv,
                            struct gc_buf *out) {
  struct sheet s = {.as = is_csv ? AS_HEAD : AS_JSON, .out = out};
  size_t t = 0;
  while (t < GC_COUNT(tables) && strcmp(tables[t].name, table) != 0)
    t++;
  if (t == GC_COUNT(tables))
    return GC_ERR_REQUEST;
  if (is_csv)
    (void)tables[t].put_nth(&s, 0);
  else
    s.rows = gc_document_add_array(&s.document, NULL, NULL);
  s.as = is_csv ? AS_CSV : AS_JSON;
  for (size_t n = 0; tables[t].put_nth(&s, n);)
    n++;
  if (!is_csv)
    keep_failure(&s, gc_document_write(&s.document, out, NULL));
  gc_document_clear(&s.document);
  return s.failed;
}
