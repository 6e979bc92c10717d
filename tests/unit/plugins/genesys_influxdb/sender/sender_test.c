/* SPDX-License-Identifier: MIT */
/* The times at which a sender sends, pauses and continues; sender_refused_test
 * has lines that the database refuses. */
#include "plugins/genesys_influxdb/sender/sender.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/hang.h"
#include "tests/support/sender_bench.h"

enum { BOUND_MS = 500 };

static void a_batch_leaves_when_it_is_full_or_old(void) {
  struct sender_bench b;
  sender_begin(&b);
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  sender_put(&b, "a");
  replay_run(&b.world, 9000);
  CHECK_STR(sender_bodies(&b), "");
  sender_put(&b, "b");
  replay_run(&b.world, 10);
  CHECK_STR(sender_bodies(&b), "a;b; ");
  sender_put(&b, "c");
  replay_run(&b.world, 9990);
  CHECK_STR(sender_bodies(&b), "a;b; ");
  replay_run(&b.world, 20);
  CHECK_STR(sender_bodies(&b), "a;b; c; ");
  CHECK_INT(influx_sender_stats(b.sender).sent, 3);
  CHECK_STR(spool_peek(b.spool), "");
  CHECK_INT(influx_sender_state(b.sender), INFLUX_IDLE);
  sender_end(&b);
}

static void the_request_is_that_of_the_manual(void) {
  struct sender_bench b;
  sender_begin(&b);
  sender_answers(&b, 1, 204, NULL);
  sender_put(&b, "a");
  sender_put(&b, "b");
  replay_run(&b.world, 10);
  const struct replay_request *r = replay_last(&b.world, WRITE);
  CHECK(r != NULL);
  if (r != NULL) {
    CHECK_STR(r->url, "http://db:8086/api/v2/write?org=ops&bucket=a%20b&"
                      "precision=ns");
    CHECK_HAS(r->headers, "Content-Type: text/plain; charset=utf-8");
  }
  sender_end(&b);
}

/* A buffer that is not emptied after an outage: Telegraf's issue 16615. */
static void after_an_outage_everything_leaves_at_once(void) {
  struct sender_bench b;
  sender_begin(&b);
  sender_answers(&b, 5, 503, "down");
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  for (int i = 0; i < 7; i++)
    sender_put(&b, (const char *[]){"a", "b", "c", "d", "e", "f", "g"}[i]);
  replay_run(&b.world, 3000);
  CHECK_STR(spool_peek(b.spool), "a b c d e f g ");
  CHECK(influx_sender_stats(b.sender).requests_failed >= 2);
  CHECK(!influx_sender_stats(b.sender).is_up);
  replay_run(&b.world, 60000);
  CHECK_HAS(sender_bodies(&b), " a;b; c;d; e;f; g; ");
  CHECK_STR(spool_peek(b.spool), "");
  CHECK(influx_sender_stats(b.sender).is_up);
  CHECK(replay_noticed(&b.world, "database", GC_ERR_REMOTE) == 5);
  CHECK_HAS(replay_last_notice(&b.world, "database")->text, "");
  sender_end(&b);
}

static void retry_after_is_honoured_exactly(void) {
  struct sender_bench b;
  sender_begin(&b);
  struct replay_answer busy = {.match = WRITE,
                               .status = 429,
                               .has_retry_after = true,
                               .retry_after_s = 45};
  replay_answer(&b.world, &busy);
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  sender_put(&b, "a");
  sender_put(&b, "b");
  replay_run(&b.world, 45000);
  CHECK_STR(sender_bodies(&b), "a;b; ");
  replay_run(&b.world, 1);
  CHECK_STR(sender_bodies(&b), "a;b; a;b; ");
  CHECK_STR(spool_peek(b.spool), "");
  sender_end(&b);
}

static void lines_wait_while_the_network_is_gone(void) {
  struct sender_bench b;
  sender_begin(&b);
  struct replay_answer gone = {
      .match = WRITE, .failure = GC_FAILURE_CONNECT, .times = REPLAY_ALWAYS};
  replay_answer(&b.world, &gone);
  sender_put(&b, "a");
  sender_put(&b, "b");
  replay_run(&b.world, 5 * 60 * 1000);
  CHECK(b.world.request_count >= 10 && b.world.request_count <= 20);
  CHECK_HAS(replay_last_notice(&b.world, "database")->text,
            "lines wait in the spool: ");
  CHECK_STR(spool_peek(b.spool), "a b ");
  sender_end(&b);
}

/* Past SpoolMax each line is either sent or counted as dropped. */
static void a_batch_that_was_dropped_is_not_sent(void) {
  struct sender_bench b;
  struct gc_spool_stats stats;
  char text[8];
  sender_begin(&b);
  spool_fresh(60, 240);
  sender_restart(&b);
  sender_answers(&b, 1, 503, "down");
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  sender_put(&b, "first");
  sender_put(&b, "second");
  replay_run(&b.world, 10);
  CHECK_STR(sender_bodies(&b), "first;second; ");
  for (int i = 0; i < 40; i++) {
    snprintf(text, sizeof(text), "%d", i);
    sender_put(&b, text);
  }
  replay_run(&b.world, 60 * 1000);
  gc_spool_stats(b.spool, &stats);
  CHECK(stats.dropped_lines > 2);
  CHECK_INT(influx_sender_stats(b.sender).sent + stats.dropped_lines, 42);
  CHECK(strstr(sender_bodies(&b) + 1, "first") == NULL);
  CHECK_STR(spool_peek(b.spool), "");
  sender_end(&b);
}

/* Telegraf's issue 15868: each flush sends accepted lines again. */
static void an_accepted_batch_is_not_sent_again(void) {
  struct sender_bench b;
  sender_begin(&b);
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  for (int i = 0; i < 3; i++)
    sender_put(&b, (const char *[]){"a", "b", "c"}[i]);
  for (int minute = 0; minute < 10; minute++) {
    influx_sender_flush(b.sender);
    replay_run(&b.world, 60 * 1000);
  }
  CHECK_STR(sender_bodies(&b), "a;b; c; ");
  sender_put(&b, "d");
  replay_run(&b.world, 20 * 1000);
  CHECK_STR(sender_bodies(&b), "a;b; c; d; ");
  CHECK_INT(influx_sender_stats(b.sender).sent, 4);
  sender_end(&b);
}

/* Telegraf's issue 16500: a restart sends the whole log again. */
static void a_restart_sends_the_batch_in_flight_alone_again(void) {
  struct sender_bench b;
  sender_begin(&b);
  struct replay_answer silent = {.match = WRITE, .is_silent = true};
  sender_answers(&b, 2, 204, NULL);
  replay_answer(&b.world, &silent);
  for (int i = 0; i < 7; i++)
    sender_put(&b, (const char *[]){"a", "b", "c", "d", "e", "f", "g"}[i]);
  replay_run(&b.world, 1000);
  CHECK_STR(sender_bodies(&b), "a;b; c;d; e;f; ");
  sender_restart(&b);
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  influx_sender_flush(b.sender);
  replay_run(&b.world, 1000);
  CHECK_STR(sender_bodies(&b), "a;b; c;d; e;f; e;f; g; ");
  sender_restart(&b);
  influx_sender_flush(b.sender);
  replay_run(&b.world, 20000);
  CHECK_STR(sender_bodies(&b), "a;b; c;d; e;f; e;f; g; ");
  sender_end(&b);
}

/* ---- the secret ---- */

static char file[] = "/tmp/sender_test_XXXXXX";

static void write_token(const char *text) {
  FILE *f = fopen(file, "w");
  CHECK(f != NULL && fputs(text, f) >= 0 && fclose(f) == 0);
}

static void a_token_that_is_corrected_counts_without_a_restart(void) {
  struct sender_bench b;
  sender_begin(&b);
  b.settings.secret.file = file;
  sender_answers(&b, 3, 401, "{\"message\":\"unauthorized access\"}");
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  unlink(file);
  sender_put(&b, "a");
  sender_put(&b, "b");
  replay_run(&b.world, 30000);
  CHECK_INT(b.world.request_count, 0);
  CHECK_HAS(replay_last_notice(&b.world, "database")->text,
            "TokenFile: cannot read ");
  write_token("wrong");
  replay_run(&b.world, 40000);
  CHECK(b.world.request_count >= 1 && b.world.request_count <= 3);
  const struct gc_err *last = replay_last_notice(&b.world, "database");
  CHECK_INT(last->code, GC_ERR_AUTH);
  CHECK_HAS(last->text, "401: unauthorized access; check TokenFile");
  CHECK_HAS(replay_last(&b.world, WRITE)->headers,
            "Authorization: Token wrong");
  write_token("right");
  replay_run(&b.world, 120000);
  CHECK_HAS(replay_last(&b.world, WRITE)->headers,
            "Authorization: Token right");
  CHECK_STR(spool_peek(b.spool), "");
  sender_end(&b);
}

static void a_token_on_a_disk_that_hangs_is_reported(void) {
  struct sender_bench b;
  struct gc_detached *disk = gc_detached_new("gc-test", BOUND_MS);
  write_token("right");
  sender_begin(&b);
  b.settings.secret.file = file;
  b.settings.reads = disk;
  sender_answers(&b, REPLAY_ALWAYS, 204, NULL);
  hang_begin(disk);
  sender_put(&b, "a");
  sender_put(&b, "b");
  replay_run(&b.world, 4900);
  CHECK_INT(b.world.notice_count, 0);
  replay_run(&b.world, 60000);
  CHECK_INT(b.world.request_count, 0);
  CHECK_INT(replay_noticed(&b.world, "database", GC_ERR_TIMEOUT) > 0, 1);
  CHECK_HAS(replay_last_notice(&b.world, "database")->text,
            "TokenFile: no answer of the file system for 5 s");
  CHECK(!influx_sender_stats(b.sender).is_up);
  hang_end(disk);
  replay_run(&b.world, 60000);
  CHECK_STR(sender_bodies(&b), "a;b; ");
  CHECK_INT(replay_last_notice(&b.world, "database")->code, GC_OK);
  CHECK(influx_sender_stats(b.sender).is_up);
  sender_end(&b);
  gc_detached_free(disk);
}

int main(void) {
  spool_bench_begin();
  int fd = mkstemp(file);
  CHECK(fd >= 0 && close(fd) == 0);
  RUN(a_batch_leaves_when_it_is_full_or_old);
  RUN(the_request_is_that_of_the_manual);
  RUN(after_an_outage_everything_leaves_at_once);
  RUN(retry_after_is_honoured_exactly);
  RUN(lines_wait_while_the_network_is_gone);
  RUN(a_batch_that_was_dropped_is_not_sent);
  RUN(an_accepted_batch_is_not_sent_again);
  RUN(a_restart_sends_the_batch_in_flight_alone_again);
  RUN(a_token_that_is_corrected_counts_without_a_restart);
  RUN(a_token_on_a_disk_that_hangs_is_reported);
  unlink(file);
  spool_bench_end();
  return check_done();
}
