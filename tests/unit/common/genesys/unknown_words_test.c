/* SPDX-License-Identifier: MIT */
#include "common/genesys/unknown_words.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"

static void add_word(struct gc_unknown_words *u, const char *kind,
                     const char *text) {
  gc_unknown_words_add(u, kind, text, strlen(text));
}

static void each_word_of_a_kind_is_taken_once(void) {
  struct gc_unknown_words u = {0};
  const struct gc_unknown_word *word;
  add_word(&u, "state", "moving");
  add_word(&u, "state", "moving");
  add_word(&u, "purpose", "moving");
  word = gc_unknown_words_next(&u);
  CHECK(word != NULL && strcmp(word->kind, "state") == 0);
  CHECK(word != NULL && strcmp(word->text, "moving") == 0);
  word = gc_unknown_words_next(&u);
  CHECK(word != NULL && strcmp(word->kind, "purpose") == 0);
  CHECK(gc_unknown_words_next(&u) == NULL);
  add_word(&u, "state", "moving");
  CHECK(gc_unknown_words_next(&u) == NULL);
  CHECK_INT(u.total, 4);
}

static void only_plain_words_are_kept(void) {
  static const struct {
    const char *text, *kept;
  } rows[] = {
      {"transfer.new_way-2", "transfer.new_way-2"},
      {"abcdefghijabcdefghijabcdefghijabcdefghij",
       "abcdefghijabcdefghijabcdefghijabcdefghij"},
      {"abcdefghijabcdefghijabcdefghijabcdefghijk", "(unreadable)"},
      {"o12345678", "o12345678"},
      {"o123456789", "(unreadable)"},
      {"170-123-456", "(unreadable)"},
      {"Jane Doe", "(unreadable)"},
      {"jane@example.com", "(unreadable)"},
      {"tel:+49", "(unreadable)"},
      {"\xc3\xa4", "(unreadable)"},
      {"a\nb", "(unreadable)"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_unknown_words u = {0};
    CHECK_ROW(rows[i].text);
    add_word(&u, "state", rows[i].text);
    const struct gc_unknown_word *word = gc_unknown_words_next(&u);
    CHECK_STR(word != NULL ? word->text : "", rows[i].kept);
  }
  struct gc_unknown_words u = {0};
  gc_unknown_words_add(&u, "state", "a\0b", 3);
  CHECK_STR(u.at[0].text, "(unreadable)");
}

static void an_empty_word_is_none(void) {
  struct gc_unknown_words u = {0};
  add_word(&u, "state", "");
  CHECK_INT(u.total, 0);
  CHECK(gc_unknown_words_next(&u) == NULL);
}

static void words_past_the_limit_are_counted(void) {
  struct gc_unknown_words u = {0};
  char text[16];
  for (int i = 0; i < 100; i++) {
    snprintf(text, sizeof(text), "word%d", i);
    add_word(&u, "state", text);
  }
  CHECK_INT(u.total, 100);
  CHECK_INT(u.count, GC_UNKNOWN_WORDS_MAX);
  unsigned taken = 0;
  while (gc_unknown_words_next(&u) != NULL)
    taken++;
  CHECK_INT(taken, GC_UNKNOWN_WORDS_MAX);
}

static void moved_words_count_at_their_destination(void) {
  struct gc_unknown_words u = {0}, message = {0};
  add_word(&u, "state", "moving");
  (void)gc_unknown_words_next(&u);
  add_word(&message, "state", "moving");
  add_word(&message, "state", "Jane Doe");
  gc_unknown_words_move(&u, &message);
  CHECK_INT(u.total, 3);
  CHECK_INT(message.total, 0);
  const struct gc_unknown_word *word = gc_unknown_words_next(&u);
  CHECK_STR(word != NULL ? word->text : "", "(unreadable)");
  CHECK(gc_unknown_words_next(&u) == NULL);
}

int main(void) {
  RUN(moved_words_count_at_their_destination);
  RUN(each_word_of_a_kind_is_taken_once);
  RUN(only_plain_words_are_kept);
  RUN(an_empty_word_is_none);
  RUN(words_past_the_limit_are_counted);
  return check_done();
}
