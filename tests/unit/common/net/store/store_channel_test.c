/* SPDX-License-Identifier: MIT */
#include "common/net/store/store.h"

#include "tests/support/check.h"
#include "tests/support/store_bench.h"

static void keep_channel(struct gc_store *s, const char *account, unsigned slot,
                         const char *text) {
  struct gc_err err = {.code = GC_OK};
  CHECK_THAT(gc_store_save_channel(s, account, slot, text, &err) == GC_OK,
             "not saved: %s", err.text);
}

static void the_channel_of_each_account_and_slot_is_kept(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  CHECK_STR(store_channel(s, "prod", 0), "");
  keep_channel(s, "prod", 0, "one");
  keep_channel(s, "prod", 1, "two");
  keep_channel(s, "test", 0, "'; --");
  gc_store_close(s);
  s = store_opened(NULL);
  CHECK_STR(store_channel(s, "prod", 0), "one");
  CHECK_STR(store_channel(s, "prod", 1), "two");
  CHECK_STR(store_channel(s, "test", 0), "'; --");
  keep_channel(s, "prod", 0, "another");
  keep_channel(s, "prod", 1, NULL);
  keep_channel(s, "test", 0, "");
  CHECK_STR(store_channel(s, "prod", 0), "another");
  CHECK_STR(store_channel(s, "prod", 1), "");
  CHECK_STR(store_channel(s, "test", 0), "");
  gc_store_close(s);
}

static void a_channel_that_is_too_long_is_no_channel(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 8};
  struct gc_err err = {.code = GC_OK};
  keep_channel(s, "prod", 0, "123456789");
  CHECK_INT(gc_store_load_channel(s, "prod", 0, &out, &err), GC_ERR_LIMIT);
  CHECK(err.text[0] != '\0');
  CHECK_INT(out.len, 0);
  gc_store_close(s);
}

int main(void) {
  store_bench_begin();
  RUN(the_channel_of_each_account_and_slot_is_kept);
  RUN(a_channel_that_is_too_long_is_no_channel);
  store_bench_end();
  return check_done();
}
