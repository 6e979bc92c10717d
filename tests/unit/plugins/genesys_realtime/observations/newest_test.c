/* SPDX-License-Identifier: MIT */
/* The list of queues from which all series of a block take their labels. */
#include "plugins/genesys_realtime/observations/newest.h"

#include "plugins/genesys_realtime/observations/guide_metrics.h"
#include "tests/support/check.h"
#include "tests/support/replay.h"

static struct replay r;
static struct newest n;
static struct gc_labels *labels;

static void begin_newest(enum obs_source source) {
  struct queues_options o = {.observations = (int)source, .interval_s = 10};
  replay_init(&r);
  labels = gc_labels_new();
  newest_init(&n, &o, &r.env);
}

static void end_newest(void) {
  newest_clear(&n);
  gc_labels_free(labels);
  replay_clear(&r);
}

static struct gc_entities *make_list(bool is_refused) {
  const struct gc_entry entry = {"q1", is_refused ? "" : "Sales",
                                 is_refused ? "q1" : "Sales", ""};
  return gc_entities_new(&entry, 1, is_refused);
}

/* An answer has come, with a name of the queue q1 or without a row of it. */
static void has_answer(const struct observations *before, bool has_row,
                       struct observations **ret) {
  const char *json = has_row ? "[{\"id\":\"q1\",\"name\":\"Sales\"}]" : "[]";
  struct observations *o = observations_new();
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(o, true);
  struct gc_sink sink = obs_decoder_sink(d);
  CHECK_INT(sink.write(sink.ctx, json, strlen(json), NULL), GC_OK);
  CHECK_INT(obs_decoder_finish(d, NULL, NULL), GC_OK);
  o->names =
      queue_metrics_names(o, before != NULL ? before->names : NULL, labels);
  n.listener.ended(n.listener.ctx, true);
  n.listener.reading(n.listener.ctx, &(struct obs_reading){o, true, false});
  *ret = o;
}

/* Returns the label of q1; "": it is not known yet. */
static const char *label_of(struct gc_entities *listed) {
  static char label[GC_NAME_SIZE];
  struct gc_entities *list = newest_labels(&n, listed);
  const struct gc_entry *e = list != NULL ? gc_entities_find(list, "q1") : NULL;
  snprintf(label, sizeof(label), "%s", e != NULL ? e->label : "");
  gc_entities_put(list);
  return label;
}

static void a_refused_list_waits_for_the_names_of_the_answers(void) {
  struct observations *first, *second;
  struct gc_entities *listed = make_list(true);
  begin_newest(OBS_QUEUE_METRICS);
  CHECK_STR(label_of(listed), "");
  has_answer(NULL, true, &first);
  CHECK_STR(label_of(listed), "Sales");
  has_answer(first, false, &second); /* the name stays */
  CHECK_STR(label_of(listed), "Sales");
  observations_put(first);
  observations_put(second);
  end_newest();
  gc_entities_put(listed);
}

static void without_an_answer_the_id_is_the_label(void) {
  struct gc_entities *listed = make_list(true);
  begin_newest(OBS_QUEUE_METRICS);
  n.listener.ended(n.listener.ctx, false);
  CHECK_STR(label_of(listed), "q1");
  end_newest();
  begin_newest(OBS_QUERY); /* its answers have no names */
  CHECK_STR(label_of(listed), "q1");
  end_newest();
  gc_entities_put(listed);
}

static void a_list_of_the_account_decides(void) {
  struct gc_entities *listed = make_list(false);
  begin_newest(OBS_QUEUE_METRICS);
  CHECK_STR(label_of(NULL), "");
  CHECK_STR(label_of(listed), "Sales");
  end_newest();
  gc_entities_put(listed);
}

int main(void) {
  RUN(a_refused_list_waits_for_the_names_of_the_answers);
  RUN(without_an_answer_the_id_is_the_label);
  RUN(a_list_of_the_account_decides);
  return check_done();
}
