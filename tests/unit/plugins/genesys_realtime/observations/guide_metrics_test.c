/* SPDX-License-Identifier: MIT */
/* The parts that a .case file cannot express: the query, and state beyond one
 * answer. */
#include "plugins/genesys_realtime/observations/guide_metrics.h"

#include "common/genesys/parts.h"
#include "plugins/genesys_realtime/queues/queue_label.h"
#include "tests/support/check.h"

#define TAIL "&metricNames=queued,waiting,agentAvailable,agentBusy"

static void the_query_names_the_queues_and_the_numbers(void) {
  static const struct {
    const char *ids[3], *query;
  } rows[] = {
      {{"a", "b"}, "queueIds=a,b" TAIL},
      {{"Az-09._~"}, "queueIds=Az-09._~" TAIL},
      {{"a,b", "c&d=e", "\xc3\xa9 %"},
       "queueIds=a%2Cb,c%26d%3De,%C3%A9%20%25" TAIL},
      {{NULL}, "queueIds=" TAIL},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1024};
    size_t count = 0;
    while (count < 3 && rows[i].ids[count] != NULL)
      count++;
    CHECK_ROW(rows[i].query);
    CHECK_INT(queue_metrics_query(rows[i].ids, count, &out), GC_OK);
    CHECK_STR(gc_buf_string(&out), rows[i].query);
  }
}

static void a_query_that_does_not_fit_is_refused(void) {
  static const char *const ids[] = {"abcdefgh"};
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 12};
  CHECK_INT(queue_metrics_query(ids, 1, &out), GC_ERR_LIMIT);
}

static enum gc_code feed_json(struct obs_decoder *d, const char *json) {
  struct gc_sink sink = obs_decoder_sink(d);
  return sink.write(sink.ctx, json, strlen(json), NULL);
}

static void a_broken_attempt_leaves_no_number_behind(void) {
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(o, true);
  struct gc_sink sink = obs_decoder_sink(d);
  struct gc_err err;
  uint32_t queue;

  sink.begin(sink.ctx);
  CHECK_INT(feed_json(d, "[{\"id\":\"a\",\"queued\":1},"), GC_OK);
  sink.begin(sink.ctx);
  CHECK_INT(feed_json(d, "[{\"id\":\"b\",\"queued\":2}]"), GC_OK);
  CHECK_INT(obs_decoder_finish(d, NULL, &err), GC_OK);
  CHECK(gc_intern_find(&o->ids, "b", 1, &queue));
  CHECK_INT(o->queues[queue].guide_count, 1);
  CHECK_INT(o->queues[queue].guide[0].queued, 2);
  CHECK(gc_intern_find(&o->ids, "a", 1, &queue));
  CHECK_INT(o->queues[queue].guide_count, 0);

  sink.begin(sink.ctx);
  CHECK_INT(feed_json(d, "[{\"id\":\"a\",\"queued\":1}"), GC_OK);
  CHECK_INT(obs_decoder_finish(d, NULL, &err), GC_ERR_PARSE);
  CHECK_INT(o->queues[queue].guide_count, 0);
}

static void a_label_stays_with_its_queue_from_answer_to_answer(void) {
  struct gc_labels *labels = gc_labels_new();
  static const char *const answers[] = {
      "[{\"id\":\"a\",\"name\":\"Sales\"},{\"id\":\"b\",\"name\":\"Sales\"}]",
      "[{\"id\":\"b\",\"name\":\"Sales\"}]"};
  for (size_t i = 0; i < GC_COUNT(answers); i++) {
    GC_AUTO(observations_put_auto)
    struct observations *o = observations_new();
    GC_AUTO(obs_decoder_free_auto)
    struct obs_decoder *d = obs_decoder_new(o, true);
    CHECK_INT(feed_json(d, answers[i]), GC_OK);
    CHECK_INT(obs_decoder_finish(d, NULL, NULL), GC_OK);
    o->names = queue_metrics_names(o, NULL, labels);
    CHECK(gc_entities_is_refused(o->names));
    CHECK_INT(gc_entities_count(o->names), 2 - i);
    CHECK_STR(gc_entities_find(o->names, "b")->label, "Sales~2");
    CHECK_STR(gc_entities_find(o->names, "b")->name, "Sales");
  }
  gc_labels_free(labels);
}

static bool accepts_all(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  (void)queue;
  return true;
}

struct marks {
  size_t all, guide;
};

static void count_mark(void *ctx, const struct gc_sample *s) {
  struct marks *marks = ctx;
  marks->all++;
  marks->guide += gc_parts_have(s->parts, GC_PART_GUIDE);
}

/* The writers find the rows of guide C by the mark. */
static void each_value_of_the_dialect_has_its_mark(void) {
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(o, true);
  struct queue_display view = {.accepts = accepts_all, .label = QUEUE_LABEL_ID};
  struct marks marks = {0};
  struct gc_samples out = {count_mark, &marks};
  struct queue_tally tally;
  CHECK_INT(feed_json(d, "[{\"id\":\"a\",\"queued\":1},{\"id\":\"b\"}]"),
            GC_OK);
  CHECK_INT(obs_decoder_finish(d, NULL, NULL), GC_OK);
  obs_samples(o, &view, &out, &tally);
  CHECK_INT(marks.all, 8);
  CHECK_INT(marks.guide, 8);
}

int main(void) {
  RUN(the_query_names_the_queues_and_the_numbers);
  RUN(a_query_that_does_not_fit_is_refused);
  RUN(a_broken_attempt_leaves_no_number_behind);
  RUN(a_label_stays_with_its_queue_from_answer_to_answer);
  RUN(each_value_of_the_dialect_has_its_mark);
  return check_done();
}
