/* SPDX-License-Identifier: MIT */
/* ResendAfterBreak: lines that a database acknowledged shortly before its
 * connection broke are sent again. */
#include "plugins/genesys_influxdb/sender/sender.h"

#include "tests/support/check.h"
#include "tests/support/sender_bench.h"

/* BatchSize 2; a failed request is repeated after 1 s at most. */
static void begin_with(struct sender_bench *b, uint32_t resend_after_break_ms) {
  sender_begin(b);
  b->settings.resend_after_break_ms = resend_after_break_ms;
  sender_restart(b);
}

static void put_letters(struct sender_bench *b, const char *letters) {
  for (const char *c = letters; *c != '\0'; c++)
    sender_put(b, (char[]){*c, '\0'});
}

/* Puts a batch and waits. */
static void put_batch(struct sender_bench *b, const char *letters,
                      uint64_t wait_ms) {
  put_letters(b, letters);
  replay_run(&b->world, wait_ms);
}

static void answer_once(struct sender_bench *b, enum gc_failure failure,
                        int status) {
  struct replay_answer answer = {
      .match = WRITE, .failure = failure, .status = status};
  replay_answer(&b->world, &answer);
}

static void each_break_sends_the_last_seconds_again(void) {
  static const struct {
    enum gc_failure failure;
    int status;
    bool is_break;
    const char *why;
  } rows[] = {
      {GC_FAILURE_CONNECT, 0, true, "may have lost them: "},
      {GC_FAILURE_BROKEN, 0, true, "may have lost them: "},
      {GC_FAILURE_TIMEOUT, 0, true, "may have lost them: "},
      {GC_FAILURE_RESOLVE, 0, true, "may have lost them: "},
      {0, 503, true, "may have lost them: it answered 503"},
      {0, 500, true, "may have lost them: it answered 500"},
      {0, 429, false, NULL},
      {0, 401, false, NULL},
      {GC_FAILURE_LOCAL, 0, false, NULL},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct sender_bench b;
    char row[32];
    snprintf(row, sizeof(row), "%d/%d", rows[i].failure, rows[i].status);
    CHECK_ROW(row);
    begin_with(&b, 15000);
    sender_answers(&b, 4, 204, NULL);
    answer_once(&b, rows[i].failure, rows[i].status);
    sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
    put_batch(&b, "ab", 10000); /* too old when ef is acknowledged */
    put_batch(&b, "cd", 10000);
    put_batch(&b, "ef", 1);
    put_batch(&b, "gh", 10000);
    put_batch(&b, "ijkl", 60000);
    const struct gc_err *said = NULL;
    for (size_t n = 0; n < b.world.notice_count; n++)
      if (strcmp(b.world.notices[n].cause, "resent lines") == 0 &&
          b.world.notices[n].err.code != GC_OK)
        said = &b.world.notices[n].err;
    if (rows[i].is_break) {
      CHECK_STR(sender_bodies(&b),
                "a;b; c;d; e;f; g;h; i;j; c;d; e;f; g;h; i;j; k;l; ");
      CHECK_INT(influx_sender_stats(b.sender).resent, 6);
      CHECK(said != NULL);
      if (said != NULL) {
        CHECK_HAS(said->text, "6 lines that the database had acknowledged");
        CHECK_HAS(said->text, rows[i].why);
      }
    } else {
      CHECK_STR(sender_bodies(&b), "a;b; c;d; e;f; g;h; i;j; i;j; k;l; ");
      CHECK_INT(influx_sender_stats(b.sender).resent, 0);
      CHECK(said == NULL);
    }
    CHECK_INT(influx_sender_stats(b.sender).sent, 12);
    CHECK_STR(spool_peek(b.spool), "");
    sender_end(&b);
  }
}

static void without_the_option_nothing_is_sent_again(void) {
  struct sender_bench b;
  begin_with(&b, 0);
  sender_answers(&b, 2, 204, NULL);
  answer_once(&b, GC_FAILURE_CONNECT, 0);
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  put_batch(&b, "ab", 10);
  put_batch(&b, "cd", 10);
  put_batch(&b, "ef", 10000);
  CHECK_STR(sender_bodies(&b), "a;b; c;d; e;f; e;f; ");
  CHECK_INT(influx_sender_stats(b.sender).resent, 0);
  sender_restart(&b);
  influx_sender_flush(b.sender);
  replay_run(&b.world, 10000);
  CHECK_STR(sender_bodies(&b), "a;b; c;d; e;f; e;f; ");
  sender_end(&b);
}

static void without_a_break_nothing_is_sent_again(void) {
  struct sender_bench b;
  struct gc_spool_stats stats;
  begin_with(&b, 15000);
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  for (int i = 0; i < 100; i++) {
    put_batch(&b, "ab", (uint64_t)i * 37);
    influx_sender_flush(b.sender);
    gc_spool_stats(b.spool, &stats);
    CHECK_INT(stats.bytes, 0);
    CHECK_INT(stats.oldest_ms, 0);
  }
  CHECK_INT(b.world.request_count, 100);
  CHECK_INT(influx_sender_stats(b.sender).sent, 200);
  CHECK_INT(influx_sender_stats(b.sender).resent, 0);
  CHECK_INT(replay_noticed(&b.world, "resent lines", GC_ERR_NETWORK), 0);
  sender_end(&b);
}

/* A database that is killed and back before the next batch. */
static void a_restart_between_two_batches_is_a_break(void) {
  struct sender_bench b;
  struct replay_answer is_new = {
      .match = WRITE, .status = 204, .is_new_connection = true};
  begin_with(&b, 15000);
  replay_answer(&b.world, &is_new);
  sender_answers(&b, 2, 204, NULL);
  replay_answer(&b.world, &is_new);
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  put_batch(&b, "ab", 30000);
  put_batch(&b, "cd", 100);
  put_batch(&b, "ef", 30000);
  put_batch(&b, "gh", 100); /* over a new connection */
  CHECK_HAS(sender_bodies(&b), " g;h; c;d; e;f; g;h; ");
  replay_run(&b.world, 30000);
  put_batch(&b, "ij", 30000);
  CHECK_STR(sender_bodies(&b), "a;b; c;d; e;f; g;h; c;d; e;f; g;h; i;j; ");
  CHECK_INT(influx_sender_stats(b.sender).resent, 6);
  CHECK_INT(influx_sender_stats(b.sender).sent, 10);
  CHECK_INT(replay_noticed(&b.world, "resent lines", GC_ERR_NETWORK), 1);
  sender_end(&b);
}

/* The database may be killed again while it gets the lines. */
static void a_second_break_begins_again(void) {
  struct sender_bench b;
  begin_with(&b, 15000);
  sender_answers(&b, 2, 204, NULL);
  answer_once(&b, GC_FAILURE_BROKEN, 0);
  sender_answers(&b, 1, 204, NULL);
  answer_once(&b, GC_FAILURE_CONNECT, 0);
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  put_batch(&b, "ab", 10);
  put_batch(&b, "cd", 10);
  put_batch(&b, "ef", 20000);
  CHECK_STR(sender_bodies(&b), "a;b; c;d; e;f; a;b; c;d; a;b; c;d; e;f; ");
  CHECK_INT(influx_sender_stats(b.sender).resent, 6);
  CHECK_INT(influx_sender_stats(b.sender).sent, 6);
  put_batch(&b, "gh", 10); /* only e f and g h are kept */
  sender_restart(&b);
  influx_sender_flush(b.sender);
  replay_run(&b.world, 10);
  CHECK_HAS(sender_bodies(&b), " e;f; g;h; g;h; ");
  sender_end(&b);
}

/* A database that answers every third request with 503 gets all lines, and gets
 * all of them again once it works. */
static void a_flaky_database_gets_the_later_lines_too(void) {
  struct sender_bench b;
  begin_with(&b, 15000);
  for (int i = 0; i < 30; i++) {
    sender_answers(&b, 2, 204, NULL);
    answer_once(&b, 0, 503);
  }
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  put_letters(&b, "abcdefghijklmnopqrstuvwxyz");
  replay_run(&b.world, 120000);
  CHECK_HAS(sender_bodies(&b), " a;b; c;d; e;f; g;h; i;j; k;l; m;n; o;p; q;r; "
                               "s;t; u;v; w;x; y;z; ");
  CHECK_INT(influx_sender_stats(b.sender).sent, 26);
  CHECK_STR(spool_peek(b.spool), "");
  sender_end(&b);
}

/* The database is killed after every 20 batches, and never works for 15 s at a
 * time until the 30th kill. */
static void no_number_of_kills_loses_a_line(void) {
  struct sender_bench b;
  char line[8], all[1024] = " ";
  begin_with(&b, 15000);
  for (int i = 0; i < 30; i++) {
    sender_answers(&b, 20, 204, NULL);
    answer_once(&b, GC_FAILURE_BROKEN, 0);
  }
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  for (int i = 0; i < 60; i++) {
    snprintf(line, sizeof(line), "%d", i);
    sender_put(&b, line);
    snprintf(all + strlen(all), sizeof(all) - strlen(all), "%s;%s", line,
             i % 2 == 0 ? "" : " ");
    replay_run(&b.world, 10);
  }
  replay_run(&b.world, 120000);
  CHECK_HAS(sender_bodies(&b), all); /* without a break in between */
  CHECK_INT(influx_sender_stats(b.sender).sent, 60);
  CHECK_STR(spool_peek(b.spool), "");
  sender_end(&b);
}

/* The first part of a batch was acknowledged before the break. */
static void all_parts_of_a_batch_are_sent_again(void) {
  struct sender_bench b;
  begin_with(&b, 15000);
  b.settings.batch_size = 4;
  sender_answers(&b, 1, 413, "");
  sender_answers(&b, 1, 204, NULL);
  answer_once(&b, GC_FAILURE_BROKEN, 0);
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  put_batch(&b, "abcd", 10000);
  CHECK_STR(sender_bodies(&b), "a;b;c;d; a;b; c;d; a;b;c;d; ");
  CHECK_INT(influx_sender_stats(b.sender).sent, 4);
  sender_end(&b);
}

/* A refused line counts once, although it is refused again. */
static void refused_lines_count_once(void) {
  struct sender_bench b;
  begin_with(&b, 15000);
  b.settings.batch_size = 1;
  sender_answers(&b, 1, 204, NULL);
  sender_answers(&b, 1, 400, "{\"error\":\"field type conflict\"}");
  answer_once(&b, 0, 503);
  sender_answers(&b, 1, 204, NULL);
  sender_answers(&b, 1, 400, "{\"error\":\"field type conflict\"}");
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  put_batch(&b, "a", 10);
  put_batch(&b, "x", 10);
  put_batch(&b, "b", 10000);
  CHECK_STR(sender_bodies(&b), "a; x; b; a; x; b; ");
  CHECK_INT(influx_sender_stats(b.sender).sent, 2);
  CHECK_INT(influx_sender_stats(b.sender).refused, 1);
  CHECK_INT(influx_sender_stats(b.sender).resent, 1);
  sender_end(&b);
}

static void a_restart_sends_the_last_seconds_again(void) {
  struct sender_bench b;
  begin_with(&b, 15000);
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  put_batch(&b, "ab", 10000);
  put_batch(&b, "cd", 10000);
  put_batch(&b, "ef", 10);
  sender_restart(&b);
  influx_sender_flush(b.sender);
  replay_run(&b.world, 20000);
  CHECK_STR(sender_bodies(&b), "a;b; c;d; e;f; c;d; e;f; ");
  CHECK_STR(spool_peek(b.spool), "");
  sender_end(&b);
}

/* Past SpoolMax, acknowledged lines are deleted first, and are not counted as
 * dropped. */
static void acknowledged_lines_are_not_counted_as_dropped(void) {
  struct sender_bench b;
  struct gc_spool_stats stats;
  begin_with(&b, 15000);
  spool_fresh(100, 200);
  sender_restart(&b);
  sender_answers(&b, 3, 204, NULL);
  sender_answers(&b, 3, 503, "down");
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  put_batch(&b, "abcdef", 10);
  put_letters(&b, "ghijkl");
  gc_spool_stats(b.spool, &stats);
  CHECK_INT(stats.dropped_lines, 0);
  replay_run(&b.world, 60000);
  gc_spool_stats(b.spool, &stats);
  CHECK_INT(stats.dropped_lines, 0);
  CHECK_INT(influx_sender_stats(b.sender).sent, 12);
  CHECK_STR(spool_peek(b.spool), "");
  sender_end(&b);
}

int main(void) {
  spool_bench_begin();
  RUN(each_break_sends_the_last_seconds_again);
  RUN(without_the_option_nothing_is_sent_again);
  RUN(without_a_break_nothing_is_sent_again);
  RUN(a_restart_between_two_batches_is_a_break);
  RUN(a_second_break_begins_again);
  RUN(a_flaky_database_gets_the_later_lines_too);
  RUN(no_number_of_kills_loses_a_line);
  RUN(all_parts_of_a_batch_are_sent_again);
  RUN(refused_lines_count_once);
  RUN(a_restart_sends_the_last_seconds_again);
  RUN(acknowledged_lines_are_not_counted_as_dropped);
  spool_bench_end();
  return check_done();
}
