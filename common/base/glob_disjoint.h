/* SPDX-License-Identifier: MIT */
/* Decides whether two lists of selectors (base/glob) can accept one object.
 * Pure, any thread. */
#ifndef GC_BASE_GLOB_DISJOINT_H
#define GC_BASE_GLOB_DISJOINT_H

#include <stdbool.h>
#include <stddef.h>

/* True only if it is certain that no object, whatever its name and id, is
 * accepted by both lists:
 *   "Sales*"             "Support*"       their beginnings differ
 *   "Sales*"             "!Sales*" "*"    the second list refuses the first
 *   two different ids
 * False if it is not certain: `?` and `[ ]` count as `*` when both patterns
 * have wildcards, and an id may belong to an object whose name the other list
 * accepts. */
bool gc_globs_are_disjoint(char *const *a, size_t a_count, char *const *b,
                           size_t b_count);

#endif
