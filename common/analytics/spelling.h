/* SPDX-License-Identifier: MIT */
/* Decides if the text of a type instance belongs to one group only. Parts are
 * joined with "-", and collectd and its writer for Graphite replace characters
 * by "_": the values "a-b", "c" and "a", "b-c" make one text, and so do "A/B"
 * and "A_B". Of all values that make one text at most one is ordinary; the text
 * of every other one needs a hash. The answer depends on the values alone, so
 * that all agents give it. Pure. */
#ifndef GC_ANALYTICS_SPELLING_H
#define GC_ANALYTICS_SPELLING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/analytics/dimension_table.h"

/* True if no other value that is ordinary has the same text to Graphite. The
 * character between the words of an ordinary value is
 *   ' '  in a name, which has capital and small letters: Billing A
 *   '_'  in a word of capital letters: ON_QUEUE; in codes, media and the ids of
 *        lists: queue_1
 *   '.'  in other words and numbers: transfer.consult, 12.0
 * A value without such characters is ordinary, such as a UUID. "none" is not,
 * since it is the text of a missing value; "", the missing value, is. */
GC_API bool gc_value_is_ordinary(enum gc_dimension_kind kind,
                                 const char *value);

/* True if `status` is the ordinary spelling of a status that is shown in snake
 * case: NOT_RESPONDING, but neither NotResponding nor "not responding". */
bool gc_status_is_ordinary(const char *status);

/* True if a reader of the text finds the `count` parts that begin at the
 * offsets `begins`. It cuts at each "-" that is not within a UUID: first the
 * parts before number `rest`, from the left, then those behind it, from the
 * right. Part `rest` is what remains, so it may have "-"; so may the last part
 * if it is an id (7fb334b0-0e9e) or a code of the platform
 * (ININ-WRAP-UP-TIMEOUT). */
bool gc_parts_are_clear(const char *text, const size_t *begins, size_t count,
                        size_t rest);

/* True if the text ends like one with a hash: "~" and 16 digits. */
bool gc_has_hash(const char *text);

#endif
