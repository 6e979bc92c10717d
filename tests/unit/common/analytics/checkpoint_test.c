/* SPDX-License-Identifier: MIT */
/* The totals of a query in the page of a lease and in a state file that opens
 * late, or is replaced. */
#include "common/analytics/checkpoint.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/store_bench.h"

enum { FENCE = 1, MINUTE = 60000 };
#define SALES "nOffered\x1f\x1fvoice\x1fq1"
#define SUPPORT "nOffered\x1f\x1fvoice\x1fq2"

static struct gc_buf redis; /* the page in Redis */

static void store_field(void *ctx, const char *page, const char *field,
                        const char *text) {
  (void)ctx;
  (void)page;
  CHECK_INT(gc_lease_fields_add(&redis, field, text), GC_OK);
}

static struct gc_lease_book *book_with_lease(void) {
  struct gc_lease_book *book = gc_lease_book_new();
  CHECK(gc_lease_book_page(book, "query-queues") != NULL);
  CHECK_INT(gc_lease_book_read(book, "query-queues", FENCE, &redis), GC_OK);
  return book;
}

static struct gc_checkpoint checkpoint_of(struct gc_lease_book *book,
                                          struct gc_store *store) {
  return (struct gc_checkpoint){
      .store = store,
      .account = "prod",
      .query = "query-queues",
      .identity = "same",
      .page = gc_lease_book_page(book, "query-queues"),
  };
}

static void count(struct gc_series_set *set, const char *series, int64_t more) {
  uint32_t number;
  CHECK_INT(gc_series_put(set, series, strlen(series), &number), GC_OK);
  set->at[number].base.count += more;
  set->at[number].sent += more;
  set->at[number].is_begun = set->at[number].is_dirty = true;
}

static void load(struct gc_checkpoint *c, struct gc_series_set *set) {
  struct gc_outbox pending = {.count = 0};
  struct gc_err warning = {.code = GC_OK}, err = {.code = GC_OK};
  CHECK_THAT(gc_checkpoint_load(c, MINUTE, set, &pending, &warning, &err) ==
                 GC_OK,
             "not loaded: %s", err.text);
  CHECK_INT(warning.code, GC_OK);
  gc_outbox_clear(&pending);
}

static void save(struct gc_checkpoint *c, struct gc_series_set *set,
                 int64_t done_ms) {
  struct gc_err err = {.code = GC_OK};
  c->mark = (struct gc_windows_mark){true, done_ms, done_ms};
  CHECK_THAT(gc_checkpoint_save(c, set, NULL, &err) == GC_OK, "not saved: %s",
             err.text);
}

/* A former holder leaves two totals in the page. */
static void leave_page(void) {
  struct gc_lease_book *book = book_with_lease();
  struct gc_checkpoint c = checkpoint_of(book, NULL);
  struct gc_series_set set = {.keys = {.max = 10}};
  load(&c, &set);
  count(&set, SALES, 3);
  count(&set, SUPPORT, 5);
  save(&c, &set, 10 * MINUTE);
  gc_lease_book_collect(book, FENCE, store_field, NULL);
  gc_lease_book_settle(book, true);
  gc_series_clear(&set);
  gc_lease_book_free(book);
}

/* Opens a store whose folder is a file. */
static struct gc_store *store_without_file(void) {
  struct gc_store *store = NULL;
  struct gc_err warning = {.code = GC_OK}, err = {.code = GC_OK};
  store_fresh();
  close(open(store_folder, O_CREAT | O_WRONLY, 0600));
  CHECK_INT(gc_store_open(store_folder, 60000, &store, &warning, &err),
            GC_ERR_STATE);
  return store;
}

static void a_file_that_opens_late_and_is_replaced_has_all_totals(void) {
  redis = (struct gc_buf){.max = GC_LEASE_BOOK_MAX_BYTES};
  leave_page();
  struct gc_store *store = store_without_file();
  struct gc_lease_book *book = book_with_lease();
  struct gc_checkpoint c = checkpoint_of(book, store);
  struct gc_series_set set = {.keys = {.max = 10}};
  load(&c, &set);
  CHECK_INT(set.keys.count, 2);
  unlink(store_folder);
  save(&c, &set, 11 * MINUTE);
  CHECK_STR(store_query(store, "prod", "query-queues"),
            "same 660000 660000 [] " SALES "=3,0,3 " SUPPORT "=5,0,5 ");

  unlink(store_in_folder("state.db"));
  unlink(store_in_folder("state.db-wal"));
  unlink(store_in_folder("state.db-shm"));
  count(&set, SALES, 1);
  save(&c, &set, 12 * MINUTE);
  CHECK_STR(store_query(store, "prod", "query-queues"),
            "same 720000 720000 [] " SALES "=4,0,4 " SUPPORT "=5,0,5 ");
  gc_series_clear(&set);
  gc_lease_book_free(book);
  gc_store_close(store);
  gc_buf_clear(&redis);
}

/* Fills the book, so that no other page has room. */
static void fill(struct gc_lease_book *book) {
  static char text[GC_LEASE_BOOK_MAX_BYTES - 20];
  GC_AUTO(gc_buf_clear)
  struct gc_buf none = {.max = 1}, fields = {.max = 8U << 20};
  uint64_t version;
  struct gc_lease_page *page = gc_lease_book_page(book, "query-other");
  CHECK_INT(gc_lease_book_read(book, "query-other", FENCE, &none), GC_OK);
  memset(text, 'x', sizeof(text) - 1);
  CHECK_INT(gc_lease_fields_add(&fields, "all", text), GC_OK);
  CHECK_INT(gc_lease_page_write(page, FENCE, &fields, true, &version), GC_OK);
}

static void a_page_without_room_leaves_the_totals_in_the_file(void) {
  struct gc_err err = {.code = GC_OK};
  redis = (struct gc_buf){.max = GC_LEASE_BOOK_MAX_BYTES};
  store_fresh();
  struct gc_store *store = store_opened(NULL);
  struct gc_lease_book *book = book_with_lease();
  struct gc_checkpoint c = checkpoint_of(book, store);
  struct gc_series_set set = {.keys = {.max = 10}};
  fill(book);
  load(&c, &set);
  count(&set, SALES, 3);
  c.mark = (struct gc_windows_mark){true, MINUTE, MINUTE};
  CHECK_INT(gc_checkpoint_save(&c, &set, NULL, &err), GC_ERR_LIMIT);
  count(&set, SUPPORT, 5);
  CHECK_INT(gc_checkpoint_save(&c, &set, NULL, &err), GC_ERR_LIMIT);
  CHECK_HAS(err.text, "ask for fewer series");
  CHECK_STR(store_query(store, "prod", "query-queues"),
            "same 60000 60000 [] " SALES "=3,0,3 " SUPPORT "=5,0,5 ");
  gc_series_clear(&set);
  gc_lease_book_free(book);
  gc_store_close(store);
  gc_buf_clear(&redis);
}

static void a_former_holder_saves_nothing(void) {
  struct gc_err err = {.code = GC_OK};
  redis = (struct gc_buf){.max = GC_LEASE_BOOK_MAX_BYTES};
  store_fresh();
  struct gc_store *store = store_opened(NULL);
  struct gc_lease_book *book = book_with_lease();
  struct gc_checkpoint c = checkpoint_of(book, store);
  struct gc_series_set set = {.keys = {.max = 10}};
  load(&c, &set);
  count(&set, SALES, 3);
  gc_lease_book_leave(book);
  CHECK_INT(gc_checkpoint_save(&c, &set, NULL, &err), GC_ERR_UNAVAILABLE);
  CHECK_STR(store_query(store, "prod", "query-queues"), "");
  gc_series_clear(&set);
  gc_lease_book_free(book);
  gc_store_close(store);
  gc_buf_clear(&redis);
}

int main(void) {
  store_bench_begin();
  RUN(a_file_that_opens_late_and_is_replaced_has_all_totals);
  RUN(a_page_without_room_leaves_the_totals_in_the_file);
  RUN(a_former_holder_saves_nothing);
  store_bench_end();
  return check_done();
}
