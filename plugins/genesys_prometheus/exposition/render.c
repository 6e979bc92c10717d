/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/exposition/render.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <zlib.h>

#include "common/base/alloc.h"
#include "common/base/decimal.h"

/* ---- the body ---- */

enum {
  BLOCK_SIZE = 128 * 1024,
  PIECE_MAX = 32 * 1024,
  GZIP_BITS = 15 + 16, /* zlib.h: a gzip header */
  GZIP_LEVEL = 1,      /* regular text: a higher level only costs time */
};

/* The body of an answer while it is written: collected in blocks and compressed
 * if requested. With gzip 50 MB of text are never in memory as a whole. */
struct body {
  bool is_gzip, has_failed;
  z_stream z;
  char *out;
  size_t len, cap;
  size_t used; /* of `block` */
  char block[BLOCK_SIZE];
};

static struct body *body_new(bool is_gzip) {
  struct body *b = gc_resize(NULL, 1, sizeof(*b));
  memset(b, 0, offsetof(struct body, block));
  b->is_gzip = is_gzip;
  if (is_gzip && deflateInit2(&b->z, GZIP_LEVEL, Z_DEFLATED, GZIP_BITS, 8,
                              Z_DEFAULT_STRATEGY) != Z_OK) {
    b->is_gzip = false;
    b->has_failed = true;
  }
  return b;
}

static bool grow_body(struct body *b, size_t more) {
  if (b->cap - b->len >= more)
    return true;
  size_t cap = b->cap == 0 ? 2 * (size_t)BLOCK_SIZE : b->cap * 2;
  char *out = realloc(b->out, cap);
  b->has_failed = b->has_failed || out == NULL;
  if (out == NULL)
    return false;
  b->out = out;
  b->cap = cap;
  return true;
}

static void deflate_block(struct body *b, int flush) {
  b->z.next_in = (unsigned char *)b->block;
  b->z.avail_in = (unsigned)b->used;
  do {
    if (!grow_body(b, BLOCK_SIZE))
      return;
    b->z.next_out = (unsigned char *)b->out + b->len;
    b->z.avail_out = BLOCK_SIZE;
    (void)deflate(&b->z, flush);
    b->len += BLOCK_SIZE - b->z.avail_out;
  } while (b->z.avail_out == 0);
}

static void flush_block(struct body *b, bool is_last) {
  if (b->is_gzip) {
    deflate_block(b, is_last ? Z_FINISH : Z_NO_FLUSH);
  } else if (grow_body(b, BLOCK_SIZE)) {
    memcpy(b->out + b->len, b->block, b->used);
    b->len += b->used;
  }
  b->used = 0;
}

/* Returns room for `len` bytes, at most PIECE_MAX; body_took adds them. */
static char *body_room(struct body *b, size_t len) {
  if (len > BLOCK_SIZE - b->used)
    flush_block(b, false);
  return b->block + b->used;
}

static void body_took(struct body *b, size_t len) { b->used += len; }

static void body_add(struct body *b, const void *bytes, size_t len) {
  const char *at = bytes;
  while (len > 0) {
    size_t piece = len < PIECE_MAX ? len : PIECE_MAX;
    memcpy(body_room(b, piece), at, piece);
    body_took(b, piece);
    at += piece;
    len -= piece;
  }
}

/* Frees `b`. Returns the whole body, followed by a NUL; NULL when out of
 * memory.
 */
static char *body_finish(struct body *b, size_t *ret_len) {
  flush_block(b, true);
  if (grow_body(b, 1))
    b->out[b->len] = '\0';
  if (b->is_gzip)
    deflateEnd(&b->z);
  if (b->has_failed)
    free(gc_steal(b->out));
  char *out = b->out;
  *ret_len = b->len;
  free(b);
  return out;
}

/* ---- families ---- */

enum { AHEAD = 8 }; /* points fetched into the cache beforehand */

struct writer {
  struct body *out;
  enum render_format format;
  const struct family *family;
  const char *name; /* of the family, or its alias */
  const struct scrape *scrape;
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
  add_text(w->out, w->name);
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
  size_t name_len = w->name == f->name ? f->name_len : strlen(w->name);
  begin_family(w);
  char *start = body_room(w->out, name_len + suffix_len + labels->labels_len +
                                      le_len + 16 + GC_DECIMAL_SIZE);
  char *at = put_bytes(start, w->name, name_len);
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

static void add_family(struct writer *w, const struct family *f,
                       const char *name) {
  w->family = f;
  w->name = name;
  w->has_head = false;
  if (f->kind != GC_EXPORT_HISTOGRAM)
    add_points(w);
  for (size_t i = 0; f->histograms != NULL && i < f->count; i++)
    add_histogram(w, f->histograms[i]);
}

char *render_exposition(const struct family_list *list,
                        const struct render_options *o, size_t *ret_len) {
  struct body *body = body_new(o->is_gzip);
  struct writer w = {.out = body, .format = o->format, .scrape = &list->scrape};
  for (size_t i = 0; i < list->count; i++) {
    const struct family *f = list->at[i];
    add_family(&w, f, f->name);
    if (o->has_wait_alias && strcmp(f->name, RENDER_WAIT) == 0)
      add_family(&w, f, RENDER_WAIT_ALIAS);
  }
  if (o->format == RENDER_OPENMETRICS)
    add_text(body, "# EOF\n");
  return body_finish(body, ret_len);
}
