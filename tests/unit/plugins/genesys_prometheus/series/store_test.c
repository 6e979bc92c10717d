/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/series/store.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/lease_gate.h"
#include "plugins/genesys_prometheus/series/families.h"
#include "tests/support/check.h"
#include "tests/support/points.h"

static struct points_value depth_value(const char *instance, double value) {
  return (struct points_value){instance, "queue_depth", "voice", NULL, value};
}

static size_t count_lines(struct store *s, const char *part) {
  char *text = points_render(s, RENDER_TEXT);
  size_t count = times_in(text, part);
  free(text);
  return count;
}

static void a_series_disappears_when_it_is_not_written(void) {
  struct store *s = store_new(100, 30000);
  struct points_value a = depth_value("A", 1), b = depth_value("B", 1);
  CHECK_INT(points_write(s, &a, 1000), GC_OK);
  CHECK_INT(points_write(s, &b, 1000), GC_OK);
  CHECK_INT(points_write(s, &b, 20000), GC_OK);
  store_expire(s, 31000);
  CHECK_INT(count_lines(s, "{queue_name"), 2);
  store_expire(s, 31001);
  CHECK_INT(count_lines(s, "{queue_name=\"A\""), 0);
  CHECK_INT(count_lines(s, "{queue_name=\"B\""), 1);
  CHECK_INT(store_stats(s).series, 1);
  CHECK_INT(points_write(s, &a, 40000), GC_OK);
  CHECK_INT(count_lines(s, "{queue_name"), 2);
  store_free(s);
}

/* The read threads of collectd hang: nothing but the scrape looks. */
static void a_scrape_leaves_out_what_is_stale(void) {
  struct store *s = store_new(100, 30000);
  struct points_value a = depth_value("A", 1), b = depth_value("B", 1);
  CHECK_INT(points_write(s, &a, 1000), GC_OK);
  CHECK_INT(points_write(s, &b, 31002), GC_OK);
  CHECK_INT(count_lines(s, "{queue_name=\"A\""), 0);
  CHECK_INT(count_lines(s, "{queue_name=\"B\""), 1);
  store_free(s);
}

static bool make_interval(void *ctx, size_t i, struct gc_export_series *ret) {
  const struct gc_export_identity id = {.host = "h",
                                        .plugin = "genesys",
                                        .plugin_instance = ctx,
                                        .type = "queue_interval_ratio",
                                        .type_instance = "oServiceLevel-voice",
                                        .source = "value",
                                        .is_only_source = true};
  (void)i;
  return gc_export_series_make(&id, ret);
}

static void write_interval(struct store *s, const char *queue, uint64_t now_ms,
                           uint64_t age_ms) {
  struct store_number number = {.kind = STORE_REAL};
  const struct store_list list = {.key = queue,
                                  .key_len = strlen(queue),
                                  .numbers = &number,
                                  .count = 1,
                                  .time = now_ms + 1000000 - age_ms,
                                  .interval_ms = 60000,
                                  .now_ms = now_ms,
                                  .is_interval = true,
                                  .age_ms = age_ms};
  if (!store_write(s, &list))
    CHECK_INT(store_add(s, &list, make_interval, (void *)queue), GC_OK);
}

static size_t intervals_at(struct store *s, uint64_t now_ms) {
  const struct family_list *list = store_scrape_begin(s, now_ms);
  size_t count = 0;
  for (size_t i = 0; i < list->count; i++)
    count += list->at[i]->count;
  store_scrape_end(s);
  return count;
}

/* Staleness is longer and does not count. */
static void a_series_of_intervals_lives_two_of_them(void) {
  struct store *s = store_new(100, 300000);
  write_interval(s, "A", 1000, 30000);
  CHECK_INT(intervals_at(s, 1000 + 150000), 1);
  CHECK_INT(intervals_at(s, 1001 + 150000), 0);
  store_free(s);
}

static void an_interval_of_a_back_fill_is_not_shown_but_counted(void) {
  struct store *s = store_new(100, 300000);
  write_interval(s, "A", 1000, 3600000);
  CHECK_INT(intervals_at(s, 1000), 0);
  CHECK_INT(store_stats(s).old, 1);
  write_interval(s, "A", 2000, 35000);
  CHECK_INT(intervals_at(s, 2000), 1);
  write_interval(s, "A", 3000, 3600000);
  CHECK_INT(intervals_at(s, 3000), 1);
  CHECK_INT(store_stats(s).old, 2);
  store_free(s);
}

/* Renders without a client that takes the answer, unless `is_taken`. */
static bool shows_zero(struct store *s, uint64_t now_ms, bool is_taken) {
  const struct render_options o = {.format = RENDER_TEXT};
  const struct family_list *list = store_scrape_begin(s, now_ms);
  size_t len = 0;
  char *text = render_exposition(list, &o, &len);
  uint64_t number = list->scrape.number;
  store_scrape_end(s);
  if (is_taken)
    store_note_taken(s, number);
  bool is_zero = strstr(text, "} 0\n") != NULL;
  free(text);
  return is_zero;
}

static void a_scrape_that_broke_off_does_not_use_up_the_0(void) {
  struct store *s = store_new(100, 300000);
  struct points_value zero = {"A", "queue_offer", "voice", NULL, 0};
  struct points_value nine = {"A", "queue_offer", "voice", NULL, 9};
  CHECK(!shows_zero(s, 500, true)); /* before the series is there */
  CHECK_INT(points_write(s, &zero, 1000), GC_OK);
  CHECK_INT(points_write(s, &nine, 1001), GC_OK);
  for (int i = 0; i < 5; i++)
    CHECK(shows_zero(s, 2000, false));
  CHECK(shows_zero(s, 2000, true));
  CHECK(shows_zero(s, 2000, true));
  CHECK(!shows_zero(s, 2000, true));
  store_free(s);
}

static void after_a_minute_a_counter_shows_the_truth(void) {
  struct store *s = store_new(100, 300000);
  struct points_value zero = {"A", "queue_offer", "voice", NULL, 0};
  struct points_value nine = {"A", "queue_offer", "voice", NULL, 9};
  CHECK_INT(points_write(s, &zero, 1000), GC_OK);
  CHECK_INT(points_write(s, &nine, 1001), GC_OK);
  CHECK(shows_zero(s, 60999, false));
  CHECK(!shows_zero(s, 61000, true)); /* nobody has asked before */
  store_free(s);
}

static const struct gc_lease_gate *held;

static bool is_held(const struct gc_lease_gate *lease) { return lease == held; }

/* "A" and "B" are of two leases, "C" of none. */
static void series_of_a_lost_lease_disappear_until_the_next_value(void) {
  struct store *s = store_new(100, 30000);
  const struct gc_lease_gate *one = gc_lease_gate_make("one", "h1");
  const struct gc_lease_gate *two = gc_lease_gate_make("two", "h2");
  struct points_value a = depth_value("A", 1), b = depth_value("B", 1),
                      c = depth_value("C", 1);
  held = one;
  CHECK_INT(points_write_leased(s, &a, 1000, one), GC_OK);
  CHECK_INT(points_write(s, &c, 1000), GC_OK);
  store_remove_lost(s, is_held); /* that of `two` has no series */
  CHECK_INT(count_lines(s, "{queue_name"), 2);
  CHECK_INT(points_write_leased(s, &b, 1000, two), GC_OK);
  store_remove_lost(s, is_held); /* also one that no scrape has seen */
  CHECK_INT(count_lines(s, "{queue_name=\"B\""), 0);
  CHECK_INT(count_lines(s, "{queue_name"), 2);

  held = two;
  store_remove_lost(s, is_held);
  CHECK_INT(count_lines(s, "{queue_name=\"A\""), 0);
  CHECK_INT(count_lines(s, "{queue_name=\"C\""), 1);
  CHECK_INT(store_stats(s).series, 1);

  held = one;
  store_remove_lost(s, is_held);
  CHECK_INT(count_lines(s, "{queue_name=\"A\""), 0);
  CHECK_INT(points_write_leased(s, &a, 2000, one), GC_OK);
  CHECK_INT(count_lines(s, "{queue_name=\"A\""), 1);
  held = NULL;
  store_expire(s, 2001); /* the age alone removes nothing */
  CHECK_INT(count_lines(s, "{queue_name"), 2);
  store_free(s);
}

/* Another thread adds the series while this one makes its names. */
static bool make_names_slowly(void *ctx, size_t i,
                              struct gc_export_series *ret) {
  struct points_value first = depth_value("A", 1);
  const struct gc_export_identity id = {.host = "h",
                                        .plugin = "genesys",
                                        .plugin_instance = "A",
                                        .type = "queue_depth",
                                        .type_instance = "voice",
                                        .source = "value",
                                        .is_only_source = true};
  (void)i;
  CHECK_INT(points_write(ctx, &first, 1000), GC_OK);
  return gc_export_series_make(&id, ret);
}

static void of_two_threads_that_add_a_series_the_newer_value_counts(void) {
  struct store *s = store_new(100, 30000);
  double two = 2;
  struct store_number number = {.kind = STORE_REAL};
  memcpy(&number.bits, &two, sizeof(number.bits));
  static const char key[] = "A/queue_depth/voice/"; /* as points_write has it */
  const struct store_list list = {.key = key,
                                  .key_len = sizeof(key) - 1,
                                  .numbers = &number,
                                  .count = 1,
                                  .time = 1001,
                                  .interval_ms = 10000,
                                  .now_ms = 1001};
  CHECK_INT(store_add(s, &list, make_names_slowly, s), GC_OK);
  CHECK_INT(store_stats(s).series, 1);
  CHECK_INT(count_lines(s, "host=\"h\"} 2\n"), 1);
  store_free(s);
}

/* Prometheus does not scrape for an hour, in which values come every 10 s. */
static void between_two_scrapes_the_newest_value_is_kept(void) {
  struct store *s = store_new(100, 30000);
  for (int64_t at_ms = 0; at_ms < 3600 * 1000; at_ms += 10000) {
    struct points_value a = depth_value("A", (double)(at_ms / 10000));
    CHECK_INT(points_write(s, &a, at_ms + 1), GC_OK);
    store_expire(s, at_ms + 1);
  }
  CHECK_INT(count_lines(s, "host=\"h\"} 359\n"), 1);
  CHECK_INT(count_lines(s, "{queue_name"), 1);
  store_free(s);
}

/* Its interval is 10 s: two of them are longer than the staleness. */
static void a_slow_series_stays_for_two_intervals(void) {
  struct store *s = store_new(100, 1000);
  struct points_value a = depth_value("A", 1);
  CHECK_INT(points_write(s, &a, 1000), GC_OK);
  store_expire(s, 21000);
  CHECK_INT(count_lines(s, "{queue_name"), 1);
  store_expire(s, 21001);
  CHECK_INT(count_lines(s, "{queue_name"), 0);
  store_free(s);
}

static void all_members_of_a_histogram_disappear(void) {
  static const char *const types[] = {"bucket", "bucket", "sum", "count"};
  static const char *const texts[] = {"voice-le-1", "voice-le-+Inf", "voice",
                                      "voice"};
  struct store *s = store_new(100, 1000);
  char type[64];
  for (size_t i = 0; i < GC_COUNT(types); i++) {
    snprintf(type, sizeof(type), "queue_wait_time_seconds_%s", types[i]);
    struct points_value v = {"A", type, texts[i], NULL, 1};
    CHECK_INT(points_write(s, &v, 1000), GC_OK);
  }
  CHECK_INT(count_lines(s, "{queue_name"), 4);
  store_expire(s, 100000);
  CHECK_INT(count_lines(s, "{queue_name"), 0);
  CHECK_INT(store_stats(s).series, 0);
  store_free(s);
}

/* Control characters are replaced, so the text of both keys is "A_". */
static void of_two_series_with_one_line_the_first_is_shown(void) {
  struct store *s = store_new(100, 30000);
  struct points_value one = depth_value("A\n", 1),
                      two = depth_value("A\x01", 2);
  struct store_collision c;
  CHECK_INT(points_write(s, &one, 1000), GC_OK);
  CHECK_INT(count_lines(s, "{queue_name=\"A_\""), 1);
  CHECK(!store_last_collision(s, &c));
  CHECK_INT(points_write(s, &two, 1000), GC_OK);
  CHECK_INT(count_lines(s, "{queue_name=\"A_\""), 1);
  CHECK_INT(store_stats(s).collisions, 1);
  CHECK(store_last_collision(s, &c));
  CHECK_STR(c.place, "genesys_queue_depth{queue_name=\"A_\","
                     "media_type=\"voice\",host=\"h\"}");
  CHECK_STR(c.shown, "A\n/queue_depth/voice/");
  CHECK_STR(c.hidden, "A\x01/queue_depth/voice/");
  CHECK(!store_last_collision(s, &c));

  CHECK_INT(points_write(s, &two, 30000), GC_OK);
  store_expire(s,
               40000); /* the first one is gone: the second takes its place */
  CHECK_INT(count_lines(s, "host=\"h\"} 2"), 1);
  CHECK_INT(store_stats(s).collisions, 1);
  store_expire(s, 100000);
  CHECK_INT(store_stats(s).series, 0);
  store_free(s);
}

/* Both come between two scrapes. */
static void of_two_new_series_with_one_line_the_first_is_shown(void) {
  struct store *s = store_new(100, 30000);
  struct points_value one = depth_value("A\n", 1),
                      two = depth_value("A\x01", 2);
  CHECK_INT(points_write(s, &one, 1000), GC_OK);
  CHECK_INT(points_write(s, &two, 1000), GC_OK);
  CHECK_INT(count_lines(s, "host=\"h\"} 1\n"), 1);
  CHECK_INT(count_lines(s, "host=\"h\"} 2\n"), 0);
  CHECK_INT(store_stats(s).collisions, 1);
  store_free(s);
}

/* ctx: the type of another plugin, which has one source. */
static bool make_foreign(void *ctx, size_t i, struct gc_export_series *ret) {
  const char *type = ctx;
  const struct gc_export_identity id = {.host = "h",
                                        .plugin = "app",
                                        .plugin_instance = "x",
                                        .type = type,
                                        .type_instance = "",
                                        .source = "value",
                                        .is_only_source = true,
                                        .is_counter =
                                            strcmp(type, "jobs") == 0};
  (void)i;
  return gc_export_series_make(&id, ret);
}

static void write_foreign(struct store *s, const char *type) {
  struct store_number one = {.kind = STORE_INT, .bits = 1};
  char key[64];
  int len = snprintf(key, sizeof(key), "h%capp%cx%c%s%c%c12345678", 0, 0, 0,
                     type, 0, 0);
  const struct store_list list = {.key = key,
                                  .key_len = (size_t)len,
                                  .numbers = &one,
                                  .count = 1,
                                  .time = 1000,
                                  .interval_ms = 10000,
                                  .now_ms = 1000};
  CHECK_INT(store_add(s, &list, make_foreign, (void *)type), GC_OK);
}

/* python3-prometheus-client refuses such a scrape ("Clashing name"). */
static void a_name_that_openmetrics_keeps_for_a_counter_is_no_family(void) {
  struct store *s = store_new(100, 30000);
  struct store_collision c;
  write_foreign(s, "jobs");
  write_foreign(s, "jobs_created");
  CHECK_INT(count_lines(s, "collectd_app_jobs_total{"), 1);
  CHECK_INT(count_lines(s, "collectd_app_jobs_created"), 0);
  CHECK_INT(store_stats(s).collisions, 1);
  CHECK(store_last_collision(s, &c));
  CHECK_STR(c.place, "collectd_app_jobs and "
                     "collectd_app_jobs_created");
  CHECK_STR(c.shown, "h/app-x/jobs");
  CHECK_STR(c.hidden, "h/app-x/jobs_created");
  store_free(s);
}

static void series_beyond_the_limit_are_counted(void) {
  struct store *s = store_new(2, 30000);
  char name[8];
  for (int i = 0; i < 5; i++) {
    snprintf(name, sizeof(name), "q%d", i);
    struct points_value v = depth_value(name, 1);
    CHECK_INT(points_write(s, &v, 1000), i < 2 ? GC_OK : GC_ERR_LIMIT);
  }
  CHECK_INT(store_stats(s).series, 2);
  CHECK_INT(store_stats(s).overflow, 3);
  CHECK_INT(count_lines(s, "{queue_name"), 2);
  store_expire(s, 100000);
  struct points_value v = depth_value("q4", 1);
  CHECK_INT(points_write(s, &v, 100000), GC_OK);
  store_free(s);
}

/* The thread of the older value read the clock first and came second. */
static void a_thread_that_comes_late_shows_no_older_value(void) {
  struct store *s = store_new(100, 1000);
  struct points_value older = depth_value("A", 1), newer = depth_value("A", 2);
  CHECK_INT(points_write(s, &newer, 1001), GC_OK);
  CHECK_INT(points_write(s, &older, 1000), GC_OK);
  CHECK_INT(count_lines(s, "} 2\n"), 1);
  store_free(s);
}

/* collectd's write threads may change the order of two values. A clock that was
 * set back must not stop a series. */
static void an_older_value_is_shown_only_after_an_interval(void) {
  struct store *s = store_new(100, 300000);
  struct store_number n = {STORE_INT, 0};
  struct points_value v = depth_value("A", 1);
  char key[] = "A/queue_depth/voice/";
  double two = 2.0;
  struct store_list list = {.key = key,
                            .key_len = strlen(key),
                            .numbers = &n,
                            .count = 1,
                            .time = 500,
                            .interval_ms = 10000,
                            .now_ms = 1500};
  memcpy(&n.bits, &two, sizeof(two));
  CHECK_INT(points_write(s, &v, 1000), GC_OK);
  CHECK(store_write(s, &list));
  CHECK_INT(count_lines(s, "} 1\n"), 1);
  list.now_ms = 20000;
  CHECK(store_write(s, &list));
  CHECK_INT(count_lines(s, "} 2\n"), 1);
  store_free(s);
}

/* One thread does both: the test would hang if a writer waited for a lock. */
static void a_slow_scrape_delays_no_writer(void) {
  struct store *s = store_new(100, 30000);
  struct points_value old = depth_value("A", 1), new = depth_value("B", 5);
  CHECK_INT(points_write(s, &old, 1000), GC_OK);
  (void)store_scrape_begin(s, 0);
  old.value = 2;
  CHECK_INT(points_write(s, &old, 2000), GC_OK);
  CHECK_INT(points_write(s, &new, 2000), GC_OK);
  store_scrape_end(s);
  CHECK_INT(
      count_lines(s, "queue_name=\"A\",media_type=\"voice\",host=\"h\"} 2"), 1);
  CHECK_INT(
      count_lines(s, "queue_name=\"B\",media_type=\"voice\",host=\"h\"} 5"), 1);
  store_free(s);
}

/* ---- threads ---- */

static const struct gc_lease_gate *shared_lease;

enum { THREADS = 4, NAMES = 200, ROUNDS = 50 };

static void *write_names(void *ctx) {
  char name[16];
  for (int round = 0; round < ROUNDS; round++)
    for (int i = 0; i < NAMES; i++) {
      snprintf(name, sizeof(name), "q%d", i);
      struct points_value v = depth_value(name, round);
      if (points_write_leased(ctx, &v, (uint64_t)round * 1000, shared_lease) !=
          GC_OK)
        abort();
    }
  return NULL;
}

static void threads_share_series_while_some_are_removed(void) {
  struct store *s = store_new(10000, 1000);
  pthread_t threads[THREADS];
  shared_lease = gc_lease_gate_make("shared", "h3");
  for (int i = 0; i < THREADS; i++)
    pthread_create(&threads[i], NULL, write_names, s);
  for (int i = 0; i < 50; i++) {
    store_expire(s, (uint64_t)i * 2000);
    held = i % 2 == 0 ? shared_lease : NULL;
    store_remove_lost(s, is_held);
    (void)count_lines(s, "{");
  }
  for (int i = 0; i < THREADS; i++)
    pthread_join(threads[i], NULL);
  CHECK(store_stats(s).series <= NAMES);
  CHECK_INT(store_stats(s).collisions, 0);
  store_expire(s, 1000000);
  CHECK_INT(store_stats(s).series, 0);
  CHECK_INT(count_lines(s, "{"), 0);
  store_free(s);
}

int main(void) {
  RUN(a_scrape_leaves_out_what_is_stale);
  RUN(a_series_of_intervals_lives_two_of_them);
  RUN(an_interval_of_a_back_fill_is_not_shown_but_counted);
  RUN(a_scrape_that_broke_off_does_not_use_up_the_0);
  RUN(after_a_minute_a_counter_shows_the_truth);
  RUN(a_series_disappears_when_it_is_not_written);
  RUN(series_of_a_lost_lease_disappear_until_the_next_value);
  RUN(of_two_threads_that_add_a_series_the_newer_value_counts);
  RUN(between_two_scrapes_the_newest_value_is_kept);
  RUN(a_slow_series_stays_for_two_intervals);
  RUN(all_members_of_a_histogram_disappear);
  RUN(of_two_series_with_one_line_the_first_is_shown);
  RUN(of_two_new_series_with_one_line_the_first_is_shown);
  RUN(a_name_that_openmetrics_keeps_for_a_counter_is_no_family);
  RUN(series_beyond_the_limit_are_counted);
  RUN(a_thread_that_comes_late_shows_no_older_value);
  RUN(an_older_value_is_shown_only_after_an_interval);
  RUN(a_slow_scrape_delays_no_writer);
  RUN(threads_share_series_while_some_are_removed);
  return check_done();
}
