/* SPDX-License-Identifier: MIT */
#include "common/base/hash.h"

#include "common/base/cleanup.h"
#include "tests/support/check.h"

/* The published vectors of 64-bit FNV-1a (draft-eastlake-fnv, appendix C). */
static void the_published_vectors_are_met(void) {
  static const struct {
    const char *text;
    size_t len;
    uint64_t hash;
  } rows[] = {
      {"", 0, UINT64_C(0xcbf29ce484222325)},
      {"a", 1, UINT64_C(0xaf63dc4c8601ec8c)},
      {"b", 1, UINT64_C(0xaf63df4c8601f1a5)},
      {"fo", 2, UINT64_C(0x08985907b541d342)},
      {"foobar", 6, UINT64_C(0x85944171f73967e8)},
      {"", 1, UINT64_C(0xaf63bd4c8601b7df)}, /* the NUL counts */
      {"foobar", 7, UINT64_C(0x34531ca7168b8f38)},
      {"\xff", 1, UINT64_C(0xaf64724c8602eb6e)}, /* bytes are unsigned */
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].text);
    CHECK_INT(gc_hash(rows[i].text, rows[i].len), rows[i].hash);
  }
}

static void a_text_may_be_hashed_in_pieces(void) {
  uint64_t h = gc_hash_add(GC_HASH_INIT, "foo", 3);
  h = gc_hash_byte(h, 'b');
  CHECK_INT(gc_hash_add(h, "ar", 2), gc_hash("foobar", 6));
  CHECK(gc_hash_add(gc_hash("ab", 3), "c", 2) !=
        gc_hash_add(gc_hash("a", 2), "bc", 3));
}

static void folding_mixes_the_upper_half_into_the_lower_one(void) {
  CHECK_INT(gc_hash_fold(UINT64_C(0x1234567800000000)),
            UINT64_C(0x1234567812345678));
  CHECK_INT(gc_hash_fold(UINT64_C(0x00000000cafe0000)),
            UINT64_C(0x00000000cafe0000));
}

int main(void) {
  RUN(the_published_vectors_are_met);
  RUN(a_text_may_be_hashed_in_pieces);
  RUN(folding_mixes_the_upper_half_into_the_lower_one);
  return check_done();
}
