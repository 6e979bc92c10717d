/* SPDX-License-Identifier: MIT */
#include "common/daemon/write_tracker.h"

#include <pthread.h>
#include <stdatomic.h>

#include "collectd.h"
#include "plugin.h"

#include "common/daemon/emit.h"
#include "common/net/clock.h"
#include "common/net/save_barrier.h"
#include "tests/support/check.h"
#include "tests/support/fake_daemon.h"

static atomic_uint_fast64_t now_ms;
static uint64_t stepped_ms(void) { return atomic_load(&now_ms); }

static void register_data_sets(void) {
  data_source_t source = {
      .name = "value", .type = DS_TYPE_GAUGE, .min = NAN, .max = NAN};
  data_set_t set = {.type = "queue_depth", .ds_num = 1, .ds = &source};
  plugin_register_data_set(&set);
}

/* Starts a daemon whose queue is held and whose last writer is the write
 * tracker. */
static void start_tracker(void) {
  fake_reset();
  register_data_sets();
  atomic_store(&now_ms, 1000);
  gc_write_tracker_close();
  CHECK_INT(gc_write_tracker_register(stepped_ms, NULL), GC_OK);
  CHECK_INT(fake_init(), 0);
  fake_hold(true);
}

static struct gc_sample depth_sample(const char *instance, int64_t time_ms) {
  return (struct gc_sample){.metric = GC_METRIC_QUEUE_DEPTH,
                            .instance = instance,
                            .qualifier = "voice",
                            .values = {{.gauge = 1}},
                            .time_ms = time_ms,
                            .interval_ms = 60000};
}

static enum gc_code emit_sample(struct gc_write_ticket *t, const char *instance,
                                int64_t time_ms) {
  struct gc_sample s = depth_sample(instance, time_ms);
  return gc_write_tracker_emit(t, NULL, &s);
}

static void a_value_is_pending_until_the_writers_have_had_it(void) {
  start_tracker();
  struct gc_write_ticket *t = gc_write_ticket_new();
  CHECK(gc_write_tracker_wait(t, 0));
  CHECK_INT(emit_sample(t, "a", 60000), GC_OK);
  CHECK_INT(emit_sample(t, "b", 60000), GC_OK);
  CHECK_INT(gc_write_tracker_pending(t), 2);
  CHECK(!gc_write_tracker_wait(t, 0));
  fake_let_through(1);
  CHECK_INT(gc_write_tracker_pending(t), 1);
  fake_let_through(1);
  CHECK_INT(gc_write_tracker_pending(t), 0);
  CHECK(gc_write_tracker_wait(t, 0));
  gc_write_ticket_free(t);
}

static unsigned asked_saves;
static bool note_save(void *ctx) {
  (void)ctx;
  asked_saves++;
  return true;
}

/* A writer such as genesys_influxdb has copied the values; a crash before its
 * sync would lose them. */
static void a_wait_ends_when_a_spool_has_synced_the_values(void) {
  struct gc_saver spool = {.save = note_save};
  asked_saves = 0;
  start_tracker();
  gc_saver_add(&spool);
  struct gc_write_ticket *t = gc_write_ticket_new();
  CHECK(gc_write_tracker_wait(t, 0));
  CHECK_INT(emit_sample(t, "a", 60000), GC_OK);
  CHECK(!gc_write_tracker_wait(t, 0));
  CHECK_INT(asked_saves, 0);
  fake_let_through(1);
  CHECK_INT(gc_write_tracker_saves_ms(t), 0);
  CHECK(!gc_write_tracker_wait(t, 0));
  CHECK_INT(asked_saves, 1);
  CHECK(!gc_write_tracker_wait(t, 20));
  CHECK(gc_write_tracker_saves_ms(t) >= 20);
  gc_saver_end(&spool, gc_saver_begin());
  CHECK(gc_write_tracker_wait(t, 0));
  CHECK_INT(gc_write_tracker_saves_ms(t), 0);
  CHECK(gc_write_tracker_wait(t, 0));
  CHECK_INT(asked_saves, 1);
  CHECK_INT(emit_sample(t, "a", 120000), GC_OK);
  fake_let_through(1);
  CHECK(!gc_write_tracker_wait(t, 0));
  gc_saver_remove(&spool);
  CHECK(gc_write_tracker_wait(t, 0));
  gc_write_ticket_free(t);
}

static void at_most_one_value_of_a_series_is_pending(void) {
  start_tracker();
  struct gc_write_ticket *t = gc_write_ticket_new(),
                         *other = gc_write_ticket_new();
  CHECK_INT(emit_sample(t, "a", 60000), GC_OK);
  CHECK_INT(emit_sample(t, "a", 120000), GC_ERR_LIMIT);
  CHECK_INT(emit_sample(other, "a", 120000), GC_ERR_LIMIT);
  CHECK_INT(fake_queued(), 1);
  struct gc_sample s = depth_sample("a", 120000);
  CHECK_INT(gc_write_tracker_emit(other, "elsewhere", &s), GC_OK);
  fake_let_through(1);
  CHECK_INT(emit_sample(other, "a", 120000), GC_OK);
  CHECK_INT(gc_write_tracker_pending(t), 0);
  CHECK_INT(gc_write_tracker_pending(other), 2);
  gc_write_ticket_free(t);
  gc_write_ticket_free(other);
}

static void another_value_of_the_series_is_not_taken_for_it(void) {
  start_tracker();
  struct gc_write_ticket *t = gc_write_ticket_new();
  struct gc_sample s = depth_sample("a", 60000),
                   sibling = depth_sample("a", 120000);
  gc_emit(NULL, &s);
  CHECK_INT(gc_write_tracker_emit(t, NULL, &sibling), GC_OK);
  fake_let_through(1);
  CHECK_INT(gc_write_tracker_pending(t), 1);
  fake_let_through(1);
  CHECK_INT(gc_write_tracker_pending(t), 0);
  gc_write_ticket_free(t);
}

static void names_that_the_daemon_changes_are_recognised(void) {
  static const struct {
    const char *host, *instance;
  } rows[] = {{NULL, "a"},       {"", "a"},         {"h/x", "a"},
              {"/h", "a"},       {"h", "/"},        {"h", "//a/b"},
              {"h\xff", "a\nb"}, {"h", "\xc3\xa4"}, {"h", ""}};
  char endless[600];
  memset(endless, 'x', sizeof(endless));
  endless[599] = '\0';
  for (size_t i = 0; i <= GC_COUNT(rows); i++) {
    start_tracker();
    fake_hostname_set("ho/st");
    struct gc_write_ticket *t = gc_write_ticket_new();
    bool last = i == GC_COUNT(rows);
    struct gc_sample s = depth_sample(last ? endless : rows[i].instance, 0);
    CHECK_INT(gc_write_tracker_emit(t, last ? endless : rows[i].host, &s),
              GC_OK);
    CHECK_INT(gc_write_tracker_pending(t), 1);
    fake_let_through(1);
    CHECK_INT(gc_write_tracker_pending(t), 0);
    gc_write_ticket_free(t);
  }
}

static void unknown_values_are_not_pending(void) {
  start_tracker();
  struct gc_write_ticket *t = gc_write_ticket_new();
  struct gc_sample s = depth_sample("a", 0);
  s.values[0].gauge = NAN;
  CHECK_INT(gc_write_tracker_emit(t, NULL, &s), GC_OK);
  CHECK_INT(gc_write_tracker_pending(t), 0);
  fake_dispatch_fails(true);
  CHECK_INT(emit_sample(t, "a", 0), GC_ERR_MEMORY);
  CHECK_INT(gc_write_tracker_pending(t), 0);
  fake_dispatch_fails(false);
  gc_write_ticket_free(t);
}

static void values_that_a_filter_chain_hides_are_given_up(void) {
  start_tracker();
  struct gc_write_ticket *t = gc_write_ticket_new();
  CHECK_INT(emit_sample(t, "a", 60000), GC_OK);
  fake_lose(1);
  atomic_fetch_add(&now_ms, GC_WRITE_GIVE_UP_MS - 1);
  CHECK_INT(emit_sample(t, "b", 60000), GC_OK);
  CHECK_INT(emit_sample(t, "a", 120000), GC_ERR_LIMIT);
  CHECK_INT(gc_write_tracker_pending(t), 2);
  atomic_fetch_add(&now_ms, 1);
  CHECK_INT(gc_write_tracker_pending(t), 1);
  CHECK_INT(emit_sample(t, "a", 120000), GC_OK);
  atomic_fetch_add(&now_ms, GC_WRITE_GIVE_UP_MS);
  CHECK(gc_write_tracker_wait(t, 0));

  /* The value of the first ticket is given up as soon as its time is over:
   * another ticket may use the series before any call on the first one. */
  struct gc_write_ticket *other = gc_write_ticket_new();
  CHECK_INT(emit_sample(t, "c", 60000), GC_OK);
  atomic_fetch_add(&now_ms, GC_WRITE_GIVE_UP_MS);
  CHECK_INT(emit_sample(other, "c", 120000), GC_OK);
  CHECK_INT(gc_write_tracker_pending(t), 0);
  CHECK_INT(gc_write_tracker_pending(other), 1);
  gc_write_ticket_free(t);
  gc_write_ticket_free(other);
}

static void values_that_wait_in_a_long_queue_are_not_given_up(void) {
  enum { LONG = 4 * GC_WRITE_GIVE_UP_MS / 1000 + 20 };
  start_tracker();
  struct gc_write_ticket *t = gc_write_ticket_new();
  char name[16];
  for (int i = 0; i < LONG; i++) {
    (void)snprintf(name, sizeof(name), "q%d", i);
    CHECK_INT(emit_sample(t, name, 60000), GC_OK);
  }
  for (int i = 1; i <= LONG / 2; i++) { /* one a second */
    atomic_fetch_add(&now_ms, 1000);
    fake_let_through(1);
    CHECK_INT(gc_write_tracker_pending(t), LONG - i);
  }
  /* One value is hidden; later values reveal that in time. */
  fake_lose(1);
  int hidden = 1, left = LONG / 2 - 1;
  for (int s = 1; s <= 2 * GC_WRITE_GIVE_UP_MS / 1000; s++) {
    atomic_fetch_add(&now_ms, 1000);
    fake_let_through(1);
    left--;
    if (s < GC_WRITE_GIVE_UP_MS / 1000)
      CHECK_INT(gc_write_tracker_pending(t), left + hidden);
  }
  CHECK_INT(gc_write_tracker_pending(t), left);
  (void)snprintf(name, sizeof(name), "q%d", LONG / 2);
  CHECK_INT(emit_sample(t, name, 120000), GC_OK);
  (void)snprintf(name, sizeof(name), "q%d", LONG - 1);
  CHECK_INT(emit_sample(t, name, 120000), GC_ERR_LIMIT);
  gc_write_ticket_free(t);
  fake_let_through(SIZE_MAX);
}

static void a_ticket_that_is_freed_forgets_its_values(void) {
  start_tracker();
  struct gc_write_ticket *t = gc_write_ticket_new(),
                         *other = gc_write_ticket_new();
  CHECK_INT(emit_sample(t, "a", 60000), GC_OK);
  CHECK_INT(emit_sample(other, "b", 60000), GC_OK);
  gc_write_ticket_free(t);
  fake_let_through(1);
  CHECK_INT(gc_write_tracker_pending(other), 1);
  CHECK_INT(emit_sample(other, "a", 60000), GC_OK);
  gc_write_ticket_free(other);
  gc_write_ticket_free(NULL);
  fake_let_through(SIZE_MAX);
}

static unsigned late_calls;
static int late_write(const data_set_t *ds, const value_list_t *vl,
                      user_data_t *ud) {
  (void)ds, (void)vl;
  late_calls++;
  /* A writer that runs before the tracker sees the value as pending. */
  CHECK_INT(gc_write_tracker_pending(ud->data), 1);
  return 0;
}
static struct gc_write_ticket *late_ticket;
static int late_init(void) {
  return plugin_register_write("late", late_write,
                               &(user_data_t){.data = late_ticket});
}
static int first_init(void) {
  return gc_write_tracker_register(stepped_ms, NULL) == GC_OK ? 0 : -1;
}

static void the_write_tracker_is_after_writers_of_later_inits(void) {
  fake_reset();
  register_data_sets();
  gc_write_tracker_close();
  late_calls = 0;
  late_ticket = gc_write_ticket_new();
  plugin_register_init("genesys", first_init);
  plugin_register_init("late", late_init);
  CHECK_INT(fake_init(), 0);
  CHECK_INT(emit_sample(late_ticket, "a", 60000), GC_OK);
  CHECK_INT(late_calls, 1);
  CHECK_INT(gc_write_tracker_pending(late_ticket), 0);
  CHECK_INT(first_init(), 0);
  gc_write_ticket_free(late_ticket);
}

static void values_of_other_plugins_pass(void) {
  start_tracker();
  struct gc_write_ticket *t = gc_write_ticket_new();
  CHECK_INT(emit_sample(t, "a", 60000), GC_OK);
  value_t value = {.gauge = 1};
  value_list_t vl = {.values = &value,
                     .values_len = 1,
                     .time = MS_TO_CDTIME_T(60000),
                     .host = "host.example",
                     .plugin = "cpu",
                     .plugin_instance = "a",
                     .type = "queue_depth",
                     .type_instance = "voice"};
  fake_lose(1);
  plugin_dispatch_values(&vl);
  fake_let_through(1);
  CHECK_INT(gc_write_tracker_pending(t), 1);
  gc_write_ticket_free(t);
}

static void after_the_close_nothing_is_dispatched(void) {
  start_tracker();
  struct gc_write_ticket *t = gc_write_ticket_new();
  CHECK_INT(emit_sample(t, "a", 60000), GC_OK);
  gc_write_tracker_close();
  gc_write_tracker_close();
  CHECK_INT(gc_write_tracker_pending(t), 0);
  CHECK(gc_write_tracker_wait(t, 1000));
  CHECK_INT(emit_sample(t, "b", 60000), GC_ERR_STOPPED);
  CHECK_INT(fake_queued(), 1);
  gc_write_ticket_free(t);
}

static void *wait_long(void *arg) {
  return (void *)(uintptr_t)gc_write_tracker_wait(arg, 60000);
}

static void the_last_value_wakes_a_waiting_thread(void) {
  start_tracker();
  struct gc_write_ticket *t = gc_write_ticket_new();
  CHECK_INT(emit_sample(t, "a", 60000), GC_OK);
  CHECK_INT(emit_sample(t, "b", 60000), GC_OK);
  pthread_t waiter;
  pthread_create(&waiter, NULL, wait_long, t);
  fake_let_through(2);
  void *none;
  pthread_join(waiter, &none);
  CHECK(none != NULL);
  gc_write_ticket_free(t);
}

static void the_close_wakes_a_waiting_thread(void) {
  start_tracker();
  struct gc_write_ticket *t = gc_write_ticket_new();
  CHECK_INT(emit_sample(t, "a", 60000), GC_OK);
  pthread_t waiter;
  pthread_create(&waiter, NULL, wait_long, t);
  gc_write_tracker_close();
  void *none;
  pthread_join(waiter, &none);
  CHECK(none != NULL);
  gc_write_ticket_free(t);
}

enum { SERIES = 50, WINDOWS = 40 };
static atomic_bool writers_stop;

static void *play_writer(void *arg) {
  (void)arg;
  while (!atomic_load(&writers_stop))
    if (fake_let_through(1) == 0)
      sched_yield();
  return NULL;
}

/* Emits the windows of many series in order. Each window waits until the
 * writers have had the one before it. */
static void *backfill_windows(void *arg) {
  const char *name = arg;
  struct gc_write_ticket *t = gc_write_ticket_new();
  uintptr_t failed = 0;
  for (int window = 1; window <= WINDOWS; window++) {
    for (int i = 0; i < SERIES; i++) {
      char instance[32];
      snprintf(instance, sizeof(instance), "%s-%d", name, i);
      failed += emit_sample(t, instance, window * INT64_C(60000)) != GC_OK;
    }
    failed += !gc_write_tracker_wait(t, 60000);
  }
  gc_write_ticket_free(t);
  return (void *)failed;
}

static void many_threads_fill_back_in_order(void) {
  start_tracker();
  gc_write_tracker_close();
  fake_reset();
  register_data_sets();
  CHECK_INT(gc_write_tracker_register(gc_clock_now_ms, NULL), GC_OK);
  CHECK_INT(fake_init(), 0);
  fake_hold(true);
  atomic_store(&writers_stop, false);

  static char names[3][2] = {"x", "y", "z"};
  pthread_t writers[5], fillers[3];
  for (size_t i = 0; i < GC_COUNT(writers); i++)
    pthread_create(&writers[i], NULL, play_writer, NULL);
  for (size_t i = 0; i < GC_COUNT(fillers); i++)
    pthread_create(&fillers[i], NULL, backfill_windows, names[i]);
  for (size_t i = 0; i < GC_COUNT(fillers); i++) {
    void *failed;
    pthread_join(fillers[i], &failed);
    CHECK_INT((uintptr_t)failed, 0);
  }
  atomic_store(&writers_stop, true);
  for (size_t i = 0; i < GC_COUNT(writers); i++)
    pthread_join(writers[i], NULL);
  CHECK_INT(fake_value_count(), 3 * SERIES * WINDOWS);
}

static void thousands_of_series_find_their_place(void) {
  start_tracker();
  struct gc_write_ticket *t = gc_write_ticket_new();
  char instance[32];
  for (int i = 0; i < 5000; i++) {
    snprintf(instance, sizeof(instance), "q%d", i);
    CHECK_INT(emit_sample(t, instance, 60000), GC_OK);
  }
  CHECK_INT(emit_sample(t, "q1", 120000), GC_ERR_LIMIT);
  CHECK_INT(gc_write_tracker_pending(t), 5000);
  fake_let_through(4999);
  CHECK_INT(gc_write_tracker_pending(t), 1);
  fake_let_through(1);
  CHECK_INT(gc_write_tracker_pending(t), 0);
  gc_write_ticket_free(t);
}

/* ---- values without a ticket ---- */

/* Emits the values of `count` series, as they are at the present time. */
static void emit_plain(unsigned count) {
  char instance[32];
  for (unsigned i = 0; i < count; i++) {
    snprintf(instance, sizeof(instance), "q%u", i);
    struct gc_sample s = depth_sample(instance, 0);
    CHECK_INT(gc_emit(NULL, &s), GC_OK);
  }
}

/* One value passes, so that the tracker knows that it sees the queue. */
static void start_plain(void) {
  start_tracker();
  fake_time_set(TIME_T_TO_CDTIME_T(1000));
  emit_plain(1);
  CHECK_INT(fake_let_through(1), 1);
}

static void pass_time(unsigned seconds) {
  atomic_fetch_add(&now_ms, seconds * 1000u);
  fake_time_set(cdtime() + TIME_T_TO_CDTIME_T(seconds));
}

static void a_slow_writer_does_not_fill_the_queue(void) {
  start_plain();
  for (unsigned second = 0; second < 120; second++) {
    emit_plain(100);
    pass_time(1);
    CHECK_INT(fake_let_through(10), 10); /* csv writes a tenth of it */
    CHECK(fake_queued() <= 2200);
  }
  CHECK(gc_write_tracker_left_out() > 6000);
  uint64_t left_out = gc_write_tracker_left_out();
  fake_let_through(SIZE_MAX);
  for (unsigned second = 0; second < 5; second++) {
    emit_plain(100);
    pass_time(1);
    CHECK_INT(fake_let_through(SIZE_MAX), 100);
  }
  CHECK_INT(gc_write_tracker_left_out(), left_out);
}

static void a_burst_enters_the_queue_whole(void) {
  start_plain();
  emit_plain(5000);
  pass_time(1);
  emit_plain(100);
  CHECK_INT(fake_queued(), 5100);
  CHECK_INT(gc_write_tracker_left_out(), 0);
}

static void values_with_a_ticket_enter_a_long_queue(void) {
  start_plain();
  struct gc_write_ticket *t = gc_write_ticket_new();
  emit_plain(1);
  pass_time(GC_WRITE_LAG_MS / 1000 + 1);
  emit_plain(1);
  CHECK_INT(fake_queued(), 1);
  CHECK_INT(emit_sample(t, "a", 60000), GC_OK);
  CHECK_INT(fake_queued(), 2);
  gc_write_ticket_free(t);
}

static void a_chain_that_stops_the_followed_value_holds_nothing_up(void) {
  start_plain();
  emit_plain(1);
  CHECK_INT(fake_lose(1), 1);
  pass_time(GC_WRITE_LAG_MS / 1000);
  emit_plain(1);
  CHECK_INT(fake_queued(), 0);
  struct gc_write_ticket *t = gc_write_ticket_new();
  CHECK_INT(emit_sample(t, "a", 1011000), GC_OK); /* as telemetry: now */
  fake_let_through(1);
  for (unsigned second = 0; second < 20; second++) {
    pass_time(1);
    emit_plain(1);
    CHECK_INT(fake_lose(1), 1);
  }
  gc_write_ticket_free(t);
}

static void a_chain_that_stops_all_holds_nothing_up(void) {
  start_tracker();
  fake_time_set(TIME_T_TO_CDTIME_T(1000));
  for (unsigned second = 0; second < 20; second++) {
    emit_plain(10);
    pass_time(1);
    CHECK_INT(fake_lose(10), 10);
  }
  CHECK_INT(gc_write_tracker_left_out(), 0);
}

int main(void) {
  RUN(a_value_is_pending_until_the_writers_have_had_it);
  RUN(a_wait_ends_when_a_spool_has_synced_the_values);
  RUN(at_most_one_value_of_a_series_is_pending);
  RUN(another_value_of_the_series_is_not_taken_for_it);
  RUN(names_that_the_daemon_changes_are_recognised);
  RUN(unknown_values_are_not_pending);
  RUN(values_that_a_filter_chain_hides_are_given_up);
  RUN(values_that_wait_in_a_long_queue_are_not_given_up);
  RUN(a_ticket_that_is_freed_forgets_its_values);
  RUN(the_write_tracker_is_after_writers_of_later_inits);
  RUN(values_of_other_plugins_pass);
  RUN(after_the_close_nothing_is_dispatched);
  RUN(the_last_value_wakes_a_waiting_thread);
  RUN(the_close_wakes_a_waiting_thread);
  RUN(many_threads_fill_back_in_order);
  RUN(thousands_of_series_find_their_place);
  RUN(a_slow_writer_does_not_fill_the_queue);
  RUN(a_burst_enters_the_queue_whole);
  RUN(values_with_a_ticket_enter_a_long_queue);
  RUN(a_chain_that_stops_the_followed_value_holds_nothing_up);
  RUN(a_chain_that_stops_all_holds_nothing_up);
  gc_write_tracker_close();
  fake_reset();
  return check_done();
}
