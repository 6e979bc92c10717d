/* SPDX-License-Identifier: MIT */
/* Shared by the tests of genesys_influxdb's sender: a spool of tests/support/
 * spool_bench and a database that answers by a script (tests/support/replay).
 */
#ifndef GC_TESTS_SUPPORT_SENDER_BENCH_H
#define GC_TESTS_SUPPORT_SENDER_BENCH_H

#include "plugins/genesys_influxdb/sender/sender.h"
#include "tests/support/replay.h"
#include "tests/support/spool_bench.h"

struct sender_bench {
  struct replay world;
  struct influx_sender_settings settings;
  struct gc_spool *spool;
  struct influx_sender *sender;
};

#define WRITE "POST /api/v2/write"

/* Begins with BatchSize 2, FlushInterval 10 s and an open spool. */
void sender_begin(struct sender_bench *b);
void sender_end(struct sender_bench *b);
/* Restarts the sender with the same spool, as a new process does. */
void sender_restart(struct sender_bench *b);
/* Appends a record of one line and tells the sender. */
void sender_put(struct sender_bench *b, const char *text);
void sender_answers(struct sender_bench *b, int times, int status,
                    const char *body);
/* Bodies of the requests so far, with ";" for line ends and a blank behind
 * each: "a;b; c; ". */
const char *sender_bodies(const struct sender_bench *b);

#endif
