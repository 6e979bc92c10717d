/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/connection.h"

#include "common/base/cleanup.h"
#include "tests/support/check.h"

struct step {
  unsigned pause_s; /* since the answer before */
  char reply;       /* n: new connection, r: reused, c: reused and closed,
                       N: new and closed, f: failed */
};

/* Returns the steps that broke: "..x". */
static const char *breaks_of(const char *steps) {
  static char found[64];
  struct influx_connection c = {0};
  uint64_t now_ms = 1000000;
  size_t len = 0;
  for (struct step s; sscanf(steps, " %u%c", &s.pause_s, &s.reply) == 2;) {
    struct gc_reply reply = {
        .is_new_connection = s.reply == 'n' || s.reply == 'N',
        .closes_connection = s.reply == 'c' || s.reply == 'N'};
    bool broke = false;
    now_ms += s.pause_s * 1000;
    if (s.reply == 'f')
      influx_connection_failed(&c);
    else
      broke = influx_connection_answered(&c, &reply, now_ms, now_ms);
    found[len++] = broke ? 'x' : '.';
    steps += strspn(steps, " ");
    steps += strcspn(steps, " ");
  }
  found[len] = '\0';
  return found;
}

static void a_new_connection_is_a_break_if_it_is_a_surprise(void) {
  static const struct {
    const char *subject, *steps, *breaks;
  } rows[] = {
      {"a normal life", "0n 30r 30r 5r", "...."},
      {"a restart between two batches", "0n 30r 30n 30r", "..x."},
      {"an announced close", "0n 30r 30c 30n", "...."},
      {"a failure, which is a break of its own", "0n 30r 30f 1n", "...."},
      {"each request has a connection of its own", "0n 30n 30n 30n", "...."},
      {"each request has a connection of its own, without pauses",
       "0n 1n 0n 1n", "...."},
      {"each request closes its connection", "0N 1N 1N", "..."},
      {"closed after a pause longer than any before", "0n 30r 120n 120n",
       "...."},
      {"a pause that varies", "0n 30r 40n", "..x"},
      {"a burst alone does not show that a pause is survived", "0n 0r 0r 30n",
       "...."},
      {"a burst is interrupted", "0n 0r 0r 1n", "...x"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].subject);
    CHECK_STR(breaks_of(rows[i].steps), rows[i].breaks);
  }
}

int main(void) {
  RUN(a_new_connection_is_a_break_if_it_is_a_surprise);
  return check_done();
}
