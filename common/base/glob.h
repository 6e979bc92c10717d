/* SPDX-License-Identifier: MIT */
/* Selectors by name: "Support*", "!*test*". Pure, any thread.
 *
 * A pattern is compared with the whole name; case counts. It also matches an id
 * that equals it; for an object without a known name, the pattern is matched
 * with the id.
 *   *       any characters, also none
 *   ?       one character (of UTF-8; an invalid byte is one)
 *   [a-z_]  one of these; [!a-z] or [^a-z]: none of these; ] stands first
 *   \x      x itself, also within brackets
 *   !…      in front: a name that matches is refused
 * fnmatch(3) is not used, since its `?` and ranges follow the locale of the
 * daemon. A match takes at most pattern length times name length steps. */
#ifndef GC_BASE_GLOB_H
#define GC_BASE_GLOB_H

#include "common/base/err.h"

#include <stddef.h>

/* Checks a pattern. GC_ERR_CONFIG, with a text that names the pattern, if it is
 * malformed: empty, a lone `!`, a `[` without its `]`, a range that runs
 * backwards, a `\` at the end. The functions below accept a malformed pattern
 * too; it matches nothing, except that an empty one matches an empty text. */
GC_API GC_MUST_CHECK enum gc_code gc_glob_check(const char *pattern,
                                                struct gc_err *err);

/* True if one pattern matches; `!` has no special meaning here. */
GC_API bool gc_glob_matches(const char *pattern, const char *text);

/* Returns the index of the first pattern that matches, with `!` or without;
 * `count` if there is none. `name` and `id` as in gc_glob_accepts. */
GC_API size_t gc_glob_first(char *const *patterns, size_t count,
                            const char *name, const char *id);

/* True if the list accepts an object: the first pattern that matches `name` or
 * `id` (either may be NULL: unknown) decides. If none matches, an empty list
 * and a list whose patterns all begin with `!` accept the object; any other
 * list refuses it. Patterns are the values of a configuration (struct
 * gc_strs), so the pointers are not const. */
GC_API bool gc_glob_accepts(char *const *patterns, size_t count,
                            const char *name, const char *id);

/* True only if it is certain that no object, whatever its name and id, is
 * accepted by both lists: "Sales*" and "Support*", "Sales*" and "!Sales*" "*",
 * two different ids. `?` and `[ ]` count as `*` when both patterns have
 * wildcards, and an id may belong to an object whose name the other list
 * accepts. */
GC_API bool gc_globs_are_disjoint(char *const *a, size_t a_count,
                                  char *const *b, size_t b_count);

#endif
