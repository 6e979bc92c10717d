/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/cv_life.h"

static struct conversations *m;
static struct life life;
static struct gc_entities *directory;

struct reported {
  enum gc_metric_id metric;
  char instance[128], qualifier[64];
  union gc_number value;
};
static struct reported reported[400];
static size_t reported_count;
static struct queue_tally tally;
static bool with_active, only_changes;
static char *only_media[1];
static size_t only_media_count;
static enum queue_label label;

static void record_sample(void *ctx, const struct gc_sample *s) {
  (void)ctx;
  if (reported_count == GC_COUNT(reported))
    return;
  struct reported *t = &reported[reported_count++];
  t->metric = s->metric;
  snprintf(t->instance, sizeof(t->instance), "%s", s->instance);
  snprintf(t->qualifier, sizeof(t->qualifier), "%s", s->qualifier);
  t->value = s->values[0];
  CHECK_INT(s->time_ms, 12345);
  CHECK_INT(s->interval_ms, 10000);
}

static bool accepts_queue(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  return strcmp(queue->id, "q2") != 0;
}

static void dispatch_samples(void) {
  struct queue_display queues = {.queues = directory,
                                 .accepts = accepts_queue,
                                 .media = only_media,
                                 .media_count = only_media_count,
                                 .label = label,
                                 .interval_ms = 10000};
  struct conversations_view view = {.queues = &queues,
                                    .time_ms = 12345,
                                    .active = with_active,
                                    .turns = 1,
                                    .due = only_changes ? 0 : 1};
  reported_count = 0;
  struct conversations_cursor cursor = {0};
  while (conversations_samples(
      m, &view, &(struct gc_samples){record_sample, NULL}, &cursor)) {
  }
  tally = cursor.tally;
  CHECK_INT(tally.series, reported_count);
}

static const struct reported *find_reported(enum gc_metric_id metric,
                                            const char *qualifier) {
  for (size_t i = 0; i < reported_count; i++)
    if (reported[i].metric == metric &&
        strcmp(reported[i].qualifier, qualifier) == 0)
      return &reported[i];
  return NULL;
}

/* -1: no such series. */
static int64_t count_of(enum gc_metric_id metric, const char *qualifier) {
  const struct reported *t = find_reported(metric, qualifier);
  return t != NULL ? t->value.derive : -1;
}

static double gauge_of(enum gc_metric_id metric, const char *qualifier) {
  const struct reported *t = find_reported(metric, qualifier);
  return t != NULL ? t->value.gauge : -1.0;
}

static void begin_model(void) {
  struct conversations_settings s = life_settings();
  conversations_free(m);
  m = conversations_new(&s, NULL);
  with_active = true;
  only_changes = false;
  only_media_count = 0;
  label = QUEUE_LABEL_ID;
  life_begin(&life, "c1");
}

static void apply_life(void) {
  CHECK_INT(conversations_apply(m, &life.now), GC_OK);
}

static void all_of_a_call(void) {
  life_of_a_call(&life);
  for (unsigned i = 0; i < life.count; i++)
    CHECK_INT(conversations_apply(m, &life.kept[i]), GC_OK);
}

static void an_earlier_answer_changes_the_waits_and_no_bucket_falls(void) {
  begin_model();
  life_connected(&life, CV_CUSTOMER, NULL, 1);
  life_connected(&life, CV_ACD, "q1", 2)->end_ms = AT(4);
  life_connected(&life, CV_AGENT, "q1", 10);
  apply_life();
  dispatch_samples();
  dispatch_samples();
  CHECK_INT(count_of(GC_METRIC_QUEUE_WAIT_BUCKET, "voice-le-5"), 0);
  only_changes = true;
  life_connected(&life, CV_AGENT, "q1", 4);
  apply_life();
  dispatch_samples();
  CHECK_INT(count_of(GC_METRIC_QUEUE_WAIT_BUCKET, "voice-le-1"), 0);
  CHECK_INT(count_of(GC_METRIC_QUEUE_WAIT_BUCKET, "voice-le-5"), 1);
  CHECK_INT(count_of(GC_METRIC_QUEUE_WAIT_BUCKET, "voice-le-+Inf"), 1);
  CHECK_INT(count_of(GC_METRIC_QUEUE_WAIT_COUNT, "voice"), 1);
  CHECK(gauge_of(GC_METRIC_QUEUE_WAIT_SUM, "voice") == 8.0);
}

static void before_the_first_contact_there_is_no_sample(void) {
  begin_model();
  dispatch_samples();
  CHECK_INT(reported_count, 0);
  CHECK_INT(tally.matched, 0);
}

static void a_series_begins_with_0_and_has_its_count_next(void) {
  begin_model();
  all_of_a_call();
  dispatch_samples();
  for (size_t i = 0; i < reported_count; i++) {
    CHECK_ROW(reported[i].qualifier);
    CHECK_INT(reported[i].value.derive, 0);
    CHECK_STR(reported[i].instance, "q1");
  }
  size_t first = reported_count;
  dispatch_samples();
  CHECK_INT(reported_count, first);
  CHECK_INT(count_of(GC_METRIC_QUEUE_OFFER, "voice"), 1);
  CHECK_INT(count_of(GC_METRIC_QUEUE_ANSWER, "voice"), 1);
  CHECK_INT(count_of(GC_METRIC_QUEUE_ABANDON, "voice"), 0);
  CHECK_INT(count_of(GC_METRIC_QUEUE_TRANSFER, "voice"), 1);
  CHECK_INT(count_of(GC_METRIC_QUEUE_SLA_BREACH, "voice-20"), 1);
  CHECK_INT(count_of(GC_METRIC_QUEUE_WAIT_COUNT, "voice"), 1);
  CHECK_REAL(gauge_of(GC_METRIC_QUEUE_WAIT_SUM, "voice"), 22.0);
  CHECK_INT(count_of(GC_METRIC_STATE_CHANGES, "voice-waiting-alerting"), 2);
  CHECK_INT(count_of(GC_METRIC_STATE_CHANGES, "voice-active-held"), 2);
  CHECK_INT(count_of(GC_METRIC_STATE_CHANGES, "voice-wrapup-ended"), 1);
  CHECK_INT(count_of(GC_METRIC_STATE_CHANGES, "voice-ended-waiting"), -1);
  CHECK_REAL(gauge_of(GC_METRIC_ACTIVE_CONVERSATIONS, "voice"), 0.0);
}

static void buckets_are_cumulative_and_named_by_their_bounds(void) {
  static const struct {
    const char *qualifier;
    int64_t count;
  } rows[] = {{"voice-le-0.5", 1}, {"voice-le-1", 1},  {"voice-le-5", 2},
              {"voice-le-10", 2},  {"voice-le-20", 2}, {"voice-le-+Inf", 3}};
  static const double waits[] = {0.2, 3, 40};
  begin_model();
  for (size_t i = 0; i < GC_COUNT(waits); i++) {
    char id[4] = {'c', (char)('1' + i), '\0'};
    life_begin(&life, id);
    life_connected(&life, CV_ACD, "q1", 1);
    life_connected(&life, CV_AGENT, "q1", 1 + waits[i]);
    apply_life();
  }
  dispatch_samples();
  dispatch_samples();
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].qualifier);
    CHECK_INT(count_of(GC_METRIC_QUEUE_WAIT_BUCKET, rows[i].qualifier),
              rows[i].count);
  }
  CHECK_REAL(gauge_of(GC_METRIC_QUEUE_WAIT_SUM, "voice"), 43.2);
}

static void a_change_that_happens_later_begins_with_0_too(void) {
  begin_model();
  struct cv_party *acd = life_connected(&life, CV_ACD, "q1", 1);
  apply_life();
  dispatch_samples();
  dispatch_samples();
  CHECK_INT(count_of(GC_METRIC_STATE_CHANGES, "voice-alerting-active"), -1);
  acd->end_ms = AT(4);
  life_connected(&life, CV_AGENT, "q1", 4);
  apply_life();
  dispatch_samples();
  CHECK_INT(count_of(GC_METRIC_STATE_CHANGES, "voice-alerting-active"), 0);
  CHECK_INT(count_of(GC_METRIC_QUEUE_ANSWER, "voice"), 1);
  dispatch_samples();
  CHECK_INT(count_of(GC_METRIC_STATE_CHANGES, "voice-alerting-active"), 1);
}

static void a_queue_without_a_name_is_held_back_and_loses_nothing(void) {
  static const struct gc_entry entries[] = {{"q1", "Sales", "Sales", ""}};
  begin_model();
  label = QUEUE_LABEL_NAME;
  life_connected(&life, CV_ACD, "q1", 1);
  apply_life();
  dispatch_samples();
  CHECK_INT(reported_count, 0);
  CHECK_INT(tally.unnamed, 1);
  directory = gc_entities_new(entries, 1, false);
  dispatch_samples();
  CHECK_INT(count_of(GC_METRIC_QUEUE_OFFER, "voice"), 0);
  CHECK_STR(reported[0].instance, "Sales");
  dispatch_samples();
  CHECK_INT(count_of(GC_METRIC_QUEUE_OFFER, "voice"), 1);
  gc_entities_put(directory);
  directory = NULL;
}

static void a_queue_that_is_not_selected_has_no_sample(void) {
  static char chat[] = "chat";
  begin_model();
  life_connected(&life, CV_ACD, "q2", 1);
  apply_life();
  dispatch_samples();
  CHECK_INT(reported_count, 0);
  CHECK_INT(tally.unnamed, 0);
  life_connected(&life, CV_ACD, "q1", 1);
  apply_life();
  only_media[0] = chat;
  only_media_count = 1;
  dispatch_samples();
  CHECK_INT(reported_count, 0);
  only_media_count = 0;
  dispatch_samples();
  CHECK(reported_count > 0);
}

static void a_breach_has_its_target_in_the_name(void) {
  struct conversations_settings s = life_settings();
  begin_model();
  s.target_ms = 0;
  conversations_free(m);
  m = conversations_new(&s, NULL);
  life_connected(&life, CV_ACD, "q1", 1);
  apply_life();
  dispatch_samples();
  CHECK(find_reported(GC_METRIC_QUEUE_SLA_BREACH, "voice-0") == NULL);
  CHECK_INT(conversations_target(m, "q1", CV_VOICE, 2500), GC_OK);
  life_tick(m, AT(60), AT(60));
  dispatch_samples();
  CHECK_INT(count_of(GC_METRIC_QUEUE_SLA_BREACH, "voice-2.5"), 0);
  dispatch_samples();
  CHECK_INT(count_of(GC_METRIC_QUEUE_SLA_BREACH, "voice-2.5"), 1);
  CHECK_INT(conversations_target(m, "q1", CV_VOICE, 30000), GC_OK);
  dispatch_samples();
  CHECK_INT(count_of(GC_METRIC_QUEUE_SLA_BREACH, "voice-2.5"), -1);
  CHECK_INT(count_of(GC_METRIC_QUEUE_SLA_BREACH, "voice-30"), 0);
}

static void active_conversations_are_counted_on_request(void) {
  begin_model();
  life_connected(&life, CV_ACD, "q1", 1);
  apply_life();
  dispatch_samples();
  CHECK_REAL(gauge_of(GC_METRIC_ACTIVE_CONVERSATIONS, "voice"), 1.0);
  with_active = false;
  dispatch_samples();
  CHECK(find_reported(GC_METRIC_ACTIVE_CONVERSATIONS, "voice") == NULL);
}

/* Dispatches the changes between two full passes. */
static void dispatch_changes(void) {
  only_changes = true;
  dispatch_samples();
  only_changes = false;
}

static void a_pass_of_changes_puts_the_changed_values(void) {
  begin_model();
  life_connected(&life, CV_ACD, "q1", 1);
  apply_life();
  dispatch_samples();
  dispatch_samples();
  dispatch_changes();
  CHECK_INT(reported_count, 0);
  life_begin(&life, "c2");
  life_connected(&life, CV_ACD, "q1", 2);
  apply_life();
  dispatch_changes();
  CHECK_INT(reported_count, 2);
  CHECK_INT(count_of(GC_METRIC_QUEUE_OFFER, "voice"), 2);
  CHECK_REAL(gauge_of(GC_METRIC_ACTIVE_CONVERSATIONS, "voice"), 2.0);
  dispatch_changes();
  CHECK_INT(reported_count, 0);
  life_connected(&life, CV_AGENT, "q1", 5);
  apply_life();
  dispatch_changes();
  CHECK_INT(count_of(GC_METRIC_QUEUE_ANSWER, "voice"), 1);
  CHECK_INT(count_of(GC_METRIC_QUEUE_WAIT_BUCKET, "voice-le-5"), 1);
  CHECK_REAL(gauge_of(GC_METRIC_QUEUE_WAIT_SUM, "voice"), 3.0);
  CHECK_INT(count_of(GC_METRIC_QUEUE_OFFER, "voice"), -1);
  size_t all = reported_count;
  dispatch_samples();
  CHECK(reported_count > all);
}

/* A rate needs two values, so the 0 and the count are two passes. */
static void a_series_that_begins_between_full_passes_has_its_count_next(void) {
  begin_model();
  life_connected(&life, CV_ACD, "q1", 1);
  apply_life();
  dispatch_changes();
  CHECK_INT(count_of(GC_METRIC_QUEUE_OFFER, "voice"), 0);
  dispatch_changes();
  CHECK_INT(count_of(GC_METRIC_QUEUE_OFFER, "voice"), 1);
  CHECK_INT(reported_count, 1);
  dispatch_changes();
  CHECK_INT(reported_count, 0);
  dispatch_samples();
  CHECK_INT(count_of(GC_METRIC_QUEUE_OFFER, "voice"), 1);
}

static void counters_of_an_expected_medium_begin_before_the_contact(void) {
  begin_model();
  CHECK_INT(conversations_expect(m, "q1", CV_VOICE), GC_OK);
  dispatch_samples();
  CHECK_INT(count_of(GC_METRIC_QUEUE_OFFER, "voice"), 0);
  CHECK_INT(count_of(GC_METRIC_QUEUE_WAIT_BUCKET, "voice-le-+Inf"), 0);
  CHECK_INT(count_of(GC_METRIC_QUEUE_SLA_BREACH, "voice-20"), 0);
  dispatch_samples();
  life_connected(&life, CV_ACD, "q1", 1);
  apply_life();
  dispatch_changes();
  CHECK_INT(count_of(GC_METRIC_QUEUE_OFFER, "voice"), 1);
  CHECK_INT(conversations_expect(m, "q1", CV_VOICE), GC_OK);
  dispatch_samples();
  CHECK_INT(count_of(GC_METRIC_QUEUE_OFFER, "voice"), 1);
}

int main(void) {
  RUN(an_earlier_answer_changes_the_waits_and_no_bucket_falls);
  RUN(before_the_first_contact_there_is_no_sample);
  RUN(a_series_begins_with_0_and_has_its_count_next);
  RUN(buckets_are_cumulative_and_named_by_their_bounds);
  RUN(a_change_that_happens_later_begins_with_0_too);
  RUN(a_queue_without_a_name_is_held_back_and_loses_nothing);
  RUN(a_queue_that_is_not_selected_has_no_sample);
  RUN(a_breach_has_its_target_in_the_name);
  RUN(active_conversations_are_counted_on_request);
  RUN(a_pass_of_changes_puts_the_changed_values);
  RUN(a_series_that_begins_between_full_passes_has_its_count_next);
  RUN(counters_of_an_expected_medium_begin_before_the_contact);
  conversations_free(m);
  return check_done();
}
