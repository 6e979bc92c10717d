/* SPDX-License-Identifier: MIT */
#include "probe/values/format.h"

#include <stdio.h>
#include <string.h>

#include "common/base/json/document.h"

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
  for (size_t i = 0; i < v->request_count; i++)
    if (strcmp(v->requests[i].account, account) == 0)
      sum += v->requests[i].per_minute;
  return sum;
}

static enum gc_code add_account(const struct probe_values *v,
                                const struct probe_budget *b,
                                struct gc_buf *out) {
  char block[BLOCK_SIZE];
  for (size_t i = 0; i < v->request_count; i++) {
    const struct probe_requests *r = &v->requests[i];
    if (strcmp(r->account, b->account) != 0)
      continue;
    write_block(block, r->plugin, r->block);
    GC_TRY(gc_buf_print(out, "%-16s  %-24s  %10.2f  %s\n", r->account,
                        r->family, r->per_minute, block));
  }
  double sum = per_minute_of(v, b->account);
  return gc_buf_print(out, "%-16s  %-24s  %10.2f  of %.0f (%.1f %%)\n",
                      b->account, "together", sum, b->per_minute,
                      b->per_minute > 0 ? 100.0 * sum / b->per_minute : 0.0);
}

static enum gc_code add_requests(const struct probe_values *v,
                                 struct gc_buf *out) {
  if (v->budget_count == 0)
    return GC_OK;
  GC_TRY(gc_buf_print(out, "\n%-16s  %-24s  %10s  BLOCK\n", "ACCOUNT",
                      "REQUESTS", "A MINUTE"));
  for (size_t i = 0; i < v->budget_count; i++)
    GC_TRY(add_account(v, &v->budgets[i], out));
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
  for (size_t i = 0; i < v->note_count; i++) {
    write_block(block, v->notes[i].plugin, v->notes[i].block);
    GC_TRY(gc_buf_print(out, "%s%s: %s\n", i == 0 ? "\n" : "", block,
                        v->notes[i].text));
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
  for (size_t i = 0; i < v->request_count; i++) {
    const struct probe_requests *r = &v->requests[i];
    struct json_object *one = gc_document_add_object(d, list, NULL);
    gc_document_add_text(d, one, "account", r->account);
    gc_document_add_text(d, one, "family", r->family);
    gc_document_add_real(d, one, "per_minute", r->per_minute);
    gc_document_add_text(d, one, "plugin", r->plugin);
    gc_document_add_text(d, one, "block", r->block);
  }
  list = gc_document_add_array(d, root, "budgets");
  for (size_t i = 0; i < v->budget_count; i++) {
    struct json_object *one = gc_document_add_object(d, list, NULL);
    gc_document_add_text(d, one, "account", v->budgets[i].account);
    gc_document_add_real(d, one, "budget", v->budgets[i].per_minute);
    gc_document_add_real(d, one, "per_minute",
                         per_minute_of(v, v->budgets[i].account));
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
  for (size_t i = 0; i < v->note_count; i++) {
    struct json_object *one = gc_document_add_object(d, list, NULL);
    gc_document_add_text(d, one, "plugin", v->notes[i].plugin);
    gc_document_add_text(d, one, "block", v->notes[i].block);
    gc_document_add_text(d, one, "note", v->notes[i].text);
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
