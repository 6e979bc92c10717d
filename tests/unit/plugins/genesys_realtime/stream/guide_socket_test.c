/* SPDX-License-Identifier: MIT */
/* The socket of the guide dialect's stream, on a driver that is a struct and a
 * clock that is a number. */
#include "plugins/genesys_realtime/stream/guide_socket.h"

#include <stdlib.h>

#include "plugins/genesys_realtime/stream/guide_decode.h"
#include "tests/support/api_bench.h"
#include "tests/support/check.h"

#define QUERY "{\"query\":{}}"

struct fake_socket {
  const struct gc_ws_events *events;
  bool is_freed;
  uint16_t close_code;
};

static struct world {
  struct guide_socket *link;
  struct fake_socket sockets[64];
  uint64_t opened_ms[64];
  size_t count, sent, texts, opens;
  uint64_t blind_ms;
  char url[128], authorization[128], query[64];
  struct gc_err last;
  size_t notices;
  bool refuses;
} w;

static enum gc_code fake_open(void *ctx, const struct gc_ws_options *o,
                              const struct gc_ws_events *events,
                              void **ret_socket, struct gc_err *err) {
  (void)ctx;
  if (w.refuses)
    return gc_fail(err, GC_ERR_MEMORY, "no socket");
  CHECK(w.count < GC_COUNT(w.sockets));
  snprintf(w.url, sizeof(w.url), "%s", o->url);
  snprintf(w.authorization, sizeof(w.authorization), "%s", o->headers[0]);
  CHECK(o->headers[1] == NULL);
  CHECK_INT(o->idle_timeout_ms, 40000);
  w.opened_ms[w.count] = api_world.now_ms;
  w.sockets[w.count].events = events;
  *ret_socket = &w.sockets[w.count++];
  return GC_OK;
}

static enum gc_code fake_send(void *socket, const char *bytes, size_t len,
                              struct gc_err *err) {
  (void)socket;
  (void)err;
  w.sent++;
  snprintf(w.query, sizeof(w.query), "%.*s", (int)len, bytes);
  return GC_OK;
}

static void fake_close(void *socket, uint16_t code) {
  ((struct fake_socket *)socket)->close_code = code;
}

static void fake_free(void *socket) {
  if (socket != NULL)
    ((struct fake_socket *)socket)->is_freed = true;
}

static void on_text(void *ctx, const char *bytes, size_t len) {
  (void)ctx;
  (void)bytes;
  w.texts += len;
}

static void on_open(void *ctx, uint64_t blind_ms) {
  (void)ctx;
  w.opens++;
  w.blind_ms = blind_ms;
}

static void on_notice(void *ctx, const struct gc_err *err) {
  (void)ctx;
  w.notices++;
  w.last = *err;
}

static void begin_link(void) {
  w = (struct world){0};
  api_begin();
  struct guide_socket_deps needs = {
      .env = &api_world.env,
      .api = api,
      .driver = {fake_open, fake_send, fake_close, fake_free, NULL},
      .base_url = "https://api.example.test",
      .path = GUIDE_STREAM_PATH,
      .query = QUERY,
      .timeouts = {40000, 1000, 30000},
      .text = on_text,
      .open = on_open,
      .notice = on_notice};
  w.link = guide_socket_new(&needs);
  replay_run(&api_world, 1000);
}

static void end_link(void) {
  guide_socket_free(w.link);
  for (size_t i = 0; i < w.count; i++)
    CHECK(w.sockets[i].is_freed);
  api_end();
}

static struct fake_socket *newest_socket(void) {
  return &w.sockets[w.count - 1];
}

static void open_newest(void) {
  newest_socket()->events->open(newest_socket()->events->ctx);
}

static void send_newest(void) {
  newest_socket()->events->text(newest_socket()->events->ctx, "{}", 2);
}

/* Calls the callback that follows gc_ws_close once the peer has closed. */
static void is_closed(struct fake_socket *s) {
  struct gc_ws_end how = {.failure = GC_FAILURE_NONE};
  struct gc_err err;
  (void)gc_fail(&err, GC_ERR_STOPPED, "closed by collectd");
  s->events->closed(s->events->ctx, &how, &err);
}

static void close_newest(int http_status, uint32_t retry_after_s) {
  struct gc_ws_end how = {.http_status = http_status,
                          .has_retry_after = retry_after_s > 0,
                          .retry_after_s = retry_after_s};
  struct gc_err err;
  (void)gc_fail(&err, GC_ERR_NETWORK, "it ended");
  newest_socket()->events->closed(newest_socket()->events->ctx, &how, &err);
}

static struct guide_socket_stats read_stats(void) {
  struct guide_socket_stats s;
  guide_socket_stats(w.link, &s);
  return s;
}

/* Runs until the next attempt; returns the time since the `close_newest`
 * before. */
static uint64_t next_attempt_ms(void) {
  size_t before = w.count;
  uint64_t began_ms = api_world.now_ms;
  for (int i = 0; i < 700 && w.count == before; i++)
    replay_run(&api_world, 100);
  CHECK_INT(w.count, before + 1);
  return w.opened_ms[w.count - 1] - began_ms;
}

static void the_token_is_in_the_request_and_the_query_follows(void) {
  begin_link();
  CHECK_INT(w.count, 1);
  CHECK_STR(w.url, "https://api.example.test" GUIDE_STREAM_PATH);
  CHECK_STR(w.authorization, "Authorization: Bearer t");
  CHECK_INT(w.sent, 0);
  CHECK(!read_stats().is_connected);
  open_newest();
  CHECK_STR(w.query, QUERY);
  CHECK(read_stats().is_connected);
  CHECK_INT(w.opens, 1);
  CHECK_INT(w.blind_ms, 0);
  CHECK_INT(w.last.code, GC_OK);
  send_newest();
  CHECK_INT(w.texts, 2);
  replay_run(&api_world, 60000);
  CHECK_INT(w.count, 1); /* no second socket */
  end_link();
}

static void after_an_end_the_socket_reconnects_and_reports_the_gap(void) {
  begin_link();
  open_newest();
  replay_run(&api_world, 3000);
  send_newest();
  uint64_t last_message_ms = api_world.now_ms;
  replay_run(&api_world, 500);
  close_newest(0, 0);
  CHECK(!read_stats().is_connected);
  CHECK_INT(read_stats().blind_since_ms, last_message_ms);
  CHECK_INT(w.last.code, GC_ERR_NETWORK);
  CHECK_HAS(w.last.text, "it ended; next attempt in ");
  CHECK(next_attempt_ms() >= 1000);
  open_newest();
  CHECK_INT(w.blind_ms, api_world.now_ms - last_message_ms);
  CHECK_INT(read_stats().reconnects, 1);
  CHECK_INT(read_stats().blind_since_ms, 0);
  CHECK_INT(w.last.code, GC_OK);
  end_link();
}

static void waits_grow_to_the_maximum_until_messages_come(void) {
  begin_link();
  uint64_t last_ms = 0;
  for (int i = 0; i < 9; i++) {
    close_newest(0, 0);
    last_ms = next_attempt_ms();
    CHECK(last_ms >= 1000 && last_ms <= 30000 + 500);
  }
  CHECK(last_ms > 20000);
  open_newest(); /* an upgrade alone is no success */
  send_newest();
  close_newest(0, 0);
  CHECK(next_attempt_ms() > 20000);
  open_newest();
  replay_run(&api_world, 11000);
  send_newest();
  close_newest(0, 0);
  CHECK(next_attempt_ms() <= 2500);
  end_link();
}

/* Nothing happens in the contact centre for 5 minutes: the server answers the
 * pings. Then the connection breaks for 2 s. */
static void an_answered_ping_is_life(void) {
  begin_link();
  for (int i = 0; i < 9; i++) {
    close_newest(0, 0);
    (void)next_attempt_ms();
  }
  open_newest();
  for (int i = 0; i < 30; i++) {
    replay_run(&api_world, 10000);
    newest_socket()->events->alive(newest_socket()->events->ctx);
  }
  CHECK_INT(read_stats().alive_ms, api_world.now_ms);
  replay_run(&api_world, 1000);
  close_newest(0, 0);
  CHECK_INT(api_world.now_ms - read_stats().blind_since_ms, 1000);
  CHECK(next_attempt_ms() <= 2500);
  open_newest();
  CHECK(w.blind_ms <= 1000 + 2500);
  end_link();
}

static void a_429_doubles_to_30_s(void) {
  static const uint64_t min_ms[] = {1000,  2000,  4000, 8000,
                                    16000, 30000, 30000};
  begin_link();
  for (size_t i = 0; i < GC_COUNT(min_ms); i++) {
    close_newest(429, 0);
    uint64_t ms = next_attempt_ms();
    CHECK(ms >= min_ms[i] && ms <= min_ms[i] + 1100);
  }
  close_newest(429, 45);
  CHECK(next_attempt_ms() >= 45000);
  end_link();
}

static void each_429_counts_in_the_account(void) {
  struct gc_api_stats stats;
  begin_link();
  for (int i = 0; i < 5; i++) {
    close_newest(429, 0);
    (void)next_attempt_ms();
  }
  gc_api_stats(api, &stats);
  CHECK_INT(stats.throttled, 5);
  CHECK_INT(w.notices, 5);
  end_link();
}

static void a_socket_that_never_opens_is_blind_from_the_start(void) {
  struct guide_socket_stats stats;
  begin_link();
  guide_socket_stats(w.link, &stats);
  CHECK_INT(stats.blind_since_ms, 0);
  uint64_t began_ms = api_world.now_ms - 1000;
  while (api_world.now_ms < began_ms + 75000) {
    close_newest(429, 0);
    (void)next_attempt_ms();
  }
  guide_socket_stats(w.link, &stats);
  CHECK_INT(stats.blind_since_ms, began_ms);
  open_newest();
  CHECK_INT(w.blind_ms, api_world.now_ms - began_ms);
  guide_socket_stats(w.link, &stats);
  CHECK_INT(stats.blind_since_ms, 0);
  end_link();
}

static void refusals_name_the_remedy(void) {
  begin_link();
  close_newest(403, 0);
  CHECK_INT(w.last.code, GC_ERR_PERMISSION);
  CHECK_HAS(w.last.text, "scope analytics:realtime:read");
  (void)next_attempt_ms();
  close_newest(404, 0);
  CHECK_INT(w.last.code, GC_ERR_NOT_FOUND);
  CHECK_HAS(w.last.text, "Stream \"notifications\"");
  (void)next_attempt_ms();
  CHECK_INT(replay_count(&api_world, "POST /oauth/token"), 1);
  close_newest(401, 0); /* the token is refused */
  (void)next_attempt_ms();
  CHECK_INT(replay_count(&api_world, "POST /oauth/token"), 2);
  end_link();
}

static void a_new_token_opens_a_second_socket_that_takes_over(void) {
  begin_link();
  open_newest();
  send_newest();
  CHECK(gc_auth_reject(api_auth, 1));
  replay_run(&api_world, 2000);
  CHECK_INT(w.count, 2);
  CHECK(!w.sockets[0].is_freed);
  CHECK(read_stats().is_connected);
  close_newest(0, 0); /* the second one fails: the first one stays open */
  CHECK(!w.sockets[0].is_freed);
  CHECK(read_stats().is_connected);
  (void)next_attempt_ms();
  CHECK_INT(w.count, 3);
  open_newest();
  CHECK_INT(w.sockets[0].close_code, 0); /* both deliver for a moment */
  size_t texts = w.texts;
  w.sockets[0].events->text(w.sockets[0].events->ctx, "{}", 2);
  send_newest(); /* the same message passes once */
  CHECK_INT(w.texts, texts + 2);
  send_newest();
  CHECK_INT(w.texts, texts + 4);
  replay_run(&api_world, 1500);
  CHECK_INT(w.sockets[0].close_code, 1000);
  is_closed(&w.sockets[0]);
  CHECK(w.sockets[0].is_freed);
  CHECK(!w.sockets[2].is_freed);
  replay_run(&api_world, 5000);
  w.texts = 0;
  send_newest();
  send_newest(); /* repeats of a single socket pass: the model ignores them */
  CHECK_INT(w.texts, 4);
  CHECK(read_stats().is_connected);
  CHECK_INT(read_stats().reconnects, 0);
  CHECK_INT(w.opens, 1);
  CHECK_INT(w.last.code, GC_OK);
  replay_run(&api_world, 60000);
  CHECK_INT(w.count, 3);
  end_link();
}

static void send_text(struct fake_socket *s, const char *text) {
  s->events->text(s->events->ctx, text, strlen(text));
}

/* The server sent two messages before it had read the query of the new socket;
 * then one that is equal to the first of them. */
static void a_new_message_after_a_new_token_is_not_lost(void) {
  begin_link();
  open_newest();
  CHECK(gc_auth_reject(api_auth, 1));
  replay_run(&api_world, 2000);
  open_newest();
  send_text(&w.sockets[0], "held");
  send_text(&w.sockets[0], "active");
  replay_run(&api_world, 1500);
  is_closed(&w.sockets[0]);
  w.texts = 0;
  send_text(newest_socket(), "held");
  replay_run(&api_world, 10000);
  CHECK_INT(w.texts, 4);
  send_text(newest_socket(), "active");
  CHECK_INT(w.texts, 10);
  end_link();
}

/* The new socket fails while the old one is about to be closed: this does not
 * delay the next attempt. */
static void a_break_right_after_the_change_delays_no_next_attempt(void) {
  begin_link();
  open_newest();
  CHECK(gc_auth_reject(api_auth, 1));
  replay_run(&api_world, 2000);
  open_newest();
  close_newest(0, 0);
  CHECK(w.sockets[0].is_freed);
  CHECK(w.sockets[1].is_freed);
  CHECK(!read_stats().is_connected);
  CHECK(next_attempt_ms() <= 2500);
  open_newest();
  CHECK_INT(read_stats().reconnects, 1);
  end_link();
}

/* The server closes the old socket before the plugin does. */
static void an_old_socket_may_end_by_itself(void) {
  begin_link();
  open_newest();
  CHECK(gc_auth_reject(api_auth, 1));
  replay_run(&api_world, 2000);
  open_newest();
  size_t notices = w.notices;
  is_closed(&w.sockets[0]);
  CHECK(w.sockets[0].is_freed);
  CHECK(read_stats().is_connected);
  CHECK_INT(w.notices, notices);
  replay_run(&api_world, 60000);
  CHECK_INT(w.count, 2);
  end_link();
}

static void at_the_end_the_socket_sends_a_close_frame(void) {
  begin_link();
  open_newest();
  guide_socket_free(w.link);
  w.link = NULL;
  CHECK_INT(w.sockets[0].close_code, 1001);
  end_link();
}

static void a_socket_that_cannot_be_opened_is_tried_again(void) {
  w = (struct world){0};
  begin_link();
  w.refuses = true;
  close_newest(0, 0);
  replay_run(&api_world, 3000);
  CHECK_INT(w.last.code, GC_ERR_MEMORY);
  w.refuses = false;
  (void)next_attempt_ms();
  CHECK_INT(w.count, 2);
  end_link();
}

int main(void) {
  RUN(the_token_is_in_the_request_and_the_query_follows);
  RUN(after_an_end_the_socket_reconnects_and_reports_the_gap);
  RUN(waits_grow_to_the_maximum_until_messages_come);
  RUN(an_answered_ping_is_life);
  RUN(a_429_doubles_to_30_s);
  RUN(each_429_counts_in_the_account);
  RUN(a_socket_that_never_opens_is_blind_from_the_start);
  RUN(refusals_name_the_remedy);
  RUN(a_new_token_opens_a_second_socket_that_takes_over);
  RUN(a_new_message_after_a_new_token_is_not_lost);
  RUN(a_break_right_after_the_change_delays_no_next_attempt);
  RUN(an_old_socket_may_end_by_itself);
  RUN(at_the_end_the_socket_sends_a_close_frame);
  RUN(a_socket_that_cannot_be_opened_is_tried_again);
  return check_done();
}
