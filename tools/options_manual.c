/* SPDX-License-Identifier: MIT */
#include "tools/options_manual.h"

#include "common/base/buf.h"
#include "common/base/json/document.h"

#include <string.h>

static const char *const types[] = {
    [GC_OPT_KIND_STR] = "text",
    [GC_OPT_KIND_STRS] = "texts, repeatable",
    [GC_OPT_KIND_INT] = "number",
    [GC_OPT_KIND_REAL] = "number",
    [GC_OPT_KIND_REALS] = "numbers, ascending",
    [GC_OPT_KIND_BOOL] = "boolean",
    [GC_OPT_KIND_ENUM] = "word",
};

/* Adds a cell; a bar in its text is escaped, since it would end the cell. */
static enum gc_code add_cell(struct gc_buf *out, const char *text) {
  for (; *text != '\0'; text++)
    GC_TRY(gc_buf_add(out, *text == '|' ? "\\|" : text, *text == '|' ? 2 : 1));
  return gc_buf_text(out, " | ");
}

static const char *default_of(const struct gc_opt *row) {
  if (row->preset != NULL)
    return row->preset;
  if (row->kind == GC_OPT_KIND_BOOL)
    return "false";
  return row->kind == GC_OPT_KIND_ENUM ? row->choices[0] : NULL;
}

static enum gc_code add_default(const struct gc_opt *row, struct gc_buf *out) {
  const char *text = default_of(row);
  if ((row->flags & GC_OPT_NEEDED) != 0)
    return gc_buf_text(out, "required | ");
  if (text == NULL || (row->flags & GC_OPT_SECRET) != 0)
    return gc_buf_text(out, "– | ");
  return gc_buf_print(out, "`%s` | ", text);
}

static enum gc_code add_accepted(const struct gc_opt *row, struct gc_buf *out) {
  switch (row->kind) {
  case GC_OPT_KIND_INT:
    return gc_buf_print(out, "whole, %.15g to %.15g", row->min, row->max);
  case GC_OPT_KIND_REAL:
  case GC_OPT_KIND_REALS:
    return gc_buf_print(out, "%.15g to %.15g", row->min, row->max);
  case GC_OPT_KIND_BOOL:
    return gc_buf_text(out, "`true`, `false`");
  case GC_OPT_KIND_ENUM:
    for (int i = 0; row->choices[i] != NULL; i++)
      GC_TRY(gc_buf_print(out, "%s`%s`", i > 0 ? ", " : "", row->choices[i]));
    break;
  case GC_OPT_KIND_STR:
  case GC_OPT_KIND_STRS:
    break;
  }
  return GC_OK;
}

enum gc_code gc_options_manual(const struct gc_opt *rows, struct gc_buf *out) {
  GC_TRY(gc_buf_text(out, "| Option | Type | Unit | Default | Accepted | "
                          "Meaning |\n|---|---|---|---|---|---|\n"));
  for (const struct gc_opt *row = rows; row->key != NULL; row++) {
    GC_TRY(gc_buf_print(out, "| `%s` | %s%s | ", row->key,
                        (row->flags & GC_OPT_SECRET) != 0 ? "secret " : "",
                        types[row->kind]));
    GC_TRY(add_cell(out, row->unit != NULL ? row->unit : ""));
    GC_TRY(add_default(row, out));
    GC_TRY(add_accepted(row, out));
    GC_TRY(gc_buf_text(out, " | "));
    GC_TRY(add_cell(out, row->help));
    out->data[--out->len] = '\0'; /* the space after the last bar */
    GC_TRY(gc_buf_text(out, "\n"));
  }
  return GC_OK;
}

static bool is_text(const struct gc_opt *row) {
  return row->kind == GC_OPT_KIND_STR || row->kind == GC_OPT_KIND_STRS ||
         row->kind == GC_OPT_KIND_ENUM;
}

enum gc_code gc_option_example(const struct gc_opt *row, struct gc_buf *out) {
  const char *quote = is_text(row) ? "\"" : "";
  return gc_buf_print(out, "%s %s%s%s", row->key, quote, row->example, quote);
}

static void add_row(const struct gc_opt *row, struct gc_document *d,
                    struct json_object *list) {
  GC_AUTO(gc_buf_clear) struct gc_buf accepted = {.max = 4096};
  GC_AUTO(gc_buf_clear) struct gc_buf example = {.max = 4096};
  enum gc_code code = add_accepted(row, &accepted);
  if (code == GC_OK)
    code = gc_option_example(row, &example);
  bool hidden = (row->flags & GC_OPT_SECRET) != 0;

  struct json_object *o = gc_document_add_object(d, list, NULL);
  gc_document_add_text(d, o, "option", row->key);
  gc_document_add_text(d, o, "type", types[row->kind]);
  gc_document_add_text(d, o, "unit", row->unit != NULL ? row->unit : "");
  gc_document_add_text(d, o, "default", hidden ? NULL : default_of(row));
  gc_document_add_bool(d, o, "required", (row->flags & GC_OPT_NEEDED) != 0);
  gc_document_add_bool(d, o, "secret", hidden);
  gc_document_add_text(d, o, "accepted", gc_buf_string(&accepted));
  gc_document_add_text(d, o, "meaning", row->help);
  gc_document_add_text(d, o, "example",
                       code == GC_OK ? gc_buf_string(&example) : NULL);
}

void gc_options_json(const struct gc_opt *rows, struct gc_document *d,
                     struct json_object *in, const char *key) {
  struct json_object *list = gc_document_add_array(d, in, key);
  for (const struct gc_opt *row = rows; row->key != NULL; row++)
    add_row(row, d, list);
}
