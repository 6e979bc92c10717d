/* SPDX-License-Identifier: MIT */
#include "common/net/spool/record.h"

#include "tests/support/check.h"

enum { SEGMENT = 7 };

/* Three records of one line at the beginning of a segment. */
struct segment {
  char bytes[256];
  size_t len;
  size_t starts[4];
};

static void add_record(struct segment *s, int i, const char *text) {
  struct gc_record r = {
      .payload = text, .len = (uint32_t)strlen(text), .lines = 1, .time_ms = i};
  unsigned char header[GC_RECORD_HEADER];
  gc_record_header(&r, (struct gc_record_place){SEGMENT, s->len}, header);
  s->starts[i] = s->len;
  memcpy(s->bytes + s->len, header, sizeof(header));
  memcpy(s->bytes + s->len + sizeof(header), text, r.len);
  s->len += sizeof(header) + r.len;
}

static struct segment three_records(void) {
  struct segment s = {.len = 0};
  add_record(&s, 0, "one v=1i 1\n");
  add_record(&s, 1, "two v=GCR1 2\n");
  add_record(&s, 2, "three v=3i 3\n");
  s.starts[3] = s.len;
  return s;
}

static void a_record_is_read_as_it_was_written(void) {
  struct segment s = three_records();
  struct gc_record r;
  CHECK_INT(
      gc_record_read(s.bytes, s.len, (struct gc_record_place){SEGMENT, 0}, &r),
      GC_RECORD_WHOLE);
  CHECK_INT(r.len, 11);
  CHECK_INT(r.lines, 1);
  CHECK(memcmp(r.payload, "one v=1i 1\n", 11) == 0);
}

static void a_record_is_valid_at_its_own_place_only(void) {
  struct segment s = three_records();
  struct gc_record r;
  struct gc_record_place elsewhere[] = {{SEGMENT + 1, 0}, {SEGMENT, 1}};
  for (size_t i = 0; i < GC_COUNT(elsewhere); i++)
    CHECK_INT(gc_record_read(s.bytes, s.len, elsewhere[i], &r),
              GC_RECORD_DAMAGED);
}

static void each_cut_and_each_flipped_bit_is_seen(void) {
  struct segment s = three_records();
  struct gc_record_place place = {SEGMENT, s.starts[2]};
  struct gc_record r;
  for (size_t len = s.starts[2]; len < s.len; len++)
    CHECK_INT(
        gc_record_read(s.bytes + s.starts[2], len - s.starts[2], place, &r),
        GC_RECORD_SHORT);
  for (size_t at = s.starts[2]; at < s.len; at++)
    for (int bit = 0; bit < 8; bit++) {
      s.bytes[at] ^= (char)(1 << bit);
      CHECK(gc_record_read(s.bytes + s.starts[2], s.len - s.starts[2], place,
                           &r) != GC_RECORD_WHOLE);
      s.bytes[at] ^= (char)(1 << bit);
    }
}

static void a_record_is_looked_for_by_its_first_bytes(void) {
  static const struct {
    const char *bytes;
    size_t found;
  } rows[] = {{"GCR1", 0},  {"xGCGCR1x", 3},   {"GCR", 3},
              {"GGGGG", 5}, {"xxGCR2GCR1", 6}, {"", 0}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].bytes);
    CHECK_INT(gc_record_find(rows[i].bytes, strlen(rows[i].bytes)),
              rows[i].found);
  }
}

static void a_position_survives_a_torn_slot(void) {
  char file[GC_POSITION_BYTES] = {0};
  struct gc_record_place place = {0};
  uint64_t number = 0;
  CHECK(!gc_position_read(file, sizeof(file), &place, &number));
  for (uint64_t n = 1; n <= 2; n++)
    gc_position_write(n, (struct gc_record_place){n, 10 * n},
                      file + n % 2 * GC_POSITION_SLOT);
  CHECK(gc_position_read(file, sizeof(file), &place, &number));
  CHECK_INT(place.segment, 2);
  CHECK_INT(place.offset, 20);
  CHECK_INT(number, 2);
  for (size_t at = 0; at < GC_RECORD_HEADER + 24; at++) {
    char torn[GC_POSITION_BYTES];
    memcpy(torn, file, sizeof(torn));
    torn[at] ^= 1; /* of slot 0, which has number 2 */
    CHECK(gc_position_read(torn, sizeof(torn), &place, &number));
    CHECK_INT(place.segment, 1);
  }
  CHECK(!gc_position_read(file, 40, &place, &number));
}

int main(void) {
  RUN(a_record_is_read_as_it_was_written);
  RUN(a_record_is_valid_at_its_own_place_only);
  RUN(each_cut_and_each_flipped_bit_is_seen);
  RUN(a_record_is_looked_for_by_its_first_bytes);
  RUN(a_position_survives_a_torn_slot);
  return check_done();
}
