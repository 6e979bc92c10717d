/* SPDX-License-Identifier: MIT */
#include "common/net/lease_book.h"

#include <stdio.h>

#include "tests/support/check.h"

enum { FENCE = 7 };

static struct gc_lease_book *book;
static struct gc_lease_page *page;
static char written[1 << 16]; /* the fields that the last collect reported */

static void note_field(void *ctx, const char *name, const char *field,
                       const char *text) {
  (void)ctx;
  size_t len = strlen(written);
  snprintf(written + len, sizeof(written) - len, "%s/%s=%s ", name, field,
           text);
}

static const char *collect_fields(void) {
  written[0] = '\0';
  gc_lease_book_collect(book, FENCE, note_field, NULL);
  return written;
}

static struct gc_buf fields_of(const char *field, const char *text) {
  struct gc_buf b = {.max = GC_LEASE_BOOK_MAX_BYTES * 2};
  if (field != NULL)
    CHECK_INT(gc_fields_add(&b, field, text), GC_OK);
  return b;
}

static enum gc_code write_one(const char *field, const char *text, bool is_all,
                              uint64_t *ret_version) {
  struct gc_buf b = fields_of(field, text);
  enum gc_code code = gc_lease_page_write(page, FENCE, &b, is_all, ret_version);
  gc_buf_clear(&b);
  return code;
}

static void read_one(const char *field, const char *text) {
  struct gc_buf b = fields_of(field, text);
  CHECK_INT(gc_lease_book_read(book, "queues", FENCE, &b), GC_OK);
  gc_buf_clear(&b);
}

static void begin_book(void) {
  book = gc_lease_book_new();
  page = gc_lease_book_page(book, "queues");
  CHECK(page != NULL);
}

static void end_book(void) { gc_lease_book_free(book); }

static void a_page_belongs_to_the_holder_after_it_was_read(void) {
  char name[GC_LEASE_PAGE_NAME_SIZE];
  uint64_t version;
  begin_book();
  CHECK(gc_lease_book_page(book, "queues") == page);
  CHECK_INT(gc_lease_page_fence(page), 0);
  CHECK_INT(write_one("a", "1", false, &version), GC_ERR_STATE);
  CHECK(gc_lease_book_find_unread(book, FENCE, name));
  CHECK_STR(name, "queues");
  read_one("a", "5");
  CHECK_INT(gc_lease_page_fence(page), FENCE);
  CHECK(!gc_lease_book_find_unread(book, FENCE, name));
  CHECK(gc_lease_book_find_unread(book, FENCE + 1, name));
  struct gc_buf copy = fields_of(NULL, NULL);
  CHECK_INT(gc_lease_page_copy(page, &copy), GC_OK);
  CHECK_INT(copy.len, 4);
  CHECK(memcmp(copy.data, "a\0005\0", 4) == 0);
  gc_buf_clear(&copy);
  CHECK_STR(collect_fields(), ""); /* Redis has it */
  gc_lease_book_leave(book, true);
  CHECK_INT(gc_lease_page_fence(page), 0);
  CHECK_INT(write_one("a", "6", false, &version), GC_ERR_STATE);
  end_book();
}

static void a_version_is_there_when_its_renewal_is_confirmed(void) {
  uint64_t version, later;
  begin_book();
  read_one(NULL, NULL);
  CHECK_INT(write_one("a", "1", false, &version), GC_OK);
  CHECK(!gc_lease_page_has(page, version));
  CHECK_STR(collect_fields(), "queues/a=1 ");
  CHECK(!gc_lease_page_has(page, version));
  CHECK_INT(write_one("a", "2", false, &later), GC_OK);
  gc_lease_book_settle(book, true);
  CHECK(gc_lease_page_has(page, version));
  CHECK(!gc_lease_page_has(page, later));
  CHECK_STR(collect_fields(), "queues/a=2 ");
  gc_lease_book_settle(book, true);
  CHECK(gc_lease_page_has(page, later));
  CHECK_INT(write_one("a", "2", false, &later), GC_OK);
  CHECK(gc_lease_page_has(page, later)); /* no change: nothing to confirm */
  end_book();
}

static void a_renewal_without_an_answer_is_repeated(void) {
  uint64_t version, later;
  begin_book();
  read_one(NULL, NULL);
  CHECK_INT(write_one("a", "1", false, &version), GC_OK);
  CHECK_STR(collect_fields(), "queues/a=1 ");
  CHECK_INT(write_one("b", "1", false, &later), GC_OK);
  gc_lease_book_settle(book, false);
  CHECK(!gc_lease_page_has(page, version));
  const char *both = collect_fields();
  CHECK(strstr(both, "queues/a=1 ") != NULL);
  CHECK(strstr(both, "queues/b=1 ") != NULL);
  gc_lease_book_settle(book, true);
  CHECK(gc_lease_page_has(page, later));
  CHECK_STR(collect_fields(), "");
  end_book();
}

static void a_full_write_removes_the_other_fields(void) {
  uint64_t version;
  begin_book();
  read_one("a", "1");
  CHECK_INT(write_one("b", "2", true, &version), GC_OK);
  const char *both = collect_fields();
  CHECK(strstr(both, "queues/a= ") != NULL);
  CHECK(strstr(both, "queues/b=2 ") != NULL);
  gc_lease_book_settle(book, true);
  CHECK(gc_lease_page_has(page, version));
  end_book();
}

static void lost_data_are_written_again(void) {
  uint64_t version;
  begin_book();
  read_one("a", "1");
  gc_lease_book_lost(book);
  CHECK_STR(collect_fields(), "queues/a=1 ");
  gc_lease_book_settle(book, true);
  CHECK_INT(write_one("a", "2", false, &version), GC_OK);
  CHECK(!gc_lease_page_has(page, version));
  gc_lease_book_go_on(book, true);
  CHECK(gc_lease_page_has(page, version));
  gc_lease_book_go_on(book, false);
  CHECK(!gc_lease_page_has(page, version));
  end_book();
}

/* The next holder must not find half of a write. */
static void a_full_book_takes_no_part_of_a_write(void) {
  static char text[GC_LEASE_BOOK_MAX_BYTES];
  uint64_t version;
  begin_book();
  read_one("a", "1");
  memset(text, 'x', sizeof(text) - 1);
  CHECK_INT(write_one("a", "2", false, &version), GC_OK);
  CHECK_INT(write_one("b", text, false, &version), GC_ERR_LIMIT);
  CHECK_STR(collect_fields(), "");
  CHECK_INT(write_one("c", "3", false, &version), GC_OK);
  CHECK_STR(collect_fields(), "");
  CHECK_INT(write_one("a", "3", true, &version), GC_OK);
  CHECK(strstr(collect_fields(), "queues/a=3 ") != NULL);
  for (unsigned i = 1; i < GC_LEASE_PAGES_MAX; i++) {
    char name[32];
    snprintf(name, sizeof(name), "page %u", i);
    CHECK(gc_lease_book_page(book, name) != NULL);
  }
  CHECK(gc_lease_book_page(book, "one more") == NULL);
  end_book();
}

/* A stream writes all of its fields each interval. */
static void a_rewritten_field_takes_its_space_once(void) {
  static char text[GC_LEASE_BOOK_MAX_BYTES - 1024];
  uint64_t version;
  begin_book();
  memset(text, 'x', sizeof(text) - 1);
  read_one("a", text);
  CHECK_INT(write_one("a", text, true, &version), GC_OK);
  text[0] = 'y';
  CHECK_INT(write_one("a", text, false, &version), GC_OK);
  CHECK_INT(write_one("b", text, true, &version), GC_OK); /* in its place */
  CHECK_INT(write_one("a", text, false, &version), GC_ERR_LIMIT);
  end_book();
}

/* Queues and series come and go as long as the holder runs. */
static void removed_fields_leave_no_memory(void) {
  uint64_t version;
  char field[1000];
  begin_book();
  read_one(NULL, NULL);
  memset(field, 'q', sizeof(field) - 1);
  field[sizeof(field) - 1] = '\0';
  for (unsigned i = 0; i < 10000; i++) {
    char number[8];
    memcpy(field, number, (size_t)snprintf(number, sizeof(number), "%u", i));
    CHECK_INT(write_one(field, "1", true, &version), GC_OK);
    (void)collect_fields();
    gc_lease_book_settle(book, true);
    CHECK(gc_lease_page_has(page, version));
  }
  struct gc_buf copy = fields_of(NULL, NULL);
  CHECK_INT(gc_lease_page_copy(page, &copy), GC_OK);
  CHECK_INT(copy.len, sizeof(field) + 2);
  gc_buf_clear(&copy);
  end_book();
}

/* An agent that cannot read the book cannot take over. */
static void a_full_book_of_short_fields_can_be_read(void) {
  struct gc_buf copy = {.max = GC_LEASE_BOOK_MAX_BYTES};
  enum gc_code code = GC_OK;
  uint64_t version;
  begin_book();
  read_one(NULL, NULL);
  for (unsigned i = 0; code == GC_OK; i++) { /* many short fields */
    struct gc_buf b = fields_of(NULL, NULL);
    for (unsigned k = 0; k < 10000; k++) {
      char field[16];
      snprintf(field, sizeof(field), "%u", i * 10000 + k);
      CHECK_INT(gc_fields_add(&b, field, "1"), GC_OK);
    }
    code = gc_lease_page_write(page, FENCE, &b, false, &version);
    gc_buf_clear(&b);
  }
  CHECK_INT(code, GC_ERR_LIMIT);
  CHECK_INT(gc_lease_page_copy(page, &copy), GC_OK);
  CHECK_INT(gc_lease_book_read(book, "queues", FENCE + 1, &copy), GC_OK);
  gc_buf_clear(&copy);
  end_book();
}

/* Redis was a replica of an empty one, and is master again: this agent finds a
 * record of nobody, and claims it. */
static void a_holder_that_finds_an_empty_redis_keeps_its_fields(void) {
  static const struct {
    const char *name;
    bool is_taken;
    uint64_t fence;
    const char *fields;
  } rows[] = {
      {"no other holder", false, FENCE + 1, "44"},
      {"another holder", true, FENCE + 1, "3"},
      {"another one between two looks", false, FENCE + 2, "3"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_buf copy = {.max = GC_LEASE_BOOK_MAX_BYTES};
    struct gc_buf redis = fields_of("contacts", "3");
    uint64_t version;
    char name[GC_LEASE_PAGE_NAME_SIZE];
    CHECK_ROW(rows[i].name);
    begin_book();
    read_one(NULL, NULL);
    CHECK_INT(write_one("contacts", "44", false, &version), GC_OK);
    gc_lease_book_leave(book, rows[i].is_taken);
    CHECK_INT(gc_lease_page_fence(page), 0);
    CHECK_INT(write_one("contacts", "45", false, &version), GC_ERR_STATE);
    CHECK(gc_lease_book_find_unread(book, rows[i].fence, name));
    CHECK_INT(gc_lease_book_read(book, "queues", rows[i].fence, &redis), GC_OK);
    CHECK_INT(gc_lease_page_fence(page), rows[i].fence);
    CHECK_INT(gc_lease_page_copy(page, &copy), GC_OK);
    CHECK_STR(copy.data + sizeof("contacts"), rows[i].fields);
    gc_buf_clear(&redis);
    gc_buf_clear(&copy);
    end_book();
  }
}

static void the_next_renewal_fills_an_empty_redis(void) {
  uint64_t version;
  begin_book();
  read_one(NULL, NULL);
  CHECK_INT(write_one("contacts", "44", false, &version), GC_OK);
  collect_fields();
  gc_lease_book_settle(book, true);
  gc_lease_book_leave(book, false);
  struct gc_buf redis = fields_of("of nobody", "1");
  CHECK_INT(gc_lease_book_read(book, "queues", FENCE + 1, &redis), GC_OK);
  gc_buf_clear(&redis);
  written[0] = '\0';
  gc_lease_book_collect(book, FENCE + 1, note_field, NULL);
  CHECK_HAS(written, "queues/contacts=44 ");
  CHECK_HAS(written, "queues/of nobody= ");
  end_book();
}

int main(void) {
  RUN(a_holder_that_finds_an_empty_redis_keeps_its_fields);
  RUN(the_next_renewal_fills_an_empty_redis);
  RUN(a_page_belongs_to_the_holder_after_it_was_read);
  RUN(a_version_is_there_when_its_renewal_is_confirmed);
  RUN(a_renewal_without_an_answer_is_repeated);
  RUN(a_full_write_removes_the_other_fields);
  RUN(lost_data_are_written_again);
  RUN(a_full_book_takes_no_part_of_a_write);
  RUN(a_rewritten_field_takes_its_space_once);
  RUN(removed_fields_leave_no_memory);
  RUN(a_full_book_of_short_fields_can_be_read);
  return check_done();
}
