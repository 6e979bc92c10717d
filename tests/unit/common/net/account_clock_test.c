/* SPDX-License-Identifier: MIT */
/* The line about the clocks of host and platform. */
#include "common/net/account.h"

#include "tests/support/check.h"

static void the_line_says_which_clock_is_wrong_and_by_how_much(void) {
  static const struct {
    const char *row;
    struct gc_clock_verdict verdict;
    const char *text; /* "": no error */
  } rows[] = {
      {"all agree", {.source = GC_CLOCK_AGREED, .offset_ms = 400}, ""},
      {"there is no Date", {.source = GC_CLOCK_HOST}, ""},
      {"the host is behind",
       {.source = GC_CLOCK_DATE,
        .offset_ms = 600000,
        .gap_ms = 600000,
        .is_lasting = true},
       "this host's clock is 600 s behind the platform's time"},
      {"the host is ahead",
       {.source = GC_CLOCK_DATE,
        .offset_ms = -600000,
        .gap_ms = -600000,
        .is_lasting = true},
       "this host's clock is 600 s ahead of the platform's time"},
      {"the Date is behind",
       {.source = GC_CLOCK_HOST, .gap_ms = -600000, .is_lasting = true},
       "the Date of the answers is 600 s behind the events' own times"},
      {"nothing decides",
       {.source = GC_CLOCK_UNSURE, .gap_ms = 600000, .is_lasting = true},
       "the Date of the answers is 600 s ahead of this host's clock"},
      {"one late answer, and nothing decides",
       {.source = GC_CLOCK_UNSURE, .gap_ms = -15000},
       ""},
      {"one late answer, and an event confirms the host",
       {.source = GC_CLOCK_HOST, .gap_ms = -15000},
       ""},
      {"late answers, and no event since",
       {.source = GC_CLOCK_DATE, .offset_ms = -15000, .gap_ms = -15000},
       ""},
      {"both are behind the events",
       {.source = GC_CLOCK_UNSURE},
       "the platform states times that are later than"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_err err;
    CHECK_ROW(rows[i].row);
    enum gc_code code = gc_account_explain_clock(&rows[i].verdict, &err);
    CHECK_INT(err.code, code);
    CHECK_INT(code == GC_OK, rows[i].text[0] == '\0');
    if (code != GC_OK)
      CHECK_HAS(err.text, rows[i].text);
  }
}

int main(void) {
  RUN(the_line_says_which_clock_is_wrong_and_by_how_much);
  return check_done();
}
