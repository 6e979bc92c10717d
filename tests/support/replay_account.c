/* SPDX-License-Identifier: MIT */
#include "tests/support/replay_account.h"

#include "tests/support/check.h"

static void wake_api(void *ctx) {
  const struct replay_account *a = ctx;
  if (a->api != NULL)
    gc_api_wake(a->api);
}

void replay_account_start(struct replay_account *a, struct replay *r,
                          uint32_t requests_per_minute) {
  static const struct gc_auth_settings auth = {
      .url = "https://login.example/oauth/token",
      .client_id = "client",
      .secret = {.literal = "secret"},
      .margin_s = 300};
  static const struct gc_api_settings api = {.base_url = "https://api.example",
                                             .max_concurrent = 4};
  struct gc_err err;
  *a = (struct replay_account){.replay = r};
  a->loop = gc_loop_new(&err);
  a->budget = gc_shared_budget_get("client", requests_per_minute, r->now_ms);
  a->auth = gc_auth_new(&auth, &r->env, wake_api, a);
  a->api = gc_api_new(&api, &r->env, a->auth, a->budget);
  a->names = gc_names_new("prod", a->api, &r->env, NULL);
}

void replay_account_end(struct replay_account *a) {
  gc_names_free(a->names);
  gc_api_free(a->api);
  a->api = NULL;
  gc_auth_free(a->auth);
  gc_shared_budget_put(a->budget);
  gc_loop_free(a->loop);
  CHECK_INT(a->replay->in_flight, 0);
}
