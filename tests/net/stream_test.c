/* SPDX-License-Identifier: MIT */
#include "common/net/stream.h"

#include <dirent.h>
#include <stdlib.h>

#include "common/net/clock.h"
#include "common/net/loop.h"
#include "tests/support/ask.h"
#include "tests/support/certs.h"
#include "tests/support/check.h"
#include "tests/support/resolver.h"
#include "tests/support/server.h"
#include "tests/support/web.h"

#define PROXY_PASSWORD "pr0xy-pw"
#define PROXY_BASIC "dXNlcjpwcjB4eS1wdw==" /* user:pr0xy-pw */

enum { MB = 1024 * 1024, ROUND_MOST_BYTES = 256 * 1024, READ_BYTES = 65536 };

static struct certs certs;
static struct gate gate = GATE_INIT;

/* One stream and what became of it; the counters under the gate's lock. */
struct talk {
  struct gc_loop *loop;
  struct gc_connect connect;
  struct gc_stream *stream;
  struct gc_stream_events events;
  const char *url;
  enum gc_code open_code;
  struct gc_err open_err;

  size_t to_send, piece; /* the pattern, so much of it, in such pieces */
  size_t sent, got, wrong;
  bool saw_limit;
  int opened, closed;
  enum gc_failure failure;
  struct gc_err err;
  size_t round_got, round_most; /* bytes read in one round of the loop */
  uint64_t round;

  void (*on_open)(struct talk *t), (*on_read)(struct talk *t),
      (*on_closed)(struct talk *t);
  size_t want; /* bytes that talk_got waits for */
};

static char pattern(size_t i) { return (char)(i ^ (i >> 8) ^ (i >> 16)); }

/* Sends on until all is sent or the stream has enough. */
static void pump(struct talk *t) {
  char bytes[16384];
  while (t->stream != NULL && t->sent < t->to_send) {
    size_t len = t->to_send - t->sent;
    if (len > t->piece)
      len = t->piece;
    for (size_t i = 0; i < len; i++)
      bytes[i] = pattern(t->sent + i);
    struct gc_err err = {0};
    enum gc_code code = gc_stream_send(t->stream, bytes, len, &err);
    t->saw_limit |= code == GC_ERR_LIMIT;
    if (code != GC_OK)
      return;
    t->sent += len;
  }
}

static void on_open(void *ctx) {
  struct talk *t = ctx;
  GATE_CHANGE(&gate, t->opened++);
  if (t->on_open != NULL)
    t->on_open(t);
  pump(t);
}

static void count_round(struct talk *t, size_t len) {
  uint64_t round = gc_loop_rounds(t->loop);
  if (round != t->round)
    t->round_got = 0;
  t->round = round;
  t->round_got += len;
  if (t->round_got > t->round_most)
    t->round_most = t->round_got;
}

static void on_read(void *ctx, const char *bytes, size_t len) {
  struct talk *t = ctx;
  count_round(t, len);
  size_t wrong = 0;
  for (size_t i = 0; i < len; i++)
    wrong += bytes[i] != pattern(t->got + i);
  GATE_CHANGE(&gate, {
    t->got += len;
    t->wrong += wrong;
  });
  if (t->on_read != NULL)
    t->on_read(t);
  pump(t);
}

static void on_closed(void *ctx, enum gc_failure failure,
                      const struct gc_err *err) {
  struct talk *t = ctx;
  GATE_CHANGE(&gate, {
    t->closed++;
    t->failure = failure;
    t->err = *err;
  });
  if (t->on_closed != NULL)
    t->on_closed(t);
}

static bool has_opened(void *ctx) {
  struct talk *t = ctx;
  return t->opened + t->closed > 0;
}
static bool has_closed(void *ctx) { return ((struct talk *)ctx)->closed > 0; }
static bool has_got(void *ctx) {
  struct talk *t = ctx;
  return t->got >= t->want || t->closed > 0;
}

static bool is_closed(struct talk *t) {
  bool closed = false;
  GATE_CHANGE(&gate, closed = t->closed > 0);
  return closed;
}

static struct talk talk_of(const char *url) {
  return (struct talk){.connect = asker_connect(), .url = url, .piece = 16384};
}

static void open_here(void *ctx) {
  struct talk *t = ctx;
  t->events = (struct gc_stream_events){on_open, on_read, on_closed, t};
  t->open_code = gc_stream_open(t->loop, t->url, &t->connect, &t->events,
                                &t->stream, &t->open_err);
}

static void free_here(void *ctx) {
  struct talk *t = ctx;
  gc_stream_free(t->stream);
  t->stream = NULL;
}

static void pump_here(void *ctx) { pump(ctx); }

static void nothing(void *ctx) { (void)ctx; }

static struct gc_loop *started(void) {
  struct gc_err err = {0};
  struct gc_loop *loop = gc_loop_new(&err);
  if (loop == NULL || gc_loop_start(loop, "gc-test", &err) != GC_OK) {
    printf("no loop: %s\n", err.text);
    exit(1);
  }
  return loop;
}

static void talk_begin(struct talk *t) {
  t->loop = started();
  gc_loop_call(t->loop, open_here, t);
  CHECK_INT(t->open_code, GC_OK);
}

static void talk_end(struct talk *t) {
  gc_loop_stop(t->loop);
  gc_stream_free(t->stream);
  gc_loop_free(t->loop);
}

static bool talk_got(struct talk *t, size_t want) {
  t->want = want;
  return gate_wait(&gate, has_got, t) && t->got == want;
}

/* ---- servers ---- */

static void echo(struct conn *c, void *ctx) {
  (void)ctx;
  char bytes[16384];
  ssize_t got;
  while ((got = conn_read(c, bytes, sizeof(bytes))) > 0)
    if (!conn_write(c, bytes, (size_t)got))
      return;
}

static void park(struct conn *c, void *ctx) {
  (void)ctx;
  conn_park(c);
}

/* Says ten bytes of the pattern first, and waits. */
static void greet(struct conn *c, void *ctx) {
  (void)ctx;
  char bytes[10];
  for (size_t i = 0; i < sizeof(bytes); i++)
    bytes[i] = pattern(i);
  if (conn_write(c, bytes, sizeof(bytes)))
    conn_linger(c);
}

static void greet_and_close(struct conn *c, void *ctx) {
  (void)ctx;
  char bytes[10];
  for (size_t i = 0; i < sizeof(bytes); i++)
    bytes[i] = pattern(i);
  conn_write(c, bytes, sizeof(bytes));
}

/* After the first byte: before it, the reset may overtake the connection. */
static void reset(struct conn *c, void *ctx) {
  (void)ctx;
  char byte;
  conn_read(c, &byte, 1);
  conn_reset(c);
}

/* The pattern without end. */
static void flood(struct conn *c, void *ctx) {
  (void)ctx;
  char bytes[16384];
  for (size_t at = 0;; at += sizeof(bytes)) {
    for (size_t i = 0; i < sizeof(bytes); i++)
      bytes[i] = pattern(at + i);
    if (!conn_write(c, bytes, sizeof(bytes)))
      return;
  }
}

/* Reads nothing until `may_read`, then counts what is wrong. */
struct slow_reader {
  bool may_read;
  size_t got, wrong;
  bool has_ended;
};
static bool may_read(void *ctx) {
  return ((struct slow_reader *)ctx)->may_read;
}
static bool has_ended(void *ctx) {
  return ((struct slow_reader *)ctx)->has_ended;
}
static void read_late(struct conn *c, void *ctx) {
  struct slow_reader *r = ctx;
  gate_wait(&gate, may_read, r);
  char bytes[16384];
  ssize_t got;
  while ((got = conn_read(c, bytes, sizeof(bytes))) > 0) {
    for (ssize_t i = 0; i < got; i++)
      r->wrong += bytes[i] != pattern(r->got + (size_t)i);
    r->got += (size_t)got;
  }
  GATE_CHANGE(&gate, r->has_ended = true);
}

static const char *url_at(const struct server *s, const char *scheme) {
  static char urls[16][128];
  static unsigned turn;
  char *url = urls[turn++ % 16];
  snprintf(url, sizeof(urls[0]), "%s://localhost:%d/socket?token=s3cret",
           scheme, server_port(s));
  return url;
}

/* ---- bytes ---- */

/* Which way the bytes go. */
struct way {
  const char *name, *scheme, *proxy;
};
static const struct way ways[] = {
    {"plain", "ws", NULL},
    {"TLS", "wss", NULL},
    {"plain through a proxy", "ws", "http"},
    {"TLS through a proxy", "wss", "http"},
    {"plain through an https proxy", "ws", "https"},
    {"TLS through an https proxy", "wss", "https"},
};

/* A target that runs `serve`, perhaps a proxy, and a talk on the way. */
struct road {
  struct server *target, *proxy;
  struct proxy_plan plan;
  char proxy_url[128];
  struct talk talk;
};

static void road_begin(struct road *r, const struct way *way,
                       void (*serve)(struct conn *c, void *ctx), void *ctx) {
  *r = (struct road){.plan = {.basic = PROXY_BASIC}};
  bool tls = strcmp(way->scheme, "wss") == 0;
  r->target = server_start(&(struct server_plan){
      .serve = serve, .ctx = ctx, .cert = tls ? certs.server : NULL});
  r->talk = talk_of(url_at(r->target, way->scheme));
  r->talk.connect.ca_cert = certs.ca;
  if (way->proxy == NULL)
    return;
  r->proxy = server_start(&(struct server_plan){
      .serve = proxy_serve,
      .ctx = &r->plan,
      .cert = strcmp(way->proxy, "https") == 0 ? certs.server : NULL});
  snprintf(r->proxy_url, sizeof(r->proxy_url),
           "%s://user:" PROXY_PASSWORD "@localhost:%d", way->proxy,
           server_port(r->proxy));
  r->talk.connect.proxy = r->proxy_url;
}

static void road_end(struct road *r) {
  talk_end(&r->talk);
  if (r->proxy != NULL)
    server_stop(r->proxy);
  server_stop(r->target);
}

static void fifty_megabytes_come_back_whole(void) {
  for (size_t i = 0; i < GC_COUNT(ways); i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_begin(&r, &ways[i], echo, NULL);
    r.talk.to_send = 50 * MB;
    talk_begin(&r.talk);
    CHECK(talk_got(&r.talk, 50 * MB));
    CHECK_INT(r.talk.wrong, 0);
    CHECK_INT(r.talk.closed, 0);
    CHECK_STR(r.talk.err.text, "");
    CHECK(r.talk.round_most <= ROUND_MOST_BYTES + READ_BYTES);
    road_end(&r);
    CHECK_INT(r.plan.connects, ways[i].proxy != NULL);
  }
}

static void single_bytes_come_back_whole(void) {
  for (size_t i = 0; i < GC_COUNT(ways); i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_begin(&r, &ways[i], echo, NULL);
    r.talk.to_send = 2000;
    r.talk.piece = 1;
    talk_begin(&r.talk);
    CHECK(talk_got(&r.talk, 2000));
    CHECK_INT(r.talk.wrong, 0);
    road_end(&r);
  }
}

/* The first bytes may have come together with the end of the handshake, where
 * poll does not see them any more. */
static void a_peer_that_speaks_first_is_heard(void) {
  for (size_t i = 0; i < GC_COUNT(ways); i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_begin(&r, &ways[i], greet, NULL);
    r.plan.is_eager = strcmp(ways[i].scheme, "ws") == 0;
    talk_begin(&r.talk);
    CHECK(talk_got(&r.talk, 10));
    CHECK_INT(r.talk.wrong, 0);
    road_end(&r);
  }
}

/* A burst is one round's share and a little more: what is left over lies
 * decoded in the TLS layer when the share is used up, and poll is blind to
 * it. */
enum { BURST_BYTES = ROUND_MOST_BYTES + 100, BURSTS = 40 };

static void say_bursts(struct conn *c, void *ctx) {
  (void)ctx;
  char bytes[16384], byte;
  for (size_t at = 0; conn_read(c, &byte, 1) == 1;)
    for (size_t left = BURST_BYTES, len; left > 0; left -= len) {
      len = left < sizeof(bytes) ? left : sizeof(bytes);
      for (size_t i = 0; i < len; i++)
        bytes[i] = pattern(at++);
      if (!conn_write(c, bytes, len))
        return;
    }
}

static void ask_for_next(struct talk *t) {
  if (t->got == t->to_send * BURST_BYTES && t->to_send < BURSTS)
    t->to_send++;
}

static void what_tls_holds_back_is_read_without_a_poll(void) {
  for (size_t i = 0; i < GC_COUNT(ways); i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_begin(&r, &ways[i], say_bursts, NULL);
    r.talk.on_open = r.talk.on_read = ask_for_next;
    talk_begin(&r.talk);
    CHECK(talk_got(&r.talk, (size_t)BURSTS * BURST_BYTES));
    CHECK_INT(r.talk.wrong, 0);
    road_end(&r);
  }
}

/* A write that TLS has refused must come again with the same bytes. */
static void a_peer_that_reads_late_gets_every_byte(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct slow_reader reader = {.may_read = false};
    struct server *s =
        server_start(&(struct server_plan){.serve = read_late,
                                           .ctx = &reader,
                                           .cert = i == 1 ? certs.server : NULL,
                                           .receive_bytes = 4096});
    struct talk t = talk_of(url_at(s, ways[i].scheme));
    t.connect.ca_cert = certs.ca;
    t.to_send = 64 * MB; /* until it says LIMIT */
    t.piece = 1000;
    talk_begin(&t);
    CHECK(gate_wait(&gate, has_opened, &t));
    for (int again = 0; again < 3; again++)
      gc_loop_call(t.loop, pump_here, &t);
    CHECK(t.saw_limit);
    CHECK_INT(t.closed, 0);
    GATE_CHANGE(&gate, reader.may_read = true);
    /* sending on while the rest drains */
    size_t enough = t.sent + 4 * MB;
    while (t.sent < enough && !is_closed(&t))
      gc_loop_call(t.loop, pump_here, &t);
    CHECK_INT(t.closed, 0);
    talk_end(&t);
    CHECK(gate_wait(&gate, has_ended, &reader));
    CHECK(reader.got > 3 * MB);
    CHECK_INT(reader.wrong, 0);
    server_stop(s);
  }
}

static void a_peer_that_never_reads_is_told_of(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_begin(&r, &ways[i], park, NULL);
    r.talk.to_send = 64 * MB;
    talk_begin(&r.talk);
    CHECK(gate_wait(&gate, has_opened, &r.talk));
    gc_loop_call(r.talk.loop, pump_here, &r.talk);
    CHECK(r.talk.saw_limit);
    CHECK(r.talk.sent < 64 * MB);
    road_end(&r);
  }
}

struct metronome {
  struct gc_loop *loop;
  struct gc_timer timer;
  int left;
};
static void tick(void *ctx, uint64_t now_ms) {
  struct metronome *m = ctx;
  GATE_CHANGE(&gate, m->left--);
  if (m->left > 0)
    gc_timers_set(gc_loop_timers(m->loop), &m->timer, now_ms + 2);
}
static void start_ticking(void *ctx) {
  struct metronome *m = ctx;
  m->timer = (struct gc_timer){.fire = tick, .ctx = m};
  gc_timers_set(gc_loop_timers(m->loop), &m->timer, gc_clock_now_ms());
}
static bool has_ticked(void *ctx) {
  return ((struct metronome *)ctx)->left <= 0;
}

static void a_flood_holds_neither_timers_nor_the_stop(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_begin(&r, &ways[i], flood, NULL);
    talk_begin(&r.talk);
    CHECK(gate_wait(&gate, has_opened, &r.talk));
    struct metronome m = {.loop = r.talk.loop, .left = 50};
    gc_loop_call(r.talk.loop, start_ticking, &m);
    CHECK(gate_wait(&gate, has_ticked, &m));
    uint64_t began_ms = gc_clock_now_ms();
    gc_loop_stop(r.talk.loop);
    CHECK(gc_clock_now_ms() - began_ms < 1000);
    CHECK(r.talk.got > 0);
    CHECK_INT(r.talk.wrong, 0);
    /* the law itself: a share for each round */
    CHECK_THAT(r.talk.round_most <= ROUND_MOST_BYTES + READ_BYTES,
               "%zu bytes in one round", r.talk.round_most);
    road_end(&r);
  }
}

/* As for the idle loop, with an open stream that has nothing to say. */
static void an_open_stream_that_is_quiet_lets_the_loop_sleep(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    road_begin(&r, &ways[i], greet, NULL);
    talk_begin(&r.talk);
    CHECK(talk_got(&r.talk, 10));
    struct metronome m = {.loop = r.talk.loop, .left = 20};
    gc_loop_call(r.talk.loop, nothing, NULL);
    uint64_t before = gc_loop_rounds(r.talk.loop);
    gc_loop_call(r.talk.loop, start_ticking, &m);
    CHECK(gate_wait(&gate, has_ticked, &m));
    uint64_t rounds = gc_loop_rounds(r.talk.loop) - before;
    CHECK_THAT(rounds <= 60, "%llu rounds in 40 quiet ms",
               (unsigned long long)rounds);
    road_end(&r);
  }
}

/* ---- the end ---- */

static void the_end_is_told_once_with_its_reason(void) {
  static const struct {
    const char *name;
    void (*serve)(struct conn *c, void *ctx);
    enum gc_failure failure;
    size_t got;
    const char *words;
  } rows[] = {
      {"peer closes", greet_and_close, GC_FAILURE_NONE, 10,
       "closed by the other side"},
      {"peer resets", reset, GC_FAILURE_BROKEN, 0, "localhost:"},
  };
  for (size_t i = 0; i < 2 * GC_COUNT(rows); i++) {
    size_t n = i / 2;
    CHECK_ROW(rows[n].name);
    struct road r;
    road_begin(&r, &ways[i % 2], rows[n].serve, NULL);
    r.talk.to_send = n;
    talk_begin(&r.talk);
    CHECK(gate_wait(&gate, has_closed, &r.talk));
    gc_loop_call(r.talk.loop, nothing, NULL);
    CHECK_INT(r.talk.closed, 1);
    CHECK_INT(r.talk.failure, rows[n].failure);
    CHECK_INT(r.talk.err.code, GC_ERR_NETWORK);
    CHECK_INT(r.talk.got, rows[n].got);
    CHECK_INT(r.talk.wrong, 0);
    CHECK_HAS(r.talk.err.text, rows[n].words);
    struct gc_err err = {0};
    CHECK_INT(gc_stream_send(r.talk.stream, "x", 1, &err), GC_ERR_NETWORK);
    road_end(&r);
  }
}

static unsigned open_files(void) {
  unsigned count = 0;
  DIR *dir = opendir("/proc/self/fd");
  while (dir != NULL && readdir(dir) != NULL)
    count++;
  if (dir != NULL)
    closedir(dir);
  return count;
}

static void free_closes_the_connection(void) {
  for (size_t i = 0; i < 2; i++) {
    CHECK_ROW(ways[i].name);
    struct slow_reader readers[20];
    struct gc_loop *loop = started();
    unsigned before = 0;
    for (size_t n = 0; n < GC_COUNT(readers); n++) {
      readers[n] = (struct slow_reader){.may_read = true};
      struct server *s = server_start(
          &(struct server_plan){.serve = read_late,
                                .ctx = &readers[n],
                                .cert = i == 1 ? certs.server : NULL});
      struct talk t = talk_of(url_at(s, ways[i].scheme));
      t.connect.ca_cert = certs.ca;
      t.to_send = 1000;
      t.loop = loop;
      gc_loop_call(loop, open_here, &t);
      CHECK(gate_wait(&gate, has_opened, &t));
      gc_loop_call(loop, free_here, &t);
      CHECK(gate_wait(&gate, has_ended, &readers[n]));
      CHECK_INT(readers[n].got, 1000);
      CHECK_INT(t.closed, 0);
      server_stop(s);
      if (n == 0)
        before = open_files();
    }
    CHECK_INT(open_files(), before);
    gc_loop_stop(loop);
    gc_loop_free(loop);
  }
}

static void free_now(struct talk *t) { free_here(t); }

static void a_stream_may_be_freed_inside_its_callbacks(void) {
  static const char *const names[] = {"open", "read", "closed",
                                      "closed by a failure"};
  for (size_t i = 0; i < 2 * GC_COUNT(names); i++) {
    size_t n = i / 2;
    CHECK_ROW(names[n]);
    struct road r;
    road_begin(&r, &ways[i % 2], n == 3 ? reset : greet_and_close, NULL);
    r.talk.to_send = n == 3;
    if (n == 0)
      r.talk.on_open = free_now;
    if (n == 1)
      r.talk.on_read = free_now;
    if (n >= 2)
      r.talk.on_closed = free_now;
    talk_begin(&r.talk);
    if (n == 0)
      CHECK(gate_wait(&gate, has_opened, &r.talk));
    if (n == 1)
      CHECK(talk_got(&r.talk, 10));
    if (n >= 2)
      CHECK(gate_wait(&gate, has_closed, &r.talk));
    gc_loop_call(r.talk.loop, nothing, NULL);
    CHECK_INT(r.talk.closed, n >= 2);
    CHECK(r.talk.stream == NULL);
    road_end(&r);
  }
}

/* Inside a sink libcurl itself allows nothing (CURLM_RECURSIVE_API_CALL). */
static void send_in_sink(struct ask *q) { pump(q->ctx); }
static void free_in_sink(struct ask *q) { free_here(q->ctx); }
static void open_in_sink(struct ask *q) { open_here(q->ctx); }
static void open_and_free_in_sink(struct ask *q) {
  open_here(q->ctx);
  free_here(q->ctx);
}

static void streams_may_be_used_inside_a_sink(void) {
  static const struct {
    const char *name;
    void (*inside)(struct ask *q);
    bool opens_before;
    size_t got;
  } rows[] = {{"send", send_in_sink, true, 5000},
              {"free", free_in_sink, true, 0},
              {"open", open_in_sink, false, 5000},
              {"open and free", open_and_free_in_sink, false, 0}};
  struct server *web = server_start(&(struct server_plan){.serve = web_serve});
  struct server *s =
      server_start(&(struct server_plan){.serve = echo, .cert = certs.server});
  char page[128];
  snprintf(page, sizeof(page), "http://localhost:%d/hello", server_port(web));
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    struct asker a;
    struct ask q;
    asker_begin(&a, NULL);
    struct talk t = talk_of(url_at(s, "wss"));
    t.connect.ca_cert = certs.ca;
    t.loop = a.loop;
    if (rows[i].opens_before) {
      gc_loop_call(a.loop, open_here, &t);
      CHECK(gate_wait(&gate, has_opened, &t));
      gc_loop_call(a.loop, nothing, NULL); /* on_open has returned */
    }
    t.to_send = 5000;
    ask_init(&q, &a, page);
    q.ctx = &t;
    q.inside = rows[i].inside;
    ask_start(&q);
    CHECK(ask_wait(&q));
    CHECK_STR(q.got, "hello");
    if (rows[i].got > 0)
      CHECK(talk_got(&t, rows[i].got));
    gc_loop_call(a.loop, free_here, &t);
    CHECK_INT(t.closed, 0);
    CHECK_INT(t.wrong, 0);
    asker_end(&a);
  }
  server_stop(s);
  server_stop(web);
}

/* ---- the beginning ---- */

static void a_stream_has_a_connection_of_its_own(void) {
  struct server *web = server_start(&(struct server_plan){.serve = web_serve});
  char page[128];
  snprintf(page, sizeof(page), "http://localhost:%d/hello", server_port(web));
  struct asker a;
  struct ask q;
  asker_begin(&a, NULL);
  CHECK(ask_get(&q, &a, page)); /* its connection is kept */
  struct talk t = talk_of(page);
  t.loop = a.loop;
  gc_loop_call(a.loop, open_here, &t);
  CHECK(gate_wait(&gate, has_opened, &t));
  uint64_t until_ms = gc_clock_now_ms() + 5000;
  while (server_accepted(web) < 2 && gc_clock_now_ms() < until_ms)
    gc_loop_call(a.loop, nothing, NULL);
  CHECK_INT(server_accepted(web), 2);
  CHECK(ask_get(&q, &a, page)); /* and used again */
  CHECK_STR(q.got, "hello");
  gc_loop_call(a.loop, free_here, &t);
  asker_end(&a);
  CHECK_INT(server_accepted(web), 2);
  server_stop(web);
}

static void an_address_that_cannot_be_used_is_refused_at_once(void) {
  static const char *const urls[] = {
      "ftp://localhost/", "nonsense",   "",
      "wss://",           "wss://a b/", "wss://h:port/"};
  struct gc_loop *loop = started();
  for (size_t i = 0; i < GC_COUNT(urls); i++) {
    CHECK_ROW(urls[i]);
    struct talk t = talk_of(urls[i]);
    t.loop = loop;
    gc_loop_call(loop, open_here, &t);
    CHECK_INT(t.open_code, GC_ERR_CONFIG);
    CHECK(t.stream == NULL);
    CHECK_HAS(t.open_err.text, "wss://");
  }
  gc_loop_stop(loop);
  gc_loop_free(loop);
}

/* `url` NULL: of a server that runs `serve`. */
struct start_row {
  const char *name, *url, *scheme, *cert;
  void (*serve)(struct conn *c, void *ctx);
  struct proxy_plan plan;
  bool has_proxy;
  enum gc_failure failure;
  enum gc_code code;
  const char *words;
};

static void fail_to_start(const struct start_row *row) {
  CHECK_ROW(row->name);
  struct proxy_plan plan = row->plan;
  struct server *s = server_start(&(struct server_plan){
      .serve = row->serve != NULL ? row->serve : park, .cert = row->cert});
  struct server *p =
      server_start(&(struct server_plan){.serve = proxy_serve, .ctx = &plan});
  char proxy[128];
  snprintf(proxy, sizeof(proxy), "http://user:" PROXY_PASSWORD "@localhost:%d",
           server_port(p));
  struct talk t = talk_of(row->url != NULL ? row->url : url_at(s, row->scheme));
  t.connect.ca_cert = certs.ca;
  t.connect.connect_timeout_ms =
      row->failure == GC_FAILURE_TIMEOUT ? 150 : 10000;
  t.connect.proxy = row->has_proxy ? proxy : NULL;
  uint64_t began_ms = gc_clock_now_ms();
  talk_begin(&t);
  CHECK(gate_wait(&gate, has_closed, &t));
  CHECK(gc_clock_now_ms() - began_ms < 5000);
  CHECK_INT(t.opened, 0);
  CHECK_INT(t.closed, 1);
  CHECK_INT(t.failure, row->failure);
  CHECK_INT(t.err.code, row->code);
  CHECK_HAS(t.err.text, row->words);
  CHECK(strstr(t.err.text, "s3cret") == NULL);
  CHECK(strstr(t.err.text, PROXY_PASSWORD) == NULL);
  talk_end(&t);
  server_stop(p);
  server_stop(s);
}

static void what_cannot_be_reached_says_why(void) {
  const struct start_row rows[] = {
      {.name = "no address, wss",
       .url = "wss://nowhere.test/?token=s3cret",
       .failure = GC_FAILURE_RESOLVE,
       .code = GC_ERR_NETWORK,
       .words = "nowhere.test:443: "},
      {.name = "no address, ws",
       .url = "WS://nowhere.test/?token=s3cret",
       .failure = GC_FAILURE_RESOLVE,
       .code = GC_ERR_NETWORK,
       .words = "nowhere.test:80: "},
      {.name = "nobody there",
       .url = "wss://localhost:1/",
       .failure = GC_FAILURE_CONNECT,
       .code = GC_ERR_NETWORK,
       .words = "check Region"},
      {.name = "expired",
       .scheme = "wss",
       .cert = certs.expired,
       .failure = GC_FAILURE_TLS,
       .code = GC_ERR_TLS,
       .words = "check CACert"},
      {.name = "another host's certificate",
       .scheme = "wss",
       .cert = certs.wrong_host,
       .failure = GC_FAILURE_TLS,
       .code = GC_ERR_TLS,
       .words = "another host's"},
      {.name = "no TLS handshake",
       .scheme = "wss",
       .failure = GC_FAILURE_TIMEOUT,
       .code = GC_ERR_TIMEOUT,
       .words = "check Timeout"},
      {.name = "the resolver hangs",
       .url = "wss://hang.test/",
       .failure = GC_FAILURE_TIMEOUT,
       .code = GC_ERR_TIMEOUT,
       .words = "check Timeout"},
      {.name = "the proxy is silent",
       .scheme = "ws",
       .plan = {.is_silent = true},
       .has_proxy = true,
       .failure = GC_FAILURE_TIMEOUT,
       .code = GC_ERR_TIMEOUT,
       .words = "check Timeout"},
      {.name = "the proxy wants another password",
       .scheme = "wss",
       .plan = {.basic = "b3RoZXI6b3RoZXI="},
       .has_proxy = true,
       .failure = GC_FAILURE_PROXY,
       .code = GC_ERR_NETWORK,
       .words = "it wants a user and a password"},
      {.name = "the proxy refuses",
       .scheme = "ws",
       .plan = {.refuse = 403},
       .has_proxy = true,
       .failure = GC_FAILURE_PROXY,
       .code = GC_ERR_NETWORK,
       .words = "answered 403"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    fail_to_start(&rows[i]);
  resolver_release();
}

static void a_stop_while_connecting_does_not_hang(void) {
  struct talk t = talk_of("wss://hang.test/");
  talk_begin(&t);
  while (resolver_hanging() == 0)
    gc_loop_call(t.loop, nothing, NULL);
  uint64_t began_ms = gc_clock_now_ms();
  talk_end(&t);
  CHECK(gc_clock_now_ms() - began_ms < 2000);
  CHECK_INT(t.opened + t.closed, 0);
  resolver_release();
}

int main(void) {
  static const char *const proxies[] = {
      "http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy",
      "ALL_PROXY",  "no_proxy",    "NO_PROXY"};
  for (size_t i = 0; i < GC_COUNT(proxies); i++)
    unsetenv(proxies[i]);
  certs_make(&certs);

  RUN(fifty_megabytes_come_back_whole);
  RUN(single_bytes_come_back_whole);
  RUN(a_peer_that_speaks_first_is_heard);
  RUN(what_tls_holds_back_is_read_without_a_poll);
  RUN(a_peer_that_reads_late_gets_every_byte);
  RUN(a_peer_that_never_reads_is_told_of);
  RUN(a_flood_holds_neither_timers_nor_the_stop);
  RUN(an_open_stream_that_is_quiet_lets_the_loop_sleep);
  RUN(the_end_is_told_once_with_its_reason);
  RUN(free_closes_the_connection);
  RUN(a_stream_may_be_freed_inside_its_callbacks);
  RUN(streams_may_be_used_inside_a_sink);
  RUN(a_stream_has_a_connection_of_its_own);
  RUN(an_address_that_cannot_be_used_is_refused_at_once);
  RUN(what_cannot_be_reached_says_why);
  RUN(a_stop_while_connecting_does_not_hang);

  certs_remove(&certs);
  return check_done();
}
