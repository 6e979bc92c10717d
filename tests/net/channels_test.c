/* SPDX-License-Identifier: MIT */
/* Channels against a scripted REST API and a socket that is a struct, with a
 * clock that is a number. */
#include "common/net/channels.h"

#include <stdlib.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/replay.h"

#define HOUR_MS 3600000ull
#define CREATE "POST /api/v2/notifications/channels"
#define HEAD "HEAD /api/v2/notifications/channels/"
#define PUT "PUT /api/v2/notifications/channels/"
#define ADD "POST /api/v2/notifications/channels/*/subscriptions"
#define CHANNEL(id)                                                            \
  "{\"connectUri\":\"wss://s.example.test/channels/" id "-s3cr3t\",\"id\":"    \
  "\"" id "\"}"
#define HEARTBEAT                                                              \
  "{\"topicName\":\"channel.metadata\",\"eventBody\":{\"message\":"            \
  "\"WebSocket Heartbeat\"}}"
#define PONG                                                                   \
  "{\"topicName\":\"channel.metadata\",\"eventBody\":{\"message\":\"pong\"}}"
#define EVENT "{\"topicName\":\"v2.A\",\"eventBody\":{\"n\":1}}"

static struct replay r;
static struct gc_auth *auth;
static struct gc_api *api;
static struct gc_shared_budget *budget;
static struct gc_channels *channels;
static struct gc_store *store;
static char folder[] = "/tmp/channels_test_XXXXXX";

/* ---- the socket ---- */

static struct {
  const struct gc_ws_events *events; /* NULL: there is no socket */
  char url[256];
  unsigned opens, closes, frees, pings;
  uint64_t opened_ms;
  uint32_t idle_ms, ping_ms;
  bool refuses_to_open, refuses_to_send, hangs;
  struct gc_timer closed;
} wire;

static void end_with(const struct gc_ws_end *end, enum gc_code code) {
  struct gc_err err = {.code = code, .text = "wss://s.example.test: it ended"};
  const struct gc_ws_events *events = wire.events;
  if (events != NULL)
    events->closed(events->ctx, end, &err);
}

static enum gc_code wire_open(void *ctx, const struct gc_ws_options *options,
                              const struct gc_ws_events *events,
                              void **ret_socket, struct gc_err *err) {
  CHECK(wire.events == NULL); /* never two on one channel */
  wire.opens++;
  if (wire.refuses_to_open)
    return gc_fail(err, GC_ERR_CONFIG, "the address is refused");
  snprintf(wire.url, sizeof(wire.url), "%s", options->url);
  wire.events = events;
  wire.opened_ms = r.now_ms;
  wire.idle_ms = options->idle_timeout_ms;
  wire.ping_ms = options->ping_interval_ms;
  *ret_socket = ctx;
  return GC_OK;
}

static enum gc_code wire_send(void *socket, const char *bytes, size_t len,
                              struct gc_err *err) {
  (void)socket;
  if (wire.refuses_to_send)
    return gc_fail(err, GC_ERR_LIMIT, "the peer does not read");
  CHECK(len == 18 && memcmp(bytes, "{\"message\":\"ping\"}", len) == 0);
  wire.pings++;
  return GC_OK;
}

static void closed_in_time(void *ctx, uint64_t now_ms) {
  (void)ctx;
  (void)now_ms;
  end_with(&(struct gc_ws_end){.close_code = 1000}, GC_ERR_STOPPED);
}

static void wire_close(void *socket, uint16_t code) {
  (void)socket;
  CHECK_INT(code, 1000);
  wire.closes++;
  (void)gc_timers_set(&r.timers, &wire.closed, r.now_ms + 500);
}

static void wire_free(void *socket) {
  wire.frees += socket != NULL;
  wire.events = NULL;
  gc_timers_unset(&r.timers, &wire.closed);
}

static const struct gc_socket_driver driver = {wire_open, wire_send, wire_close,
                                               wire_free, &wire};

static void say(const char *text) {
  if (wire.events != NULL)
    wire.events->text(wire.events->ctx, text, strlen(text));
}

static void answer_upgrade(void) {
  CHECK(wire.events != NULL);
  if (wire.events != NULL)
    wire.events->open(wire.events->ctx);
  replay_settle(&r);
}

static void drop_socket(void) {
  end_with(&(struct gc_ws_end){.failure = GC_FAILURE_BROKEN}, GC_ERR_NETWORK);
}

static void refuse_upgrade(int status) {
  end_with(&(struct gc_ws_end){.http_status = status}, GC_ERR_NOT_FOUND);
}

/* ---- a block ---- */

struct block {
  struct gc_channels_listener listener;
  unsigned connected, gaps, messages, rejected;
  uint64_t blind_ms;
  char last[256], reason[256];
  void *tag;
};
static struct block block, other;

static void on_connected(void *ctx) { ((struct block *)ctx)->connected++; }

static void on_gap(void *ctx, uint64_t blind_ms) {
  struct block *b = ctx;
  b->gaps++;
  b->blind_ms = blind_ms;
}

static void on_message(void *ctx, const struct gc_message *m) {
  struct block *b = ctx;
  b->messages++;
  b->tag = m->tag;
  snprintf(b->last, sizeof(b->last), "%s %.*s", m->topic, (int)m->body_len,
           m->body);
}

static void on_rejected(void *ctx, const char *topic, void *tag,
                        const char *reason) {
  struct block *b = ctx;
  (void)tag;
  b->rejected++;
  snprintf(b->reason, sizeof(b->reason), "%s: %s", topic, reason);
}

static void listen_with(struct block *b) {
  *b = (struct block){.listener = {.connected = on_connected,
                                   .gap = on_gap,
                                   .message = on_message,
                                   .rejected = on_rejected}};
  b->listener.ctx = b;
  gc_channels_listen(channels, &b->listener);
}

static void want(struct block *b, const char *topic) {
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(gc_channels_want(channels, &b->listener, topic, b, &err), GC_OK);
}

/* ---- the whole ---- */

static void wake(void *ctx) {
  (void)ctx;
  if (api != NULL)
    gc_api_wake(api);
}

static void answer(const char *match, int times, int status, const char *body) {
  replay_answer(&r, &(struct replay_answer){.match = match,
                                            .times = times,
                                            .status = status,
                                            .body = body,
                                            .chunk = 7});
}

static void start_channels(struct gc_store *s) {
  static const struct gc_connect connect = {.verify_peer = true};
  struct gc_channel_needs needs = {.account = "prod",
                                   .api = api,
                                   .edge = &r.edge,
                                   .store = s,
                                   .driver = &driver,
                                   .connect = &connect};
  channels = gc_channels_new(&needs);
  memset(&wire, 0, sizeof(wire));
  wire.closed = (struct gc_timer){.fire = closed_in_time};
  listen_with(&block);
}

static void begin_with_store(struct gc_store *s) {
  static struct gc_auth_settings auth_settings = {
      .url = "https://login.example.test/oauth/token",
      .client_id = "client",
      .secret = {.literal = "s3cr3t"},
      .margin_s = 300};
  static struct gc_api_settings settings = {
      .base_url = "https://api.example.test", .max_concurrent = 4};
  replay_init(&r);
  answer("POST /oauth/token", REPLAY_ALWAYS, 200,
         "{\"access_token\":\"t\",\"expires_in\":172800}");
  budget = gc_budgets_get("client", 300, r.now_ms);
  auth = gc_auth_new(&auth_settings, &r.edge, wake, NULL);
  api = gc_api_new(&settings, &r.edge, auth, budget);
  start_channels(s);
}

static void begin(void) { begin_with_store(NULL); }

/* What a well-behaved platform answers, behind what a test has scripted. */
static void usual_answers(void) {
  answer(ADD, REPLAY_ALWAYS, 200, "{\"entities\":[]}");
  answer(CREATE, 1, 200, CHANNEL("one"));
  answer(CREATE, 1, 200, CHANNEL("two"));
  answer(CREATE, REPLAY_ALWAYS, 200, CHANNEL("three"));
  answer(PUT, REPLAY_ALWAYS, 200, "{\"entities\":[]}");
  answer(HEAD, REPLAY_ALWAYS, 200, NULL);
}

static size_t creations(void) {
  return replay_count(&r, CREATE) - replay_count(&r, ADD);
}

static void check_no_secret(void) {
  for (size_t i = 0; i < r.notice_count; i++) {
    CHECK(strstr(r.notices[i].err.text, "s3cr3t") == NULL);
    CHECK(strstr(r.notices[i].err.text, "/channels/") == NULL);
  }
}

static void stop_channels(void) {
  gc_channels_free(channels);
  channels = NULL;
  CHECK(wire.events == NULL);
}

static void end(void) {
  check_no_secret();
  stop_channels();
  gc_api_free(api);
  gc_auth_free(auth);
  gc_budgets_put(budget);
  api = NULL;
  CHECK_INT(r.in_flight, 0);
  CHECK_INT(r.timers.count, 0);
  CHECK_INT(r.unscripted, 0);
  replay_clear(&r);
}

/* One block with one topic on an open socket. */
static void begin_connected(void) {
  begin();
  usual_answers();
  want(&block, "v2.a");
  replay_run(&r, 100);
  answer_upgrade();
  CHECK_INT(block.connected, 1);
}

static void heartbeats(unsigned count) {
  for (unsigned i = 0; i < count; i++) {
    replay_run(&r, 30000);
    say(HEARTBEAT);
  }
}

static struct gc_channel_stats stats(void) {
  struct gc_channel_stats s;
  gc_channels_stats(channels, &s);
  return s;
}

/* ---- coming up ---- */

static void without_topics_nothing_happens(void) {
  begin();
  replay_run(&r, HOUR_MS);
  CHECK_INT(r.request_count, 0);
  CHECK_INT(wire.opens, 0);
  end();
}

static void a_channel_is_created_subscribed_and_connected_in_this_order(void) {
  begin();
  usual_answers();
  want(&block, "v2.A");
  want(&block, "v2.b");
  replay_run(&r, 100);
  CHECK_STR(r.requests[1].line, CREATE);
  CHECK_STR(r.requests[1].body, "");
  CHECK_STR(r.requests[2].line, PUT "one/subscriptions?ignoreErrors=true");
  CHECK_STR(r.requests[2].body, "[{\"id\":\"v2.A\"},{\"id\":\"v2.b\"}]");
  CHECK_INT(r.request_count, 3);
  CHECK_STR(wire.url, "wss://s.example.test/channels/one-s3cr3t");
  CHECK_INT(wire.idle_ms, 40000);
  CHECK_INT(wire.ping_ms, 10000);
  CHECK_INT(block.connected, 0);
  CHECK(!stats().connected);
  answer_upgrade();
  CHECK_INT(block.connected, 1);
  CHECK_INT(block.gaps, 0);
  CHECK(stats().connected);
  CHECK_INT(stats().topics, 2);
  CHECK_INT(replay_noticed(&r, "stream", GC_OK), 1);
  say(EVENT);
  CHECK_INT(block.messages, 1);
  CHECK_STR(block.last, "v2.a {\"n\":1}");
  CHECK(block.tag == &block);
  CHECK_INT(stats().events, 1);
  end();
}

static void more_than_a_batch_is_put_first_and_then_added(void) {
  begin();
  usual_answers();
  for (unsigned i = 0; i < 1000; i++) {
    char topic[32];
    snprintf(topic, sizeof(topic), "v2.topic.%u", i);
    want(&block, topic);
  }
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(gc_channels_want(channels, &block.listener, "v2.more", NULL, &err),
            GC_ERR_LIMIT);
  replay_run(&r, 1000);
  CHECK_INT(replay_count(&r, PUT), 1);
  CHECK_INT(replay_count(&r, ADD), 1);
  CHECK(replay_last(&r, PUT)->at_ms <= replay_last(&r, ADD)->at_ms);
  answer_upgrade();
  CHECK_INT(block.connected, 1);
  CHECK_INT(stats().topics, 1000);
  end();
}

static void each_rejection_is_handed_to_who_wants_it(void) {
  begin();
  answer(PUT, 1, 200,
         "{\"entities\":[{\"id\":\"v2.a\",\"state\":\"Rejected\","
         "\"rejectionReason\":\"no permission\",\"missingPermissions\":"
         "[\"x:y:view\"]},{\"id\":\"v2.b\",\"state\":\"Permitted\"}]}");
  usual_answers();
  listen_with(&other);
  want(&block, "v2.a");
  want(&other, "v2.b");
  replay_run(&r, 100);
  CHECK_INT(block.rejected, 1);
  CHECK_STR(block.reason, "v2.a: no permission, x:y:view");
  CHECK_INT(other.rejected, 0);
  answer_upgrade();
  CHECK_INT(block.connected, 1);
  CHECK_INT(stats().topics, 1);
  end();
}

static void topics_that_come_later_bring_a_snapshot_for_their_block_only(void) {
  begin_connected();
  listen_with(&other);
  want(&other, "v2.b");
  replay_run(&r, 100);
  CHECK_INT(replay_count(&r, ADD), 1);
  CHECK_STR(replay_last(&r, ADD)->body, "[{\"id\":\"v2.b\"}]");
  CHECK_INT(other.connected, 1);
  CHECK_INT(block.connected, 1);
  want(&other, "V2.A"); /* which the channel has already */
  replay_run(&r, 100);
  CHECK_INT(replay_count(&r, ADD), 1);
  CHECK_INT(other.connected, 2);
  CHECK_INT(block.connected, 1);
  CHECK_INT(block.gaps + other.gaps, 0);
  say(EVENT);
  CHECK_INT(block.messages, 1);
  CHECK_INT(other.messages, 1);
  gc_channels_unlisten(channels, &other.listener);
  say(EVENT);
  say("{\"topicName\":\"v2.b\"}");
  say("{\"topicName\":\"v2.stranger\"}");
  CHECK_INT(block.messages, 2);
  CHECK_INT(other.messages, 1);
  CHECK_INT(stats().others, 2);
  end();
}

static void without_topics_left_the_socket_is_closed(void) {
  begin_connected();
  gc_channels_unwant(channels, &block.listener, "v2.a");
  replay_run(&r, 1000);
  CHECK_INT(wire.closes, 1);
  CHECK(wire.events == NULL);
  replay_run(&r, HOUR_MS);
  CHECK_INT(wire.opens, 1);
  want(&block, "v2.a"); /* the channel is still there */
  replay_run(&r, 100);
  answer_upgrade();
  CHECK_INT(creations(), 1);
  CHECK_INT(block.connected, 2);
  CHECK_INT(block.gaps, 0);
  end();
}

/* ---- the kept channel ---- */

static void a_restart_uses_the_channel_again_after_a_head(void) {
  struct gc_err err;
  CHECK_INT(gc_store_open(folder, &store, &err, &err), GC_OK);
  begin_with_store(store);
  usual_answers();
  want(&block, "v2.a");
  replay_run(&r, 100);
  for (int i = 0; i < 30; i++) { /* a crash loop */
    stop_channels();
    start_channels(store);
    want(&block, "v2.a");
    replay_run(&r, 20000);
  }
  CHECK_INT(creations(), 1);
  CHECK_INT(replay_count(&r, HEAD), 30);
  CHECK_STR(replay_last(&r, HEAD)->line, HEAD "one");
  CHECK_INT(replay_count(&r, PUT), 31); /* what was left there is replaced */
  CHECK_STR(wire.url, "wss://s.example.test/channels/one-s3cr3t");
  answer_upgrade();
  CHECK_INT(block.connected, 1);
  end();
  gc_store_close(store);
}

static void a_kept_channel_that_is_gone_is_replaced(void) {
  struct gc_err err;
  CHECK_INT(gc_store_open(folder, &store, &err, &err), GC_OK);
  begin_with_store(store);
  answer(HEAD, 1, 404, NULL);
  answer(CREATE, 1, 200, CHANNEL("new"));
  usual_answers();
  want(&block, "v2.a");
  replay_run(&r, 5000);
  CHECK_INT(replay_count(&r, HEAD "one"), 1);
  CHECK_INT(creations(), 1);
  stop_channels();
  start_channels(store);
  want(&block, "v2.a");
  replay_run(&r, 100);
  CHECK_STR(replay_last(&r, HEAD)->line, HEAD "new");
  CHECK_INT(creations(), 1);
  end();
  gc_store_close(store);
}

static void a_kept_text_that_makes_no_sense_is_as_good_as_none(void) {
  static const char *const rows[] = {
      "one", "a/b wss://x", ".. wss://x", "one wss://x y", " wss://x", "one "};
  struct gc_err err;
  CHECK_INT(gc_store_open(folder, &store, &err, &err), GC_OK);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    CHECK_INT(gc_store_save_channel(store, "prod", 0, rows[i], &err), GC_OK);
    begin_with_store(store);
    usual_answers();
    want(&block, "v2.a");
    replay_run(&r, 100);
    CHECK_INT(replay_count(&r, HEAD), 0);
    CHECK_INT(creations(), 1);
    end();
  }
  gc_store_close(store);
}

/* ---- silence ---- */

static void heartbeats_and_pongs_keep_it_alive(void) {
  begin_connected();
  for (int i = 0; i < 100; i++) {
    replay_run(&r, 20000);
    say(i % 2 != 0 ? HEARTBEAT : PONG);
  }
  CHECK_INT(wire.opens, 1);
  CHECK_INT(wire.pings, 100); /* each after 20 s without a message */
  CHECK_INT(block.connected, 1);
  end();
}

static void silence_is_death_after_the_idle_timeout(void) {
  begin_connected();
  replay_run(&r, 5000);
  say(EVENT);
  replay_run(&r, 39999);
  CHECK_INT(wire.pings, 1);
  CHECK(wire.events != NULL);
  replay_run(&r, 1);
  CHECK(wire.events == NULL);
  CHECK_INT(replay_noticed(&r, "stream", GC_ERR_TIMEOUT), 1);
  CHECK_INT(wire.opens, 1);
  replay_run(&r, 2001); /* 1 s and a second of dice */
  CHECK_INT(wire.opens, 2);
  answer_upgrade();
  CHECK_INT(block.connected, 2);
  CHECK_INT(block.gaps, 1);
  CHECK_INT(block.blind_ms, 42001); /* since the event */
  CHECK_INT(stats().reconnects, 1);
  CHECK_INT(replay_count(&r, PUT), 1); /* the topics are still there */
  end();
}

static void the_least_patient_block_decides(void) {
  begin();
  usual_answers();
  listen_with(&other);
  gc_channels_unlisten(channels, &other.listener);
  other.listener.patience = (struct gc_channel_patience){8000, 0, 0};
  gc_channels_listen(channels, &other.listener);
  want(&block, "v2.a");
  replay_run(&r, 100);
  CHECK_INT(wire.idle_ms, 8000);
  answer_upgrade();
  replay_run(&r, 8000);
  CHECK(wire.events == NULL);
  CHECK_INT(replay_noticed(&r, "stream", GC_ERR_TIMEOUT), 1);
  end();
}

static void a_peer_that_does_not_read_is_given_up(void) {
  begin_connected();
  wire.refuses_to_send = true;
  replay_run(&r, 20000);
  CHECK(wire.events == NULL);
  CHECK_INT(replay_noticed(&r, "stream", GC_ERR_LIMIT), 1);
  end();
}

/* ---- connecting again ---- */

/* Waits of the reconnect loop, dice as they fall. */
static void check_waits(uint32_t dice, const uint64_t *waits, size_t count) {
  begin_connected();
  r.dice = dice;
  for (size_t i = 0; i < count; i++) {
    uint64_t from_ms = r.now_ms;
    drop_socket();
    replay_run(&r, 60000);
    CHECK_INT(wire.opened_ms - from_ms, waits[i]);
  }
  CHECK_INT(creations(), 1);
  end();
}

static void waits_grow_between_min_and_max_with_jitter(void) {
  static const uint64_t longest[] = {2000,  3000,  5000, 9000,
                                     17000, 30000, 30000};
  static const uint64_t least[] = {1001, 1001, 1001, 1001, 1001, 1001, 1001};
  check_waits(UINT32_MAX, longest, GC_COUNT(longest));
  check_waits(0, least, GC_COUNT(least));
}

static void only_traffic_after_ten_seconds_resets_the_wait(void) {
  static const struct {
    const char *name, *text;
    uint64_t after_ms, wait_ms;
  } rows[] = {
      {"nothing", NULL, 15000, 9000},
      {"an event at once", EVENT, 0, 9000},
      {"an event at 9.9 s", EVENT, 9999, 9000},
      {"an event at 10 s", EVENT, 10000, 2000},
      {"a heartbeat", HEARTBEAT, 10000, 2000},
      {"a pong proves nothing", PONG, 15000, 9000},
      {"nor does what is no JSON", "nonsense", 15000, 9000},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    begin_connected();
    for (int k = 0; k < 3; k++) {
      drop_socket();
      replay_run(&r, 10000);
    }
    answer_upgrade();
    replay_run(&r, rows[i].after_ms);
    if (rows[i].text != NULL)
      say(rows[i].text);
    uint64_t from_ms = r.now_ms;
    drop_socket();
    replay_run(&r, 60000);
    CHECK_INT(wire.opened_ms - from_ms, rows[i].wait_ms);
    end();
  }
}

static void the_gap_spans_failed_attempts(void) {
  begin_connected();
  replay_run(&r, 1000);
  say(EVENT);
  uint64_t heard_ms = r.now_ms;
  replay_run(&r, 3000);
  for (int i = 0; i < 4; i++) {
    drop_socket();
    replay_run(&r, 20000);
  }
  answer_upgrade();
  CHECK_INT(block.gaps, 1);
  CHECK_INT(block.blind_ms, r.now_ms - heard_ms);
  CHECK_INT(stats().reconnects, 1);
  end();
}

static void who_comes_during_the_outage_has_no_gap(void) {
  begin_connected();
  drop_socket();
  listen_with(&other);
  want(&other, "v2.b");
  replay_run(&r, 5000);
  answer_upgrade();
  CHECK_INT(block.gaps, 1);
  CHECK_INT(other.gaps, 0);
  CHECK_INT(other.connected, 1);
  end();
}

static void a_socket_that_cannot_be_opened_is_tried_again(void) {
  begin();
  usual_answers();
  wire.refuses_to_open = true;
  want(&block, "v2.a");
  replay_run(&r, 60000);
  CHECK(wire.opens > 3 && wire.opens < 10);
  CHECK(replay_noticed(&r, "stream", GC_ERR_CONFIG) > 3);
  wire.refuses_to_open = false;
  replay_run(&r, 31000);
  answer_upgrade();
  CHECK_INT(block.connected, 1);
  CHECK_INT(block.gaps, 0);
  end();
}

static void retry_after_at_the_handshake_is_kept(void) {
  begin();
  usual_answers();
  want(&block, "v2.a");
  replay_run(&r, 100);
  end_with(&(struct gc_ws_end){.http_status = 503,
                               .has_retry_after = true,
                               .retry_after_s = 77},
           GC_ERR_REMOTE);
  replay_run(&r, 76999);
  CHECK_INT(wire.opens, 1);
  replay_run(&r, 1);
  CHECK_INT(wire.opens, 2);
  end();
}

/* ---- what the platform says ---- */

static void the_closing_notice_moves_to_a_new_socket_on_the_same_channel(void) {
  begin_connected();
  heartbeats(2);
  say("{\"topicName\":\"v2.system.socket_closing\"}");
  say(EVENT);
  CHECK_INT(block.messages, 1);
  replay_run(&r, 1600); /* up to 1 s of dice, half a second to close */
  CHECK_INT(wire.closes, 1);
  CHECK_INT(wire.opens, 2);
  CHECK_STR(wire.url, "wss://s.example.test/channels/one-s3cr3t");
  answer_upgrade();
  CHECK_INT(block.connected, 2);
  CHECK(block.blind_ms < 2000);
  CHECK_INT(creations(), 1);
  CHECK_INT(replay_count(&r, PUT), 1);
  CHECK_INT(replay_noticed(&r, "*", GC_OK), r.notice_count); /* no complaint */
  end();
}

static void a_second_notice_delays_nothing(void) {
  begin_connected();
  heartbeats(1);
  say("{\"topicName\":\"v2.system.socket_closing\"}");
  replay_run(&r, 900);
  say("{\"topicName\":\"v2.system.socket_closing\"}");
  replay_run(&r, 100);
  CHECK_INT(wire.closes, 1);
  end();
}

static void notices_one_after_the_other_do_not_turn_into_a_storm(void) {
  begin_connected();
  heartbeats(1);
  for (int i = 0; i < 8; i++) {
    say("{\"topicName\":\"v2.system.socket_closing\"}");
    replay_run(&r, 10000);
    if (wire.events != NULL)
      answer_upgrade();
  }
  CHECK_THAT(wire.opens <= 8, "%u sockets in 80 s", wire.opens);
  end();
}

static void a_404_at_the_handshake_makes_a_new_channel(void) {
  begin_connected();
  replay_run(&r, 1000);
  drop_socket();
  replay_run(&r, 2500);
  refuse_upgrade(404);
  replay_run(&r, 5000);
  CHECK_INT(creations(), 2);
  CHECK_INT(replay_count(&r, PUT "two"), 1);
  CHECK_STR(wire.url, "wss://s.example.test/channels/two-s3cr3t");
  answer_upgrade();
  CHECK_INT(block.connected, 2);
  CHECK_INT(block.gaps, 1);
  CHECK_INT(stats().created, 2);
  end();
}

/* An hour of 404: as many channels as an hour may cost the siblings. */
static void creations_get_rarer_and_rarer(void) {
  begin();
  usual_answers();
  want(&block, "v2.a");
  for (int s = 0; s < 3600; s++) {
    replay_run(&r, 1000);
    if (wire.events != NULL)
      refuse_upgrade(404);
  }
  CHECK_THAT(creations() >= 10 && creations() <= 22, "%zu creations",
             creations());
  end();
}

static void a_proven_connection_makes_the_next_creation_quick(void) {
  begin_connected();
  for (int i = 0; i < 7; i++) { /* the waits grow up to a minute or two */
    drop_socket();
    for (int s = 0; s < 200 && wire.events == NULL; s++)
      replay_run(&r, 1000);
    refuse_upgrade(404);
    for (int s = 0; s < 200 && wire.events == NULL; s++)
      replay_run(&r, 1000);
    answer_upgrade();
  }
  size_t before = creations();
  replay_run(&r, 10000);
  say(EVENT);
  drop_socket();
  replay_run(&r, 2000);
  refuse_upgrade(404);
  replay_run(&r, 5000);
  CHECK_INT(creations(), before + 1);
  end();
}

static void a_displaced_channel_is_replaced(void) {
  begin_connected();
  heartbeats(1);
  say("{\"topicName\":\"v2.system.no_longer_subscribed.one\"}");
  replay_run(&r, 6000);
  CHECK_INT(wire.closes, 1);
  CHECK_INT(creations(), 2);
  CHECK_INT(replay_count(&r, PUT "two"), 1);
  answer_upgrade();
  CHECK_INT(block.connected, 2);
  CHECK_INT(block.gaps, 1);
  CHECK_INT(replay_noticed(&r, "stream", GC_ERR_NETWORK), 1);
  end();
}

static void after_a_revoked_token_the_channel_is_checked_and_subscribed(void) {
  begin_connected();
  say("{\"topicName\":\"v2.system.token_revoked.x\"}");
  replay_run(&r, 5000);
  CHECK_INT(replay_count(&r, HEAD "one"), 1);
  CHECK_INT(replay_count(&r, PUT "one"), 2);
  answer_upgrade();
  CHECK_INT(block.connected, 2);
  CHECK_INT(creations(), 1);
  end();
}

static void a_403_at_the_handshake_is_checked_once_then_replaced(void) {
  begin();
  usual_answers();
  want(&block, "v2.a");
  replay_run(&r, 100);
  refuse_upgrade(403);
  replay_run(&r, 5000);
  CHECK_INT(replay_count(&r, HEAD "one"), 1);
  CHECK_INT(creations(), 1);
  CHECK_INT(wire.opens, 2);
  refuse_upgrade(403);
  replay_run(&r, 8000);
  CHECK_INT(creations(), 2);
  end();
}

static void what_is_not_known_is_counted_and_borne(void) {
  static const char *const odd[] = {
      "{\"topicName\":\"v2.system.weather\"}",
      "{\"topicName\":\"v2.unknown\"}",
      "{\"topicName\":\"v2.subscription.updated\"}",
      "{\"result\":\"200\",\"status\":\"subscribed\"}",
      "{}",
  };
  begin_connected();
  for (size_t i = 0; i < GC_COUNT(odd); i++)
    say(odd[i]);
  say("nonsense");
  say("");
  say(EVENT);
  CHECK_INT(stats().others, 5);
  CHECK_INT(stats().malformed, 2);
  CHECK_INT(stats().events, 1);
  CHECK_INT(block.messages, 1);
  CHECK(stats().connected);
  end();
}

/* ---- a day ---- */

static void the_subscription_is_renewed_before_the_day_ends(void) {
  begin_connected();
  heartbeats(23 * 120 - 1);
  CHECK_INT(replay_count(&r, ADD), 0);
  heartbeats(2);
  CHECK_INT(replay_count(&r, ADD), 1); /* adds: nothing is deaf meanwhile */
  CHECK_STR(replay_last(&r, ADD)->body, "[{\"id\":\"v2.a\"}]");
  CHECK_INT(replay_count(&r, PUT), 1);
  heartbeats(23 * 120);
  CHECK_INT(replay_count(&r, ADD), 2);
  CHECK_INT(wire.opens, 1);
  CHECK_INT(block.connected, 1);
  end();
}

static void a_shorter_life_is_renewed_sooner(void) {
  begin();
  answer(CREATE, 1, 200, /* 20 minutes after the replay's epoch */
         "{\"connectUri\":\"wss://s/one-s3cr3t\",\"id\":\"one\",\"expires\":"
         "\"2023-11-14T22:33:20.000Z\"}");
  usual_answers();
  want(&block, "v2.a");
  replay_run(&r, 100);
  answer_upgrade();
  heartbeats(39);
  CHECK_INT(replay_count(&r, ADD), 1);
  end();
}

static void a_renewal_that_finds_no_channel_makes_a_new_one(void) {
  begin();
  answer(ADD, 1, 404, "{}");
  usual_answers();
  want(&block, "v2.a");
  replay_run(&r, 100);
  answer_upgrade();
  heartbeats(23 * 120 + 1);
  replay_run(&r, 5000);
  CHECK_INT(creations(), 2);
  CHECK_INT(wire.closes, 1);
  answer_upgrade();
  CHECK_INT(block.connected, 2);
  end();
}

/* ---- REST in trouble ---- */

static void rest_failures_are_retried_and_told_once_each(void) {
  begin();
  answer(CREATE, 1, 400, "{\"code\":\"bad\"}");
  answer(CREATE, 1, 200, "{\"id\":\"../x\",\"connectUri\":\"wss://s\"}");
  answer(CREATE, 1, 200, "<html>");
  answer(PUT, 1, 403, "{\"code\":\"no\"}");
  answer(PUT, 1, 200, "[");
  usual_answers();
  want(&block, "v2.a");
  replay_run(&r, 120000);
  CHECK_INT(creations(), 4);
  CHECK_INT(replay_count(&r, PUT), 3);
  CHECK_INT(replay_noticed(&r, "stream", GC_ERR_REQUEST), 1);
  CHECK_INT(replay_noticed(&r, "stream", GC_ERR_PERMISSION), 1);
  CHECK_INT(replay_noticed(&r, "stream", GC_ERR_PARSE), 3);
  answer_upgrade();
  CHECK_INT(block.connected, 1);
  end();
}

static void while_the_api_is_down_the_socket_goes_on(void) {
  begin_connected();
  replay_forget_answers(&r);
  answer("*", REPLAY_ALWAYS, 503, NULL);
  want(&block, "v2.b");
  for (int i = 0; i < 20; i++) {
    replay_run(&r, 15000);
    say(EVENT);
  }
  CHECK_INT(wire.opens, 1);
  CHECK_INT(block.messages, 20);
  replay_forget_answers(&r);
  usual_answers();
  replay_run(&r, 60000);
  say(EVENT);
  CHECK(replay_count(&r, ADD) > 1);
  CHECK_STR(replay_last(&r, ADD)->body, "[{\"id\":\"v2.b\"}]");
  end();
}

static void a_stop_at_any_moment_leaves_nothing_behind(void) {
  for (uint64_t ms = 0; ms < 200; ms += 5) {
    begin();
    replay_answer(&r, &(struct replay_answer){.match = CREATE,
                                              .status = 200,
                                              .body = CHANNEL("one"),
                                              .delay_ms = 40});
    replay_answer(&r, &(struct replay_answer){.match = PUT,
                                              .status = 200,
                                              .body = "{\"entities\":[]}",
                                              .delay_ms = 40});
    usual_answers();
    want(&block, "v2.a");
    replay_run(&r, ms);
    if (wire.events != NULL)
      answer_upgrade();
    end();
  }
}

int main(void) {
  if (mkdtemp(folder) == NULL)
    return 1;
  RUN(without_topics_nothing_happens);
  RUN(a_channel_is_created_subscribed_and_connected_in_this_order);
  RUN(more_than_a_batch_is_put_first_and_then_added);
  RUN(each_rejection_is_handed_to_who_wants_it);
  RUN(topics_that_come_later_bring_a_snapshot_for_their_block_only);
  RUN(without_topics_left_the_socket_is_closed);
  RUN(a_restart_uses_the_channel_again_after_a_head);
  RUN(a_kept_channel_that_is_gone_is_replaced);
  RUN(a_kept_text_that_makes_no_sense_is_as_good_as_none);
  RUN(heartbeats_and_pongs_keep_it_alive);
  RUN(silence_is_death_after_the_idle_timeout);
  RUN(the_least_patient_block_decides);
  RUN(a_peer_that_does_not_read_is_given_up);
  RUN(waits_grow_between_min_and_max_with_jitter);
  RUN(only_traffic_after_ten_seconds_resets_the_wait);
  RUN(the_gap_spans_failed_attempts);
  RUN(who_comes_during_the_outage_has_no_gap);
  RUN(a_socket_that_cannot_be_opened_is_tried_again);
  RUN(retry_after_at_the_handshake_is_kept);
  RUN(the_closing_notice_moves_to_a_new_socket_on_the_same_channel);
  RUN(a_second_notice_delays_nothing);
  RUN(notices_one_after_the_other_do_not_turn_into_a_storm);
  RUN(a_404_at_the_handshake_makes_a_new_channel);
  RUN(creations_get_rarer_and_rarer);
  RUN(a_proven_connection_makes_the_next_creation_quick);
  RUN(a_displaced_channel_is_replaced);
  RUN(after_a_revoked_token_the_channel_is_checked_and_subscribed);
  RUN(a_403_at_the_handshake_is_checked_once_then_replaced);
  RUN(what_is_not_known_is_counted_and_borne);
  RUN(the_subscription_is_renewed_before_the_day_ends);
  RUN(a_shorter_life_is_renewed_sooner);
  RUN(a_renewal_that_finds_no_channel_makes_a_new_one);
  RUN(rest_failures_are_retried_and_told_once_each);
  RUN(while_the_api_is_down_the_socket_goes_on);
  RUN(a_stop_at_any_moment_leaves_nothing_behind);
  char path[64];
  static const char *const files[] = {"state.db", "state.db-wal",
                                      "state.db-shm"};
  for (size_t i = 0; i < GC_COUNT(files); i++) {
    snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
    unlink(path);
  }
  rmdir(folder);
  return check_done();
}
