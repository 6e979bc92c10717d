/* SPDX-License-Identifier: MIT */
#include "common/net/api/auth.h"

#include "common/genesys/token.h"
#include "tests/support/auth_bench.h"
#include "tests/support/check.h"

static uint32_t token_number(void) {
  uint32_t n = 0;
  (void)gc_auth_bearer(auth, &n);
  return n;
}

/* ---- renewal ---- */

static void a_token_is_renewed_in_time_while_the_old_one_is_used(void) {
  auth_begin();
  auth_answer(0, 200, AUTH_TOKEN("t1"));
  replay_answer(&auth_world, &(struct replay_answer){.match = AUTH_ASK,
                                                     .status = 200,
                                                     .body = AUTH_TOKEN("t2"),
                                                     .delay_ms = 7000});
  CHECK_INT(auth_want(), GC_AUTH_READY);
  CHECK_INT(token_number(), 1);
  CHECK_INT(auth_stats().life_ms, 86399000);
  uint64_t renew_ms = gc_token_renew_ms(86399, 300);
  replay_run(&auth_world, renew_ms - 1);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 1);
  replay_run(&auth_world, 1);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 2);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
  CHECK_STR(auth_bearer(), "t1");
  unsigned changes = auth_changes;
  replay_run(&auth_world, 7000);
  CHECK_STR(auth_bearer(), "t2");
  CHECK_INT(token_number(), 2);
  CHECK_INT(auth_changes, changes + 1);
  CHECK_INT(auth_stats().life_ms, 86399000);
  CHECK_INT(auth_stats().ok, 2);
  auth_end();
}

static void each_token_lifetime_has_one_request(void) {
  auth_begin();
  auth_answer(REPLAY_ALWAYS, 200,
              "{\"access_token\":\"t\",\"token_type\":\"bearer\","
              "\"expires_in\":1000}");
  for (int s = 0; s < 8000; s++) {
    CHECK_INT(auth_want(), GC_AUTH_READY);
    replay_run(&auth_world, 1000);
  }
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 11); /* one every 800 s */
  auth_end();
}

static void a_renewal_that_fails_does_not_end_the_old_token(void) {
  auth_begin();
  auth_answer(0, 200,
              "{\"access_token\":\"old\",\"token_type\":\"bearer\","
              "\"expires_in\":1000}");
  auth_answer(REPLAY_ALWAYS, 503, "<html>");
  CHECK_INT(auth_want(), GC_AUTH_READY);
  replay_run(&auth_world, 999999);
  CHECK_INT(auth_want(), GC_AUTH_READY);
  CHECK_STR(auth_bearer(), "old");
  CHECK_HAS(replay_last_notice(&auth_world, "token")->text,
            "old one is still valid");
  replay_run(&auth_world, 1);
  CHECK_STR(auth_bearer(), "(none)");
  CHECK_INT(gc_auth_request(auth), GC_AUTH_FAILED);
  CHECK_INT(auth_stats().life_ms, 0);
  replay_forget_answers(&auth_world);
  auth_answer(0, 200, AUTH_TOKEN("new"));
  replay_run(&auth_world, 60000);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
  CHECK_STR(auth_bearer(), "new");
  auth_end();
}

/* ---- rejected by the API ---- */

/* Has the token "t1"; the next one, "t2", takes 100 ms. */
static void begin_with_token(void) {
  auth_begin();
  auth_answer(0, 200, AUTH_TOKEN("t1"));
  replay_answer(&auth_world, &(struct replay_answer){.match = AUTH_ASK,
                                                     .status = 200,
                                                     .body = AUTH_TOKEN("t2"),
                                                     .delay_ms = 100});
  (void)auth_want();
}

static void a_rejected_token_is_renewed_once(void) {
  begin_with_token();
  for (int i = 0; i < 4; i++) /* four calls were sent with it */
    CHECK(gc_auth_reject(auth, 1));
  CHECK_INT(gc_auth_request(auth), GC_AUTH_REQUESTING);
  CHECK_STR(auth_bearer(), "(none)");
  replay_run(&auth_world, 100);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 2);
  CHECK_STR(auth_bearer(), "t2");
  CHECK(gc_auth_reject(auth, 1)); /* another call with the old token */
  CHECK_STR(auth_bearer(), "t2");
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 2);
  auth_end();
}

static void a_rejection_joins_the_running_renewal(void) {
  begin_with_token();
  replay_run(&auth_world, gc_token_renew_ms(86399, 300));
  CHECK_INT(auth_world.in_flight, 1);
  CHECK(gc_auth_reject(auth, 1));
  CHECK_INT(auth_world.in_flight, 1);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_REQUESTING);
  replay_run(&auth_world, 100);
  CHECK_STR(auth_bearer(), "t2");
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 2);
  auth_end();
}

static void a_token_that_is_rejected_again_within_a_minute_is_kept(void) {
  auth_begin();
  auth_answer(REPLAY_ALWAYS, 200, AUTH_TOKEN("t"));
  (void)auth_want();
  CHECK(gc_auth_reject(auth, 1));
  replay_settle(&auth_world);
  replay_run(&auth_world, 59999);
  CHECK(!gc_auth_reject(auth, 2));
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 2);
  replay_run(&auth_world, 1);
  CHECK(gc_auth_reject(auth, 2));
  replay_settle(&auth_world);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 3);
  auth_end();
}

/* The renewal failed and is scheduled again: a call with the old number waits
 * for it. */
static void a_late_rejection_waits_for_the_renewal_that_is_due(void) {
  auth_begin();
  auth_answer(0, 200, AUTH_TOKEN("t1"));
  auth_answer(0, 503, "");
  auth_answer(0, 200, AUTH_TOKEN("t2"));
  (void)auth_want();
  CHECK(gc_auth_reject(auth, 1));
  replay_settle(&auth_world);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_FAILED);
  CHECK(gc_auth_reject(auth, 1));
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 2);
  replay_run(&auth_world, 1000);
  CHECK_STR(auth_bearer(), "t2");
  auth_end();
}

static void a_rejection_does_not_hasten_refused_credentials(void) {
  auth_begin();
  auth_answer(0, 200, AUTH_TOKEN("t1"));
  auth_answer(REPLAY_ALWAYS, 401, AUTH_REFUSED);
  (void)auth_want();
  replay_run(&auth_world, gc_token_renew_ms(86399, 300));
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 2);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY); /* the old one is valid */
  CHECK(gc_auth_reject(auth, 1));
  CHECK_INT(gc_auth_request(auth), GC_AUTH_FAILED);
  replay_run(&auth_world, 299000);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 2);
  replay_run(&auth_world, 1000);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 3);
  auth_end();
}

/* ---- the account's pause ---- */

static void a_pause_holds_every_token_request(void) {
  auth_begin();
  auth_answer(REPLAY_ALWAYS, 200, AUTH_TOKEN("t"));
  gc_auth_pause(auth, auth_world.now_ms + 30000);
  gc_auth_pause(auth,
                auth_world.now_ms + 10000); /* a shorter one changes nothing */
  (void)auth_want();
  replay_run(&auth_world, 29999);
  CHECK_INT(auth_world.request_count, 0);
  replay_run(&auth_world, 1);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
  gc_auth_pause(auth, auth_world.now_ms + 30000);
  CHECK(gc_auth_reject(auth, 1));
  replay_run(&auth_world, 29999);
  CHECK_INT(auth_world.request_count, 1);
  replay_run(&auth_world, 1);
  CHECK_STR(auth_bearer(), "t");
  auth_end();
}

int main(void) {
  RUN(a_token_is_renewed_in_time_while_the_old_one_is_used);
  RUN(each_token_lifetime_has_one_request);
  RUN(a_renewal_that_fails_does_not_end_the_old_token);
  RUN(a_rejected_token_is_renewed_once);
  RUN(a_rejection_joins_the_running_renewal);
  RUN(a_token_that_is_rejected_again_within_a_minute_is_kept);
  RUN(a_late_rejection_waits_for_the_renewal_that_is_due);
  RUN(a_rejection_does_not_hasten_refused_credentials);
  RUN(a_pause_holds_every_token_request);
  return check_done();
}
