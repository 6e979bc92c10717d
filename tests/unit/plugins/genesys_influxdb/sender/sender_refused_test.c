/* SPDX-License-Identifier: MIT */
/* Lines that the database refuses: the sender sets only these lines aside, with
 * the words of the database. */
#include "plugins/genesys_influxdb/sender/sender.h"

#include "tests/support/check.h"
#include "tests/support/sender_bench.h"

#define CONFLICT                                                               \
  "{\"error\":\"partial write: field type conflict: input field \\\"v\\\"\"}"

static void one_bad_line_is_quarantined_and_the_rest_goes_on(void) {
  struct sender_bench b;
  sender_begin(&b);
  b.settings.batch_size = 4;
  sender_answers(&b, 1, 400, CONFLICT); /* a b c d */
  sender_answers(&b, 1, 204, NULL);     /* a b */
  sender_answers(&b, 2, 400, CONFLICT); /* c d, c */
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  for (int i = 0; i < 5; i++)
    sender_put(&b, (const char *[]){"a", "b", "c", "d", "e"}[i]);
  replay_run(&b.world, 11000);
  CHECK_STR(sender_bodies(&b), "a;b;c;d; a;b; c;d; c; d; e; ");
  struct gc_buf aside = spool_file("refused.lines");
  CHECK_HAS(gc_buf_string(&aside), "# 2023-11-14T");
  CHECK_HAS(gc_buf_string(&aside), "\n# partial write: field type conflict");
  CHECK_HAS(gc_buf_string(&aside), "\nc\n");
  CHECK(strstr(gc_buf_string(&aside), "\nd\n") == NULL);
  gc_buf_clear(&aside);
  CHECK_INT(influx_sender_stats(b.sender).refused, 1);
  CHECK_INT(influx_sender_stats(b.sender).sent, 4);
  CHECK_INT(replay_noticed(&b.world, "refused lines", GC_ERR_REQUEST), 1);
  CHECK_STR(spool_peek(b.spool), "");
  sender_end(&b);
}

static void a_batch_that_is_too_large_is_sent_in_parts(void) {
  struct sender_bench b;
  sender_begin(&b);
  b.settings.batch_size = 4;
  sender_answers(&b, 1, 413, "");
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  for (int i = 0; i < 4; i++)
    sender_put(&b, (const char *[]){"a", "b", "c", "d"}[i]);
  replay_run(&b.world, 1000);
  CHECK_STR(sender_bodies(&b), "a;b;c;d; a;b; c;d; ");
  CHECK_INT(influx_sender_stats(b.sender).refused, 0);
  sender_end(&b);
}

/* A gateway that answers everything with 400 must not empty the spool. */
static void a_gateway_that_refuses_everything_loses_no_line(void) {
  struct sender_bench b;
  sender_begin(&b);
  b.settings.batch_size = 4;
  sender_answers(&b, 30, 400, "<html>Bad Request</html>");
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  for (int i = 0; i < 4; i++)
    sender_put(&b, (const char *[]){"a", "b", "c", "d"}[i]);
  replay_run(&b.world, 20000);
  CHECK_STR(spool_peek(b.spool), "a b c d ");
  CHECK_HAS(replay_last_notice(&b.world, "database")->text,
            "answered 400: <html>Bad Request</html>; check URL");
  replay_run(&b.world, 600000);
  CHECK_STR(spool_peek(b.spool), "");
  CHECK_INT(influx_sender_stats(b.sender).refused, 0);
  CHECK_INT(influx_sender_stats(b.sender).sent, 4);
  sender_end(&b);
}

/* A path outside the API of InfluxDB 2, or a login proxy. */
static void a_web_page_in_place_of_the_database_loses_no_line(void) {
  struct sender_bench b;
  sender_begin(&b);
  sender_answers(&b, 3, 200, "<!doctype html>\n<html>");
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  sender_put(&b, "a");
  sender_put(&b, "b");
  replay_run(&b.world, 100);
  CHECK_STR(spool_peek(b.spool), "a b ");
  CHECK_INT(influx_sender_stats(b.sender).sent, 0);
  CHECK(!influx_sender_stats(b.sender).is_up);
  CHECK_HAS(replay_last_notice(&b.world, "database")->text,
            "answered 200: <!doctype html> <html>; only 204 means that the "
            "lines are stored; check URL");
  replay_run(&b.world, 120000);
  CHECK_STR(sender_bodies(&b), "a;b; a;b; a;b; a;b; ");
  CHECK_INT(influx_sender_stats(b.sender).sent, 2);
  CHECK_INT(influx_sender_stats(b.sender).refused, 0);
  CHECK_STR(spool_peek(b.spool), "");
  sender_end(&b);
}

/* A partial write of InfluxDB 3's earlier releases. */
static void a_201_stores_a_part_and_the_line_at_fault_is_found(void) {
  struct sender_bench b;
  sender_begin(&b);
  sender_answers(&b, 1, 201, CONFLICT); /* a b */
  sender_answers(&b, 1, 204, NULL);     /* a */
  sender_answers(&b, 1, 400, CONFLICT); /* b */
  sender_put(&b, "a");
  sender_put(&b, "b");
  replay_run(&b.world, 100);
  CHECK_STR(sender_bodies(&b), "a;b; a; b; ");
  CHECK_INT(influx_sender_stats(b.sender).sent, 1);
  CHECK_INT(influx_sender_stats(b.sender).refused, 1);
  CHECK_STR(spool_peek(b.spool), "");
  sender_end(&b);
}

static void a_full_disk_for_the_quarantine_holds_nothing_up(void) {
  struct sender_bench b;
  sender_begin(&b);
  b.settings.folder = "/nonexistent";
  sender_answers(&b, 2, 400, CONFLICT);
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  sender_put(&b, "a");
  sender_put(&b, "b");
  replay_run(&b.world, 1000);
  CHECK_STR(sender_bodies(&b), "a;b; a; b; ");
  CHECK_STR(replay_last_notice(&b.world, "quarantine")->text,
            "the database refuses 1 of 2 lines, and they are lost, since "
            "refused.lines in SpoolDir cannot be written (No such file or "
            "directory); check the disk; the database's words: partial write: "
            "field type conflict: input field \"v\"");
  CHECK_INT(replay_noticed(&b.world, "refused lines", GC_ERR_REQUEST), 0);
  CHECK_INT(influx_sender_stats(b.sender).lost, 1);
  CHECK_INT(influx_sender_stats(b.sender).refused, 0);
  CHECK_INT(influx_sender_stats(b.sender).sent, 1);
  CHECK_STR(spool_peek(b.spool), "");
  sender_end(&b);
}

int main(void) {
  spool_bench_begin();
  RUN(one_bad_line_is_quarantined_and_the_rest_goes_on);
  RUN(a_batch_that_is_too_large_is_sent_in_parts);
  RUN(a_gateway_that_refuses_everything_loses_no_line);
  RUN(a_web_page_in_place_of_the_database_loses_no_line);
  RUN(a_201_stores_a_part_and_the_line_at_fault_is_found);
  RUN(a_full_disk_for_the_quarantine_holds_nothing_up);
  spool_bench_end();
  return check_done();
}
