/* SPDX-License-Identifier: MIT */
#include "common/net/api/auth.h"

#include <stdlib.h>
#include <unistd.h>

#include "common/genesys/token.h"
#include "tests/support/auth_bench.h"
#include "tests/support/check.h"
#include "tests/support/hang.h"

enum { BOUND_MS = 500 };

static char file[] = "/tmp/auth_test_XXXXXX";

static void write_secret(const char *text) {
  FILE *f = fopen(file, "w");
  if (f == NULL)
    abort();
  fputs(text, f);
  fclose(f);
}

/* ---- refused ---- */

static void refused_credentials_are_tried_once_every_five_minutes(void) {
  static const int statuses[] = {400, 401};
  for (size_t i = 0; i < GC_COUNT(statuses); i++) {
    auth_begin();
    auth_answer(REPLAY_ALWAYS, statuses[i], AUTH_REFUSED);
    CHECK_INT(auth_want(), GC_AUTH_FAILED);
    const struct gc_err *err = replay_last_notice(&auth_world, "token");
    CHECK_INT(err->code, GC_ERR_AUTH);
    CHECK_HAS(err->text, "cl:ient");
    CHECK_HAS(err->text, "invalid_client: client not found");
    CHECK_HAS(err->text, "Region");
    CHECK(strstr(err->text, "s3cr3t") == NULL);
    replay_run(&auth_world, 299999);
    CHECK_INT(replay_count(&auth_world, AUTH_ASK), 1);
    replay_run(&auth_world, 1);
    CHECK_INT(replay_count(&auth_world, AUTH_ASK), 2);
    for (int s = 0; s < 3600; s++) {
      (void)gc_auth_request(auth);
      replay_run(&auth_world, 1000);
    }
    CHECK_INT(replay_count(&auth_world, AUTH_ASK), 14);
    CHECK_INT(auth_stats().failed, 14);
    auth_end();
  }
}

static void the_message_fits_with_long_words_and_names_the_region(void) {
  struct gc_auth_settings s = auth_plain();
  s.client_id = "01234567-89ab-cdef-0123-456789abcdef";
  s.host_hint = "eu-west-1";
  auth_begin_with(&s);
  static char body[400] = "{\"error\":\"";
  memset(body + 10, 'e', 300);
  strcpy(body + 310, "\"}");
  auth_answer(0, 401, body);
  CHECK_INT(auth_want(), GC_AUTH_FAILED);
  CHECK_HAS(replay_last_notice(&auth_world, "token")->text, s.client_id);
  CHECK_HAS(replay_last_notice(&auth_world, "token")->text, "eu-west-1");
  CHECK_HAS(replay_last_notice(&auth_world, "token")->text,
            "next try in 300 s");
  auth_end();
}

/* Identity gateways: the words decide, not the number. */
static void a_refusal_inside_another_status_is_a_refusal(void) {
  static const int statuses[] = {200, 403, 500};
  for (size_t i = 0; i < GC_COUNT(statuses); i++) {
    auth_begin();
    auth_answer(0, statuses[i], AUTH_REFUSED);
    CHECK_INT(auth_want(), GC_AUTH_FAILED);
    const struct gc_err *err = replay_last_notice(&auth_world, "token");
    CHECK_INT(err->code, GC_ERR_AUTH);
    CHECK_HAS(err->text, "invalid_client");
    CHECK_HAS(err->text, "check Region");
    CHECK_HAS(err->text, "next try in 300 s");
    auth_end();
  }
  auth_begin();
  auth_answer(0, 400, "{\"error\":\"temporarily_unavailable\"}");
  CHECK_INT(auth_want(), GC_AUTH_FAILED);
  CHECK_INT(replay_last_notice(&auth_world, "token")->code, GC_ERR_REMOTE);
  auth_end();
}

static void a_changed_secret_file_is_tried_at_once(void) {
  struct gc_auth_settings s = auth_plain();
  s.secret = (struct gc_secret){.file = file};
  write_secret("wrong\n");
  auth_begin_with(&s);
  auth_answer(0, 401, AUTH_REFUSED);
  auth_answer(0, 200, AUTH_TOKEN("t1"));
  CHECK_INT(auth_want(), GC_AUTH_FAILED);
  CHECK_HAS(replay_last_notice(&auth_world, "token")->text, "file changes");
  replay_run(&auth_world, 60000);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 1);
  write_secret("right one\n");
  replay_run(&auth_world, 10000);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 2);
  /* base64 of "cl:ient:right one" */
  CHECK_HAS(replay_last(&auth_world, AUTH_ASK)->headers,
            "Y2w6aWVudDpyaWdodCBvbmU=\n");
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
  auth_end();
}

/* The request with the old secret is running when the file changes. */
static void a_change_during_the_request_counts_too(void) {
  struct gc_auth_settings s = auth_plain();
  s.secret = (struct gc_secret){.file = file};
  write_secret("wrong\n");
  auth_begin_with(&s);
  replay_answer(&auth_world, &(struct replay_answer){.match = AUTH_ASK,
                                                     .status = 401,
                                                     .body = AUTH_REFUSED,
                                                     .delay_ms = 1000});
  auth_answer(0, 200, AUTH_TOKEN("t1"));
  (void)gc_auth_request(auth);
  write_secret("right one\n");
  replay_run(&auth_world, 11000);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 2);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
  auth_end();
}

/* The answer to the new secret is no refusal: the usual backoff applies. */
static void a_changed_secret_is_tried_again_after_an_outage(void) {
  struct gc_auth_settings s = auth_plain();
  s.secret = (struct gc_secret){.file = file};
  write_secret("wrong");
  auth_begin_with(&s);
  auth_answer(0, 401, AUTH_REFUSED);
  auth_answer(0, 503, "");
  auth_answer(0, 200, AUTH_TOKEN("t1"));
  CHECK_INT(auth_want(), GC_AUTH_FAILED);
  write_secret("right one");
  replay_run(&auth_world, 10000);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 2);
  replay_run(&auth_world, 1000);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
  auth_end();
}

static void the_secret_is_read_for_each_request(void) {
  struct gc_auth_settings s = auth_plain();
  s.secret = (struct gc_secret){.file = file};
  s.in_body = true;
  write_secret("one");
  auth_begin_with(&s);
  auth_answer(REPLAY_ALWAYS, 200, AUTH_TOKEN("t"));
  CHECK_INT(auth_want(), GC_AUTH_READY);
  CHECK_HAS(replay_last(&auth_world, AUTH_ASK)->body, "client_secret=one");
  write_secret("two");
  replay_run(&auth_world, gc_token_renew_ms(86399, 300));
  CHECK_HAS(replay_last(&auth_world, AUTH_ASK)->body, "client_secret=two");
  auth_end();
}

static void a_secret_that_cannot_be_read_is_a_clear_failure(void) {
  struct gc_auth_settings s = auth_plain();
  s.secret = (struct gc_secret){.file = "/nowhere/secret"};
  auth_begin_with(&s);
  CHECK_INT(auth_want(), GC_AUTH_FAILED);
  CHECK_INT(replay_last_notice(&auth_world, "token")->code, GC_ERR_AUTH);
  CHECK_HAS(replay_last_notice(&auth_world, "token")->text, "/nowhere/secret");
  CHECK_INT(auth_world.request_count, 0);
  replay_run(&auth_world, 60000);
  CHECK_INT(auth_world.request_count, 0);
  auth_end();
}

/* ---- a disk that hangs ---- */

static struct gc_detached *disk;

static void begin_on_a_disk(void) {
  static struct gc_auth_settings s;
  disk = gc_detached_new("gc-test", BOUND_MS);
  s = auth_plain();
  s.secret = (struct gc_secret){.file = file};
  s.reads = disk;
  write_secret("s");
  auth_begin_with(&s);
}

static void end_on_a_disk(void) {
  auth_end();
  gc_detached_free(disk);
}

static void a_disk_that_hangs_is_reported_and_tried_again(void) {
  begin_on_a_disk();
  auth_answer(0, 200, AUTH_TOKEN("t1"));
  hang_begin(disk);
  CHECK_INT(auth_want(), GC_AUTH_REQUESTING);
  replay_run(&auth_world, 4999);
  CHECK_INT(auth_world.notice_count, 0);
  replay_run(&auth_world, 1);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_FAILED);
  CHECK_INT(replay_last_notice(&auth_world, "token")->code, GC_ERR_STATE);
  CHECK_HAS(replay_last_notice(&auth_world, "token")->text, file);
  CHECK_HAS(replay_last_notice(&auth_world, "token")->text,
            "the client secret /tmp");
  replay_run(&auth_world, 3600 * 1000);
  CHECK_INT(auth_stats().failed, 0);
  CHECK_INT(auth_world.request_count, 0);
  hang_end(disk);
  replay_run(&auth_world, 1000);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
  CHECK_INT(replay_last_notice(&auth_world, "token")->code, GC_OK);
  end_on_a_disk();
}

static void a_renewal_that_hangs_leaves_the_old_token_in_use(void) {
  begin_on_a_disk();
  auth_answer(0, 200, AUTH_TOKEN("t1"));
  CHECK_INT(auth_want(), GC_AUTH_READY);
  hang_begin(disk);
  replay_run(&auth_world, gc_token_renew_ms(86399, 300) + 10000);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
  CHECK_STR(auth_bearer(), "t1");
  CHECK_INT(replay_last_notice(&auth_world, "token")->code, GC_ERR_STATE);
  replay_run(&auth_world, 300 * 1000); /* the token ends */
  CHECK_INT(gc_auth_request(auth), GC_AUTH_FAILED);
  hang_end(disk);
  end_on_a_disk();
}

static void a_rejected_token_waits_for_the_disk(void) {
  uint32_t number = 0;
  begin_on_a_disk();
  auth_answer(1, 200, AUTH_TOKEN("t1"));
  auth_answer(1, 200, AUTH_TOKEN("t2"));
  CHECK_INT(auth_want(), GC_AUTH_READY);
  hang_begin(disk);
  CHECK_STR(gc_auth_bearer(auth, &number), "t1");
  CHECK(gc_auth_reject(auth, number));
  CHECK(gc_auth_reject(auth, number));
  CHECK_INT(gc_auth_request(auth), GC_AUTH_REQUESTING);
  hang_end(disk);
  replay_run(&auth_world, 1000);
  CHECK_STR(auth_bearer(), "t2");
  end_on_a_disk();
}

static void a_secret_that_is_too_large_is_a_clear_failure(void) {
  char secret[GC_SECRET_MAX_BYTES + 2];
  memset(secret, 'x', sizeof(secret) - 1);
  secret[sizeof(secret) - 1] = '\0';
  struct gc_auth_settings s = auth_plain();
  s.secret.literal = secret;
  auth_begin_with(&s);
  CHECK_INT(auth_want(), GC_AUTH_FAILED);
  CHECK_INT(replay_last_notice(&auth_world, "token")->code, GC_ERR_AUTH);
  CHECK(replay_last_notice(&auth_world, "token")->text[0] != '\0');
  auth_end();
}

/* ---- other failures ---- */

static void a_failed_request_backs_off_and_retries_without_end(void) {
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
    auth_begin();
    struct replay_answer a = rows[i].answer;
    a.match = AUTH_ASK;
    a.times = REPLAY_ALWAYS;
    replay_answer(&auth_world, &a);
    CHECK_INT(auth_want(), GC_AUTH_FAILED);
    CHECK_INT(replay_last_notice(&auth_world, "token")->code, rows[i].code);
    CHECK(replay_last_notice(&auth_world, "token")->text[0] != '\0');
    CHECK(strstr(replay_last_notice(&auth_world, "token")->text, "s3cr3t") ==
          NULL);
    replay_run(&auth_world, 3600 * 1000);
    /* The longest waits are 1, 2, 4, 8, 16, 32 s and then a minute each. */
    size_t count = replay_count(&auth_world, AUTH_ASK);
    CHECK_THAT(count >= 60 && count <= 66, "%zu requests in an hour", count);
    for (size_t k = 7; k < auth_world.request_count; k++)
      CHECK(auth_world.requests[k].at_ms - auth_world.requests[k - 1].at_ms >=
            60000);
    replay_forget_answers(&auth_world);
    auth_answer(0, 200, AUTH_TOKEN("t1"));
    replay_run(&auth_world, 120000);
    CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
    CHECK_INT(replay_last_notice(&auth_world, "token")->code, GC_OK);
    auth_end();
  }
}

static void retry_after_is_kept_to_the_second_up_to_15_minutes(void) {
  static const struct {
    uint32_t retry_after_s, wait_s;
    int status;
  } rows[] = {{1, 1, 429},       {42, 42, 503},         {600, 600, 429},
              {900, 900, 503},   {901, 900, 429},       {86400, 900, 503},
              {86400, 900, 429}, {UINT32_MAX, 900, 503}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    auth_begin();
    replay_answer(&auth_world, &(struct replay_answer){
                                   .match = AUTH_ASK,
                                   .status = rows[i].status,
                                   .has_retry_after = true,
                                   .retry_after_s = rows[i].retry_after_s});
    auth_answer(0, 200, AUTH_TOKEN("t1"));
    CHECK_INT(auth_want(), GC_AUTH_FAILED);
    CHECK_INT(auth_stats().state, GC_AUTH_FAILED);
    CHECK_INT(auth_stats().wait_ms, rows[i].wait_s * 1000ull + 1);
    replay_run(&auth_world, rows[i].wait_s * 1000ull);
    CHECK_INT(replay_count(&auth_world, AUTH_ASK), 1);
    replay_run(&auth_world, 1);
    CHECK_INT(replay_count(&auth_world, AUTH_ASK), 2);
    auth_end();
  }
}

/* A CDN or proxy in front of the token endpoint sends this 403, not the
 * endpoint. */
static void a_403_in_html_gets_no_advice_about_roles(void) {
  auth_begin();
  replay_answer(&auth_world,
                &(struct replay_answer){.match = AUTH_ASK,
                                        .status = 403,
                                        .body = "<html>403 Forbidden</html>"});
  auth_answer(0, 200, AUTH_TOKEN("t1"));
  CHECK_INT(auth_want(), GC_AUTH_FAILED);
  const char *text = replay_last_notice(&auth_world, "token")->text;
  CHECK_HAS(text, "answered 403");
  CHECK_HAS(text, "LoginURL");
  CHECK_HAS(text, "Proxy");
  CHECK_THAT(strstr(text, "role") == NULL, "%s", text);
  replay_run(&auth_world, 60000);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
  auth_end();
}

static void an_error_names_the_correlation_id(void) {
  static const struct {
    int status;
    const char *body, *header, *want;
  } rows[] = {
      {401, AUTH_REFUSED, "c0ffee-1", "correlation id c0ffee-1"},
      {503, "", "c0ffee-2", "correlation id c0ffee-2"},
      {500, "{\"message\":\"m\",\"contextId\":\"c0ffee-3\"}", NULL,
       "correlation id c0ffee-3"},
      {400, "{\"error\":\"invalid_client\",\"contextId\":\"c0ffee-4\"}", NULL,
       "correlation id c0ffee-4"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    auth_begin();
    replay_answer(&auth_world,
                  &(struct replay_answer){.match = AUTH_ASK,
                                          .status = rows[i].status,
                                          .body = rows[i].body,
                                          .correlation = rows[i].header});
    CHECK_INT(auth_want(), GC_AUTH_FAILED);
    CHECK_HAS(replay_last_notice(&auth_world, "token")->text, rows[i].want);
    auth_end();
  }
}

static void failures_in_a_row_open_the_breaker(void) {
  auth_begin();
  auth_world.random32 = 0; /* the shortest waits */
  auth_answer(REPLAY_ALWAYS, 503, "");
  CHECK_INT(auth_want(), GC_AUTH_FAILED);
  CHECK(!gc_auth_is_broken(auth));
  replay_run(&auth_world, 10);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 3);
  CHECK(gc_auth_is_broken(auth));
  replay_run(&auth_world, 4980);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 3);
  replay_run(&auth_world, 20);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 4); /* the probe */
  replay_run(&auth_world, 9000);
  CHECK_INT(replay_count(&auth_world, AUTH_ASK), 4);
  replay_forget_answers(&auth_world);
  auth_answer(0, 200, AUTH_TOKEN("t1"));
  replay_run(&auth_world, 1000);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
  CHECK(!gc_auth_is_broken(auth));
  auth_end();
}

static void a_refusal_does_not_open_the_breaker(void) {
  auth_begin();
  auth_answer(REPLAY_ALWAYS, 401, AUTH_REFUSED);
  (void)auth_want();
  replay_run(&auth_world, 3600 * 1000);
  CHECK(!gc_auth_is_broken(auth));
  auth_end();
}

static void a_transport_that_does_not_start_is_a_failure(void) {
  auth_begin();
  auth_answer(0, 200, AUTH_TOKEN("t1"));
  auth_world.refuses_to_start = true;
  CHECK_INT(auth_want(), GC_AUTH_FAILED);
  CHECK_INT(replay_last_notice(&auth_world, "token")->code, GC_ERR_MEMORY);
  auth_world.refuses_to_start = false;
  replay_run(&auth_world, 60000);
  CHECK_INT(gc_auth_request(auth), GC_AUTH_READY);
  auth_end();
}

int main(void) {
  int fd = mkstemp(file);
  if (fd < 0)
    return 1;
  close(fd);
  RUN(refused_credentials_are_tried_once_every_five_minutes);
  RUN(the_message_fits_with_long_words_and_names_the_region);
  RUN(a_refusal_inside_another_status_is_a_refusal);
  RUN(a_changed_secret_file_is_tried_at_once);
  RUN(a_change_during_the_request_counts_too);
  RUN(a_changed_secret_is_tried_again_after_an_outage);
  RUN(the_secret_is_read_for_each_request);
  RUN(a_secret_that_cannot_be_read_is_a_clear_failure);
  RUN(a_disk_that_hangs_is_reported_and_tried_again);
  RUN(a_renewal_that_hangs_leaves_the_old_token_in_use);
  RUN(a_rejected_token_waits_for_the_disk);
  RUN(a_secret_that_is_too_large_is_a_clear_failure);
  RUN(a_failed_request_backs_off_and_retries_without_end);
  RUN(retry_after_is_kept_to_the_second_up_to_15_minutes);
  RUN(a_403_in_html_gets_no_advice_about_roles);
  RUN(an_error_names_the_correlation_id);
  RUN(failures_in_a_row_open_the_breaker);
  RUN(a_refusal_does_not_open_the_breaker);
  RUN(a_transport_that_does_not_start_is_a_failure);
  unlink(file);
  return check_done();
}
