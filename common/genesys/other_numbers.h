/* SPDX-License-Identifier: MIT */
/* Numbers of the platform that no table of the plugins has: those of a metric
 * that the platform adds later, or of a member that it adds to its statistics.
 * They are sent under the platform's own names. A decoder collects the numbers
 * of one element, since the name of its metric may come last, and then keeps
 * their names:
 *
 *   gc_other_numbers_read(&d->others, at->key, at->key_len, v);
 *   …
 *   for (unsigned i = 0; i < d->others.count; i++)
 *     gc_other_name_put(names, metric, "", d->others.at[i].name, 127, &name)
 *
 * Bounded: GC_OTHER_NUMBERS_MAX of an element, GC_OTHER_NAMES_MAX names. Pure,
 * one thread at a time. */
#ifndef GC_GENESYS_OTHER_NUMBERS_H
#define GC_GENESYS_OTHER_NUMBERS_H

#include "common/base/intern.h"
#include "common/base/json/stream.h"
#include "common/genesys/unknown_words.h"

enum {
  GC_OTHER_NUMBERS_MAX = 16,
  GC_OTHER_NAMES_MAX = 100, /* `max` of the names' gc_intern */
};

struct gc_other_number {
  char name[GC_UNKNOWN_WORD_SIZE];
  double number;
};

/* The numbers of one element. All members are 0 at the start. */
struct gc_other_numbers {
  unsigned count;
  unsigned lost; /* numbers beyond GC_OTHER_NUMBERS_MAX */
  struct gc_other_number at[GC_OTHER_NUMBERS_MAX];
};

static inline void gc_other_numbers_clear(struct gc_other_numbers *n) {
  n->count = n->lost = 0;
}

/* Adds the number of a JSON value. False, without effect, when it is no finite
 * number. */
GC_API bool gc_other_numbers_read(struct gc_other_numbers *n, const char *name,
                                  size_t len, const struct gc_json_value *v);

/* Returns true for a word that is no data of a customer and is no identifier:
 * gc_unknown_word_is_plain, and no UUID. True for "". */
GC_API bool gc_other_word_is_name(const char *word);

/* Finds or adds the number of METRIC-MEMBER, or METRIC-QUALIFIER-MEMBER, clean
 * as a part of an identity. The caller has checked `qualifier`:
 * gc_other_word_is_name, or a known identifier. GC_ERR_LIMIT when `names` is
 * full, when metric or member is no name, when the metric is "", or when the
 * name is longer than `max_bytes`; GC_ERR_MEMORY. */
GC_API GC_MUST_CHECK enum gc_code
gc_other_name_put(struct gc_intern *names, const char *metric,
                  const char *qualifier, const char *member, size_t max_bytes,
                  uint32_t *ret_number);

#endif
