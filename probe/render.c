/* SPDX-License-Identifier: MIT */
#include "probe/render.h"

#include <string.h>

#include "common/base/json/document.h"

enum { SUBJECT_MAX = 48 }; /* a longer subject shifts only its own line */

struct widths {
  int check, subject;
};

static int fit_width(int width, const char *text, size_t max) {
  size_t len = strlen(text);
  return len <= max && (int)len > width ? (int)len : width;
}

static struct widths widths_of(const struct probe_results *r) {
  struct widths w = {(int)strlen("CHECK"), (int)strlen("SUBJECT")};
  for (size_t i = 0; i < r->count; i++) {
    w.check = fit_width(w.check, probe_check_row(r->at[i].check)->name, 16);
    w.subject = fit_width(w.subject, r->at[i].subject, SUBJECT_MAX);
  }
  return w;
}

static enum gc_code add_row(struct gc_buf *out, const struct widths *w,
                            const char *state, const char *check,
                            const char *subject, const char *what) {
  return gc_buf_print(out, "%-7s  %-*s  %-*s  %s\n", state, w->check, check,
                      w->subject, subject, what);
}

static enum gc_code render_table(const struct probe_results *r,
                                 struct gc_buf *out) {
  struct widths w = widths_of(r);
  GC_TRY(add_row(out, &w, "STATE", "CHECK", "SUBJECT", "WHAT"));
  for (size_t i = 0; i < r->count; i++) {
    const struct probe_result *at = &r->at[i];
    const struct probe_check_row *row = probe_check_row(at->check);
    GC_TRY(add_row(out, &w, probe_state_name(at->state), row->name, at->subject,
                   at->what));
    /* The advice follows the last of several results of one check. */
    bool last = i + 1 == r->count || r->at[i + 1].check != at->check ||
                r->at[i + 1].state == PROBE_OK;
    if (at->state != PROBE_OK && last)
      GC_TRY(gc_buf_print(out, "%*s  next: %s\n",
                          7 + 2 + w.check + 2 + w.subject, "", row->next));
  }
  return gc_buf_print(out, "failed: %zu, warnings: %zu, ok: %zu\n",
                      r->of_state[PROBE_FAILED], r->of_state[PROBE_WARNING],
                      r->of_state[PROBE_OK]);
}

void probe_render_document(const struct probe_results *r, struct gc_document *d,
                           struct json_object *root) {
  gc_document_add_text(d, root, "result",
                       probe_state_name(probe_results_worst(r)));
  gc_document_add_int(d, root, "failed", (int64_t)r->of_state[PROBE_FAILED]);
  gc_document_add_int(d, root, "warnings", (int64_t)r->of_state[PROBE_WARNING]);
  gc_document_add_int(d, root, "ok", (int64_t)r->of_state[PROBE_OK]);
  struct json_object *list = gc_document_add_array(d, root, "checks");
  for (size_t i = 0; i < r->count; i++) {
    const struct probe_result *at = &r->at[i];
    const struct probe_check_row *row = probe_check_row(at->check);
    struct json_object *one = gc_document_add_object(d, list, NULL);
    gc_document_add_text(d, one, "check", row->name);
    gc_document_add_text(d, one, "asks", row->asks);
    gc_document_add_text(d, one, "subject", at->subject);
    gc_document_add_text(d, one, "state", probe_state_name(at->state));
    gc_document_add_text(d, one, "what", at->what);
    if (at->state != PROBE_OK)
      gc_document_add_text(d, one, "next", row->next);
  }
}

static enum gc_code render_json(const struct probe_results *r,
                                struct gc_buf *out, struct gc_err *err) {
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  struct json_object *root = gc_document_add_object(&d, NULL, NULL);
  probe_render_document(r, &d, root);
  GC_TRY(gc_document_write(&d, out, err));
  return gc_buf_text(out, "\n");
}

enum probe_format probe_format_of(const char *name) {
  static const char *const names[PROBE_FORMAT_COUNT] = {
      [PROBE_TABLE] = "table",
      [PROBE_JSON] = "json",
      [PROBE_PUTVAL] = "putval",
      [PROBE_INFLUX] = "influx",
      [PROBE_PROMETHEUS] = "prometheus"};
  int format = 0;
  while (format < PROBE_FORMAT_COUNT && strcmp(names[format], name) != 0)
    format++;
  return (enum probe_format)format;
}

enum gc_code probe_render(const struct probe_results *r,
                          enum probe_format format, struct gc_buf *out,
                          struct gc_err *err) {
  enum gc_code code =
      format == PROBE_JSON ? render_json(r, out, err) : render_table(r, out);
  return code == GC_OK ? code : gc_fail(err, code, "the output is too large");
}
