/* SPDX-License-Identifier: MIT */
/* Crashes and broken disks. A torn or damaged file stops other buffers:
 * Telegraf panics on it (its issue 18528) or sends everything again (16500). */
#include "common/net/spool/spool.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/spool_bench.h"

enum { MB = 1024 * 1024 };
#define LAST "0000000000000001.seg"

/* The disk: syncs are counted, and fail on demand. */
static unsigned syncs;
static bool syncs_fail;

int fdatasync(int fd);
int fdatasync(int fd) {
  syncs++;
  if (!syncs_fail)
    return (int)syscall(SYS_fdatasync, fd);
  errno = EIO;
  return -1;
}

/* A full disk takes no byte beyond `disk_bytes` in any one segment file. */
static off_t disk_bytes; /* 0: any */

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at) {
  if (disk_bytes == 0 || len == 64 || at + (off_t)len <= disk_bytes)
    return (ssize_t)syscall(SYS_pwrite64, fd, bytes, len, at);
  errno = ENOSPC;
  return -1;
}

static bool reads_fail;
static off_t bad_from, bad_to; /* a bad sector of each file */

ssize_t pread(int fd, void *bytes, size_t len, off_t at) {
  if (!reads_fail && (at >= bad_to || at + (off_t)len <= bad_from))
    return (ssize_t)syscall(SYS_pread64, fd, bytes, len, at);
  errno = EIO;
  return -1;
}

/* Changes one byte of a file, if the file has it. Returns its size. */
static size_t damage_byte(const char *name, size_t at) {
  struct gc_buf bytes = spool_file(name);
  size_t len = bytes.len;
  if (at < len) {
    bytes.data[at] ^= 0x5a;
    spool_file_set(name, bytes.data, len);
  }
  gc_buf_clear(&bytes);
  return len;
}

/* A spool with four records; the first one is delivered. */
static struct gc_buf fill_spool(void) {
  spool_fresh(0, MB);
  struct gc_spool *s = spool_opened();
  struct gc_err err = {.code = GC_OK};
  struct gc_record_place end;
  GC_AUTO(gc_buf_clear) struct gc_buf one = {.max = MB};
  for (int i = 0; i < 4; i++)
    spool_put(s, (const char *[]){"aa", "bb", "cc", "dd"}[i]);
  CHECK_INT(gc_spool_read(s, 1, &one, &end, &err), GC_OK);
  CHECK_INT(gc_spool_commit(s, end, &err), GC_OK);
  gc_spool_free(s);
  return spool_file(LAST);
}

enum { RECORD = GC_RECORD_HEADER + 3 };

/* Returns the lines that wait when the records of `lost` (bit i: record i) are
 * damaged. */
static const char *expected_lines(unsigned lost, bool with_new) {
  static const char *const words[] = {"aa ", "bb ", "cc ", "dd "};
  static char text[64];
  text[0] = '\0';
  for (int i = 1; i < 4; i++)
    if (!(lost & 1u << i))
      snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s",
               words[i]);
  if (with_new)
    snprintf(text + strlen(text), sizeof(text) - strlen(text), "ee ");
  return text;
}

/* Opens the changed spool, appends a record, restarts and drains. */
static void check_delivery(unsigned lost) {
  struct gc_spool *s = spool_opened();
  spool_put(s, "ee");
  gc_spool_free(s);
  s = spool_opened();
  CHECK_STR(spool_drain(s), expected_lines(lost, true));
  CHECK_STR(spool_drain(s), "");
  gc_spool_free(s);
}

static void each_cut_of_the_last_segment_delivers_the_whole_records(void) {
  for (size_t len = 0; len <= 4 * RECORD; len++) {
    struct gc_buf bytes = fill_spool();
    spool_file_set(LAST, bytes.data, len);
    check_delivery(0xfu << len / RECORD & 0xf);
    gc_buf_clear(&bytes);
  }
}

static void each_flipped_byte_loses_its_own_record_only(void) {
  for (size_t at = 0; at < 4 * RECORD; at++) {
    struct gc_buf bytes = fill_spool();
    CHECK_INT(bytes.len, 4 * RECORD);
    bytes.data[at] ^= 0x5a;
    spool_file_set(LAST, bytes.data, bytes.len);
    check_delivery(1u << at / RECORD);
    gc_buf_clear(&bytes);
  }
}

static void bytes_behind_the_last_record_are_cut_and_counted(void) {
  struct gc_buf bytes = fill_spool();
  struct gc_spool_stats stats;
  (void)!gc_buf_add(&bytes, "GCR1\0\0junk", 10);
  spool_file_set(LAST, bytes.data, bytes.len);
  struct gc_spool *s = spool_opened();
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.cut_bytes, 10);
  CHECK_STR(spool_drain(s), "bb cc dd ");
  gc_spool_free(s);
  gc_buf_clear(&bytes);
}

static void damage_at_run_time_is_skipped_and_counted_once(void) {
  struct gc_buf bytes = fill_spool();
  struct gc_spool_stats stats;
  struct gc_spool *s = spool_opened();
  bytes.data[2 * RECORD + 5] ^= 1;
  spool_file_set(LAST, bytes.data, bytes.len);
  gc_spool_stats(s, &stats);
  for (int i = 0; i < 2; i++) /* a batch that is read again */
    CHECK_STR(spool_peek(s), "bb ");
  CHECK_STR(spool_drain(s), "bb dd ");
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.damaged_bytes, RECORD);
  gc_spool_free(s);
  gc_buf_clear(&bytes);
}

static void a_disk_that_cannot_be_read_is_named_and_recovers(void) {
  struct gc_buf bytes = fill_spool();
  struct gc_err err = {.code = GC_OK};
  struct gc_spool_stats stats;
  struct gc_record_place end;
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = MB};
  struct gc_spool *s = spool_opened();
  reads_fail = true;
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.oldest_ms, 0);
  CHECK_INT(gc_spool_read(s, 9, &out, &end, &err), GC_ERR_STATE);
  CHECK_HAS(err.text, "cannot read a segment: Input/output error");
  reads_fail = false;
  CHECK_STR(spool_drain(s), "bb cc dd ");
  gc_spool_free(s);
  gc_buf_clear(&bytes);
}

enum { PAGE = 4096 };

/* Records of half a page each: "aaa…", "bbb…", … Returns the first letters of
 * those that are delivered. */
static void put_long(struct gc_spool *s, const char *letters) {
  char line[PAGE / 2 - GC_RECORD_HEADER];
  for (; *letters != '\0'; letters++) {
    memset(line, *letters, sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    spool_put(s, line);
  }
}

static unsigned failures; /* reads that failed */

/* Tries again after a failure, as the sender does. */
static const char *drain_letters(struct gc_spool *s) {
  static char letters[32];
  size_t count = 0;
  unsigned tries = 30;
  for (bool is_empty = false; !is_empty && tries > 0; tries--) {
    GC_AUTO(gc_buf_clear) struct gc_buf one = {.max = MB};
    struct gc_record_place end;
    struct gc_err err = {.code = GC_OK};
    if (gc_spool_read(s, 1, &one, &end, &err) != GC_OK) {
      failures++;
      continue;
    }
    is_empty = one.len == 0;
    if (!is_empty && count < sizeof(letters) - 1)
      letters[count++] = one.data[0];
    CHECK_INT(gc_spool_commit(s, end, &err), GC_OK);
  }
  letters[count] = '\0';
  return letters;
}

static void a_bad_sector_loses_its_own_records_only(void) {
  struct gc_spool_stats stats;
  spool_fresh(0, MB);
  struct gc_spool *s = spool_opened();
  put_long(s, "abcdefgh");
  bad_from = PAGE, bad_to = 2 * PAGE;
  failures = 0;
  CHECK_STR(drain_letters(s), "abefgh");
  CHECK_INT(failures, 8);
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.damaged_bytes, PAGE);
  gc_spool_free(s);
  bad_from = bad_to = 0;
}

/* Some pages may still be in memory while the disk is gone. */
static void a_disk_that_is_gone_for_a_while_loses_nothing(void) {
  spool_fresh(0, MB);
  struct gc_spool *s = spool_opened();
  struct gc_spool_stats stats;
  struct gc_record_place end;
  struct gc_err err = {.code = GC_OK};
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = MB};
  put_long(s, "abcd");
  bad_from = 0, bad_to = PAGE;
  for (int i = 0; i < 8; i++) {
    gc_spool_stats(s, &stats);
    CHECK_INT(gc_spool_read(s, 9, &out, &end, &err), GC_ERR_STATE);
  }
  bad_from = bad_to = 0;
  CHECK_STR(drain_letters(s), "abcd");
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.damaged_bytes, 0);
  gc_spool_free(s);
}

/* Lines are accepted and leave, whatever the newest segment has. */
static void a_bad_sector_at_the_start_does_not_close_the_spool(void) {
  spool_fresh(0, MB);
  struct gc_spool *s = spool_opened();
  put_long(s, "abcdef");
  gc_spool_free(s);
  bad_from = 2 * PAGE, bad_to = 3 * PAGE;
  s = spool_opened();
  put_long(s, "x");
  gc_spool_free(s);
  s = spool_opened();
  CHECK_STR(drain_letters(s), "abcdx");
  gc_spool_free(s);
  bad_from = bad_to = 0;
}

/* Appends lines until the segment LAST is deleted. Returns how many. */
static unsigned put_until_dropped(struct gc_spool *s) {
  unsigned count = 0;
  for (; access(spool_in_folder(LAST), F_OK) == 0 && count < 100; count++)
    spool_put(s, "xx");
  return count;
}

/* Damage hides only its own line from the count, wherever it is. */
static void each_line_behind_damage_in_a_dropped_segment_counts(void) {
  for (size_t at = 0; at < 4 * RECORD; at++) {
    struct gc_spool_stats stats;
    spool_fresh(4 * RECORD, 8 * RECORD);
    struct gc_spool *s = spool_opened();
    for (int i = 0; i < 6; i++)
      spool_put(s, "yy");
    CHECK_INT(damage_byte(LAST, at), 4 * RECORD);
    unsigned more = put_until_dropped(s);
    gc_spool_stats(s, &stats);
    CHECK_INT(stats.dropped_lines, 3);
    CHECK_INT(stats.damaged_bytes, RECORD);
    CHECK_INT(strlen(spool_drain(s)) / 3, 2 + more);
    gc_spool_stats(s, &stats);
    CHECK_INT(stats.damaged_bytes, RECORD);
    gc_spool_free(s);
  }
}

/* What lies behind the dropped segment is not counted with it. */
static void damage_at_the_end_of_a_dropped_segment_counts_once(void) {
  struct gc_spool_stats stats;
  spool_fresh(4 * RECORD, 8 * RECORD);
  struct gc_spool *s = spool_opened();
  for (int i = 0; i < 8; i++)
    spool_put(s, "yy");
  CHECK_INT(damage_byte(LAST, 4 * RECORD - 1), 4 * RECORD);
  CHECK_INT(damage_byte("0000000000000002.seg", 0), 4 * RECORD);
  unsigned more = put_until_dropped(s);
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.dropped_lines, 3);
  CHECK_INT(stats.damaged_bytes, RECORD);
  CHECK_INT(strlen(spool_drain(s)) / 3, 3 + more);
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.damaged_bytes, 2 * RECORD);
  gc_spool_free(s);
}

static void after_a_lost_position_every_record_is_read_again(void) {
  struct gc_buf bytes = fill_spool();
  spool_file_set("position", "", 0);
  struct gc_spool *s = spool_opened();
  CHECK_STR(spool_drain(s), "aa bb cc dd ");
  gc_spool_free(s);
  gc_buf_clear(&bytes);
}

static void each_flipped_byte_of_the_position_repeats_one_commit_at_most(void) {
  for (size_t at = 0; at < 128; at++) {
    struct gc_buf bytes = fill_spool();
    (void)damage_byte("position", at);
    struct gc_spool *s = spool_opened();
    const char *got = spool_drain(s);
    CHECK(strcmp(got, "bb cc dd ") == 0 || strcmp(got, "aa bb cc dd ") == 0);
    gc_spool_free(s);
    gc_buf_clear(&bytes);
  }
}

static void a_segment_that_vanishes_loses_itself_only(void) {
  spool_fresh(30, MB);
  struct gc_spool *s = spool_opened();
  for (int i = 0; i < 3; i++)
    spool_put(s, (const char *[]){"aa", "bb", "cc"}[i]);
  gc_spool_free(s);
  remove(spool_in_folder("0000000000000002.seg"));
  s = spool_opened();
  spool_put(s, "dd");
  CHECK_STR(spool_drain(s), "aa cc dd ");
  gc_spool_free(s);
}

static void a_segment_that_vanishes_at_run_time_holds_nothing_up(void) {
  struct gc_spool_stats stats;
  spool_fresh(30, MB);
  struct gc_spool *s = spool_opened();
  for (int i = 0; i < 3; i++)
    spool_put(s, (const char *[]){"aa", "bb", "cc"}[i]);
  remove(spool_in_folder("0000000000000002.seg"));
  CHECK_STR(spool_drain(s), "aa cc ");
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.damaged_bytes, RECORD);
  gc_spool_free(s);
}

static void new_records_are_read_after_all_segments_are_gone(void) {
  struct gc_buf bytes = fill_spool();
  remove(spool_in_folder(LAST));
  struct gc_spool *s = spool_opened();
  spool_put(s, "ee");
  gc_spool_free(s);
  s = spool_opened();
  CHECK_STR(spool_drain(s), "ee ");
  gc_spool_free(s);
  gc_buf_clear(&bytes);
}

static void a_record_is_on_disk_when_it_is_accepted(void) {
  struct gc_err err = {.code = GC_OK};
  spool_fresh(0, MB);
  struct gc_spool *s = spool_opened();
  for (unsigned i = 1; i <= 3; i++) {
    syncs = 0;
    spool_put(s, "aa");
    CHECK_INT(syncs, 1);
  }
  CHECK_STR(spool_drain(s), "aa aa aa ");
  syncs_fail = true;
  CHECK(spool_try(s, "bb", &err) != GC_OK);
  CHECK_HAS(err.text, "cannot save lines: Input/output error");
  syncs_fail = false;
  spool_put(s, "cc"); /* bb waits in memory and is saved again */
  CHECK_STR(spool_peek(s), "cc ");
  gc_spool_free(s);
  s = spool_opened();
  CHECK_STR(spool_drain(s), "cc ");
  gc_spool_free(s);
}

static void a_position_that_is_not_saved_is_not_taken(void) {
  struct gc_err err = {.code = GC_OK};
  struct gc_record_place end;
  GC_AUTO(gc_buf_clear) struct gc_buf one = {.max = MB};
  spool_fresh(0, MB);
  struct gc_spool *s = spool_opened();
  spool_put(s, "aa");
  CHECK_INT(gc_spool_read(s, 1, &one, &end, &err), GC_OK);
  syncs_fail = true;
  CHECK(gc_spool_commit(s, end, &err) != GC_OK);
  CHECK_HAS(err.text, "cannot save the read position");
  syncs_fail = false;
  CHECK_INT(gc_spool_commit(s, end, &err), GC_OK);
  gc_spool_free(s);
  s = spool_opened();
  CHECK_STR(spool_drain(s), "");
  gc_spool_free(s);
}

/* Segments without lines would reach the limit of files, and the oldest lines
 * would be dropped for them. */
static void a_disk_that_fails_each_sync_leaves_no_files(void) {
  struct gc_err err = {.code = GC_OK};
  struct gc_spool_stats stats;
  spool_fresh(0, MB);
  struct gc_spool *s = spool_opened();
  spool_put(s, "aa");
  syncs_fail = true;
  for (int i = 0; i < 10; i++)
    CHECK(spool_try(s, "bb", &err) != GC_OK);
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.segments, 1);
  syncs_fail = false;
  spool_put(s, "bb");
  gc_spool_free(s);
  s = spool_opened();
  CHECK_STR(spool_drain(s), "aa bb ");
  gc_spool_free(s);
}

/* A disk that is full of delivered lines gets room, although it has none for
 * the position. */
static void delivered_segments_go_although_the_position_is_not_saved(void) {
  struct gc_err err = {.code = GC_OK};
  struct gc_record_place end;
  GC_AUTO(gc_buf_clear) struct gc_buf two = {.max = MB};
  spool_fresh(30, MB);
  struct gc_spool *s = spool_opened();
  for (int i = 0; i < 4; i++)
    spool_put(s, (const char *[]){"aa", "bb", "cc", "dd"}[i]);
  CHECK_INT(gc_spool_read(s, 3, &two, &end, &err), GC_OK);
  syncs_fail = true;
  CHECK(gc_spool_commit(s, end, &err) != GC_OK);
  syncs_fail = false;
  CHECK(access(spool_in_folder("0000000000000002.seg"), F_OK) != 0);
  CHECK_STR(spool_drain(s), "dd ");
  gc_spool_free(s);
}

/* Makes the last segment `mebibytes` long, with zeros behind its records, as a
 * repaired or restored file system does. */
static void add_zeros(const char *name, unsigned mebibytes) {
  CHECK_INT(truncate(spool_in_folder(name), (off_t)mebibytes * MB), 0);
}

static void zeros_behind_the_records_of_the_last_segment_are_cut(void) {
  struct gc_buf bytes = fill_spool();
  struct gc_spool_stats stats;
  add_zeros(LAST, 20);
  struct gc_spool *s = spool_opened();
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.cut_bytes, 20 * MB - 4 * RECORD);
  CHECK_INT(stats.damaged_segment, 1);
  spool_put(s, "ee");
  CHECK_STR(spool_drain(s), "bb cc dd ee ");
  gc_spool_free(s);
  s = spool_opened();
  CHECK_STR(spool_drain(s), "");
  gc_spool_free(s);
  gc_buf_clear(&bytes);
}

/* More than is read at once, in each segment, and a record behind it. */
static void long_damage_in_any_segment_is_passed_and_named(void) {
  struct gc_spool_stats stats;
  spool_fresh(30, 64 * MB);
  struct gc_spool *s = spool_opened();
  for (int i = 0; i < 3; i++)
    spool_put(s, (const char *[]){"aa", "bb", "cc"}[i]);
  gc_spool_free(s);
  for (int i = 1; i <= 2; i++) {
    char name[32];
    snprintf(name, sizeof(name), "000000000000000%d.seg", i);
    add_zeros(name, 20);
  }
  s = spool_opened();
  spool_put(s, "dd");
  CHECK_STR(spool_drain(s), "aa bb cc dd ");
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.damaged_bytes, 2 * (20 * MB - RECORD));
  CHECK_INT(stats.damaged_segment, 2);
  CHECK_INT(stats.bytes, 0);
  gc_spool_free(s);
}

/* A record is found wherever the pieces begin and end. */
static void a_record_behind_damage_of_any_length_is_found(void) {
  enum { AROUND = 64 * 1024 };
  for (size_t len = AROUND - 60; len < AROUND + 60; len++) {
    static char line[AROUND + 100];
    spool_fresh(0, MB);
    struct gc_spool *s = spool_opened();
    memset(line, 'x', len);
    memcpy(line + len, "\n", 2);
    struct gc_record r = {
        .payload = line, .len = (uint32_t)len + 1, .lines = 1, .time_ms = 1};
    struct gc_err err;
    CHECK_INT(gc_spool_append(s, &r, &err), GC_OK);
    spool_put(s, "bb");
    (void)damage_byte(LAST, 0);
    CHECK_STR(spool_drain(s), "bb ");
    gc_spool_free(s);
  }
}

/* ---- a full disk ---- */

static void delivered_lines_make_room_on_a_full_disk(void) {
  for (int is_restarted = 0; is_restarted < 2; is_restarted++) {
    struct gc_err err = {.code = GC_OK};
    spool_fresh(0, MB);
    struct gc_spool *s = spool_opened();
    spool_put(s, "aa");
    CHECK_STR(spool_drain(s), "aa ");
    if (is_restarted) {
      gc_spool_free(s);
      s = spool_opened();
    }
    disk_bytes = 30; /* for new bytes; a deleted file gives its own back */
    CHECK_INT(spool_try(s, "bb", &err), GC_OK);
    CHECK(access(spool_in_folder(LAST), F_OK) != 0);
    CHECK(spool_try(s, "cc", &err) != GC_OK); /* bb waits */
    CHECK_HAS(err.text, "No space left on device");
    CHECK_STR(spool_drain(s), "bb ");
    CHECK_INT(spool_try(s, "cc", &err), GC_OK);
    CHECK_STR(spool_drain(s), "cc ");
    disk_bytes = 0;
    gc_spool_free(s);
  }
}

static void a_large_segment_goes_when_it_is_delivered(void) {
  spool_fresh(0, 64 * MB);
  struct gc_spool *s = spool_opened();
  char line[2048];
  memset(line, 'x', sizeof(line) - 1);
  line[sizeof(line) - 1] = '\0';
  for (int i = 0; i < 40; i++)
    spool_put(s, line);
  CHECK_INT(strlen(spool_drain(s)), 40 * sizeof(line));
  CHECK(access(spool_in_folder(LAST), F_OK) != 0);
  spool_put(s, "aa");
  gc_spool_free(s);
  s = spool_opened();
  CHECK_STR(spool_drain(s), "aa ");
  gc_spool_free(s);
}

int main(void) {
  spool_bench_begin();
  RUN(zeros_behind_the_records_of_the_last_segment_are_cut);
  RUN(long_damage_in_any_segment_is_passed_and_named);
  RUN(a_record_behind_damage_of_any_length_is_found);
  RUN(delivered_lines_make_room_on_a_full_disk);
  RUN(a_large_segment_goes_when_it_is_delivered);
  RUN(a_record_is_on_disk_when_it_is_accepted);
  RUN(a_position_that_is_not_saved_is_not_taken);
  RUN(a_disk_that_fails_each_sync_leaves_no_files);
  RUN(delivered_segments_go_although_the_position_is_not_saved);
  RUN(each_cut_of_the_last_segment_delivers_the_whole_records);
  RUN(each_flipped_byte_loses_its_own_record_only);
  RUN(bytes_behind_the_last_record_are_cut_and_counted);
  RUN(damage_at_run_time_is_skipped_and_counted_once);
  RUN(a_disk_that_cannot_be_read_is_named_and_recovers);
  RUN(a_bad_sector_loses_its_own_records_only);
  RUN(a_disk_that_is_gone_for_a_while_loses_nothing);
  RUN(a_bad_sector_at_the_start_does_not_close_the_spool);
  RUN(each_line_behind_damage_in_a_dropped_segment_counts);
  RUN(damage_at_the_end_of_a_dropped_segment_counts_once);
  RUN(after_a_lost_position_every_record_is_read_again);
  RUN(each_flipped_byte_of_the_position_repeats_one_commit_at_most);
  RUN(a_segment_that_vanishes_loses_itself_only);
  RUN(a_segment_that_vanishes_at_run_time_holds_nothing_up);
  RUN(new_records_are_read_after_all_segments_are_gone);
  spool_bench_end();
  return check_done();
}
