/* SPDX-License-Identifier: MIT */
#include "tools/options_manual.h"

#include "common/base/buf.h"
#include "probe/describe.h"

/* Adds a cell; a bar in its text is escaped, since it would end the cell. */
static enum gc_code add_cell(struct gc_buf *out, const char *text) {
  for (; *text != '\0'; text++)
    GC_TRY(gc_buf_add(out, *text == '|' ? "\\|" : text, *text == '|' ? 2 : 1));
  return gc_buf_text(out, " | ");
}

static enum gc_code add_default(const struct gc_opt *row, struct gc_buf *out) {
  const char *text = probe_option_default(row);
  if ((row->flags & GC_OPT_NEEDED) != 0)
    return gc_buf_text(out, "required | ");
  if (text == NULL)
    return gc_buf_text(out, "– | ");
  return gc_buf_print(out, "`%s` | ", text);
}

static enum gc_code add_accepted(const struct gc_opt *row, struct gc_buf *out) {
  switch (row->kind) {
  case GC_OPT_KIND_INT:
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
    GC_TRY(gc_buf_print(out, "| `%s` | %s%s%s | ", row->key,
                        (row->flags & GC_OPT_SECRET) != 0 ? "secret " : "",
                        probe_option_type(row),
                        probe_option_repeats(row) ? ", repeatable" : ""));
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
