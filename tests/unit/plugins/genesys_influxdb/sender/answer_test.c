/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/answer.h"

#include "tests/support/check.h"

static struct influx_decision decide_answer(enum gc_failure failure, int status,
                                            const char *body) {
  GC_AUTO(gc_buf_clear) struct gc_buf text = {.max = 1000};
  CHECK_INT(gc_buf_text(&text, body), GC_OK);
  struct gc_reply reply = {.failure = failure, .status = status, .body = text};
  return influx_decide(&reply);
}

static void each_answer_has_its_action(void) {
  static const struct {
    enum gc_failure failure;
    int status;
    const char *body;
    enum influx_action action;
    enum gc_code code;
    bool names_line;
  } rows[] = {
      {0, 204, "", INFLUX_ACCEPTED, GC_OK, false},
      {0, 200, "<!doctype html>", INFLUX_PAUSE_LONG, GC_ERR_REQUEST, false},
      {GC_FAILURE_LIMIT, 200, "<!doctype html>", INFLUX_PAUSE_LONG,
       GC_ERR_REQUEST, false},
      {0, 201, "{\"error\":\"partial write\"}", INFLUX_SPLIT, GC_ERR_REQUEST,
       true},
      {0, 201, "created", INFLUX_SPLIT, GC_ERR_REQUEST, false},
      {0, 202, "", INFLUX_PAUSE_LONG, GC_ERR_REQUEST, false},
      {0, 205, "", INFLUX_PAUSE_LONG, GC_ERR_REQUEST, false},
      {0, 299, "", INFLUX_PAUSE_LONG, GC_ERR_REQUEST, false},
      {GC_FAILURE_BROKEN, 204, "", INFLUX_PAUSE, GC_ERR_NETWORK, false},
      {GC_FAILURE_CONNECT, 0, "", INFLUX_PAUSE, GC_ERR_NETWORK, false},
      {GC_FAILURE_TLS, 0, "", INFLUX_PAUSE, GC_ERR_TLS, false},
      {GC_FAILURE_TIMEOUT, 0, "", INFLUX_PAUSE, GC_ERR_TIMEOUT, false},
      {GC_FAILURE_LOCAL, 0, "", INFLUX_PAUSE, GC_ERR_CONFIG, false},
      {0, 302, "", INFLUX_PAUSE_LONG, GC_ERR_REQUEST, false},
      {0, 400, "{\"error\":\"partial write: field type conflict\"}",
       INFLUX_SPLIT, GC_ERR_REQUEST, true},
      {0, 400, "{\"error\":\"unable to parse 'x': missing fields\"}",
       INFLUX_SPLIT, GC_ERR_REQUEST, true},
      {0, 400, "<html>Bad Request</html>", INFLUX_SPLIT, GC_ERR_REQUEST, false},
      {0, 401, "", INFLUX_PAUSE_LONG, GC_ERR_AUTH, false},
      {0, 403, "", INFLUX_PAUSE_LONG, GC_ERR_PERMISSION, false},
      {0, 404, "", INFLUX_PAUSE_LONG, GC_ERR_NOT_FOUND, false},
      {0, 405, "", INFLUX_PAUSE_LONG, GC_ERR_REQUEST, false},
      {0, 413, "", INFLUX_SPLIT, GC_ERR_LIMIT, true},
      {0, 422, "{\"message\":\"partial write\"}", INFLUX_SPLIT, GC_ERR_REQUEST,
       true},
      {0, 429, "", INFLUX_PAUSE, GC_ERR_THROTTLED, false},
      {GC_FAILURE_BROKEN, 429, "", INFLUX_PAUSE, GC_ERR_THROTTLED, false},
      {0, 500, "", INFLUX_PAUSE, GC_ERR_REMOTE, false},
      {0, 503, "", INFLUX_PAUSE, GC_ERR_REMOTE, false},
      /* InfluxDB 2.0 */
      {0, 500,
       "{\"code\":\"internal error\",\"message\":\"unexpected error writing "
       "points to database: partial write: field type conflict: input field "
       "\\\"value\\\" on measurement \\\"m\\\" is type float, already exists "
       "as type integer dropped=1\"}",
       INFLUX_SPLIT, GC_ERR_REQUEST, true},
      {0, 502,
       "{\"error\":\"partial write: points beyond retention policy "
       "dropped=5\"}",
       INFLUX_SPLIT, GC_ERR_REQUEST, true},
      {0, 500, "{\"error\":\"partial write\"}", INFLUX_PAUSE, GC_ERR_REMOTE,
       false},
      {0, 503, "{\"error\":\"timeout\"}", INFLUX_PAUSE, GC_ERR_REMOTE, false},
      {0, 999, "", INFLUX_PAUSE, GC_ERR_PARSE, false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char row[32];
    snprintf(row, sizeof(row), "%d/%d", rows[i].failure, rows[i].status);
    CHECK_ROW(row);
    struct influx_decision d =
        decide_answer(rows[i].failure, rows[i].status, rows[i].body);
    CHECK_INT(d.action, rows[i].action);
    CHECK_INT(d.code, rows[i].code);
    CHECK_INT(d.names_line, rows[i].names_line);
  }
}

static void words_are_the_message_alone(void) {
  static const struct {
    const char *body, *words;
  } rows[] = {
      {"{\"error\":\"partial write: dropped=1\"}\n",
       "partial write: dropped=1"},
      {"{\"code\": \"invalid\", \"message\": \"bad \\\"x\\\"\"}", "bad \"x\""},
      {"{\"error\":\"path C:\\\\\",\"code\":\"invalid\"}", "path C:\\"},
      {"{\"error\":\"line 1\\nline 2 \\u00e9\"}", "line 1 line 2 \xc3\xa9"},
      {"{\"message\":\"outer\",\"data\":{\"error\":\"inner\"}}", "outer"},
      {"{\"data\":[{\"error\":\"inner\"}],\"error\":\"outer\"}", "outer"},
      {"{\"code\":\"error\", \"message\":\"not found\"}", "not found"},
      {"{\"error\":null,\"message\":\"m\"}", "m"},
      {"{\"error\":\"cut \\\"wi", "cut \"wi"},
      {"{\"error\":\"whole\",\"data\":[{\"li", "whole"},
      {"{\"code\":\"broken, \"error\":\"x\"}",
       "{\"code\":\"broken, \"error\":\"x\"}"},
      {"bucket not found\n", "bucket not found"},
      {"{\"error\":7}", "{\"error\":7}"},
      {"", ""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 1000};
    char words[64];
    CHECK_ROW(rows[i].body);
    CHECK_INT(gc_buf_text(&body, rows[i].body), GC_OK);
    influx_answer_words(&body, words, sizeof(words));
    CHECK_STR(words, rows[i].words);
  }
}

int main(void) {
  RUN(each_answer_has_its_action);
  RUN(words_are_the_message_alone);
  return check_done();
}
