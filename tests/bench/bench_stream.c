/* SPDX-License-Identifier: MIT */
/* Socket → model, plain and TLS: official conversation events over a real
 * socket through the whole production path. A server in this process answers
 * the REST calls of an account (token, channel, subscriptions) and floods its
 * WebSocket; the account's network thread runs socket/tcp_stream,
 * socket/websocket, channels/channel (envelope, topic) and the stream of a
 * genesys_realtime block (decoder, lock, model). Beside it json-c builds a tree
 * of the same bytes, from memory.
 *
 * The server writes prepared frames without a pause, and both sides share the
 * host's cores: the figure per CPU second is the speed of the network thread
 * alone. Its time includes the kernel's copying and, with TLS, OpenSSL. Each
 * round has an account, a channel and a model of its own. */
#include <string.h>

#include "common/net/account.h"
#include "common/net/clock.h"
#include "plugins/genesys_realtime/stream/stream.h"
#include "tests/bench/events.h"
#include "tests/support/certs.h"
#include "tests/support/deadline.h"
#include "tests/support/ws_peer.h"

enum {
  LIVES = 8000,
  ROUNDS = 5,
  AHEAD_MS = 60000, /* no conversation is older than the stream */
};

#define END_TOPIC "v2.bench.end"
static const char end_message[] =
    "{\"topicName\":\"" END_TOPIC "\",\"eventBody\":{}}";

static struct gate gate = GATE_INIT;

struct run {
  const struct gc_buf *frames;
  const struct certs *certs; /* NULL: plain */
  struct server *server;
  int port;
  struct gc_account *account;
  struct stream *stream;
  struct gc_channels_listener end; /* receives the message after the events */
  struct lap lap;
  bool is_ready, is_over; /* under the gate */
};

static bool is_ready(void *ctx) { return ((struct run *)ctx)->is_ready; }
static bool is_over(void *ctx) { return ((struct run *)ctx)->is_over; }

/* ---- the platform ---- */

static const struct {
  const char *method, *path; /* the beginning of the path */
  const char *body;          /* NULL: the channel */
} answers[] = {
    {"POST", "/oauth/token",
     "{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":86400}"},
    {"PUT", "/api/v2/notifications/channels/one/", "{\"entities\":[]}"},
    {"POST", "/api/v2/notifications/channels", NULL},
};

static bool answer_request(struct conn *c, const struct request *r,
                           const struct run *run) {
  char channel[128];
  snprintf(channel, sizeof(channel),
           "{\"id\":\"one\",\"connectUri\":\"%s://127.0.0.1:%d/one\"}",
           run->certs != NULL ? "wss" : "ws", run->port);
  for (size_t i = 0; i < GC_COUNT(answers); i++)
    if (strcmp(r->method, answers[i].method) == 0 &&
        strncmp(r->path, answers[i].path, strlen(answers[i].path)) == 0) {
      const char *body = answers[i].body != NULL ? answers[i].body : channel;
      return conn_say(c,
                      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                      "Content-Length: %zu\r\n\r\n%s",
                      strlen(body), body);
    }
  return conn_say(c, "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n");
}

static void send_frames(struct conn *c, const struct request *r,
                        struct run *run) {
  char accept[64];
  if (ws_peer_accept_of(r, accept) &&
      conn_say(c,
               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
               "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
               accept) &&
      gate_wait(&gate, is_ready, run) &&
      conn_write(c, run->frames->data, run->frames->len))
    conn_linger(c);
}

static void serve_stream(struct conn *c, void *ctx) {
  struct request r;
  while (conn_request(c, &r)) {
    if (strcmp(r.path, "/one") == 0) {
      send_frames(c, &r, ctx);
      return;
    }
    if (!answer_request(c, &r, ctx))
      return;
  }
}

static void add_frame(struct gc_buf *out, const char *bytes, size_t len) {
  unsigned char header[WS_PEER_HEADER];
  size_t header_len = ws_peer_header(0x81, len, header);
  exit_unless(gc_buf_add(out, header, header_len) == GC_OK &&
                  gc_buf_add(out, bytes, len) == GC_OK,
              "no memory for frames");
}

static struct gc_buf frames_of(const struct events *e) {
  struct gc_buf frames = {.max = (size_t)1 << 30};
  for (size_t i = 0; i < e->count; i++)
    add_frame(&frames, e->bytes.data + e->list[i].at, e->list[i].len);
  add_frame(&frames, end_message, strlen(end_message));
  return frames;
}

/* ---- the block, on the account's thread ---- */

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  if (err->code != GC_OK)
    fprintf(stderr, "bench: %s: %s\n", cause, err->text);
}

static void on_account_notice(const char *account, const char *cause,
                              const struct gc_err *err) {
  (void)account;
  on_notice(NULL, cause, err);
}

/* Called when connected and subscribed; the model exists then. */
static void on_snapshot(void *ctx) {
  struct run *r = ctx;
  r->lap = lap_begin();
  GATE_CHANGE(&gate, r->is_ready = true);
}

static void on_connected(void *ctx) { (void)ctx; }

static void on_end(void *ctx, const struct gc_message *m) {
  struct run *r = ctx;
  (void)m;
  r->lap = lap_end(r->lap);
  GATE_CHANGE(&gate, r->is_over = true);
}

static void begin_here(void *ctx) {
  struct run *r = ctx;
  struct gc_channels *channels = gc_account_parts(r->account)->channels;
  char ids[IDS_QUEUES][IDS_SIZE], *list[IDS_QUEUES];
  for (unsigned q = 0; q < IDS_QUEUES; q++)
    list[q] = (char *)ids_queue(ids[q], q);
  r->end = (struct gc_channels_listener){
      .connected = on_connected, .message = on_end, .ctx = r};
  gc_channels_listen(channels, &r->end);
  exit_unless(gc_channels_subscribe(channels, &r->end, END_TOPIC, NULL, NULL) ==
                  GC_OK,
              "no room for a topic");
  stream_select(r->stream,
                &(struct selection){.ids = list, .count = IDS_QUEUES});
}

static void end_here(void *ctx) {
  struct run *r = ctx;
  stream_stop(r->stream);
  gc_channels_unlisten(gc_account_parts(r->account)->channels, &r->end);
}

static void make_stream(struct run *r) {
  static double bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
  static struct queues_options options = {
      .interval_s = 10,
      .wait_buckets = {bounds, GC_COUNT(bounds)},
      .target_s = 20,
      .conversations_max = 200000,
      .conversation_age_s = 86400};
  struct queues_deps deps = {.env = gc_account_parts(r->account)->env,
                             .api = gc_account_parts(r->account)->api,
                             .channels = gc_account_parts(r->account)->channels,
                             .names = gc_account_parts(r->account)->names,
                             .notice = on_notice,
                             .ctx = r};
  r->stream = stream_new(&options, &deps, on_snapshot, r);
}

/* ---- the account ---- */

static char *make_url(const struct run *r, const char *path) {
  char text[128];
  snprintf(text, sizeof(text), "http%s://127.0.0.1:%d%s",
           r->certs != NULL ? "s" : "", r->port, path);
  return strdup(text);
}

static void open_account(struct run *r) {
  struct gc_err err = {.code = GC_OK};
  struct gc_account_options s = {
      .name = strdup("bench"),
      .region = strdup("test"),
      .base_url = make_url(r, ""),
      .token_url = make_url(r, "/oauth/token"),
      .client_id = strdup("bench"),
      .secret_literal = strdup("secret"),
      .requests_per_minute = 250,
      .max_concurrent = 4,
      .token_margin_s = 300,
      .connect = {.timeout_ms = 10000,
                  .connect_timeout_ms = 5000,
                  .verify_peer = true,
                  .verify_host = true,
                  .ca_cert = r->certs ? strdup(r->certs->ca) : NULL,
                  .no_proxy = strdup("*")}};
  exit_unless(gc_accounts_define(&s, &err) == GC_OK, err.text);
  r->account = gc_account_get("bench", &err);
  exit_unless(r->account != NULL, err.text);
}

/* ---- one round ---- */

struct sums {
  int64_t offers, received;
};

static void add_up(void *ctx, const struct gc_sample *s) {
  struct sums *sums = ctx;
  if (s->metric == GC_METRIC_QUEUE_OFFER)
    sums->offers += s->values[0].derive;
  if (s->metric == GC_METRIC_EVENTS && strcmp(s->qualifier, "received") == 0)
    sums->received += s->values[0].derive;
}

static bool accepts_all(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  (void)queue;
  return true;
}

/* Checks that no event was lost. A series begins with 0: the second reading has
 * the counts. */
static void check_totals(struct stream *s, const struct events *e) {
  struct sums sums = {0, 0};
  struct queue_display view = {.accepts = accepts_all, .label = QUEUE_LABEL_ID};
  struct gc_samples out = {add_up, &sums};
  stream_read(s, &view, &out);
  exit_unless(sums.offers == 0, "a counter does not begin with 0");
  stream_read(s, &view, &out);
  stream_read_state(s, "bench", 10000, &out);
  exit_unless(sums.received == (int64_t)e->count, "events did not arrive");
  exit_unless(sums.offers == (int64_t)e->lives, "the model has lost offers");
}

static struct lap run_socket(const struct events *e,
                             const struct gc_buf *frames,
                             const struct certs *certs) {
  struct run r = {.frames = frames, .certs = certs};
  r.server = server_start(&(struct server_plan){
      .serve = serve_stream, .ctx = &r, .cert = certs ? certs->server : NULL});
  r.port = server_port(r.server);
  open_account(&r);
  make_stream(&r);
  gc_loop_call(gc_account_parts(r.account)->loop, begin_here, &r);
  exit_unless(gate_wait(&gate, is_over, &r), "the events did not come in time");
  check_totals(r.stream, e);
  gc_accounts_stop();
  gc_loop_call(gc_account_parts(r.account)->loop, end_here, &r);
  stream_free(r.stream);
  gc_account_put(r.account);
  gc_accounts_close();
  server_stop(r.server);
  return r.lap;
}

int main(void) {
  static const struct gc_accounts_hooks hooks = {.notice = on_account_notice};
  struct certs certs;
  struct events events;
  certs_make(&certs);
  gc_accounts_set_hooks(&hooks);
  events_make(&events, LIVES, gc_clock_wall_ms() + AHEAD_MS);
  struct gc_buf frames = frames_of(&events);
  printf("stream: %zu events, %zu bytes on average\n", events.count,
         events.bytes.len / events.count);
  for (int round = 0; round < ROUNDS; round++) {
    lap_print("socket -> model, plain", events.count,
              run_socket(&events, &frames, NULL));
    lap_print("socket -> model, TLS", events.count,
              run_socket(&events, &frames, &certs));
    lap_print("bytes -> json-c tree (reference)", events.count,
              events_json_c(&events));
  }
  gc_buf_clear(&frames);
  events_clear(&events);
  certs_remove(&certs);
  return 0;
}
