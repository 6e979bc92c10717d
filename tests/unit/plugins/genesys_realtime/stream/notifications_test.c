/* SPDX-License-Identifier: MIT */
/* The queues whose topics a stream subscribes, on one channel and on several;
 * queues that come and go. */
#include "plugins/genesys_realtime/stream/stream.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/rt_stream.h"

static void each_queue_has_a_topic_and_a_connection_asks_for_a_snapshot(void) {
  begin_connected(20);
  CHECK_STR(replay_last(&ch_world, PUT)->body,
            "[{\"id\":\"" QUEUE_TOPIC("q1") "\"},{\"id\":\"" QUEUE_TOPIC(
                "q2") "\"}]");
  CHECK_INT(w.snapshots, 1);
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_state("stream_connected-"), 1);
  CHECK_REAL(read_state("stream_topics-wanted"), 2);
  CHECK_REAL(read_state("stream_topics-covered"), 2);
  end_stream();
}

/* The block waits for a token or an address, so that it has no list of queues:
 * the stream cannot even begin. */
static void a_stream_without_a_list_is_blind_from_the_start(void) {
  const char *ids[] = {"q1", "q2"};
  begin_with(20);
  ch_usual_answers();
  stream_begin(w.stream);
  CHECK_REAL(read_state("stream_silence-"), 0);
  replay_run(&ch_world, 9000);
  CHECK_REAL(read_state("stream_gap-"), 0);
  replay_run(&ch_world, 39000);
  CHECK_REAL(read_state("stream_gap-"), 48);
  CHECK_REAL(read_state("stream_silence-"), 48);
  select_queues(ids, 2);
  replay_run(&ch_world, 900);
  CHECK_REAL(read_state("stream_gap-"), 49);
  ch_open();
  ch_say(HEARTBEAT);
  replay_run(&ch_world, 5000);
  CHECK_REAL(read_state("stream_gap-"), 49);
  CHECK_REAL(read_state("stream_silence-"), 5);
  end_stream();
}

/* A Shard without queues, say. */
static void a_stream_of_no_queue_has_no_gap(void) {
  begin_with(20);
  stream_begin(w.stream);
  replay_run(&ch_world, 3000);
  select_queues(NULL, 0);
  replay_run(&ch_world, 60000);
  CHECK_REAL(read_state("stream_gap-"), 0);
  end_stream();
}

/* The stream is blind from the start, so the gap counts from the block's start.
 */
static void a_socket_that_never_opens_counts_as_blind(void) {
  const char *ids[] = {"q1", "q2"};
  begin_with(20);
  ch_usual_answers();
  select_queues(ids, 2);
  replay_run(&ch_world, 8900);
  CHECK_REAL(read_state("stream_gap-"), 0); /* a start takes its time */
  for (int s = 9; s < 60; s++) {
    ch_refuse_upgrade(503);
    replay_run(&ch_world, 1000);
  }
  CHECK_REAL(read_state("stream_gap-"), 60);
  CHECK_REAL(read_state("stream_silence-"), 60);
  CHECK_REAL(read_state("stream_connected-"), 0);
  CHECK_REAL(read_state("source_up-stream"), 0);
  replay_run(&ch_world, 30000);
  ch_open();
  ch_say(HEARTBEAT);
  replay_run(&ch_world, 5000);
  CHECK_REAL(read_state("stream_gap-"), 90);
  CHECK_REAL(read_state("stream_silence-"), 5);
  CHECK_REAL(read_state("source_up-stream"), 1);
  end_stream();
}

static void frames_that_are_not_understood_are_counted_and_reported(void) {
  static const char *const odd[] = {
      "nonsense", "", "[1]", "{\"topicName\":\"v2.users.strange.presence\"}",
      "{\"topicName\":\"v2.system.weather\"}"};
  begin_connected(20);
  for (size_t i = 0; i < GC_COUNT(odd); i++)
    ch_say(odd[i]);
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_state("events-malformed"), 3);
  CHECK_REAL(read_state("events-other"), 2);
  CHECK_INT(replay_noticed(&ch_world, "stream frames", GC_ERR_PARSE),
            GC_COUNT(odd));
  CHECK(strstr(replay_last_notice(&ch_world, "stream frames")->text,
               "strange") == NULL);
  end_stream();
}

static void queues_that_leave_are_unsubscribed(void) {
  const char *left[] = {"q2"};
  begin_connected(20);
  select_queues(left, 1);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  CHECK_REAL(read_state("events-received"), 0);
  CHECK_REAL(read_state("stream_topics-wanted"), 1);
  end_stream();
}

/* Connects a stream of q1 and q2; the topic of q1 is refused once. */
static void begin_refused(void) {
  const char *ids[] = {"q1", "q2"};
  begin_with(20);
  ch_answer(PUT, 1, 200,
            "{\"entities\":[{\"id\":\"" QUEUE_TOPIC(
                "q1") "\",\"state\":\"Rejected\",\"rejectionReason\":\"no "
                      "permission\"}]}");
  ch_usual_answers();
  select_queues(ids, 2);
  ch_open();
}

static void a_queue_whose_topic_is_refused_is_silent(void) {
  begin_refused();
  CHECK_HAS(replay_last_notice(&ch_world, "topic " QUEUE_TOPIC("q1"))->text,
            "no permission");
  CHECK_HAS(replay_last_notice(&ch_world, "topics")->text,
            "1 of 2 queues get no events");
  CHECK_REAL(read_state("stream_topics-covered"), 1);
  ch_say(MESSAGE("q2", CUSTOMER "," ACD("q1") "," AGENT("q2")));
  CHECK_REAL(read_state("events-new"), 1);
  CHECK(isnan(read_value("q1/queue_offer-voice")));
  CHECK(w.values > 0); /* topics of q2 */
  end_stream();
}

/* Until its topic is given, a queue counts only conversations that other queues
 * have too. */
static void a_queue_that_was_refused_begins_with_nothing(void) {
  begin_refused();
  ch_say(MESSAGE("q2", CUSTOMER "," ACD("q1")));
  replay_run(&ch_world, 15000);
  ch_end_socket(&(struct gc_ws_end){.http_status = 404}, GC_ERR_NOT_FOUND);
  replay_run(&ch_world, 10000);
  ch_open();
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_state("stream_topics-covered"), 2);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 0);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1") "," AGENT("q1")));
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 0);
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_value("q1/queue_answer-voice"), 0); /* no more than offers */
  CHECK_REAL(read_state("conversations-live"), 1);
  end_stream();
}

static void a_queue_that_comes_back_begins_with_nothing(void) {
  const char *ids[] = {"q1", "q2"}, *left[] = {"q2"};
  begin_connected(20);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  select_queues(left, 1);
  replay_run(&ch_world, 30000);
  ch_say(HEARTBEAT);
  replay_run(&ch_world, 1000);
  select_queues(ids, 2);
  CHECK_REAL(read_state("stream_topics-covered"), 2);
  CHECK_REAL(read_value("q1/queue_sla_breach-voice-20"), 0);
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_value("q1/queue_sla_breach-voice-20"), 0);
  end_stream();
}

/* Selects `count` queues t0000, t0001 …, which have a topic each. */
static void select_many(unsigned count) {
  static char names[1200][8];
  static const char *ids[1200];
  for (unsigned i = 0; i < count; i++) {
    snprintf(names[i], sizeof(names[i]), "t%04u", i);
    ids[i] = names[i];
  }
  select_queues(ids, count);
}

/* Starts a block with 1,000 queues on the first channel and the others on the
 * second. */
static void begin_on_two_channels(void) {
  begin_with(20);
  ch_many_answers();
  select_many(1100);
  CHECK_INT(ch_wire_count(), 2);
}

static void a_topic_not_subscribed_yet_is_no_error(void) {
  begin_with(20);
  ch_answer(CREATE, 1, 200, CHANNEL("c01"));
  replay_answer(&ch_world, &(struct replay_answer){.match = CREATE,
                                                   .status = 200,
                                                   .delay_ms = 5000,
                                                   .body = CHANNEL("c02")});
  ch_usual_answers();
  select_many(1100);
  ch_wire_open(ch_wire_of("c01"));
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_state("stream_topics-covered"), 1000);
  const struct gc_err *reported = replay_last_notice(&ch_world, "topics");
  CHECK(reported == NULL || reported->code == GC_OK);
  replay_run(&ch_world, 5000);
  ch_wire_open(ch_wire_of("c02"));
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_state("stream_topics-covered"), 1100);
  end_stream();
}

static bool starts_with(const char *text, const char *words) {
  return strncmp(text, words, strlen(words)) == 0;
}

/* The number is the same before the first channel is open and after all are. */
static void queues_past_the_capacity_are_reported_at_once_by_name(void) {
  static const char words[] =
      "4 of 1004 queues get no events: no room on the account's notification "
      "channels for t1000, t1001, t1002 …";
  ch_channels_max = 2; /* one of them is kept for renewals */
  begin_with(20);
  ch_usual_answers();
  select_many(1004);
  CHECK(starts_with(replay_last_notice(&ch_world, "topics")->text, words));
  size_t reported = ch_world.notice_count;
  ch_open();
  replay_run(&ch_world, 35000);
  CHECK(ch_world.notice_count > reported);
  CHECK(starts_with(replay_last_notice(&ch_world, "topics")->text, words));
  CHECK_INT(replay_last_notice(&ch_world, "topics")->code, GC_ERR_LIMIT);
  CHECK_REAL(read_state("stream_topics-wanted"), 1004);
  CHECK_REAL(read_state("stream_topics-covered"), 1000);
  ch_say(HEARTBEAT);
  select_many(1000);
  replay_run(&ch_world, 35000);
  CHECK_INT(replay_last_notice(&ch_world, "topics")->code, GC_OK);
  end_stream();
}

static void channels_that_are_blind_together_make_one_gap(void) {
  begin_on_two_channels();
  ch_open_all();
  replay_run(&ch_world, 5000);
  ch_wire_say(ch_wire_of("c01"), HEARTBEAT);
  ch_wire_end(ch_wire_of("c01"), &(struct gc_ws_end){0}, GC_ERR_NETWORK);
  replay_run(&ch_world, 1000);
  ch_wire_say(ch_wire_of("c02"), HEARTBEAT);
  ch_wire_end(ch_wire_of("c02"), &(struct gc_ws_end){0}, GC_ERR_NETWORK);
  replay_run(&ch_world, 4000);
  CHECK_REAL(read_state("stream_gap-"), 5);
  ch_wire_open(ch_wire_of("c02"));
  replay_run(&ch_world, 100);
  CHECK_REAL(read_state("stream_gap-"), 5.1);
  replay_run(&ch_world, 900);
  ch_wire_open(ch_wire_of("c01"));
  replay_run(&ch_world, 2000);
  CHECK_REAL(read_state("stream_gap-"), 6);
  CHECK_REAL(read_state("stream_connected-"), 1);
  end_stream();
}

static void a_channel_of_another_block_is_ignored(void) {
  const char *ids[] = {"q1"};
  begin_with(20);
  ch_many_answers();
  CHECK_INT(ch_subscribe_many(&ch_block, 0, 1000), 1000);
  select_queues(ids, 1);
  ch_open_all();
  replay_run(&ch_world, 5000);
  ch_wire_end(ch_wire_of("c01"), &(struct gc_ws_end){0}, GC_ERR_NETWORK);
  ch_wire_say(ch_wire_of("c02"), HEARTBEAT);
  replay_run(&ch_world, 3000);
  CHECK_INT(ch_block.gaps, 0);
  CHECK_REAL(read_state("stream_connected-"), 1);
  CHECK_REAL(read_state("stream_silence-"), 3);
  CHECK_REAL(read_state("stream_gap-"), 0);
  ch_open_all();
  replay_run(&ch_world, 1000);
  CHECK_INT(ch_block.gaps, 1);
  CHECK_REAL(read_state("stream_gap-"), 0);
  end_stream();
}

#define ENDED(id, purpose, more)                                               \
  "{\"id\":\"" id "\",\"purpose\":\"" purpose                                  \
  "\",\"connectedTime\":" AT_S("22") ",\"endTime\":" AT_S("26") more "}"

static void on_queues(void *ctx, struct gc_entities *directory) {
  (void)ctx;
  (void)directory;
}

/* A queue leaves the selection, in one case also the list; half an hour later
 * it is chosen again. */
static void a_queue_that_left_the_list_loses_its_counters_in_time(void) {
  static const struct {
    const char *row, *list;
    bool is_kept;
  } rows[] = {
      {"still in the list",
       "{\"entities\":[{\"id\":\"q1\",\"name\":\"A\"},"
       "{\"id\":\"q2\",\"name\":\"B\"}]}",
       true},
      {"gone", "{\"entities\":[{\"id\":\"q1\",\"name\":\"A\"}]}", false},
  };
  const char *ids[] = {"q1", "q2"};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_names_listener listener = {.kind = GC_QUEUE,
                                         .changed = on_queues};
    CHECK_ROW(rows[i].row);
    begin_connected(20);
    ch_answer("GET /api/v2/routing/queues", REPLAY_ALWAYS, 200, rows[i].list);
    gc_names_listen(w.names, &listener);
    ch_say(MESSAGE(
        "q2",
        ENDED("p1", "customer", "") "," ENDED(
            "p2", "acd",
            ",\"queueId\":\"q2\",\"calls\":[{\"state\":\"disconnected\"}]")));
    CHECK_REAL(read_value("q2/queue_abandon-voice"), 0);
    select_queues(ids, 1);
    ch_heartbeats(60);
    select_queues(ids, 2);
    ch_heartbeats(2);
    CHECK(isnan(read_value("q2/queue_abandon-voice")) == !rows[i].is_kept);
    gc_names_unlisten(w.names, &listener);
    end_stream();
  }
}

int main(void) {
  RUN(each_queue_has_a_topic_and_a_connection_asks_for_a_snapshot);
  RUN(a_stream_without_a_list_is_blind_from_the_start);
  RUN(a_stream_of_no_queue_has_no_gap);
  RUN(a_socket_that_never_opens_counts_as_blind);
  RUN(frames_that_are_not_understood_are_counted_and_reported);
  RUN(queues_that_leave_are_unsubscribed);
  RUN(a_queue_whose_topic_is_refused_is_silent);
  RUN(a_queue_that_was_refused_begins_with_nothing);
  RUN(a_queue_that_comes_back_begins_with_nothing);
  RUN(a_topic_not_subscribed_yet_is_no_error);
  RUN(queues_past_the_capacity_are_reported_at_once_by_name);
  RUN(channels_that_are_blind_together_make_one_gap);
  RUN(a_channel_of_another_block_is_ignored);
  RUN(a_queue_that_left_the_list_loses_its_counters_in_time);
  return check_done();
}
