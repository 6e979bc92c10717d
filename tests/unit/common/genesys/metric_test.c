/* SPDX-License-Identifier: MIT */
#include "common/genesys/metric.h"

#include "common/base/buf.h"
#include "tests/support/check.h"

static const struct gc_metric *find_metric(const char *name) {
  for (int i = 0; i < GC_METRIC_COUNT; i++)
    if (strcmp(gc_metric((enum gc_metric_id)i)->name, name) == 0)
      return gc_metric((enum gc_metric_id)i);
  return NULL;
}

/* Dashboards of operators use these names and kinds. */
static void the_promised_types_are_there(void) {
  static const struct {
    const char *name, *owner;
    enum gc_ds_kind kind;
  } rows[] = {
      {"queue_depth", "queue", GC_GAUGE},
      {"queue_interacting", "queue", GC_GAUGE},
      {"queue_alerting", "queue", GC_GAUGE},
      {"queue_longest_wait", "queue", GC_GAUGE},
      {"queue_agents", "queue", GC_GAUGE},
      {"queue_agents_routing", "queue", GC_GAUGE},
      {"queue_agents_presence", "queue", GC_GAUGE},
      {"source_up", "block", GC_GAUGE},
      {"series", "block", GC_GAUGE},
      {"api_requests", "account", GC_DERIVE},
      {"api_latency", "account", GC_GAUGE},
      {"api_budget", "account", GC_GAUGE},
      {"api_throttled", "account", GC_DERIVE},
      {"token_lifetime", "account", GC_GAUGE},
      {"token_requests", "account", GC_DERIVE},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    const struct gc_metric *m = find_metric(rows[i].name);
    CHECK(m != NULL);
    if (m == NULL)
      continue;
    CHECK_INT(m->ds_count, 1);
    CHECK_STR(m->ds[0].name, "value");
    CHECK_INT(m->ds[0].kind, rows[i].kind);
    CHECK_STR(m->owner, rows[i].owner);
  }
}

static void windows_have_average_min_and_max(void) {
  static const char *const names[] = {"average", "min", "max"};
  const struct gc_metric *m = find_metric("queue_depth_window");
  CHECK(m != NULL);
  CHECK_INT(m->ds_count, 3);
  for (size_t i = 0; i < GC_COUNT(names); i++) {
    CHECK_STR(m->ds[i].name, names[i]);
    CHECK_INT(m->ds[i].kind, GC_GAUGE);
  }
}

static void every_row_can_be_a_data_set(void) {
  for (int i = 0; i < GC_METRIC_COUNT; i++) {
    const struct gc_metric *m = gc_metric((enum gc_metric_id)i);
    CHECK_ROW(m->name);
    CHECK(m->name[0] >= 'a' && m->name[0] <= 'z');
    CHECK(m->name[strspn(m->name, "abcdefghijklmnopqrstuvwxyz0123456789_")] ==
          '\0');
    CHECK(strlen(m->name) < 64);
    CHECK(m->ds_count >= 1 && m->ds_count <= GC_DS_MAX);
    for (unsigned d = 0; d < m->ds_count; d++) {
      CHECK(m->ds[d].name != NULL && m->ds[d].name[0] != '\0');
      CHECK(m->ds[d].kind == GC_GAUGE || m->ds[d].kind == GC_DERIVE);
    }
    CHECK(m->unit[0] != '\0');
    CHECK(m->meaning[strlen(m->meaning) - 1] == '.');
    CHECK(strchr(m->meaning, '\n') == NULL);
    CHECK(find_metric(m->name) == m);
  }
}

static void a_number_out_of_range_gives_some_row(void) {
  CHECK(gc_metric((enum gc_metric_id)GC_METRIC_COUNT) != NULL);
  CHECK(gc_metric((enum gc_metric_id)(-1)) != NULL);
}

int main(void) {
  RUN(the_promised_types_are_there);
  RUN(windows_have_average_min_and_max);
  RUN(every_row_can_be_a_data_set);
  RUN(a_number_out_of_range_gives_some_row);
  return check_done();
}
