/* SPDX-License-Identifier: MIT */
/* Selectors by name: `Queue "Support*"  Queue "!*test*"`. Pure, any thread.
 *
 * A pattern is compared with the whole name; case counts. It also fits an id
 * that is equal to it; for an object without a known name, the pattern is
 * matched with the id.
 *   *       any characters, also none
 *   ?       one character (of UTF-8; an invalid byte is one)
 *   [a-z_]  one of these; [!a-z] or [^a-z]: none of these; ] stands first
 *   \x      x itself, also within brackets
 *   !…      in front: what matches is refused
 * Not fnmatch(3): its `?` and ranges follow the locale of the daemon. Every
 * match takes at most pattern length times name length steps. */
#ifndef GC_BASE_GLOB_H
#define GC_BASE_GLOB_H

#include "common/base/err.h"

#include <stddef.h>

/* GC_ERR_CONFIG, with a text that names the pattern, for a malformed pattern:
 * empty, a lone `!`, a `[` without its `]`, a range that runs backwards, a `\`
 * at the end. The others below take such a pattern too, and match nothing with
 * it. */
GC_API GC_MUST_CHECK enum gc_code gc_glob_check(const char *pattern,
                                                struct gc_err *err);

/* Matches one pattern; `!` has no special meaning here. */
GC_API bool gc_glob_matches(const char *pattern, const char *text);

/* The number of the first pattern that matches, with `!` or without; `count` if
 * there is none. `name` and `id` as below. */
GC_API size_t gc_glob_first(char *const *patterns, size_t count,
                            const char *name, const char *id);

/* The first pattern that matches `name` or `id` (either may be NULL: unknown)
 * decides. If none matches: a list of `!` patterns only accepts, a list with
 * any other pattern refuses, an empty list accepts. Patterns are the values of
 * a configuration (struct gc_strs), so the pointers are not const. */
GC_API bool gc_glob_accepts(char *const *patterns, size_t count,
                            const char *name, const char *id);

#endif
