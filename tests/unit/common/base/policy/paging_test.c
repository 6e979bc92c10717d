/* SPDX-License-Identifier: MIT */
/* The requests for the pages of an answer without a total. */
#include "common/base/policy/paging.h"

#include "tests/support/check.h"

enum { REQUESTED = 1000 };

/* Reads `total` rows from a server that makes pages of at most `limit` rows.
 * Returns the number of requests; *ret_rows: the received rows. */
static unsigned read_all(struct gc_paging *p, size_t total, size_t limit,
                         size_t *ret_rows) {
  unsigned requests = 0;
  size_t size = limit < REQUESTED ? limit : REQUESTED;
  bool more = true;
  gc_paging_begin(p);
  *ret_rows = 0;
  while (more) {
    size_t rows = total - *ret_rows < size ? total - *ret_rows : size;
    *ret_rows += rows;
    requests++;
    more = gc_paging_has_more(p, rows, REQUESTED, rows > 0);
  }
  return requests;
}

static void a_check_reads_up_to_an_empty_page(void) {
  static const struct {
    const char *row;
    size_t total, limit;
    unsigned check, between;
  } rows[] = {
      {"none", 0, 1000, 1, 1},
      {"one short page", 37, 1000, 2, 1},
      {"a size that a limit may have", 50, 1000, 2, 2},
      {"a full page", 1000, 1000, 2, 2},
      {"two pages", 1500, 1000, 3, 3}, /* 500 may be a limit as well */
      {"two pages of odd length", 1501, 1000, 3, 2},
      {"a smaller limit", 250, 100, 4, 4},
      {"a smaller limit, odd", 251, 100, 4, 3},
      {"an odd limit", 20, 7, 4, 3},
      {"an odd limit, met exactly", 21, 7, 4, 4},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].row);
    struct gc_paging p = {0};
    size_t came;
    for (int reading = 0; reading < 3 * GC_PAGING_CHECK_EVERY; reading++) {
      bool is_check = reading % GC_PAGING_CHECK_EVERY == 0;
      CHECK_INT(read_all(&p, rows[i].total, rows[i].limit, &came),
                is_check ? rows[i].check : rows[i].between);
      CHECK_INT(came, rows[i].total);
    }
  }
}

static void a_server_may_make_its_pages_smaller_at_any_time(void) {
  static const size_t limits[] = {500, 100, 25};
  for (size_t i = 0; i < GC_COUNT(limits); i++) {
    struct gc_paging p = {0};
    size_t came;
    (void)read_all(&p, 1501, 1000, &came);
    (void)read_all(&p, 1501, limits[i], &came);
    CHECK_INT(came, 1501);
  }
}

static void a_server_with_smaller_pages_gets_more_requests(void) {
  struct gc_paging p = {0};
  size_t came;
  (void)read_all(&p, 1501, 1000, &came);
  CHECK_INT(read_all(&p, 1501, 333, &came), 5);
  CHECK_INT(came, 1501);
  CHECK_INT(read_all(&p, 1501, 333, &came), 5);
}

static void an_odd_limit_is_noticed_at_the_next_check(void) {
  struct gc_paging p = {0};
  size_t came;
  (void)read_all(&p, 370, 1000, &came);
  for (int reading = 1; reading < GC_PAGING_CHECK_EVERY; reading++) {
    (void)read_all(&p, 370, 333, &came);
    CHECK_INT(came, 333);
  }
  for (int reading = 0; reading < 20; reading++) {
    (void)read_all(&p, 370, 333, &came);
    CHECK_INT(came, 370);
  }
}

/* 2,000 queues have 2,000 rows; a list of 1,990 is out of date. */
static void no_page_is_requested_after_the_last_row(void) {
  static const struct {
    size_t rows_max;
    unsigned requests;
  } rows[] = {{2000, 2}, {2001, 3}, {1990, 3}, {0, 3}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_paging p = {.rows_max = rows[i].rows_max};
    size_t came;
    CHECK_INT(read_all(&p, 2000, 1000, &came), 3);
    CHECK_INT(read_all(&p, 2000, 1000, &came), rows[i].requests);
    CHECK_INT(came, 2000);
  }
}

static void a_repeated_page_is_the_last(void) {
  struct gc_paging p = {0};
  gc_paging_begin(&p);
  CHECK(gc_paging_has_more(&p, 1000, REQUESTED, true));
  CHECK(!gc_paging_has_more(&p, 1000, REQUESTED, false));
}

int main(void) {
  RUN(a_check_reads_up_to_an_empty_page);
  RUN(a_server_may_make_its_pages_smaller_at_any_time);
  RUN(a_server_with_smaller_pages_gets_more_requests);
  RUN(an_odd_limit_is_noticed_at_the_next_check);
  RUN(no_page_is_requested_after_the_last_row);
  RUN(a_repeated_page_is_the_last);
  return check_done();
}
