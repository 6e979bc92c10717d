/* SPDX-License-Identifier: MIT */
/* A writer whose disk hangs, when collectd stops. */
#include "plugins/genesys_flowmetrics/ledger/internal.h"

#include <stdlib.h>

#include "common/net/clock.h"
#include "common/net/redis/link.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"

enum { STOP_MS = 300, BOUND_MS = 30000 };

static struct gate gate = GATE_INIT;
static bool is_hanging;
static unsigned entered, left, finished, notices;

/* ---- a store that hangs ---- */

static enum gc_code open_it(struct ledger *l, struct gc_err *err) {
  (void)l, (void)err;
  return GC_OK;
}

static enum gc_code hang_commit(struct ledger *l, struct batch *batches,
                                size_t count, struct gc_err *err) {
  (void)l, (void)count, (void)err;
  pthread_mutex_lock(&gate.lock);
  entered++;
  pthread_cond_broadcast(&gate.changed);
  while (is_hanging)
    pthread_cond_wait(&gate.changed, &gate.lock);
  left++;
  pthread_mutex_unlock(&gate.lock);
  for (struct batch *b = batches; b != NULL; b = b->next)
    b->ahead = 0; /* the batches are not freed */
  return GC_OK;
}

static void maintain_it(struct ledger *l) { (void)l; }
static void close_it(struct ledger *l) { (void)l; }

static const struct ledger_store hanging = {open_it, hang_commit, maintain_it,
                                            close_it};

/* ---- the ledger's owner ---- */

static int64_t wall_clock_ms(void) { return INT64_C(1800000000000); }

static void count_notice(void *ctx, const char *cause,
                         const struct gc_err *err) {
  (void)ctx, (void)cause, (void)err;
  GATE_CHANGE(&gate, notices++);
}

static void count_batch(struct batch *b, enum gc_code code) {
  (void)b, (void)code;
  GATE_CHANGE(&gate, finished++);
}

static struct stats stats;
static struct ledger_source source = {.scope = "h", .stats = &stats};
static struct ledger *ledger;
static struct ledger *left_behind; /* with its writer, as in the plugin */
static struct batch batch = {.source = &source, .done = count_batch};

static bool has_entered(void *ctx) {
  (void)ctx;
  return entered == 1;
}

static bool writer_has_ended(void) {
  pthread_mutex_lock(&ledger->lock);
  bool has_ended = !ledger->is_running;
  pthread_mutex_unlock(&ledger->lock);
  return has_ended;
}

static void start_ledger(uint32_t stop_max_ms) {
  struct gc_err err = {.code = GC_OK};
  const struct ledger_options settings = {.folder = "/nowhere",
                                          .retention_ms = 86400000,
                                          .wall_ms = wall_clock_ms,
                                          .stop_max_ms = stop_max_ms,
                                          .notice = count_notice};
  entered = left = finished = notices = 0;
  is_hanging = true;
  batch.next = NULL;
  ledger = ledger_new(&settings, &err);
  ledger->store = &hanging;
  CHECK_INT(ledger_start(ledger, &err), GC_OK);
  ledger_submit(ledger, &batch);
  CHECK(gate_wait(&gate, has_entered, NULL));
}

static void a_stop_leaves_a_writer_that_hangs(void) {
  start_ledger(STOP_MS);
  left_behind = ledger;
  uint64_t began_ms = gc_clock_now_ms();
  CHECK(!ledger_stop(ledger));
  CHECK(!ledger_stop(ledger)); /* at once */
  CHECK(gc_clock_now_ms() - began_ms < BOUND_MS);
  unsigned before = gate_read(&gate, &notices);
  ledger_free(ledger); /* frees nothing */

  struct batch late = {.source = &source, .done = count_batch};
  ledger_submit(ledger, &late);
  CHECK_INT(gate_read(&gate, &finished), 1); /* the late one is returned */

  GATE_CHANGE(&gate, is_hanging = false);
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (!writer_has_ended() && gc_clock_now_ms() < until_ms)
    continue;
  CHECK(writer_has_ended());
  CHECK_INT(gate_read(&gate, &left), 1);
  CHECK_INT(gate_read(&gate, &finished), 1); /* its source may be gone */
  CHECK_INT(gate_read(&gate, &notices), before);
  CHECK(!ledger_stop(left_behind));
}

static void a_disk_that_answers_in_time_is_waited_for(void) {
  start_ledger(0);
  GATE_CHANGE(&gate, is_hanging = false);
  CHECK(ledger_stop(ledger));
  CHECK_INT(gate_read(&gate, &finished), 1);
  ledger_free(ledger);
}

static void a_writer_that_hangs_for_long_is_reported(void) {
  static struct redis_settings shared;
  struct gc_err err = {.code = GC_OK};
  start_ledger(0);
  CHECK(!ledger_hangs(ledger, &err));
  pthread_mutex_lock(&ledger->lock);
  CHECK(ledger->works_since_ms != 0);
  ledger->works_since_ms -= 8000; /* eight seconds later */
  ledger->is_healthy = true;
  pthread_mutex_unlock(&ledger->lock);
  CHECK(ledger_hangs(ledger, &err));
  CHECK_HAS(err.text, "/nowhere/flowmetrics.db: no answer of the file system");
  CHECK(!ledger_is_healthy(ledger));
  /* With a Redis the limit is longer, because its own time-outs come first. */
  ledger->options.redis = &shared;
  CHECK(!ledger_hangs(ledger, &err));
  pthread_mutex_lock(&ledger->lock);
  ledger->works_since_ms -= 22000;
  pthread_mutex_unlock(&ledger->lock);
  CHECK(ledger_hangs(ledger, &err));
  CHECK_HAS(err.text, "state file of StateURL (CACert, StatePasswordFile): no "
                      "answer of the file system");
  ledger->options.redis = NULL;
  GATE_CHANGE(&gate, is_hanging = false);
  CHECK(ledger_stop(ledger));
  CHECK(!ledger_hangs(ledger, &err));
  ledger_free(ledger);
}

int main(void) {
  RUN(a_stop_leaves_a_writer_that_hangs);
  RUN(a_disk_that_answers_in_time_is_waited_for);
  RUN(a_writer_that_hangs_for_long_is_reported);
  return check_done();
}
