/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/batch.h"

#include "plugins/genesys_influxdb/sender/conflict.h"

#include "tests/support/check.h"

/* Fills the batch with lines "0\n" …; play_database takes at most 64. */
static void fill_batch(struct influx_batch *b, int lines) {
  b->text.max = 1 << 16;
  influx_batch_reset(b);
  for (int i = 0; i < lines; i++)
    CHECK_INT(gc_buf_print(&b->text, "%d\n", i), GC_OK);
  influx_batch_begin(b);
  CHECK_INT(b->lines, lines);
}

/* Plays a database that refuses the lines of `bad`; returns the number of
 * requests. Each good line must be taken once. */
static int play_database(struct influx_batch *b, uint64_t bad) {
  const char *bytes;
  size_t len;
  uint64_t taken = 0;
  int requests = 0;
  while (influx_batch_next(b, &bytes, &len)) {
    uint64_t sent = 0;
    requests++;
    for (size_t at = 0; at < len;) {
      uint64_t n = 0;
      for (; bytes[at] != '\n'; at++)
        n = n * 10 + (uint64_t)(bytes[at] - '0');
      at++;
      sent |= UINT64_C(1) << n;
    }
    if ((sent & bad) == 0) {
      CHECK((taken & sent) == 0);
      taken |= sent;
      influx_batch_took(b);
    } else if (!influx_batch_split(b))
      CHECK_INT(influx_batch_put_aside(b, "why"), GC_OK);
  }
  uint64_t all = b->lines == 64 ? UINT64_MAX : (UINT64_C(1) << b->lines) - 1;
  CHECK(taken == (all & ~bad));
  CHECK_INT(b->refused_count, __builtin_popcountll(bad & all));
  return requests;
}

static void each_bad_line_is_found_and_the_others_go_on(void) {
  struct influx_batch b = {.lines = 0};
  for (int lines = 1; lines <= 64; lines += 7)
    for (int bad = 0; bad < lines; bad++) {
      fill_batch(&b, lines);
      CHECK(play_database(&b, UINT64_C(1) << bad) <= 2 * 7);
    }
  uint64_t bits = 0x123456789abcdef;
  for (int i = 0; i < 500; i++) {
    bits = bits * 6364136223846793005u + 1442695040888963407u;
    fill_batch(&b, 64);
    (void)play_database(&b, bits & bits >> 11);
  }
  fill_batch(&b, 64);
  (void)play_database(&b, UINT64_MAX);
  influx_batch_clear(&b);
}

static void refused_lines_stand_below_the_words(void) {
  struct influx_batch b = {.lines = 0};
  const char *bytes;
  size_t len;
  fill_batch(&b, 2);
  (void)play_database(&b, 2);
  CHECK_STR(gc_buf_string(&b.refused), "# why\n1\n");
  CHECK(b.took_some);
  influx_batch_restart(&b);
  CHECK(influx_batch_next(&b, &bytes, &len));
  CHECK_INT(len, strlen("0\n1\n"));
  CHECK_INT(b.refused.len, 0);
  influx_batch_clear(&b);
}

static const char *next_bytes(const struct influx_batch *b) {
  static char text[256];
  const char *bytes = "";
  size_t len = 0;
  CHECK(influx_batch_next(b, &bytes, &len));
  snprintf(text, sizeof(text), "%.*s", (int)len, bytes);
  return text;
}

static bool has_conflict(const void *ctx, size_t number, const char *line,
                         size_t len) {
  (void)number;
  return influx_conflict_has(ctx, line, len);
}

static void begin_text(struct influx_batch *b, const char *text) {
  influx_batch_reset(b);
  CHECK_INT(gc_buf_text(&b->text, text), GC_OK);
  influx_batch_begin(b);
}

static void the_oldest_lines_are_known_by_their_times(void) {
  static const struct {
    const char *text;
    size_t count;
    int64_t until; /* 0: not known */
    const char *left;
  } rows[] = {
      {"m v=1 3\nm v=2 1\nm v=3 2\n", 1, 1, "m v=1 3\nm v=3 2\n"},
      {"m v=1 3\nm v=2 1\nm v=3 2\n", 2, 2, "m v=1 3\n"},
      {"m v=1 3\nm v=2 1\nm v=3 1\n", 1, 0, ""}, /* which of the two? */
      {"m v=1 3\nm v=2 1\nm v=3 1\n", 2, 1, "m v=1 3\n"},
      {"m v=1 3\nm v=2\n", 1, 0, ""},
      {"m v=1 3\nm v=2 1\n", 2, 0, ""},
      {"m v=1 3\nm v=2 1\n", 0, 0, ""},
      {"m v=1 -3\nm v=\"a b\" -2\n", 1, -3, "m v=\"a b\" -2\n"},
  };
  struct influx_batch b = {.text.max = 1000};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    int64_t until = 0;
    const struct influx_pick pick = {influx_line_is_until, &until};
    CHECK_ROW(rows[i].text);
    begin_text(&b, rows[i].text);
    CHECK_INT(influx_batch_oldest(&b, rows[i].count, &until),
              rows[i].until != 0);
    if (rows[i].until == 0)
      continue;
    CHECK_INT(until, rows[i].until);
    CHECK_INT(influx_batch_put_aside_some(&b, &pick, "old"), rows[i].count);
    CHECK_INT(b.refused_count, rows[i].count);
    CHECK_STR(next_bytes(&b), rows[i].left);
  }
  influx_batch_clear(&b);
}

static void a_part_is_put_aside_with_the_number_of_its_refused_lines(void) {
  struct influx_batch b = {.text.max = 1000};
  begin_text(&b, "a 1\nb 2\nc 3\n");
  CHECK_INT(influx_batch_put_aside_among(&b, 2, "why"), GC_OK);
  CHECK_STR(gc_buf_string(&b.refused),
            "# 2 of the next 3 lines: why\na 1\nb 2\nc 3\n");
  CHECK_INT(b.refused_count, 2);
  CHECK_INT(b.part_count, 0);
  begin_text(&b, "a 1\n");
  CHECK_INT(influx_batch_put_aside_among(&b, 9, "why"), GC_OK);
  CHECK_INT(b.refused_count, 1);
  influx_batch_clear(&b);
}

static void lines_of_a_conflict_become_a_part(void) {
  static const struct {
    const char *text, *next, *last; /* parts; last: "" */
    size_t with;
  } rows[] = {
      {"n v=1\nm v=1\nn v=2\nm v=2 9\nn v=3\n", "m v=1\nm v=2 9\n",
       "n v=1\nn v=2\nn v=3\n", 2},
      {"m v=1\nn v=1\nm v=2\n", "n v=1\n", "m v=1\nm v=2\n", 2},
      {"m v=1\nm v=2\n", "m v=1\nm v=2\n", "", 2},
      {"n v=1\nm v=1i\n", "n v=1\nm v=1i\n", "", 0},
      {"n v=1\nm v=1", "n v=1\nm v=1", "", 0}, /* a line without an end */
  };
  struct influx_conflict c = {.measurement = "m", .field = "v"};
  struct influx_batch b = {.text.max = 1000};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    influx_batch_reset(&b);
    CHECK_INT(gc_buf_text(&b.text, rows[i].text), GC_OK);
    influx_batch_begin(&b);
    CHECK_INT(
        influx_batch_separate(&b, &(struct influx_pick){has_conflict, &c}),
        rows[i].with);
    CHECK_STR(next_bytes(&b), rows[i].next);
    CHECK_INT(influx_batch_put_aside(&b, "why"), GC_OK);
    if (rows[i].last[0] != '\0')
      CHECK_STR(next_bytes(&b), rows[i].last);
    CHECK_INT(b.part_count, rows[i].last[0] != '\0');
  }
  influx_batch_reset(&b);
  CHECK_INT(gc_buf_text(&b.text, "m v=1\nm v=2\n"), GC_OK);
  influx_batch_begin(&b);
  CHECK_INT(influx_batch_put_aside(&b, "why"), GC_OK);
  CHECK_STR(gc_buf_string(&b.refused), "# why\nm v=1\n# why\nm v=2\n");
  CHECK_INT(b.refused_count, 2);
  influx_batch_clear(&b);
}

/* The database refuses every part. Its words name a line for parts of several
 * lines and for every second single line, and none for the other single
 * lines. */
static void many_parts_that_are_put_off_have_a_limit(void) {
  struct influx_batch b = {.lines = 0};
  bool goes_on = true;
  fill_batch(&b, 256);
  for (int i = 0; goes_on && i < 1000; i++) {
    CHECK_THAT(b.part_count < INFLUX_PARTS_MAX, "%zu parts", b.part_count);
    bool is_named = b.parts[b.part_count - 1].from % 2 != 0;
    if (!influx_batch_split(&b))
      goes_on = is_named ? influx_batch_put_aside(&b, "why") == GC_OK
                         : influx_batch_put_off(&b, (uint32_t)i * 2654435761u);
  }
  CHECK(!goes_on);
  influx_batch_restart(&b);
  CHECK_INT(b.part_count, 1);
  CHECK_INT(b.put_off, 0);
  influx_batch_clear(&b);
}

static void an_empty_batch_has_no_part(void) {
  struct influx_batch b = {.lines = 0};
  const char *bytes;
  size_t len;
  fill_batch(&b, 0);
  CHECK(!influx_batch_next(&b, &bytes, &len));
  influx_batch_clear(&b);
}

int main(void) {
  RUN(each_bad_line_is_found_and_the_others_go_on);
  RUN(refused_lines_stand_below_the_words);
  RUN(the_oldest_lines_are_known_by_their_times);
  RUN(a_part_is_put_aside_with_the_number_of_its_refused_lines);
  RUN(lines_of_a_conflict_become_a_part);
  RUN(many_parts_that_are_put_off_have_a_limit);
  RUN(an_empty_batch_has_no_part);
  return check_done();
}
