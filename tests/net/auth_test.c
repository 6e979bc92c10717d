/* SPDX-License-Identifier: MIT */
#include "common/net/auth.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/base/token.h"
#include "tests/support/check.h"
#include "tests/support/replay.h"

#define URL "https://login.example.test/oauth/token"
#define ASK "POST /oauth/token"
#define TOKEN(name)                                                            \
  "{\"access_token\":\"" name "\",\"token_type\":\"bearer\","                  \
  "\"expires_in\":86399}"
#define REFUSED                                                                \
  "{\"error\":\"invalid_client\",\"description\":\"client not found\","        \
  "\"error_description\":\"client not found\"}"
#define SECRET "s3cr3t&+ /="

static struct replay r;
static struct gc_auth *auth;
static unsigned changes;
static char file[] = "/tmp/auth_test_XXXXXX";

static void changed(void *ctx) {
  (void)ctx;
  changes++;
}

static struct gc_auth_settings plain(void) {
  return (struct gc_auth_settings){.url = URL,
                                   .client_id = "cl:ient",
                                   .secret = {.literal = SECRET},
                                   .margin_s = 300};
}

static void begin_with(const struct gc_auth_settings *settings) {
  replay_init(&r);
  changes = 0;
  auth = gc_auth_new(settings, &r.edge, changed, NULL);
}

static void begin(void) {
  struct gc_auth_settings settings = plain();
  begin_with(&settings);
}

static void end(void) {
  gc_auth_free(auth);
  auth = NULL;
  CHECK_INT(r.in_flight, 0);
  CHECK_INT(r.timers.count, 0);
  CHECK_INT(r.unscripted, 0);
  replay_clear(&r);
}

static void answer(int times, int status, const char *body) {
  replay_answer(
      &r, &(struct replay_answer){
              .match = ASK, .times = times, .status = status, .body = body});
}

static void write_secret(const char *text) {
  FILE *f = fopen(file, "w");
  if (f == NULL)
    abort();
  fputs(text, f);
  fclose(f);
}

static const char *bearer(void) {
  uint32_t number = 0;
  const char *text = gc_auth_bearer(auth, &number);
  return text != NULL ? text : "(none)";
}

static uint32_t number(void) {
  uint32_t n = 0;
  (void)gc_auth_bearer(auth, &n);
  return n;
}

/* Asks, and waits for what comes of it. */
static enum gc_auth_state want(void) {
  (void)gc_auth_want(auth);
  replay_settle(&r);
  return gc_auth_want(auth);
}

static struct gc_auth_stats stats(void) {
  struct gc_auth_stats s;
  gc_auth_stats(auth, &s);
  return s;
}

/* ---- the request ---- */

static void the_basic_form_is_the_documented_one(void) {
  begin();
  answer(0, 200, TOKEN("t1"));
  CHECK_INT(gc_auth_want(auth), GC_AUTH_ASKING);
  CHECK_INT(want(), GC_AUTH_READY);
  const struct replay_request *q = replay_last(&r, ASK);
  CHECK_STR(q->url, URL);
  CHECK_STR(q->body, "grant_type=client_credentials");
  /* base64 of "cl:ient:s3cr3t&+ /=" */
  CHECK_HAS(q->headers, "Authorization: Basic "
                        "Y2w6aWVudDpzM2NyM3QmKyAvPQ==\n");
  CHECK_HAS(q->headers, "Content-Type: application/x-www-form-urlencoded\n");
  CHECK_STR(bearer(), "t1");
  end();
}

static void the_body_form_is_url_encoded(void) {
  struct gc_auth_settings s = plain();
  s.in_body = true;
  s.client_id = "id with&=%";
  begin_with(&s);
  answer(0, 200, TOKEN("t1"));
  CHECK_INT(want(), GC_AUTH_READY);
  const struct replay_request *q = replay_last(&r, ASK);
  CHECK_STR(q->body, "grant_type=client_credentials&client_id=id%20with%26%3D%"
                     "25&client_secret=s3cr3t%26%2B%20%2F%3D");
  CHECK(strstr(q->headers, "Authorization") == NULL);
  end();
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
    struct gc_auth_settings s = plain();
    s.scope = rows[i].scope;
    begin_with(&s);
    answer(0, 200, TOKEN("t1"));
    CHECK_INT(want(), GC_AUTH_READY);
    CHECK_STR(replay_last(&r, ASK)->body, rows[i].body);
    end();
  }
}

static void the_largest_secret_fits(void) {
  char secret[GC_SECRET_MOST_BYTES];
  memset(secret, '&', sizeof(secret) - 1);
  secret[sizeof(secret) - 1] = '\0';
  for (int in_body = 0; in_body <= 1; in_body++) {
    struct gc_auth_settings s = plain();
    s.in_body = in_body == 1;
    s.secret.literal = secret;
    begin_with(&s);
    answer(0, 200, TOKEN("t1"));
    CHECK_INT(want(), GC_AUTH_READY);
    end();
  }
}

static void nothing_is_asked_until_somebody_wants_a_token(void) {
  begin();
  replay_run(&r, 3600 * 1000);
  CHECK_INT(r.request_count, 0);
  CHECK_STR(bearer(), "(none)");
  CHECK_INT(stats().life_ms, 0);
  end();
}

static void one_request_whoever_asks(void) {
  begin();
  replay_answer(&r, &(struct replay_answer){.match = ASK,
                                            .status = 200,
                                            .body = TOKEN("t1"),
                                            .delay_ms = 5000});
  for (int i = 0; i < 100; i++) {
    CHECK_INT(gc_auth_want(auth), GC_AUTH_ASKING);
    replay_run(&r, 10);
  }
  CHECK_INT(changes, 1);
  replay_run(&r, 5000);
  CHECK_INT(gc_auth_want(auth), GC_AUTH_READY);
  CHECK_INT(changes, 2);
  CHECK_INT(replay_count(&r, ASK), 1);
  CHECK_INT(replay_noticed(&r, "token", GC_OK), 1);
  end();
}

/* ---- renewal ---- */

static void it_is_renewed_in_time_while_the_old_one_serves(void) {
  begin();
  answer(0, 200, TOKEN("t1"));
  replay_answer(&r, &(struct replay_answer){.match = ASK,
                                            .status = 200,
                                            .body = TOKEN("t2"),
                                            .delay_ms = 7000});
  CHECK_INT(want(), GC_AUTH_READY);
  CHECK_INT(number(), 1);
  CHECK_INT(stats().life_ms, 86399000);
  uint64_t renew_ms = gc_token_renew_ms(86399, 300);
  replay_run(&r, renew_ms - 1);
  CHECK_INT(replay_count(&r, ASK), 1);
  replay_run(&r, 1);
  CHECK_INT(replay_count(&r, ASK), 2);
  CHECK_INT(gc_auth_want(auth), GC_AUTH_READY);
  CHECK_STR(bearer(), "t1");
  replay_run(&r, 7000);
  CHECK_STR(bearer(), "t2");
  CHECK_INT(number(), 2);
  CHECK_INT(stats().life_ms, 86399000);
  CHECK_INT(stats().ok, 2);
  end();
}

static void one_request_for_each_life(void) {
  begin();
  answer(REPLAY_ALWAYS, 200,
         "{\"access_token\":\"t\",\"token_type\":\"bearer\","
         "\"expires_in\":1000}");
  for (int s = 0; s < 8000; s++) {
    CHECK_INT(want(), GC_AUTH_READY);
    replay_run(&r, 1000);
  }
  CHECK_INT(replay_count(&r, ASK), 11); /* one each 800 s */
  end();
}

static void a_renewal_that_fails_does_not_end_the_old_token(void) {
  begin();
  answer(0, 200,
         "{\"access_token\":\"old\",\"token_type\":\"bearer\","
         "\"expires_in\":1000}");
  answer(REPLAY_ALWAYS, 503, "<html>");
  CHECK_INT(want(), GC_AUTH_READY);
  replay_run(&r, 999999);
  CHECK_INT(want(), GC_AUTH_READY);
  CHECK_STR(bearer(), "old");
  CHECK_HAS(replay_last_notice(&r, "token")->text, "old one serves on");
  replay_run(&r, 1);
  CHECK_STR(bearer(), "(none)");
  CHECK_INT(gc_auth_want(auth), GC_AUTH_FAILED);
  CHECK_INT(stats().life_ms, 0);
  replay_forget_answers(&r);
  answer(0, 200, TOKEN("new"));
  replay_run(&r, 60000);
  CHECK_INT(gc_auth_want(auth), GC_AUTH_READY);
  CHECK_STR(bearer(), "new");
  end();
}

/* ---- refused ---- */

static void refused_credentials_are_tried_once_each_five_minutes(void) {
  static const int statuses[] = {400, 401};
  for (size_t i = 0; i < GC_COUNT(statuses); i++) {
    begin();
    answer(REPLAY_ALWAYS, statuses[i], REFUSED);
    CHECK_INT(want(), GC_AUTH_FAILED);
    const struct gc_err *err = replay_last_notice(&r, "token");
    CHECK_INT(err->code, GC_ERR_AUTH);
    CHECK_HAS(err->text, "cl:ient");
    CHECK_HAS(err->text, "invalid_client: client not found");
    CHECK_HAS(err->text, "Region");
    CHECK(strstr(err->text, "s3cr3t") == NULL);
    replay_run(&r, 299999);
    CHECK_INT(replay_count(&r, ASK), 1);
    replay_run(&r, 1);
    CHECK_INT(replay_count(&r, ASK), 2);
    for (int s = 0; s < 3600; s++) {
      (void)gc_auth_want(auth);
      replay_run(&r, 1000);
    }
    CHECK_INT(replay_count(&r, ASK), 14);
    CHECK_INT(stats().failed, 14);
    end();
  }
}

static void the_message_fits_with_long_words_and_names_the_region(void) {
  struct gc_auth_settings s = plain();
  s.client_id = "01234567-89ab-cdef-0123-456789abcdef";
  s.host_hint = "eu-west-1";
  begin_with(&s);
  static char body[400] = "{\"error\":\"";
  memset(body + 10, 'e', 300);
  strcpy(body + 310, "\"}");
  answer(0, 401, body);
  CHECK_INT(want(), GC_AUTH_FAILED);
  CHECK_HAS(replay_last_notice(&r, "token")->text, s.client_id);
  CHECK_HAS(replay_last_notice(&r, "token")->text, "eu-west-1");
  CHECK_HAS(replay_last_notice(&r, "token")->text, "next try in 300 s");
  end();
}

static void a_changed_secret_file_is_tried_at_once(void) {
  struct gc_auth_settings s = plain();
  s.secret = (struct gc_secret){.file = file};
  write_secret("wrong\n");
  begin_with(&s);
  answer(0, 401, REFUSED);
  answer(0, 200, TOKEN("t1"));
  CHECK_INT(want(), GC_AUTH_FAILED);
  CHECK_HAS(replay_last_notice(&r, "token")->text, "file changes");
  replay_run(&r, 60000);
  CHECK_INT(replay_count(&r, ASK), 1);
  write_secret("right one\n");
  replay_run(&r, 10000);
  CHECK_INT(replay_count(&r, ASK), 2);
  /* base64 of "cl:ient:right one" */
  CHECK_HAS(replay_last(&r, ASK)->headers, "Y2w6aWVudDpyaWdodCBvbmU=\n");
  CHECK_INT(gc_auth_want(auth), GC_AUTH_READY);
  end();
}

/* The request with the old secret is out when the file changes. */
static void a_change_during_the_request_counts_too(void) {
  struct gc_auth_settings s = plain();
  s.secret = (struct gc_secret){.file = file};
  write_secret("wrong\n");
  begin_with(&s);
  replay_answer(
      &r, &(struct replay_answer){
              .match = ASK, .status = 401, .body = REFUSED, .delay_ms = 1000});
  answer(0, 200, TOKEN("t1"));
  (void)gc_auth_want(auth);
  write_secret("right one\n");
  replay_run(&r, 11000);
  CHECK_INT(replay_count(&r, ASK), 2);
  CHECK_INT(gc_auth_want(auth), GC_AUTH_READY);
  end();
}

/* What the new secret meets is no refusal: it backs off as ever. */
static void a_changed_secret_that_meets_an_outage_is_tried_on(void) {
  struct gc_auth_settings s = plain();
  s.secret = (struct gc_secret){.file = file};
  write_secret("wrong");
  begin_with(&s);
  answer(0, 401, REFUSED);
  answer(0, 503, "");
  answer(0, 200, TOKEN("t1"));
  CHECK_INT(want(), GC_AUTH_FAILED);
  write_secret("right one");
  replay_run(&r, 10000);
  CHECK_INT(replay_count(&r, ASK), 2);
  replay_run(&r, 1000);
  CHECK_INT(gc_auth_want(auth), GC_AUTH_READY);
  end();
}

static void the_secret_is_read_anew_for_each_request(void) {
  struct gc_auth_settings s = plain();
  s.secret = (struct gc_secret){.file = file};
  s.in_body = true;
  write_secret("one");
  begin_with(&s);
  answer(REPLAY_ALWAYS, 200, TOKEN("t"));
  CHECK_INT(want(), GC_AUTH_READY);
  CHECK_HAS(replay_last(&r, ASK)->body, "client_secret=one");
  write_secret("two");
  replay_run(&r, gc_token_renew_ms(86399, 300));
  CHECK_HAS(replay_last(&r, ASK)->body, "client_secret=two");
  end();
}

static void a_secret_that_cannot_be_read_is_a_clear_failure(void) {
  struct gc_auth_settings s = plain();
  s.secret = (struct gc_secret){.file = "/nowhere/secret"};
  begin_with(&s);
  CHECK_INT(want(), GC_AUTH_FAILED);
  CHECK_INT(replay_last_notice(&r, "token")->code, GC_ERR_AUTH);
  CHECK_HAS(replay_last_notice(&r, "token")->text, "/nowhere/secret");
  CHECK_INT(r.request_count, 0);
  replay_run(&r, 60000);
  CHECK_INT(r.request_count, 0);
  end();
}

static void a_secret_that_is_too_large_is_a_clear_failure(void) {
  char secret[GC_SECRET_MOST_BYTES + 2];
  memset(secret, 'x', sizeof(secret) - 1);
  secret[sizeof(secret) - 1] = '\0';
  struct gc_auth_settings s = plain();
  s.secret.literal = secret;
  begin_with(&s);
  CHECK_INT(want(), GC_AUTH_FAILED);
  CHECK_INT(replay_last_notice(&r, "token")->code, GC_ERR_AUTH);
  CHECK(replay_last_notice(&r, "token")->text[0] != '\0');
  end();
}

/* ---- other failures ---- */

static void it_backs_off_and_tries_for_ever(void) {
  static const struct {
    const char *row;
    struct replay_answer answer;
    enum gc_code code;
  } rows[] = {
      {"502", {.status = 502, .body = "<html>"}, GC_ERR_REMOTE},
      {"429", {.status = 429}, GC_ERR_THROTTLED},
      {"404", {.status = 404}, GC_ERR_NOT_FOUND},
      {"302", {.status = 302}, GC_ERR_REQUEST},
      {"html", {.status = 200, .body = "<html>"}, GC_ERR_PARSE},
      {"connect", {.failure = GC_FAILURE_CONNECT}, GC_ERR_NETWORK},
      {"tls", {.failure = GC_FAILURE_TLS}, GC_ERR_TLS},
      {"timeout", {.failure = GC_FAILURE_TIMEOUT}, GC_ERR_TIMEOUT},
      {"cut off",
       {.status = 200, .body = "{\"a", .failure = GC_FAILURE_BROKEN},
       GC_ERR_NETWORK},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    begin();
    struct replay_answer a = rows[i].answer;
    a.match = ASK;
    a.times = REPLAY_ALWAYS;
    replay_answer(&r, &a);
    CHECK_INT(want(), GC_AUTH_FAILED);
    CHECK_INT(replay_last_notice(&r, "token")->code, rows[i].code);
    CHECK(replay_last_notice(&r, "token")->text[0] != '\0');
    CHECK(strstr(replay_last_notice(&r, "token")->text, "s3cr3t") == NULL);
    replay_run(&r, 3600 * 1000);
    /* 1, 2, 4, 8, 16, 32 s and then one a minute, the longest waits. */
    size_t count = replay_count(&r, ASK);
    CHECK_THAT(count >= 60 && count <= 66, "%zu requests in an hour", count);
    for (size_t k = 7; k < r.request_count; k++)
      CHECK(r.requests[k].at_ms - r.requests[k - 1].at_ms >= 60000);
    replay_forget_answers(&r);
    answer(0, 200, TOKEN("t1"));
    replay_run(&r, 120000);
    CHECK_INT(gc_auth_want(auth), GC_AUTH_READY);
    CHECK_INT(replay_last_notice(&r, "token")->code, GC_OK);
    end();
  }
}

static void retry_after_is_kept_to_the_second(void) {
  static const uint32_t ask_s[] = {1, 42, 600, 5000000, UINT32_MAX};
  for (size_t i = 0; i < GC_COUNT(ask_s); i++) {
    begin();
    replay_answer(&r, &(struct replay_answer){.match = ASK,
                                              .status = 429,
                                              .has_retry_after = true,
                                              .retry_after_s = ask_s[i]});
    answer(0, 200, TOKEN("t1"));
    CHECK_INT(want(), GC_AUTH_FAILED);
    replay_run(&r, ask_s[i] * 1000ull - 1);
    CHECK_INT(replay_count(&r, ASK), 1);
    replay_run(&r, 1);
    CHECK_INT(replay_count(&r, ASK), 2);
    end();
  }
}

static void failures_in_a_row_open_the_breaker(void) {
  begin();
  r.dice = 0; /* the shortest waits */
  answer(REPLAY_ALWAYS, 503, "");
  CHECK_INT(want(), GC_AUTH_FAILED);
  CHECK(!gc_auth_is_broken(auth));
  replay_run(&r, 10);
  CHECK_INT(replay_count(&r, ASK), 3);
  CHECK(gc_auth_is_broken(auth));
  replay_run(&r, 4980);
  CHECK_INT(replay_count(&r, ASK), 3);
  replay_run(&r, 20);
  CHECK_INT(replay_count(&r, ASK), 4); /* the probe */
  replay_run(&r, 9000);
  CHECK_INT(replay_count(&r, ASK), 4);
  replay_forget_answers(&r);
  answer(0, 200, TOKEN("t1"));
  replay_run(&r, 1000);
  CHECK_INT(gc_auth_want(auth), GC_AUTH_READY);
  CHECK(!gc_auth_is_broken(auth));
  end();
}

static void a_refusal_does_not_open_the_breaker(void) {
  begin();
  answer(REPLAY_ALWAYS, 401, REFUSED);
  (void)want();
  replay_run(&r, 3600 * 1000);
  CHECK(!gc_auth_is_broken(auth));
  end();
}

static void a_transport_that_does_not_start_is_a_failure(void) {
  begin();
  answer(0, 200, TOKEN("t1"));
  r.refuses_to_start = true;
  CHECK_INT(want(), GC_AUTH_FAILED);
  CHECK_INT(replay_last_notice(&r, "token")->code, GC_ERR_MEMORY);
  r.refuses_to_start = false;
  replay_run(&r, 60000);
  CHECK_INT(gc_auth_want(auth), GC_AUTH_READY);
  end();
}

/* ---- rejected by the API ---- */

static void a_rejected_token_is_renewed_once(void) {
  begin();
  answer(0, 200, TOKEN("t1"));
  replay_answer(&r, &(struct replay_answer){.match = ASK,
                                            .status = 200,
                                            .body = TOKEN("t2"),
                                            .delay_ms = 100});
  (void)want();
  for (int i = 0; i < 4; i++) /* four calls were out with it */
    CHECK(gc_auth_reject(auth, 1));
  CHECK_INT(gc_auth_want(auth), GC_AUTH_ASKING);
  CHECK_STR(bearer(), "(none)");
  replay_run(&r, 100);
  CHECK_INT(replay_count(&r, ASK), 2);
  CHECK_STR(bearer(), "t2");
  CHECK(gc_auth_reject(auth, 1)); /* one more of the old ones */
  CHECK_STR(bearer(), "t2");
  CHECK_INT(replay_count(&r, ASK), 2);
  end();
}

static void a_rejection_joins_the_renewal_that_is_out(void) {
  begin();
  answer(0, 200, TOKEN("t1"));
  replay_answer(&r, &(struct replay_answer){.match = ASK,
                                            .status = 200,
                                            .body = TOKEN("t2"),
                                            .delay_ms = 100});
  (void)want();
  replay_run(&r, gc_token_renew_ms(86399, 300));
  CHECK_INT(r.in_flight, 1);
  CHECK(gc_auth_reject(auth, 1));
  CHECK_INT(r.in_flight, 1);
  CHECK_INT(gc_auth_want(auth), GC_AUTH_ASKING);
  replay_run(&r, 100);
  CHECK_STR(bearer(), "t2");
  CHECK_INT(replay_count(&r, ASK), 2);
  end();
}

static void a_token_that_is_rejected_again_within_a_minute_is_kept(void) {
  begin();
  answer(REPLAY_ALWAYS, 200, TOKEN("t"));
  (void)want();
  CHECK(gc_auth_reject(auth, 1));
  replay_settle(&r);
  replay_run(&r, 59999);
  CHECK(!gc_auth_reject(auth, 2));
  CHECK_INT(gc_auth_want(auth), GC_AUTH_READY);
  CHECK_INT(replay_count(&r, ASK), 2);
  replay_run(&r, 1);
  CHECK(gc_auth_reject(auth, 2));
  replay_settle(&r);
  CHECK_INT(replay_count(&r, ASK), 3);
  end();
}

/* The renewal failed and will be tried again: that is the token's trouble, not
 * that of a call that comes with the old number. */
static void a_late_rejection_waits_for_the_renewal_that_is_due(void) {
  begin();
  answer(0, 200, TOKEN("t1"));
  answer(0, 503, "");
  answer(0, 200, TOKEN("t2"));
  (void)want();
  CHECK(gc_auth_reject(auth, 1));
  replay_settle(&r);
  CHECK_INT(gc_auth_want(auth), GC_AUTH_FAILED);
  CHECK(gc_auth_reject(auth, 1));
  CHECK_INT(replay_count(&r, ASK), 2);
  replay_run(&r, 1000);
  CHECK_STR(bearer(), "t2");
  end();
}

static void a_rejection_does_not_hasten_refused_credentials(void) {
  begin();
  answer(0, 200, TOKEN("t1"));
  answer(REPLAY_ALWAYS, 401, REFUSED);
  (void)want();
  replay_run(&r, gc_token_renew_ms(86399, 300));
  CHECK_INT(replay_count(&r, ASK), 2);
  CHECK_INT(gc_auth_want(auth), GC_AUTH_READY); /* the old one lives */
  CHECK(gc_auth_reject(auth, 1));
  CHECK_INT(gc_auth_want(auth), GC_AUTH_FAILED);
  replay_run(&r, 299000);
  CHECK_INT(replay_count(&r, ASK), 2);
  replay_run(&r, 1000);
  CHECK_INT(replay_count(&r, ASK), 3);
  end();
}

/* ---- the account's pause, scopes, the end ---- */

static void a_pause_holds_every_token_request(void) {
  begin();
  answer(REPLAY_ALWAYS, 200, TOKEN("t"));
  gc_auth_pause(auth, r.now_ms + 30000);
  gc_auth_pause(auth, r.now_ms + 10000); /* a shorter one changes nothing */
  (void)want();
  replay_run(&r, 29999);
  CHECK_INT(r.request_count, 0);
  replay_run(&r, 1);
  CHECK_INT(gc_auth_want(auth), GC_AUTH_READY);
  gc_auth_pause(auth, r.now_ms + 30000);
  CHECK(gc_auth_reject(auth, 1));
  replay_run(&r, 29999);
  CHECK_INT(r.request_count, 1);
  replay_run(&r, 1);
  CHECK_STR(bearer(), "t");
  end();
}

static void a_scope_that_lacks_is_noticed_and_the_token_serves(void) {
  struct gc_auth_settings s = plain();
  s.scope = "analytics routing";
  begin_with(&s);
  answer(0, 200,
         "{\"access_token\":\"t\",\"expires_in\":99,\"scope\":\"analytics\"}");
  answer(0, 200,
         "{\"access_token\":\"t\",\"expires_in\":99,\"scope\":\"routing "
         "analytics\"}");
  CHECK_INT(want(), GC_AUTH_READY);
  CHECK_INT(replay_last_notice(&r, "token")->code, GC_ERR_PERMISSION);
  CHECK_HAS(replay_last_notice(&r, "token")->text, "routing");
  replay_run(&r, 99000 * 4 / 5);
  CHECK_INT(replay_last_notice(&r, "token")->code, GC_OK);
  end();
}

static void it_may_end_with_a_request_out_or_due(void) {
  begin();
  replay_answer(&r, &(struct replay_answer){.match = ASK, .is_silent = true});
  (void)gc_auth_want(auth);
  CHECK_INT(r.in_flight, 1);
  gc_auth_free(auth);
  auth = NULL;
  CHECK(replay_last(&r, ASK)->is_cancelled);
  end();
  begin();
  answer(0, 503, "");
  (void)want();
  end();
  gc_auth_free(NULL);
}

static void no_notice_holds_a_secret_or_a_token(void) {
  begin();
  answer(0, 200, "{\"access_token\":\"b3arer\",\"expires_in\":0}");
  answer(0, 200, "{\"access_token\":\"b3arer\\n\"}");
  answer(0, 200, "{\"access_token\":\"b3arer\"");
  answer(0, 500, "{\"code\":\"x\",\"message\":\"y\"}");
  answer(0, 200, TOKEN("b3arer"));
  (void)want();
  replay_run(&r, 300000);
  CHECK_INT(gc_auth_want(auth), GC_AUTH_READY);
  CHECK_INT(r.notice_count, 5);
  for (size_t i = 0; i < r.notice_count; i++) {
    CHECK(strstr(r.notices[i].err.text, "b3arer") == NULL);
    CHECK(strstr(r.notices[i].err.text, "s3cr3t") == NULL);
  }
  end();
}

int main(void) {
  int fd = mkstemp(file);
  if (fd < 0)
    return 1;
  close(fd);
  RUN(the_basic_form_is_the_documented_one);
  RUN(the_body_form_is_url_encoded);
  RUN(a_scope_is_sent_when_there_is_one);
  RUN(the_largest_secret_fits);
  RUN(nothing_is_asked_until_somebody_wants_a_token);
  RUN(one_request_whoever_asks);
  RUN(it_is_renewed_in_time_while_the_old_one_serves);
  RUN(one_request_for_each_life);
  RUN(a_renewal_that_fails_does_not_end_the_old_token);
  RUN(refused_credentials_are_tried_once_each_five_minutes);
  RUN(the_message_fits_with_long_words_and_names_the_region);
  RUN(a_changed_secret_file_is_tried_at_once);
  RUN(a_change_during_the_request_counts_too);
  RUN(a_changed_secret_that_meets_an_outage_is_tried_on);
  RUN(the_secret_is_read_anew_for_each_request);
  RUN(a_secret_that_cannot_be_read_is_a_clear_failure);
  RUN(a_secret_that_is_too_large_is_a_clear_failure);
  RUN(it_backs_off_and_tries_for_ever);
  RUN(retry_after_is_kept_to_the_second);
  RUN(failures_in_a_row_open_the_breaker);
  RUN(a_refusal_does_not_open_the_breaker);
  RUN(a_transport_that_does_not_start_is_a_failure);
  RUN(a_rejected_token_is_renewed_once);
  RUN(a_rejection_joins_the_renewal_that_is_out);
  RUN(a_token_that_is_rejected_again_within_a_minute_is_kept);
  RUN(a_late_rejection_waits_for_the_renewal_that_is_due);
  RUN(a_rejection_does_not_hasten_refused_credentials);
  RUN(a_pause_holds_every_token_request);
  RUN(a_scope_that_lacks_is_noticed_and_the_token_serves);
  RUN(it_may_end_with_a_request_out_or_due);
  RUN(no_notice_holds_a_secret_or_a_token);
  unlink(file);
  return check_done();
}
