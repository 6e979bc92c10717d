/* SPDX-License-Identifier: MIT */
#include "common/genesys/channel_id.h"

#include "tests/support/check.h"

static enum gc_code parse_channel(const char *body, struct gc_channel_id *id,
                                  int64_t *expires_ms) {
  struct gc_err err = {.code = GC_OK, .text = ""};
  enum gc_code code =
      gc_channel_id_parse(body, strlen(body), id, expires_ms, &err);
  CHECK(code == GC_OK || err.text[0] != '\0');
  CHECK(strstr(err.text, "s3cr3t") == NULL);
  return code;
}

/* The sample of the API's announcement. */
static void the_documented_answer_is_read(void) {
  struct gc_channel_id id = {.id = NULL};
  int64_t expires_ms = -1;
  CHECK_INT(parse_channel(
                "{\"connectUri\":\"wss://streaming.mypurecloud.com/channels/"
                "streaming-0-fmtd\",\"id\":\"streaming-0-fmtd\",\"expires\":"
                "\"2020-08-12T12:41:54.707Z\"}",
                &id, &expires_ms),
            GC_OK);
  CHECK_STR(id.id, "streaming-0-fmtd");
  CHECK_STR(id.uri, "wss://streaming.mypurecloud.com/channels/"
                    "streaming-0-fmtd");
  CHECK_INT(expires_ms, 1597236114707);
  gc_channel_id_clear(&id);
  gc_channel_id_clear(&id);
}

static void an_expiry_that_cannot_be_read_counts_as_absent(void) {
  static const char *const rows[] = {
      "{\"connectUri\":\"wss://a\",\"id\":\"b\"}",
      "{\"connectUri\":\"wss://a\",\"id\":\"b\",\"expires\":\"soon\"}",
      "{\"connectUri\":\"wss://a\",\"id\":\"b\",\"expires\":7}"};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_channel_id id = {.id = NULL};
    int64_t expires_ms = -1;
    CHECK_ROW(rows[i]);
    CHECK_INT(parse_channel(rows[i], &id, &expires_ms), GC_OK);
    CHECK_INT(expires_ms, 0);
    gc_channel_id_clear(&id);
  }
}

static void an_answer_that_cannot_be_used_is_refused_and_not_shown(void) {
  static const char *const rows[] = {
      "",
      "[]",
      "{\"id\":\"a\"}",
      "{\"connectUri\":\"wss://s3cr3t\"}",
      "{\"connectUri\":\"wss://s3cr3t\",\"id\":\"\"}",
      "{\"connectUri\":\"\",\"id\":\"a\"}",
      "{\"connectUri\":\"wss://s3cr3t\",\"id\":\"a/../b\"}",
      "{\"connectUri\":\"wss://s3cr3t\",\"id\":\"..\"}",
      "{\"connectUri\":\"wss://s3cr3t\",\"id\":\"a?b\"}",
      "{\"connectUri\":\"wss://s3cr3t\",\"id\":\"a\\r\\nb\"}",
      "{\"connectUri\":\"wss://s3cr3t x\",\"id\":\"a\"}",
      "{\"connectUri\":\"wss://s3cr3t\\n\",\"id\":\"a\"}",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_channel_id id = {.id = NULL};
    int64_t expires_ms = -1;
    CHECK_ROW(rows[i]);
    CHECK_INT(parse_channel(rows[i], &id, &expires_ms), GC_ERR_PARSE);
    CHECK(id.id == NULL && id.uri == NULL && expires_ms == -1);
  }
}

static void a_written_identity_is_read_again(void) {
  GC_AUTO(gc_buf_wipe) struct gc_buf text = {.max = GC_CHANNEL_TEXT_MAX};
  struct gc_channel_id id = {.id = (char *)"a-1",
                             .uri = (char *)"wss://h/x?y=%20"};
  struct gc_channel_id again = {.id = NULL};
  CHECK_INT(gc_channel_id_write(&id, &text), GC_OK);
  CHECK_INT(gc_channel_id_read(text.data, &again), GC_OK);
  CHECK_STR(again.id, id.id);
  CHECK_STR(again.uri, id.uri);
  CHECK_INT(again.life_ms, 0);
  gc_channel_id_clear(&again);
  id.life_ms = 86400000;
  gc_buf_wipe(&text);
  CHECK_INT(gc_channel_id_write(&id, &text), GC_OK);
  CHECK_STR(gc_buf_string(&text), "a-1 wss://h/x?y=%20 86400000");
  CHECK_INT(gc_channel_id_read(text.data, &again), GC_OK);
  CHECK_STR(again.uri, id.uri);
  CHECK_INT(again.life_ms, 86400000);
  gc_channel_id_clear(&again);
  CHECK_INT(gc_channel_id_read("a b ", &again), GC_ERR_PARSE);
  CHECK_INT(gc_channel_id_read("a b 1x", &again), GC_ERR_PARSE);
  CHECK_INT(gc_channel_id_read("a b 1 2", &again), GC_ERR_PARSE);
  CHECK_INT(gc_channel_id_read("a b 1234567890", &again), GC_ERR_PARSE);
  CHECK_INT(gc_channel_id_read("", &again), GC_ERR_PARSE);
  CHECK_INT(gc_channel_id_read("a", &again), GC_ERR_PARSE);
  CHECK_INT(gc_channel_id_read("a ", &again), GC_ERR_PARSE);
  CHECK_INT(gc_channel_id_read("a/b c", &again), GC_ERR_PARSE);
}

int main(void) {
  RUN(the_documented_answer_is_read);
  RUN(an_expiry_that_cannot_be_read_counts_as_absent);
  RUN(an_answer_that_cannot_be_used_is_refused_and_not_shown);
  RUN(a_written_identity_is_read_again);
  return check_done();
}
