/* SPDX-License-Identifier: MIT */
#include "tests/support/names_bench.h"

#include <stdio.h>

#include "tests/support/check.h"

struct replay names_world;
struct gc_names *names;
static struct gc_auth *auth;
static struct gc_api *api;
static struct gc_shared_budget *budget;

static void wake_api(void *ctx) {
  (void)ctx;
  if (api != NULL)
    gc_api_wake(api);
}

static void note_names(void *ctx, struct gc_entities *entities) {
  struct names_recorder *e = ctx;
  size_t used = 0;
  e->calls++;
  e->refused = gc_entities_is_refused(entities);
  e->labels[0] = '\0';
  for (size_t i = 0;
       i < gc_entities_count(entities) && used < sizeof(e->labels); i++) {
    const struct gc_entry *entry = gc_entities_at(entities, i);
    used +=
        (size_t)snprintf(e->labels + used, sizeof(e->labels) - used,
                         "%s=%s/%s ", entry->id, entry->label, entry->detail);
  }
}

void names_listen(struct names_recorder *e, enum gc_name_kind kind) {
  *e = (struct names_recorder){
      .listener = {.kind = kind, .changed = note_names}};
  e->listener.ctx = e;
  gc_names_listen(names, &e->listener);
}

void names_begin_with(struct gc_store *s) {
  static struct gc_auth_settings auth_settings = {
      .url = "https://login.example.test/oauth/token",
      .client_id = "client",
      .secret = {.literal = "s3cr3t"},
      .margin_s = 300};
  static struct gc_api_settings settings = {
      .base_url = "https://api.example.test", .max_concurrent = 4};
  replay_init(&names_world);
  replay_answer(
      &names_world,
      &(struct replay_answer){.match = "POST /oauth/token",
                              .times = REPLAY_ALWAYS,
                              .status = 200,
                              .body = "{\"access_token\":\"t\",\"expires_in\":"
                                      "86399}"});
  budget = gc_shared_budget_get("client", 300, names_world.now_ms);
  auth = gc_auth_new(&auth_settings, &names_world.env, wake_api, NULL);
  api = gc_api_new(&settings, &names_world.env, auth, budget);
  names = gc_names_new("prod", api, &names_world.env, s);
}

struct gc_api *names_api(void) {
  return api;
}

void names_begin(void) { names_begin_with(NULL); }

void names_end(void) {
  gc_names_free(names);
  gc_api_free(api);
  gc_auth_free(auth);
  gc_shared_budget_put(budget);
  names = NULL;
  api = NULL;
  CHECK_INT(names_world.in_flight, 0);
  CHECK_INT(names_world.timers.count, 0);
  CHECK_INT(names_world.unscripted, 0);
  replay_clear(&names_world);
}

void names_answer(const char *match, int times, int status, const char *body) {
  replay_answer(&names_world, &(struct replay_answer){.match = match,
                                                      .times = times,
                                                      .status = status,
                                                      .body = body,
                                                      .chunk = 7});
}

void names_answer_now(int status, const char *body) {
  replay_forget_answers(&names_world);
  names_answer(NAMES_QUEUES, REPLAY_ALWAYS, status, body);
}
