/* SPDX-License-Identifier: MIT */
#include "common/net/api.h"

#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/replay.h"

#define TOKEN                                                                  \
  "{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":86399}"
#define CORRELATION "7272d362-23b2-4c14-9d40-dc7b7683153a"
#define QUEUES "GET /api/v2/routing/queues"
#define USERS "GET /api/v2/users"
#define PRESENCES "GET /api/v2/presence/definitions"
#define OBSERVE "POST /api/v2/analytics/queues/observations/query"

static struct replay r;
static struct gc_auth *auth;
static struct gc_api *api;
static struct gc_shared_budget *budget;

static void wake(void *ctx) {
  (void)ctx;
  if (api != NULL)
    gc_api_wake(api);
}

/* One call, and what came of it. */
struct job {
  struct gc_call call;
  unsigned begun, done;
  char body[256];
  size_t body_len;
  enum gc_code sink_fails; /* GC_OK: it does not */
  struct gc_err err;
  bool had_reply;
  uint64_t done_ms;
  unsigned order;
};
static unsigned done_count;

static void sink_begin(void *ctx) {
  struct job *j = ctx;
  j->begun++;
  j->body_len = 0;
}

static enum gc_code sink_write(void *ctx, const char *bytes, size_t len,
                               struct gc_err *err) {
  struct job *j = ctx;
  if (j->sink_fails != GC_OK)
    return gc_fail(err, j->sink_fails, "byte 0: not JSON");
  if (len > sizeof(j->body) - 1 - j->body_len)
    abort();
  memcpy(j->body + j->body_len, bytes, len);
  j->body_len += len;
  j->body[j->body_len] = '\0';
  return GC_OK;
}

static void on_done(struct gc_call *call, const struct gc_reply *reply,
                    const struct gc_err *err) {
  struct job *j = call->ctx;
  j->done++;
  j->err = *err;
  j->had_reply = reply != NULL;
  j->done_ms = r.now_ms;
  j->order = ++done_count;
}

static void prepare(struct job *j, enum gc_endpoint_id endpoint) {
  *j = (struct job){.done = 0};
  j->call = (struct gc_call){.endpoint = endpoint,
                             .sink = {sink_begin, sink_write, j},
                             .body_max = 1 << 20,
                             .done = on_done,
                             .ctx = j};
}

static void call(struct job *j, enum gc_endpoint_id endpoint) {
  prepare(j, endpoint);
  gc_api_call(api, &j->call);
}

static void begin_with(uint32_t per_minute, uint32_t max_concurrent) {
  static struct gc_auth_settings auth_settings = {
      .url = "https://login.example.test/oauth/token",
      .client_id = "client",
      .secret = {.literal = "s3cr3t"},
      .margin_s = 300};
  struct gc_api_settings settings = {.base_url = "https://api.example.test",
                                     .max_concurrent = max_concurrent};
  replay_init(&r);
  done_count = 0;
  budget = gc_budgets_get("client", per_minute, r.now_ms);
  auth = gc_auth_new(&auth_settings, &r.edge, wake, NULL);
  api = gc_api_new(&settings, &r.edge, auth, budget);
}

static void token(void) {
  replay_answer(&r, &(struct replay_answer){.match = "POST /oauth/token",
                                            .times = REPLAY_ALWAYS,
                                            .status = 200,
                                            .body = TOKEN});
}

static void begin(void) {
  begin_with(300, 4);
  token();
}

static void end(void) {
  gc_api_free(api);
  gc_auth_free(auth);
  gc_budgets_put(budget);
  api = NULL;
  CHECK_INT(r.in_flight, 0);
  CHECK_INT(r.timers.count, 0);
  CHECK_INT(r.unscripted, 0);
  replay_clear(&r);
}

static void answer(const char *match, int times, int status) {
  replay_answer(&r, &(struct replay_answer){.match = match,
                                            .times = times,
                                            .status = status,
                                            .body = status == 200 ? "{}" : "",
                                            .correlation = CORRELATION});
}

static void throttled(const char *match, uint32_t retry_after_s) {
  replay_answer(&r,
                &(struct replay_answer){.match = match,
                                        .status = 429,
                                        .has_retry_after = retry_after_s > 0,
                                        .retry_after_s = retry_after_s,
                                        .correlation = CORRELATION});
}

static struct gc_api_stats stats(void) {
  struct gc_api_stats s;
  gc_api_stats(api, &s);
  return s;
}

/* ---- the good case ---- */

static void a_call_brings_its_answer_to_the_sink(void) {
  begin();
  replay_answer(&r, &(struct replay_answer){.match = OBSERVE,
                                            .status = 200,
                                            .body = "{\"results\":[]}",
                                            .chunk = 3,
                                            .delay_ms = 40});
  struct job j;
  prepare(&j, GC_ENDPOINT_QUEUE_OBSERVATIONS);
  j.call.body = "{\"filter\":1}";
  j.call.body_len = strlen(j.call.body);
  j.call.query = "a=b&c=d";
  gc_api_call(api, &j.call);
  CHECK_INT(r.request_count, 0);
  replay_run(&r, 40);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_OK);
  CHECK(j.had_reply);
  CHECK_STR(j.body, "{\"results\":[]}");
  CHECK_INT(j.begun, 1);
  const struct replay_request *q = replay_last(&r, OBSERVE);
  CHECK_STR(q->url, "https://api.example.test/api/v2/analytics/queues/"
                    "observations/query?a=b&c=d");
  CHECK_STR(q->body, "{\"filter\":1}");
  CHECK_HAS(q->headers, "Authorization: Bearer t\n");
  CHECK_HAS(q->headers, "Content-Type: application/json\n");
  CHECK_HAS(q->headers, "Accept: application/json\n");
  CHECK_INT(stats().requests[GC_ENDPOINT_QUEUE_OBSERVATIONS][GC_2XX], 1);
  CHECK_INT(stats().bytes, 14);
  CHECK_INT(stats().answers, 1);
  CHECK_INT(stats().elapsed_ms, 40);
  CHECK_INT(stats().queued, 0);
  end();
}

static void an_answer_nobody_wants_is_fine(void) {
  begin();
  answer(QUEUES, 0, 200);
  struct job j;
  prepare(&j, GC_ENDPOINT_QUEUES);
  j.call.sink.write = NULL;
  gc_api_call(api, &j.call);
  replay_settle(&r);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_OK);
  CHECK(strstr(replay_last(&r, QUEUES)->headers, "Content-Type") == NULL);
  CHECK_STR(replay_last(&r, QUEUES)->line, QUEUES);
  end();
}

static void calls_go_out_in_the_order_they_were_made(void) {
  begin_with(300, 1);
  token();
  replay_answer(&r, &(struct replay_answer){.match = "GET",
                                            .times = REPLAY_ALWAYS,
                                            .status = 200,
                                            .body = "{}",
                                            .delay_ms = 10});
  static const enum gc_endpoint_id ids[] = {
      GC_ENDPOINT_USERS, GC_ENDPOINT_QUEUES, GC_ENDPOINT_PRESENCES};
  struct job jobs[9];
  for (int i = 0; i < 9; i++)
    call(&jobs[i], ids[i % 3]);
  CHECK_INT(stats().queued, 9);
  replay_run(&r, 1000);
  for (unsigned i = 0; i < 9; i++)
    CHECK_INT(jobs[i].order, i + 1);
  for (size_t i = 1; i < r.request_count; i++) /* 0 is the token's */
    CHECK(strstr(r.requests[i].line, gc_endpoint(ids[(i - 1) % 3])->path) !=
          NULL);
  end();
}

static void no_more_than_the_limit_are_out_at_once(void) {
  for (uint32_t most = 1; most <= 5; most++) {
    begin_with(300, most);
    token();
    replay_answer(&r, &(struct replay_answer){.match = "GET",
                                              .times = REPLAY_ALWAYS,
                                              .status = 200,
                                              .body = "{}",
                                              .delay_ms = 100});
    struct job jobs[20];
    for (int i = 0; i < 20; i++)
      call(&jobs[i], GC_ENDPOINT_QUEUES);
    replay_run(&r, 100);
    CHECK_INT(r.in_flight, most);
    CHECK_INT(stats().queued, 20 - 2 * most);
    replay_run(&r, 5000);
    CHECK_INT(done_count, 20);
    CHECK_INT(r.most_in_flight, most);
    end();
  }
}

/* ---- the budget ---- */

static void the_budget_paces_for_hours(void) {
  enum { PER_MINUTE = 60, HOURS = 3 };
  begin_with(PER_MINUTE, 4);
  token();
  replay_answer(&r, &(struct replay_answer){.match = "GET",
                                            .times = REPLAY_ALWAYS,
                                            .status = 200,
                                            .body = "{}",
                                            .delay_ms = 150});
  struct job jobs[8];
  for (int i = 0; i < 8; i++)
    call(&jobs[i], GC_ENDPOINT_QUEUES);
  for (int s = 0; s < HOURS * 3600 * 2; s++) { /* there is always more */
    replay_run(&r, 500);
    for (int i = 0; i < 8; i++)
      if (jobs[i].done > 0)
        call(&jobs[i], GC_ENDPOINT_QUEUES);
  }
  size_t calls = replay_count(&r, "GET");
  /* Six to begin with, then 54 a minute, not one more or less. */
  CHECK_INT(calls, 6 + 54 * 60 * HOURS);
  for (size_t from = 0, to = 0; from < r.request_count; from++) {
    while (to < r.request_count &&
           r.requests[to].at_ms <= r.requests[from].at_ms + 60000)
      to++;
    CHECK(to - from <= PER_MINUTE + 1); /* and the token */
  }
  CHECK_INT(replay_count(&r, "POST /oauth/token"), 1);
  /* It waits for the budget and does not look each millisecond. */
  CHECK(r.timers.turns < 10 * r.request_count);
  end();
}

static void what_is_left_of_the_budget_is_told(void) {
  begin_with(100, 4);
  token();
  answer("GET", REPLAY_ALWAYS, 200);
  CHECK_INT(stats().budget_left, 10);
  struct job jobs[3];
  for (int i = 0; i < 3; i++)
    call(&jobs[i], GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  CHECK_INT(stats().budget_left, 7);
  end();
}

/* ---- the token ---- */

static void calls_before_there_is_a_token_wait(void) {
  begin_with(300, 4);
  replay_answer(&r, &(struct replay_answer){.match = "POST /oauth/token",
                                            .status = 200,
                                            .body = TOKEN,
                                            .delay_ms = 3000});
  answer("GET", REPLAY_ALWAYS, 200);
  struct job a, b;
  call(&a, GC_ENDPOINT_QUEUES);
  call(&b, GC_ENDPOINT_USERS);
  replay_run(&r, 2999);
  CHECK_INT(a.done + b.done, 0);
  CHECK_INT(r.request_count, 1);
  replay_run(&r, 1);
  replay_settle(&r);
  CHECK_INT(a.err.code, GC_OK);
  CHECK_INT(b.err.code, GC_OK);
  CHECK_INT(a.done + b.done, 2);
  end();
}

static void calls_without_a_token_end_unavailable(void) {
  begin_with(300, 4);
  replay_answer(&r, &(struct replay_answer){.match = "POST /oauth/token",
                                            .times = REPLAY_ALWAYS,
                                            .status = 401,
                                            .body = "{}"});
  struct job a, b;
  call(&a, GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  CHECK_INT(a.done, 1);
  CHECK_INT(a.err.code, GC_ERR_UNAVAILABLE);
  CHECK(!a.had_reply);
  call(&b, GC_ENDPOINT_USERS);
  replay_settle(&r);
  CHECK_INT(b.err.code, GC_ERR_UNAVAILABLE);
  CHECK_INT(replay_count(&r, "GET"), 0);
  CHECK_INT(replay_noticed(&r, "api", GC_ERR_UNAVAILABLE), 0);
  end();
}

static void a_401_is_renewed_once_and_asked_once_more(void) {
  begin();
  answer(QUEUES, 0, 401);
  answer(QUEUES, 0, 200);
  struct job j;
  call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_OK);
  CHECK_INT(replay_count(&r, QUEUES), 2);
  CHECK_INT(replay_count(&r, "POST /oauth/token"), 2);
  end();
}

static void a_401_that_stays_is_an_error(void) {
  begin();
  answer("GET", REPLAY_ALWAYS, 401);
  struct job j, k;
  call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_ERR_AUTH);
  CHECK_HAS(j.err.text, CORRELATION);
  CHECK_INT(replay_count(&r, QUEUES), 2);
  CHECK_INT(replay_count(&r, "POST /oauth/token"), 2);
  call(&k, GC_ENDPOINT_USERS); /* no second renewal within a minute */
  replay_settle(&r);
  CHECK_INT(k.err.code, GC_ERR_AUTH);
  CHECK_INT(replay_count(&r, USERS), 1);
  CHECK_INT(replay_count(&r, "POST /oauth/token"), 2);
  end();
}

/* Not even when the renewal took so long that another one were due. */
static void a_call_is_asked_once_more_and_no_oftener(void) {
  begin_with(300, 4);
  replay_answer(&r, &(struct replay_answer){.match = "POST /oauth/token",
                                            .times = REPLAY_ALWAYS,
                                            .status = 200,
                                            .body = TOKEN,
                                            .delay_ms = 61000});
  answer(QUEUES, REPLAY_ALWAYS, 401);
  struct job j;
  call(&j, GC_ENDPOINT_QUEUES);
  replay_run(&r, 600000);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_ERR_AUTH);
  CHECK_INT(replay_count(&r, QUEUES), 2);
  end();
}

static void four_that_get_401_at_once_cause_one_renewal(void) {
  begin();
  replay_answer(&r,
                &(struct replay_answer){
                    .match = "GET", .times = 4, .status = 401, .delay_ms = 50});
  answer("GET", REPLAY_ALWAYS, 200);
  struct job jobs[4];
  for (int i = 0; i < 4; i++)
    call(&jobs[i], GC_ENDPOINT_QUEUES);
  replay_run(&r, 1000);
  for (int i = 0; i < 4; i++)
    CHECK_INT(jobs[i].err.code, GC_OK);
  CHECK_INT(done_count, 4);
  CHECK_INT(replay_count(&r, "POST /oauth/token"), 2);
  CHECK_INT(replay_count(&r, "GET"), 8);
  end();
}

static void a_401_while_the_token_cannot_be_had_ends_unavailable(void) {
  begin_with(300, 4);
  replay_answer(&r, &(struct replay_answer){.match = "POST /oauth/token",
                                            .status = 200,
                                            .body = TOKEN});
  replay_answer(&r, &(struct replay_answer){.match = "POST /oauth/token",
                                            .times = REPLAY_ALWAYS,
                                            .failure = GC_FAILURE_CONNECT});
  replay_answer(&r, &(struct replay_answer){
                        .match = QUEUES, .status = 401, .delay_ms = 10});
  replay_answer(&r, &(struct replay_answer){
                        .match = USERS, .status = 401, .delay_ms = 50});
  struct job a, b;
  call(&a, GC_ENDPOINT_QUEUES);
  call(&b, GC_ENDPOINT_USERS);
  replay_run(&r, 100);
  CHECK_INT(a.err.code, GC_ERR_UNAVAILABLE);
  CHECK_INT(b.err.code, GC_ERR_UNAVAILABLE);
  CHECK_INT(replay_noticed(&r, "api", GC_ERR_AUTH), 0);
  end();
}

/* A real clock moves between two readings of it. */
static void a_token_that_ends_this_very_moment_is_not_sent(void) {
  for (uint64_t wait_ms = 990; wait_ms < 1000; wait_ms++) {
    begin_with(300, 4);
    replay_answer(&r, &(struct replay_answer){.match = "POST /oauth/token",
                                              .status = 200,
                                              .body = "{\"access_token\":\"t\","
                                                      "\"expires_in\":1}"});
    replay_answer(&r, &(struct replay_answer){.match = "POST /oauth/token",
                                              .times = REPLAY_ALWAYS,
                                              .is_silent = true});
    answer(QUEUES, REPLAY_ALWAYS, 200);
    struct job a, b;
    call(&a, GC_ENDPOINT_QUEUES);
    replay_settle(&r);
    CHECK_INT(a.done, 1);
    uint64_t got_ms = r.requests[0].at_ms;
    replay_run(&r, got_ms + wait_ms - r.now_ms);
    r.creep_ms = 1;
    call(&b, GC_ENDPOINT_QUEUES);
    replay_run(&r, 50);
    r.creep_ms = 0;
    replay_run(&r, 1000);
    for (size_t i = 0; i < r.request_count; i++)
      CHECK(strstr(r.requests[i].headers, "null") == NULL);
    end();
  }
}

/* ---- refused for good ---- */

static void a_403_names_the_permission_and_the_correlation_id(void) {
  begin();
  replay_answer(
      &r,
      &(struct replay_answer){
          .match = "POST /api",
          .status = 403,
          .body = "{\"message\":\"Unable to perform the requested action. You "
                  "are missing the following permission(s): [analytics:"
                  "queueObservation:view] and whatever else the platform has "
                  "to say about divisions and so on and so on and so "
                  "on\",\"code\":\"missing.any.permissions\",\"status\":403}",
          .correlation = CORRELATION});
  struct job j;
  call(&j, GC_ENDPOINT_CONVERSATION_ACTIVITY);
  replay_settle(&r);
  CHECK_INT(j.err.code, GC_ERR_PERMISSION);
  CHECK_HAS(j.err.text, "conversation_activity");
  CHECK_HAS(j.err.text, "missing.any.permissions");
  CHECK_HAS(j.err.text, "permission analytics:queueObservation:view");
  CHECK_HAS(j.err.text, "role");
  CHECK_HAS(j.err.text, CORRELATION);
  CHECK_INT(r.request_count, 2);
  CHECK_INT(replay_noticed(&r, "api", GC_ERR_PERMISSION), 0);
  end();
}

static void what_will_not_help_is_not_asked_again(void) {
  static const struct {
    const char *row;
    struct replay_answer answer;
    enum gc_code code;
  } rows[] = {
      {"301", {.status = 301}, GC_ERR_REQUEST},
      {"400", {.status = 400}, GC_ERR_REQUEST},
      {"404", {.status = 404}, GC_ERR_NOT_FOUND},
      {"413", {.status = 413}, GC_ERR_REQUEST},
      {"501", {.status = 501}, GC_ERR_REMOTE},
      {"tls", {.failure = GC_FAILURE_TLS}, GC_ERR_TLS},
      {"proxy", {.failure = GC_FAILURE_PROXY}, GC_ERR_NETWORK},
      {"local", {.failure = GC_FAILURE_LOCAL}, GC_ERR_CONFIG},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    begin();
    struct replay_answer a = rows[i].answer;
    a.match = QUEUES;
    a.correlation = CORRELATION;
    replay_answer(&r, &a);
    struct job j;
    call(&j, GC_ENDPOINT_QUEUES);
    replay_run(&r, 60000);
    CHECK_INT(j.done, 1);
    CHECK_INT(j.err.code, rows[i].code);
    CHECK_HAS(j.err.text, "queues: ");
    CHECK_HAS(j.err.text, CORRELATION);
    CHECK_INT(replay_count(&r, QUEUES), 1);
    end();
  }
}

static void an_answer_the_sink_refuses_is_given_up(void) {
  static const enum gc_code codes[] = {GC_ERR_PARSE, GC_ERR_LIMIT,
                                       GC_ERR_MEMORY};
  for (size_t i = 0; i < GC_COUNT(codes); i++) {
    begin();
    answer(QUEUES, 0, 200);
    struct job j;
    prepare(&j, GC_ENDPOINT_QUEUES);
    j.sink_fails = codes[i];
    gc_api_call(api, &j.call);
    replay_run(&r, 60000);
    CHECK_INT(j.done, 1);
    CHECK_INT(j.err.code, codes[i]);
    CHECK_HAS(j.err.text, "queues: byte 0: not JSON");
    CHECK_HAS(j.err.text, CORRELATION);
    CHECK_INT(replay_count(&r, QUEUES), 1);
    end();
  }
}

static void an_answer_that_is_too_large_is_given_up(void) {
  begin();
  answer(QUEUES, 0, 200);
  struct job j;
  prepare(&j, GC_ENDPOINT_QUEUES);
  j.call.body_max = 1;
  gc_api_call(api, &j.call);
  replay_run(&r, 60000);
  CHECK_INT(j.err.code, GC_ERR_LIMIT);
  CHECK_INT(replay_count(&r, QUEUES), 1);
  end();
}

/* ---- asked again ---- */

static void what_may_pass_is_tried_three_times(void) {
  static const struct {
    const char *row;
    struct replay_answer answer;
    enum gc_code code;
  } rows[] = {
      {"500", {.status = 500}, GC_ERR_REMOTE},
      {"502", {.status = 502}, GC_ERR_REMOTE},
      {"503", {.status = 503}, GC_ERR_REMOTE},
      {"408", {.status = 408}, GC_ERR_TIMEOUT},
      {"resolve", {.failure = GC_FAILURE_RESOLVE}, GC_ERR_NETWORK},
      {"connect", {.failure = GC_FAILURE_CONNECT}, GC_ERR_NETWORK},
      {"timeout", {.failure = GC_FAILURE_TIMEOUT}, GC_ERR_TIMEOUT},
      {"broken", {.failure = GC_FAILURE_BROKEN}, GC_ERR_NETWORK},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    begin();
    struct replay_answer a = rows[i].answer;
    a.match = QUEUES;
    a.times = REPLAY_ALWAYS;
    a.correlation = CORRELATION;
    replay_answer(&r, &a);
    struct job j;
    call(&j, GC_ENDPOINT_QUEUES);
    replay_run(&r, 60000);
    CHECK_INT(j.done, 1);
    CHECK_INT(j.err.code, rows[i].code);
    CHECK_HAS(j.err.text, CORRELATION);
    CHECK_INT(replay_count(&r, QUEUES), 3);
    /* The longest waits: 0.5 and 1 s. */
    CHECK_INT(r.requests[2].at_ms - r.requests[1].at_ms, 500);
    CHECK_INT(r.requests[3].at_ms - r.requests[2].at_ms, 1000);
    end();
  }
}

static void the_third_time_may_be_good(void) {
  begin();
  answer(QUEUES, 2, 503);
  answer(QUEUES, 0, 200);
  struct job j;
  call(&j, GC_ENDPOINT_QUEUES);
  replay_run(&r, 60000);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_OK);
  CHECK_INT(replay_noticed(&r, "api", GC_ERR_REMOTE), 0);
  end();
}

static void a_truncated_answer_begins_the_sink_anew(void) {
  begin();
  replay_answer(&r, &(struct replay_answer){.match = QUEUES,
                                            .status = 200,
                                            .body = "{\"entities\":[{\"id\"",
                                            .chunk = 4,
                                            .failure = GC_FAILURE_BROKEN});
  replay_answer(&r, &(struct replay_answer){.match = QUEUES,
                                            .status = 200,
                                            .body = "{\"whole\"}",
                                            .chunk = 2});
  struct job j;
  call(&j, GC_ENDPOINT_QUEUES);
  replay_run(&r, 60000);
  CHECK_INT(j.err.code, GC_OK);
  CHECK_INT(j.begun, 2);
  CHECK_STR(j.body, "{\"whole\"}");
  end();
}

static void others_go_on_while_one_backs_off(void) {
  begin_with(300, 1);
  token();
  answer(QUEUES, 1, 503);
  answer("GET", REPLAY_ALWAYS, 200);
  struct job a, b;
  call(&a, GC_ENDPOINT_QUEUES);
  call(&b, GC_ENDPOINT_USERS);
  replay_settle(&r);
  CHECK_INT(b.done, 1);
  CHECK_INT(a.done, 0);
  replay_run(&r, 500);
  CHECK_INT(a.done, 1);
  end();
}

/* Exactly as long as the server asks; what it does not want for minutes is
 * left to the next reading. */
static void a_5xx_with_retry_after_is_not_asked_sooner(void) {
  static const uint32_t ask_s[] = {1, 8, 9, 120, 180};
  for (size_t i = 0; i < GC_COUNT(ask_s); i++) {
    begin();
    replay_answer(&r, &(struct replay_answer){.match = QUEUES,
                                              .status = 503,
                                              .has_retry_after = true,
                                              .retry_after_s = ask_s[i]});
    answer(QUEUES, 0, 200);
    struct job j;
    call(&j, GC_ENDPOINT_QUEUES);
    replay_run(&r, ask_s[i] * 1000 - 1);
    CHECK_INT(replay_count(&r, QUEUES), 1);
    replay_run(&r, 1);
    replay_settle(&r);
    CHECK_INT(j.err.code, GC_OK);
    CHECK_INT(replay_count(&r, QUEUES), 2);
    end();
  }
  begin();
  replay_answer(&r, &(struct replay_answer){.match = QUEUES,
                                            .status = 503,
                                            .has_retry_after = true,
                                            .retry_after_s = 3600});
  struct job j;
  call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_ERR_REMOTE);
  end();
}

/* ---- 429 ---- */

static void a_429_silences_the_account_for_as_long_as_it_says(void) {
  static const uint32_t ask_s[] = {1, 42, 180};
  for (size_t i = 0; i < GC_COUNT(ask_s); i++) {
    begin();
    throttled(QUEUES, ask_s[i]);
    answer("GET", REPLAY_ALWAYS, 200);
    struct job a, b;
    call(&a, GC_ENDPOINT_QUEUES);
    replay_settle(&r);
    call(&b, GC_ENDPOINT_USERS);
    size_t before = r.request_count;
    CHECK(gc_auth_reject(auth, 1)); /* wants a new token now */
    replay_run(&r, ask_s[i] * 1000 - 1);
    CHECK_INT(r.request_count, before);
    CHECK_INT(a.done + b.done, 0);
    replay_run(&r, 1);
    replay_settle(&r);
    CHECK_INT(a.err.code, GC_OK);
    CHECK_INT(b.err.code, GC_OK);
    CHECK_INT(a.order, 1); /* first come, first served, still */
    CHECK_INT(replay_count(&r, QUEUES), 2);
    CHECK_INT(stats().throttled, 1);
    CHECK_INT(replay_noticed(&r, "throttle", GC_ERR_THROTTLED), 1);
    CHECK_HAS(r.notices[1].err.text, CORRELATION);
    CHECK_INT(replay_noticed(&r, "throttle", GC_OK), 1);
    end();
  }
}

static void a_throttled_call_keeps_its_place(void) {
  begin_with(300, 1);
  token();
  throttled(QUEUES, 5);
  answer("GET", REPLAY_ALWAYS, 200);
  struct job a, b;
  call(&a, GC_ENDPOINT_QUEUES);
  call(&b, GC_ENDPOINT_USERS);
  replay_run(&r, 10000);
  CHECK_INT(a.order, 1);
  CHECK_INT(b.order, 2);
  end();
}

static void a_429_without_a_time_backs_off(void) {
  begin();
  for (int i = 0; i < 6; i++)
    throttled(QUEUES, 0);
  answer(QUEUES, REPLAY_ALWAYS, 200);
  struct job j, k;
  call(&j, GC_ENDPOINT_QUEUES);
  replay_run(&r, 300000);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_OK);
  static const uint64_t waits_ms[] = {3000, 6000, 12000, 24000, 48000, 60000};
  for (size_t i = 0; i < GC_COUNT(waits_ms); i++)
    CHECK_INT(r.requests[i + 2].at_ms - r.requests[i + 1].at_ms, waits_ms[i]);
  /* Success: the next one begins small again. */
  replay_forget_answers(&r);
  throttled(QUEUES, 0);
  answer(QUEUES, REPLAY_ALWAYS, 200);
  call(&k, GC_ENDPOINT_QUEUES);
  replay_run(&r, 3000);
  replay_settle(&r);
  CHECK_INT(k.done, 1);
  end();
}

/* Four were out together: what the later answers say does not shorten what the
 * first one said, and does not count as failure after failure. */
static void a_burst_of_429_is_one_pause(void) {
  begin();
  throttled(QUEUES, 60);
  throttled(QUEUES, 5);
  throttled(QUEUES, 0);
  throttled(QUEUES, 30);
  answer(QUEUES, REPLAY_ALWAYS, 200);
  struct job jobs[4];
  for (int i = 0; i < 4; i++)
    call(&jobs[i], GC_ENDPOINT_QUEUES);
  replay_run(&r, 59999);
  CHECK_INT(replay_count(&r, QUEUES), 4);
  replay_run(&r, 1);
  replay_settle(&r);
  CHECK_INT(replay_count(&r, QUEUES), 8);
  CHECK_INT(done_count, 4);
  end();

  begin();
  for (int i = 0; i < 4; i++)
    throttled(QUEUES, 0);
  answer(QUEUES, REPLAY_ALWAYS, 200);
  for (int i = 0; i < 4; i++)
    call(&jobs[i], GC_ENDPOINT_QUEUES);
  replay_run(&r, 3000);
  replay_settle(&r);
  CHECK_INT(done_count, 4);
  end();
}

static void waiting_costs_none_of_the_three_tries(void) {
  begin();
  throttled(QUEUES, 1);
  throttled(QUEUES, 1);
  throttled(QUEUES, 1);
  answer(QUEUES, 0, 401);
  answer(QUEUES, 2, 503);
  answer(QUEUES, 0, 200);
  struct job j;
  call(&j, GC_ENDPOINT_QUEUES);
  replay_run(&r, 60000);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_OK);
  CHECK_INT(replay_count(&r, QUEUES), 7);
  end();
}

static void a_daily_quota_suspends_that_function_alone(void) {
  begin();
  throttled(QUEUES, 3600);
  answer("GET", REPLAY_ALWAYS, 200);
  struct job a, b, c, d;
  call(&a, GC_ENDPOINT_QUEUES);
  call(&b, GC_ENDPOINT_USERS);
  replay_settle(&r);
  CHECK_INT(a.done, 1);
  CHECK_INT(a.err.code, GC_ERR_THROTTLED);
  CHECK_HAS(a.err.text, "3600 s");
  CHECK_INT(b.err.code, GC_OK);
  CHECK_INT(b.done, 1);
  /* Not over while it rests, whatever else goes well. */
  CHECK_INT(replay_last_notice(&r, "throttle")->code, GC_ERR_THROTTLED);
  replay_run(&r, 3599000);
  call(&c, GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  CHECK_INT(c.err.code, GC_ERR_THROTTLED);
  CHECK(!c.had_reply);
  CHECK_INT(replay_count(&r, QUEUES), 1);
  replay_run(&r, 1000);
  call(&d, GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  CHECK_INT(d.err.code, GC_OK);
  CHECK_INT(replay_last_notice(&r, "throttle")->code, GC_OK);
  end();
}

static void the_longest_suspension_does_not_wrap(void) {
  begin();
  throttled(QUEUES, UINT32_MAX);
  struct job a, b;
  call(&a, GC_ENDPOINT_QUEUES);
  replay_run(&r, 1000ull * 86400 * 365);
  replay_settle(&r);
  call(&b, GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  CHECK_INT(b.err.code, GC_ERR_THROTTLED);
  CHECK_INT(replay_count(&r, QUEUES), 1);
  end();
}

/* ---- the breaker ---- */

static void five_failures_open_the_breaker(void) {
  begin();
  r.dice = 0;
  answer("GET", REPLAY_ALWAYS, 503);
  struct job jobs[4];
  for (int i = 0; i < 4; i++)
    call(&jobs[i], GC_ENDPOINT_QUEUES);
  replay_run(&r, 100);
  CHECK(stats().broken);
  CHECK_INT(done_count, 4);
  size_t before = r.request_count;
  struct job j;
  call(&j, GC_ENDPOINT_USERS);
  replay_settle(&r);
  CHECK_INT(j.done, 1);
  CHECK_INT(j.err.code, GC_ERR_UNAVAILABLE);
  CHECK(!j.had_reply);
  CHECK_INT(r.request_count, before);
  end();
}

static void open_breaker(void) {
  begin();
  r.dice = 0;
  answer(QUEUES, 6, 503);
  struct job a, b;
  call(&a, GC_ENDPOINT_QUEUES);
  call(&b, GC_ENDPOINT_QUEUES);
  replay_run(&r, 100);
  CHECK(stats().broken);
  CHECK_INT(done_count, 2);
}

static void after_the_rest_one_probe_goes_out(void) {
  open_breaker();
  replay_answer(&r, &(struct replay_answer){
                        .match = USERS, .status = 503, .delay_ms = 1000});
  answer("GET", REPLAY_ALWAYS, 200);
  replay_run(&r, 5000);
  size_t before = r.request_count;
  struct job jobs[3];
  for (int i = 0; i < 3; i++)
    call(&jobs[i], i == 0 ? GC_ENDPOINT_USERS : GC_ENDPOINT_QUEUES);
  replay_run(&r, 999);
  CHECK_INT(r.request_count, before + 1);
  CHECK_INT(jobs[1].done, 0); /* waits for what comes of it */
  replay_run(&r, 1);
  replay_settle(&r);
  CHECK_INT(jobs[0].err.code, GC_ERR_REMOTE); /* a probe is not repeated */
  CHECK_INT(jobs[1].err.code, GC_ERR_UNAVAILABLE);
  CHECK_INT(jobs[2].err.code, GC_ERR_UNAVAILABLE);
  replay_run(&r, 9999);
  struct job c, d;
  call(&c, GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  CHECK_INT(c.err.code, GC_ERR_UNAVAILABLE);
  replay_run(&r, 1);
  call(&d, GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  CHECK_INT(d.err.code, GC_OK);
  CHECK(!stats().broken);
  end();
}

static void a_cancelled_probe_lets_the_next_one_go(void) {
  open_breaker();
  replay_answer(&r, &(struct replay_answer){.match = USERS, .is_silent = true});
  answer("GET", REPLAY_ALWAYS, 200);
  replay_run(&r, 5000);
  struct job a, b;
  call(&a, GC_ENDPOINT_USERS);
  call(&b, GC_ENDPOINT_QUEUES);
  replay_run(&r, 1000);
  CHECK_INT(b.done, 0);
  gc_api_cancel(api, &a.call);
  replay_settle(&r);
  CHECK_INT(b.err.code, GC_OK);
  CHECK_INT(a.done, 0);
  end();
}

/* Out since before it opened: it is not the probe that is cancelled. */
static void a_cancelled_straggler_frees_no_second_probe(void) {
  begin();
  r.dice = 0;
  replay_answer(&r,
                &(struct replay_answer){.match = PRESENCES, .is_silent = true});
  replay_answer(&r, &(struct replay_answer){.match = USERS, .is_silent = true});
  answer(QUEUES, 6, 503);
  struct job straggler, a, b, probe, c;
  call(&straggler, GC_ENDPOINT_PRESENCES);
  call(&a, GC_ENDPOINT_QUEUES);
  call(&b, GC_ENDPOINT_QUEUES);
  replay_run(&r, 100);
  CHECK(stats().broken);
  replay_run(&r, 5000);
  call(&probe, GC_ENDPOINT_USERS);
  replay_settle(&r);
  size_t before = r.request_count;
  gc_api_cancel(api, &straggler.call);
  call(&c, GC_ENDPOINT_QUEUES);
  replay_run(&r, 1000);
  CHECK_INT(r.request_count, before);
  end();
}

/* ---- notices ---- */

static void an_outage_is_one_cause_until_all_that_met_it_are_well(void) {
  begin();
  answer(QUEUES, 1, 501); /* given up at once; does not open the breaker */
  answer(USERS, 1, 501);
  answer("GET", REPLAY_ALWAYS, 200);
  struct job j;
  call(&j, GC_ENDPOINT_PRESENCES);
  replay_settle(&r);
  CHECK_INT(replay_last_notice(&r, "api")->code, GC_OK);
  call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  call(&j, GC_ENDPOINT_USERS);
  replay_settle(&r);
  CHECK_INT(replay_noticed(&r, "api", GC_ERR_REMOTE), 2);
  size_t fine = replay_noticed(&r, "api", GC_OK);
  call(&j, GC_ENDPOINT_PRESENCES); /* never met it: says nothing */
  replay_settle(&r);
  call(&j, GC_ENDPOINT_QUEUES); /* one of the two is well */
  replay_settle(&r);
  CHECK_INT(j.err.code, GC_OK);
  CHECK_INT(replay_noticed(&r, "api", GC_OK), fine);
  call(&j, GC_ENDPOINT_USERS);
  replay_settle(&r);
  CHECK_INT(replay_noticed(&r, "api", GC_OK), fine + 1);
  end();
}

static void a_functions_own_trouble_is_no_outage(void) {
  static const int statuses[] = {400, 403, 404};
  for (size_t i = 0; i < GC_COUNT(statuses); i++) {
    begin();
    answer(QUEUES, 1, 501);
    answer(QUEUES, 1, statuses[i]);
    struct job j;
    call(&j, GC_ENDPOINT_QUEUES);
    replay_settle(&r);
    CHECK_INT(replay_last_notice(&r, "api")->code, GC_ERR_REMOTE);
    call(&j, GC_ENDPOINT_QUEUES); /* it was answered: the outage is over */
    replay_settle(&r);
    CHECK_INT(replay_last_notice(&r, "api")->code, GC_OK);
    end();
  }
}

static void what_the_breaker_or_the_quota_ends_changes_no_notice(void) {
  open_breaker();
  size_t notices = r.notice_count;
  struct job j;
  call(&j, GC_ENDPOINT_USERS);
  replay_settle(&r);
  CHECK_INT(j.err.code, GC_ERR_UNAVAILABLE);
  CHECK_INT(r.notice_count, notices);
  end();
}

/* ---- cancel, free, again ---- */

static void a_queued_call_can_be_cancelled(void) {
  begin_with(300, 1);
  token();
  replay_answer(&r, &(struct replay_answer){.match = "GET",
                                            .times = REPLAY_ALWAYS,
                                            .status = 200,
                                            .body = "{}",
                                            .delay_ms = 10});
  struct job jobs[4];
  for (int i = 0; i < 4; i++)
    call(&jobs[i], GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  gc_api_cancel(api, &jobs[2].call);
  gc_api_cancel(api, &jobs[2].call);
  CHECK_INT(stats().queued, 2);
  replay_run(&r, 1000);
  CHECK_INT(jobs[2].done, 0);
  CHECK_INT(jobs[3].done, 1);
  CHECK_INT(done_count, 3);
  gc_api_cancel(api, &jobs[3].call);
  CHECK_INT(replay_count(&r, "GET"), 3);
  end();
}

static void a_running_call_can_be_cancelled_and_makes_room(void) {
  begin_with(300, 1);
  token();
  replay_answer(&r,
                &(struct replay_answer){.match = QUEUES, .is_silent = true});
  answer(USERS, REPLAY_ALWAYS, 200);
  struct job a, b;
  call(&a, GC_ENDPOINT_QUEUES);
  call(&b, GC_ENDPOINT_USERS);
  replay_run(&r, 1000);
  CHECK_INT(r.in_flight, 1);
  gc_api_cancel(api, &a.call);
  replay_settle(&r);
  CHECK(replay_last(&r, QUEUES)->is_cancelled);
  CHECK_INT(a.done, 0);
  CHECK_INT(b.done, 1);
  end();
}

static void a_call_that_waits_to_be_repeated_can_be_cancelled(void) {
  begin();
  answer(QUEUES, 1, 503);
  struct job j;
  call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  gc_api_cancel(api, &j.call);
  replay_run(&r, 60000);
  CHECK_INT(j.done, 0);
  CHECK_INT(replay_count(&r, QUEUES), 1);
  end();
}

static void it_may_end_with_calls_out_and_waiting(void) {
  begin_with(300, 2);
  token();
  replay_answer(&r, &(struct replay_answer){.match = "GET",
                                            .times = REPLAY_ALWAYS,
                                            .is_silent = true});
  struct job jobs[5];
  for (int i = 0; i < 5; i++)
    call(&jobs[i], GC_ENDPOINT_QUEUES);
  replay_run(&r, 1000);
  CHECK_INT(r.in_flight, 2);
  end();
  CHECK_INT(done_count, 0);
  gc_api_free(NULL);
}

static unsigned rounds;

static void on_done_again(struct gc_call *c, const struct gc_reply *reply,
                          const struct gc_err *err) {
  (void)reply;
  (void)err;
  if (--rounds > 0)
    gc_api_call(api, c);
}

static void a_call_may_be_made_again_inside_done(void) {
  begin();
  answer(QUEUES, REPLAY_ALWAYS, 200);
  struct job j;
  prepare(&j, GC_ENDPOINT_QUEUES);
  j.call.done = on_done_again;
  rounds = 10;
  gc_api_call(api, &j.call);
  replay_settle(&r);
  CHECK_INT(rounds, 0);
  CHECK_INT(replay_count(&r, QUEUES), 10);
  end();

  /* Where calls end at once, too: each in a turn of its own. */
  begin_with(300, 4);
  replay_answer(&r, &(struct replay_answer){.match = "POST /oauth/token",
                                            .times = REPLAY_ALWAYS,
                                            .status = 401});
  prepare(&j, GC_ENDPOINT_QUEUES);
  j.call.done = on_done_again;
  rounds = 10;
  gc_api_call(api, &j.call);
  for (unsigned before = rounds; rounds > 0; before = rounds) {
    gc_timers_run(&r.timers, r.now_ms);
    CHECK(rounds + 1 >= before);
    if (r.timers.count == 0)
      break;
  }
  CHECK_INT(rounds, 0);
  end();
}

static void on_done_free(struct gc_call *c, const struct gc_reply *reply,
                         const struct gc_err *err) {
  (void)reply;
  (void)err;
  done_count++;
  free(c);
}

static void a_call_may_be_freed_inside_done(void) {
  static const int statuses[] = {200, 404, 501, 401};
  for (size_t i = 0; i < GC_COUNT(statuses); i++) {
    begin();
    answer(QUEUES, REPLAY_ALWAYS, statuses[i]);
    struct gc_call *c = calloc(1, sizeof(*c));
    *c = (struct gc_call){
        .endpoint = GC_ENDPOINT_QUEUES, .body_max = 100, .done = on_done_free};
    gc_api_call(api, c);
    replay_settle(&r);
    CHECK_INT(done_count, 1);
    end();
  }
}

static void a_transport_that_does_not_start_ends_the_call(void) {
  begin();
  answer(QUEUES, REPLAY_ALWAYS, 200);
  struct job a, b;
  call(&a, GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  CHECK_INT(a.err.code, GC_OK);
  r.refuses_to_start = true;
  call(&b, GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  CHECK_INT(b.done, 1);
  CHECK_INT(b.err.code, GC_ERR_MEMORY);
  CHECK(!b.had_reply);
  end();
}

/* ---- the server's clock ---- */

static void the_clock_offset_comes_from_the_date(void) {
  static const struct {
    int64_t date_ms;
    int64_t offset_ms;
  } rows[] = {
      {0, 0},
      {REPLAY_START_WALL_MS, 0},
      {REPLAY_START_WALL_MS + 1000, 0}, /* whole seconds: noise */
      {REPLAY_START_WALL_MS - 1000, 0},
      {REPLAY_START_WALL_MS + 5000, 5000},
      {REPLAY_START_WALL_MS - 90000, -90000},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    begin();
    replay_answer(&r, &(struct replay_answer){.match = QUEUES,
                                              .status = 200,
                                              .date_ms = rows[i].date_ms});
    answer(QUEUES, 0, 200); /* without a date: what is known stays */
    struct job j;
    CHECK_INT(gc_api_clock_offset_ms(api), 0);
    call(&j, GC_ENDPOINT_QUEUES);
    replay_settle(&r);
    call(&j, GC_ENDPOINT_QUEUES);
    replay_settle(&r);
    CHECK_INT(gc_api_clock_offset_ms(api), rows[i].offset_ms);
    end();
  }
}

static void answers_are_counted_by_class(void) {
  static const struct {
    struct replay_answer answer;
    enum gc_answer_class class;
    unsigned answers;
  } rows[] = {
      {{.status = 200}, GC_2XX, 1},
      {{.status = 301}, GC_3XX, 1},
      {{.status = 404}, GC_4XX, 1},
      {{.status = 501}, GC_5XX, 1},
      {{.failure = GC_FAILURE_TLS}, GC_NO_ANSWER, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    begin();
    struct replay_answer a = rows[i].answer;
    a.match = QUEUES;
    replay_answer(&r, &a);
    struct job j;
    call(&j, GC_ENDPOINT_QUEUES);
    replay_settle(&r);
    CHECK_INT(stats().requests[GC_ENDPOINT_QUEUES][rows[i].class], 1);
    CHECK_INT(stats().answers, rows[i].answers);
    end();
  }
}

static void no_word_holds_the_token(void) {
  begin();
  answer(QUEUES, 0, 404);
  struct job j;
  call(&j, GC_ENDPOINT_QUEUES);
  replay_settle(&r);
  CHECK(strstr(j.err.text, "Bearer") == NULL);
  CHECK(strstr(j.err.text, "s3cr3t") == NULL);
  CHECK(j.call.authorization == NULL && j.call.url == NULL);
  end();
}

int main(void) {
  RUN(a_call_brings_its_answer_to_the_sink);
  RUN(an_answer_nobody_wants_is_fine);
  RUN(calls_go_out_in_the_order_they_were_made);
  RUN(no_more_than_the_limit_are_out_at_once);
  RUN(the_budget_paces_for_hours);
  RUN(what_is_left_of_the_budget_is_told);
  RUN(calls_before_there_is_a_token_wait);
  RUN(calls_without_a_token_end_unavailable);
  RUN(a_401_is_renewed_once_and_asked_once_more);
  RUN(a_401_that_stays_is_an_error);
  RUN(a_call_is_asked_once_more_and_no_oftener);
  RUN(four_that_get_401_at_once_cause_one_renewal);
  RUN(a_401_while_the_token_cannot_be_had_ends_unavailable);
  RUN(a_token_that_ends_this_very_moment_is_not_sent);
  RUN(a_403_names_the_permission_and_the_correlation_id);
  RUN(what_will_not_help_is_not_asked_again);
  RUN(an_answer_the_sink_refuses_is_given_up);
  RUN(an_answer_that_is_too_large_is_given_up);
  RUN(what_may_pass_is_tried_three_times);
  RUN(the_third_time_may_be_good);
  RUN(a_truncated_answer_begins_the_sink_anew);
  RUN(others_go_on_while_one_backs_off);
  RUN(a_5xx_with_retry_after_is_not_asked_sooner);
  RUN(a_429_silences_the_account_for_as_long_as_it_says);
  RUN(a_throttled_call_keeps_its_place);
  RUN(a_429_without_a_time_backs_off);
  RUN(a_burst_of_429_is_one_pause);
  RUN(waiting_costs_none_of_the_three_tries);
  RUN(a_daily_quota_suspends_that_function_alone);
  RUN(the_longest_suspension_does_not_wrap);
  RUN(five_failures_open_the_breaker);
  RUN(after_the_rest_one_probe_goes_out);
  RUN(a_cancelled_probe_lets_the_next_one_go);
  RUN(a_cancelled_straggler_frees_no_second_probe);
  RUN(an_outage_is_one_cause_until_all_that_met_it_are_well);
  RUN(a_functions_own_trouble_is_no_outage);
  RUN(what_the_breaker_or_the_quota_ends_changes_no_notice);
  RUN(a_queued_call_can_be_cancelled);
  RUN(a_running_call_can_be_cancelled_and_makes_room);
  RUN(a_call_that_waits_to_be_repeated_can_be_cancelled);
  RUN(it_may_end_with_calls_out_and_waiting);
  RUN(a_call_may_be_made_again_inside_done);
  RUN(a_call_may_be_freed_inside_done);
  RUN(a_transport_that_does_not_start_ends_the_call);
  RUN(the_clock_offset_comes_from_the_date);
  RUN(answers_are_counted_by_class);
  RUN(no_word_holds_the_token);
  return check_done();
}
