/* SPDX-License-Identifier: MIT */
#include "common/net/api/auth.h"

#include "tests/support/auth_bench.h"
#include "tests/support/check.h"

static void the_basic_form_is_the_documented_one(void) {
  auth_begin();
  auth_answer(0, 200, AUTH_TOKEN("t1"));
  CHECK_INT(gc_auth_request(auth), GC_AUTH_REQUESTING);
  CHECK_INT(auth_want(), GC_AUTH_READY);
  const struct replay_request *q = replay_last(&auth_world, AUTH_ASK);
  CHECK_STR(q->url, AUTH_URL);
  CHECK_STR(q->body, "grant_type=client_credentials");
  /* base64 of "cl:ient:s3cr3t&+ /=" */
  CHECK_HAS(q->headers, "Authorization: Basic "
                        "Y2w6aWVudDpzM2NyM3QmKyAvPQ==\n");
  CHECK_HAS(q->headers, "Content-Type: application/x-www-form-urlencoded\n");
  CHECK_STR(auth_bearer(), "t1");
  auth_end();
}

static void the_body_form_is_url_encoded(void) {
  struct gc_auth_settings s = auth_plain();
  s.in_body = true;
  s.client_id = "id with&=%";
  auth_begin_with(&s);
  auth_answer(0, 200, AUTH_TOKEN("t1"));
  CHECK_INT(auth_want(), GC_AUTH_READY);
  const struct replay_request *q = replay_last(&auth_world, AUTH_ASK);
  CHECK_STR(q->body, "grant_type=client_credentials&client_id=id%20with%26%3D%"
                     "25&client_secret=s3cr3t%26%2B%20%2F%3D");
  CHECK(strstr(q->headers, "Authorization") == NULL);
  auth_end();
}

static void a_scope_is_sent_when_there_is_one(void) {
  static const struct {
    const char *scope, *body;
  } rows[] = {
      {NULL, "grant_type=client_credentials"},
      {"", "grant_type=client_credentials"},
      {"analytics:realtime:read a",
       "grant_type=client_credentials&scope=analytics%3Arealtime%3Aread%20a"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_auth_settings s = auth_plain();
    s.scope = rows[i].scope;
    auth_begin_with(&s);
    auth_answer(0, 200, AUTH_TOKEN("t1"));
    CHECK_INT(auth_want(), GC_AUTH_READY);
    CHECK_STR(replay_last(&auth_world, AUTH_ASK)->body, rows[i].body);
    auth_end();
  }
}

static void the_largest_secret_fits(void) {
  char secret[GC_SECRET_MAX_BYTES];
  memset(secret, '&', sizeof(secret) - 1);
  secret[sizeof(secret) - 1] = '\0';
  for (int in_body = 0; in_body <= 1; in_body++) {
    struct gc_auth_settings s = auth_plain();
    s.in_body = in_body == 1;
    s.secret.literal = secret;
    auth_begin_with(&s);
    auth_answer(0, 200, AUTH_TOKEN("t1"));
    CHECK_INT(auth_want(), GC_AUTH_READY);
    auth_end();
  }
}

static void nothing_is_sent_until_a_token_is_requested(void) {
  auth_begin();
  replay_run(&auth_world, 3600 * 1000);
  CHECK_INT(auth_world.request_count, 0);
  CHECK_STR(auth_bearer(), "(none)");
  CHECK_INT(auth_stats().life_ms, 0);
  auth_end();
}

static void concurrent_callers_share_one_request(void) {
  auth_begin();
  replay_answer(&auth_world, &(struct replay_answer){.match = AUTH_ASK,
                                                     .status = 200,
                                                     .body = AUTH_TOKEN("t1"),
                                                     .delay_ms = 5000});
  for (int i = 0; i < 100; i++) {
    CHECK_INT(gc_auth_request(auth), GC_AUTH_REQUESTING);
    replay_run(&auth_world, 10);
  }
  CHECK_INT(auth_changes, 1);
  replay_run(&auth_world, 5000);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
  CHECK_INT(auth_changes, 2);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 1);
  CHECK_INT(replay_noticed(&auth_world, "token", GC_OK), 1);
  auth_end();
}

/* ---- scopes, the end ---- */

static void a_missing_scope_is_reported_and_the_token_is_used(void) {
  struct gc_auth_settings s = auth_plain();
  s.scope = "analytics routing";
  auth_begin_with(&s);
  auth_answer(
      0, 200,
      "{\"access_token\":\"t\",\"expires_in\":99,\"scope\":\"analytics\"}");
  auth_answer(0, 200,
              "{\"access_token\":\"t\",\"expires_in\":99,\"scope\":\"routing "
              "analytics\"}");
  CHECK_INT(auth_want(), GC_AUTH_READY);
  CHECK_INT(replay_last_notice(&auth_world, "token")->code, GC_ERR_PERMISSION);
  CHECK_HAS(replay_last_notice(&auth_world, "token")->text, "routing");
  replay_run(&auth_world, 99000 * 4 / 5);
  CHECK_INT(replay_last_notice(&auth_world, "token")->code, GC_OK);
  auth_end();
}

static void gc_auth_may_be_freed_with_a_request_running_or_due(void) {
  auth_begin();
  replay_answer(&auth_world,
                &(struct replay_answer){.match = AUTH_ASK, .is_silent = true});
  (void)gc_auth_request(auth);
  CHECK_INT(auth_world.in_flight, 1);
  gc_auth_free(auth);
  auth = NULL;
  CHECK(replay_last(&auth_world, AUTH_ASK)->is_cancelled);
  auth_end();
  auth_begin();
  auth_answer(0, 503, "");
  (void)auth_want();
  auth_end();
  gc_auth_free(NULL);
}

static void no_notice_holds_a_secret_or_a_token(void) {
  auth_begin();
  auth_answer(0, 200, "{\"access_token\":\"b3arer\",\"expires_in\":0}");
  auth_answer(0, 200, "{\"access_token\":\"b3arer\\n\"}");
  auth_answer(0, 200, "{\"access_token\":\"b3arer\"");
  auth_answer(0, 500, "{\"code\":\"x\",\"message\":\"y\"}");
  auth_answer(0, 200, AUTH_TOKEN("b3arer"));
  (void)auth_want();
  replay_run(&auth_world, 300000);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
  CHECK_INT(auth_world.notice_count, 5);
  for (size_t i = 0; i < auth_world.notice_count; i++) {
    CHECK(strstr(auth_world.notices[i].err.text, "b3arer") == NULL);
    CHECK(strstr(auth_world.notices[i].err.text, "s3cr3t") == NULL);
  }
  auth_end();
}

int main(void) {
  RUN(the_basic_form_is_the_documented_one);
  RUN(the_body_form_is_url_encoded);
  RUN(a_scope_is_sent_when_there_is_one);
  RUN(the_largest_secret_fits);
  RUN(nothing_is_sent_until_a_token_is_requested);
  RUN(concurrent_callers_share_one_request);
  RUN(a_missing_scope_is_reported_and_the_token_is_used);
  RUN(gc_auth_may_be_freed_with_a_request_running_or_due);
  RUN(no_notice_holds_a_secret_or_a_token);
  return check_done();
}
