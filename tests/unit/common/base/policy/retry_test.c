/* SPDX-License-Identifier: MIT */
#include "common/base/policy/retry.h"

#include "tests/support/check.h"

/* The decision for each status (renewal and one more try on 401, wait on 429,
 * backoff for 5xx and network, no retry for all others), written here a second
 * time, independently of the table. */
static void expect_decision(int status, enum gc_action action,
                            enum gc_code code, bool breaks) {
  char row[32];
  snprintf(row, sizeof(row), "status %d", status);
  CHECK_ROW(row);
  struct gc_reply reply = {.status = status};
  struct gc_retry_decision v = gc_retry_decide(&reply);
  CHECK_INT(v.action, action);
  CHECK_STR(gc_code_name(v.code), gc_code_name(code));
  CHECK_INT(v.breaks, breaks);
}

static void every_status_has_its_decision(void) {
  for (int s = 100; s <= 599; s++) {
    if (s < 200)
      expect_decision(s, GC_GIVE_UP, GC_ERR_PARSE, false);
    else if (s < 300)
      expect_decision(s, GC_DONE, GC_OK, false);
    else if (s < 400)
      expect_decision(s, GC_GIVE_UP, GC_ERR_REQUEST, false);
    else if (s == 401)
      expect_decision(s, GC_REAUTH, GC_ERR_AUTH, false);
    else if (s == 403)
      expect_decision(s, GC_GIVE_UP, GC_ERR_PERMISSION, false);
    else if (s == 404)
      expect_decision(s, GC_GIVE_UP, GC_ERR_NOT_FOUND, false);
    else if (s == 407) /* from the proxy, not the server */
      expect_decision(s, GC_GIVE_UP, GC_ERR_NETWORK, true);
    else if (s == 408)
      expect_decision(s, GC_RETRY, GC_ERR_TIMEOUT, false);
    else if (s == 429)
      expect_decision(s, GC_WAIT, GC_ERR_THROTTLED, false);
    else if (s < 500)
      expect_decision(s, GC_GIVE_UP, GC_ERR_REQUEST, false);
    else if (s == 501) /* the official SDKs do not repeat it either */
      expect_decision(s, GC_GIVE_UP, GC_ERR_REMOTE, false);
    else
      expect_decision(s, GC_RETRY, GC_ERR_REMOTE, true);
  }
}

static void a_number_that_is_not_a_status_is_given_up(void) {
  static const int statuses[] = {0, -1, 99, 600, 999, 1 << 30};
  for (size_t i = 0; i < GC_COUNT(statuses); i++)
    expect_decision(statuses[i], GC_GIVE_UP, GC_ERR_PARSE, false);
}

static void every_failure_below_http_has_its_decision(void) {
  static const struct {
    const char *row;
    enum gc_failure failure;
    enum gc_action action;
    enum gc_code code;
    bool breaks;
  } rows[] = {
      {"resolve", GC_FAILURE_RESOLVE, GC_RETRY, GC_ERR_NETWORK, true},
      {"connect", GC_FAILURE_CONNECT, GC_RETRY, GC_ERR_NETWORK, true},
      {"proxy", GC_FAILURE_PROXY, GC_GIVE_UP, GC_ERR_NETWORK, true},
      {"tls", GC_FAILURE_TLS, GC_GIVE_UP, GC_ERR_TLS, true},
      {"timeout", GC_FAILURE_TIMEOUT, GC_RETRY, GC_ERR_TIMEOUT, true},
      {"broken", GC_FAILURE_BROKEN, GC_RETRY, GC_ERR_NETWORK, true},
      {"sink", GC_FAILURE_SINK, GC_GIVE_UP, GC_ERR_PARSE, false},
      {"limit", GC_FAILURE_LIMIT, GC_GIVE_UP, GC_ERR_LIMIT, false},
      {"local", GC_FAILURE_LOCAL, GC_GIVE_UP, GC_ERR_CONFIG, false},
  };
  /* Every failure has a row; only GC_FAILURE_NONE has none. */
  CHECK_INT(GC_COUNT(rows), GC_FAILURE_COUNT - 1);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    for (int status = 0; status <= 200; status += 200) {
      struct gc_reply reply = {.failure = rows[i].failure, .status = status};
      struct gc_retry_decision v = gc_retry_decide(&reply);
      CHECK_INT(v.action, rows[i].action);
      CHECK_INT(v.code, rows[i].code);
      CHECK_INT(v.breaks, rows[i].breaks);
      CHECK(!gc_retry_has_status(&reply));
    }
  }
}

static void an_answer_that_broke_off_keeps_its_status_if_that_matters(void) {
  static const struct {
    int status;
    enum gc_action action;
  } rows[] = {
      {429, GC_WAIT}, {401, GC_REAUTH}, {403, GC_GIVE_UP}, {503, GC_RETRY}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_reply reply = {.failure = GC_FAILURE_BROKEN,
                             .status = rows[i].status};
    CHECK(gc_retry_has_status(&reply));
    CHECK_INT(gc_retry_decide(&reply).action, rows[i].action);
  }
}

static void answers_have_classes(void) {
  static const struct {
    int status;
    enum gc_failure failure;
    const char *name;
  } rows[] = {
      {200, GC_FAILURE_NONE, "2xx"},     {299, GC_FAILURE_NONE, "2xx"},
      {301, GC_FAILURE_NONE, "3xx"},     {404, GC_FAILURE_NONE, "4xx"},
      {503, GC_FAILURE_NONE, "5xx"},     {100, GC_FAILURE_NONE, "network"},
      {0, GC_FAILURE_NONE, "network"},   {0, GC_FAILURE_CONNECT, "network"},
      {200, GC_FAILURE_SINK, "2xx"},     {200, GC_FAILURE_BROKEN, "2xx"},
      {700, GC_FAILURE_NONE, "network"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_reply reply = {.status = rows[i].status,
                             .failure = rows[i].failure};
    CHECK_STR(gc_answer_class_name(gc_answer_class(&reply)), rows[i].name);
  }
  CHECK_STR(gc_answer_class_name((enum gc_answer_class)99), "network");
}

int main(void) {
  RUN(every_status_has_its_decision);
  RUN(a_number_that_is_not_a_status_is_given_up);
  RUN(every_failure_below_http_has_its_decision);
  RUN(an_answer_that_broke_off_keeps_its_status_if_that_matters);
  RUN(answers_have_classes);
  return check_done();
}
