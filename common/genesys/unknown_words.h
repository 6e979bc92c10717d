/* SPDX-License-Identifier: MIT */
/* Words of the platform that a decoder does not know, such as another value of
 * an enumeration: how often they came, and each of them once, for one line in
 * the log. The decoder adds them, and its owner takes those that are new. Pure;
 * one thread at a time. */
#ifndef GC_GENESYS_UNKNOWN_WORDS_H
#define GC_GENESYS_UNKNOWN_WORDS_H

#include "common/base/intern.h"
#include "common/base/json/stream.h"

enum {
  GC_UNKNOWN_WORDS_MAX = 32, /* further words are only counted */
  GC_UNKNOWN_WORD_MAX_BYTES = 40,
  GC_UNKNOWN_WORD_SIZE = GC_UNKNOWN_WORD_MAX_BYTES + 2,
};

struct gc_unknown_word {
  const char *kind; /* a string constant: "state" */
  char text[GC_UNKNOWN_WORD_MAX_BYTES + 1];
};

/* All members are 0 at the start. */
struct gc_unknown_words {
  uint64_t total; /* words that came, repeats included */
  unsigned count, taken;
  struct gc_unknown_word at[GC_UNKNOWN_WORDS_MAX];
};

/* Counts a word and keeps it unless it is there. A word that is longer than
 * GC_UNKNOWN_WORD_MAX_BYTES, has other characters than A-Z, a-z, 0-9, '_', '.'
 * and '-', or has a number (gc_name_has_number) may be data of a customer: its
 * text becomes "(unreadable)". An empty word is ignored. `kind` is compared by
 * its text and must live as long as `u`. */
GC_API void gc_unknown_words_add(struct gc_unknown_words *u, const char *kind,
                                 const char *text, size_t len);

/* Returns true for a word whose text gc_unknown_words_add keeps: it has only
 * those characters, at most that length and no number. True for "". */
GC_API bool gc_unknown_word_is_plain(const char *text, size_t len);

/* Copies a word, ended by a NUL. One that is longer than
 * GC_UNKNOWN_WORD_MAX_BYTES is cut to a text that is not plain either. */
GC_API void gc_unknown_word_copy(char ret[GC_UNKNOWN_WORD_SIZE],
                                 const char *text, size_t len);

/* Drops all words; cheap, as a decoder calls it for each message. */
static inline void gc_unknown_words_clear(struct gc_unknown_words *u) {
  u->total = 0;
  u->count = u->taken = 0;
}

/* Moves the words of `from` to `into`, for a decoder that learns at the end of
 * a message whether its words count. `from` is empty afterwards. */
GC_API void gc_unknown_words_move(struct gc_unknown_words *into,
                                  struct gc_unknown_words *from);

/* Returns the next word that was not taken yet; NULL: there is none. */
GC_API const struct gc_unknown_word *
gc_unknown_words_next(struct gc_unknown_words *u);

/* ---- numbers without a table ---- */

/* Numbers of the platform that no table of the plugins has: those of a metric
 * that the platform adds later, or of a member that it adds to its statistics.
 * They are sent under the platform's own names. A decoder collects the numbers
 * of one element, since the name of its metric may come last, and then keeps
 * their names:
 *
 *   gc_other_numbers_read(&d->others, at->key, at->key_len, v);
 *   …
 *   for (unsigned i = 0; i < d->others.count; i++)
 *     gc_other_name_put(names, metric, "", d->others.at[i].name, 127, &name)
 *
 * Bounded: GC_OTHER_NUMBERS_MAX of an element, GC_OTHER_NAMES_MAX names. */
enum {
  GC_OTHER_NUMBERS_MAX = 16,
  GC_OTHER_NAMES_MAX = 100, /* `max` of the names' gc_intern */
};

struct gc_other_number {
  char name[GC_UNKNOWN_WORD_SIZE];
  double number;
};

/* The numbers of one element. All members are 0 at the start. */
struct gc_other_numbers {
  unsigned count;
  unsigned lost; /* numbers beyond GC_OTHER_NUMBERS_MAX */
  struct gc_other_number at[GC_OTHER_NUMBERS_MAX];
};

static inline void gc_other_numbers_clear(struct gc_other_numbers *n) {
  n->count = n->lost = 0;
}

/* Adds the number of a JSON value. False, without effect, when it is no finite
 * number. */
GC_API bool gc_other_numbers_read(struct gc_other_numbers *n, const char *name,
                                  size_t len, const struct gc_json_value *v);

/* Returns true for a word that is no data of a customer and is no identifier:
 * gc_unknown_word_is_plain, and no UUID. True for "". */
GC_API bool gc_other_word_is_name(const char *word);

/* Finds or adds the number of METRIC-MEMBER, or METRIC-QUALIFIER-MEMBER, clean
 * as a part of an identity. The caller has checked `qualifier`:
 * gc_other_word_is_name, or a known identifier. GC_ERR_LIMIT when `names` is
 * full, when metric or member is no name, when the metric is "", or when the
 * name is longer than `max_bytes`. */
GC_API GC_MUST_CHECK enum gc_code
gc_other_name_put(struct gc_intern *names, const char *metric,
                  const char *qualifier, const char *member, size_t max_bytes,
                  uint32_t *ret_number);

#endif
