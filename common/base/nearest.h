/* SPDX-License-Identifier: MIT */
/* Finds similar words, for "did you mean …?". Pure, any thread. */
#ifndef GC_BASE_NEAREST_H
#define GC_BASE_NEAREST_H

#include "common/base/cleanup.h"

#include <stddef.h>

/* Returns the word that `typed` was probably meant to be, by edit distance
 * without regard to case: "Adress" -> "Address", "Foo" -> NULL. `words` has
 * `count` entries; those that are NULL are skipped. */
GC_API const char *gc_text_nearest(const char *typed, const char *const *words,
                                   size_t count);

/* Returns how many characters must be inserted, removed, replaced or swapped to
 * turn one word into the other, without regard to case; SIZE_MAX for words of
 * more than 48 bytes. */
GC_API size_t gc_text_distance(const char *a, const char *b);

#endif
