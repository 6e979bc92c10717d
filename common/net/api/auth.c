/* SPDX-License-Identifier: MIT */
#include "common/net/api/auth.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>
#include <openssl/evp.h>

#include "common/base/alloc.h"
#include "common/base/debug.h"
#include "common/base/policy/backoff.h"
#include "common/base/policy/breaker.h"
#include "common/genesys/token.h"
#include "common/net/api/answer.h"
#include "common/net/api/api_error.h"
#include "common/net/timing.h"

enum { ANSWER_MAX_BYTES = 65536, BREAKER_LIMIT = 3 };

struct gc_auth {
  struct gc_auth_settings settings;
  const struct gc_env *env;
  void (*changed)(void *ctx);
  void *ctx;

  enum gc_auth_state state;
  struct gc_token token;
  uint32_t number;
  uint64_t received_ms; /* when the token came */
  uint64_t rejected_ms; /* when a 401 last caused a renewal */
  bool was_rejected;    /* rejected_ms is valid */

  struct gc_backoff backoff;
  struct gc_breaker breaker;
  uint64_t paused_until_ms;
  bool is_refused; /* the last answer was 400 or 401 */
  uint64_t refused_until_ms;
  uint64_t secret_version; /* version of the secret that was last sent */
  struct gc_auth_stats counts;

  struct gc_timer timer; /* the next request, or the next check of the file */
  struct gc_exchange exchange;
  bool running, is_probe;
  uint64_t hangs_since_ms;           /* the disk of the secret; 0: it answers */
  struct gc_buf authorization, body; /* parts of the running request; secrets */
  const char *headers[4];
};

static uint64_t now_ms(const struct gc_auth *a) {
  return a->env->now_ms(a->env->ctx);
}

static uint64_t expires_ms(const struct gc_auth *a) {
  return a->received_ms + (uint64_t)a->token.life_s * 1000;
}

static bool is_valid(const struct gc_auth *a) {
  return a->token.bearer != NULL && now_ms(a) < expires_ms(a);
}

static void report_outcome(const struct gc_auth *a, const struct gc_err *err) {
  a->env->notice(a->env->ctx, "token", err);
}

static const char *state_name(enum gc_auth_state state) {
  static const char *const names[] = {[GC_AUTH_NONE] = "none",
                                      [GC_AUTH_REQUESTING] = "requesting",
                                      [GC_AUTH_READY] = "ready",
                                      [GC_AUTH_FAILED] = "failed"};
  return names[state];
}

static void set_state(struct gc_auth *a, enum gc_auth_state state) {
  if (a->state == state)
    return;
  a->state = state;
  gc_debug("token: %s", state_name(state));
  a->changed(a->ctx);
}

static void wipe_request(struct gc_auth *a) {
  gc_buf_wipe(&a->authorization);
  gc_buf_wipe(&a->body);
  a->running = false;
}

/* Schedules the next request, or the next check of the secret, in `wait_ms`;
 * later during a pause. */
static void schedule_request(struct gc_auth *a, uint64_t wait_ms) {
  uint64_t at_ms = now_ms(a) + wait_ms;
  if (at_ms < a->paused_until_ms)
    at_ms = a->paused_until_ms;
  gc_timers_set(a->env->timers, &a->timer, at_ms);
}

/* Reports a failure and schedules the next request. A token that is still valid
 * stays in use. */
static void fail_request(struct gc_auth *a, uint64_t wait_ms,
                         const struct gc_err *err) {
  report_outcome(a, err);
  schedule_request(a, wait_ms);
  set_state(a, is_valid(a) ? GC_AUTH_READY : GC_AUTH_FAILED);
}

static void accept_token(struct gc_auth *a, struct gc_token *token) {
  gc_token_clear(&a->token);
  a->token = *token;
  a->number++;
  a->received_ms = now_ms(a);
  a->counts.ok++;
  gc_backoff_reset(&a->backoff);
  schedule_request(a, gc_token_renew_ms(a->token.life_s, a->settings.margin_s));

  struct gc_err err = {.code = GC_OK};
  char scope[128];
  if (gc_token_lacks(&a->token, a->settings.scope, scope, sizeof(scope)))
    (void)gc_fail(&err, GC_ERR_PERMISSION,
                  "the token does not have the scope %s that the account asks "
                  "for; add it to the OAuth client",
                  scope);
  report_outcome(a, &err);
  a->state = GC_AUTH_READY;
  gc_debug("token: %s", state_name(a->state));
  a->changed(a->ctx); /* the token is new even if the state is not */
}

static void fail_refused(struct gc_auth *a, const struct gc_reply *reply) {
  const char *region = a->settings.host_hint;
  char words[80], correlation[64];
  struct gc_err err;
  gc_error_words(reply->body.data, reply->body.len, words, sizeof(words));
  gc_api_correlation(reply, correlation, sizeof(correlation));
  (void)gc_fail(
      &err, GC_ERR_AUTH,
      "the token endpoint refuses client id %s%s%s with %d%s%s; %s; "
      "next try in %d s%s; correlation id %s",
      a->settings.client_id, region != NULL ? " of Region " : "",
      region != NULL ? region : "", reply->status, words[0] != '\0' ? " " : "",
      words, gc_auth_advice(reply), GC_AUTH_REFUSED_RETRY_MS / 1000,
      a->secret_version != 0 ? " or when the secret's file changes" : "",
      correlation);
  a->is_refused = true;
  a->refused_until_ms = now_ms(a) + GC_AUTH_REFUSED_RETRY_MS;
  fail_request(a, GC_AUTH_SECRET_CHECK_MS, &err);
}

static void describe_failure(const struct gc_auth *a, struct gc_err *err,
                             const struct gc_reply *reply,
                             const struct gc_retry_decision *decision,
                             const struct gc_err *below) {
  const char *what = is_valid(a)
                         ? "token not renewed (the old one is still valid)"
                         : "no token";
  const char *advice = gc_auth_advice(reply);
  char words[90], correlation[64];
  if (reply->failure != GC_FAILURE_NONE) {
    (void)gc_fail(err, below->code, "%s: %s", what, below->text);
    return;
  }
  gc_error_words(reply->body.data, reply->body.len, words, sizeof(words));
  gc_api_correlation(reply, correlation, sizeof(correlation));
  (void)gc_fail(err, decision->code,
                "%s: the token endpoint answered %d%s%s%s%s; correlation id %s",
                what, reply->status, words[0] != '\0' ? " " : "", words,
                advice[0] != '\0' ? "; " : "", advice, correlation);
}

/* Returns how long to wait after a failure: for the backoff or the server's
 * Retry-After, and at least until the breaker allows a request. */
static uint64_t retry_wait_ms(struct gc_auth *a, const struct gc_reply *reply) {
  uint32_t asked_ms =
      reply->has_retry_after
          ? gc_retry_after_ms(reply->retry_after_s, GC_AUTH_RETRY_AFTER_MAX_S)
          : 0;
  uint64_t wait_ms =
      gc_backoff_fail(&a->backoff, asked_ms, a->env->random32(a->env->ctx));
  uint32_t breaker_ms = gc_breaker_wait_ms(&a->breaker, now_ms(a));
  return breaker_ms > wait_ms ? breaker_ms : wait_ms;
}

static void on_reply(struct gc_exchange *x, const struct gc_reply *reply,
                     const struct gc_err *below) {
  struct gc_auth *a = x->ctx;
  struct gc_retry_decision decision = gc_auth_decide(reply);
  struct gc_token token = {0};
  struct gc_err err = {.code = GC_OK};

  wipe_request(a);
  a->is_refused = false;
  gc_breaker_note(&a->breaker, a->is_probe, !decision.breaks, now_ms(a));
  if (decision.action == GC_DONE) {
    if (gc_token_parse(reply->body.data, reply->body.len, &token, &err) ==
        GC_OK) {
      accept_token(a, &token);
      return;
    }
    (void)gc_fail_in(&err, GC_ERR_PARSE,
                     "no token: the token endpoint's answer: ");
  } else if (decision.code == GC_ERR_AUTH) {
    a->counts.failed++;
    fail_refused(a, reply);
    return;
  } else {
    describe_failure(a, &err, reply, &decision, below);
  }

  a->counts.failed++;
  uint64_t wait_ms = retry_wait_ms(a, reply);
  struct gc_err with_wait;
  (void)gc_fail(&with_wait, err.code, "%.340s; next try in %.1f s", err.text,
                (double)wait_ms / 1000.0);
  fail_request(a, wait_ms, &with_wait);
}

static enum gc_code add_form_field(struct gc_buf *body, const char *name,
                                   const char *value, size_t len) {
  char *escaped = curl_easy_escape(NULL, value, (int)len);
  if (escaped == NULL)
    return GC_ERR_MEMORY;
  enum gc_code code =
      gc_buf_print(body, "%s%s=%s", body->len > 0 ? "&" : "", name, escaped);
  explicit_bzero(escaped, strlen(escaped));
  curl_free(escaped);
  return code;
}

static enum gc_code add_basic_header(struct gc_buf *out, const char *id,
                                     const struct gc_buf *secret) {
  GC_AUTO(gc_buf_wipe) struct gc_buf pair = {.max = 2 * GC_SECRET_MAX_BYTES};
  GC_AUTO(gc_buf_wipe) struct gc_buf coded = {.max = 4 * GC_SECRET_MAX_BYTES};
  GC_TRY(gc_buf_print(&pair, "%s:%s", id, secret->data));
  /* EVP writes the base64 text in place of these characters. */
  for (size_t i = 0; i < (pair.len + 2) / 3 * 4; i++)
    GC_TRY(gc_buf_add(&coded, "=", 1));
  EVP_EncodeBlock((unsigned char *)coded.data, (unsigned char *)pair.data,
                  (int)pair.len);
  return gc_buf_print(out, "Authorization: Basic %s", coded.data);
}

static enum gc_code write_request(struct gc_auth *a,
                                  const struct gc_buf *secret) {
  const struct gc_auth_settings *s = &a->settings;
  GC_TRY(add_form_field(&a->body, "grant_type", "client_credentials", 18));
  if (s->scope != NULL && s->scope[0] != '\0')
    GC_TRY(add_form_field(&a->body, "scope", s->scope, strlen(s->scope)));
  if (!s->in_body)
    return add_basic_header(&a->authorization, s->client_id, secret);
  GC_TRY(add_form_field(&a->body, "client_id", s->client_id,
                        strlen(s->client_id)));
  return add_form_field(&a->body, "client_secret", secret->data, secret->len);
}

static enum gc_code start_request(struct gc_auth *a, struct gc_err *err) {
  static const char form[] = "Content-Type: application/x-www-form-urlencoded";
  static const char accepts[] = "Accept: application/json";
  GC_AUTO(gc_buf_wipe) struct gc_buf secret = {.max = GC_SECRET_MAX_BYTES};
  const struct gc_auth_settings *s = &a->settings;
  GC_TRY(gc_secret_read(s->reads, &s->secret, &secret, err));
  enum gc_code code = write_request(a, &secret);
  if (code != GC_OK)
    return gc_fail(err, code, "token request: %s", gc_code_words(code));

  a->headers[0] = form;
  a->headers[1] = accepts;
  a->headers[2] = a->authorization.data; /* NULL: the body has both */
  a->exchange = (struct gc_exchange){.method = "POST",
                                     .url = s->url,
                                     .headers = a->headers,
                                     .body = a->body.data,
                                     .body_len = a->body.len,
                                     .body_max = ANSWER_MAX_BYTES,
                                     .done = on_reply,
                                     .ctx = a};
  return a->env->transport.start(a->env->transport.ctx, &a->exchange, err);
}

/* True if the credentials were refused and have not changed since. */
static bool is_refused_unchanged(const struct gc_auth *a, uint64_t version) {
  return a->is_refused && now_ms(a) < a->refused_until_ms &&
         version == a->secret_version;
}

/* Looks at the disk again soon: one that wakes up needs seconds. */
static void wait_for_disk(struct gc_auth *a, struct gc_err *err) {
  err->code = GC_ERR_STATE;
  if (a->hangs_since_ms == 0)
    a->hangs_since_ms = now_ms(a);
  if (now_ms(a) - a->hangs_since_ms >= GC_AUTH_SECRET_SLOW_MS)
    fail_request(a, GC_AUTH_SECRET_HANG_MS, err);
  else
    schedule_request(a, GC_AUTH_SECRET_HANG_MS);
}

static void send_request(struct gc_auth *a) {
  const struct gc_auth_settings *s = &a->settings;
  struct gc_err err = {.code = GC_OK}, with_wait;
  struct gc_secret_stat stat;
  /* The version is read before the secret, so that a change between the two is
   * noticed later. */
  enum gc_code code = gc_secret_stat(s->reads, &s->secret, &stat);
  if (code == GC_OK && is_refused_unchanged(a, stat.version)) {
    schedule_request(a, GC_AUTH_SECRET_CHECK_MS);
    set_state(a, is_valid(a) ? GC_AUTH_READY : GC_AUTH_FAILED);
    return;
  }
  a->secret_version = stat.version;
  code = start_request(a, &err);
  if (code != GC_ERR_TIMEOUT)
    a->hangs_since_ms = 0;
  if (code == GC_OK) {
    gc_timers_unset(a->env->timers, &a->timer);
    a->running = true;
    a->is_probe = gc_breaker_sent(&a->breaker);
    set_state(a, is_valid(a) ? GC_AUTH_READY : GC_AUTH_REQUESTING);
    return;
  }
  wipe_request(a);
  if (code == GC_ERR_TIMEOUT) {
    wait_for_disk(a, &err);
    return;
  }
  a->counts.failed++;
  (void)gc_fail(&with_wait, code, "%.340s; next try in %d s", err.text,
                GC_AUTH_SECRET_CHECK_MS / 1000);
  fail_request(a, GC_AUTH_SECRET_CHECK_MS, &with_wait);
}

/* Sends a request if one is allowed now; otherwise schedules it. */
static void request_token(struct gc_auth *a) {
  if (a->running)
    return;
  if (now_ms(a) < a->paused_until_ms ||
      !gc_breaker_allows(&a->breaker, now_ms(a))) {
    schedule_request(a, gc_breaker_wait_ms(&a->breaker, now_ms(a)));
    return;
  }
  if (!is_valid(a) && !a->is_refused)
    set_state(a, GC_AUTH_REQUESTING);
  send_request(a);
}

static void on_timer(void *ctx, uint64_t at_ms) {
  (void)at_ms;
  request_token(ctx);
}

struct gc_auth *gc_auth_new(const struct gc_auth_settings *settings,
                            const struct gc_env *env,
                            void (*changed)(void *ctx), void *ctx) {
  struct gc_auth *a = gc_zalloc(1, sizeof(*a));
  a->settings = *settings;
  a->env = env;
  a->changed = changed;
  a->ctx = ctx;
  a->backoff = (struct gc_backoff){.base_ms = GC_AUTH_RETRY_BASE_MS,
                                   .cap_ms = GC_AUTH_RETRY_MAX_MS};
  a->breaker = (struct gc_breaker){.limit = BREAKER_LIMIT,
                                   .rest_ms = GC_AUTH_BREAKER_REST_MS,
                                   .rest_max_ms = GC_AUTH_BREAKER_REST_MAX_MS};
  a->timer = (struct gc_timer){.fire = on_timer, .ctx = a};
  a->authorization.max = a->body.max = 8 * GC_SECRET_MAX_BYTES;
  return a;
}

void gc_auth_free(struct gc_auth *a) {
  if (a == NULL)
    return;
  if (a->running)
    a->env->transport.cancel(a->env->transport.ctx, &a->exchange);
  gc_timers_unset(a->env->timers, &a->timer);
  wipe_request(a);
  gc_token_clear(&a->token);
  free(a);
}

enum gc_auth_state gc_auth_request(struct gc_auth *a) {
  if (a->state == GC_AUTH_NONE)
    request_token(a);
  /* Renewals failed until the old token expired. */
  else if (a->state == GC_AUTH_READY && !is_valid(a))
    a->state = a->running ? GC_AUTH_REQUESTING : GC_AUTH_FAILED;
  return a->state;
}

const char *gc_auth_bearer(const struct gc_auth *a, uint32_t *ret_number) {
  if (!is_valid(a))
    return NULL;
  *ret_number = a->number;
  return a->token.bearer;
}

bool gc_auth_reject(struct gc_auth *a, uint32_t number) {
  if (number != a->number)
    return true;
  if (a->was_rejected &&
      now_ms(a) - a->rejected_ms < GC_AUTH_REJECT_INTERVAL_MS)
    return a->running || a->token.bearer == NULL;

  a->was_rejected = true;
  a->rejected_ms = now_ms(a);
  gc_token_clear(&a->token);
  set_state(a, GC_AUTH_REQUESTING);
  request_token(a);
  return true;
}

void gc_auth_pause(struct gc_auth *a, uint64_t until_ms) {
  if (until_ms > a->paused_until_ms)
    a->paused_until_ms = until_ms;
}

void gc_auth_stats(const struct gc_auth *a, struct gc_auth_stats *ret_stats) {
  *ret_stats = a->counts;
  ret_stats->life_ms = is_valid(a) ? (int64_t)(expires_ms(a) - now_ms(a)) : 0;
  ret_stats->state =
      a->state == GC_AUTH_READY && !is_valid(a) ? GC_AUTH_FAILED : a->state;
  uint64_t due_ms = a->is_refused ? a->refused_until_ms : a->timer.due_ms;
  ret_stats->wait_ms = ret_stats->state == GC_AUTH_FAILED && due_ms > now_ms(a)
                           ? due_ms - now_ms(a)
                           : 0;
}

bool gc_auth_is_broken(const struct gc_auth *a) {
  return gc_breaker_is_open(&a->breaker);
}
