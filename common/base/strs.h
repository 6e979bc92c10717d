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

#endif
