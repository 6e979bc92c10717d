/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/events/text.h"

#include "tests/support/check.h"

/* The document of each row is followed by "X". */
static void a_document_ends_with_its_last_bracket(void) {
  static const char *const rows[] = {
      "{}",
      "[]",
      "{\"a\":1}",
      "[\"\\\"]\"]",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char text[64];
    CHECK_ROW(rows[i]);
    int len = snprintf(text, sizeof(text), "%sX", rows[i]);
    CHECK_INT(text_document_len(text, text + len), len - 1);
  }
}

static void a_document_that_is_cut_off_reaches_to_the_end(void) {
  static const char *const rows[] = {"{",     "{\"a\"",   "[[]",
                                     "[\"a]", "[\"\\\"]", "[\"\\"};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    CHECK_INT(text_document_len(rows[i], rows[i] + strlen(rows[i])),
              strlen(rows[i]));
  }
}

static void other_text_is_no_document(void) {
  static const char *const rows[] = {"", "1", "\"{}\"", "null", "}", "]"};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    CHECK_INT(text_document_len(rows[i], rows[i] + strlen(rows[i])), 0);
  }
}

int main(void) {
  RUN(a_document_ends_with_its_last_bracket);
  RUN(a_document_that_is_cut_off_reaches_to_the_end);
  RUN(other_text_is_no_document);
  return check_done();
}
