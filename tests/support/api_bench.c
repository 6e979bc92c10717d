/* SPDX-License-Identifier: MIT */
#include "tests/support/api_bench.h"

#include <stdlib.h>
#include <string.h>

#include "tests/support/check.h"

struct replay api_world;
struct gc_auth *api_auth;
struct gc_api *api;
unsigned api_done_count;
static struct gc_shared_budget *budget;

static void wake_api(void *ctx) {
  (void)ctx;
  if (api != NULL)
    gc_api_wake(api);
}

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
  j->done_ms = api_world.now_ms;
  j->order = ++api_done_count;
}

void api_prepare(struct job *j, enum gc_endpoint_id endpoint) {
  *j = (struct job){.done = 0};
  j->call = (struct gc_call){.endpoint = endpoint,
                             .sink = {sink_begin, sink_write, j},
                             .body_max = 1 << 20,
                             .done = on_done,
                             .ctx = j};
}

void api_call(struct job *j, enum gc_endpoint_id endpoint) {
  api_prepare(j, endpoint);
  gc_api_call(api, &j->call);
}

void api_begin_with(uint32_t per_minute, uint32_t max_concurrent) {
  static struct gc_auth_settings auth_settings = {
      .url = "https://login.example.test/oauth/token",
      .client_id = "client",
      .secret = {.literal = "s3cr3t"},
      .margin_s = 300};
  struct gc_api_settings settings = {.base_url = "https://api.example.test",
                                     .max_concurrent = max_concurrent};
  replay_init(&api_world);
  api_done_count = 0;
  budget = gc_shared_budget_get("client", per_minute, api_world.now_ms);
  api_auth = gc_auth_new(&auth_settings, &api_world.env, wake_api, NULL);
  api = gc_api_new(&settings, &api_world.env, api_auth, budget);
}

void api_token(void) {
  replay_answer(&api_world,
                &(struct replay_answer){.match = "POST /oauth/token",
                                        .times = REPLAY_ALWAYS,
                                        .status = 200,
                                        .body = API_TOKEN});
}

void api_begin(void) {
  api_begin_with(300, 4);
  api_token();
}

void api_end(void) {
  gc_api_free(api);
  gc_auth_free(api_auth);
  gc_shared_budget_put(budget);
  api = NULL;
  CHECK_INT(api_world.in_flight, 0);
  CHECK_INT(api_world.timers.count, 0);
  CHECK_INT(api_world.unscripted, 0);
  replay_clear(&api_world);
}

void api_answer(const char *match, int times, int status) {
  replay_answer(&api_world,
                &(struct replay_answer){.match = match,
                                        .times = times,
                                        .status = status,
                                        .body = status == 200 ? "{}" : "",
                                        .correlation = CORRELATION});
}

void api_throttled(const char *match, uint32_t retry_after_s) {
  replay_answer(&api_world,
                &(struct replay_answer){.match = match,
                                        .status = 429,
                                        .has_retry_after = retry_after_s > 0,
                                        .retry_after_s = retry_after_s,
                                        .correlation = CORRELATION});
}

struct gc_api_stats api_stats(void) {
  struct gc_api_stats s;
  gc_api_stats(api, &s);
  return s;
}
