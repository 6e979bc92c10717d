/* SPDX-License-Identifier: MIT */
/* Order, position, SpoolMax and the folder; spool_damage_test has crashes. */
#include "common/net/spool/spool.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/spool_bench.h"

enum { MB = 1024 * 1024 };

static void records_leave_in_the_order_they_came(void) {
  spool_fresh(0, MB);
  struct gc_spool *s = spool_opened();
  spool_put(s, "a");
  spool_put(s, "b");
  CHECK_STR(spool_peek(s), "a b ");
  spool_put(s, "c");
  CHECK_STR(spool_drain(s), "a b c ");
  CHECK_STR(spool_drain(s), "");
  gc_spool_free(s);
}

static void a_committed_record_is_not_read_again_after_a_restart(void) {
  spool_fresh(0, MB);
  struct gc_spool *s = spool_opened();
  for (int i = 0; i < 5; i++)
    spool_put(s, (const char *[]){"a", "b", "c", "d", "e"}[i]);
  struct gc_err err = {.code = GC_OK};
  struct gc_record_place end;
  GC_AUTO(gc_buf_clear) struct gc_buf two = {.max = MB};
  CHECK_INT(gc_spool_read(s, 2, &two, &end, &err), GC_OK);
  CHECK_STR(gc_buf_string(&two), "a\nb\n");
  CHECK_INT(gc_spool_commit(s, end, &err), GC_OK);
  gc_buf_reset(&two);
  CHECK_INT(gc_spool_read(s, 2, &two, &end, &err), GC_OK); /* in flight */
  gc_spool_free(s);
  s = spool_opened();
  CHECK_STR(spool_drain(s), "c d e ");
  gc_spool_free(s);
  s = spool_opened();
  CHECK_STR(spool_drain(s), "");
  gc_spool_free(s);
}

static void a_restart_appends_behind_the_waiting_records(void) {
  spool_fresh(0, MB);
  for (int i = 0; i < 20; i++) {
    char text[8];
    struct gc_spool *s = spool_opened();
    snprintf(text, sizeof(text), "%d", i);
    spool_put(s, text);
    gc_spool_free(s);
  }
  struct gc_spool *s = spool_opened();
  struct gc_spool_stats stats;
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.segments, 1);
  CHECK_STR(spool_drain(s),
            "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 ");
  gc_spool_free(s);
}

/* The buffers that never shrink: Telegraf's issues 16696 and 16500. */
static void delivered_segments_are_deleted(void) {
  spool_fresh(256, 64 * 1024);
  struct gc_spool *s = spool_opened();
  struct gc_spool_stats stats;
  char line[101];
  memset(line, 'x', sizeof(line) - 1);
  line[sizeof(line) - 1] = '\0';
  for (int i = 0; i < 1000; i++) {
    spool_put(s, line);
    CHECK(strlen(spool_drain(s)) == 101);
    gc_spool_stats(s, &stats);
    CHECK(stats.segments <= 2);
    CHECK_INT(stats.bytes, 0);
  }
  CHECK_INT(stats.dropped_lines, 0);
  gc_spool_free(s);
}

/* A buffer that stops after some bursts, and again after a restart:
 * Telegraf's issue 16314. */
static void bursts_are_drained_and_leave_nothing_behind(void) {
  spool_fresh(512, 64 * 1024);
  struct gc_spool *s = spool_opened();
  struct gc_spool_stats stats;
  char text[64], wanted[64];
  for (int burst = 0; burst < 40; burst++) {
    for (int i = 0; i < 20; i++) {
      snprintf(text, sizeof(text), "%05d-%050d", 20 * burst + i, 0);
      spool_put(s, text);
    }
    if (burst % 10 == 5) {
      gc_spool_free(s);
      s = spool_opened();
    }
    const char *got = spool_drain(s);
    snprintf(wanted, sizeof(wanted), "%05d-", 20 * burst);
    CHECK(strncmp(got, wanted, 6) == 0);
    CHECK_INT(strlen(got), 20 * 57);
    gc_spool_stats(s, &stats);
    CHECK_INT(stats.bytes, 0);
    CHECK(stats.segments <= 2);
  }
  CHECK_INT(stats.dropped_lines, 0);
  gc_spool_free(s);
}

static void past_max_the_oldest_records_are_dropped_and_counted(void) {
  spool_fresh(1024, 4096);
  struct gc_spool *s = spool_opened();
  char text[64];
  for (int i = 0; i < 1000; i++) {
    snprintf(text, sizeof(text), "%03d-%050d", i, 0);
    spool_put(s, text);
  }
  struct gc_spool_stats stats;
  gc_spool_stats(s, &stats);
  CHECK(stats.bytes <= 4096);
  const char *left = spool_drain(s);
  size_t count = strlen(left) / 55;
  CHECK_INT(stats.dropped_lines + count, 1000);
  CHECK(count >= 30);
  snprintf(text, sizeof(text), "%03d-", 1000 - (int)count);
  CHECK(strncmp(left, text, 4) == 0);
  CHECK_HAS(left, " 999-");
  spool_put(s, "more");
  CHECK_STR(spool_drain(s), "more ");
  gc_spool_free(s);
}

static uint64_t count_dropped(struct gc_spool *s) {
  struct gc_spool_stats stats;
  gc_spool_stats(s, &stats);
  return stats.dropped_lines;
}

/* A batch in flight whose segment is dropped may still be delivered. */
static void a_dropped_line_counts_unless_it_is_delivered(void) {
  for (int is_delivered = 0; is_delivered < 2; is_delivered++) {
    spool_fresh(100, 200);
    struct gc_spool *s = spool_opened();
    struct gc_err err = {.code = GC_OK};
    struct gc_record_place end;
    GC_AUTO(gc_buf_clear) struct gc_buf some = {.max = MB};
    for (int i = 0; i < 4; i++)
      spool_put(s, "line");
    CHECK_INT(gc_spool_read(s, 3, &some, &end, &err), GC_OK);
    CHECK_STR(gc_buf_string(&some), "line\nline\nline\n");
    for (int i = 0; i < 20; i++)
      spool_put(s, "line");
    uint64_t unread = count_dropped(s);
    if (is_delivered)
      CHECK_INT(gc_spool_commit(s, end, &err), GC_OK);
    const char *left = spool_drain(s);
    CHECK_INT(count_dropped(s), unread + (is_delivered ? 0 : 3));
    CHECK_INT(strlen(left) / 5 + count_dropped(s), is_delivered ? 21 : 24);
    gc_spool_free(s);
  }
}

static void a_batch_in_flight_that_is_dropped_moves_nothing_back(void) {
  spool_fresh(100, 200);
  struct gc_spool *s = spool_opened();
  struct gc_err err = {.code = GC_OK};
  struct gc_record_place end;
  GC_AUTO(gc_buf_clear) struct gc_buf one = {.max = MB};
  spool_put(s, "first");
  CHECK_INT(gc_spool_read(s, 1, &one, &end, &err), GC_OK);
  for (int i = 0; i < 20; i++)
    spool_put(s, "later");
  CHECK_INT(gc_spool_commit(s, end, &err), GC_OK);
  const char *left = spool_drain(s);
  CHECK(strncmp(left, "later later ", 12) == 0);
  gc_spool_free(s);
}

/* A buffer that panics without its folder: Telegraf's issue 18082. */
/* Such as a restored backup, or a folder of another program. */
static void a_name_that_is_taken_is_passed_over(void) {
  spool_fresh(0, 1 << 20);
  struct gc_spool *s = spool_opened();
  CHECK_INT(mkdir(spool_in_folder("0000000000000001.seg"), 0700), 0);
  spool_file_set("0000000000000002.seg", "copy", 4);
  spool_put(s, "a");
  CHECK_STR(spool_peek(s), "a ");
  gc_spool_free(s);
  CHECK_INT(rmdir(spool_in_folder("0000000000000001.seg")), 0);
  s = spool_opened();
  CHECK_STR(spool_drain(s), "a ");
  gc_spool_free(s);
}

static void a_folder_that_cannot_be_made_recovers(void) {
  spool_fresh(0, MB);
  struct gc_err err = {.code = GC_OK};
  FILE *in_the_way = fopen(spool_folder, "w");
  fclose(in_the_way);
  struct gc_spool *s = spool_unopened();
  CHECK_INT(gc_spool_open(s, &err), GC_ERR_STATE);
  CHECK_HAS(err.text, "SpoolDir ");
  CHECK_INT(spool_try(s, "a", &err), GC_ERR_STATE);
  unlink(spool_folder);
  CHECK_INT(gc_spool_open(s, &err), GC_OK);
  spool_put(s, "a");
  CHECK_STR(spool_drain(s), "a ");
  gc_spool_free(s);
}

static void a_folder_that_is_deleted_is_made_again(void) {
  spool_fresh(0, MB);
  struct gc_err err = {.code = GC_OK};
  struct gc_spool *s = spool_opened();
  char command[256];
  spool_put(s, "a");
  snprintf(command, sizeof(command), "rm -r '%s'", spool_folder);
  CHECK_INT(system(command), 0);
  CHECK_INT(spool_try(s, "b", &err), GC_ERR_STATE);
  CHECK_HAS(err.text, "were deleted");
  CHECK_INT(gc_spool_open(s, &err), GC_OK);
  spool_put(s, "b");
  gc_spool_free(s);
  s = spool_opened();
  CHECK_STR(spool_drain(s), "b ");
  gc_spool_free(s);
}

static void one_process_owns_the_folder_and_only_it_may_read(void) {
  spool_fresh(0, MB);
  struct gc_err err = {.code = GC_OK};
  struct stat st;
  struct gc_spool *one = spool_opened(), *two = spool_unopened();
  spool_put(one, "a");
  CHECK_INT(gc_spool_open(two, &err), GC_ERR_UNAVAILABLE);
  CHECK_HAS(err.text, "each collectd its own SpoolDir");
  CHECK(stat(spool_folder, &st) == 0 && (st.st_mode & 0777) == 0700);
  CHECK(stat(spool_in_folder("0000000000000001.seg"), &st) == 0 &&
        (st.st_mode & 0777) == 0600);
  gc_spool_free(one);
  CHECK_INT(gc_spool_open(two, &err), GC_OK);
  CHECK_STR(spool_drain(two), "a ");
  gc_spool_free(two);
}

static void the_age_is_that_of_the_oldest_record_that_waits(void) {
  spool_fresh(0, MB);
  struct gc_spool *s = spool_opened();
  struct gc_spool_stats stats;
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.oldest_ms, 0);
  spool_put(s, "a");
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.oldest_ms, 1000);
  CHECK_INT(stats.bytes, GC_RECORD_HEADER + 2);
  (void)spool_drain(s);
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.oldest_ms, 0);
  CHECK_INT(stats.bytes, 0);
  gc_spool_free(s);
}

int main(void) {
  spool_bench_begin();
  RUN(records_leave_in_the_order_they_came);
  RUN(a_committed_record_is_not_read_again_after_a_restart);
  RUN(a_restart_appends_behind_the_waiting_records);
  RUN(delivered_segments_are_deleted);
  RUN(bursts_are_drained_and_leave_nothing_behind);
  RUN(past_max_the_oldest_records_are_dropped_and_counted);
  RUN(a_dropped_line_counts_unless_it_is_delivered);
  RUN(a_batch_in_flight_that_is_dropped_moves_nothing_back);
  RUN(a_name_that_is_taken_is_passed_over);
  RUN(a_folder_that_cannot_be_made_recovers);
  RUN(a_folder_that_is_deleted_is_made_again);
  RUN(one_process_owns_the_folder_and_only_it_may_read);
  RUN(the_age_is_that_of_the_oldest_record_that_waits);
  spool_bench_end();
  return check_done();
}
