/* SPDX-License-Identifier: MIT */
#include "common/base/intern.h"

#include "tests/support/check.h"

static uint32_t put_text(struct gc_intern *in, const char *text) {
  uint32_t n = UINT32_MAX;
  CHECK_INT(gc_intern_put(in, text, strlen(text), &n), GC_OK);
  return n;
}

static void numbers_are_dense_and_each_text_has_one(void) {
  GC_AUTO(gc_intern_clear) struct gc_intern in = {.max = 64};
  CHECK_INT(put_text(&in, "voice"), 0);
  CHECK_INT(put_text(&in, "chat"), 1);
  CHECK_INT(put_text(&in, "voice"), 0);
  CHECK_INT(put_text(&in, ""), 2);
  CHECK_INT(put_text(&in, "voic"), 3);
  CHECK_INT(put_text(&in, "voices"), 4);
  CHECK_INT(put_text(&in, "Voice"), 5);
  CHECK_INT(put_text(&in, ""), 2);
  CHECK_STR(gc_intern_text(&in, 0), "voice");
  CHECK_STR(gc_intern_text(&in, 3), "voic");
  CHECK_STR(gc_intern_text(&in, 4), "voices");
  CHECK_STR(gc_intern_text(&in, 6), "");
  CHECK_STR(gc_intern_text(&in, UINT32_MAX), "");
  CHECK_INT(in.count, 6);
}

static void a_text_needs_no_end(void) {
  GC_AUTO(gc_intern_clear) struct gc_intern in = {.max = 64};
  uint32_t n = 9;
  CHECK_INT(gc_intern_put(&in, "voicemail", 5, &n), GC_OK);
  CHECK_STR(gc_intern_text(&in, n), "voice");
  CHECK(gc_intern_find(&in, "voiceXXX", 5, &n));
  CHECK(!gc_intern_find(&in, "voicemail", 9, &n));
}

static void a_nul_inside_ends_the_text(void) {
  GC_AUTO(gc_intern_clear) struct gc_intern in = {.max = 64};
  uint32_t a = 9, b = 9;
  CHECK_INT(gc_intern_put(&in, "a\0b", 3, &a), GC_OK);
  CHECK_INT(gc_intern_put(&in, "a\0c", 3, &b), GC_OK);
  CHECK_INT(a, b);
  CHECK_STR(gc_intern_text(&in, a), "a");
  CHECK(gc_intern_find(&in, "a", 1, &b));
  CHECK(gc_intern_find(&in, "a\0d", 3, &b));
}

static void an_unknown_text_is_not_found(void) {
  GC_AUTO(gc_intern_clear) struct gc_intern in = {.max = 64};
  uint32_t n = 42;
  CHECK(!gc_intern_find(&in, "voice", 5, &n));
  put_text(&in, "chat");
  CHECK(!gc_intern_find(&in, "voice", 5, &n));
  CHECK(!gc_intern_find(&in, "", 0, &n));
  CHECK_INT(n, 42);
}

static void the_limit_holds_and_leaves_the_rest_alone(void) {
  GC_AUTO(gc_intern_clear) struct gc_intern in = {.max = 3};
  put_text(&in, "a");
  put_text(&in, "b");
  put_text(&in, "c");
  uint32_t n = 42;
  CHECK_INT(gc_intern_put(&in, "d", 1, &n), GC_ERR_LIMIT);
  CHECK_INT(n, 42);
  CHECK_INT(in.count, 3);
  CHECK_INT(put_text(&in, "b"), 1);
  CHECK(!gc_intern_find(&in, "d", 1, &n));

  GC_AUTO(gc_intern_clear) struct gc_intern none = {.max = 0};
  CHECK_INT(gc_intern_put(&none, "a", 1, &n), GC_ERR_LIMIT);
}

enum { MANY = 100000 };

static void a_hundred_thousand_keep_their_numbers_and_places(void) {
  GC_AUTO(gc_intern_clear) struct gc_intern in = {.max = MANY};
  char text[48];
  put_text(&in, "0x00000000-queue");
  const char *first = gc_intern_text(&in, 0);
  for (unsigned i = 1; i < MANY; i++) {
    snprintf(text, sizeof(text), "0x%08x-queue", i);
    CHECK_INT(put_text(&in, text), i);
  }
  CHECK(gc_intern_text(&in, 0) == first);
  for (unsigned i = 0; i < MANY; i++) {
    uint32_t n = UINT32_MAX;
    snprintf(text, sizeof(text), "0x%08x-queue", i);
    CHECK(gc_intern_find(&in, text, strlen(text), &n));
    CHECK_INT(n, i);
    CHECK_STR(gc_intern_text(&in, i), text);
  }
  uint32_t n;
  CHECK_INT(gc_intern_put(&in, "one more", 8, &n), GC_ERR_LIMIT);
}

static void texts_that_begin_alike_have_their_own_numbers(void) {
  GC_AUTO(gc_intern_clear) struct gc_intern in = {.max = 3000};
  char text[3000];
  memset(text, 'x', sizeof(text));
  for (uint32_t len = 2999; len > 0; len--) {
    uint32_t n = UINT32_MAX;
    CHECK_INT(gc_intern_put(&in, text, len, &n), GC_OK);
    CHECK_INT(n, 2999 - len);
    CHECK_INT(strlen(gc_intern_text(&in, n)), len);
  }
}

static void clear_forgets_all_but_the_limit(void) {
  struct gc_intern in = {.max = 2};
  put_text(&in, "a");
  put_text(&in, "b");
  gc_intern_clear(&in);
  uint32_t n;
  CHECK(!gc_intern_find(&in, "a", 1, &n));
  CHECK_INT(put_text(&in, "b"), 0);
  CHECK_INT(put_text(&in, "c"), 1);
  CHECK_INT(gc_intern_put(&in, "d", 1, &n), GC_ERR_LIMIT);
  gc_intern_clear(&in);
  gc_intern_clear(&in);
  gc_intern_clear(NULL);
}

int main(void) {
  RUN(numbers_are_dense_and_each_text_has_one);
  RUN(a_text_needs_no_end);
  RUN(a_nul_inside_ends_the_text);
  RUN(an_unknown_text_is_not_found);
  RUN(the_limit_holds_and_leaves_the_rest_alone);
  RUN(a_hundred_thousand_keep_their_numbers_and_places);
  RUN(texts_that_begin_alike_have_their_own_numbers);
  RUN(clear_forgets_all_but_the_limit);
  return check_done();
}
