/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/series/families.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/decimal.h"

/* The names that a family of each kind occupies, by their suffixes. OpenMetrics
 * keeps `_created` for counters and histograms: strict readers refuse a scrape
 * in which another family has such a name. */
static const char *const suffixes[][FAMILY_NAMES] = {
    [GC_EXPORT_GAUGE] = {""},
    [GC_EXPORT_COUNTER] = {"", "_total", "_created"},
    [GC_EXPORT_HISTOGRAM] = {"", "_bucket", "_sum", "_count", "_created"},
};

void families_init(struct families *f) {
  *f = (struct families){.count = 0};
  pthread_mutex_init(&f->lock, NULL);
}

static void family_free(struct family *f) {
  for (size_t i = 0; f->histograms != NULL && i < f->count; i++) {
    free(f->histograms[i]->buckets);
    free(f->histograms[i]);
  }
  free(f->histograms);
  free(f->points);
  gc_strmap_clear(&f->by_labels);
  for (size_t i = 0; i < FAMILY_NAMES; i++)
    free(f->names[i]);
  free(f->key);
  free(f);
}

void families_clear(struct families *f) {
  gc_strmap_clear(&f->by_name);
  for (size_t i = 0; i < f->count; i++)
    family_free(f->at[i]);
  free(f->at);
  pthread_mutex_destroy(&f->lock);
}

/* ---- names ---- */

static struct family *family_new(const struct gc_export_series *s,
                                 const struct store_list *list) {
  char name[GC_EXPORT_NAME_SIZE + 16];
  struct family *f = gc_zalloc(1, sizeof(*f));
  for (size_t i = 0; i < FAMILY_NAMES && suffixes[s->kind][i] != NULL; i++) {
    snprintf(name, sizeof(name), "%s%s", s->family, suffixes[s->kind][i]);
    f->names[i] = gc_strdup(name);
  }
  f->name = f->names[0];
  f->name_len = strlen(f->name);
  f->key = gc_zalloc(1, list->key_len + 1);
  memcpy(f->key, list->key, list->key_len);
  f->key_len = list->key_len;
  f->kind = s->kind;
  f->unit = s->unit;
  f->help = s->help;
  return f;
}

/* Adds the family. Returns NULL, or the family that has one of its names. */
static const struct family *add_family(struct families *f,
                                       struct family *added) {
  for (size_t i = 0; i < FAMILY_NAMES && added->names[i] != NULL; i++) {
    const struct family *other = gc_strmap_get(&f->by_name, added->names[i]);
    if (other != NULL)
      return other;
  }
  if (f->count == f->cap) {
    f->cap = f->cap == 0 ? 64 : f->cap * 2;
    f->at = gc_resize(f->at, f->cap, sizeof(struct family *));
  }
  f->at[f->count++] = added;
  for (size_t i = 0; i < FAMILY_NAMES && added->names[i] != NULL; i++)
    gc_strmap_put(&f->by_name, added->names[i], added);
  return NULL;
}

struct family *families_get(struct families *f,
                            const struct gc_export_series *s,
                            const struct store_list *list,
                            const struct family **ret_other) {
  pthread_mutex_lock(&f->lock);
  struct family *family = gc_strmap_get(&f->by_name, s->family);
  *ret_other = NULL;
  if (family == NULL && f->count < FAMILIES_MAX) {
    family = family_new(s, list);
    *ret_other = add_family(f, family);
    if (*ret_other != NULL)
      family_free(gc_steal(family));
  } else if (family != NULL && (family->kind != s->kind ||
                                strcmp(family->name, s->family) != 0)) {
    *ret_other = family;
    family = NULL;
  }
  pthread_mutex_unlock(&f->lock);
  return family;
}

void families_list(struct families *f, struct family_list *list) {
  pthread_mutex_lock(&f->lock);
  if (f->count > list->count) {
    list->at = gc_resize(list->at, f->count, sizeof(struct family *));
    memcpy(list->at, f->at, f->count * sizeof(struct family *));
    list->count = f->count;
  }
  pthread_mutex_unlock(&f->lock);
}

/* ---- points ---- */

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
  struct point *p = gc_zalloc(1, sizeof(*p) + labels.len + 1 + le_size);
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

/* Makes room for one more point or histogram. */
static void grow_family(struct family *f) {
  if (f->count < f->cap)
    return;
  f->cap = f->cap == 0 ? 16 : f->cap * 2;
  if (f->kind == GC_EXPORT_HISTOGRAM)
    f->histograms = gc_resize(f->histograms, f->cap, sizeof(void *));
  else
    f->points = gc_resize(f->points, f->cap, sizeof(void *));
}

static const struct point *insert_plain(struct family *f, struct point *p) {
  const struct point *other = gc_strmap_get(&f->by_labels, p->labels);
  if (other != NULL)
    return other;
  grow_family(f);
  gc_strmap_put(&f->by_labels, p->labels, p);
  f->points[f->count++] = p;
  return NULL;
}

static struct histogram *histogram_of(struct family *f, const struct point *p) {
  struct histogram *h = gc_strmap_get(&f->by_labels, p->labels);
  if (h != NULL)
    return h;
  h = gc_zalloc(1, sizeof(*h) + p->labels_len + 1);
  memcpy(h->labels, p->labels, p->labels_len + 1);
  grow_family(f);
  gc_strmap_put(&f->by_labels, h->labels, h);
  f->histograms[f->count++] = h;
  return h;
}

static const struct point *insert_bucket(struct histogram *h, struct point *p) {
  size_t at = 0;
  while (at < h->bucket_count && h->buckets[at]->bound < p->bound)
    at++;
  if (at < h->bucket_count && !(h->buckets[at]->bound > p->bound))
    return h->buckets[at];
  h->buckets =
      gc_resize(h->buckets, h->bucket_count + 1, sizeof(struct point *));
  memmove(h->buckets + at + 1, h->buckets + at,
          (h->bucket_count - at) * sizeof(struct point *));
  h->buckets[at] = p;
  h->bucket_count++;
  return NULL;
}

static const struct point *insert_member(struct family *f, struct point *p) {
  struct histogram *h = histogram_of(f, p);
  if (p->member == GC_EXPORT_BUCKET)
    return insert_bucket(h, p);
  struct point **place = p->member == GC_EXPORT_SUM ? &h->sum : &h->count;
  if (*place == NULL)
    *place = p;
  return *place == p ? NULL : *place;
}

const struct point *family_insert(struct point *p) {
  const struct point *other = p->family->kind == GC_EXPORT_HISTOGRAM
                                  ? insert_member(p->family, p)
                                  : insert_plain(p->family, p);
  p->is_shown = other == NULL;
  return other;
}

static void drop_gone_points(struct family *f) {
  size_t kept = 0;
  for (size_t i = 0; i < f->count; i++) {
    struct point *p = f->points[i];
    if (p->is_gone)
      (void)gc_strmap_drop(&f->by_labels, p->labels);
    else
      f->points[kept++] = p;
  }
  f->count = kept;
}

static bool is_gone(const struct point *p) { return p != NULL && p->is_gone; }

/* Removes the members that are gone. True if the histogram still has one. */
static bool drop_gone_members(struct histogram *h) {
  size_t kept = 0;
  for (size_t i = 0; i < h->bucket_count; i++)
    if (!h->buckets[i]->is_gone)
      h->buckets[kept++] = h->buckets[i];
  h->bucket_count = kept;
  h->sum = is_gone(h->sum) ? NULL : h->sum;
  h->count = is_gone(h->count) ? NULL : h->count;
  return kept > 0 || h->sum != NULL || h->count != NULL;
}

static void drop_gone_histograms(struct family *f) {
  size_t kept = 0;
  for (size_t i = 0; i < f->count; i++) {
    struct histogram *h = f->histograms[i];
    if (drop_gone_members(h)) {
      f->histograms[kept++] = h;
      continue;
    }
    (void)gc_strmap_drop(&f->by_labels, h->labels);
    free(h->buckets);
    free(h);
  }
  f->count = kept;
}

void family_remove_gone(struct family *f) {
  if (f->gone == 0)
    return;
  f->gone = 0;
  if (f->kind == GC_EXPORT_HISTOGRAM)
    drop_gone_histograms(f);
  else
    drop_gone_points(f);
}
