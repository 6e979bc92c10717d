/* SPDX-License-Identifier: MIT */
#include "common/net/api/answer.h"

#include "tests/support/check.h"

static void the_token_endpoint_refuses_with_400_and_401(void) {
  for (int s = 100; s <= 599; s++) {
    struct gc_reply reply = {.status = s};
    struct gc_retry_decision v = gc_auth_decide(&reply);
    if (s == 400 || s == 401) {
      CHECK_INT(v.action, GC_GIVE_UP);
      CHECK_INT(v.code, GC_ERR_AUTH);
      CHECK(!v.breaks);
      CHECK_HAS(gc_auth_advice(&reply), "Region");
      CHECK_HAS(gc_auth_advice(&reply), "ClientId");
      CHECK_HAS(gc_auth_advice(&reply), "secret");
    } else {
      CHECK_INT(v.action, gc_retry_decide(&reply).action);
      CHECK_INT(v.code, gc_retry_decide(&reply).code);
    }
  }
}

static void a_failure_below_http_is_the_same_at_the_token_endpoint(void) {
  for (int f = GC_FAILURE_NONE + 1; f < GC_FAILURE_COUNT; f++)
    for (int status = 0; status <= 200; status += 200) {
      struct gc_reply reply = {.failure = (enum gc_failure)f, .status = status};
      CHECK_INT(gc_auth_decide(&reply).action, gc_retry_decide(&reply).action);
      CHECK_INT(gc_auth_decide(&reply).code, gc_retry_decide(&reply).code);
      CHECK_STR(gc_api_advice(&reply), "");
      CHECK_STR(gc_auth_advice(&reply), "");
    }
}

static void a_refusal_that_broke_off_is_a_refusal(void) {
  struct gc_reply reply = {.failure = GC_FAILURE_BROKEN, .status = 400};
  CHECK_INT(gc_auth_decide(&reply).code, GC_ERR_AUTH);
  CHECK_HAS(gc_auth_advice(&reply), "ClientId");
}

static void advice_names_the_next_step(void) {
  static const struct {
    int status;
    const char *api, *token;
  } rows[] = {
      {302, "Region and BaseURL", "Region and BaseURL"},
      {401, "LoginURL belong together", "ClientId"},
      {403, "role of the OAuth client", "LoginURL and Proxy"},
      {404, "Region and BaseURL", "Region and LoginURL"},
      {407, "Proxy \"http://user", "Proxy \"http://user"},
      {413, "fewer queues", "fewer queues"},
      {600, "BaseURL and Proxy", "BaseURL and Proxy"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_reply reply = {.status = rows[i].status};
    CHECK_HAS(gc_api_advice(&reply), rows[i].api);
    CHECK_HAS(gc_auth_advice(&reply), rows[i].token);
  }
}

static void other_answers_have_no_advice(void) {
  static const int statuses[] = {200, 204, 408, 409, 429, 500, 501, 599};
  for (size_t i = 0; i < GC_COUNT(statuses); i++) {
    struct gc_reply reply = {.status = statuses[i]};
    CHECK_STR(gc_api_advice(&reply), "");
    CHECK_STR(gc_auth_advice(&reply), "");
  }
}

int main(void) {
  RUN(the_token_endpoint_refuses_with_400_and_401);
  RUN(a_failure_below_http_is_the_same_at_the_token_endpoint);
  RUN(a_refusal_that_broke_off_is_a_refusal);
  RUN(advice_names_the_next_step);
  RUN(other_answers_have_no_advice);
  return check_done();
}
