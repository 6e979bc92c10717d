/* SPDX-License-Identifier: MIT */
/* Copies of texts, and a list of texts such as the values of an option. */
#ifndef GC_BASE_STRS_H
#define GC_BASE_STRS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

struct gc_strs {
  char **at;
  size_t count;
};

/* Copies a text, which may be NULL. False when out of memory. */
static inline bool gc_copy_text(char **ret, const char *text) {
  *ret = text != NULL ? strdup(text) : NULL;
  return text == NULL || *ret != NULL;
}

/* Frees a text and puts a copy of `text` in its place; NULL leaves it. False,
 * with the old text in its place, when out of memory. */
static inline bool gc_replace_text(char **place, const char *text) {
  char *copy;
  if (!gc_copy_text(&copy, text))
    return false;
  if (copy != NULL) {
    free(*place);
    *place = copy;
  }
  return true;
}

#endif
