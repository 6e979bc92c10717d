/* SPDX-License-Identifier: MIT */
/* The writer with many sources at once, and the values that readers see. */
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/net/clock.h"
#include "plugins/genesys_flowmetrics/samples.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"

#define MINUTE INT64_C(60000)
#define NOW (INT64_C(30000000) * MINUTE)
enum { HOUR = 60 };

static char folder[64];
static struct stats stats;
static struct ledger_source source = {.scope = "h",
                                      .retention_ms = 24 * HOUR * MINUTE,
                                      .max_series = 10,
                                      .values = true,
                                      .stats = &stats};
static struct gc_err last_state, last_moved, last_series, last_names;
static struct gate gate = GATE_INIT;
static unsigned finished, failed;

static _Atomic int64_t later_ms; /* than NOW */

static int64_t wall(void) { return NOW + later_ms; }

static void notice(void *ctx, const char *cause, const struct gc_err *err) {
  struct gc_err *at = strcmp(cause, "state") == 0    ? &last_state
                      : strcmp(cause, "series") == 0 ? &last_series
                      : strcmp(cause, "names") == 0  ? &last_names
                                                     : &last_moved;
  (void)ctx;
  GATE_CHANGE(&gate, *at = *err);
}

static void fresh_folder(void) {
  snprintf(folder, sizeof(folder), "/tmp/gc-ledger-XXXXXX");
  CHECK(mkdtemp(folder) != NULL);
  memset(&stats, 0, sizeof(stats));
  finished = failed = 0;
}

static void remove_folder(void) {
  char command[128];
  snprintf(command, sizeof(command), "rm -rf %s", folder);
  CHECK_INT(system(command), 0);
}

static struct ledger *start(void) {
  const struct ledger_settings settings = {.folder = folder,
                                           .retention_ms = 24 * HOUR * MINUTE,
                                           .wall_ms = wall,
                                           .notice = notice};
  struct ledger *l = ledger_new(&settings, NULL);
  CHECK(l != NULL);
  CHECK_INT(ledger_start(l, NULL), GC_OK);
  return l;
}

static void on_done(struct batch *b, enum gc_code code) {
  GATE_CHANGE(&gate, finished++; failed += code != GC_OK);
  batch_clear(b);
  free(b);
}

static struct batch *batch_new(void) {
  struct batch *b = calloc(1, sizeof(*b));
  b->source = &source;
  b->done = on_done;
  return b;
}

static void put_attribute(struct batch *b, const char *conversation,
                          const char *metric, unsigned number, int64_t time_ms,
                          const char *value) {
  char name[64];
  int len = snprintf(name, sizeof(name), "%s %u %lld", metric, number,
                     (long long)time_ms);
  struct event_metric m = {.conversation = conversation,
                           .name = name,
                           .name_len = (size_t)len,
                           .kind = value != NULL ? VALUE_NUMBER : VALUE_OTHER,
                           .value = value != NULL ? atof(value) : 0};
  m.parts = (struct attribute){.flow = "Flow",
                               .flow_len = 4,
                               .metric = metric,
                               .metric_len = strlen(metric),
                               .time_ms = time_ms};
  if (batch_add(b, &m) != GC_OK)
    abort(); /* on other threads too: no check */
}

static bool all_finished(void *ctx) { return finished >= *(unsigned *)ctx; }
static void wait_for(unsigned count) {
  CHECK(gate_wait(&gate, all_finished, &count));
}

static int64_t count_of(struct ledger *l, const char *metric) {
  struct ledger_view v;
  for (size_t i = 0; ledger_read(l, i, &v); i++)
    if (v.series != NULL && strcmp(v.metric, metric) == 0)
      return v.count;
  return -1;
}

static void each_attribute_counts_once(void) {
  fresh_folder();
  struct ledger *l = start();
  for (unsigned i = 0; i < 3; i++) {
    struct batch *b = batch_new();
    put_attribute(b, "c1", "A", 1, NOW, "1.5");
    put_attribute(b, "c1", "A", 1, NOW, "1.5");
    put_attribute(b, "c2", "A", 1, NOW, NULL);
    put_attribute(b, "c1", "A", 2, NOW, "2");
    ledger_submit(l, b);
  }
  wait_for(3);
  CHECK_INT(failed, 0);
  CHECK_INT(count_of(l, "A"), 3);
  CHECK_INT(stats.outcomes[OUTCOME_COUNTED], 3);
  CHECK_INT(stats.outcomes[OUTCOME_DUPLICATE], 9);
  CHECK_INT(stats.outcomes[OUTCOME_NO_NUMBER], 1);
  struct ledger_view v;
  CHECK(ledger_read(l, 0, &v));
  CHECK_REAL(v.sum, 3.5);
  ledger_free(l);
  remove_folder();
}

static void counters_continue_after_a_restart(void) {
  fresh_folder();
  for (unsigned turn = 0; turn < 3; turn++) {
    struct ledger *l = start();
    struct batch *b = batch_new();
    put_attribute(b, "c", "A", turn, NOW, NULL);
    put_attribute(b, "c", "A", 0, NOW, NULL);
    ledger_submit(l, b);
    wait_for(turn + 1);
    CHECK_INT(count_of(l, "A"), turn + 1);
    ledger_free(l);
  }
  remove_folder();
}

static void late_and_early_attributes_are_not_counted(void) {
  fresh_folder();
  struct ledger *l = start();
  struct batch *b = batch_new();
  put_attribute(b, "c", "A", 1, NOW - 24 * HOUR * MINUTE, NULL);
  put_attribute(b, "c", "A", 2, NOW - 25 * HOUR * MINUTE, NULL);
  put_attribute(b, "c", "A", 3, NOW + 24 * HOUR * MINUTE, NULL);
  put_attribute(b, "c", "A", 4, NOW + 25 * HOUR * MINUTE, NULL);
  ledger_submit(l, b);
  wait_for(1);
  CHECK_INT(count_of(l, "A"), 2);
  CHECK_INT(stats.outcomes[OUTCOME_LATE], 1);
  CHECK_INT(stats.malformed[MALFORMED_FUTURE], 1);
  ledger_free(l);
  remove_folder();
}

static void series_past_the_limit_are_not_made(void) {
  fresh_folder();
  struct ledger *l = start();
  struct batch *b = batch_new();
  char metric[16];
  for (unsigned i = 0; i < 15; i++) {
    snprintf(metric, sizeof(metric), "M%u", i);
    put_attribute(b, "c", metric, i, NOW, NULL);
  }
  ledger_submit(l, b);
  wait_for(1);
  CHECK_INT(ledger_count(l, "h"), 10);
  CHECK_INT(ledger_count(l, "other"), 0);
  CHECK_INT(stats.outcomes[OUTCOME_OVERFLOW], 5);
  CHECK_INT(stats.outcomes[OUTCOME_COUNTED], 10);
  ledger_free(l);
  CHECK_INT(last_series.code, GC_ERR_LIMIT);
  CHECK_HAS(last_series.text, "MaxSeries is reached");
  remove_folder();
}

static void a_batch_after_the_stop_is_returned(void) {
  fresh_folder();
  struct ledger *l = start();
  ledger_stop(l);
  struct batch *b = batch_new();
  put_attribute(b, "c", "A", 1, NOW, NULL);
  ledger_submit(l, b);
  CHECK_INT(finished, 1);
  CHECK_INT(failed, 1);
  ledger_free(l);
  remove_folder();
}

static void a_batch_before_the_stop_is_counted(void) {
  fresh_folder();
  struct ledger *l = start();
  struct batch *b = batch_new();
  put_attribute(b, "c", "A", 1, NOW, NULL);
  ledger_submit(l, b);
  ledger_stop(l);
  CHECK_INT(finished, 1);
  if (failed == 0) /* else the file was not open yet: submit it again */
    CHECK_INT(count_of(l, "A"), 1);
  ledger_free(l);
  remove_folder();
}

static void without_a_file_nothing_is_acknowledged(void) {
  fresh_folder();
  char path[128];
  snprintf(path, sizeof(path), "%s/file", folder);
  FILE *f = fopen(path, "w");
  CHECK(f != NULL);
  fclose(f);
  const struct ledger_settings settings = {.folder = path,
                                           .retention_ms = MINUTE,
                                           .wall_ms = wall,
                                           .notice = notice};
  struct ledger *l = ledger_new(&settings, NULL);
  CHECK_INT(ledger_start(l, NULL), GC_OK);
  struct batch *b = batch_new();
  put_attribute(b, "c", "A", 1, NOW, NULL);
  ledger_submit(l, b);
  wait_for(1);
  CHECK_INT(failed, 1);
  CHECK_INT(last_state.code, GC_ERR_STATE);
  CHECK(!ledger_is_healthy(l));
  ledger_free(l);
  remove_folder();
}

enum { THREADS = 4, EACH = 50, KEYS = 20 };

/* All threads send the same attributes, each in another order. */
static void *send_all(void *arg) {
  struct ledger *l = arg;
  unsigned step = (unsigned)(pthread_self() % 7) + 1;
  for (unsigned i = 0; i < EACH; i++) {
    struct batch *b = batch_new();
    for (unsigned k = 0; k < KEYS; k++)
      put_attribute(b, "c", k % 2 ? "A" : "B", (i * step + k) % EACH * KEYS + k,
                    NOW, NULL);
    ledger_submit(l, b);
  }
  return NULL;
}

static void count_one(struct ledger *l, unsigned number) {
  struct batch *b = batch_new();
  unsigned want = finished + 1;
  put_attribute(b, "c", "A", number, NOW, "1");
  ledger_submit(l, b);
  wait_for(want);
}

static void empty_folder(bool remove_it) {
  char command[128];
  snprintf(command, sizeof(command), remove_it ? "rm -rf %s" : "rm -f %s/*",
           folder);
  CHECK_INT(system(command), 0);
}

/* Someone empties StateDir while the store is open. */
static void a_store_that_is_deleted_is_whole_again(void) {
  for (unsigned how = 0; how < 2; how++) {
    fresh_folder();
    struct ledger *l = start();
    count_one(l, 1);
    empty_folder(how == 1);
    count_one(l, 1); /* a duplicate */
    count_one(l, 2);
    CHECK_INT(count_of(l, "A"), 2);
    ledger_free(l);
    l = start();
    count_one(l, 1);
    CHECK_INT(count_of(l, "A"), 2);
    count_one(l, 2);
    CHECK_INT(count_of(l, "A"), 2);
    ledger_free(l);
    remove_folder();
  }
}

static void put_named(struct batch *b, const char *flow, const char *metric) {
  struct event_metric m = {.conversation = flow, .name = "n", .name_len = 1};
  m.parts = (struct attribute){flow, metric, strlen(flow), strlen(metric), NOW};
  CHECK_INT(batch_add(b, &m), GC_OK);
}

static void names_are_selected_and_numbers_refused(void) {
  static char only[] = "IVR*", number[] = "+49*", not_test[] = "!*test*";
  static char *flows[] = {only}, *metrics[] = {number, not_test};
  struct ledger_source s = {.scope = "h", .stats = &stats};
  struct batch b = {.source = &s};
  memset(&stats, 0, sizeof(stats));
  put_named(&b, "IVR", "+491701234567"); /* of a customer */
  put_named(&b, "IVR 0170 123 456", "Calls");
  put_named(&b, "IVR 20261123", "Calls 99999999");
  CHECK_INT(b.count, 1);
  CHECK_INT(stats.outcomes[OUTCOME_REFUSED], 2);
  s.flows = (struct name_filter){flows, 1};
  s.metrics = (struct name_filter){metrics, 2};
  put_named(&b, "IVR", "+491701234567"); /* named: meant */
  put_named(&b, "Sales", "+49");
  put_named(&b, "IVR", "a test");
  CHECK_INT(b.count, 2);
  CHECK_INT(stats.outcomes[OUTCOME_FILTERED], 2);
  batch_clear(&b);
}

static void many_sources_share_one_count(void) {
  fresh_folder();
  struct ledger *l = start();
  pthread_t threads[THREADS];
  for (int i = 0; i < THREADS; i++)
    CHECK_INT(pthread_create(&threads[i], NULL, send_all, l), 0);
  for (int i = 0; i < 1000; i++)
    (void)count_of(l, "A");
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  wait_for(THREADS * EACH);
  CHECK_INT(failed, 0);
  CHECK_INT(stats.outcomes[OUTCOME_COUNTED] + stats.outcomes[OUTCOME_DUPLICATE],
            THREADS * EACH * KEYS);
  CHECK_INT(count_of(l, "A") + count_of(l, "B"),
            stats.outcomes[OUTCOME_COUNTED]);
  ledger_free(l);
  remove_folder();
}

/* The wait can only be observed by the time that it takes. */
static void a_batch_waits_for_others_to_share_its_transaction(void) {
  fresh_folder();
  struct ledger *l = start();
  count_one(l, 1);
  for (unsigned i = 2; i < 7; i++) {
    uint64_t begun_ms = gc_clock_now_ms();
    count_one(l, i);
    CHECK(gc_clock_now_ms() - begun_ms >= LEDGER_GATHER_MS - 1);
  }
  CHECK_INT(count_of(l, "A"), 6);
  ledger_free(l);
  remove_folder();
}

/* ---- dispatching ---- */

static struct {
  int64_t count;
  unsigned times;
  bool refuses;
} sent;

static bool on_sample(void *ctx, const char *scope,
                      const struct gc_sample *sample) {
  (void)ctx;
  CHECK_STR(scope, "h");
  if (sent.refuses)
    return false;
  if (sample->metric == GC_METRIC_FLOW_METRIC) {
    CHECK_STR(sample->instance, "Flow");
    CHECK_STR(sample->qualifier, "A");
    CHECK_INT(sample->interval_ms, 10000);
    sent.count = sample->values[0].derive;
    sent.times++;
  }
  return true;
}

static int64_t dispatch(struct ledger *l, uint64_t now_ms) {
  unsigned before = sent.times;
  samples_flow(l, now_ms, 10000, on_sample, NULL);
  return sent.times == before ? -1 : sent.count;
}

static bool is_shown(void *ctx) {
  struct ledger_view v;
  return ledger_read(ctx, 0, &v) && v.is_shown;
}

static void wait_until_kept(struct ledger *l) {
  for (unsigned i = 0; i < 20000 && !is_shown(l); i++)
    usleep(1000);
  CHECK(is_shown(l));
}

static void a_new_counter_begins_with_a_zero(void) {
  fresh_folder();
  struct ledger *l = start();
  CHECK_INT(dispatch(l, 1000), -1);
  count_one(l, 1);
  sent.refuses = true;
  CHECK_INT(dispatch(l, 2000), -1);
  sent.refuses = false;
  CHECK_INT(dispatch(l, 3000), 0);
  wait_until_kept(l);
  CHECK_INT(dispatch(l, 4000), 1);
  CHECK_INT(dispatch(l, 13999), -1);
  CHECK_INT(dispatch(l, 14000), 1);
  count_one(l, 2);
  CHECK_INT(dispatch(l, 15000), 2);
  /* After a pause the missed values are not dispatched. */
  CHECK_INT(dispatch(l, 123000), 2);
  CHECK_INT(dispatch(l, 123001), -1);
  ledger_free(l);
  remove_folder();
}

static void a_counter_of_the_file_continues_where_it_was(void) {
  fresh_folder();
  struct ledger *l = start();
  count_one(l, 1);
  CHECK_INT(dispatch(l, 1000), 0);
  wait_until_kept(l);
  ledger_free(l);

  l = start();
  count_one(l, 2);
  CHECK_INT(dispatch(l, 1000), 2);
  ledger_free(l);
  remove_folder();
}

static void a_counter_never_shown_begins_with_zero_after_a_restart(void) {
  fresh_folder();
  struct ledger *l = start();
  count_one(l, 1);
  ledger_free(l);
  l = start();
  count_one(l, 2);
  CHECK_INT(dispatch(l, 1000), 0);
  wait_until_kept(l);
  CHECK_INT(dispatch(l, 11000), 2);
  ledger_free(l);
  remove_folder();
}

static void the_last_read_sends_what_is_not_sent_yet(void) {
  fresh_folder();
  struct ledger *l = start();
  count_one(l, 1);
  CHECK_INT(dispatch(l, 1000), 0);
  wait_until_kept(l);
  CHECK_INT(dispatch(l, 11000), 1);
  samples_flow(l, 12000, 10000, on_sample, NULL);
  CHECK_INT(sent.count, 1);
  unsigned before = sent.times;
  count_one(l, 2);
  samples_flow(l, 12000, 10000, on_sample, NULL);
  CHECK_INT(sent.times, before + 1);
  CHECK_INT(sent.count, 2);
  ledger_free(l);
  remove_folder();
}

/* ---- retirement and names ---- */

static void names_of_one_identity_are_distinguished_and_reported(void) {
  fresh_folder();
  last_names = (struct gc_err){.code = GC_OK};
  struct ledger *l = start();
  struct batch *b = batch_new();
  put_attribute(b, "c", "a_b", 1, NOW, NULL);
  ledger_submit(l, b);
  wait_for(1);
  b = batch_new();
  put_attribute(b, "c", "a/b", 1, NOW, NULL);
  put_attribute(b, "d", "a/b", 1, NOW, NULL);
  ledger_submit(l, b);
  wait_for(2);
  CHECK_INT(count_of(l, "a_b"), 1);
  CHECK_INT(count_of(l, "a_b~2"), 2);
  ledger_free(l);
  CHECK_INT(last_names.code, GC_ERR_LIMIT);
  CHECK_HAS(last_names.text, "1 metrics have the name of another one");
  CHECK_HAS(last_names.text, "\"Flow/flow_metric-a_b~2\"");

  /* In the other order after a restart: each keeps its label. */
  l = start();
  b = batch_new();
  put_attribute(b, "e", "a/b", 1, NOW, NULL);
  put_attribute(b, "e", "a_b", 1, NOW, NULL);
  ledger_submit(l, b);
  wait_for(3);
  CHECK_INT(count_of(l, "a_b"), 2);
  CHECK_INT(count_of(l, "a_b~2"), 3);
  ledger_free(l);
  remove_folder();
}

static bool is_idle(struct ledger *l) {
  return ledger_is_healthy(l) && ledger_count(l, "h") == 0;
}

/* The writer retires idle series when it begins, then each minute. */
static struct ledger *start_idle(int64_t hours) {
  later_ms += hours * HOUR * MINUTE;
  struct ledger *l = start();
  for (unsigned i = 0; i < 20000 && !is_idle(l); i++)
    usleep(1000);
  return l;
}

static void count_late(struct ledger *l, const char *metric, unsigned number) {
  struct batch *b = batch_new();
  unsigned want = finished + 1;
  put_attribute(b, "late", metric, number, NOW + later_ms, "2");
  ledger_submit(l, b);
  wait_for(want);
}

static void an_idle_series_retires_and_returns_where_it_was(void) {
  fresh_folder();
  struct ledger *l = start();
  count_one(l, 1);
  count_one(l, 2);
  CHECK_INT(dispatch(l, 1000), 0);
  wait_until_kept(l);
  CHECK_INT(dispatch(l, 11000), 2);
  ledger_free(l);

  l = start_idle(25);
  CHECK_INT(ledger_count(l, "h"), 0);
  CHECK_INT(dispatch(l, 21000), -1);
  count_late(l, "A", 3);
  CHECK_INT(ledger_count(l, "h"), 1);
  CHECK_INT(dispatch(l, 31000),
            2); /* the earlier count first: a rate needs it */
  CHECK_INT(dispatch(l, 32000), 3);
  struct ledger_view v;
  CHECK(ledger_read(l, 0, &v));
  CHECK_REAL(v.sum, 4);
  ledger_free(l);
  later_ms = 0;
  remove_folder();
}

static void a_retired_series_frees_its_place(void) {
  char metric[16];
  fresh_folder();
  struct ledger *l = start();
  struct batch *b = batch_new();
  for (unsigned i = 0; i < 10; i++) {
    snprintf(metric, sizeof(metric), "Old%u", i);
    put_attribute(b, "c", metric, i, NOW, NULL);
  }
  ledger_submit(l, b);
  wait_for(1);
  count_late(l, "New", 1);
  CHECK_INT(stats.outcomes[OUTCOME_OVERFLOW], 1);
  ledger_free(l);

  l = start_idle(25);
  for (unsigned i = 0; i < 10; i++) {
    snprintf(metric, sizeof(metric), "New%u", i);
    count_late(l, metric, i);
  }
  CHECK_INT(ledger_count(l, "h"), 10);
  CHECK_INT(stats.outcomes[OUTCOME_OVERFLOW], 1);
  count_late(l, "Old0", 20); /* no room to return */
  CHECK_INT(stats.outcomes[OUTCOME_OVERFLOW], 2);
  CHECK_INT(ledger_count(l, "h"), 10);
  ledger_free(l);
  later_ms = 0;
  remove_folder();
}

/* A queue that was waiting delivers as soon as the file is open. */
static void idle_series_retire_before_the_first_transaction(void) {
  char metric[16];
  fresh_folder();
  struct ledger *l = start();
  struct batch *b = batch_new();
  for (unsigned i = 0; i < 10; i++) {
    snprintf(metric, sizeof(metric), "Old%u", i);
    put_attribute(b, "c", metric, i, NOW, NULL);
  }
  ledger_submit(l, b);
  wait_for(1);
  ledger_free(l);

  later_ms = 25 * HOUR * MINUTE;
  l = start();
  count_late(l, "New", 1);
  CHECK_INT(count_of(l, "New"), 1);
  CHECK_INT(stats.outcomes[OUTCOME_OVERFLOW], 0);
  ledger_free(l);
  later_ms = 0;
  remove_folder();
}

/* A flow's data is summed: an extreme value must not stop the others. */
static void a_sum_stays_a_number_whatever_is_added(void) {
  static const char *const values[] = {"1.7e308", "1.7e308", "1", "-1.7e308",
                                       "-1.7e308"};
  struct ledger_view v;
  fresh_folder();
  struct ledger *l = start();
  for (unsigned i = 0; i < 10; i++) {
    struct batch *b = batch_new();
    for (unsigned k = 0; k < 2; k++)
      put_attribute(b, "c", "A", 2 * i + k, NOW, values[i / 2]);
    ledger_submit(l, b);
    wait_for(i + 1);
    CHECK_INT(failed, 0);
    CHECK(ledger_read(l, 0, &v));
    CHECK(isfinite(v.sum));
  }
  CHECK_INT(v.count, 20);
  ledger_free(l);
  remove_folder();
}

/* An operator's sqlite3, in the middle of a transaction, must not hold up the
 * stop of collectd. */
static void a_writer_elsewhere_does_not_delay_the_stop(void) {
  char path[100];
  sqlite3 *other = NULL;
  fresh_folder();
  struct ledger *l = start();
  count_one(l, 1);
  snprintf(path, sizeof(path), "%s/flowmetrics.db", folder);
  CHECK_INT(sqlite3_open(path, &other), SQLITE_OK);
  CHECK_INT(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL),
            SQLITE_OK);
  for (unsigned i = 2; i < 4; i++) {
    struct batch *b = batch_new();
    put_attribute(b, "c1", "A", i, NOW, NULL);
    ledger_submit(l, b);
  }
  uint64_t began_ms = gc_clock_now_ms();
  ledger_stop(l);
  CHECK(gc_clock_now_ms() - began_ms < 1500);
  CHECK_INT(failed, 2); /* their sources submit them again */
  ledger_free(l);
  sqlite3_close(other);
  remove_folder();
}

int main(void) {
  RUN(each_attribute_counts_once);
  RUN(counters_continue_after_a_restart);
  RUN(late_and_early_attributes_are_not_counted);
  RUN(series_past_the_limit_are_not_made);
  RUN(a_batch_after_the_stop_is_returned);
  RUN(a_batch_before_the_stop_is_counted);
  RUN(without_a_file_nothing_is_acknowledged);
  RUN(a_store_that_is_deleted_is_whole_again);
  RUN(names_are_selected_and_numbers_refused);
  RUN(many_sources_share_one_count);
  RUN(a_batch_waits_for_others_to_share_its_transaction);
  RUN(a_new_counter_begins_with_a_zero);
  RUN(a_counter_of_the_file_continues_where_it_was);
  RUN(a_counter_never_shown_begins_with_zero_after_a_restart);
  RUN(the_last_read_sends_what_is_not_sent_yet);
  RUN(names_of_one_identity_are_distinguished_and_reported);
  RUN(an_idle_series_retires_and_returns_where_it_was);
  RUN(a_retired_series_frees_its_place);
  RUN(idle_series_retire_before_the_first_transaction);
  RUN(a_sum_stays_a_number_whatever_is_added);
  RUN(a_writer_elsewhere_does_not_delay_the_stop);
  return check_done();
}
