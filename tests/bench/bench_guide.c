/* SPDX-License-Identifier: MIT */
/* Our side of the guide stream's benchmark: the whole production path from the
 * socket of guide_sender (socket/tcp_stream, socket/websocket, the frames, the
 * decoder, the lock, the model) on the account's network thread.
 *
 *   bench_guide PORT [CA]
 *
 * Prints one line of JSON as the references do: the counts, and the time from
 * the opening of the stream to its end. */
#include <inttypes.h>
#include <string.h>

#include "common/net/account.h"
#include "plugins/genesys_realtime/stream/stream.h"
#include "tests/bench/lap.h"
#include "tests/bench/resident.h"
#include "tests/support/deadline.h"

enum {
  READ_EVERY_MS = 10000,
  NO_MORE_S = 600, /* no second connection */
  PAIRS_MAX = 64,
  DEADLINES_MAX = 3, /* times DEADLINE_S */
};

static struct gate gate = GATE_INIT;

struct run {
  struct gc_account *account;
  struct stream *stream;
  struct lap lap;
  double cpu_s;          /* of the whole process */
  bool is_open, is_over; /* is_over: under the gate */
};

/* The counts in the dispatched values. */
struct reported {
  int64_t events, others, waits, active;
  size_t pairs;
  struct {
    char name[32]; /* "waiting-alerting" */
    int64_t count;
  } changes[PAIRS_MAX];
};

static double process_cpu_s(void) {
  return lap_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static bool is_over(void *ctx) { return ((struct run *)ctx)->is_over; }

/* ---- the stream, on the account's thread ---- */

static void on_open(struct run *r) {
  r->is_open = true;
  r->cpu_s = process_cpu_s();
  r->lap = lap_begin();
}

static void on_end(struct run *r) {
  r->is_open = false;
  r->lap = lap_end(r->lap);
  r->cpu_s = process_cpu_s() - r->cpu_s;
  GATE_CHANGE(&gate, r->is_over = true);
}

static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  struct run *r = ctx;
  if (strcmp(cause, "stream") != 0)
    return;
  if (err->code == GC_OK)
    on_open(r);
  else if (r->is_open)
    on_end(r);
  else
    fprintf(stderr, "bench: %s\n", err->text);
}

static void begin_here(void *ctx) {
  struct run *r = ctx;
  stream_select(r->stream, &(struct selection){.ids = NULL});
}

static void end_here(void *ctx) { stream_stop(((struct run *)ctx)->stream); }

static void make_stream(struct run *r) {
  static double bounds[] = {.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10};
  static struct queues_options options = {
      .interval_s = 10,
      .stream = STREAM_CONVERSATIONS,
      .observations = OBS_OFF,
      .wait_buckets = {bounds, GC_COUNT(bounds)},
      .target_s = 20,
      .idle_timeout_s = 40,
      .reconnect_min_s = NO_MORE_S,
      .reconnect_max_s = NO_MORE_S,
      .conversations_max = 200000,
      .conversation_age_s = 86400};
  struct queues_deps deps = {
      .env = gc_account_parts(r->account)->env,
      .api = gc_account_parts(r->account)->api,
      .names = gc_account_parts(r->account)->names,
      .channels = gc_account_parts(r->account)->channels,
      .driver = gc_socket_driver_ws(gc_account_parts(r->account)->loop),
      .connect = &gc_account_options(r->account)->connect,
      .base_url = gc_account_options(r->account)->base_url,
      .notice = on_notice,
      .socket_notice = on_notice,
      .ctx = r};
  r->stream = stream_new(&options, &deps, NULL, NULL);
}

/* ---- the account ---- */

static char *make_url(const char *port, const char *ca, const char *path) {
  char text[128];
  snprintf(text, sizeof(text), "http%s://127.0.0.1:%s%s", ca ? "s" : "", port,
           path);
  return strdup(text);
}

static struct gc_account *open_account(const char *port, const char *ca) {
  struct gc_err err = {.code = GC_OK};
  struct gc_account_options s = {.name = strdup("bench"),
                                 .region = strdup("test"),
                                 .base_url = make_url(port, ca, ""),
                                 .token_url =
                                     make_url(port, ca, "/oauth/token"),
                                 .client_id = strdup("bench"),
                                 .secret_literal = strdup("secret"),
                                 .requests_per_minute = 250,
                                 .max_concurrent = 4,
                                 .token_margin_s = 300,
                                 .connect = {.timeout_ms = 10000,
                                             .connect_timeout_ms = 5000,
                                             .verify_peer = true,
                                             .verify_host = true,
                                             .ca_cert = ca ? strdup(ca) : NULL,
                                             .no_proxy = strdup("*")}};
  exit_unless(gc_accounts_define(&s, &err) == GC_OK, err.text);
  struct gc_account *account = gc_account_get("bench", &err);
  exit_unless(account != NULL, err.text);
  return account;
}

/* ---- the results ---- */

static void add_change(struct reported *t, const char *qualifier,
                       int64_t count) {
  const char *name = strchr(qualifier, '-') + 1; /* "voice-waiting-alerting" */
  size_t i = 0;
  while (i < t->pairs && strcmp(t->changes[i].name, name) != 0)
    i++;
  exit_unless(i < PAIRS_MAX, "more changes than there can be");
  if (i == t->pairs)
    snprintf(t->changes[t->pairs++].name, sizeof(t->changes[0].name), "%s",
             name);
  t->changes[i].count += count;
}

static void add_up(void *ctx, const struct gc_sample *s) {
  struct reported *t = ctx;
  if (s->metric == GC_METRIC_STATE_CHANGES)
    add_change(t, s->qualifier, s->values[0].derive);
  if (s->metric == GC_METRIC_QUEUE_WAIT_COUNT)
    t->waits += s->values[0].derive;
  if (s->metric == GC_METRIC_EVENTS && strcmp(s->qualifier, "received") == 0)
    t->events += s->values[0].derive;
  if (s->metric == GC_METRIC_EVENTS && strcmp(s->qualifier, "other") == 0)
    t->others += s->values[0].derive;
  /* The gauges of an ended stream have no values; this one has. */
  if (s->metric == GC_METRIC_CONVERSATIONS && strcmp(s->qualifier, "live") == 0)
    t->active = (int64_t)s->values[0].gauge;
}

static void drop_sample(void *ctx, const struct gc_sample *s) {
  (void)ctx;
  (void)s;
}

static bool accepts_all(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  (void)queue;
  return true;
}

static void put_reported(const struct reported *t, const struct run *r) {
  printf("{\"wall_s\":%.6f,\"cpu_s\":%.6f,\"thread_cpu_s\":%.6f,"
         "\"rss_kb\":%ld,\"totals\":{\"events\":%" PRId64 ",\"others\":%" PRId64
         ",\"active\":%" PRId64 ",\"waits\":%" PRId64 ",\"changes\":{",
         r->lap.wall_s, r->cpu_s, r->lap.cpu_s, resident_kb("VmHWM"), t->events,
         t->others, t->active, t->waits);
  for (size_t i = 0; i < t->pairs; i++)
    printf("%s\"%s\":%" PRId64, i > 0 ? "," : "", t->changes[i].name,
           t->changes[i].count);
  printf("}}}\n");
}

/* A series begins with 0: the second reading has the counts. */
static void print_totals(const struct run *r) {
  struct reported reported = {0};
  struct queue_display view = {.accepts = accepts_all, .label = QUEUE_LABEL_ID};
  stream_read(r->stream, &view, &(struct gc_samples){drop_sample, NULL});
  stream_read(r->stream, &view, &(struct gc_samples){add_up, &reported});
  stream_read_state(r->stream, "bench", READ_EVERY_MS,
                    &(struct gc_samples){add_up, &reported});
  put_reported(&reported, r);
}

static void on_account_notice(const char *account, const char *cause,
                              const struct gc_err *err) {
  (void)account;
  if (err->code != GC_OK)
    fprintf(stderr, "bench: %s: %s\n", cause, err->text);
}

int main(int argc, char **argv) {
  static const struct gc_accounts_hooks hooks = {.notice = on_account_notice};
  exit_unless(argc == 2 || argc == 3, "usage: bench_guide PORT [CA]");
  struct run r = {.is_open = false};
  gc_accounts_set_hooks(&hooks);
  r.account = open_account(argv[1], argv[2]);
  make_stream(&r);
  gc_loop_call(gc_account_parts(r.account)->loop, begin_here, &r);
  bool ended = false; /* one gate_wait lasts at most DEADLINE_S */
  for (int i = 0; i < DEADLINES_MAX && !ended; i++)
    ended = gate_wait(&gate, is_over, &r);
  exit_unless(ended, "the stream did not end in time");
  print_totals(&r);
  gc_accounts_stop();
  gc_loop_call(gc_account_parts(r.account)->loop, end_here, &r);
  stream_free(r.stream);
  gc_account_put(r.account);
  gc_accounts_close();
  return 0;
}
