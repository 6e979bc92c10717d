/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/exposition/render.h"

#include <math.h>
#include <string.h>

#include "common/base/decimal.h"

enum { AHEAD = 8 }; /* points fetched into the cache beforehand */

struct writer {
  struct body *out;
  enum render_format format;
  const struct family *family;
  const struct scrape *scrape;
  size_t lines; /* samples */
  bool has_head;
};

const char *render_content_type(enum render_format format) {
  static const char *const types[] = {
      [RENDER_TEXT] = "text/plain; version=0.0.4; charset=utf-8",
      [RENDER_OPENMETRICS] =
          "application/openmetrics-text; version=1.0.0; charset=utf-8",
  };
  return types[format];
}

static void add_text(struct body *b, const char *text) {
  body_add(b, text, strlen(text));
}

/* ---- the head of a family ---- */

static const char *const kinds[] = {
    [GC_EXPORT_GAUGE] = "gauge",
    [GC_EXPORT_COUNTER] = "counter",
    [GC_EXPORT_HISTOGRAM] = "histogram",
};

/* Adds a help text. Both formats escape `\` and line ends; OpenMetrics also
 * escapes quotes. */
static void add_help(const struct writer *w, const char *help) {
  for (; *help != '\0'; help++) {
    bool is_quote = *help == '"' && w->format == RENDER_OPENMETRICS;
    if (*help == '\\' || is_quote)
      body_add(w->out, "\\", 1);
    if (*help == '\n')
      body_add(w->out, "\\n", 2);
    else
      body_add(w->out, help, 1);
  }
}

/* Adds "# TYPE NAME". The text format names a counter by its sample. */
static void add_head(const struct writer *w, const char *keyword) {
  add_text(w->out, keyword);
  body_add(w->out, w->family->name, w->family->name_len);
  if (w->family->kind == GC_EXPORT_COUNTER && w->format == RENDER_TEXT)
    add_text(w->out, "_total");
  body_add(w->out, " ", 1);
}

/* Writes the head before the first sample. A family without samples has no
 * head. */
static void begin_family(struct writer *w) {
  const struct family *f = w->family;
  if (w->has_head)
    return;
  w->has_head = true;
  if (f->help[0] != '\0') {
    add_head(w, "# HELP ");
    add_help(w, f->help);
    body_add(w->out, "\n", 1);
  }
  add_head(w, "# TYPE ");
  add_text(w->out, kinds[f->kind]);
  body_add(w->out, "\n", 1);
  if (f->unit[0] != '\0' && w->format == RENDER_OPENMETRICS) {
    add_head(w, "# UNIT ");
    add_text(w->out, f->unit);
    body_add(w->out, "\n", 1);
  }
}

/* ---- samples ---- */

static double real_of(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof(x));
  return x;
}

static char *put_bytes(char *at, const char *bytes, size_t len) {
  memcpy(at, bytes, len);
  return at + len;
}

static size_t print_number(char *at, enum store_number_kind kind,
                           uint64_t bits) {
  switch (kind) {
  case STORE_REAL:
    return gc_decimal_print(real_of(bits), at);
  case STORE_UINT:
    return gc_decimal_print_uint(bits, at);
  case STORE_INT:
  case STORE_OTHER:
    break;
  }
  return gc_decimal_print_int((int64_t)bits, at);
}

/* Adds "NAME SUFFIX {LABELS[,le="LE"]} NUMBER". */
static void add_line(struct writer *w, const char *suffix,
                     const struct point *labels, const char *le,
                     enum store_number_kind kind, uint64_t bits) {
  const struct family *f = w->family;
  size_t suffix_len = strlen(suffix), le_len = le != NULL ? strlen(le) : 0;
  begin_family(w);
  char *start =
      body_room(w->out, f->name_len + suffix_len + labels->labels_len + le_len +
                            16 + GC_DECIMAL_SIZE);
  char *at = put_bytes(start, f->name, f->name_len);
  at = put_bytes(at, suffix, suffix_len);
  if (labels->labels_len > 0 || le != NULL) {
    *at++ = '{';
    at = put_bytes(at, labels->labels, labels->labels_len);
    if (le != NULL) {
      at = put_bytes(at, ",le=\"", labels->labels_len > 0 ? 5 : 0);
      at = put_bytes(at, "le=\"", labels->labels_len > 0 ? 0 : 4);
      at = put_bytes(at, le, le_len);
      *at++ = '"';
    }
    *at++ = '}';
  }
  *at++ = ' ';
  at += print_number(at, kind, bits);
  *at++ = '\n';
  body_took(w->out, (size_t)(at - start));
  w->lines++;
}

static uint64_t bits_of(const struct point *p) {
  return atomic_load_explicit(&p->bits, memory_order_relaxed);
}

/* True while the 0 with which a counter began is shown in place of its count
 * (STORE_BEGINNING_MS). */
static bool shows_beginning(const struct scrape *s, struct point *p) {
  if (p->first_answer == 0)
    p->first_answer = s->number;
  return s->now_ms < p->born_ms + STORE_BEGINNING_MS &&
         s->second_taken < p->first_answer &&
         atomic_load(&p->beginning) == POINT_AT_ZERO;
}

/* Returns the value to show. */
static uint64_t take_bits(const struct writer *w, struct point *p) {
  unsigned char beginning =
      atomic_load_explicit(&p->beginning, memory_order_relaxed);
  if (beginning == POINT_AT_ZERO && shows_beginning(w->scrape, p))
    return 0;
  if (beginning != POINT_SEEN)
    atomic_store(&p->beginning, POINT_SEEN);
  return bits_of(p);
}

/* Returns the value of a counter as a double, for comparison. */
static double count_of(const struct point *p, uint64_t bits) {
  if (p->kind == STORE_REAL)
    return real_of(bits);
  return p->kind == STORE_UINT ? (double)bits : (double)(int64_t)bits;
}

/* True if a sample may have the value. OpenMetrics forbids counters below 0,
 * and strict readers refuse a scrape with one; a DERIVE may be negative. */
static bool can_show(const struct point *p, uint64_t bits) {
  double number = count_of(p, bits);
  return isfinite(number) &&
         (number >= 0.0 || p->family->kind != GC_EXPORT_COUNTER);
}

static void add_points(struct writer *w) {
  const struct family *f = w->family;
  const char *suffix = f->kind == GC_EXPORT_COUNTER ? "_total" : "";
  for (size_t i = 0; i < f->count; i++) {
    struct point *p = f->points[i];
    if (i + AHEAD < f->count)
      __builtin_prefetch(f->points[i + AHEAD]);
    uint64_t bits = take_bits(w, p);
    if (can_show(p, bits))
      add_line(w, suffix, p, NULL, p->kind, bits);
  }
}

static uint64_t real_bits(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof(bits));
  return bits;
}

/* Adds a histogram. A write thread may have written only some of the buckets:
 * a bucket that is less than a lower one gets the lower one's number. The sum
 * may differ by the waits that are written at this moment. */
static void add_histogram(struct writer *w, const struct histogram *h) {
  double count = 0.0;
  if (h->bucket_count == 0 || isfinite(h->buckets[h->bucket_count - 1]->bound))
    return;
  const struct point *last = h->buckets[h->bucket_count - 1];
  for (size_t i = 0; i < h->bucket_count; i++) {
    struct point *p = h->buckets[i];
    double number = count_of(p, take_bits(w, p));
    if (number > count)
      count = number;
    add_line(w, "_bucket", p, p->le, STORE_REAL, real_bits(count));
  }
  if (h->sum == NULL)
    return;
  uint64_t sum = take_bits(w, h->sum);
  if (!isfinite(count_of(h->sum, sum)))
    return;
  add_line(w, "_sum", last, NULL, h->sum->kind, sum);
  add_line(w, "_count", last, NULL, STORE_REAL, real_bits(count));
}

size_t render_exposition(const struct family_list *list,
                         enum render_format format, struct body *out) {
  struct writer w = {.out = out, .format = format, .scrape = &list->scrape};
  for (size_t i = 0; i < list->count; i++) {
    w.family = list->at[i];
    w.has_head = false;
    if (w.family->kind != GC_EXPORT_HISTOGRAM)
      add_points(&w);
    for (size_t h = 0; w.family->histograms != NULL && h < w.family->count; h++)
      add_histogram(&w, w.family->histograms[h]);
  }
  if (format == RENDER_OPENMETRICS)
    add_text(out, "# EOF\n");
  return w.lines;
}
