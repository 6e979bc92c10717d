/* SPDX-License-Identifier: MIT */
/* Records that were taken stay, and are read again after a rewind. */
#include "common/net/spool/spool.h"

#include "tests/support/check.h"
#include "tests/support/spool_bench.h"

enum { MB = 1024 * 1024, RECORD = GC_RECORD_HEADER + 2 };

/* Reads up to `lines` records: "a b ". */
static const char *read_words(struct gc_spool *s, uint64_t lines,
                              struct gc_record_place *ret_end) {
  static char words[4096];
  struct gc_err err = {.code = GC_OK};
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = MB};
  CHECK_INT(gc_spool_read(s, lines, &out, ret_end, &err), GC_OK);
  snprintf(words, sizeof(words), "%s", gc_buf_string(&out));
  for (char *c = words; *c != '\0'; c++)
    if (*c == '\n')
      *c = ' ';
  return words;
}

/* Takes the next `lines` records and returns their end. */
static struct gc_record_place take_lines(struct gc_spool *s, uint64_t lines) {
  struct gc_record_place end = {0};
  (void)read_words(s, lines, &end);
  gc_spool_take(s, end);
  return end;
}

static struct gc_spool *spool_with(const char *letters) {
  spool_fresh(0, MB);
  struct gc_spool *s = spool_opened();
  for (const char *c = letters; *c != '\0'; c++)
    spool_put(s, (char[]){*c, '\0'});
  return s;
}

static void taken_records_are_read_again_after_a_rewind_alone(void) {
  struct gc_spool *s = spool_with("abcd");
  struct gc_record_place end;
  CHECK(!gc_spool_rewind(s));
  (void)take_lines(s, 2);
  CHECK(!gc_spool_is_rereading(s));
  CHECK_STR(spool_peek(s), "c d ");
  CHECK(gc_spool_rewind(s));
  CHECK(!gc_spool_rewind(s));
  CHECK(gc_spool_is_rereading(s));
  /* No read mixes taken records with others. */
  CHECK_STR(read_words(s, 9, &end), "a b ");
  CHECK(gc_spool_is_rereading(s));
  gc_spool_take(s, end);
  CHECK(!gc_spool_is_rereading(s));
  CHECK_STR(read_words(s, 9, &end), "c d ");
  gc_spool_free(s);
}

static void a_commit_moves_the_position_alone(void) {
  struct gc_spool *s = spool_with("abcd");
  struct gc_err err = {.code = GC_OK};
  struct gc_record_place a = take_lines(s, 1);
  (void)take_lines(s, 1);
  CHECK_INT(gc_spool_commit(s, a, &err), GC_OK);
  CHECK_STR(spool_peek(s), "c d ");
  CHECK(gc_spool_rewind(s));
  CHECK_STR(spool_peek(s), "b ");
  gc_spool_free(s);
  s = spool_opened();
  CHECK(!gc_spool_is_rereading(s)); /* a restart forgets the take */
  CHECK_STR(spool_drain(s), "b c d ");
  gc_spool_free(s);
}

static void the_figures_are_those_of_what_was_not_taken(void) {
  struct gc_spool *s = spool_with("abc");
  struct gc_spool_stats stats;
  for (int rewinds = 0; rewinds < 2; rewinds++) {
    (void)take_lines(s, 2);
    gc_spool_stats(s, &stats);
    CHECK_INT(stats.bytes, RECORD);
    CHECK_INT(stats.oldest_ms, 1000);
    (void)gc_spool_rewind(s);
    gc_spool_stats(s, &stats);
    CHECK_INT(stats.bytes, RECORD);
  }
  (void)take_lines(s, 2);
  (void)take_lines(s, 1);
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.bytes, 0);
  CHECK_INT(stats.oldest_ms, 0);
  gc_spool_free(s);
}

/* Segments of three records, two segments at most; `taken` records leave before
 * SpoolMax drops their segments. */
static void a_dropped_record_counts_unless_it_was_taken(void) {
  for (int is_rewound = 0; is_rewound < 2; is_rewound++)
    for (unsigned taken = 0; taken <= 6; taken++) {
      char row[32];
      snprintf(row, sizeof(row), "%u taken, rewound %d", taken, is_rewound);
      CHECK_ROW(row);
      spool_fresh(100, 200);
      struct gc_spool *s = spool_opened();
      struct gc_spool_stats stats;
      for (int i = 0; i < 6; i++)
        spool_put(s, "line");
      for (unsigned i = 0; i < taken; i++)
        (void)take_lines(s, 1);
      if (is_rewound)
        (void)gc_spool_rewind(s);
      for (int i = 0; i < 6; i++)
        spool_put(s, "line");
      CHECK_INT(strlen(spool_drain(s)) / 5, 6);
      gc_spool_stats(s, &stats);
      CHECK_INT(stats.dropped_lines, 6 - taken);
      gc_spool_free(s);
    }
}

/* The segment of a batch that is sent again may be dropped meanwhile. */
static void a_read_of_taken_records_that_is_dropped_counts_nothing(void) {
  spool_fresh(100, 200);
  struct gc_spool *s = spool_opened();
  struct gc_spool_stats stats;
  struct gc_record_place end;
  for (int i = 0; i < 3; i++)
    spool_put(s, "line");
  (void)take_lines(s, 3);
  CHECK(gc_spool_rewind(s));
  CHECK_STR(read_words(s, 2, &end), "line line ");
  for (int i = 0; i < 6; i++)
    spool_put(s, "more");
  gc_spool_take(s, end);
  CHECK_STR(spool_drain(s), "more more more more more more ");
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.dropped_lines, 0);
  gc_spool_free(s);
}

static void damage_in_taken_records_is_passed_and_not_counted(void) {
  struct gc_spool *s = spool_with("abc");
  struct gc_spool_stats stats;
  struct gc_record_place end;
  (void)take_lines(s, 3);
  struct gc_buf bytes = spool_file("0000000000000001.seg");
  bytes.data[RECORD - 1] ^= 1;
  spool_file_set("0000000000000001.seg", bytes.data, bytes.len);
  gc_buf_clear(&bytes);
  CHECK(gc_spool_rewind(s));
  CHECK_STR(read_words(s, 9, &end), "b c ");
  gc_spool_take(s, end);
  gc_spool_stats(s, &stats);
  CHECK_INT(stats.damaged_bytes, 0);
  gc_spool_free(s);
}

int main(void) {
  spool_bench_begin();
  RUN(taken_records_are_read_again_after_a_rewind_alone);
  RUN(a_commit_moves_the_position_alone);
  RUN(the_figures_are_those_of_what_was_not_taken);
  RUN(a_dropped_record_counts_unless_it_was_taken);
  RUN(a_read_of_taken_records_that_is_dropped_counts_nothing);
  RUN(damage_in_taken_records_is_passed_and_not_counted);
  spool_bench_end();
  return check_done();
}
