/* SPDX-License-Identifier: MIT */
/* Digits, letters and spaces of ASCII, in every locale. Pure. */
#ifndef GC_BASE_ASCII_H
#define GC_BASE_ASCII_H

#include "common/base/cleanup.h"

#include <stdbool.h>
#include <stdint.h>

static inline bool gc_is_digit(char c) { return c >= '0' && c <= '9'; }

static inline bool gc_is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static inline bool gc_is_lower(char c) { return c >= 'a' && c <= 'z'; }
static inline bool gc_is_letter(char c) {
  return gc_is_upper(c) || gc_is_lower(c);
}

/* The spaces of JSON, and of the lines of HTTP. */
static inline bool gc_is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The value of each hexadecimal digit plus 1; 0 for all other characters. */
GC_API extern const uint8_t gc_hex_digits[256];

/* Returns the value of a hexadecimal digit of any case; -1 for other
 * characters.
 */
static inline int gc_hex_value(char c) {
  return gc_hex_digits[(unsigned char)c] - 1;
}

static inline bool gc_is_printable(char c) { return c >= ' ' && c <= '~'; }

/* Makes a text from outside one line without escape sequences, for a log:
 * `instead` replaces each byte that is not printable. */
static inline void gc_replace_unprintable(char *text, char instead) {
  for (; *text != '\0'; text++)
    if (!gc_is_printable(*text))
      *text = instead;
}

/* Converts A to Z only: "Ä" and all other characters stay as they are. */
static inline char gc_lower(char c) {
  return gc_is_upper(c) ? (char)(c - 'A' + 'a') : c;
}

static inline void gc_lower_text(char *text) {
  for (; *text != '\0'; text++)
    *text = gc_lower(*text);
}

#endif
