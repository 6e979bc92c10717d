/* SPDX-License-Identifier: MIT */
/* UTF-8 by RFC 3629, strictly: overlong forms, surrogates and code points
 * beyond U+10FFFF are invalid. Pure, any thread. */
#ifndef GC_BASE_UTF8_H
#define GC_BASE_UTF8_H

#include "common/base/cleanup.h"

#include <stddef.h>
#include <stdint.h>

/* Returns the length in bytes of the valid character at the beginning of
 * `text`, 1 … 4, and sets its code point (ret_point may be NULL); 0 when `text`
 * begins with none, or when `len` is 0. */
GC_API size_t gc_utf8_char(const char *text, size_t len, uint32_t *ret_point);

/* The longest character. */
enum { GC_UTF8_MAX = 4 };

/* Writes the character of a code point other than a surrogate, at most
 * U+10FFFF. Returns its length in bytes. */
GC_API size_t gc_utf8_put(char out[GC_UTF8_MAX], uint32_t point);

/* Returns the length in bytes of the longest beginning of `text` that has at
 * most `max` bytes and does not end within a character. Example: "aé" (3 bytes)
 * cut to 2 is 1. Invalid bytes count as characters of their own. */
GC_API size_t gc_utf8_cut(const char *text, size_t len, size_t max);

/* Copies the whole printable characters that fit; half a character would break
 * a Prometheus scrape. `instead` replaces each byte of a control character and
 * each byte that is not UTF-8. Returns the length; `size` is at least 1. */
GC_API size_t gc_utf8_copy_printable(char *out, size_t size, const char *in,
                                     char instead);

#endif
