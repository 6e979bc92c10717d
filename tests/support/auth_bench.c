/* SPDX-License-Identifier: MIT */
#include "tests/support/auth_bench.h"

#include "tests/support/check.h"

struct replay auth_world;
struct gc_auth *auth;
unsigned auth_changes;

static void count_change(void *ctx) {
  (void)ctx;
  auth_changes++;
}

struct gc_auth_settings auth_plain(void) {
  return (struct gc_auth_settings){.url = AUTH_URL,
                                   .client_id = "cl:ient",
                                   .secret = {.literal = AUTH_SECRET},
                                   .margin_s = 300};
}

void auth_begin_with(const struct gc_auth_settings *settings) {
  replay_init(&auth_world);
  auth_changes = 0;
  auth = gc_auth_new(settings, &auth_world.env, count_change, NULL);
}

void auth_begin(void) {
  struct gc_auth_settings settings = auth_plain();
  auth_begin_with(&settings);
}

void auth_end(void) {
  gc_auth_free(auth);
  auth = NULL;
  CHECK_INT(auth_world.in_flight, 0);
  CHECK_INT(auth_world.timers.count, 0);
  CHECK_INT(auth_world.unscripted, 0);
  replay_clear(&auth_world);
}

void auth_answer(int times, int status, const char *body) {
  replay_answer(&auth_world, &(struct replay_answer){.match = AUTH_ASK,
                                                     .times = times,
                                                     .status = status,
                                                     .body = body});
}

const char *auth_bearer(void) {
  uint32_t number = 0;
  const char *text = gc_auth_bearer(auth, &number);
  return text != NULL ? text : "(none)";
}

enum gc_auth_state auth_want(void) {
  (void)gc_auth_request(auth);
  replay_settle(&auth_world);
  return gc_auth_request(auth);
}

struct gc_auth_stats auth_stats(void) {
  struct gc_auth_stats s;
  gc_auth_stats(auth, &s);
  return s;
}
