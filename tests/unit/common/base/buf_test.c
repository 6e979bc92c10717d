/* SPDX-License-Identifier: MIT */
#include "common/base/buf.h"

#include <stdint.h>

#include "tests/support/check.h"

static void a_buffer_is_a_string_once_bytes_were_added(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf b = {.max = 100};
  CHECK_STR(gc_buf_string(&b), "");
  CHECK(b.data == NULL);
  CHECK_INT(gc_buf_text(&b, "ab"), GC_OK);
  CHECK_INT(gc_buf_add(&b, "cdX", 2), GC_OK);
  CHECK_INT(gc_buf_print(&b, "-%d", 42), GC_OK);
  CHECK_STR(gc_buf_string(&b), "abcd-42");
  CHECK_INT(b.len, 7);
}

static void a_buffer_holds_any_byte(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf b = {.max = 100};
  CHECK_INT(gc_buf_add(&b, "a\0b", 3), GC_OK);
  CHECK_INT(b.len, 3);
  CHECK(memcmp(b.data, "a\0b", 4) == 0);
}

static void an_empty_text_fits_a_buffer_of_no_bytes(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf b = {.max = 0};
  CHECK_INT(gc_buf_add(&b, NULL, 0), GC_OK);
  CHECK_INT(gc_buf_text(&b, ""), GC_OK);
  CHECK_INT(gc_buf_print(&b, "%s", ""), GC_OK);
  CHECK_STR(gc_buf_string(&b), "");
  CHECK_INT(gc_buf_text(&b, "a"), GC_ERR_LIMIT);
}

static void the_limit_is_exact_and_nothing_is_added_past_it(void) {
  for (size_t max = 1; max < 300; max++) {
    GC_AUTO(gc_buf_clear) struct gc_buf b = {.max = max};
    for (size_t i = 0; i < max; i++)
      CHECK_INT(gc_buf_text(&b, "x"), GC_OK);
    CHECK_INT(gc_buf_text(&b, "y"), GC_ERR_LIMIT);
    CHECK_INT(gc_buf_print(&b, "%d", 1), GC_ERR_LIMIT);
    CHECK_INT(gc_buf_add(&b, "zz", SIZE_MAX), GC_ERR_LIMIT);
    CHECK_INT(b.len, max);
    CHECK_INT(strlen(b.data), max);
    CHECK(strchr(b.data, 'y') == NULL);
  }
}

static void a_buffer_may_have_no_limit(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf b = {.max = SIZE_MAX};
  for (int i = 0; i < 1000; i++)
    CHECK_INT(gc_buf_text(&b, "0123456789"), GC_OK);
  CHECK_INT(b.len, 10000);
  CHECK_INT(strlen(b.data), 10000);
}

static void a_buffer_keeps_its_bytes_while_it_grows(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf b = {.max = 1 << 20};
  for (int i = 0; i < 20000; i++)
    CHECK_INT(gc_buf_print(&b, "%05d,", i), GC_OK);
  CHECK_INT(b.len, 120000);
  for (int i = 0; i < 20000; i++) {
    char want[16];
    snprintf(want, sizeof(want), "%05d,", i);
    CHECK(memcmp(b.data + (size_t)i * 6, want, 6) == 0);
  }
}

static void reset_keeps_the_memory_and_clear_does_not(void) {
  struct gc_buf b = {.max = 100};
  CHECK_INT(gc_buf_text(&b, "secret"), GC_OK);
  char *data = b.data;
  gc_buf_reset(&b);
  CHECK_STR(gc_buf_string(&b), "");
  CHECK_INT(b.len, 0);
  CHECK_INT(gc_buf_text(&b, "abc"), GC_OK);
  CHECK(b.data == data);
  gc_buf_clear(&b);
  CHECK(b.data == NULL && b.len == 0 && b.cap == 0);
  CHECK_INT(b.max, 100);
  CHECK_INT(gc_buf_text(&b, "again"), GC_OK);
  CHECK_STR(gc_buf_string(&b), "again");
  gc_buf_wipe(&b);
  CHECK(b.data == NULL && b.len == 0 && b.cap == 0);
  CHECK_INT(b.max, 100);
}

static void every_destructor_takes_a_zeroed_buffer(void) {
  gc_buf_clear(NULL);
  gc_buf_wipe(NULL);
  struct gc_buf b = {.max = 1};
  gc_buf_reset(&b);
  gc_buf_wipe(&b);
  gc_buf_clear(&b);
  CHECK(b.data == NULL);
}

int main(void) {
  RUN(a_buffer_is_a_string_once_bytes_were_added);
  RUN(a_buffer_holds_any_byte);
  RUN(an_empty_text_fits_a_buffer_of_no_bytes);
  RUN(the_limit_is_exact_and_nothing_is_added_past_it);
  RUN(a_buffer_may_have_no_limit);
  RUN(a_buffer_keeps_its_bytes_while_it_grows);
  RUN(reset_keeps_the_memory_and_clear_does_not);
  RUN(every_destructor_takes_a_zeroed_buffer);
  return check_done();
}
