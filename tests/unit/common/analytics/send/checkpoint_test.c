/* SPDX-License-Identifier: MIT */
/* The totals of a query in the page of a lease and in a state file that opens
 * late, or is replaced; a page that cannot be saved. */
#include "common/analytics/send/checkpoint.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/check.h"
#include "tests/support/lease_page.h"
#include "tests/support/store_bench.h"

enum { FENCE = 1, MINUTE = 60000 };
#define SALES "nOffered\x1f\x1fvoice\x1fq1"
#define SUPPORT "nOffered\x1f\x1fvoice\x1fq2"

static struct gc_buf redis; /* the page in Redis */

struct agent {
  struct gc_store *store;
  struct gc_lease_book *book;
  struct gc_checkpoint c;
  struct gc_series_set set;
};

/* Begins an agent that has the lease and no state; `store` may be NULL. */
static void begin_agent(struct agent *a, struct gc_store *store) {
  *a = (struct agent){.store = store,
                      .book = gc_lease_book_new(),
                      .set = {.keys = {.max = 10}}};
  a->c = (struct gc_checkpoint){
      .store = store,
      .account = "prod",
      .query = "query-queues",
      .identity = "same",
      .page = gc_lease_book_page(a->book, "query-queues"),
  };
  CHECK(a->c.page != NULL);
  CHECK_INT(gc_lease_book_read(a->book, "query-queues", FENCE, &redis), GC_OK);
}

static void end_agent(struct agent *a) {
  gc_series_clear(&a->set);
  gc_lease_book_free(a->book);
  gc_store_close(a->store);
}

static void load(struct agent *a) {
  static const struct gc_windows_rule rule = {.period_ms = MINUTE};
  struct gc_outbox pending = {.count = 0};
  struct gc_err warning = {.code = GC_OK}, err = {.code = GC_OK};
  CHECK_THAT(gc_checkpoint_load(&a->c, &rule, &a->set, &pending, &warning,
                                &err) == GC_OK,
             "not loaded: %s", err.text);
  CHECK_INT(warning.code, GC_OK);
  gc_outbox_clear(&pending);
}

static void count(struct agent *a, const char *series, int64_t more) {
  uint32_t number;
  CHECK_INT(gc_series_put(&a->set, series, strlen(series), &number), GC_OK);
  struct gc_series *s = &a->set.at[number];
  s->base.count += more;
  s->sent += more;
  s->is_begun = s->is_dirty = true;
}

static struct gc_err save(struct agent *a, int64_t done_ms) {
  struct gc_err err = {.code = GC_OK};
  a->c.mark = (struct gc_windows_mark){true, done_ms, done_ms, done_ms};
  CHECK_INT(gc_checkpoint_save(&a->c, &a->set, NULL, &err), err.code);
  return err;
}

/* The query as the state file has it. */
static const char *kept(struct agent *a) {
  return store_query(a->store, "prod", "query-queues");
}

static void begin_redis(void) {
  redis = (struct gc_buf){.max = GC_LEASE_BOOK_MAX_BYTES};
  store_fresh();
}

/* ---- a state file that opens late ---- */

/* A former holder leaves two totals in the page. */
static void leave_page(void) {
  struct agent a;
  begin_agent(&a, NULL);
  load(&a);
  count(&a, SALES, 3);
  count(&a, SUPPORT, 5);
  CHECK_INT(save(&a, 10 * MINUTE).code, GC_OK);
  gc_lease_book_collect(a.book, FENCE, lease_page_store, &redis);
  gc_lease_book_settle(a.book, true);
  end_agent(&a);
}

/* Opens a store whose folder is a file. */
static struct gc_store *store_without_file(void) {
  struct gc_store *store = NULL;
  struct gc_err warning = {.code = GC_OK}, err = {.code = GC_OK};
  close(open(store_folder, O_CREAT | O_WRONLY, 0600));
  CHECK_INT(gc_store_open(store_folder, 60000, &store, &warning, &err),
            GC_ERR_STATE);
  return store;
}

static void delete_file(void) {
  unlink(store_in_folder("state.db"));
  unlink(store_in_folder("state.db-wal"));
  unlink(store_in_folder("state.db-shm"));
}

static void a_file_that_opens_late_and_is_replaced_has_all_totals(void) {
  struct agent a;
  begin_redis();
  leave_page();
  begin_agent(&a, store_without_file());
  load(&a);
  CHECK_INT(a.set.keys.count, 2);
  unlink(store_folder);
  CHECK_INT(save(&a, 11 * MINUTE).code, GC_OK);
  CHECK_STR(kept(&a),
            "same 660000 660000 [] " SALES "=3,0,3 " SUPPORT "=5,0,5 ");
  delete_file();
  count(&a, SALES, 1);
  CHECK_INT(save(&a, 12 * MINUTE).code, GC_OK);
  CHECK_STR(kept(&a),
            "same 720000 720000 [] " SALES "=4,0,4 " SUPPORT "=5,0,5 ");
  end_agent(&a);
  gc_buf_clear(&redis);
}

/* ---- a page that fails ---- */

/* Fills the book, so that no other page has room. */
static void fill(struct gc_lease_book *book) {
  static char text[GC_LEASE_BOOK_MAX_BYTES - 20];
  GC_AUTO(gc_buf_clear)
  struct gc_buf none = {.max = 1}, fields = {.max = 8U << 20};
  uint64_t version;
  struct gc_lease_page *page = gc_lease_book_page(book, "query-other");
  CHECK_INT(gc_lease_book_read(book, "query-other", FENCE, &none), GC_OK);
  memset(text, 'x', sizeof(text) - 1);
  CHECK_INT(gc_fields_add(&fields, "all", text), GC_OK);
  CHECK_INT(gc_lease_page_write(page, FENCE, &fields, true, &version), GC_OK);
}

static void a_page_without_room_leaves_the_totals_in_the_file(void) {
  struct agent a;
  begin_redis();
  begin_agent(&a, store_opened(NULL));
  fill(a.book);
  load(&a);
  count(&a, SALES, 3);
  CHECK_INT(save(&a, MINUTE).code, GC_ERR_LIMIT);
  count(&a, SUPPORT, 5);
  struct gc_err err = save(&a, 2 * MINUTE);
  CHECK_INT(err.code, GC_ERR_LIMIT);
  CHECK_HAS(err.text, "ask for fewer series");
  CHECK_STR(kept(&a),
            "same 120000 120000 [] " SUPPORT "=5,0,5 " SALES "=3,0,3 ");
  end_agent(&a);
  gc_buf_clear(&redis);
}

static void a_former_holder_saves_nothing(void) {
  struct agent a;
  begin_redis();
  begin_agent(&a, store_opened(NULL));
  load(&a);
  count(&a, SALES, 3);
  gc_lease_book_leave(a.book, true);
  CHECK_INT(save(&a, MINUTE).code, GC_ERR_UNAVAILABLE);
  CHECK_STR(kept(&a), "");
  end_agent(&a);
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
