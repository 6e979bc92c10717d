/* SPDX-License-Identifier: MIT */
/* Pages of fields, as analytics saves and loads them. */
#include "common/net/store/store.h"

#include <string.h>

#include "tests/support/check.h"
#include "tests/support/refuse_memory.h"
#include "tests/support/store_bench.h"

enum { MAX = 1 << 20 };

/* Saves "FIELD=TEXT …"; a field without a text is removed. */
static enum gc_code save_page(struct gc_store *s, const char *account,
                              const char *page, const char *content,
                              const struct gc_page_save *how,
                              struct gc_err *err) {
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = MAX};
  struct gc_store_call *call = NULL;
  char copy[256];
  snprintf(copy, sizeof(copy), "%s", content);
  for (char *word = strtok(copy, " "); word != NULL; word = strtok(NULL, " ")) {
    char *text = strchr(word, '=');
    *text++ = '\0';
    CHECK_INT(gc_fields_add(&fields, word, text), GC_OK);
  }
  enum gc_code code =
      gc_store_save_page(s, account, page, how, &fields, &call, err);
  CHECK_INT(fields.len, 0);
  CHECK(call == NULL);
  return code;
}

static void put(struct gc_store *s, const char *account, const char *page,
                const char *content, int64_t at_ms, bool is_all) {
  struct gc_err err = {.code = GC_OK};
  const struct gc_page_save how = {.at_ms = at_ms, .is_all = is_all};
  CHECK_THAT(save_page(s, account, page, content, &how, &err) == GC_OK,
             "not saved: %s", err.text);
}

static enum gc_code load_page(struct gc_store *s, const char *account,
                              const char *page, struct gc_buf *fields,
                              uint64_t *ret_generation, struct gc_err *err) {
  struct gc_store_call *call = NULL;
  enum gc_code code =
      gc_store_load_page(s, account, page, &call, fields, ret_generation, err);
  CHECK(call == NULL);
  return code;
}

/* Returns "FIELD=TEXT …", in the order of the load; valid until the next call.
 */
static const char *page_of(struct gc_store *s, const char *account,
                           const char *page) {
  static char out[1024];
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = MAX};
  struct gc_err err = {.code = GC_OK};
  const char *field, *text;
  uint64_t generation = 0;
  size_t at = 0, len = 0;
  CHECK_INT(gc_buf_text(&fields, "what was there"), GC_OK);
  CHECK_INT(load_page(s, account, page, &fields, &generation, &err), GC_OK);
  CHECK_INT(generation, gc_store_generation(s));
  out[0] = '\0';
  while (gc_fields_next(&fields, &at, &field, &text))
    len +=
        (size_t)snprintf(out + len, sizeof(out) - len, "%s=%s ", field, text);
  return out;
}

static void pages_of_accounts_are_kept_apart(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  CHECK_STR(page_of(s, "prod", "query-a"), "");
  put(s, "prod", "query-a", "b';--=2 a\x1fx=1", 100, true);
  put(s, "prod", "query-b", "a=3", 100, true);
  put(s, "test", "query-a", "a=4", 100, true);
  gc_store_close(s);
  s = store_opened(NULL);
  CHECK_STR(page_of(s, "prod", "query-a"), "a\x1fx=1 b';--=2 ");
  CHECK_STR(page_of(s, "prod", "query-b"), "a=3 ");
  CHECK_STR(page_of(s, "test", "query-a"), "a=4 ");
  gc_store_close(s);
}

static void a_save_replaces_what_it_names(void) {
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  put(s, "prod", "query-a", "a=1 b=2 c=3", 100, true);
  put(s, "prod", "query-a", "b=4 c=", 160, false);
  CHECK_STR(page_of(s, "prod", "query-a"), "b=4 a=1 "); /* newest first */
  put(s, "prod", "query-a", "d=5", 220, true);
  CHECK_STR(page_of(s, "prod", "query-a"), "d=5 ");
  gc_store_close(s);
}

static void fields_that_were_not_saved_for_long_are_dropped(void) {
  struct gc_err err = {.code = GC_OK};
  const struct gc_page_save how = {.at_ms = 200, .drop_before_ms = 150};
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  put(s, "prod", "query-a", "a=1 b=2", 100, true);
  put(s, "prod", "query-b", "a=1", 100, true);
  CHECK_INT(save_page(s, "prod", "query-a", "b=3", &how, &err), GC_OK);
  CHECK_STR(page_of(s, "prod", "query-a"), "b=3 ");
  CHECK_STR(page_of(s, "prod", "query-b"), "a=1 ");
  gc_store_close(s);
}

static void die_after_a_save(void) {
  struct gc_store *s = store_opened(NULL);
  put(s, "prod", "query-a", "a=1", 100, true);
}

static void a_save_survives_a_kill(void) {
  store_fresh();
  store_in_a_process_that_dies(die_after_a_save);
  struct gc_store *s = store_opened(NULL);
  CHECK_STR(page_of(s, "prod", "query-a"), "a=1 ");
  gc_store_close(s);
}

static void a_page_beyond_the_limit_is_not_read(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = 8};
  struct gc_err err = {.code = GC_OK};
  uint64_t generation;
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  put(s, "prod", "query-a", "a=123456", 100, true);
  CHECK_INT(load_page(s, "prod", "query-a", &fields, &generation, &err),
            GC_ERR_LIMIT);
  CHECK_HAS(err.text, "page \"query-a\"");
  gc_store_close(s);
}

/* A page for which memory was short is read again later. */
static void a_shortage_of_memory_loses_no_field(void) {
  static char text[100001];
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = MAX};
  const struct gc_page_save how = {.at_ms = 100};
  struct gc_store_call *call = NULL;
  struct gc_err err = {.code = GC_OK};
  uint64_t generation;
  memset(text, 'x', sizeof(text) - 1);
  store_fresh();
  struct gc_store *s = store_opened(NULL);
  CHECK_INT(gc_fields_add(&fields, "pending", text), GC_OK);
  CHECK_INT(
      gc_store_save_page(s, "prod", "query-a", &how, &fields, &call, &err),
      GC_OK);
  refuse_memory_from = 60000;
  CHECK(load_page(s, "prod", "query-a", &fields, &generation, &err) != GC_OK);
  refuse_memory_from = SIZE_MAX;
  CHECK_HAS(err.text, "memory");
  CHECK_INT(load_page(s, "prod", "query-a", &fields, &generation, &err), GC_OK);
  CHECK_INT(fields.len, sizeof("pending") + sizeof(text));
  gc_store_close(s);
}

int main(void) {
  store_bench_begin();
  RUN(pages_of_accounts_are_kept_apart);
  RUN(a_save_replaces_what_it_names);
  RUN(fields_that_were_not_saved_for_long_are_dropped);
  RUN(a_save_survives_a_kill);
  RUN(a_page_beyond_the_limit_is_not_read);
  if (REFUSES_MEMORY)
    RUN(a_shortage_of_memory_loses_no_field);
  store_bench_end();
  return check_done();
}
