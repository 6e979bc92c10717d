/* SPDX-License-Identifier: MIT */
#include "common/genesys/entity_page.h"

#include <stdio.h>

#include "tests/support/check.h"

static int64_t target_ms(const char *detail, const char *media) {
  struct gc_entry e = {"id", "name", "label", detail};
  return gc_entry_target_ms(&e, media);
}

static void printed_targets_are_read_again(void) {
  struct gc_targets t;
  char text[GC_TARGETS_SIZE];
  for (int i = 0; i < GC_TARGET_COUNT; i++)
    t.ms[i] = GC_TARGET_MAX_MS - i;
  CHECK(gc_targets_print(text, &t) == text);
  for (int i = 0; i < GC_TARGET_COUNT; i++) {
    CHECK_ROW(gc_target_media((enum gc_target)i));
    CHECK_INT(target_ms(text, gc_target_media((enum gc_target)i)), t.ms[i]);
  }
  CHECK_STR(gc_target_media(GC_TARGET_CALL), "voice");
}

static void a_value_that_is_not_a_target_is_left_out(void) {
  char text[GC_TARGETS_SIZE];
  struct gc_targets t = {{0}};
  CHECK_STR(gc_targets_print(text, &t), "");
  t.ms[GC_TARGET_CALL] = -1;
  t.ms[GC_TARGET_CHAT] = 1;
  t.ms[GC_TARGET_EMAIL] = GC_TARGET_MAX_MS + 1;
  t.ms[GC_TARGET_MESSAGE] = INT64_MIN;
  CHECK_STR(gc_targets_print(text, &t), "chat:1");
}

static void a_damaged_detail_has_no_target(void) {
  static const struct {
    const char *detail, *media;
    int64_t ms;
  } rows[] = {
      {"", "voice", 0},
      {"voice:20000", "voice", 20000},
      {"voice:20000", "voic", 0},
      {"voice:20000", "", 0},
      {"voice:20000", "voice:", 0},
      {"callback:7 call:8", "call", 8},
      {"  voice:20000  chat:3 ", "chat", 3},
      {"voice", "voice", 0},
      {"voice:", "voice", 0},
      {"voice:x", "voice", 0},
      {"voice:0", "voice", 0},
      {"voice:-5", "voice", 0},
      {"voice:99999999999999999999", "voice", 0},
      {"voice:1 voice:2", "voice", 1},
      {"ON_QUEUE", "voice", 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char row[64];
    snprintf(row, sizeof(row), "%s of \"%s\"", rows[i].media, rows[i].detail);
    CHECK_ROW(row);
    CHECK_INT(target_ms(rows[i].detail, rows[i].media), rows[i].ms);
  }
  CHECK_ROW("");
}

int main(void) {
  RUN(printed_targets_are_read_again);
  RUN(a_value_that_is_not_a_target_is_left_out);
  RUN(a_damaged_detail_has_no_target);
  return check_done();
}
