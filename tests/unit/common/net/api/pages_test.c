/* SPDX-License-Identifier: MIT */
#include "common/net/api/pages.h"

#include "tests/support/check.h"

static void a_page_is_requested_by_its_size_and_number(void) {
  struct gc_paging paging = {0};
  struct gc_pages p;
  struct gc_err err = {.text = ""};
  bool more;
  gc_pages_begin(&p, &paging);
  CHECK_STR(gc_pages_query(&p, 0), "pageSize=1000&pageNumber=1");
  CHECK_INT(gc_pages_next(&p, 1000, 1000, &more, &err), GC_OK);
  CHECK(more);
  CHECK_STR(gc_pages_query(&p, 1000), "pageSize=1000&pageNumber=2");
  CHECK_INT(gc_pages_next(&p, 0, 1000, &more, &err), GC_OK);
  CHECK(!more);
  gc_pages_begin(&p, &paging);
  CHECK_STR(gc_pages_query(&p, 0), "pageSize=1000&pageNumber=1");
}

/* A server that does not know pages repeats the first one. */
static void a_page_without_new_rows_is_the_last(void) {
  struct gc_paging paging = {0};
  struct gc_pages p;
  struct gc_err err = {.text = ""};
  bool more;
  gc_pages_begin(&p, &paging);
  (void)gc_pages_query(&p, 70);
  CHECK_INT(gc_pages_next(&p, 1000, 70, &more, &err), GC_OK);
  CHECK(!more);
}

static void a_reading_has_500_pages_at_most(void) {
  struct gc_paging paging = {0};
  struct gc_pages p;
  struct gc_err err = {.text = ""};
  enum gc_code code = GC_OK;
  size_t rows = 0, pages = 0;
  bool more = true;
  gc_pages_begin(&p, &paging);
  while (code == GC_OK && more) {
    (void)gc_pages_query(&p, rows);
    rows += GC_PAGES_ROWS;
    pages++;
    code = gc_pages_next(&p, GC_PAGES_ROWS, rows, &more, &err);
  }
  CHECK_INT(code, GC_ERR_LIMIT);
  CHECK_INT(pages, 500);
  CHECK_STR(err.text, "more than 500 pages");
}

static void a_query_without_pages_has_one_answer(void) {
  struct gc_pages p = {.paging = NULL};
  struct gc_err err = {.text = ""};
  bool more = true;
  CHECK(gc_pages_query(&p, 0) == NULL);
  CHECK_INT(gc_pages_next(&p, 1000, 1000, &more, &err), GC_OK);
  CHECK(!more);
}

int main(void) {
  RUN(a_page_is_requested_by_its_size_and_number);
  RUN(a_page_without_new_rows_is_the_last);
  RUN(a_reading_has_500_pages_at_most);
  RUN(a_query_without_pages_has_one_answer);
  return check_done();
}
