/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/lines/join.h"

#include <math.h>

#include "tests/support/check.h"

static char head[] = "m,t=1", other_head[] = "m,t=2";
static char field_a[] = "a", field_b[] = "b";

/* Adds field=1i of `name` at `time_ns`, when it is `now_ms`. */
static void add_field(struct influx_join *j, char *name, char *field,
                      int64_t time_ns, uint64_t now_ms) {
  struct influx_point point = {
      .head = name, .head_len = 5, .field = field, .kind = INFLUX_INT};
  struct influx_sample sample = {.time_ns = time_ns, .count = 1};
  sample.sources[0].value.integer = 1;
  CHECK_INT(influx_join_add(j, &sample, &point, now_ms), GC_OK);
}

static const char *take_lines(struct influx_join *j, uint64_t now_ms,
                              size_t max) {
  static struct gc_buf out = {.max = 1 << 16};
  gc_buf_reset(&out);
  (void)influx_join_take(j, now_ms, max, &out);
  return gc_buf_string(&out);
}

static void values_of_one_time_and_tag_set_are_one_line(void) {
  struct influx_join *j = influx_join_new();
  add_field(j, head, field_a, 5, 1000);
  add_field(j, other_head, field_a, 5, 1000);
  add_field(j, head, field_b, 6, 1000);
  add_field(j, head, field_b, 5, 1199);
  CHECK_INT(influx_join_count(j), 3);
  CHECK_INT(influx_join_due_ms(j), 1200);
  CHECK_STR(take_lines(j, 1199, 100), "");
  CHECK_STR(take_lines(j, 1200, 100),
            "m,t=1 a=1i,b=1i 5\nm,t=2 a=1i 5\nm,t=1 b=1i 6\n");
  CHECK_INT(influx_join_due_ms(j), 0);
  add_field(j, head, field_b, 5, 1300); /* too late */
  CHECK_STR(take_lines(j, 1500, 100), "m,t=1 b=1i 5\n");
  influx_join_free(j);
}

static void a_field_that_comes_twice_begins_a_new_line(void) {
  struct influx_join *j = influx_join_new();
  add_field(j, head, field_a, 5, 1000);
  add_field(j, head, field_a, 5, 1000);
  add_field(j, head, field_b, 5, 1000);
  CHECK_STR(take_lines(j, 2000, 100), "m,t=1 a=1i 5\nm,t=1 a=1i,b=1i 5\n");
  influx_join_free(j);
}

static void many_lines_leave_in_their_order(void) {
  struct influx_join *j = influx_join_new();
  char want[32];
  for (int i = 0; i < 5000; i++)
    add_field(j, head, field_a, i, 1000);
  for (int i = 0; i < 5000; i++)
    add_field(j, head, field_b, i, 1000);
  CHECK_INT(influx_join_count(j), 5000);
  for (int i = 0; i < 5000; i++) {
    snprintf(want, sizeof(want), "m,t=1 a=1i,b=1i %d\n", i);
    CHECK_STR(take_lines(j, 1200, 1), want);
  }
  influx_join_free(j);
}

static void a_counter_that_no_integer_holds_is_left_out_and_counted(void) {
  struct influx_join *j = influx_join_new();
  struct influx_point points[] = {
      {.head = head, .head_len = 5, .field = field_a, .kind = INFLUX_UINT},
      {.head = head, .head_len = 5, .field = field_b, .kind = INFLUX_REAL}};
  struct influx_sample sample = {.time_ns = 5, .count = 2};
  sample.sources[0].value.counter = UINT64_MAX;
  sample.sources[1].value.real = NAN;
  CHECK_INT(influx_join_add(j, &sample, points, 1000), GC_OK);
  sample.sources[1].value.real = 1.5;
  CHECK_INT(influx_join_add(j, &sample, points, 1000), GC_OK);
  CHECK_STR(take_lines(j, 2000, 100), "m,t=1 b=1.5 5\n");
  CHECK_INT(influx_join_too_large(j), 2);
  influx_join_free(j);
}

int main(void) {
  RUN(values_of_one_time_and_tag_set_are_one_line);
  RUN(a_field_that_comes_twice_begins_a_new_line);
  RUN(many_lines_leave_in_their_order);
  RUN(a_counter_that_no_integer_holds_is_left_out_and_counted);
  return check_done();
}
