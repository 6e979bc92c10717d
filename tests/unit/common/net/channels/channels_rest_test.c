/* SPDX-License-Identifier: MIT */
#include "tests/support/channels_bench.h"

#include "tests/support/check.h"

static void rest_failures_are_retried_and_reported_once_each(void) {
  ch_begin();
  ch_answer(CREATE, 1, 400, "{\"code\":\"bad\"}");
  ch_answer(CREATE, 1, 200, "{\"id\":\"../x\",\"connectUri\":\"wss://s\"}");
  ch_answer(CREATE, 1, 200, "<html>");
  ch_answer(PUT, 1, 403, "{\"code\":\"no\"}");
  ch_answer(PUT, 1, 200, "[");
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 120000);
  CHECK_INT(ch_creations(), 4);
  CHECK_INT(replay_count(&ch_world, PUT), 3);
  CHECK_INT(replay_noticed(&ch_world, "stream", GC_ERR_REQUEST), 1);
  CHECK_INT(replay_noticed(&ch_world, "stream", GC_ERR_PERMISSION), 1);
  CHECK_INT(replay_noticed(&ch_world, "stream", GC_ERR_PARSE), 3);
  ch_open();
  CHECK_INT(ch_block.connected, 1);
  ch_end();
}

/* ch_end searches all reports for secrets. */
static void a_refusal_is_reported_without_the_name_of_the_channel(void) {
  ch_begin();
  ch_answer(PUT, 1, 403, "{\"message\":\"one-s3cr3t is not yours\"}");
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  CHECK_HAS(replay_last_notice(&ch_world, "stream")->text, "is not yours");
  ch_end();
}

static void while_the_api_is_down_the_socket_goes_on(void) {
  ch_begin_connected();
  replay_forget_answers(&ch_world);
  ch_answer("*", REPLAY_ALWAYS, 503, NULL);
  ch_subscribe(&ch_block, "v2.b");
  for (int i = 0; i < 20; i++) {
    replay_run(&ch_world, 15000);
    ch_say(EVENT);
  }
  CHECK_INT(ch_wires.opens, 1);
  CHECK_INT(ch_block.messages, 20);
  replay_forget_answers(&ch_world);
  ch_usual_answers();
  replay_run(&ch_world, 60000);
  ch_say(EVENT);
  CHECK(replay_count(&ch_world, ADD) > 1);
  CHECK_STR(replay_last(&ch_world, ADD)->body, "[{\"id\":\"v2.b\"}]");
  ch_end();
}

/* The platform's answer to a call for one new topic. */
static const struct {
  const char *name;
  struct replay_answer answer;
} failures[] = {
    {"503", {.match = ADD, .times = REPLAY_ALWAYS, .status = 503}},
    {"503, an hour",
     {.match = ADD,
      .times = REPLAY_ALWAYS,
      .status = 503,
      .has_retry_after = true,
      .retry_after_s = 3600}},
    {"429, an hour",
     {.match = ADD,
      .times = REPLAY_ALWAYS,
      .status = 429,
      .has_retry_after = true,
      .retry_after_s = 3600}},
    {"403", {.match = ADD, .times = REPLAY_ALWAYS, .status = 403}},
    {"no answer", {.match = ADD, .times = REPLAY_ALWAYS, .is_silent = true}},
};

static void a_topic_that_is_not_subscribed_leaves_the_socket_alone(void) {
  for (size_t i = 0; i < GC_COUNT(failures); i++) {
    CHECK_ROW(failures[i].name);
    ch_begin_connected();
    replay_forget_answers(&ch_world);
    replay_answer(&ch_world, &failures[i].answer);
    ch_usual_answers();
    ch_subscribe(&ch_block, "v2.b");
    replay_run(&ch_world, 15000);
    CHECK(ch_stats().connected);
    ch_say(EVENT);
    ch_drop_socket();
    replay_run(&ch_world, 5000);
    CHECK_INT(ch_wires.opens, 2);
    ch_open();
    CHECK(ch_stats().connected);
    CHECK_INT(ch_block.gaps, 1);
    CHECK_INT(ch_stats().blind_ms, 0);
    CHECK_INT(ch_stats().topics, 1);
    CHECK_INT(ch_stats().wanted, 2);
    ch_say(EVENT);
    CHECK_INT(ch_block.messages, 2);
    ch_end();
  }
}

static void a_topic_that_failed_is_reported_and_subscribed_later(void) {
  ch_begin_connected();
  replay_forget_answers(&ch_world);
  replay_answer(&ch_world, &failures[0].answer);
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.b");
  replay_run(&ch_world, 15000);
  ch_say(EVENT);
  CHECK(replay_noticed(&ch_world, "stream topics", GC_ERR_REMOTE) > 0);
  CHECK_INT(replay_noticed(&ch_world, "stream", GC_ERR_REMOTE),
            replay_noticed(&ch_world, "stream topics", GC_ERR_REMOTE));
  unsigned connected = ch_block.connected;
  replay_forget_answers(&ch_world);
  ch_usual_answers();
  replay_run(&ch_world, 39000);
  CHECK_INT(ch_stats().topics, 2);
  CHECK_INT(replay_last_notice(&ch_world, "stream topics")->code, GC_OK);
  CHECK_INT(ch_block.connected, connected + 1); /* a snapshot for the topic */
  CHECK_INT(ch_wires.opens, 1);
  ch_end();
}

/* Without any topic nothing can come: the stream is blind. */
static void a_socket_without_a_topic_is_no_connection(void) {
  ch_begin();
  ch_answer(PUT, REPLAY_ALWAYS, 503, NULL);
  ch_usual_answers();
  ch_subscribe(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  ch_open();
  replay_run(&ch_world, 20000);
  CHECK(!ch_stats().connected);
  CHECK_INT(ch_block.connected, 0);
  ch_say(HEARTBEAT);
  replay_forget_answers(&ch_world);
  ch_usual_answers();
  replay_run(&ch_world, 39000);
  CHECK_INT(ch_block.connected, 1);
  CHECK_INT(ch_wires.opens, 1);
  CHECK(ch_stats().connected);
  ch_end();
}

static void a_check_without_an_answer_does_not_keep_the_socket_closed(void) {
  static const struct replay_answer rows[] = {
      {.match = HEAD, .times = REPLAY_ALWAYS, .status = 503},
      {.match = HEAD, .times = REPLAY_ALWAYS, .is_silent = true},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(i == 0 ? "503" : "silent");
    ch_begin_connected();
    replay_forget_answers(&ch_world);
    replay_answer(&ch_world, &rows[i]);
    ch_usual_answers();
    ch_say("{\"topicName\":\"v2.system.token_revoked.x\"}");
    replay_run(&ch_world, 30000);
    CHECK_INT(ch_wires.opens, 2);
    ch_open();
    CHECK_INT(ch_block.connected, 2);
    CHECK_INT(ch_creations(), 1);
    ch_end();
  }
}

static void a_stop_at_any_moment_leaves_nothing_behind(void) {
  for (uint64_t ms = 0; ms < 200; ms += 5) {
    ch_begin();
    replay_answer(&ch_world, &(struct replay_answer){.match = CREATE,
                                                     .status = 200,
                                                     .body = CHANNEL("one"),
                                                     .delay_ms = 40});
    replay_answer(&ch_world,
                  &(struct replay_answer){.match = PUT,
                                          .status = 200,
                                          .body = "{\"entities\":[]}",
                                          .delay_ms = 40});
    ch_usual_answers();
    ch_subscribe(&ch_block, "v2.a");
    replay_run(&ch_world, ms);
    if (ch_wire() != NULL)
      ch_open();
    ch_end();
  }
}

int main(void) {
  RUN(rest_failures_are_retried_and_reported_once_each);
  RUN(a_refusal_is_reported_without_the_name_of_the_channel);
  RUN(while_the_api_is_down_the_socket_goes_on);
  RUN(a_topic_that_is_not_subscribed_leaves_the_socket_alone);
  RUN(a_topic_that_failed_is_reported_and_subscribed_later);
  RUN(a_socket_without_a_topic_is_no_connection);
  RUN(a_check_without_an_answer_does_not_keep_the_socket_closed);
  RUN(a_stop_at_any_moment_leaves_nothing_behind);
  return check_done();
}
