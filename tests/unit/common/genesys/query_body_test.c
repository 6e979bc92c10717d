/* SPDX-License-Identifier: MIT */
#include "common/genesys/query_body.h"

#include "tests/support/check.h"

static void a_filter_matches_any_of_the_ids(void) {
  static const char *const ids[] = {"q1", "q\"2"};
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1024};
  GC_AUTO(gc_document_clear) struct gc_document d = {.root = NULL};
  struct json_object *body = gc_document_add_object(&d, NULL, NULL);
  gc_query_body_add_filter(&d, body, "queueId", ids, GC_COUNT(ids));
  CHECK_INT(gc_document_write(&d, &out, NULL), GC_OK);
  CHECK_STR(out.data, "{\"filter\":{\"type\":\"or\",\"predicates\":["
                      "{\"type\":\"dimension\",\"dimension\":\"queueId\","
                      "\"operator\":\"matches\",\"value\":\"q1\"},"
                      "{\"type\":\"dimension\",\"dimension\":\"queueId\","
                      "\"operator\":\"matches\",\"value\":\"q\\\"2\"}]}}");
}

static void a_list_keeps_its_order_and_may_be_empty(void) {
  static const char *const texts[] = {"tTalk", "nOffered"};
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1024};
  GC_AUTO(gc_document_clear) struct gc_document d = {.root = NULL};
  struct json_object *body = gc_document_add_object(&d, NULL, NULL);
  gc_query_body_add_list(&d, body, "metrics", texts, GC_COUNT(texts));
  gc_query_body_add_list(&d, body, "where", NULL, 0);
  CHECK_INT(gc_document_write(&d, &out, NULL), GC_OK);
  CHECK_STR(out.data, "{\"metrics\":[\"tTalk\",\"nOffered\"],\"where\":[]}");
}

int main(void) {
  RUN(a_filter_matches_any_of_the_ids);
  RUN(a_list_keeps_its_order_and_may_be_empty);
  return check_done();
}
