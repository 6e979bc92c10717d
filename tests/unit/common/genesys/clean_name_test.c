/* SPDX-License-Identifier: MIT */
#include "common/genesys/clean_name.h"

#include "common/base/utf8.h"
#include "tests/support/check.h"

static void bytes_that_break_an_identity_become_underscores(void) {
  static const struct {
    const char *name, *want;
    bool shows;
  } rows[] = {
      {"Support DE", "Support DE", true},
      {" Support ", " Support ", true},
      {"A;B", "A_B", true},
      {"Sales\xc2\xa0"
       "EMEA",
       "Sales_EMEA", true},
      {"a\xe1\x9a\x80z", "a_z", true},
      {"a\xe2\x80\x80\xe2\x80\x8az", "a__z", true},
      {"a\xe2\x80\xa8\xe2\x80\xa9z", "a__z", true},
      {"a\xe2\x80\xaf\xe2\x81\x9fz", "a__z", true},
      {"\xe3\x80\x80", "_", false},
      {"a\xe2\x80\x8bz", "a\xe2\x80\x8bz", true}, /* no white space */
      {"Support/DE\t1", "Support_DE_1", true},
      {"back\\slash", "back\\slash", true},
      {"at the end\\", "at the end_", true},
      {"two\\\\", "two\\_", true},
      {"\\", "_", false},
      {"a\x7f\x01z", "a__z", true},
      {"a\xc2\x85z\xc2\x9f", "a_z_", true},
      {"M\xc3\xbcnchen \xf0\x9f\x98\x80", "M\xc3\xbcnchen \xf0\x9f\x98\x80",
       true},
      {"a\xffz", "a_z", true},
      {"a\xc3", "a_", true},
      {"a\xe2\x82", "a__", true},
      {"a\xe2\x82z", "a__z", true},
      {"\xc0\xaf", "__", false},
      {"\xed\xa0\x80x", "___x", true},
      {"\xf4\x90\x80\x80x", "____x", true},
      {"", "", false},
      {"   ", "   ", false},
      {"//", "__", false},
      {" _ ", " _ ", false},
      {"-", "-", true},
      {"..", "..", true},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    char out[GC_NAME_SIZE];
    CHECK(gc_name_clean(out, rows[i].name, strlen(rows[i].name)) ==
          rows[i].shows);
    CHECK_STR(out, rows[i].want);
  }
}

static void a_nul_within_is_an_underscore_too(void) {
  char out[GC_NAME_SIZE];
  CHECK(gc_name_clean(out, "a\0b", 3));
  CHECK_STR(out, "a_b");
}

static void a_long_name_is_cut_between_characters(void) {
  for (size_t lead = 120; lead < 128; lead++) {
    char name[256], out[GC_NAME_SIZE];
    memset(name, 'x', lead);
    memcpy(name + lead, "\xf0\x9f\x98\x80\xf0\x9f\x98\x80tail", 13);
    CHECK(gc_name_clean(out, name, strlen(name)));
    size_t len = strlen(out);
    CHECK_INT(len, lead == 127 ? 127 : lead + (127 - lead) / 4 * 4);
    for (size_t at = 0, size; at < len; at += size) {
      size = gc_utf8_char(out + at, len - at, NULL);
      CHECK(size > 0);
      if (size == 0)
        break;
    }
  }
}

static void without_a_name_to_show_the_id_stands_in(void) {
  static const struct {
    const char *name, *id, *want;
  } rows[] = {
      {"Sales", "4b", "Sales"}, {" x", "4b", " x"},    {"", "4b", "4b"},
      {"  ", "4b", "4b"},       {"\x01/", "4b", "4b"}, {NULL, "4b", "4b"},
      {NULL, "4/b", "4_b"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name != NULL ? rows[i].name : "NULL");
    char out[GC_NAME_SIZE];
    gc_name_or_id(out, rows[i].name, rows[i].id);
    CHECK_STR(out, rows[i].want);
  }
}

static void both_is_name_at_id_and_keeps_the_id(void) {
  char out[GC_NAME_SIZE], name[200], id[200];
  gc_label_both(out, "Sales/EU", "3f2c");
  CHECK_STR(out, "Sales_EU@3f2c");
  gc_label_both(out, "", "3f2c");
  CHECK_STR(out, "@3f2c");

  memset(name, 'n', sizeof(name) - 1);
  name[sizeof(name) - 1] = '\0';
  gc_label_both(out, name, "3f2c1d7a-8b1e-4c55-9f40-2a6f0e5d1b77");
  CHECK_INT(strlen(out), 127);
  CHECK_HAS(out, "n@3f2c1d7a-8b1e-4c55-9f40-2a6f0e5d1b77");

  for (size_t len = 120; len < 140; len++) {
    memset(id, 'i', len);
    id[len] = '\0';
    gc_label_both(out, "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9", id);
    CHECK(strlen(out) <= 127 && strlen(out) >= (len < 127 ? len : 127));
    CHECK(strstr(out, "\xc3@") == NULL);
  }
}

static void statuses_become_lower_snake(void) {
  static const struct {
    const char *text, *want;
  } rows[] = {
      {"ON_QUEUE", "on_queue"},
      {"OnQueue", "on_queue"},
      {"onQueue", "on_queue"},
      {"On Queue", "on_queue"},
      {"on-queue", "on_queue"},
      {"IDLE", "idle"},
      {"Not Responding", "not_responding"},
      {"NOT_RESPONDING", "not_responding"},
      {"HTTPError2", "http_error2"},
      {"A", "a"},
      {"aB", "a_b"},
      {"Break2Lunch", "break2_lunch"},
      {"  Out of  Office! ", "out_of_office"},
      {"__x__", "x"},
      {"Gr\xc3\xb6\xc3\x9f"
       "e",
       "gr\xc3\xb6\xc3\x9f"
       "e"},
      {"\xc3\x9c"
       "ber Mittag",
       "\xc3\x9c"
       "ber_mittag"},
      {"", ""},
      {"_ /", ""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    char out[GC_NAME_SIZE];
    CHECK(gc_name_snake(out, rows[i].text) == (rows[i].want[0] != '\0'));
    CHECK_STR(out, rows[i].want);
  }
}

static void a_snake_name_of_many_words_is_cut_to_fit(void) {
  char text[201], out[GC_NAME_SIZE];
  for (size_t i = 0; i < 200; i++)
    text[i] = i % 2 == 0 ? 'a' : 'B';
  text[200] = '\0';
  CHECK(gc_name_snake(out, text));
  CHECK_INT(strlen(out), 127);
  CHECK_HAS(out, "a_ba_b");

  memset(text, 'x', 126);
  memcpy(text + 126, " y", 3);
  CHECK(gc_name_snake(out, text));
  CHECK_INT(strlen(out), 126);
}

int main(void) {
  RUN(bytes_that_break_an_identity_become_underscores);
  RUN(a_nul_within_is_an_underscore_too);
  RUN(a_long_name_is_cut_between_characters);
  RUN(without_a_name_to_show_the_id_stands_in);
  RUN(both_is_name_at_id_and_keeps_the_id);
  RUN(statuses_become_lower_snake);
  RUN(a_snake_name_of_many_words_is_cut_to_fit);
  return check_done();
}
