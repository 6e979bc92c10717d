/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/redis/link.h"

/* For comparison: a command with 20,000 occurrences has 2 MB. */
enum { TEXT_MAX_BYTES = 64 << 20, WORDS_FIRST = 64 };

static bool reserve_word(struct redis_words *w) {
  if (w->count < w->cap)
    return true;
  size_t cap = w->cap == 0 ? WORDS_FIRST : w->cap * 2;
  size_t *lens = realloc(w->lens, cap * sizeof(*lens));
  if (lens != NULL)
    w->lens = lens;
  const char **at = realloc(w->at, cap * sizeof(*at));
  if (at != NULL)
    w->at = at;
  if (lens == NULL || at == NULL)
    return false;
  w->cap = cap;
  return true;
}

void redis_word(struct redis_words *w, const void *bytes, size_t len) {
  w->text.max = TEXT_MAX_BYTES;
  if (w->failed || !reserve_word(w) ||
      gc_buf_add(&w->text, bytes, len) != GC_OK)
    w->failed = true;
  else
    w->lens[w->count++] = len;
}

void redis_print(struct redis_words *w, const char *format, ...) {
  char text[2048];
  va_list args;
  va_start(args, format);
  int len = vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  if (len < 0 || (size_t)len >= sizeof(text))
    w->failed = true;
  else
    redis_word(w, text, (size_t)len);
}

void redis_real(struct redis_words *w, double value) {
  char text[32];
  int len = snprintf(text, sizeof(text), "%.17g", value);
  char *comma = strchr(text, ',');
  if (comma != NULL)
    *comma = '.';
  redis_word(w, text, (size_t)len);
}

void redis_words_reset(struct redis_words *w) {
  gc_buf_reset(&w->text);
  w->count = 0;
  w->failed = false;
}

void redis_words_clear(struct redis_words *w) {
  gc_buf_wipe(&w->text); /* a word may have been a password */
  free(w->lens);
  free(w->at);
  *w = (struct redis_words){.count = 0};
}
