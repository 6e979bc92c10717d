/* SPDX-License-Identifier: MIT */
/* Words for the log and names for identities: one line, whole characters.
 * Pure, though it lives here: only the edge to the operator needs it. */
#ifndef GC_DAEMON_TEXT_H
#define GC_DAEMON_TEXT_H

#include <stddef.h>

/* Copies what fits, whole UTF-8 characters only (half a character takes down a
 * whole Prometheus scrape). Control characters and bytes that are no UTF-8
 * become `instead`. Returns the length; `size` is at least 1. */
size_t gc_text_copy(char *out, size_t size, const char *in, char instead);

/* The same between double quotes, cut at some 60 bytes with "…" to show it:
 * how a message tells a value or name from a file. `size` is at least 80.
 * Returns `out`. */
const char *gc_text_quote(char *out, size_t size, const char *in);

/* Which of `words` (`count` of them, NULL entries are skipped) was probably
 * meant by `typed`, by edit distance without regard to case; NULL when none is
 * near: "Acount" -> "Account", "Foo" -> NULL. */
const char *gc_text_nearest(const char *typed, const char *const *words,
                            size_t count);

#endif
