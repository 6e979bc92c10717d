/* SPDX-License-Identifier: MIT */
/* Digits and letters of ASCII, in every locale. Pure. */
#ifndef GC_BASE_ASCII_H
#define GC_BASE_ASCII_H

#include <stdbool.h>

static inline bool gc_is_digit(char c) { return c >= '0' && c <= '9'; }

/* Converts A to Z only: "Ä" and all other characters stay as they are. */
static inline char gc_lower(char c) {
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static inline void gc_lower_text(char *text) {
  for (; *text != '\0'; text++)
    *text = gc_lower(*text);
}

#endif
