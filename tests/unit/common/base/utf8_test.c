/* SPDX-License-Identifier: MIT */
#include "common/base/utf8.h"

#include "tests/support/check.h"

static void only_the_shortest_form_of_a_real_character_is_valid(void) {
  static const struct {
    const char *text;
    size_t len;
    uint32_t point;
  } rows[] = {
      {"a", 1, 'a'},
      {"\x7f", 1, 0x7f},
      {"\xc2\x80", 2, 0x80},
      {"\xdf\xbf", 2, 0x7ff},
      {"\xe0\xa0\x80", 3, 0x800},
      {"\xed\x9f\xbf", 3, 0xd7ff},
      {"\xee\x80\x80", 3, 0xe000},
      {"\xef\xbf\xbf", 3, 0xffff},
      {"\xf0\x90\x80\x80", 4, 0x10000},
      {"\xf4\x8f\xbf\xbf", 4, 0x10ffff},
      /* Overlong. */
      {"\xc0\x80", 0, 0},
      {"\xc1\xbf", 0, 0},
      {"\xe0\x9f\xbf", 0, 0},
      {"\xf0\x8f\xbf\xbf", 0, 0},
      /* Surrogates, too large, never valid. */
      {"\xed\xa0\x80", 0, 0},
      {"\xed\xbf\xbf", 0, 0},
      {"\xf4\x90\x80\x80", 0, 0},
      {"\xf5\x80\x80\x80", 0, 0},
      {"\xff", 0, 0},
      /* Cut off, or without a leading byte. */
      {"", 0, 0},
      {"\x80", 0, 0},
      {"\xc3", 0, 0},
      {"\xe2\x82", 0, 0},
      {"\xe2\x82x", 0, 0},
      {"\xf0\x9f\x98", 0, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    uint32_t point = 0;
    CHECK_INT(gc_utf8_char(rows[i].text, strlen(rows[i].text), &point),
              rows[i].len);
    CHECK_INT(point, rows[i].point);
  }
}

static void nothing_is_read_beyond_the_length(void) {
  CHECK_INT(gc_utf8_char("\xe2\x82\xac", 3, NULL), 3);
  CHECK_INT(gc_utf8_char("\xe2\x82\xac", 2, NULL), 0);
  CHECK_INT(gc_utf8_char("\xe2\x82\xac", 1, NULL), 0);
  CHECK_INT(gc_utf8_char("a", 0, NULL), 0);
}

static void a_cut_never_leaves_half_a_character(void) {
  static const struct {
    const char *text;
    size_t max, want;
  } rows[] = {
      {"abc", 5, 3},
      {"abc", 2, 2},
      {"abc", 0, 0},
      {"a\xc3\xa9", 3, 3},
      {"a\xc3\xa9", 2, 1},
      {"\xc3\xa9", 1, 0},
      {"\xe2\x82\xac\xe2\x82\xac", 5, 3},
      {"\xe2\x82\xac\xe2\x82\xac", 4, 3},
      {"\xe2\x82\xac\xe2\x82\xac", 3, 3},
      {"\xe2\x82\xac\xe2\x82\xac", 2, 0},
      {"x\xf0\x9f\x98\x80", 4, 1},
      {"x\xf0\x9f\x98\x80", 3, 1},
      {"x\xf0\x9f\x98\x80", 2, 1},
      {"x\xf0\x9f\x98\x80", 1, 1},
      {"x\xff\xff\xff", 2, 2},
      {"x\xe2\x82", 2, 2},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    CHECK_INT(gc_utf8_cut(rows[i].text, strlen(rows[i].text), rows[i].max),
              rows[i].want);
  }
}

static void a_copy_is_whole_printable_characters(void) {
  static const struct {
    const char *in;
    size_t size;
    const char *out;
  } rows[] = {
      {"abc", 8, "abc"},
      {"abc", 3, "ab"},
      {"abc", 1, ""},
      {"a\nb\x7f", 8, "a_b_"},
      {"\xc2\x85x", 8, "__x"}, /* U+0085, a control character */
      {"\xc2\xa0x", 8, "\xc2\xa0x"},
      {"\xff\xe2\x82", 8, "___"},
      {"\xe2\x82\xac", 4, "\xe2\x82\xac"},
      {"\xe2\x82\xac", 3, ""},
      {"\xf0\x9f\x98\x80", 8, "\xf0\x9f\x98\x80"},
      {"\xed\xa0\x80", 8, "___"}, /* a surrogate */
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char out[8];
    CHECK_ROW(rows[i].out);
    CHECK_INT(gc_utf8_copy_printable(out, rows[i].size, rows[i].in, '_'),
              strlen(rows[i].out));
    CHECK_STR(out, rows[i].out);
  }
}

int main(void) {
  RUN(only_the_shortest_form_of_a_real_character_is_valid);
  RUN(nothing_is_read_beyond_the_length);
  RUN(a_cut_never_leaves_half_a_character);
  RUN(a_copy_is_whole_printable_characters);
  return check_done();
}
