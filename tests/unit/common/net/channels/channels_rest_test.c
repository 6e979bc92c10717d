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
  RUN(a_stop_at_any_moment_leaves_nothing_behind);
  return check_done();
}
