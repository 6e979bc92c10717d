/* SPDX-License-Identifier: MIT */
#include "tests/support/channels_bench.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/check.h"

struct replay ch_world;
struct gc_channels *ch_channels;
struct ch_wires ch_wires;
struct ch_block ch_block, ch_other;
unsigned ch_token_life_s, ch_channels_max;

static struct gc_auth *auth;
static struct gc_api *api;
static struct gc_shared_budget *budget;
static char folder[64];
static unsigned max;
static char token[64];

/* ---- sockets ---- */

struct ch_wire *ch_wire_of(const char *id) {
  char part[64];
  snprintf(part, sizeof(part), "/channels/%s", id);
  for (unsigned i = ch_wires.opens; i > 0; i--) {
    struct ch_wire *w = &ch_wires.list[(i - 1) % GC_COUNT(ch_wires.list)];
    const char *at = strstr(w->url, part);
    if (w->events != NULL && at != NULL &&
        (*id == '\0' || at[strlen(part)] == '-'))
      return w;
    if (ch_wires.opens - i >= GC_COUNT(ch_wires.list) - 1)
      break;
  }
  return NULL;
}

struct ch_wire *ch_wire(void) {
  return ch_wire_of("");
}

unsigned ch_wire_count(void) {
  unsigned count = 0;
  for (size_t i = 0; i < GC_COUNT(ch_wires.list); i++)
    count += ch_wires.list[i].events != NULL;
  return count;
}

void ch_wire_end(struct ch_wire *w, const struct gc_ws_end *end,
                 enum gc_code code) {
  struct gc_err err = {.code = code, .text = "wss://s.example.test: it ended"};
  const struct gc_ws_events *events = w != NULL ? w->events : NULL;
  if (events != NULL)
    events->closed(events->ctx, end, &err);
}

static void closed_in_time(void *ctx, uint64_t now_ms) {
  (void)now_ms;
  ch_wire_end(ctx, &(struct gc_ws_end){.close_code = 1000}, GC_ERR_STOPPED);
}

static enum gc_code wire_open(void *ctx, const struct gc_ws_options *options,
                              const struct gc_ws_events *events,
                              void **ret_socket, struct gc_err *err) {
  (void)ctx;
  for (size_t i = 0; i < GC_COUNT(ch_wires.list); i++)
    CHECK_THAT(ch_wires.list[i].events == NULL ||
                   strcmp(ch_wires.list[i].url, options->url) != 0,
               "two sockets on %s", options->url);
  struct ch_wire *w =
      &ch_wires.list[ch_wires.opens++ % GC_COUNT(ch_wires.list)];
  if (ch_wires.refuses_to_open)
    return gc_fail(err, GC_ERR_CONFIG, "the address is refused");
  CHECK(w->events == NULL);
  *w = (struct ch_wire){.events = events,
                        .closed = {.fire = closed_in_time, .ctx = w}};
  snprintf(w->url, sizeof(w->url), "%s", options->url);
  snprintf(ch_wires.url, sizeof(ch_wires.url), "%s", options->url);
  ch_wires.opened_ms = ch_world.now_ms;
  ch_wires.idle_ms = options->idle_timeout_ms;
  ch_wires.ping_ms = options->ping_interval_ms;
  *ret_socket = w;
  return GC_OK;
}

static enum gc_code wire_send(void *socket, const char *bytes, size_t len,
                              struct gc_err *err) {
  (void)socket;
  if (ch_wires.refuses_to_send)
    return gc_fail(err, GC_ERR_LIMIT, "the peer does not read");
  CHECK(len == 18 && memcmp(bytes, "{\"message\":\"ping\"}", len) == 0);
  ch_wires.pings++;
  return GC_OK;
}

static void wire_close(void *socket, uint16_t code) {
  struct ch_wire *w = socket;
  CHECK_INT(code, 1000);
  ch_wires.closes++;
  gc_timers_set(&ch_world.timers, &w->closed, ch_world.now_ms + 500);
}

static void wire_free(void *socket) {
  struct ch_wire *w = socket;
  if (w == NULL)
    return;
  ch_wires.frees++;
  w->events = NULL;
  gc_timers_unset(&ch_world.timers, &w->closed);
}

static const struct gc_socket_driver driver = {wire_open, wire_send, wire_close,
                                               wire_free, NULL};

void ch_wire_open(struct ch_wire *w) {
  CHECK(w != NULL && !w->is_open);
  if (w != NULL) {
    w->is_open = true;
    w->events->open(w->events->ctx);
  }
  replay_settle(&ch_world);
}

void ch_wire_say(struct ch_wire *w, const char *text) {
  if (w != NULL)
    w->events->text(w->events->ctx, text, strlen(text));
}

void ch_open(void) { ch_wire_open(ch_wire()); }

void ch_say(const char *text) { ch_wire_say(ch_wire(), text); }

void ch_end_socket(const struct gc_ws_end *end, enum gc_code code) {
  ch_wire_end(ch_wire(), end, code);
}

void ch_drop_socket(void) {
  ch_end_socket(&(struct gc_ws_end){.failure = GC_FAILURE_BROKEN},
                GC_ERR_NETWORK);
}

void ch_refuse_upgrade(int status) {
  ch_end_socket(&(struct gc_ws_end){.http_status = status}, GC_ERR_NOT_FOUND);
}

void ch_heartbeats(unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    replay_run(&ch_world, 30000);
    for (size_t k = 0; k < GC_COUNT(ch_wires.list); k++)
      if (ch_wires.list[k].events != NULL && ch_wires.list[k].is_open)
        ch_wire_say(&ch_wires.list[k], HEARTBEAT);
  }
}

/* ---- blocks ---- */

static void on_connected(void *ctx) { ((struct ch_block *)ctx)->connected++; }

static void on_gap(void *ctx, uint64_t blind_ms) {
  struct ch_block *b = ctx;
  b->gaps++;
  b->blind_ms = blind_ms;
}

static void on_message(void *ctx, const struct gc_message *m) {
  struct ch_block *b = ctx;
  b->messages++;
  b->tag = m->tag;
  snprintf(b->last, sizeof(b->last), "%s %.*s", m->topic, (int)m->body_len,
           m->body);
}

static void on_rejected(void *ctx, const char *topic, void *tag,
                        const char *reason) {
  struct ch_block *b = ctx;
  (void)tag;
  b->rejected++;
  snprintf(b->reason, sizeof(b->reason), "%s: %s", topic, reason);
}

void ch_listen(struct ch_block *b) {
  *b = (struct ch_block){.listener = {.connected = on_connected,
                                      .gap = on_gap,
                                      .message = on_message,
                                      .rejected = on_rejected}};
  b->listener.ctx = b;
  gc_channels_listen(ch_channels, &b->listener);
}

enum gc_code ch_try_subscribe(struct ch_block *b, const char *topic) {
  struct gc_err err = {.code = GC_OK};
  return gc_channels_subscribe(ch_channels, &b->listener, topic, b, &err);
}

void ch_subscribe(struct ch_block *b, const char *topic) {
  CHECK_INT(ch_try_subscribe(b, topic), GC_OK);
}

/* ---- the whole ---- */

static void wake_api(void *ctx) {
  (void)ctx;
  if (api != NULL)
    gc_api_wake(api);
}

void ch_answer(const char *match, int times, int status, const char *body) {
  replay_answer(&ch_world, &(struct replay_answer){.match = match,
                                                   .times = times,
                                                   .status = status,
                                                   .body = body,
                                                   .chunk = 7});
}

void ch_start(struct gc_store *s) {
  static const struct gc_connect connect = {.verify_peer = true};
  struct gc_channel_deps needs = {.account = "prod",
                                  .channels_max = max,
                                  .api = api,
                                  .env = &ch_world.env,
                                  .store = s,
                                  .driver = &driver,
                                  .connect = &connect};
  ch_channels = gc_channels_new(&needs);
  memset(&ch_wires, 0, sizeof(ch_wires));
  ch_listen(&ch_block);
}

void ch_begin_with(struct gc_store *s) {
  static struct gc_auth_settings auth_settings = {
      .url = "https://login.example.test/oauth/token",
      .client_id = "client",
      .secret = {.literal = "s3cr3t"},
      .margin_s = 300};
  static struct gc_api_settings settings = {
      .base_url = "https://api.example.test", .max_concurrent = 4};
  replay_init(&ch_world);
  snprintf(token, sizeof(token), "{\"access_token\":\"t\",\"expires_in\":%u}",
           ch_token_life_s > 0 ? ch_token_life_s : 3000000);
  ch_answer("POST /oauth/token", REPLAY_ALWAYS, 200, token);
  max = ch_channels_max;
  ch_token_life_s = ch_channels_max = 0;
  budget = gc_shared_budget_get("client", 300, ch_world.now_ms);
  auth = gc_auth_new(&auth_settings, &ch_world.env, wake_api, NULL);
  api = gc_api_new(&settings, &ch_world.env, auth, budget);
  ch_start(s);
}

void ch_begin(void) { ch_begin_with(NULL); }

void ch_usual_answers(void) {
  ch_answer(ADD, REPLAY_ALWAYS, 200, "{\"entities\":[]}");
  ch_answer(CREATE, 1, 200, CHANNEL("one"));
  ch_answer(CREATE, 1, 200, CHANNEL("two"));
  ch_answer(CREATE, REPLAY_ALWAYS, 200, CHANNEL("three"));
  ch_answer(PUT, REPLAY_ALWAYS, 200, "{\"entities\":[]}");
  ch_answer(HEAD, REPLAY_ALWAYS, 200, NULL);
}

void ch_many_answers(void) {
  static char channels[60][128];
  ch_answer(ADD, REPLAY_ALWAYS, 200, "{\"entities\":[]}");
  for (unsigned i = 0; i < GC_COUNT(channels); i++) {
    snprintf(channels[i], sizeof(channels[i]),
             "{\"connectUri\":\"wss://s.example.test/channels/c%02u-s3cr3t\","
             "\"id\":\"c%02u\"}",
             i + 1, i + 1);
    ch_answer(CREATE, 1, 200, channels[i]);
  }
  ch_answer(PUT, REPLAY_ALWAYS, 200, "{\"entities\":[]}");
  ch_answer(HEAD, REPLAY_ALWAYS, 200, NULL);
}

unsigned ch_subscribe_many(struct ch_block *b, unsigned from, unsigned count) {
  unsigned found = 0;
  for (unsigned i = from; i < from + count; i++) {
    char topic[32];
    snprintf(topic, sizeof(topic), "v2.topic.%u", i);
    found += ch_try_subscribe(b, topic) == GC_OK;
  }
  return found;
}

void ch_unsubscribe_many(struct ch_block *b, unsigned from, unsigned count) {
  for (unsigned i = from; i < from + count; i++) {
    char topic[32];
    snprintf(topic, sizeof(topic), "v2.topic.%u", i);
    gc_channels_unsubscribe(ch_channels, &b->listener, topic);
  }
}

void ch_open_all(void) {
  for (size_t i = 0; i < GC_COUNT(ch_wires.list); i++)
    if (ch_wires.list[i].events != NULL && !ch_wires.list[i].is_open)
      ch_wire_open(&ch_wires.list[i]);
}

void ch_begin_connected(void) {
  ch_begin();
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  ch_open();
  CHECK_INT(ch_block.connected, 1);
}

size_t ch_creations(void) {
  return replay_count(&ch_world, CREATE) - replay_count(&ch_world, ADD);
}

struct gc_api *ch_api(void) {
  return api;
}

struct gc_channel_stats ch_stats(void) {
  struct gc_channel_stats s;
  gc_channels_stats(ch_channels, &s);
  return s;
}

static void check_no_secret(void) {
  for (size_t i = 0; i < ch_world.notice_count; i++) {
    const char *text = ch_world.notices[i].err.text;
    CHECK(strstr(text, "s3cr3t") == NULL);
    CHECK(strstr(text, "/channels/") == NULL);
  }
}

void ch_stop(void) {
  gc_channels_free(ch_channels);
  ch_channels = NULL;
  CHECK_INT(ch_wire_count(), 0);
}

void ch_end(void) {
  check_no_secret();
  ch_stop();
  gc_api_free(api);
  gc_auth_free(auth);
  gc_shared_budget_put(budget);
  api = NULL;
  CHECK_INT(ch_world.in_flight, 0);
  CHECK_INT(ch_world.timers.count, 0);
  CHECK_INT(ch_world.unscripted, 0);
  replay_clear(&ch_world);
}

struct gc_store *ch_store_begin(void) {
  struct gc_store *s = NULL;
  struct gc_err err, warning;
  snprintf(folder, sizeof(folder), "/tmp/channels_XXXXXX");
  if (mkdtemp(folder) == NULL ||
      gc_store_open(folder, 60000, &s, &warning, &err) != GC_OK)
    abort();
  return s;
}

struct gc_store *ch_store_open_again(void) {
  struct gc_store *s = NULL;
  struct gc_err err, warning;
  (void)!gc_store_open(folder, 60000, &s, &warning, &err);
  return s;
}

void ch_store_end(struct gc_store *s) {
  static const char *const files[] = {"state.db", "state.db-wal", "state.lock",
                                      "state.db-shm"};
  char path[128];
  gc_store_close(s);
  for (size_t i = 0; i < GC_COUNT(files); i++) {
    snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
    unlink(path);
  }
  rmdir(folder);
}
