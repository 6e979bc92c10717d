/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/series/families.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The names that a family of each kind occupies, by their suffixes. */
static const char *const suffixes[][4] = {
    [GC_EXPORT_GAUGE] = {"", NULL},
    [GC_EXPORT_COUNTER] = {"", "_total", NULL},
    [GC_EXPORT_HISTOGRAM] = {"", "_bucket", "_sum", "_count"},
};
enum { SUFFIXES = 4 };

/* A reserved name; its text is followed by the terminating NUL. */
struct reserved {
  struct family *family;
  char name[];
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
  free(f->name);
  free(f);
}

void families_clear(struct families *f) {
  for (size_t i = 0; i < f->by_name.room; i++)
    if (f->by_name.slots[i].key != NULL)
      free(f->by_name.slots[i].value);
  gc_strmap_clear(&f->by_name);
  for (size_t i = 0; i < f->count; i++)
    family_free(f->at[i]);
  free(f->at);
  pthread_mutex_destroy(&f->lock);
}

/* ---- names ---- */

static void print_name(char *out, const struct gc_export_series *s,
                       size_t suffix) {
  snprintf(out, GC_EXPORT_NAME_SIZE + 8, "%s%s", s->family,
           suffixes[s->kind][suffix]);
}

static bool is_free(const struct families *f,
                    const struct gc_export_series *s) {
  char name[GC_EXPORT_NAME_SIZE + 8];
  for (size_t i = 0; i < SUFFIXES && suffixes[s->kind][i] != NULL; i++) {
    print_name(name, s, i);
    if (gc_strmap_get(&f->by_name, name) != NULL)
      return false;
  }
  return true;
}

static bool reserve_name(struct families *f, const char *name,
                         struct family *family) {
  struct reserved *r = calloc(1, sizeof(*r) + strlen(name) + 1);
  if (r == NULL)
    return false;
  r->family = family;
  memcpy(r->name, name, strlen(name) + 1);
  gc_strmap_put(&f->by_name, r->name, r);
  return true;
}

static bool grow_family_list(struct families *f) {
  if (f->count < f->cap)
    return true;
  size_t cap = f->cap == 0 ? 64 : f->cap * 2;
  struct family **at = realloc(f->at, cap * sizeof(struct family *));
  if (at == NULL)
    return false;
  f->at = at;
  f->cap = cap;
  return true;
}

/* Adds a family. If not all of its names could be reserved, it stays without
 * points, so that no series is shown under a wrong name. */
static struct family *add_family(struct families *f,
                                 const struct gc_export_series *s) {
  char name[GC_EXPORT_NAME_SIZE + 8];
  if (f->count == FAMILIES_MAX || !is_free(f, s) || !grow_family_list(f))
    return NULL;
  struct family *family = calloc(1, sizeof(*family));
  if (family == NULL || (family->name = strdup(s->family)) == NULL) {
    free(family);
    return NULL;
  }
  family->name_len = strlen(family->name);
  family->kind = s->kind;
  family->unit = s->unit;
  family->help = s->help;
  f->at[f->count++] = family;
  for (size_t i = 0; i < SUFFIXES && suffixes[s->kind][i] != NULL; i++) {
    print_name(name, s, i);
    if (!reserve_name(f, name, family))
      return NULL;
  }
  return family;
}

struct family *families_get(struct families *f,
                            const struct gc_export_series *s) {
  pthread_mutex_lock(&f->lock);
  const struct reserved *r = gc_strmap_get(&f->by_name, s->family);
  struct family *family = r != NULL ? r->family : add_family(f, s);
  if (family != NULL &&
      (family->kind != s->kind || strcmp(family->name, s->family) != 0))
    family = NULL;
  pthread_mutex_unlock(&f->lock);
  return family;
}

void families_list(struct families *f, struct family_list *list) {
  pthread_mutex_lock(&f->lock);
  size_t size = f->count * sizeof(struct family *);
  struct family **at =
      f->count > list->count ? realloc(list->at, size) : list->at;
  if (at != NULL && f->count > list->count) {
    memcpy(at, f->at, size);
    list->at = at;
    list->count = f->count;
  }
  pthread_mutex_unlock(&f->lock);
}

/* ---- points ---- */

/* Makes room for one more point or histogram. */
static bool grow_family(struct family *f) {
  if (f->count < f->cap)
    return true;
  bool is_histogram = f->kind == GC_EXPORT_HISTOGRAM;
  size_t cap = f->cap == 0 ? 16 : f->cap * 2;
  void *old = is_histogram ? (void *)f->histograms : (void *)f->points;
  void *at = realloc(old, cap * sizeof(void *));
  if (at == NULL)
    return false;
  f->cap = cap;
  if (is_histogram)
    f->histograms = at;
  else
    f->points = at;
  return true;
}

static enum gc_code insert_plain(struct family *f, struct point *p) {
  if (gc_strmap_get(&f->by_labels, p->labels) != NULL)
    return GC_ERR_REQUEST;
  if (!grow_family(f))
    return GC_ERR_MEMORY;
  gc_strmap_put(&f->by_labels, p->labels, p);
  f->points[f->count++] = p;
  return GC_OK;
}

static struct histogram *histogram_of(struct family *f, const struct point *p) {
  struct histogram *h = gc_strmap_get(&f->by_labels, p->labels);
  if (h != NULL || !grow_family(f))
    return h;
  h = calloc(1, sizeof(*h) + p->labels_len + 1);
  if (h == NULL)
    return NULL;
  memcpy(h->labels, p->labels, p->labels_len + 1);
  gc_strmap_put(&f->by_labels, h->labels, h);
  f->histograms[f->count++] = h;
  return h;
}

static enum gc_code insert_bucket(struct histogram *h, struct point *p) {
  size_t at = 0;
  while (at < h->bucket_count && h->buckets[at]->bound < p->bound)
    at++;
  if (at < h->bucket_count && !(h->buckets[at]->bound > p->bound))
    return GC_ERR_REQUEST;
  struct point **buckets =
      realloc(h->buckets, (h->bucket_count + 1) * sizeof(struct point *));
  if (buckets == NULL)
    return GC_ERR_MEMORY;
  memmove(buckets + at + 1, buckets + at,
          (h->bucket_count - at) * sizeof(struct point *));
  buckets[at] = p;
  h->buckets = buckets;
  h->bucket_count++;
  return GC_OK;
}

static enum gc_code insert_member(struct family *f, struct point *p) {
  struct histogram *h = histogram_of(f, p);
  if (h == NULL)
    return GC_ERR_MEMORY;
  if (p->member == GC_EXPORT_BUCKET)
    return insert_bucket(h, p);
  struct point **place = p->member == GC_EXPORT_SUM ? &h->sum : &h->count;
  if (*place != NULL)
    return GC_ERR_REQUEST;
  *place = p;
  return GC_OK;
}

enum gc_code family_insert(struct point *p) {
  enum gc_code code = p->family == NULL ? GC_ERR_REQUEST
                      : p->family->kind == GC_EXPORT_HISTOGRAM
                          ? insert_member(p->family, p)
                          : insert_plain(p->family, p);
  p->is_shown = code == GC_OK;
  return code;
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
