/* SPDX-License-Identifier: MIT */
#include "common/genesys/unknown_words.h"

#include <stdio.h>
#include <string.h>

#include "common/base/uuid.h"
#include "common/genesys/clean_name.h"

static const char unreadable[] = "(unreadable)";

bool gc_unknown_word_is_plain(const char *text, size_t len) {
  static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                "abcdefghijklmnopqrstuvwxyz0123456789_.-";
  for (size_t i = 0; i < len; i++)
    if (text[i] == '\0' || strchr(allowed, text[i]) == NULL)
      return false;
  return len <= GC_UNKNOWN_WORD_MAX_BYTES && !gc_name_has_number(text, len);
}

void gc_unknown_word_copy(char ret[GC_UNKNOWN_WORD_SIZE], const char *text,
                          size_t len) {
  size_t kept =
      len < GC_UNKNOWN_WORD_SIZE ? len : (size_t)GC_UNKNOWN_WORD_SIZE - 1;
  memcpy(ret, text, kept);
  ret[kept] = '\0';
}

static bool has_word(const struct gc_unknown_words *u, const char *kind,
                     const char *text, size_t len) {
  for (unsigned i = 0; i < u->count; i++)
    if (strlen(u->at[i].text) == len && memcmp(u->at[i].text, text, len) == 0 &&
        strcmp(u->at[i].kind, kind) == 0)
      return true;
  return false;
}

/* Keeps a word unless it is there or there is no room. */
static void keep_word(struct gc_unknown_words *u, const char *kind,
                      const char *text, size_t len) {
  if (u->count == GC_UNKNOWN_WORDS_MAX || has_word(u, kind, text, len))
    return;
  struct gc_unknown_word *word = &u->at[u->count++];
  word->kind = kind;
  memcpy(word->text, text, len);
  word->text[len] = '\0';
}

void gc_unknown_words_add(struct gc_unknown_words *u, const char *kind,
                          const char *text, size_t len) {
  if (len == 0)
    return;
  u->total++;
  if (gc_unknown_word_is_plain(text, len))
    keep_word(u, kind, text, len);
  else
    keep_word(u, kind, unreadable, sizeof(unreadable) - 1);
}

void gc_unknown_words_move(struct gc_unknown_words *into,
                           struct gc_unknown_words *from) {
  into->total += from->total;
  for (unsigned i = 0; i < from->count; i++)
    keep_word(into, from->at[i].kind, from->at[i].text,
              strlen(from->at[i].text));
  gc_unknown_words_clear(from);
}

const struct gc_unknown_word *
gc_unknown_words_next(struct gc_unknown_words *u) {
  return u->taken < u->count ? &u->at[u->taken++] : NULL;
}

/* ---- numbers without a table ---- */

bool gc_other_numbers_read(struct gc_other_numbers *n, const char *name,
                           size_t len, const struct gc_json_value *v) {
  double number;
  if (!gc_json_real(v, &number))
    return false;
  if (n->count == GC_OTHER_NUMBERS_MAX) {
    n->lost++;
    return true;
  }
  struct gc_other_number *other = &n->at[n->count++];
  gc_unknown_word_copy(other->name, name, len);
  other->number = number;
  return true;
}

bool gc_other_word_is_name(const char *word) {
  size_t len = strlen(word);
  return gc_unknown_word_is_plain(word, len) && !gc_is_uuid(word, len);
}

enum gc_code gc_other_name_put(struct gc_intern *names, const char *metric,
                               const char *qualifier, const char *member,
                               size_t max_bytes, uint32_t *ret_number) {
  char name[GC_NAME_SIZE], clean[GC_NAME_SIZE];
  if (metric[0] == '\0' || !gc_other_word_is_name(metric) ||
      !gc_other_word_is_name(member))
    return GC_ERR_LIMIT;
  int len = snprintf(name, sizeof(name), "%s%s%s-%s", metric,
                     qualifier[0] != '\0' ? "-" : "", qualifier, member);
  if (len < 0 || (size_t)len > max_bytes || (size_t)len >= sizeof(name) ||
      !gc_name_clean(clean, name, (size_t)len))
    return GC_ERR_LIMIT;
  return gc_intern_put(names, clean, strlen(clean), ret_number);
}
