/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/series/point.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/decimal.h"

/* A text of limited length. A text that was cut never becomes a label: if
 * `is_full`, the series is refused. */
struct text {
  char at[POINT_LABELS_MAX];
  size_t len;
  bool is_full;
};

static void add_bytes(struct text *t, const char *bytes, size_t len) {
  t->is_full = t->is_full || len > sizeof(t->at) - t->len;
  if (t->is_full)
    return;
  memcpy(t->at + t->len, bytes, len);
  t->len += len;
}

/* Adds a label's value with the escapes of both formats: \\ \" \n. */
static void add_escaped(struct text *t, const char *value) {
  for (; *value != '\0'; value++) {
    if (*value == '\\' || *value == '"')
      add_bytes(t, "\\", 1);
    if (*value == '\n')
      add_bytes(t, "\\n", 2);
    else
      add_bytes(t, value, 1);
  }
}

static void add_labels(struct text *t, const struct gc_export_series *s) {
  for (size_t i = 0; i < s->label_count; i++) {
    const struct gc_export_label *label = &s->labels[i];
    if (s->member == GC_EXPORT_BUCKET && strcmp(label->name, "le") == 0)
      continue;
    if (t->len > 0)
      add_bytes(t, ",", 1);
    add_bytes(t, label->name, strlen(label->name));
    add_bytes(t, "=\"", 2);
    add_escaped(t, label->value);
    add_bytes(t, "\"", 1);
  }
}

static bool read_bound(const char *le, double *ret) {
  if (le == NULL)
    return false;
  if (strcmp(le, "+Inf") == 0) {
    *ret = HUGE_VAL;
    return true;
  }
  return gc_decimal_real(le, strlen(le), ret);
}

struct point *point_new(const struct gc_export_series *s, struct family *family,
                        enum store_number_kind kind) {
  struct text labels = {.len = 0};
  bool is_bucket = s->member == GC_EXPORT_BUCKET;
  const char *le = is_bucket ? gc_export_label(s, "le") : "";
  double bound = 0.0;
  add_labels(&labels, s);
  if (labels.is_full || (is_bucket && !read_bound(le, &bound)))
    return NULL;
  size_t le_size = is_bucket ? strlen(le) + 1 : 0;
  struct point *p = calloc(1, sizeof(*p) + labels.len + 1 + le_size);
  if (p == NULL)
    return NULL;
  p->kind = kind;
  p->member = s->member;
  p->family = family;
  p->bound = bound;
  p->labels_len = (uint32_t)labels.len;
  memcpy(p->labels, labels.at, labels.len);
  if (is_bucket) {
    char *place = p->labels + labels.len + 1;
    memcpy(place, le, le_size);
    p->le = place;
  }
  return p;
}
