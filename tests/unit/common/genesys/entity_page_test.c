/* SPDX-License-Identifier: MIT */
#include "common/genesys/entity_page.h"

#include "common/base/buf.h"
#include "tests/support/check.h"

/* A page as the reference shows it. */
#define PAGE1                                                                  \
  "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\",\"division\":{\"id\":"     \
  "\"d1\",\"name\":\"Home\",\"selfUri\":\"/d1\"},\"memberCount\":3,"           \
  "\"mediaSettings\":{\"call\":{\"serviceLevel\":{\"percentage\":0.8,"         \
  "\"durationMs\":20000}}},\"selfUri\":\"/api/v2/routing/queues/q1\"},"        \
  "{\"id\":\"q2\",\"name\":\"Support \\u00fc/DE\"}],\"pageSize\":2,"           \
  "\"pageNumber\":1,\"total\":3,\"firstUri\":\"/api/v2/routing/queues?"        \
  "pageSize=2&pageNumber=1\",\"selfUri\":\"/x\",\"nextUri\":"                  \
  "\"/api/v2/routing/queues?pageSize=2&pageNumber=2\",\"lastUri\":\"/y\","     \
  "\"pageCount\":2}"
#define PAGE2                                                                  \
  "{\"entities\":[{\"id\":\"q3\",\"name\":\"Billing\"}],\"pageSize\":2,"       \
  "\"pageNumber\":2,\"total\":3,\"previousUri\":\"/z\",\"pageCount\":2}"

static enum gc_code read_in_pieces(struct gc_entity_page *l, const char *page,
                                   size_t piece, struct gc_err *err) {
  size_t len = strlen(page);
  gc_entity_page_begin(l);
  for (size_t at = 0; at < len; at += piece)
    GC_TRY(gc_entity_page_feed(l, page + at,
                               len - at < piece ? len - at : piece, err));
  return gc_entity_page_end(l, err);
}

static enum gc_code read_page(struct gc_entity_page *l, const char *page) {
  return read_in_pieces(l, page, strlen(page) + 1, NULL);
}

static void pages_add_up_for_every_split(void) {
  for (size_t piece = 1; piece < 700;
       piece = piece < 8 ? piece + 1 : piece * 3) {
    GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 100};
    CHECK_INT(read_in_pieces(&l, PAGE1, piece, NULL), GC_OK);
    CHECK_INT(l.count, 2);
    CHECK(l.more);
    CHECK_INT(l.page_begin, 0);
    CHECK_INT(l.page_end, 2);
    CHECK_INT(read_in_pieces(&l, PAGE2, piece, NULL), GC_OK);
    CHECK_INT(l.count, 3);
    CHECK(!l.more);
    CHECK_INT(l.page_begin, 2);
    CHECK_INT(l.page_end, 3);
    CHECK_STR(l.rows[0].id, "q1");
    CHECK_STR(l.rows[0].name, "Sales");
    CHECK_STR(l.rows[0].detail, "voice:20000");
    CHECK_STR(l.rows[1].name, "Support \xc3\xbc/DE");
    CHECK_STR(l.rows[2].id, "q3");
    CHECK_STR(l.rows[2].name, "Billing");
  }
}

static void members_come_in_any_order(void) {
  GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 100};
  CHECK_INT(read_page(&l, "{\"pageCount\":9,\"nextUri\":\"/n\",\"total\":1,"
                          "\"entities\":[{\"selfUri\":\"/s\",\"name\":\"N\","
                          "\"division\":{\"name\":\"D\",\"id\":\"d\"},"
                          "\"id\":\"i\"}],\"pageSize\":1}"),
            GC_OK);
  CHECK_INT(l.count, 1);
  CHECK_STR(l.rows[0].id, "i");
  CHECK_STR(l.rows[0].name, "N");
  CHECK(l.more);
}

static void presences_have_a_system_presence_and_no_pages(void) {
  GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 100};
  CHECK_INT(
      read_page(&l,
                "{\"entities\":[{\"id\":\"p1\",\"type\":\"System\","
                "\"languageLabels\":{\"en_US\":\"Away\"},\"systemPresence\":"
                "\"Away\",\"deactivated\":false},{\"id\":\"p2\",\"name\":"
                "\"Lunch\",\"type\":\"User\",\"systemPresence\":\"Meal\"}],"
                "\"total\":2,\"selfUri\":\"/api/v2/presence/definitions\"}"),
      GC_OK);
  CHECK_INT(l.count, 2);
  CHECK_STR(l.rows[0].detail, "Away");
  CHECK_STR(l.rows[0].name, "");
  CHECK_STR(l.rows[1].detail, "Meal");
  CHECK_STR(l.rows[1].name, "Lunch");
  CHECK(!l.more);
}

static void a_queues_targets_are_its_detail(void) {
  static const struct {
    const char *settings, *detail;
  } rows[] = {
      {"{}", ""},
      {"null", ""},
      {"{\"message\":{\"serviceLevel\":{\"durationMs\":5}},\"call\":{"
       "\"alertingTimeoutSeconds\":8,\"serviceLevel\":{\"percentage\":0.8,"
       "\"durationMs\":20000}},\"callback\":{\"serviceLevel\":{"
       "\"durationMs\":1e3}},\"chat\":{\"serviceLevel\":{\"durationMs\":"
       "30000.0}},\"email\":{\"serviceLevel\":{\"durationMs\":86400000}}}",
       "voice:20000 callback:1000 chat:30000 email:86400000 message:5"},
      {"{\"call\":{\"serviceLevel\":{\"percentage\":0.8}}}", ""},
      {"{\"call\":{\"serviceLevel\":{\"durationMs\":\"20000\"}}}", ""},
      {"{\"call\":{\"serviceLevel\":{\"durationMs\":null}}}", ""},
      {"{\"call\":{\"serviceLevel\":{\"durationMs\":0}}}", ""},
      {"{\"call\":{\"serviceLevel\":{\"durationMs\":-20000}}}", ""},
      {"{\"call\":{\"serviceLevel\":{\"durationMs\":31622400001}}}", ""},
      {"{\"call\":{\"serviceLevel\":{\"durationMs\":5,\"durationMs\":6}}}",
       "voice:6"},
      {"{\"call\":{\"durationMs\":5}}", ""},
      {"{\"serviceLevel\":{\"durationMs\":5}}", ""},
      {"{\"fax\":{\"serviceLevel\":{\"durationMs\":5}}}", ""},
      {"{\"voice\":{\"serviceLevel\":{\"durationMs\":5}}}", ""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].settings);
    GC_AUTO(gc_buf_clear) struct gc_buf page = {.max = 4096};
    CHECK_INT(gc_buf_print(&page,
                           "{\"entities\":[{\"mediaSettings\":%s,\"id\":"
                           "\"a\"},{\"id\":\"b\"}]}",
                           rows[i].settings),
              GC_OK);
    for (size_t piece = 1; piece <= page.len; piece += page.len - 1) {
      GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 100};
      CHECK_INT(read_in_pieces(&l, page.data, piece, NULL), GC_OK);
      CHECK_INT(l.count, 2);
      CHECK_STR(l.rows[0].detail, rows[i].detail);
      CHECK_STR(l.rows[1].detail, ""); /* no targets of the queue before */
    }
  }
}

static void the_next_page_is_named_or_there_is_none(void) {
  static const struct {
    const char *member;
    bool more;
  } rows[] = {
      {"", false},
      {",\"nextUri\":null", false},
      {",\"nextUri\":\"\"", false},
      {",\"nextUri\":7", false},
      {",\"nextUri\":[\"/n\"]", false},
      {",\"nextUri\":\"/n\"", true},
      {",\"previousUri\":\"/n\"", false},
      {",\"paging\":{\"nextUri\":\"/n\"}", false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].member);
    char page[200];
    snprintf(page, sizeof(page), "{\"entities\":[{\"id\":\"a\"}]%s}",
             rows[i].member);
    GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 100};
    CHECK_INT(read_page(&l, page), GC_OK);
    CHECK_INT(l.more, rows[i].more);
  }
}

static void entities_without_an_id_are_dropped_alone(void) {
  GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 100};
  CHECK_INT(read_page(&l, "{\"entities\":[{\"name\":\"x\"},{\"id\":\"\","
                          "\"name\":\"y\"},{\"id\":null},{\"id\":7},null,"
                          "\"text\",5,[],[{\"id\":\"deep\"}],{},"
                          "{\"id\":\"ok\",\"name\":null},"
                          "{\"id\":\"two\",\"name\":8}]}"),
            GC_OK);
  CHECK_INT(l.count, 2);
  CHECK_STR(l.rows[0].id, "ok");
  CHECK_STR(l.rows[0].name, "");
  CHECK_STR(l.rows[1].id, "two");
  CHECK_STR(l.rows[1].name, "");
}

static void the_last_of_equal_members_counts(void) {
  GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 100};
  CHECK_INT(read_page(&l, "{\"entities\":[{\"id\":\"a\",\"id\":\"b\","
                          "\"name\":\"x\",\"name\":\"y\"}]}"),
            GC_OK);
  CHECK_STR(l.rows[0].id, "b");
  CHECK_STR(l.rows[0].name, "y");
}

static void an_empty_page_is_the_end(void) {
  GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 100};
  CHECK_INT(read_page(&l, "{\"entities\":[],\"nextUri\":\"/n\"}"), GC_OK);
  CHECK_INT(l.count, 0);
  CHECK(!l.more);
  CHECK_INT(read_page(&l, PAGE1), GC_OK);
  CHECK_INT(read_page(&l, "{\"nextUri\":\"/n\"}"), GC_OK);
  CHECK(!l.more);
  CHECK_INT(l.count, 2);
  /* A caller that reads a further page gets its rows. */
  CHECK_INT(read_page(&l, PAGE2), GC_OK);
  CHECK_INT(l.count, 3);
}

static void a_repeated_page_is_an_error_and_dropped(void) {
  GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 100};
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(read_page(&l, PAGE1), GC_OK);
  CHECK_INT(read_in_pieces(&l, PAGE1, 1000, &err), GC_ERR_PARSE);
  CHECK_HAS(err.text, "q1");
  CHECK_INT(l.count, 2);
  CHECK_INT(read_page(&l, PAGE2), GC_OK);
  CHECK_INT(l.count, 3);
}

/* Reads a page of `rows` entities from number `first` on, and `words`. */
static enum gc_code read_rows(struct gc_entity_page *l, int first, int rows,
                              const char *words) {
  char text[8192];
  int len = snprintf(text, sizeof(text), "{\"entities\":[");
  for (int i = first; i < first + rows; i++)
    len += snprintf(text + len, sizeof(text) - (size_t)len,
                    "%s{\"id\":\"q%d\"}", i > first ? "," : "", i);
  snprintf(text + len, sizeof(text) - (size_t)len, "]%s}", words);
  return read_page(l, text);
}

static void a_full_page_without_a_word_about_the_end_is_followed(void) {
  static const struct {
    const char *words;
    int rows;
    bool more, is_guess;
  } rows[] = {
      {"", 100, true, true},
      {"", 25, true, true},
      {"", 99, false, false},
      {"", 0, false, false},
      {",\"total\":250", 100, true, true},
      {",\"total\":100", 100, false, false},
      {",\"pageCount\":1", 100, false, false},
      {",\"pageCount\":1,\"total\":250", 100, false, false},
      {",\"pageCount\":3", 100, true, false},
      {",\"nextUri\":\"/x\"", 100, true, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 1000};
    CHECK_ROW(rows[i].words);
    CHECK_INT(read_rows(&l, 0, rows[i].rows, rows[i].words), GC_OK);
    CHECK_INT(l.count, rows[i].rows);
    CHECK(l.more == rows[i].more);
    CHECK(l.is_guess == rows[i].is_guess);
  }
}

static void guessed_pages_are_read_to_the_end(void) {
  GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 1000};
  CHECK_INT(read_rows(&l, 0, 100, ""), GC_OK);
  CHECK_INT(read_rows(&l, 100, 100, ""), GC_OK);
  CHECK(l.more);
  CHECK_INT(read_rows(&l, 200, 50, ""), GC_OK);
  CHECK(l.more);
  CHECK_INT(read_rows(&l, 250, 0, ""), GC_OK);
  CHECK(!l.more);
  CHECK_INT(l.count, 250);
}

static void a_server_without_pages_repeats_or_refuses_the_guessed_one(void) {
  GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 1000};
  CHECK_INT(read_rows(&l, 0, 50, ""), GC_OK);
  CHECK_INT(read_rows(&l, 0, 50, ""), GC_OK);
  CHECK(!l.more && !l.is_guess);
  CHECK_INT(l.count, 50);
  GC_AUTO(gc_entity_page_clear) struct gc_entity_page refused = {.max = 1000};
  CHECK_INT(read_rows(&refused, 0, 50, ""), GC_OK);
  gc_entity_page_begin(&refused);
  gc_entity_page_give_up(&refused);
  CHECK(!refused.more && !refused.is_guess);
  CHECK_INT(refused.count, 50);
}

static void a_broken_page_is_dropped_and_may_begin_again(void) {
  GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 100};
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(read_page(&l, PAGE1), GC_OK);
  /* The page breaks off after every byte. */
  for (size_t len = 0; len < strlen(PAGE2); len++) {
    gc_entity_page_begin(&l);
    CHECK_INT(gc_entity_page_feed(&l, PAGE2, len, &err), GC_OK);
    if (len % 2 == 0) { /* with and without gc_entity_page_end */
      CHECK_INT(gc_entity_page_end(&l, &err), GC_ERR_PARSE);
      CHECK_INT(l.count, 2);
    }
  }
  gc_entity_page_begin(&l);
  CHECK_INT(
      gc_entity_page_feed(&l, "{\"entities\":[{\"id\":\"x\"},<html>", 31, &err),
      GC_ERR_PARSE);
  CHECK_INT(gc_entity_page_end(&l, &err), GC_ERR_PARSE);
  CHECK_INT(l.count, 2);
  CHECK_INT(read_page(&l, PAGE2), GC_OK);
  CHECK_INT(l.count, 3);
  CHECK_STR(l.rows[2].id, "q3");
}

static void rows_of_an_unfinished_page_are_dropped_at_the_next_begin(void) {
  GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 100};
  CHECK_INT(read_page(&l, PAGE1), GC_OK);
  gc_entity_page_begin(&l);
  CHECK_INT(
      gc_entity_page_feed(&l, "{\"entities\":[{\"id\":\"x\"},{", 25, NULL),
      GC_OK);
  CHECK_INT(l.count, 3);
  CHECK_INT(read_page(&l, PAGE2), GC_OK);
  CHECK_INT(l.count, 3);
  CHECK_STR(l.rows[2].id, "q3");
}

static void a_text_that_is_not_a_page_has_no_rows(void) {
  static const struct {
    const char *page;
    enum gc_code code;
  } rows[] = {
      {"", GC_ERR_PARSE},
      {"<html></html>", GC_ERR_PARSE},
      {"{} {}", GC_ERR_PARSE},
      {"{}", GC_OK},
      {"[]", GC_OK},
      {"null", GC_OK},
      {"[{\"id\":\"a\"}]", GC_OK},
      {"{\"entities\":null}", GC_OK},
      {"{\"entities\":{\"id\":\"a\"}}", GC_OK},
      {"{\"results\":{\"entities\":[{\"id\":\"a\"}]}}", GC_OK},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].page);
    GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 100};
    CHECK_INT(read_page(&l, rows[i].page), rows[i].code);
    CHECK_INT(l.count, 0);
    CHECK(!l.more);
  }
}

static void more_entities_than_the_limit_are_refused(void) {
  GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 2};
  struct gc_err err = {.code = GC_OK};
  CHECK_INT(read_page(&l, PAGE1), GC_OK);
  CHECK_INT(read_in_pieces(&l, PAGE2, 10, &err), GC_ERR_LIMIT);
  CHECK_HAS(err.text, "2");
  gc_entity_page_begin(&l);
  CHECK_INT(l.count, 2);
}

static void many_rows_keep_their_order(void) {
  GC_AUTO(gc_entity_page_clear) struct gc_entity_page l = {.max = 100000};
  for (int p = 0; p < 50; p++) {
    char row[64];
    gc_entity_page_begin(&l);
    CHECK_INT(gc_entity_page_feed(&l, "{\"entities\":[", 13, NULL), GC_OK);
    for (int i = 0; i < 100; i++) {
      int len = snprintf(row, sizeof(row), "%s{\"id\":\"q%d\"}",
                         i > 0 ? "," : "", p * 100 + i);
      CHECK_INT(gc_entity_page_feed(&l, row, (size_t)len, NULL), GC_OK);
    }
    CHECK_INT(gc_entity_page_feed(&l, "]}", 2, NULL), GC_OK);
    CHECK_INT(gc_entity_page_end(&l, NULL), GC_OK);
  }
  CHECK_INT(l.count, 5000);
  CHECK_STR(l.rows[4999].id, "q4999");
}

static void clear_forgets_all_but_the_limit(void) {
  struct gc_entity_page l = {.max = 2};
  CHECK_INT(read_page(&l, PAGE1), GC_OK);
  gc_entity_page_clear(&l);
  CHECK_INT(l.count, 0);
  CHECK_INT(l.max, 2);
  CHECK_INT(read_page(&l, PAGE1), GC_OK);
  CHECK_INT(l.count, 2);
  gc_entity_page_clear(&l);
  gc_entity_page_clear(&l);
  gc_entity_page_clear(NULL);
}

int main(void) {
  RUN(pages_add_up_for_every_split);
  RUN(members_come_in_any_order);
  RUN(presences_have_a_system_presence_and_no_pages);
  RUN(a_queues_targets_are_its_detail);
  RUN(the_next_page_is_named_or_there_is_none);
  RUN(entities_without_an_id_are_dropped_alone);
  RUN(the_last_of_equal_members_counts);
  RUN(an_empty_page_is_the_end);
  RUN(a_repeated_page_is_an_error_and_dropped);
  RUN(a_full_page_without_a_word_about_the_end_is_followed);
  RUN(guessed_pages_are_read_to_the_end);
  RUN(a_server_without_pages_repeats_or_refuses_the_guessed_one);
  RUN(a_broken_page_is_dropped_and_may_begin_again);
  RUN(rows_of_an_unfinished_page_are_dropped_at_the_next_begin);
  RUN(a_text_that_is_not_a_page_has_no_rows);
  RUN(more_entities_than_the_limit_are_refused);
  RUN(many_rows_keep_their_order);
  RUN(clear_forgets_all_but_the_limit);
  return check_done();
}
