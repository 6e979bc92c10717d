/* SPDX-License-Identifier: MIT */
/* The structure of an exposition: families, each with its series, histograms
 * with their buckets in order. No two series have one line. Only families_get
 * and point_new are thread-safe; the store holds its structure lock for the
 * other functions. */
#ifndef GENESYS_PROMETHEUS_SERIES_FAMILIES_H
#define GENESYS_PROMETHEUS_SERIES_FAMILIES_H

#include "common/base/strmap.h"
#include "plugins/genesys_prometheus/series/store.h"

#include <pthread.h>
#include <stdatomic.h>

struct family;
struct entry;

/* The progress of showing a new counter: a rate needs its first 0. */
enum point_beginning {
  POINT_UNSEEN,
  POINT_AT_ZERO, /* began with 0, which the first answers show */
  POINT_SEEN,
};

/* One scrape. */
struct scrape {
  uint64_t now_ms;
  uint64_t number; /* of the answer, from 1 */
  /* Number of the answer before the newest one, of those that clients took; 0:
   * there is none. */
  uint64_t second_taken;
};

/* One series. */
struct point {
  _Atomic uint64_t bits;           /* as in struct store_number */
  enum store_number_kind kind;     /* never changes */
  enum gc_export_member member;    /* likewise */
  bool is_shown;                   /* part of its family, not collided */
  bool is_gone;                    /* to be removed */
  _Atomic unsigned char beginning; /* enum point_beginning */
  uint64_t born_ms;
  uint64_t first_answer; /* that shows its 0; 0: none yet */
  struct family *family;
  const struct entry *entry; /* of the store; valid unless is_gone */
  struct point *next;        /* in a list of the store */
  double bound;              /* of a bucket */
  const char *le;            /* of a bucket: bound as text, after `labels` */
  uint32_t labels_len;
  char labels[]; /* a="b",c="d", escaped; without `le` */
};

/* The points of one histogram, together in the exposition. */
struct histogram {
  struct point **buckets; /* ascending by bound */
  size_t bucket_count;
  struct point *sum, *count;
  char labels[];
};

enum { FAMILIES_MAX = 10000, FAMILY_NAMES = 5 };

struct family {
  char *names[FAMILY_NAMES]; /* as they appear in lines; the first one has no
                                suffix; the rest may be NULL */
  const char *name;          /* the first one */
  size_t name_len;
  char *key; /* of its first series, as in struct store_list */
  size_t key_len;
  enum gc_export_kind kind;
  const char *unit, *help;    /* static texts */
  struct gc_strmap by_labels; /* a point, or a histogram */
  struct point **points;      /* not of a histogram */
  struct histogram **histograms;
  size_t count, cap; /* of points or histograms */
  size_t gone;       /* points that wait for their removal */
};

struct families {
  pthread_mutex_t lock;     /* of all below */
  struct gc_strmap by_name; /* also the names with suffixes */
  struct family **at;
  size_t count, cap;
};

/* The families at one moment. Families that are added later do not change it.
 */
struct family_list {
  struct family **at;
  size_t count;
  struct scrape scrape; /* for which they were listed */
};

void families_init(struct families *f);
void families_clear(struct families *f);

/* Finds or makes the family of a series; `list` has the key of a new one. A
 * family lives as long as `f`. Returns NULL past FAMILIES_MAX, or when another
 * family, *ret_other, has one of its names or its family has another kind. Any
 * thread. */
struct family *families_get(struct families *f,
                            const struct gc_export_series *series,
                            const struct store_list *list,
                            const struct family **ret_other);

/* Makes a point of the names of a series: its labels as text, escaped. Returns
 * NULL for labels that are longer than POINT_LABELS_MAX, and for a bucket whose
 * bound is no number. */
enum { POINT_LABELS_MAX = 2 * GC_EXPORT_TEXT_SIZE };
struct point *point_new(const struct gc_export_series *series,
                        struct family *family, enum store_number_kind kind);

/* Adds the families that are new. */
void families_list(struct families *f, struct family_list *list);

/* Inserts a point into its family. Returns NULL, or the point that has its
 * line. */
const struct point *family_insert(struct point *p);
/* Removes all points that are gone from a family; frees none of them. */
void family_remove_gone(struct family *f);

#endif
