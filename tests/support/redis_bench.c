/* SPDX-License-Identifier: MIT */
#include "tests/support/redis_bench.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/ledger_view.h"

struct redis_server rb_server;

static struct gate gate = GATE_INIT;

int64_t rb_now_ms;
_Atomic int64_t rb_later_ms;

static int64_t wall_clock_ms(void) { return NOW + rb_later_ms; }

static void note_failure(void *ctx, const char *cause,
                         const struct gc_err *err) {
  struct agent *a = ctx;
  GATE_CHANGE(&gate, if (strcmp(cause, "state") == 0) a->state = *err;
              else if (strcmp(cause, "durability of the state") == 0)
                  a->durability = *err;
              else if (strcmp(cause, "clock of Redis") == 0) a->clock = *err;
              else a->forgotten = *err;);
}

void rb_begin(struct agent *a, const char *url, const char *host,
              const char *block) {
  struct gc_err err = {.text = ""};
  CHECK_INT(redis_url_parse(url, &a->redis.url, &err), GC_OK);
  a->redis.tls = &a->tls;
  a->redis.user = a->user;
  a->redis.password_file = a->password_file;
  a->state = (struct gc_err){.code = GC_CODE_COUNT};
  int64_t retention_ms =
      a->retention_ms != 0 ? a->retention_ms : 24 * HOUR * MINUTE;
  const struct ledger_options settings = {.folder = "/nonexistent",
                                          .redis = &a->redis,
                                          .retention_ms = retention_ms,
                                          .wall_ms = wall_clock_ms,
                                          .notice = note_failure,
                                          .ctx = a};
  a->ledger = ledger_new(&settings, &err);
  CHECK(a->ledger != NULL);
  struct ledger_identity of = {
      .scope = "", .host = host, .block = "another", .lease = a->lease};
  ledger_identify(a->ledger, &of);
  of.block = block;
  ledger_identify(a->ledger, &of);
  a->source =
      (struct ledger_source){.scope = "",
                             .retention_ms = retention_ms,
                             .max_series = 10,
                             .values = true,
                             .stats = &a->stats,
                             .is_shared = ledger_is_shared(a->ledger),
                             .identity = ledger_identity(a->ledger, "", block)};
  if (a->plain_host != NULL) {
    of = (struct ledger_identity){
        .scope = a->plain_host, .host = a->plain_host, .block = block};
    ledger_identify(a->ledger, &of);
    a->plain = a->source;
    a->plain.scope = a->plain_host;
    a->plain.identity = ledger_identity(a->ledger, a->plain_host, block);
  }
  CHECK(a->source.is_shared);
  CHECK_INT(a->source.identity, 1);
  CHECK_INT(ledger_start(a->ledger, NULL), GC_OK);
}

void rb_end(struct agent *a) {
  ledger_free(a->ledger);
  *a = (struct agent){.ledger = NULL};
}

static void on_done(struct batch *b, enum gc_code code) {
  struct tracked *t = (struct tracked *)b;
  GATE_CHANGE(&gate, t->code = code; t->is_back = true; t->agent->finished++;
              t->agent->failed += code != GC_OK);
}

void rb_put(struct tracked *t, const char *conversation, const char *metric,
            unsigned number, int64_t time_ms, double value) {
  char name[64];
  int len = snprintf(name, sizeof(name), "%s %u %lld", metric, number,
                     (long long)time_ms);
  struct event_metric m = {.conversation = conversation,
                           .name = name,
                           .name_len = (size_t)len,
                           .has_value = value != 0,
                           .value = value};
  m.parts = (struct attribute){.flow = "Flow: a/b",
                               .flow_len = 9,
                               .metric = metric,
                               .metric_len = strlen(metric),
                               .time_ms = time_ms};
  if (batch_add(&t->batch, &m) != GC_OK)
    abort();
}

void rb_prepare(struct tracked *t, struct agent *a) {
  *t = (struct tracked){.agent = a};
  t->batch.source = &a->source;
  t->batch.done = on_done;
}

static bool is_back(void *ctx) { return ((struct tracked *)ctx)->is_back; }

enum gc_code rb_hand_in(struct tracked *t) {
  t->is_back = false;
  ledger_submit(t->agent->ledger, &t->batch);
  return gate_wait(&gate, is_back, t) ? t->code : GC_CODE_COUNT;
}

bool rb_try_deliver(struct tracked *t) {
  const struct timespec pause = {.tv_nsec = 2000000};
  uint64_t until = gc_clock_now_ms() + DEADLINE_S * 1000;
  enum gc_code code;
  while ((code = rb_hand_in(t)) != GC_OK && gc_clock_now_ms() < until)
    nanosleep(&pause, NULL);
  return code == GC_OK;
}

void rb_deliver(struct tracked *t) { CHECK(rb_try_deliver(t)); }

void rb_count_one(struct agent *a, const char *metric, unsigned number,
                  double value) {
  struct tracked t;
  rb_prepare(&t, a);
  rb_put(&t, "c", metric, number, NOW, value);
  rb_deliver(&t);
  batch_clear(&t.batch);
}

struct ledger_view rb_view_of(struct agent *a, const char *metric) {
  return ledger_view_of(a->ledger, metric);
}

int64_t rb_count_of(struct agent *a, const char *metric) {
  return rb_view_of(a, metric).count;
}

static bool is_reported(void *ctx) {
  return ((struct gc_err *)ctx)->code != GC_CODE_COUNT;
}

void rb_wait_reported(const struct gc_err *what) {
  CHECK(gate_wait(&gate, is_reported, (void *)what));
}

struct gc_err rb_report_of(const struct gc_err *what) {
  pthread_mutex_lock(&gate.lock);
  struct gc_err copy = *what;
  pthread_mutex_unlock(&gate.lock);
  return copy;
}

void rb_forget_report(struct gc_err *what) {
  GATE_CHANGE(&gate, what->code = GC_CODE_COUNT;);
}

bool rb_is_shown(struct agent *a) {
  const struct timespec pause = {.tv_nsec = 2000000};
  uint64_t until = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (!rb_view_of(a, "A").is_shown && gc_clock_now_ms() < until)
    nanosleep(&pause, NULL);
  return rb_view_of(a, "A").is_shown;
}

void rb_write_secret(char path[128], const char *text) {
  snprintf(path, 128, "%s/secret", rb_server.folder);
  FILE *f = fopen(path, "w");
  CHECK(f != NULL);
  fprintf(f, "%s\n", text);
  fclose(f);
}

const char *rb_ask_seen(const char *verb) {
  char words[96];
  snprintf(words, sizeof(words), "%s genesys:{flowmetrics}:seen:%lld", verb,
           (long long)(NOW / MINUTE));
  return redis_server_ask(&rb_server, words);
}

bool rb_is_pruned(void) {
  const struct timespec pause = {.tv_nsec = 2000000};
  uint64_t until = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (strcmp(rb_ask_seen("EXISTS"), "0") != 0 && gc_clock_now_ms() < until)
    nanosleep(&pause, NULL);
  return strcmp(rb_ask_seen("EXISTS"), "0") == 0;
}

bool rb_is_ready(void) {
  signal(SIGPIPE, SIG_IGN);
  rb_now_ms = gc_clock_wall_ms() / MINUTE * MINUTE;
  return redis_is_installed();
}
