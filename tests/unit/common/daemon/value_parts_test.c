/* SPDX-License-Identifier: MIT */
#include "common/daemon/value_parts.h"

#include "collectd.h"
#include "plugin.h"

#include "common/daemon/emit.h"
#include "tests/support/check.h"
#include "tests/support/fake_daemon.h"

static const value_list_t *emit_with(const char *parts) {
  struct gc_sample s = {.metric = GC_METRIC_QUEUE_METRIC,
                        .instance = "Sales",
                        .qualifier = "nOffered-voice-a-b-c",
                        .parts = parts,
                        .values = {{.derive = 1}},
                        .interval_ms = 10000};
  CHECK_INT(gc_emit("h", &s), GC_OK);
  return fake_value(fake_value_count() - 1);
}

/* Meta data cost allocations, so a writer that uses them enables them. This
 * test comes first: a process that has enabled them never disables them. */
static void no_parts_are_attached_unless_a_writer_enables_them(void) {
  CHECK(emit_with("queue_id=q1\n")->meta == NULL);
  gc_value_parts_enable();
  CHECK(emit_with("queue_id=q1\n")->meta != NULL);
  CHECK(emit_with(NULL)->meta == NULL);
  CHECK(emit_with("")->meta == NULL);
}

static void parts_arrive_as_they_were_sent(void) {
  char parts[GC_PARTS_SIZE];
  gc_value_parts(emit_with("queue_id=q1\ndirection=a-b\n"), parts);
  CHECK_STR(parts, "queue_id=q1\ndirection=a-b\n");
  gc_value_parts(emit_with(NULL), parts);
  CHECK_STR(parts, "");
}

static void one_identity_with_other_parts_is_another_series(void) {
  char one[GC_VALUE_KEY_SIZE], two[GC_VALUE_KEY_SIZE], again[GC_VALUE_KEY_SIZE];
  size_t len = gc_value_key(emit_with("a=a-b\nb=c\n"), one);
  CHECK_INT(gc_value_key(emit_with("a=a\nb=b-c\n"), two), len);
  CHECK_INT(gc_value_key(emit_with("a=a-b\nb=c\n"), again), len);
  CHECK(memcmp(one, two, len) != 0);
  CHECK(memcmp(one, again, len) == 0);
  CHECK_STR(one, "h");
  CHECK_STR(one + 2, "genesys");
}

static void a_data_source_is_described(void) {
  struct gc_export_identity id;
  const value_list_t *vl = emit_with("a=b\n");
  gc_value_identity(plugin_get_ds("queue_metric"), vl, 0, "a=b\n", &id);
  CHECK_STR(id.plugin_instance, "Sales");
  CHECK_STR(id.source, "value");
  CHECK(id.is_only_source && id.is_counter);
  gc_value_identity(plugin_get_ds("queue_interval_duration"), vl, 1, NULL, &id);
  CHECK_STR(id.source, "min");
  CHECK(!id.is_only_source && !id.is_counter);
}

static void whole_milliseconds_stay_whole(void) {
  value_list_t vl = {.time = MS_TO_CDTIME_T(UINT64_C(1700000000123))};
  CHECK_INT(gc_value_time_ns(&vl), UINT64_C(1700000000123000000));
  vl.time = NS_TO_CDTIME_T(UINT64_C(1700000000123456789));
  uint64_t ns = gc_value_time_ns(&vl);
  CHECK(ns >= UINT64_C(1700000000123456788) &&
        ns <= UINT64_C(1700000000123456790));
}

int main(void) {
  fake_reset();
  CHECK_INT(gc_emit_register(NULL), GC_OK);
  RUN(no_parts_are_attached_unless_a_writer_enables_them);
  RUN(parts_arrive_as_they_were_sent);
  RUN(one_identity_with_other_parts_is_another_series);
  RUN(a_data_source_is_described);
  RUN(whole_milliseconds_stay_whole);
  fake_reset();
  return check_done();
}
