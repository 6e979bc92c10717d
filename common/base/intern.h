/* SPDX-License-Identifier: MIT */
/* Maps strings to small dense numbers and back: the ids, media and statuses of
 * one answer, each kept once. Bounded by `max`. Pure; one thread at a time.
 *
 *   struct gc_intern media = {.max = 64};
 *   GC_TRY(gc_intern_put(&media, "voice", 5, &m));     m is 0
 *   gc_intern_text(&media, m)                          "voice" */
#ifndef GC_BASE_INTERN_H
#define GC_BASE_INTERN_H

#include "common/base/err.h"

#include <stdint.h>

struct gc_intern {
  uint32_t max; /* limit of `count`; must be set */

  char **texts; /* texts[number]; stable as long as the object lives */
  uint32_t count, cap;
  uint32_t *slots; /* open addressing: number + 1, 0 is free */
  uint32_t slot_count;
};

/* Finds the number of `text`, or adds it with the next one. GC_ERR_LIMIT past
 * `max`. A NUL inside the text ends it. */
GC_API GC_MUST_CHECK enum gc_code gc_intern_put(struct gc_intern *in,
                                                const char *text, size_t len,
                                                uint32_t *ret_number);
/* Finds the number of `text`; false when it has none. */
GC_API bool gc_intern_find(const struct gc_intern *in, const char *text,
                           size_t len, uint32_t *ret_number);
/* Returns the text of a number, borrowed; "" for a number that was never
 * given. */
GC_API const char *gc_intern_text(const struct gc_intern *in, uint32_t number);

/* Frees all strings; `max` stays. */
GC_API void gc_intern_clear(struct gc_intern *in);

#endif
