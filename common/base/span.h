/* SPDX-License-Identifier: MIT */
/* A borrowed piece of a text, for example a word of a header line. Pure, any
 * thread. */
#ifndef GC_BASE_SPAN_H
#define GC_BASE_SPAN_H

#include "common/base/ascii.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

struct gc_span {
  const char *at;
  size_t len;
};

/* Returns the text without spaces at its ends. */
static inline struct gc_span gc_span_trim(const char *at, size_t len) {
  while (len > 0 && gc_is_space(at[len - 1]))
    len--;
  while (len > 0 && gc_is_space(*at)) {
    at++;
    len--;
  }
  return (struct gc_span){at, len};
}

/* True for the word itself, in any case. */
static inline bool gc_span_is(struct gc_span s, const char *word) {
  return s.len == strlen(word) && strncasecmp(s.at, word, s.len) == 0;
}

/* Copies as much as fits, without characters that could break a log line. */
static inline void gc_span_copy_printable(struct gc_span s, char *out,
                                          size_t size) {
  size_t used = 0;
  for (size_t i = 0; i < s.len && used + 1 < size; i++)
    if (gc_is_printable(s.at[i]))
      out[used++] = s.at[i];
  out[used] = '\0';
}

#endif
