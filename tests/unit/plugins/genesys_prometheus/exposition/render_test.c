/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/exposition/render.h"

#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/points.h"

static void put_value(struct store *s, const char *type,
                      const char *type_instance, double value) {
  struct points_value v = {"Sales", type, type_instance, "queue_id=q1\n",
                           value};
  CHECK_INT(points_write(s, &v, 1000), GC_OK);
}

static void check_text(struct store *s, enum render_format format,
                       const char *want) {
  char *text = points_render(s, format);
  CHECK_STR(text, want);
  free(text);
}

#define Q "queue_id=\"q1\",queue_name=\"Sales\",media_type=\"voice\",host=\"h\""

static void both_formats_have_their_heads(void) {
  struct store *s = store_new(100, 1000);
  put_value(s, "queue_depth", "voice", 4);
  put_value(s, "queue_offer", "voice", 7);
  check_text(s, RENDER_TEXT,
             "# HELP genesys_queue_depth Contacts waiting.\n"
             "# TYPE genesys_queue_depth gauge\n"
             "genesys_queue_depth{" Q "} 4\n"
             "# HELP genesys_queue_offer_total Contacts that came into the "
             "queue.\n"
             "# TYPE genesys_queue_offer_total counter\n"
             "genesys_queue_offer_total{" Q "} 7\n");
  check_text(s, RENDER_OPENMETRICS,
             "# HELP genesys_queue_depth Contacts waiting.\n"
             "# TYPE genesys_queue_depth gauge\n"
             "genesys_queue_depth{" Q "} 4\n"
             "# HELP genesys_queue_offer Contacts that came into the queue.\n"
             "# TYPE genesys_queue_offer counter\n"
             "genesys_queue_offer_total{" Q "} 7\n"
             "# EOF\n");
  store_free(s);
}

static void a_unit_is_named_in_openmetrics_alone(void) {
  struct store *s = store_new(100, 1000);
  put_value(s, "queue_longest_wait", "voice", 0.5);
  check_text(s, RENDER_OPENMETRICS,
             "# HELP genesys_queue_longest_wait_seconds Age of the contact "
             "that has waited longest; 0 when none waits.\n"
             "# TYPE genesys_queue_longest_wait_seconds gauge\n"
             "# UNIT genesys_queue_longest_wait_seconds seconds\n"
             "genesys_queue_longest_wait_seconds{" Q "} 0.5\n"
             "# EOF\n");
  store_free(s);
}

/* The first contact of a queue: 0 and the count come within a second, long
 * before the next scrape. */
static void a_counter_that_begins_with_0_shows_it_twice(void) {
  static const char head[] =
      "# HELP genesys_queue_offer_total Contacts that came into the queue.\n"
      "# TYPE genesys_queue_offer_total counter\n";
  char want[400];
  struct store *s = store_new(100, 1000);
  put_value(s, "queue_offer", "voice", 0);
  put_value(s, "queue_offer", "voice", 1);
  snprintf(want, sizeof(want), "%sgenesys_queue_offer_total{%s} 0\n", head, Q);
  check_text(s, RENDER_TEXT, want);
  check_text(s, RENDER_TEXT, want); /* for a second replica */
  snprintf(want, sizeof(want), "%sgenesys_queue_offer_total{%s} 1\n", head, Q);
  check_text(s, RENDER_TEXT, want);
  put_value(s, "queue_offer", "voice", 0); /* a restart */
  put_value(s, "queue_offer", "voice", 1);
  check_text(s, RENDER_TEXT, want);
  store_free(s);
}

/* The write thread of collectd that has the 0 comes second. */
static void a_0_that_comes_late_is_shown_twice(void) {
  struct store *s = store_new(100, 1000);
  struct points_value one = {"Sales", "queue_offer", "voice", NULL, 1};
  struct points_value zero = {"Sales", "queue_offer", "voice", NULL, 0};
  char *text;
  CHECK_INT(points_write(s, &one, 1001), GC_OK);
  CHECK_INT(points_write(s, &zero, 1000), GC_OK);
  for (int value = 0; value < 3; value++) {
    text = points_render(s, RENDER_TEXT);
    CHECK_HAS(text, value < 2 ? "host=\"h\"} 0\n" : "host=\"h\"} 1\n");
    free(text);
  }
  CHECK_INT(points_write(s, &zero, 1000), GC_OK); /* 1 has been shown */
  text = points_render(s, RENDER_TEXT);
  CHECK_HAS(text, "host=\"h\"} 1\n");
  free(text);
  store_free(s);
}

static void a_gauge_shows_its_newest_value_alone(void) {
  struct store *s = store_new(100, 1000);
  put_value(s, "queue_depth", "voice", 0);
  put_value(s, "queue_depth", "voice", 3);
  check_text(s, RENDER_TEXT,
             "# HELP genesys_queue_depth Contacts waiting.\n"
             "# TYPE genesys_queue_depth gauge\n"
             "genesys_queue_depth{" Q "} 3\n");
  store_free(s);
}

/* OpenMetrics forbids it, and strict readers refuse the whole scrape. A DERIVE
 * may be negative, such as MaxConn of collectd's plugin protocols. */
static void a_counter_below_0_has_no_line(void) {
  static const char head[] =
      "# HELP genesys_queue_offer_total Contacts that came into the queue.\n"
      "# TYPE genesys_queue_offer_total counter\n";
  char want[400];
  struct store *s = store_new(100, 1000);
  put_value(s, "queue_offer", "voice", -1);
  check_text(s, RENDER_TEXT, "");
  check_text(s, RENDER_OPENMETRICS, "# EOF\n");
  put_value(s, "queue_offer", "voice", 2);
  snprintf(want, sizeof(want), "%sgenesys_queue_offer_total{%s} 2\n", head, Q);
  check_text(s, RENDER_TEXT, want);
  store_free(s);
}

#define HISTOGRAM                                                              \
  "# HELP genesys_queue_wait_time_seconds Waits of answered contacts.\n"       \
  "# TYPE genesys_queue_wait_time_seconds histogram\n"

static void a_histogram_that_begins_with_0_shows_it_twice(void) {
  struct store *s = store_new(100, 1000);
  for (int value = 0; value < 2; value++) {
    put_value(s, "queue_wait_time_seconds_bucket", "voice-le-+Inf", value);
    put_value(s, "queue_wait_time_seconds_sum", "voice", 6.5 * value);
  }
  for (int answer = 0; answer < 2; answer++)
    check_text(s, RENDER_TEXT,
               HISTOGRAM "genesys_queue_wait_time_seconds_bucket{" Q
                         ",le=\"+Inf\"} 0\n"
                         "genesys_queue_wait_time_seconds_sum{" Q "} 0\n"
                         "genesys_queue_wait_time_seconds_count{" Q "} 0\n");
  check_text(s, RENDER_TEXT,
             HISTOGRAM "genesys_queue_wait_time_seconds_bucket{" Q
                       ",le=\"+Inf\"} 1\n"
                       "genesys_queue_wait_time_seconds_sum{" Q "} 6.5\n"
                       "genesys_queue_wait_time_seconds_count{" Q "} 1\n");
  store_free(s);
}

/* The buckets arrive in any order; the reading falls between two values of one
 * answer. */
static void a_histogram_is_consistent_between_two_values(void) {
  struct store *s = store_new(100, 1000);
  put_value(s, "queue_wait_time_seconds_count", "voice", 3);
  put_value(s, "queue_wait_time_seconds_bucket", "voice-le-16", 3);
  put_value(s, "queue_wait_time_seconds_bucket", "voice-le-2", 4);
  put_value(s, "queue_wait_time_seconds_sum", "voice", 6.5);
  check_text(s, RENDER_TEXT, "");
  put_value(s, "queue_wait_time_seconds_bucket", "voice-le-+Inf", 3);
  check_text(s, RENDER_TEXT,
             HISTOGRAM
             "genesys_queue_wait_time_seconds_bucket{" Q ",le=\"2.0\"} 4\n"
             "genesys_queue_wait_time_seconds_bucket{" Q ",le=\"16.0\"} 4\n"
             "genesys_queue_wait_time_seconds_bucket{" Q ",le=\"+Inf\"} 4\n"
             "genesys_queue_wait_time_seconds_sum{" Q "} 6.5\n"
             "genesys_queue_wait_time_seconds_count{" Q "} 4\n");
  store_free(s);
}

static void an_unknown_value_is_no_line(void) {
  static const double unknown[] = {NAN, INFINITY, -INFINITY};
  for (size_t i = 0; i < GC_COUNT(unknown); i++) {
    struct store *s = store_new(100, 1000);
    put_value(s, "queue_depth", "voice", 1);
    put_value(s, "queue_depth", "voice", unknown[i]);
    check_text(s, RENDER_OPENMETRICS, "# EOF\n");
    store_free(s);
  }
}

static void labels_are_escaped(void) {
  struct store *s = store_new(100, 1000);
  struct points_value v = {"a\"b\\c\nd", "queue_depth", "voice", NULL, 1};
  CHECK_INT(points_write(s, &v, 1000), GC_OK);
  check_text(s, RENDER_TEXT,
             "# HELP genesys_queue_depth Contacts waiting.\n"
             "# TYPE genesys_queue_depth gauge\n"
             "genesys_queue_depth{queue_name=\"a\\\"b\\\\c_d\","
             "media_type=\"voice\",host=\"h\"} 1\n");
  store_free(s);
}

/* ---- writers and scrapes at once ---- */

enum { ANSWERS = 20000 };

/* A check on another thread than the test's would count without a lock. */
static void write_or_abort(struct store *s, const char *type,
                           const char *type_instance, double value) {
  struct points_value v = {"Sales", type, type_instance, "queue_id=q1\n",
                           value};
  if (points_write(s, &v, 1000) != GC_OK)
    abort();
}

static void *write_answers(void *ctx) {
  struct store *s = ctx;
  for (int i = 1; i <= ANSWERS; i++) {
    write_or_abort(s, "queue_wait_time_seconds_bucket", "voice-le-2", i);
    write_or_abort(s, "queue_wait_time_seconds_bucket", "voice-le-+Inf", i);
    write_or_abort(s, "queue_wait_time_seconds_sum", "voice", i);
    write_or_abort(s, "queue_wait_time_seconds_count", "voice", i);
  }
  return NULL;
}

static double number_after(const char *text, const char *name) {
  const char *at = strstr(text, name);
  return at != NULL ? strtod(strstr(at, "} ") + 2, NULL) : -1.0;
}

static void each_scrape_of_a_busy_store_adds_up(void) {
  struct store *s = store_new(100, 1000);
  pthread_t thread;
  double count = 0.0;
  pthread_create(&thread, NULL, write_answers, s);
  while (count < ANSWERS) {
    char *text = points_render(s, RENDER_TEXT);
    double inf = number_after(text, "le=\"+Inf\"");
    double low = number_after(text, "le=\"2.0\"");
    count = number_after(text, "_count{");
    if (inf >= 0.0 && strstr(text, "_count{") != NULL)
      CHECK(inf == count && low <= inf);
    free(text);
  }
  pthread_join(thread, NULL);
  store_free(s);
}

int main(void) {
  RUN(both_formats_have_their_heads);
  RUN(a_unit_is_named_in_openmetrics_alone);
  RUN(a_counter_that_begins_with_0_shows_it_twice);
  RUN(a_0_that_comes_late_is_shown_twice);
  RUN(a_gauge_shows_its_newest_value_alone);
  RUN(a_counter_below_0_has_no_line);
  RUN(a_histogram_that_begins_with_0_shows_it_twice);
  RUN(a_histogram_is_consistent_between_two_values);
  RUN(an_unknown_value_is_no_line);
  RUN(labels_are_escaped);
  RUN(each_scrape_of_a_busy_store_adds_up);
  return check_done();
}
