/* SPDX-License-Identifier: MIT */
#include "common/analytics/series/name.h"

#include "tests/support/check.h"

#define ID "b1f7a2c4-6b0e-4f7e-9c55-0a1b2c3d4e01"

static void one_spelling_of_a_text_is_ordinary(void) {
  static const struct {
    enum gc_dimension_kind kind;
    const char *value;
    bool is_ordinary;
  } rows[] = {
      {GC_DIMENSION_WORD, "", true},
      {GC_DIMENSION_WORD, "inbound", true},
      {GC_DIMENSION_WORD, ID, true},
      {GC_DIMENSION_QUEUE, ID, true},
      {GC_DIMENSION_WORD, "none", false},
      {GC_DIMENSION_WORD, "None", true},
      {GC_DIMENSION_WORD, "Billing A", true},
      {GC_DIMENSION_WORD, "Billing_A", false},
      {GC_DIMENSION_WORD, "Billing.A", false},
      {GC_DIMENSION_WORD, "Billing/A", false},
      {GC_DIMENSION_WORD, "Billing\\", false},
      {GC_DIMENSION_WORD, "B\xc3\xbcro 1", true},
      {GC_DIMENSION_WORD, "\xc3\xa9 \xc3\xa9", true},
      {GC_DIMENSION_WORD,
       "Billing\xff"
       "A",
       false},
      {GC_DIMENSION_WORD, "ON_QUEUE", true},
      {GC_DIMENSION_WORD, "ON QUEUE", false},
      {GC_DIMENSION_WORD, "ON.QUEUE", false},
      {GC_DIMENSION_WORD, "transfer.consult", true},
      {GC_DIMENSION_WORD, "transfer_consult", false},
      {GC_DIMENSION_WORD, "12.0", true},
      {GC_DIMENSION_WORD, "12,0", false},
      {GC_DIMENSION_CODE, "flow_disconnect", true},
      {GC_DIMENSION_CODE, "flow.disconnect", false},
      {GC_DIMENSION_MEDIA, "screen_share", true},
      {GC_DIMENSION_QUEUE, "queue_1", true},
      {GC_DIMENSION_QUEUE, "queue.1", false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].value);
    CHECK(gc_value_is_ordinary(rows[i].kind, rows[i].value) ==
          rows[i].is_ordinary);
  }
}

/* A value of which collectd keeps 127 bytes is no other's. */
static void a_cut_value_is_not_ordinary(void) {
  char value[200];
  for (size_t len = 126; len < 130; len++) {
    memset(value, 'x', len);
    value[len] = '\0';
    CHECK(gc_value_is_ordinary(GC_DIMENSION_WORD, value) == (len < 128));
  }
}

static void statuses_are_in_capitals(void) {
  static const struct {
    const char *status;
    bool is_ordinary;
  } rows[] = {{"NOT_RESPONDING", true}, {"IDLE", true},  {"P95", true},
              {"NotResponding", false}, {"idle", false}, {"ON QUEUE", false},
              {"_IDLE", false},         {"", true}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].status);
    CHECK(gc_status_is_ordinary(rows[i].status) == rows[i].is_ordinary);
  }
}

static void parts_are_clear_if_one_of_them_has_a_dash(void) {
  static const struct {
    const char *text;
    size_t begins[4], count, rest;
    bool is_clear;
  } rows[] = {
      {"nOffered", {0}, 1, 0, true},
      {"n-a-b", {0, 2, 4}, 3, 2, true},
      {"n-a-b-c", {0, 2, 4}, 3, 2, true},
      {"n-a-b-c", {0, 2, 4}, 3, 1, false},
      {"n-a-b-c", {0, 2, 6}, 3, 2, false},
      {"n-a-b-c", {0, 2, 6}, 3, 1, true},
      {"30m-n-a", {4, 6}, 2, 1, true},
      {"n-" ID "-c", {0, 2, 39}, 3, 2, true},
      {"n-" ID "-c", {0, 2, 39}, 3, 1, true},
      {"n-c-" ID, {0, 2, 4}, 3, 1, true},
      {"n-c-d-" ID, {0, 2, 6}, 3, 1, true},
      {"n-c-d-" ID "-e", {0, 2, 6, 43}, 4, 1, true},
      {"n-Sales@" ID "-c", {0, 2, 45}, 3, 2, true},
      {"n-c-Sales@" ID, {0, 2, 4}, 3, 1, true},
      {"n-" ID "-" ID "-c", {0, 2, 39, 76}, 4, 3, true},
      {"n-" ID "-" ID "-c", {0, 2, 39, 76}, 4, 1, true},
      {"n-" ID "-c", {0, 2, 11}, 3, 2, false}, /* "b1f7a2c4", "6b0e-…" */
      {"n-b-" ID, {0, 2, 28}, 3, 1, false},    /* "b-…-9c55", "0a1b…" */
      {"n-a-b-7fb334b0-0e9e", {0, 2, 6}, 3, 1, true},
      {"n-" ID "-7fb334b0-0e9e", {0, 2, 39}, 3, 1, true},
      {"n-a-1-2", {0, 2, 4, 6}, 4, 1, true},
      {"n-a-b-ININ-WRAP-UP-TIMEOUT", {0, 2, 6}, 3, 1, true},
      {"n-a-b-ININ-wrap", {0, 2, 6}, 3, 1, false},
      {"n-DE-OUT", {0, 2, 5}, 3, 1, true},
      {"n-" ID, {0, 2}, 2, 1, true},
      {"n--a", {0, 2}, 2, 1, true},
      {"n--a", {0, 3}, 2, 1, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    CHECK(gc_parts_are_clear(rows[i].text, rows[i].begins, rows[i].count,
                             rows[i].rest) == rows[i].is_clear);
  }
}

static void a_hash_has_sixteen_digits(void) {
  CHECK(gc_has_hash("a~0123456789abcdef"));
  CHECK(gc_has_hash("~0123456789abcdef"));
  CHECK(!gc_has_hash("0123456789abcdef"));
  CHECK(!gc_has_hash("a~0123456789abcde"));
  CHECK(!gc_has_hash("a~0123456789abcdeF"));
  CHECK(!gc_has_hash("Sales~2"));
}

int main(void) {
  RUN(one_spelling_of_a_text_is_ordinary);
  RUN(a_cut_value_is_not_ordinary);
  RUN(statuses_are_in_capitals);
  RUN(parts_are_clear_if_one_of_them_has_a_dash);
  RUN(a_hash_has_sixteen_digits);
  return check_done();
}
