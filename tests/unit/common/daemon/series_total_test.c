/* SPDX-License-Identifier: MIT */
#include "common/daemon/series_total.h"

#include "common/daemon/emit.h"
#include "tests/support/check.h"
#include "tests/support/fake_daemon.h"

static void emit_count(enum gc_metric_id metric, const char *instance,
                       const char *qualifier, double value) {
  struct gc_sample s = {.metric = metric,
                        .instance = instance,
                        .qualifier = qualifier,
                        .values = {{.gauge = value}}};
  CHECK_INT(gc_emit("h", &s), GC_OK);
}

static void the_newest_count_of_each_block_is_added(void) {
  CHECK_INT(gc_series_total(), 0);
  emit_count(GC_METRIC_SERIES, "queues-a", "", 5000);
  emit_count(GC_METRIC_SERIES, "queues-b", "", 6000);
  emit_count(GC_METRIC_SERIES, "flows-a", "observations", 10);
  emit_count(GC_METRIC_QUEUE_DEPTH, "queues-c", "", 7000);
  CHECK_INT(gc_series_total(), 11010);
  emit_count(GC_METRIC_SERIES, "queues-a", "", 1);
  CHECK_INT(gc_series_total(), 6011);
}

int main(void) {
  fake_reset();
  CHECK_INT(gc_emit_register(NULL), GC_OK);
  RUN(the_newest_count_of_each_block_is_added);
  fake_reset();
  return check_done();
}
