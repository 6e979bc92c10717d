/* SPDX-License-Identifier: MIT */
/* The source "notifications" on channels in memory, with a real ledger. */
#include "plugins/genesys_flowmetrics/sources/notifications.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "plugins/genesys_flowmetrics/samples.h"
#include "tests/support/channels_bench.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"
#include "tests/support/ledger_view.h"

#define QUEUES "GET /api/v2/routing/queues"
#define TOPIC_OF(q) "v2.routing.queues." q ".conversations"
#define LIST(entities) "{\"entities\":[" entities "],\"pageCount\":1}"
#define QUEUE(id) "{\"id\":\"" id "\",\"name\":\"Name of " id "\"}"
/* The world's wall clock starts at 2023-11-14T22:13:20Z. */
#define T "(2023-11-14T22:10:00Z)"
#define EVENT_OF(q, conversation, attributes)                                  \
  "{\"topicName\":\"" TOPIC_OF(q) "\",\"eventBody\":{\"id\":\"" conversation   \
                                  "\",\"participants\":[{\"id\":\"p\","        \
                                  "\"attributes\":{" attributes "}},"          \
                                  "{\"purpose\":\"acd\"}]}}"
#define METRIC(name) "\"FlowMetric_" name T "\":\"1\""

static char folder[64], state_dir[96];
static struct attribute_form form;
static struct stats stats;
static struct ledger_source source = {
    .scope = "h", .retention_ms = 86400000, .max_series = 100, .stats = &stats};
static struct gc_names *names;
static struct gc_loop *loop; /* has no thread: the test's thread runs it */
static struct ledger *ledger;
static struct notifications *source_of;

static _Atomic int64_t later_ms; /* added to the start time */

static int64_t wall_clock_ms(void) { return REPLAY_START_WALL_MS + later_ms; }

/* Only this thread may use the world; the ledger's thread reports attributes
 * that are ahead. */
static void on_notice(void *ctx, const char *cause, const struct gc_err *err) {
  (void)ctx;
  if (strcmp(cause, "attributes ahead") == 0)
    return;
  ch_world.env.notice(ch_world.env.ctx, cause, err);
}

static void start_ledger(void) {
  const struct ledger_options settings = {
      .folder = state_dir, .retention_ms = 86400000, .wall_ms = wall_clock_ms};
  ledger = ledger_new(&settings, NULL);
  CHECK_INT(ledger_start(ledger, NULL), GC_OK);
}

static void start_source(void) {
  const struct notifications_deps deps = {loop, &ch_world.env, ch_channels,
                                          names, ch_api()};
  source.ledger = ledger;
  source.form = &form;
  source.notice = on_notice;
  source_of = notifications_start(&deps, &source);
  replay_run(&ch_world, 100);
}

static void begin_with(const char *list) {
  snprintf(folder, sizeof(folder), "/tmp/gc-notifications-XXXXXX");
  CHECK(mkdtemp(folder) != NULL);
  if (state_dir[0] == '\0')
    snprintf(state_dir, sizeof(state_dir), "%s", folder);
  memset(&stats, 0, sizeof(stats));
  ch_begin();
  if (list != NULL)
    ch_answer(QUEUES, 1, 200, list);
  names = gc_names_new("prod", ch_api(), &ch_world.env, NULL);
  loop = gc_loop_new(NULL);
  start_ledger();
}

static void begin_connected(void) {
  begin_with(LIST(QUEUE("q1") "," QUEUE("q2")));
  ch_usual_answers();
  start_source();
  ch_open();
}

static void end_source(void) {
  notifications_stop(source_of);
  ledger_stop(ledger);
  notifications_free(source_of);
  ledger_free(ledger);
  gc_names_free(names);
  gc_loop_free(loop);
  ch_end();
  CHECK(folder_remove(folder));
  state_dir[0] = '\0';
}

static int64_t count_of(const char *metric) {
  return ledger_view_of(ledger, metric).count;
}

/* The ledger has its own thread and clock: the world's clock stands still or
 * moves by seconds meanwhile. */
static void wait_for(const char *metric, int64_t count, bool lets_time_pass) {
  for (int i = 0; i < 20000 && count_of(metric) != count; i++) {
    usleep(1000);
    if (lets_time_pass && i % 10 == 0)
      replay_run(&ch_world, 1000);
  }
  CHECK_INT(count_of(metric), count);
}

static void wait_until_healthy(void) {
  for (int i = 0; i < 20000 && !ledger_is_healthy(ledger); i++)
    usleep(1000);
  CHECK(ledger_is_healthy(ledger));
}

static struct notifications_state read_state(void) {
  struct notifications_state s;
  notifications_state(source_of, &s);
  return s;
}

/* ---- topics ---- */

static void each_queue_has_a_topic(void) {
  begin_connected();
  CHECK_STR(
      replay_last(&ch_world, PUT)->body,
      "[{\"id\":\"" TOPIC_OF("q1") "\"},{\"id\":\"" TOPIC_OF("q2") "\"}]");
  replay_run(&ch_world, 1000);
  CHECK(read_state().is_connected);
  CHECK_INT(read_state().wanted, 2);
  CHECK_INT(read_state().covered, 2);
  CHECK_INT(stats.up, 1);
  CHECK_INT(replay_noticed(&ch_world, "topics", GC_ERR_PERMISSION), 0);
  end_source();
}

static void a_topic_that_another_block_has_is_subscribed_once(void) {
  begin_with(LIST(QUEUE("q1") "," QUEUE("q2")));
  ch_usual_answers();
  ch_subscribe(&ch_block, TOPIC_OF("q1"));
  ch_subscribe(&ch_block, TOPIC_OF("q2"));
  replay_run(&ch_world, 100);
  ch_open();
  start_source();
  CHECK_INT(ch_creations(), 1);
  CHECK_INT(replay_count(&ch_world, PUT), 1);
  CHECK_INT(replay_count(&ch_world, ADD), 0);
  CHECK_INT(read_state().covered, 2);
  ch_say(EVENT_OF("q1", "c1", METRIC("A")));
  CHECK_INT(ch_block.messages, 1);
  wait_for("A", 1, true);
  notifications_stop(source_of);
  ch_say(EVENT_OF("q1", "c1", METRIC("A")));
  CHECK_INT(ch_block.messages, 2); /* the other block still has the topic */
  CHECK_INT(stats.events, 1);
  end_source();
}

static void queues_come_and_go(void) {
  begin_connected();
  ch_answer(QUEUES, 1, 200, LIST(QUEUE("q2") "," QUEUE("q3")));
  for (int i = 0; i < 12 && replay_count(&ch_world, QUEUES) < 2; i++)
    ch_heartbeats(2);
  ch_heartbeats(2);
  CHECK_STR(replay_last(&ch_world, ADD)->body,
            "[{\"id\":\"" TOPIC_OF("q3") "\"}]");
  CHECK_INT(read_state().wanted, 2);
  CHECK_INT(read_state().covered, 2);
  ch_say(EVENT_OF("q1", "c1", METRIC("A")));
  CHECK_INT(stats.events, 0);
  ch_say(EVENT_OF("q3", "c1", METRIC("A")));
  CHECK_INT(stats.events, 1);
  CHECK_INT(replay_noticed(&ch_world, "topics", GC_ERR_PERMISSION), 0);
  end_source();
}

static void a_refused_topic_is_reported(void) {
  begin_with(LIST(QUEUE("q1") "," QUEUE("q2")));
  ch_answer(PUT, 1, 200,
            "{\"entities\":[{\"id\":\"" TOPIC_OF(
                "q1") "\",\"state\":\"Rejected\",\"rejectionReason\":\"not "
                      "yours\"}]}");
  ch_usual_answers();
  start_source();
  ch_open();
  const struct gc_err *reported = replay_last_notice(&ch_world, "topics");
  CHECK_INT(reported->code, GC_ERR_PERMISSION);
  CHECK_HAS(reported->text, "1 of 2 queues get no events (");
  CHECK_HAS(reported->text, "not yours");
  CHECK_INT(read_state().covered, 1);
  end_source();
}

static void a_refused_list_is_reported_and_removes_no_topic(void) {
  begin_with(NULL);
  ch_answer(QUEUES, 1, 403, "{}");
  start_source();
  const struct gc_err *reported = replay_last_notice(&ch_world, "queues");
  CHECK(reported != NULL && reported->code == GC_ERR_PERMISSION);
  CHECK_HAS(reported->text, "routing:queue:view");
  CHECK_INT(read_state().wanted, 0);
  end_source();

  begin_connected();
  ch_answer(QUEUES, REPLAY_ALWAYS, 403, "{}");
  for (int i = 0; i < 12 && replay_count(&ch_world, QUEUES) < 2; i++)
    ch_heartbeats(2);
  ch_heartbeats(2);
  struct gc_entities *entities = gc_names_entities(names, GC_QUEUE);
  CHECK(gc_entities_is_refused(entities));
  gc_entities_put(entities);
  CHECK_INT(read_state().wanted, 2);
  CHECK_INT(read_state().covered, 2);
  end_source();
}

/* An account has 16 channels of 1,000 topics and keeps one of them for
 * renewals; here it has two channels. */
static void queues_past_the_channels_capacity_are_reported(void) {
  static char list[1002 * 40 + 64];
  size_t len = (size_t)snprintf(list, sizeof(list), "{\"entities\":[");
  for (unsigned i = 0; i < 1002; i++)
    len += (size_t)snprintf(list + len, sizeof(list) - len,
                            "%s{\"id\":\"q%u\",\"name\":\"Q%u\"}",
                            i > 0 ? "," : "", i, i);
  snprintf(list + len, sizeof(list) - len, "],\"pageCount\":1}");
  ch_channels_max = 2;
  begin_with(list);
  ch_many_answers();
  start_source();
  ch_open_all();
  replay_run(&ch_world, 2000);
  CHECK_INT(read_state().wanted, 1002);
  CHECK_INT(read_state().covered, 1000);
  const struct gc_err *reported = replay_last_notice(&ch_world, "topics");
  CHECK_INT(reported->code, GC_ERR_LIMIT);
  CHECK_HAS(reported->text, "2 of 1002 queues get no events");
  end_source();
}

static void before_the_first_attempt_the_source_is_neither_up_nor_down(void) {
  begin_with(LIST(QUEUE("q1")));
  ch_usual_answers();
  start_source();
  replay_run(&ch_world, 2000);
  CHECK(!stats.is_tried);
  ch_open();
  replay_run(&ch_world, 1000);
  CHECK(stats.is_tried);
  CHECK_INT(stats.up, 1);
  ch_drop_socket();
  replay_run(&ch_world, 1000);
  CHECK(stats.is_tried);
  CHECK_INT(stats.up, 0);
  end_source();
}

static void a_source_that_never_connects_is_down(void) {
  begin_with(LIST(QUEUE("q1")));
  ch_usual_answers();
  start_source();
  replay_run(&ch_world, 12000);
  CHECK(stats.is_tried);
  CHECK_INT(stats.up, 0);
  end_source();
}

static void a_gap_lasts_until_all_channels_are_open(void) {
  begin_connected();
  replay_run(&ch_world, 1000);
  CHECK_INT(read_state().gap_ms, 0);
  ch_drop_socket();
  replay_run(&ch_world, 4000);
  CHECK_INT(stats.up, 0);
  CHECK(!read_state().is_connected);
  CHECK(read_state().gap_ms >= 4000);
  ch_open();
  replay_run(&ch_world, 1000);
  uint64_t gap_ms = read_state().gap_ms;
  CHECK(gap_ms >= 4000);
  CHECK_INT(stats.up, 1);
  CHECK_INT(read_state().reconnects, 1);
  replay_run(&ch_world, 3000);
  CHECK_INT(read_state().gap_ms, gap_ms);
  end_source();
}

/* ---- events ---- */

static void attributes_of_any_participant_count_once(void) {
  begin_connected();
  wait_until_healthy();
  ch_say(EVENT_OF("q1", "c1", METRIC("A") "," METRIC("B")));
  ch_say(EVENT_OF("q2", "c1", METRIC("B") "," METRIC("A")));
  ch_say(EVENT_OF("q1", "c2", METRIC("A") ",\"Customer\":\"+49\""));
  ch_say(EVENT_OF("q1", "c3", "\"Customer\":\"+49\""));
  ch_say("{\"topicName\":\"" TOPIC_OF("q1") "\",\"eventBody\":{\"Metric_\":]}");
  wait_for("A", 2, false);
  wait_for("B", 1, false);
  CHECK_INT(stats.events, 5);
  CHECK_INT(stats.skipped, 1);
  CHECK_INT(stats.malformed[MALFORMED_JSON], 1);
  CHECK_INT(stats.outcomes[OUTCOME_DUPLICATE], 2);
  CHECK_INT(stats.tallies[TALLY_LOST], 0);
  end_source();
}

/* A repeated attribute that is committed does not reach the file. */
static void a_repeated_attribute_needs_no_transaction(void) {
  begin_connected();
  wait_until_healthy();
  ch_say(EVENT_OF("q1", "c1", METRIC("A")));
  wait_for("A", 1, false);
  for (int i = 0; i < 20000 && stats.tallies[TALLY_BATCHES] < 1; i++)
    usleep(1000);
  uint64_t duplicates = stats.outcomes[OUTCOME_DUPLICATE];
  for (int i = 0; i < 5000; i++) /* also events before the commit */
    ch_say(EVENT_OF("q1", "c1", METRIC("A")));
  for (int i = 0;
       i < 20000 && stats.outcomes[OUTCOME_DUPLICATE] < duplicates + 5000; i++)
    usleep(1000);
  CHECK_INT(stats.outcomes[OUTCOME_DUPLICATE], duplicates + 5000);
  CHECK(stats.tallies[TALLY_BATCHES] < 2500);
  ch_say(EVENT_OF("q1", "c1", METRIC("A") "," METRIC("B")));
  wait_for("B", 1, false);
  CHECK_INT(count_of("A"), 1);
  end_source();
}

static void a_batch_that_cannot_be_committed_is_held(void) {
  char file[128];
  snprintf(state_dir, sizeof(state_dir), "/tmp/gc-no-state-%ld",
           (long)getpid());
  snprintf(file, sizeof(file), "%s", state_dir);
  FILE *f = fopen(file, "w"); /* a file in place of the folder */
  CHECK(f != NULL);
  fclose(f);
  begin_connected();
  ch_say(EVENT_OF("q1", "c1", METRIC("A")));
  ch_say(EVENT_OF("q1", "c2", METRIC("A")));
  replay_run(&ch_world, 3000);
  CHECK_INT(count_of("A"), -1);
  CHECK_INT(unlink(file), 0);
  wait_for("A", 2, true);
  CHECK_INT(stats.tallies[TALLY_LOST], 0);
  notifications_stop(source_of);
  ledger_stop(ledger);
  CHECK(folder_remove(file));
  end_source();
}

/* The ledger would give the batches back: another agent counts them. */
static void without_the_lease_batches_are_held(void) {
  struct gc_lease_gate *gate = gc_lease_gate_make("prod", "h");
  source.lease = gate;
  begin_connected();
  ch_say(EVENT_OF("q1", "c1", METRIC("A")));
  replay_run(&ch_world, 3000);
  gc_lease_gate_set(gate,
                    &(struct gc_lease_status){.state = GC_LEASE_HOLDER,
                                              .valid_until_ms = UINT64_MAX});
  wait_for("A", 1, true);
  gc_lease_gate_set(gate, &(struct gc_lease_status){.state = GC_LEASE_STANDBY});
  ch_say(EVENT_OF("q1", "c2", METRIC("B")));
  replay_run(&ch_world, 3000);
  notifications_stop(source_of);
  ledger_stop(ledger); /* it would commit a batch that was submitted */
  CHECK_INT(count_of("B"), -1);
  end_source();
  source.lease = NULL;
}

/* Sends an event with 1,000 attributes. */
static void say_large_event(unsigned conversation) {
  static char event[70000];
  size_t len = (size_t)snprintf(
      event, sizeof(event),
      "{\"topicName\":\"" TOPIC_OF("q1") "\",\"eventBody\":{\"id\":\"c%u\","
                                         "\"participants\":[{\"attributes\":{",
      conversation);
  for (unsigned k = 0; k < 1000; k++)
    len += (size_t)snprintf(event + len, sizeof(event) - len,
                            "%s\"FlowMetric_M%03u" T "\":\"1\"",
                            k > 0 ? "," : "", k);
  snprintf(event + len, sizeof(event) - len, "}}]}}");
  ch_say(event);
}

/* A stopped ledger would take the batches; a failing one does not. */
static void begin_with_failing_ledger(char file[96]) {
  snprintf(state_dir, sizeof(state_dir), "/tmp/gc-no-state-%ld",
           (long)getpid());
  snprintf(file, 96, "%s", state_dir);
  FILE *f = fopen(file, "w"); /* where a folder should be */
  CHECK(f != NULL);
  fclose(f);
  begin_connected();
}

/* An event repeats all attributes of its conversation. */
static void repeats_of_waiting_attributes_take_no_memory(void) {
  char file[96];
  begin_with_failing_ledger(file);
  for (unsigned i = 0; i < 400; i++)
    say_large_event(1);
  CHECK_INT(stats.events, 400);
  CHECK_INT(stats.tallies[TALLY_LOST], 0);
  CHECK(stats.outcomes[OUTCOME_DUPLICATE] > 300000); /* the cache is lossy */
  CHECK_INT(unlink(file), 0);
  wait_for("M000", 1, true);
  notifications_stop(source_of);
  ledger_stop(ledger);
  CHECK(folder_remove(file));
  end_source();
}

static void attributes_past_the_memory_limit_are_counted(void) {
  char file[96];
  begin_with_failing_ledger(file);
  for (unsigned i = 0; i < 200; i++)
    say_large_event(i);
  CHECK_INT(stats.events, 200);
  CHECK(stats.tallies[TALLY_LOST] > 20000);
  CHECK(stats.tallies[TALLY_LOST] < 150000);
  CHECK_INT(stats.tallies[TALLY_LOST] % 1000, 0); /* a whole event or nothing */
  CHECK_INT(unlink(file), 0);
  end_source();
}

/* The agent's clock is corrected while the agent runs. */
static void an_attribute_ahead_counts_once_our_clock_is_corrected(void) {
  static const char ahead[] =
      EVENT_OF("q1", "c1", "\"FlowMetric_A(2023-11-17T22:10:00Z)\":\"1\"");
  begin_connected();
  wait_until_healthy();
  ch_say(ahead);
  for (int i = 0; i < 20000 && stats.malformed[MALFORMED_FUTURE] == 0; i++)
    usleep(1000);
  CHECK_INT(stats.malformed[MALFORMED_FUTURE], 1);
  ch_say(EVENT_OF("q1", "c2", METRIC("B")));
  wait_for("B", 1, true);
  later_ms = INT64_C(3) * 86400000;
  ch_say(ahead);
  wait_for("A", 1, true);
  later_ms = 0;
  end_source();
}

/* The ledger's clock is two days behind the platform's Dates. */
static void the_dates_of_the_platform_are_the_second_clock(void) {
  begin_with(NULL);
  replay_answer(&ch_world,
                &(struct replay_answer){.match = QUEUES,
                                        .times = 1,
                                        .status = 200,
                                        .body = LIST(QUEUE("q1")),
                                        .date_ms = REPLAY_START_WALL_MS});
  ch_usual_answers();
  later_ms = INT64_C(-2) * 86400000;
  start_source();
  ch_open();
  wait_until_healthy();
  ch_say(EVENT_OF("q1", "c1", METRIC("A")));
  wait_for("A", 1, true);
  CHECK_INT(count_of("A"), 1);
  CHECK_INT(stats.malformed[MALFORMED_FUTURE], 0);
  later_ms = 0;
  end_source();
}

int main(void) {
  if (attribute_form_set(&form, "%{flow}Metric_%{metric}(%{time})", NULL) !=
      GC_OK)
    return 99;
  RUN(each_queue_has_a_topic);
  RUN(a_topic_that_another_block_has_is_subscribed_once);
  RUN(queues_come_and_go);
  RUN(a_refused_topic_is_reported);
  RUN(a_refused_list_is_reported_and_removes_no_topic);
  RUN(queues_past_the_channels_capacity_are_reported);
  RUN(before_the_first_attempt_the_source_is_neither_up_nor_down);
  RUN(a_source_that_never_connects_is_down);
  RUN(a_gap_lasts_until_all_channels_are_open);
  RUN(attributes_of_any_participant_count_once);
  RUN(a_repeated_attribute_needs_no_transaction);
  RUN(a_batch_that_cannot_be_committed_is_held);
  RUN(without_the_lease_batches_are_held);
  RUN(repeats_of_waiting_attributes_take_no_memory);
  RUN(attributes_past_the_memory_limit_are_counted);
  RUN(an_attribute_ahead_counts_once_our_clock_is_corrected);
  RUN(the_dates_of_the_platform_are_the_second_clock);
  return check_done();
}
