/* SPDX-License-Identifier: MIT */
#include "common/net/channels/listening.h"

#include "tests/support/check.h"

/* Each row is a state of the channels, and the gap and silence after it. */
static void the_gap_and_the_silence_follow_the_channels(void) {
  static const struct {
    const char *name;
    uint64_t now_ms;
    struct gc_channel_stats stats;
    uint64_t gap_ms, silence_ms;
  } rows[] = {
      {"not connected yet", 2000, {.blind_ms = 0}, 0, 1000},
      {"blind from the start", 12000, {.blind_ms = 11000}, 11000, 11000},
      {"connected", 13000, {.connected = true}, 12000, 0},
      {"silent", 20000, {.connected = true, .silence_ms = 7000}, 12000, 7000},
      {"one of two channels broke 3 s ago",
       24000,
       {.blind_ms = 3000},
       15000,
       11000},
      {"the other one 5 s ago", 25000, {.blind_ms = 5000}, 17000, 12000},
      {"the first is back", 26000, {.blind_ms = 1000}, 18000, 13000},
      {"both are", 27000, {.connected = true}, 19000, 0},
  };
  struct gc_listening l = {.began_ms = 1000};
  CHECK_INT(gc_listening_silence_ms(&(struct gc_listening){0}, 5000), 0);
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    gc_listening_take(&l, &rows[i].stats, rows[i].now_ms);
    CHECK_INT(l.is_connected, rows[i].stats.connected);
    CHECK_INT(gc_listening_gap_ms(&l, rows[i].now_ms), rows[i].gap_ms);
    CHECK_INT(gc_listening_silence_ms(&l, rows[i].now_ms), rows[i].silence_ms);
  }
}

static void a_thread_with_an_older_clock_sees_no_negative_time(void) {
  struct gc_listening l = {.blind_since_ms = 5000, .last_message_ms = 5000};
  CHECK_INT(gc_listening_gap_ms(&l, 4999), 0);
  CHECK_INT(gc_listening_silence_ms(&l, 4999), 0);
}

/* The list of queues, and with it the first topic, comes after 48 s. */
static void the_wait_for_the_first_connection_is_a_gap_from_its_start(void) {
  struct gc_listening l = {0};
  gc_listening_begin(&l, 1000);
  CHECK_INT(gc_listening_gap_ms(&l, 10999), 0);
  CHECK_INT(gc_listening_gap_ms(&l, 11000), 10000);
  gc_listening_take(&l, &(struct gc_channel_stats){.blind_ms = 0}, 49000);
  CHECK_INT(gc_listening_gap_ms(&l, 49000), 48000);
  gc_listening_take(&l, &(struct gc_channel_stats){.connected = true}, 50000);
  CHECK_INT(gc_listening_gap_ms(&l, 60000), 49000);
  gc_listening_end(&l, 60000);
  CHECK_INT(gc_listening_silence_ms(&l, 70000), 0);
  gc_listening_begin(&l, 80000);
  gc_listening_idle(&l);
  CHECK_INT(gc_listening_gap_ms(&l, 99000), 49000);
  CHECK_INT(gc_listening_silence_ms(&l, 99000), 19000);
}

int main(void) {
  RUN(the_wait_for_the_first_connection_is_a_gap_from_its_start);
  RUN(the_gap_and_the_silence_follow_the_channels);
  RUN(a_thread_with_an_older_clock_sees_no_negative_time);
  return check_done();
}
