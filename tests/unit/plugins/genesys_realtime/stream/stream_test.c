/* SPDX-License-Identifier: MIT */
/* The values of a stream: counters, gauges, gaps, and the corrections by
 * observations. */
#include "plugins/genesys_realtime/stream/stream.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/rt_stream.h"

static void before_the_first_connection_there_is_nothing(void) {
  const char *ids[] = {"q1"};
  begin_with(20);
  ch_usual_answers();
  select_queues(ids, 1);
  (void)read_value("");
  CHECK_INT(w.values, 0);
  CHECK_REAL(read_state("stream_connected-"), 0);
  CHECK_REAL(read_state("stream_silence-"), 0.1); /* since the start */
  end_stream();
}

/* A count is dispatched in the second in which it is known, at any interval. */
static void a_changed_counter_leaves_at_once(void) {
  begin_connected(20);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  CHECK_REAL(read_value("q1/queue_offer-voice"), 0);
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 1);
  replay_run(&ch_world, 9000);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 1);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1") "," AGENT("q1")));
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_value("q1/queue_answer-voice"), 1);
  CHECK(isnan(found_of("q1/queue_offer-voice")));
  CHECK_REAL(found_of("q1/state_changes-voice-waiting-alerting"), 0);
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_value("q1/state_changes-voice-waiting-alerting"), 1);
  replay_run(&ch_world, 1000);
  (void)read_value("");
  CHECK_INT(w.values, 0);
  replay_run(&ch_world, 7000);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 1);
  end_stream();
}

static void media_of_the_options_begin_with_the_stream(void) {
  static char voice[] = "voice";
  static char *media[] = {voice};
  only_media = (struct gc_strs){media, 1};
  begin_connected(20);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 0);
  CHECK_REAL(found_of("q2/queue_offer-voice"), 0);
  CHECK_INT(w.informed, 1);
  CHECK_STR(w.line, "the stream is open: events of 2 queues");
  end_stream();
}

/* These series would take more than half of MaxSeries. */
static void too_many_series_begin_with_their_contact(void) {
  static char voice[] = "voice";
  static char *media[] = {voice};
  only_media = (struct gc_strs){media, 1};
  const char *ids[] = {"q1", "q2"}, *more[] = {"q1", "q2", "q3"};
  places = 39; /* two queues of ten series are more than half */
  begin_connected(20);
  (void)read_value("");
  CHECK_INT(w.values, 0);
  CHECK_STR(w.line,
            "2 of 2 pairs of queue and medium get their counters with the "
            "first contact, so a rate may miss it: those of all would take "
            "more than half of MaxSeries; raise MaxSeries to 40, or name fewer "
            "media (Media) or queues (Queue)");
  select_queues(ids, 2);
  CHECK_INT(w.informed, 2);
  select_queues(more, 3);
  CHECK_INT(w.informed, 3);
  CHECK_HAS(w.line, "3 of 3 pairs");
  end_stream();
}

/* Half of MaxSeries has room for the ten series of voice of both queues, and
 * not for those of chat. */
static void the_media_that_fit_begin_with_the_stream(void) {
  static char chat[] = "chat", voice[] = "voice";
  static char *media[] = {chat, voice};
  only_media = (struct gc_strs){media, 2};
  places = 40;
  begin_connected(20);
  CHECK_REAL(read_value("q1/queue_offer-voice"), 0);
  CHECK_REAL(found_of("q2/queue_offer-voice"), 0);
  CHECK(isnan(found_of("q1/queue_offer-chat")));
  CHECK_HAS(w.line, "2 of 4 pairs");
  CHECK_HAS(w.line, "raise MaxSeries to 80");
  end_stream();
}

static void a_series_begins_with_0_and_leaves_once_an_interval(void) {
  begin_connected(20);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1") "," AGENT("q1")));
  CHECK_REAL(read_value("q1/queue_answer-voice"), 0);
  CHECK_REAL(read_value("q1/queue_answer-voice"), 1);
  (void)read_value("");
  CHECK_INT(w.values, 0);
  replay_run(&ch_world, 9999);
  (void)read_value("");
  CHECK_INT(w.values, 0);
  replay_run(&ch_world, 1);
  CHECK_REAL(read_value("q1/queue_answer-voice"), 1);
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_value("q1/queue_wait_time_seconds_sum-voice"), 5);
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_value("q1/queue_wait_time_seconds_bucket-voice-le-1"), 0);
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_value("q1/queue_wait_time_seconds_bucket-voice-le-10"), 1);
  end_stream();
}

/* A contact that waits may have been answered after the last message. */
static void waiting_is_a_breach_only_up_to_the_last_message(void) {
  begin_connected(20);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  CHECK_REAL(read_value("q1/queue_sla_breach-voice-20"), 0);
  replay_run(&ch_world, 30000); /* due at 24 s, last message at 0 s */
  CHECK_REAL(read_value("q1/queue_sla_breach-voice-20"), 0);
  ch_say(HEARTBEAT);
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_value("q1/queue_sla_breach-voice-20"), 1);
  end_stream();
}

/* The tick of each second may run between the opening of a connection and its
 * callback. */
static void waiting_is_no_breach_before_the_gap_is_reported(void) {
  begin_connected(20);
  replay_run(&ch_world, 500);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  CHECK_REAL(read_value("q1/queue_sla_breach-voice-20"), 0);
  ch_drop_socket();
  replay_run(&ch_world, 30000);
  ch_world.now_ms += 1000; /* a tick is overdue */
  ch_open();
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_state("stream_connected-"), 1);
  CHECK_REAL(read_value("q1/queue_sla_breach-voice-20"), 0);
  end_stream();
}

/* Lets two minutes pass, with a heartbeat and an answer every 10 s. */
static void pass_with_answers(const int64_t *ahead_ms) {
  for (int i = 0; i < 12; i++) {
    receive_answer(ahead_ms);
    replay_run(&ch_world, 10000);
    ch_say(HEARTBEAT);
  }
  replay_run(&ch_world, 1000);
}

/* A contact begins to wait two minutes after the start; its target is five. */
static void a_step_of_one_clock_is_no_breach(void) {
  enum { STEP = 4 * 60000, HOUR = 3600000 };
  static const struct {
    const char *name;
    bool has_date;
    int64_t wall_before_ms, wall_ms, date_ms; /* distances from the truth */
  } rows[] = {
      {"our clock", true, 0, HOUR, 0},
      {"our clock, by minutes", true, 0, STEP, 0},
      {"our clock, and no answer has a Date", false, 0, STEP, 0},
      {"the Date", true, 0, 0, HOUR},
      {"the Date, by minutes", true, 0, 0, STEP},
      {"the Date, and our clock is wrong from the start", true, HOUR, HOUR,
       HOUR / 2},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    int64_t before_ms = 0;
    CHECK_ROW(rows[i].name);
    begin_connected(300);
    ch_world.wall_ms += rows[i].wall_before_ms;
    pass_with_answers(rows[i].has_date ? &before_ms : NULL);
    ch_say(MESSAGE("q1",
                   "{\"id\":\"p2\",\"purpose\":\"acd\",\"queueId\":\"q1\","
                   "\"connectedTime\":\"2023-11-14T22:15:20.000Z\","
                   "\"calls\":[{\"state\":\"connected\"}]}"));
    CHECK_REAL(read_value("q1/queue_sla_breach-voice-300"), 0);
    ch_world.wall_ms += rows[i].wall_ms - rows[i].wall_before_ms;
    pass_with_answers(rows[i].has_date ? &rows[i].date_ms : NULL);
    CHECK_REAL(read_value("q1/queue_sla_breach-voice-300"), 0);
    pass_with_answers(rows[i].has_date ? &before_ms : NULL);
    pass_with_answers(rows[i].has_date ? &before_ms : NULL);
    CHECK_REAL(read_value("q1/queue_sla_breach-voice-300"), 1);
    end_stream();
  }
}

static void without_a_target_there_is_no_breach(void) {
  begin_connected(0);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  replay_run(&ch_world, 35000);
  ch_say(HEARTBEAT);
  replay_run(&ch_world, 1000);
  CHECK(isnan(read_value("q1/queue_sla_breach-voice-20")));
  CHECK(w.values > 0);
  end_stream();
}

static void a_message_that_is_no_event_is_counted_and_reported(void) {
  begin_connected(20);
  ch_say("{\"topicName\":\"" QUEUE_TOPIC("q1") "\",\"eventBody\":{\"id\":]}");
  ch_say("{\"topicName\":\"" QUEUE_TOPIC("q1") "\",\"eventBody\":{}}");
  CHECK_REAL(read_state("events-malformed"), 1);
  CHECK_REAL(read_state("events-other"), 1);
  CHECK_REAL(read_state("events-received"), 0);
  CHECK_INT(replay_noticed(&ch_world, "messages", GC_ERR_PARSE), 2);
  CHECK_HAS(replay_last_notice(&ch_world, "messages")->text,
            "is no event of a conversation");
  end_stream();
}

#define STRANGE_AGENT                                                          \
  "{\"id\":\"p3\",\"purpose\":\"agent2\",\"queueId\":\"q1\","                  \
  "\"connectedTime\":" AT_S("27") ",\"calls\":[{\"state\":\"Jane Doe\","       \
                                  "\"disconnectType\":\"transfer.new\","       \
                                  "\"afterCallWork\":{\"state\":\"x\"}}]}"

static void an_unknown_word_is_counted_and_reported_once(void) {
  begin_connected(20);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1") "," AGENT("q1")));
  CHECK_REAL(read_state("events-unknown"), 0);
  for (int i = 0; i < 2; i++)
    ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1") "," STRANGE_AGENT));
  CHECK_REAL(read_state("events-unknown"), 8);
  CHECK_REAL(read_state("events-received"), 3);
  CHECK_INT(replay_noticed(&ch_world, "purpose \"agent2\"", GC_ERR_PARSE), 1);
  CHECK_INT(replay_noticed(&ch_world, "state \"(unreadable)\"", GC_ERR_PARSE),
            1);
  CHECK_INT(replay_noticed(&ch_world, "disconnectType \"transfer.new\"",
                           GC_ERR_PARSE),
            1);
  CHECK_INT(
      replay_noticed(&ch_world, "afterCallWork.state \"x\"", GC_ERR_PARSE), 1);
  const struct gc_err *line =
      replay_last_notice(&ch_world, "purpose \"agent2\"");
  CHECK_HAS(line != NULL ? line->text : "", "neither customer nor agent");
  end_stream();
}

static void counters_past_the_limit_are_reported(void) {
  static char message[1024];
  begin_connected(20);
  for (unsigned i = 0; i <= 65536; i++) {
    snprintf(
        message, sizeof(message),
        "{\"topicName\":\"" QUEUE_TOPIC(
            "q1") "\",\"eventBody\":{\"id\":\"c%u\",\"participants\":["
                  "{\"id\":\"p\",\"purpose\":\"acd\",\"queueId\":"
                  "\"x%u\",\"connectedTime\":" AT_S("22") ",\"calls\":[{}]}]}}",
        i, i);
    ch_say(message);
    if (i == 65535) {
      replay_run(&ch_world, 30000);
      CHECK(replay_last_notice(&ch_world, "counters") == NULL ||
            replay_last_notice(&ch_world, "counters")->code == GC_OK);
    }
  }
  CHECK_REAL(read_state("events-new"), 65537);
  replay_run(&ch_world, 30000);
  CHECK_INT(replay_last_notice(&ch_world, "counters")->code, GC_ERR_LIMIT);
  CHECK_HAS(replay_last_notice(&ch_world, "counters")->text, "65536 pairs");
  replay_run(&ch_world, 10 * 60000); /* it stays while there is no place */
  CHECK_INT(replay_last_notice(&ch_world, "counters")->code, GC_ERR_LIMIT);
  end_stream();
}

static void a_gap_grows_while_it_lasts_and_stays(void) {
  begin_connected(20);
  replay_run(&ch_world, 10000);
  ch_say(HEARTBEAT);
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_state("stream_silence-"), 1);
  CHECK_REAL(read_state("stream_gap-"), 0);
  ch_drop_socket();
  replay_run(&ch_world, 2000);
  CHECK_REAL(read_state("stream_connected-"), 0);
  CHECK_REAL(read_state("stream_gap-"), 3);
  replay_run(&ch_world, 3000);
  ch_open();
  replay_run(&ch_world, 1000);
  CHECK_REAL(read_state("stream_connected-"), 1);
  CHECK_REAL(read_state("stream_gap-"), 6);
  CHECK_REAL(read_state("stream_reconnects-"), 1);
  CHECK_INT(w.snapshots, 2);
  replay_run(&ch_world, 5000);
  CHECK_REAL(read_state("stream_gap-"), 6);
  end_stream();
}

/* The last message came between two checks of the channel. */
static void a_gap_begins_with_the_last_message_and_never_shrinks(void) {
  double before = 0;
  begin_connected(20);
  replay_run(&ch_world, 10400);
  ch_say(HEARTBEAT);
  replay_run(&ch_world, 100);
  ch_drop_socket();
  for (int i = 0; i < 50; i++) {
    if (i == 35)
      ch_open();
    replay_run(&ch_world, 100);
    CHECK(read_state("stream_gap-") >= before);
    before = read_state("stream_gap-");
  }
  CHECK_REAL(before, 3.6);
  end_stream();
}

/* The read thread reads the clock, then the network thread receives a message,
 * then the read thread continues. */
static uint64_t (*real_now_ms)(void *ctx);

static bool is_overtaken;

static uint64_t overtaken_now_ms(void *ctx) {
  uint64_t now_ms = real_now_ms(ctx);
  if (is_overtaken) {
    is_overtaken = false;
    replay_run(&ch_world, 500);
    ch_say(HEARTBEAT);
    replay_run(&ch_world, 1000);
  }
  return now_ms;
}

static void a_message_while_the_state_is_read_makes_no_silence(void) {
  begin_connected(20);
  replay_run(&ch_world, 10000);
  real_now_ms = ch_world.env.now_ms;
  ch_world.env.now_ms = overtaken_now_ms;
  is_overtaken = true;
  CHECK_REAL(read_state("stream_silence-"), 0);
  CHECK(!is_overtaken);
  ch_world.env.now_ms = real_now_ms;
  end_stream();
}

static void a_blind_stream_has_no_gauge(void) {
  tells_gauges = true;
  begin_connected(20);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  CHECK_REAL(read_value("q1/active_conversations-voice"), 1);
  ch_drop_socket();
  replay_run(&ch_world, 10000);
  CHECK(isnan(read_value("q1/active_conversations-voice")));
  CHECK(w.values > 0); /* the counter continues */
  ch_open();
  replay_run(&ch_world, 10000);
  CHECK_REAL(read_value("q1/active_conversations-voice"), 1);
  end_stream();
}

/* Passes a complete answer about q1 to the stream: `waiting` contacts wait,
 * and `listed` has their ids. */
static void observe_queue(int64_t waiting, const char *const *listed,
                          size_t count) {
  struct observations *o = observations_new();
  struct obs_fact facts[3] = {
      {.metric = OBS_WAITING, .value = waiting, .is_listed = true},
      {.metric = OBS_INTERACTING, .is_listed = true},
      {.metric = OBS_ALERTING, .is_listed = true}};
  for (int i = 0; i < 3; i++) {
    CHECK_INT(gc_intern_put(&o->ids, "q1", 2, &facts[i].queue), GC_OK);
    CHECK_INT(gc_intern_put(&o->media, "voice", 5, &facts[i].media), GC_OK);
    facts[i].qualifier = OBS_NONE;
  }
  CHECK_INT(observations_add(o, facts, 3), GC_OK);
  for (size_t i = 0; i < count; i++) {
    struct uuid_key id = uuid_key_read(listed[i], strlen(listed[i]));
    CHECK_INT(obs_ids_add(&o->listed, &id, 1), GC_OK);
  }
  replay_run(&ch_world, 9000);
  struct obs_listener *l = stream_listener(w.stream);
  l->asked(l->ctx);
  replay_run(&ch_world, 1000);
  l->reading(l->ctx, &(struct obs_reading){o, .is_complete = true});
  observations_put(o);
}

static void a_conversation_that_two_polls_lack_is_closed_and_is_drift(void) {
  const char *c1[] = {"c1"};
  begin_connected(20);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  replay_run(&ch_world, 2000);
  observe_queue(1, c1, 1);
  observe_queue(0, NULL, 0);
  CHECK_REAL(read_state("stream_drift-"), 0);
  CHECK_REAL(read_state("conversations-live"), 1);
  observe_queue(0, NULL, 0);
  CHECK_REAL(read_state("stream_drift-"), 1);
  CHECK_REAL(read_state("conversations-live"), 0);
  CHECK_REAL(read_state("conversations_lost-poll"), 1);
  observe_queue(0, NULL, 0);
  CHECK_REAL(read_state("stream_drift-"), 1);
  end_stream();
}

/* Contacts that waited before the stream began have had no event. */
static void contacts_from_before_the_start_are_no_drift(void) {
  begin_connected(20);
  for (int i = 0; i < 3; i++)
    observe_queue(7, NULL, 0);
  ch_say(HEARTBEAT);
  CHECK_REAL(read_state("stream_drift-"), 0);
  observe_queue(9, NULL, 0);
  observe_queue(9, NULL, 0);
  CHECK_REAL(read_state("stream_drift-"), 2);
  end_stream();
}

static void a_conversation_that_is_listed_again_is_not_closed(void) {
  const char *c1[] = {"c1"};
  begin_connected(20);
  ch_say(MESSAGE("q1", CUSTOMER "," ACD("q1")));
  replay_run(&ch_world, 2000);
  for (int i = 0; i < 3; i++) {
    observe_queue(0, NULL, 0);
    observe_queue(1, c1, 1);
  }
  CHECK_REAL(read_state("conversations_lost-poll"), 0);
  CHECK_REAL(read_state("stream_drift-"), 0);
  end_stream();
}

/* Sends one conversation with `count` stays in the queue. */
static void say_stays(unsigned number, unsigned count) {
  GC_AUTO(gc_buf_clear) struct gc_buf text = {.max = 1 << 20};
  (void)!gc_buf_print(&text,
                      "{\"topicName\":\"" QUEUE_TOPIC(
                          "q1") "\",\"eventBody\":{"
                                "\"id\":\"c%u\",\"participants\":[" CUSTOMER,
                      number);
  for (unsigned i = 0; i < count; i++)
    (void)!gc_buf_print(
        &text,
        ",{\"id\":\"a%u\",\"purpose\":\"acd\",\"queueId\":"
        "\"q1\",\"connectedTime\":\"2023-11-14T22:%02u:%02u.000Z\""
        ",\"calls\":[{\"state\":\"connected\"}]}",
        i, 14 + i / 60, i % 60);
  (void)!gc_buf_print(&text, "]}}");
  ch_say(gc_buf_string(&text));
}

/* MaxConversations is 100. */
static void conversations_that_the_limits_drop_are_exported(void) {
  begin_connected(20);
  CHECK_REAL(read_state("conversations_lost-limit"), 0);
  CHECK_REAL(read_state("conversations_lost-participants"), 0);
  for (unsigned i = 0; i < 103; i++)
    say_stays(i, 1);
  CHECK_REAL(read_state("conversations_lost-limit"), 3);
  CHECK_REAL(read_state("conversations-kept"), 100);
  say_stays(102, 210);
  CHECK_REAL(read_state("conversations_lost-participants"), 1);
  replay_run(&ch_world, 86500 * 1000ull);
  CHECK_REAL(read_state("conversations_lost-age"), 100);
  end_stream();
}

int main(void) {
  RUN(before_the_first_connection_there_is_nothing);
  RUN(the_media_that_fit_begin_with_the_stream);
  RUN(a_series_begins_with_0_and_leaves_once_an_interval);
  RUN(a_changed_counter_leaves_at_once);
  RUN(media_of_the_options_begin_with_the_stream);
  RUN(too_many_series_begin_with_their_contact);
  RUN(waiting_is_a_breach_only_up_to_the_last_message);
  RUN(waiting_is_no_breach_before_the_gap_is_reported);
  RUN(a_step_of_one_clock_is_no_breach);
  RUN(without_a_target_there_is_no_breach);
  RUN(a_message_that_is_no_event_is_counted_and_reported);
  RUN(an_unknown_word_is_counted_and_reported_once);
  RUN(counters_past_the_limit_are_reported);
  RUN(a_gap_grows_while_it_lasts_and_stays);
  RUN(a_gap_begins_with_the_last_message_and_never_shrinks);
  RUN(a_message_while_the_state_is_read_makes_no_silence);
  RUN(a_blind_stream_has_no_gauge);
  RUN(a_conversation_that_two_polls_lack_is_closed_and_is_drift);
  RUN(contacts_from_before_the_start_are_no_drift);
  RUN(a_conversation_that_is_listed_again_is_not_closed);
  RUN(conversations_that_the_limits_drop_are_exported);
  return check_done();
}
