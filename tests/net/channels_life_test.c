/* SPDX-License-Identifier: MIT */
#include "tests/support/channels_bench.h"

#include "tests/support/check.h"

static void the_subscription_is_renewed_before_the_day_ends(void) {
  ch_begin_connected();
  ch_heartbeats(23 * 120 - 1);
  CHECK_INT(replay_count(&ch_world, ADD), 0);
  ch_heartbeats(2);
  CHECK_INT(replay_count(&ch_world, ADD),
            1); /* adds: nothing is deaf meanwhile */
  CHECK_STR(replay_last(&ch_world, ADD)->body, "[{\"id\":\"v2.a\"}]");
  CHECK_INT(replay_count(&ch_world, PUT), 1);
  ch_heartbeats(23 * 120);
  CHECK_INT(replay_count(&ch_world, ADD), 2);
  CHECK_INT(ch_wires.opens, 1);
  CHECK_INT(ch_block.connected, 1);
  ch_end();
}

static void a_shorter_life_is_renewed_sooner(void) {
  ch_begin();
  ch_answer(CREATE, 1, 200, /* 20 minutes after the replay's epoch */
            "{\"connectUri\":\"wss://s.example.test/channels/"
            "one-s3cr3t\",\"id\":\"one\",\"expires\":"
            "\"2023-11-14T22:33:20.000Z\"}");
  ch_usual_answers();
  ch_want(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  ch_open();
  ch_heartbeats(39);
  CHECK_INT(replay_count(&ch_world, ADD), 1);
  ch_end();
}

static void a_renewal_that_finds_no_channel_makes_a_new_one(void) {
  ch_begin();
  ch_answer(ADD, 1, 404, "{}");
  ch_usual_answers();
  ch_want(&ch_block, "v2.a");
  replay_run(&ch_world, 100);
  ch_open();
  ch_heartbeats(23 * 120 + 1);
  replay_run(&ch_world, 5000);
  CHECK_INT(ch_creations(), 2);
  CHECK_INT(ch_wires.closes, 1);
  ch_open();
  CHECK_INT(ch_block.connected, 2);
  ch_end();
}

int main(void) {
  RUN(the_subscription_is_renewed_before_the_day_ends);
  RUN(a_shorter_life_is_renewed_sooner);
  RUN(a_renewal_that_finds_no_channel_makes_a_new_one);
  return check_done();
}
