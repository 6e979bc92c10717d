/* SPDX-License-Identifier: MIT */
#include "probe/values/format.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/decimal.h"
#include "common/base/json/document.h"
#include "common/export/series.h"
#include "common/genesys/endpoint.h"
#include "plugins/genesys_influxdb/lines/join.h"
#include "plugins/genesys_prometheus/exposition/render.h"
#include "plugins/genesys_prometheus/series/store.h"

enum {
  NAME_SIZE = 700,     /* three texts of an identity */
  SERIES_MAX = 64,     /* width of a column; a longer name shifts its line */
  KEY_SIZE = 4 * 1024, /* five texts of an identity, and its parts */
};

/* ---- one value ---- */

static void write_number(const struct probe_value *value, unsigned i,
                         const char *unknown, char out[GC_DECIMAL_SIZE]) {
  const struct gc_metric *m = gc_metric(value->metric);
  if (m->ds[i].kind == GC_DERIVE)
    (void)gc_decimal_print_int(value->numbers[i].derive, out);
  else if (isfinite(value->numbers[i].gauge))
    (void)gc_decimal_print(value->numbers[i].gauge, out);
  else
    snprintf(out, GC_DECIMAL_SIZE, "%s", unknown);
}

/* Writes "Sales/queue_depth-voice". */
static void write_name(const struct probe_value *value, char out[NAME_SIZE]) {
  snprintf(out, NAME_SIZE, "%s/%s%s%s", value->instance, value->type,
           value->type_instance[0] != '\0' ? "-" : "", value->type_instance);
}

/* ---- for people ---- */

static int name_width(const struct probe_values *v) {
  int width = (int)strlen("SERIES");
  char name[NAME_SIZE];
  for (size_t i = 0; i < v->count; i++) {
    write_name(&v->at[i], name);
    int len = (int)strlen(name);
    if (len > width && len <= SERIES_MAX)
      width = len;
  }
  return width;
}

static enum gc_code write_table(const struct probe_values *v,
                                struct gc_buf *out) {
  char name[NAME_SIZE], number[GC_DECIMAL_SIZE];
  int width = name_width(v);
  GC_TRY(gc_buf_print(out, "%-*s  VALUE\n", width, "SERIES"));
  for (size_t i = 0; i < v->count; i++) {
    const struct gc_metric *m = gc_metric(v->at[i].metric);
    if (v->at[i].is_replaced)
      continue;
    write_name(&v->at[i], name);
    GC_TRY(gc_buf_print(out, "%-*s ", width, name));
    for (unsigned k = 0; k < m->ds_count; k++) {
      write_number(&v->at[i], k, "unknown", number);
      GC_TRY(gc_buf_print(out, " %s%s%s", m->ds_count > 1 ? m->ds[k].name : "",
                          m->ds_count > 1 ? "=" : "", number));
    }
    GC_TRY(gc_buf_text(out, "\n"));
  }
  return GC_OK;
}

/* ---- collectd's PUTVAL ---- */

static enum gc_code add_quoted(struct gc_buf *out, const char *text) {
  for (; *text != '\0'; text++) {
    if (*text == '"' || *text == '\\')
      GC_TRY(gc_buf_add(out, "\\", 1));
    GC_TRY(gc_buf_add(out, text, 1));
  }
  return GC_OK;
}

static enum gc_code write_putval(const struct probe_values *v,
                                 struct gc_buf *out) {
  char name[NAME_SIZE], number[GC_DECIMAL_SIZE];
  for (size_t i = 0; i < v->count; i++) {
    const struct probe_value *value = &v->at[i];
    int64_t time_ms = value->time_ns / 1000000;
    write_name(value, name);
    GC_TRY(gc_buf_text(out, "PUTVAL \""));
    GC_TRY(add_quoted(out, value->host));
    GC_TRY(gc_buf_text(out, "/genesys-"));
    GC_TRY(add_quoted(out, name));
    GC_TRY(gc_buf_print(out, "\" interval=%" PRIi64 ".%03d %" PRIi64 ".%03d",
                        value->interval_ms / 1000,
                        (int)(value->interval_ms % 1000), time_ms / 1000,
                        (int)(time_ms % 1000)));
    for (unsigned k = 0; k < gc_metric(value->metric)->ds_count; k++) {
      write_number(value, k, "U", number);
      GC_TRY(gc_buf_print(out, ":%s", number));
    }
    GC_TRY(gc_buf_text(out, "\n"));
  }
  return GC_OK;
}

/* ---- the writers of the suite ---- */

/* Writes the key of a series: five texts and the parts, each with its NUL. The
 * parts distinguish series with equal texts. */
static size_t write_key(const struct probe_value *value, char key[KEY_SIZE]) {
  const char *texts[] = {value->host,          "genesys",
                         value->instance,      value->type,
                         value->type_instance, value->parts};
  size_t len = 0;
  for (size_t i = 0; i < GC_COUNT(texts); i++) {
    size_t size = strlen(texts[i]) + 1;
    if (len + size > KEY_SIZE)
      return len;
    memcpy(key + len, texts[i], size);
    len += size;
  }
  return len;
}

static void make_sample(const struct probe_value *value, char key[KEY_SIZE],
                        struct influx_sample *s) {
  const struct gc_metric *m = gc_metric(value->metric);
  s->key = key;
  s->key_len = write_key(value, key);
  s->parts = value->parts;
  s->time_ns = value->time_ns;
  s->count = m->ds_count;
  for (unsigned k = 0; k < m->ds_count; k++) {
    bool is_count = m->ds[k].kind == GC_DERIVE;
    s->sources[k] = (struct influx_source){
        .name = m->ds[k].name, .kind = is_count ? INFLUX_INT : INFLUX_REAL};
    if (is_count)
      s->sources[k].value.integer = value->numbers[k].derive;
    else
      s->sources[k].value.real = value->numbers[k].gauge;
  }
}

static enum gc_code add_lines(const struct probe_values *v,
                              struct influx_points *points,
                              struct influx_join *join) {
  char key[KEY_SIZE];
  for (size_t i = 0; i < v->count; i++) {
    struct influx_sample sample;
    make_sample(&v->at[i], key, &sample);
    const struct influx_point *names = influx_points_of(points, &sample);
    if (names == NULL)
      return GC_ERR_LIMIT;
    GC_TRY(influx_join_add(join, &sample, names, 0));
  }
  return GC_OK;
}

static enum gc_code write_influx(const struct probe_values *v,
                                 struct gc_buf *out) {
  const struct gc_strs no_tags = {.count = 0};
  struct influx_points *points = influx_points_new(&no_tags, PROBE_VALUES_MAX);
  struct influx_join *join = influx_join_new();
  enum gc_code code = add_lines(v, points, join);
  while (code == GC_OK && influx_join_count(join) > 0)
    if (influx_join_take(join, UINT64_MAX, SIZE_MAX, out) == 0 &&
        influx_join_count(join) > 0)
      code = GC_ERR_LIMIT; /* `out` is full */
  influx_join_free(join);
  influx_points_free(points);
  return code;
}

static bool make_names(void *ctx, size_t i, struct gc_export_series *ret) {
  const struct probe_value *value = ctx;
  const struct gc_metric *m = gc_metric(value->metric);
  struct gc_export_identity id = {.host = value->host,
                                  .plugin = "genesys",
                                  .plugin_instance = value->instance,
                                  .type = value->type,
                                  .type_instance = value->type_instance,
                                  .source = m->ds[i].name,
                                  .is_only_source = m->ds_count == 1,
                                  .is_counter = m->ds[i].kind == GC_DERIVE,
                                  .parts = value->parts};
  return gc_export_series_make(&id, ret);
}

static enum gc_code add_to_store(struct store *s,
                                 const struct probe_value *value) {
  char key[KEY_SIZE];
  struct store_number numbers[GC_DS_MAX];
  const struct gc_metric *m = gc_metric(value->metric);
  for (unsigned k = 0; k < m->ds_count; k++) {
    numbers[k].kind = m->ds[k].kind == GC_DERIVE ? STORE_INT : STORE_REAL;
    memcpy(&numbers[k].bits, &value->numbers[k], sizeof(numbers[k].bits));
  }
  const struct store_list list = {.key = key,
                                  .key_len = write_key(value, key),
                                  .numbers = numbers,
                                  .count = m->ds_count,
                                  .time = (uint64_t)value->time_ns,
                                  .interval_ms = (uint32_t)value->interval_ms};
  if (store_write(s, &list))
    return GC_OK;
  return store_add(s, &list, make_names, (void *)value);
}

static enum gc_code write_prometheus(const struct probe_values *v,
                                     struct gc_buf *out) {
  static const struct render_options options = {.format = RENDER_TEXT};
  struct store *s = store_new(PROBE_VALUES_MAX, UINT32_MAX);
  enum gc_code code = GC_OK;
  size_t len;
  for (size_t i = 0; code == GC_OK && i < v->count; i++)
    code = add_to_store(s, &v->at[i]);
  if (code == GC_OK) {
    char *text = render_exposition(store_scrape_begin(s, 0), &options, &len);
    store_scrape_end(s);
    code = text != NULL ? gc_buf_add(out, text, len) : GC_ERR_MEMORY;
    free(text);
  }
  store_free(s);
  return code;
}

static enum gc_code write_nothing(const struct probe_values *v,
                                  struct gc_buf *out) {
  (void)v, (void)out;
  return GC_OK;
}

enum gc_code probe_values_write(const struct probe_values *v,
                                enum probe_format format, struct gc_buf *out,
                                struct gc_err *err) {
  static enum gc_code (*const writers[PROBE_FORMAT_COUNT])(
      const struct probe_values *v, struct gc_buf *out) = {
      [PROBE_TABLE] = write_table,           [PROBE_JSON] = write_nothing,
      [PROBE_PUTVAL] = write_putval,         [PROBE_INFLUX] = write_influx,
      [PROBE_PROMETHEUS] = write_prometheus,
  };
  enum gc_code code = writers[format](v, out);
  return code == GC_OK
             ? code
             : gc_fail(err, code, "the values: %s", gc_code_words(code));
}

/* ---- summary ---- */

enum { BLOCK_SIZE = 300 };

static void write_block(char out[BLOCK_SIZE], const char *plugin,
                        const char *block) {
  if (plugin[0] == '\0')
    snprintf(out, BLOCK_SIZE, "lists of names");
  else
    snprintf(out, BLOCK_SIZE, "%s: %s", plugin, block);
}

/* ---- requests ---- */

static double per_minute_of(const struct probe_values *v, const char *account) {
  double sum = 0;
  for (size_t i = 0; i < v->requests.count; i++)
    if (strcmp(v->requests.at[i].account, account) == 0)
      sum += v->requests.at[i].per_minute;
  return sum;
}

static enum gc_code add_share(struct gc_buf *out, const char *option,
                              double part, double whole) {
  return gc_buf_print(out, "%.1f %% of %s %.0f",
                      whole > 0 ? 100.0 * part / whole : 0.0, option, whole);
}

static enum gc_code add_account(const struct probe_values *v,
                                const struct probe_row *b, struct gc_buf *out) {
  char block[BLOCK_SIZE];
  for (size_t i = 0; i < v->requests.count; i++) {
    const struct probe_row *r = &v->requests.at[i];
    if (strcmp(r->account, b->account) != 0)
      continue;
    write_block(block, r->plugin, r->block);
    GC_TRY(gc_buf_print(out, "%-16s  %-24s  %10.2f  %10.0f  %s\n", r->account,
                        r->text, r->per_minute,
                        r->per_minute * GC_MONTH_MINUTES, block));
  }
  double sum = per_minute_of(v, b->account), month = sum * GC_MONTH_MINUTES;
  GC_TRY(gc_buf_print(out, "%-16s  %-24s  %10.2f  %10.0f  ", b->account,
                      "together", sum, month));
  GC_TRY(add_share(out, "RequestsPerMinute", sum, b->per_minute));
  if (b->monthly > 0) {
    GC_TRY(gc_buf_text(out, ", "));
    GC_TRY(add_share(out, "MonthlyRequests", month, b->monthly));
  }
  return gc_buf_text(out, "\n");
}

static enum gc_code add_requests(const struct probe_values *v,
                                 struct gc_buf *out) {
  if (v->budgets.count == 0)
    return GC_OK;
  GC_TRY(gc_buf_print(out, "\n%-16s  %-24s  %10s  %10s  BLOCK\n", "ACCOUNT",
                      "REQUESTS", "A MINUTE", "30 DAYS"));
  for (size_t i = 0; i < v->budgets.count; i++)
    GC_TRY(add_account(v, &v->budgets.at[i], out));
  return GC_OK;
}

/* ---- series and notes ---- */

static enum gc_code add_series(const struct probe_values *v,
                               struct gc_buf *out) {
  char block[BLOCK_SIZE];
  size_t sum = 0;
  if (v->series_count == 0)
    return GC_OK;
  GC_TRY(
      gc_buf_print(out, "\n%-32s  %-28s  %8s\n", "BLOCK", "VALUES", "SERIES"));
  for (size_t i = 0; i < v->series_count; i++) {
    const struct probe_series *s = &v->series[i];
    write_block(block, s->plugin, s->block);
    GC_TRY(
        gc_buf_print(out, "%-32s  %-28s  %8zu\n", block, s->family, s->count));
    sum += s->count;
  }
  return gc_buf_print(out, "%-32s  %-28s  %8zu\n", "together", "", sum);
}

static enum gc_code add_notes(const struct probe_values *v,
                              struct gc_buf *out) {
  char block[BLOCK_SIZE];
  for (size_t i = 0; i < v->notes.count; i++) {
    write_block(block, v->notes.at[i].plugin, v->notes.at[i].block);
    GC_TRY(gc_buf_print(out, "%s%s: %s\n", i == 0 ? "\n" : "", block,
                        v->notes.at[i].text));
  }
  return GC_OK;
}

enum gc_code probe_values_summary(const struct probe_values *v,
                                  struct gc_buf *out) {
  GC_TRY(add_requests(v, out));
  GC_TRY(add_series(v, out));
  return add_notes(v, out);
}

/* ---- JSON ---- */

static void add_value(struct gc_document *d, struct json_object *list,
                      const struct probe_value *value) {
  const struct gc_metric *m = gc_metric(value->metric);
  struct json_object *one = gc_document_add_object(d, list, NULL);
  gc_document_add_text(d, one, "plugin", value->plugin);
  gc_document_add_text(d, one, "block", value->block);
  gc_document_add_text(d, one, "host", value->host);
  gc_document_add_text(d, one, "instance", value->instance);
  gc_document_add_text(d, one, "type", value->type);
  gc_document_add_text(d, one, "type_instance", value->type_instance);
  gc_document_add_real(d, one, "time", (double)value->time_ns / 1e9);
  gc_document_add_real(d, one, "interval", (double)value->interval_ms / 1e3);
  struct json_object *numbers = gc_document_add_object(d, one, "values");
  for (unsigned k = 0; k < m->ds_count; k++)
    if (m->ds[k].kind == GC_DERIVE)
      gc_document_add_int(d, numbers, m->ds[k].name, value->numbers[k].derive);
    else
      gc_document_add_real(d, numbers, m->ds[k].name, value->numbers[k].gauge);
}

static void add_costs(struct gc_document *d, struct json_object *root,
                      const struct probe_values *v) {
  struct json_object *list = gc_document_add_array(d, root, "requests");
  for (size_t i = 0; i < v->requests.count; i++) {
    const struct probe_row *r = &v->requests.at[i];
    struct json_object *one = gc_document_add_object(d, list, NULL);
    gc_document_add_text(d, one, "account", r->account);
    gc_document_add_text(d, one, "family", r->text);
    gc_document_add_real(d, one, "per_minute", r->per_minute);
    gc_document_add_real(d, one, "per_month", r->per_minute * GC_MONTH_MINUTES);
    gc_document_add_text(d, one, "plugin", r->plugin);
    gc_document_add_text(d, one, "block", r->block);
  }
  list = gc_document_add_array(d, root, "budgets");
  for (size_t i = 0; i < v->budgets.count; i++) {
    const struct probe_row *b = &v->budgets.at[i];
    struct json_object *one = gc_document_add_object(d, list, NULL);
    double per_minute = per_minute_of(v, b->account);
    gc_document_add_text(d, one, "account", b->account);
    gc_document_add_real(d, one, "budget", b->per_minute);
    gc_document_add_real(d, one, "per_minute", per_minute);
    gc_document_add_real(d, one, "per_month", per_minute * GC_MONTH_MINUTES);
    gc_document_add_real(d, one, "monthly_requests", b->monthly);
  }
}

static void add_counts(struct gc_document *d, struct json_object *root,
                       const struct probe_values *v) {
  struct json_object *list = gc_document_add_array(d, root, "series");
  for (size_t i = 0; i < v->series_count; i++) {
    struct json_object *one = gc_document_add_object(d, list, NULL);
    gc_document_add_text(d, one, "plugin", v->series[i].plugin);
    gc_document_add_text(d, one, "block", v->series[i].block);
    gc_document_add_text(d, one, "type", v->series[i].family);
    gc_document_add_int(d, one, "series", (int64_t)v->series[i].count);
  }
  list = gc_document_add_array(d, root, "notes");
  for (size_t i = 0; i < v->notes.count; i++) {
    struct json_object *one = gc_document_add_object(d, list, NULL);
    gc_document_add_text(d, one, "plugin", v->notes.at[i].plugin);
    gc_document_add_text(d, one, "block", v->notes.at[i].block);
    gc_document_add_text(d, one, "note", v->notes.at[i].text);
  }
}

void probe_values_document(const struct probe_values *v, bool summary,
                           struct gc_document *d, struct json_object *root) {
  struct json_object *list = gc_document_add_array(d, root, "values");
  for (size_t i = 0; i < v->count; i++)
    add_value(d, list, &v->at[i]);
  if (!summary)
    return;
  add_costs(d, root, v);
  add_counts(d, root, v);
}
