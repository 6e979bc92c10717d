/* SPDX-License-Identifier: MIT */
#include "common/base/err.h"

#include "tests/support/check.h"

static void a_failure_is_one_line_of_code(void) {
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(gc_fail(&err, GC_ERR_PARSE, "byte %d of %s", 7, "queues"),
            GC_ERR_PARSE);
  CHECK_INT(err.code, GC_ERR_PARSE);
  CHECK_STR(err.text, "byte 7 of queues");
}

static void err_may_be_null(void) {
  CHECK_INT(gc_fail(NULL, GC_ERR_LIMIT, "%d", 1), GC_ERR_LIMIT);
  CHECK_INT(gc_fail_in(NULL, GC_ERR_LIMIT, "%d", 1), GC_ERR_LIMIT);
}

static void a_text_that_is_too_long_is_cut(void) {
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(gc_fail(&err, GC_ERR_STATE, "%0999d", 7), GC_ERR_STATE);
  CHECK_INT(strlen(err.text), sizeof(err.text) - 1);
  CHECK_INT(gc_fail_in(&err, GC_ERR_STATE, "%0999d", 8), GC_ERR_STATE);
  CHECK_INT(strlen(err.text), sizeof(err.text) - 1);
}

static void a_prefix_goes_in_front_and_the_new_code_counts(void) {
  struct gc_err err = {.code = GC_OK};
  (void)gc_fail(&err, GC_ERR_PARSE, "byte 7");
  CHECK_INT(gc_fail_in(&err, GC_ERR_LIMIT, "%s: ", "queues"), GC_ERR_LIMIT);
  CHECK_INT(err.code, GC_ERR_LIMIT);
  CHECK_STR(err.text, "queues: byte 7");
}

static void text_that_does_not_fit_after_the_prefix_is_cut(void) {
  struct gc_err err = {.code = GC_OK};
  (void)gc_fail(&err, GC_ERR_PARSE, "%0399d", 1);
  (void)gc_fail_in(&err, GC_ERR_PARSE, "in front: ");
  CHECK_INT(strlen(err.text), sizeof(err.text) - 1);
  CHECK(strncmp(err.text, "in front: 000", 13) == 0);
}

static void every_code_has_a_name_and_words(void) {
  for (int c = 0; c < GC_CODE_COUNT; c++) {
    const char *name = gc_code_name((enum gc_code)c);
    CHECK_ROW(name);
    CHECK(name[0] != '\0' && strcmp(name, "ERR_UNKNOWN") != 0);
    CHECK(gc_code_words((enum gc_code)c)[0] != '\0');
    for (int other = 0; other < c; other++)
      CHECK(strcmp(name, gc_code_name((enum gc_code)other)) != 0);
  }
  CHECK_STR(gc_code_name(GC_ERR_PARSE), "ERR_PARSE");
  CHECK_STR(gc_code_name((enum gc_code)999), "ERR_UNKNOWN");
  CHECK_STR(gc_code_name((enum gc_code)(-1)), "ERR_UNKNOWN");
  CHECK_STR(gc_code_words((enum gc_code)999), "unknown error");
}

static void only_codes_of_the_whole_account_are_shared(void) {
  static const struct {
    enum gc_code code;
    bool shared;
  } rows[] = {
      {GC_OK, false},
      {GC_ERR_MEMORY, false},
      {GC_ERR_CONFIG, false},
      {GC_ERR_AUTH, true},
      {GC_ERR_PERMISSION, false},
      {GC_ERR_NOT_FOUND, false},
      {GC_ERR_REQUEST, false},
      {GC_ERR_THROTTLED, true},
      {GC_ERR_REMOTE, true},
      {GC_ERR_NETWORK, true},
      {GC_ERR_TLS, true},
      {GC_ERR_TIMEOUT, true},
      {GC_ERR_PARSE, false},
      {GC_ERR_LIMIT, false},
      {GC_ERR_STATE, false},
      {GC_ERR_UNAVAILABLE, true},
      {GC_ERR_STOPPED, true},
  };
  CHECK_INT(GC_COUNT(rows), GC_CODE_COUNT);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(gc_code_name(rows[i].code));
    CHECK_INT(gc_code_is_shared(rows[i].code), rows[i].shared);
  }
}

static enum gc_code run_steps(enum gc_code first, int *ret_reached) {
  GC_TRY(first);
  *ret_reached = 1;
  return GC_OK;
}

static void a_failed_step_leaves_at_once(void) {
  int reached = 0;
  CHECK_INT(run_steps(GC_ERR_TLS, &reached), GC_ERR_TLS);
  CHECK_INT(reached, 0);
  CHECK_INT(run_steps(GC_OK, &reached), GC_OK);
  CHECK_INT(reached, 1);
}

static void a_secret_is_hidden_in_a_text_of_another_source(void) {
  static const struct {
    const char *text, *secret, *reported;
  } rows[] = {
      {"GET /abcdef gone", "abcdef", "GET /*** gone"},
      {"abcdefabcdef", "abcdef", "******"},
      {"cut at /abcd", "abcdef", "cut at /***"},
      {"abcd is a word", "abcdef", "abcd is a word"}, /* differs after abcd */
      {"cut at abc", "abcdef", "cut at abc"},
      {"/ws is gone", "ws", "/ws is gone"}, /* too short for a secret */
      {"nothing", "", "nothing"},
      {"", "abcdef", ""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char text[64];
    CHECK_ROW(rows[i].text);
    snprintf(text, sizeof(text), "%s", rows[i].text);
    gc_text_hide(text, rows[i].secret);
    CHECK_STR(text, rows[i].reported);
  }
}

int main(void) {
  RUN(a_secret_is_hidden_in_a_text_of_another_source);
  RUN(a_failure_is_one_line_of_code);
  RUN(err_may_be_null);
  RUN(a_text_that_is_too_long_is_cut);
  RUN(a_prefix_goes_in_front_and_the_new_code_counts);
  RUN(text_that_does_not_fit_after_the_prefix_is_cut);
  RUN(every_code_has_a_name_and_words);
  RUN(only_codes_of_the_whole_account_are_shared);
  RUN(a_failed_step_leaves_at_once);
  return check_done();
}
