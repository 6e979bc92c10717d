/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/inbox.h"

#include "tests/support/check.h"

static const char key[] = "h\0p\0i\0t\0ti\0hash";

static struct influx_sample sample_of(int64_t n) {
  struct influx_sample s = {.key = key,
                            .key_len = sizeof(key),
                            .parts = "queue_id=q\n",
                            .time_ns = n,
                            .count = 2};
  s.sources[0] = (struct influx_source){"rx", INFLUX_REAL, {.real = 0.5}};
  s.sources[1] = (struct influx_source){"tx", INFLUX_INT, {.integer = n}};
  return s;
}

static void samples_come_out_as_they_went_in(void) {
  struct influx_inbox in;
  struct gc_buf taken = {.max = 1};
  struct influx_sample got;
  size_t at = 0;
  influx_inbox_init(&in);
  for (int n = 0; n < 3; n++) {
    struct influx_sample s = sample_of(n);
    CHECK_INT(influx_inbox_put(&in, &s), n == 0); /* wakes once */
  }
  influx_inbox_take(&in, &taken);
  for (int n = 0; n < 3; n++) {
    CHECK(influx_inbox_next(&taken, &at, &got));
    CHECK(got.key_len == sizeof(key) && memcmp(got.key, key, sizeof(key)) == 0);
    CHECK_STR(got.parts, "queue_id=q\n");
    CHECK_INT(got.time_ns, n);
    CHECK_INT(got.count, 2);
    CHECK_STR(got.sources[0].name, "rx");
    CHECK_REAL(got.sources[0].value.real, 0.5);
    CHECK_STR(got.sources[1].name, "tx");
    CHECK_INT(got.sources[1].value.integer, n);
  }
  CHECK(!influx_inbox_next(&taken, &at, &got));
  gc_buf_clear(&taken);
  influx_inbox_clear(&in);
}

static void a_full_inbox_counts_and_keeps_what_it_has(void) {
  struct influx_inbox in;
  struct gc_buf taken = {.max = 1};
  struct influx_sample s = sample_of(1);
  size_t at = 0, count = 0;
  influx_inbox_init(&in);
  while (in.lost < 10)
    (void)influx_inbox_put(&in, &s);
  CHECK(in.bytes.len <= INFLUX_INBOX_MAX);
  influx_inbox_take(&in, &taken);
  while (influx_inbox_next(&taken, &at, &s))
    count++;
  CHECK_INT(count, in.received);
  CHECK(count > 50000);
  s = sample_of(2);
  CHECK(influx_inbox_put(&in, &s));
  gc_buf_clear(&taken);
  influx_inbox_clear(&in);
}

int main(void) {
  RUN(samples_come_out_as_they_went_in);
  RUN(a_full_inbox_counts_and_keeps_what_it_has);
  return check_done();
}
