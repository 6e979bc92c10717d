/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/conflict.h"

#include "tests/support/check.h"

/* Answers of InfluxDB 1.6 and 2.7. */
#define CONFLICT(field, measurement, type)                                     \
  "partial write: field type conflict: input field \\\"" field                 \
  "\\\" on measurement \\\"" measurement "\\\" is type " type                  \
  ", already exists as type integer"

static struct influx_refusal refusal;

static const struct influx_refusal *read_refusal(const char *body) {
  GC_AUTO(gc_buf_clear) struct gc_buf text = {.max = 100000};
  CHECK_INT(gc_buf_text(&text, body), GC_OK);
  influx_refusal_read(&text, &refusal);
  return &refusal;
}

static bool read_body(const char *body, struct influx_conflict *ret) {
  *ret = read_refusal(body)->conflict;
  return refusal.has_conflict;
}

static uint64_t count_dropped(const char *body) {
  return read_refusal(body)->dropped;
}

#define ENTRY(number)                                                          \
  "{\"original_line\":\"m v=1i 1\",\"line_number\":" #number                   \
  ",\"error_message\":\"invalid column type for column 'v', expected "         \
  "iox::column_type::field::float, got iox::column_type::field::integer\"}"
#define LISTED(entries)                                                        \
  "{\"error\":\"partial write of line protocol occurred\",\"data\":[" entries  \
  "]}"

static void influxdb_3_lists_the_lines(void) {
  static const struct {
    const char *body;
    size_t count;
    unsigned last;
  } rows[] = {
      {LISTED(ENTRY(2)), 1, 2},
      {LISTED(ENTRY(1) "," ENTRY(7)), 2, 7},
      {LISTED(""), 0, 0},
      {LISTED(ENTRY(7) "," ENTRY(7)), 0, 0},
      {LISTED(ENTRY(0)), 0, 0},
      {LISTED("{\"error_message\":\"no number\"}"), 0, 0},
      {"{\"error\":\"partial write of line protocol occurred\"}", 0, 0},
      {"{\"data\":[" ENTRY(2) "]}", 0, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].body);
    const struct influx_refusal *r = read_refusal(rows[i].body);
    CHECK_INT(r->number_count, rows[i].count);
    if (rows[i].count > 0)
      CHECK_INT(r->numbers[r->number_count - 1], rows[i].last);
  }
}

static void an_answer_names_measurement_field_and_type(void) {
  static const struct {
    const char *body, *measurement, *field;
    enum influx_type type;
    unsigned dropped;
  } rows[] = {
      {"{\"error\":\"" CONFLICT("value", "m", "float") " dropped=3\"}\n", "m",
       "value", INFLUX_TYPE_FLOAT, 3},
      {"{\"code\":\"unprocessable entity\",\"message\":\"failure writing "
       "points to database: " CONFLICT("v", "m", "integer") " dropped=11\"}",
       "m", "v", INFLUX_TYPE_INTEGER, 11},
      {"{\"error\":\"" CONFLICT("v=,w x\\\"y\\u003c",
                                "m,a b\\\\xq\\\"u\\u003c\\u003e\u00e9",
                                "boolean") " dropped=1\"}",
       "m,a b\\xq\"u<>\u00e9", "v=,w x\"y<", INFLUX_TYPE_BOOLEAN, 1},
      {"{\"error\":\"" CONFLICT("v", "m", "string") "\"}", "m", "v",
       INFLUX_TYPE_STRING, 0},
      {"{\"error\":\"" CONFLICT("v", "m", "unsigned") " dropped=x\"}", "m", "v",
       INFLUX_TYPE_UNSIGNED, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct influx_conflict c;
    CHECK_ROW(rows[i].body);
    CHECK(read_body(rows[i].body, &c));
    CHECK_STR(c.measurement, rows[i].measurement);
    CHECK_STR(c.field, rows[i].field);
    CHECK_INT(c.type, rows[i].type);
    CHECK_INT(count_dropped(rows[i].body), rows[i].dropped);
  }
}

static void any_partial_write_counts_its_lines(void) {
  static const struct {
    const char *body;
    unsigned dropped;
  } rows[] = {
      {"{\"error\":\"partial write: points beyond retention policy "
       "dropped=2\"}\n",
       2},
      {"{\"code\":\"unprocessable entity\",\"message\":\"failure writing "
       "points to database: partial write: points beyond retention policy "
       "dropped=500\"}",
       500},
      {"{\"error\":\"partial write: field dropped=7 dropped=3\"}", 3},
      {"{\"error\":\"partial write: unable to parse 'm, dropped=9' x\"}", 0},
      {"{\"error\":\"unable to parse 'm dropped=1': bad dropped=1\"}", 0},
      {"{\"error\":\"partial write: x dropped=-1\"}", 0},
      {"partial write: x dropped=1", 0},
      {"", 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].body);
    CHECK_INT(count_dropped(rows[i].body), rows[i].dropped);
  }
}

static void other_answers_name_no_conflict(void) {
  static const char *const rows[] = {
      "",
      "<html>Bad Request</html>",
      CONFLICT("v", "m", "float"),
      "{\"error\":7}",
      "{\"error\":\"partial write: field type conflict dropped=1\"}",
      "{\"error\":\"partial write: field type conflict: input field "
      "\\\"v\\\"\"}",
      "{\"error\":\"" CONFLICT("v", "m", "complex") "\"}",
      "{\"error\":\"partial write: points beyond retention policy dropped=2\"}",
      "{\"error\":\"unable to parse 'm v=5u 1': invalid number\"}",
  };
  struct influx_conflict c;
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    CHECK(!read_body(rows[i], &c));
  }
  char name[INFLUX_CONFLICT_NAME_SIZE + 1], body[2000];
  memset(name, 'x', sizeof(name) - 1);
  name[sizeof(name) - 1] = '\0';
  for (int is_short = 0; is_short < 2; is_short++) {
    snprintf(body, sizeof(body),
             "{\"error\":\"" CONFLICT("v", "%s", "float") "\"}",
             name + is_short);
    CHECK_INT(read_body(body, &c), is_short);
  }
}

static void a_line_has_the_conflict_or_not(void) {
  static const struct {
    const char *line;
    bool has;
  } rows[] = {
      {"m,a v=1 17\n", true},
      {"m,a v=1.5e3 17\n", true},
      {"m,a v=-1", true},
      {"m,a w=1,v=1 17\n", true},
      {"m,a v=1,w=1i 17\n", true},
      {"m,a,h=a\\ b,c=\\, v=1 17\n", true},
      {"m,a w=\"v=1i, v=1\",v=1 17\n", true},
      {"m,a w=\"\\\",v=1 \\\\\",v=1 17\n", true},
      {"m,a v=1i 17\n", false},
      {"m,a v=1u 17\n", false},
      {"m,a v=t 17\n", false},
      {"m,a v=False 17\n", false},
      {"m,a v=\"1\" 17\n", false},
      {"m,a w=1 17\n", false},
      {"m,a w=1,vv=1,v\\ =1 17\n", false},
      {"m,a w=\"v=1,v=1\",x=2 17\n", false},
      {"m,v=1 w=1 17\n", false},
      {"mm,a v=1 17\n", false},
      {"m\\,a v=1 17\n", false},
      {"m\\ a v=1 17\n", false},
      {"m", false},
      {"m v", false},
      {"\n", false},
      {"", false},
  };
  struct influx_conflict c = {
      .measurement = "m", .field = "v", .type = INFLUX_TYPE_FLOAT};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].line);
    CHECK_INT(influx_conflict_has(&c, rows[i].line, strlen(rows[i].line)),
              rows[i].has);
  }
}

static void each_type_and_escape_is_known(void) {
  static const struct {
    const char *line;
    enum influx_type type;
  } rows[] = {
      {"m\\,a\\ b\\x,t=1 v\\=\\,w\\ x\\y=1", INFLUX_TYPE_FLOAT},
      {"m\\,a\\ b\\x v\\=\\,w\\ x\\y=1i 17\n", INFLUX_TYPE_INTEGER},
      {"m\\,a\\ b\\x v\\=\\,w\\ x\\y=1u 17\n", INFLUX_TYPE_UNSIGNED},
      {"m\\,a\\ b\\x v\\=\\,w\\ x\\y=true 17\n", INFLUX_TYPE_BOOLEAN},
      {"m\\,a\\ b\\x v\\=\\,w\\ x\\y=\"i\" 17\n", INFLUX_TYPE_STRING},
  };
  struct influx_conflict c = {.measurement = "m,a b\\x", .field = "v=,w x\\y"};
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    for (int type = 0; type < INFLUX_TYPE_COUNT; type++) {
      CHECK_ROW(rows[i].line);
      c.type = (enum influx_type)type;
      CHECK_INT(influx_conflict_has(&c, rows[i].line, strlen(rows[i].line)),
                c.type == rows[i].type);
    }
}

int main(void) {
  RUN(influxdb_3_lists_the_lines);
  RUN(an_answer_names_measurement_field_and_type);
  RUN(any_partial_write_counts_its_lines);
  RUN(other_answers_name_no_conflict);
  RUN(a_line_has_the_conflict_or_not);
  RUN(each_type_and_escape_is_known);
  return check_done();
}
