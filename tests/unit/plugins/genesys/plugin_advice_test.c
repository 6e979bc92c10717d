/* SPDX-License-Identifier: MIT */
/* The advice of the plugin genesys about other plugins. */
#include "common/daemon/emit.h"
#include "common/daemon/writers.h"
#include "tests/support/check.h"
#include "tests/support/fake_daemon.h"

void genesys_module_register(void);

static void read_with_series(double series) {
  struct gc_sample s = {.metric = GC_METRIC_SERIES,
                        .instance = "queues-all",
                        .qualifier = "",
                        .values = {{.gauge = series}}};
  CHECK_INT(gc_emit("h", &s), GC_OK);
  fake_read("genesys");
}

static void write_prometheus_is_for_small_agents(void) {
  static const char words[] = "write_prometheus is loaded";
  fake_load("write_prometheus");
  read_with_series(10000);
  CHECK(!fake_log_has(words));
  fake_load("write_graphite");
  read_with_series(10001);
  CHECK(!fake_log_has(words));
  fake_load("write_prometheus");
  read_with_series(10001);
  CHECK(fake_log_has("WARNING genesys: write_prometheus is loaded, and this "
                     "agent sends 10001 series"));
  fake_log_clear();
  read_with_series(20000);
  CHECK(!fake_log_has(words)); /* once */
}

static void take(void *ctx, const struct gc_value *v) {
  (void)v;
  ++*(size_t *)ctx;
}

static size_t taken;
static const struct gc_strs no_globs;
static struct gc_writer writer = {
    .name = "w", .take = take, .ctx = &taken, .plugins = &no_globs};

static void a_large_agent_is_told_what_the_queue_costs(void) {
  static const char words[] = "Dispatch false in <Plugin genesys> saves about";
  fake_log_clear();
  read_with_series(20000);
  CHECK(!fake_log_has(words)); /* no writer of the suite is there */
  gc_writer_add(&writer);
  read_with_series(10000);
  CHECK(!fake_log_has(words));
  read_with_series(92000);
  CHECK(fake_log_has("INFO genesys: this agent sends 92000 series"));
  CHECK(fake_log_has("saves about 110 MB"));
  fake_log_clear();
  read_with_series(92000);
  CHECK(!fake_log_has(words)); /* once */
  gc_writer_remove(&writer);
}

static void with_dispatch_false_only_our_writers_get_values(void) {
  CHECK_INT(fake_config("<Plugin genesys>\nDispatch false\n</Plugin>\n"), 0);
  fake_log_clear();
  gc_writer_add(&writer);
  size_t queued = fake_value_count(), before = taken;
  read_with_series(92000);
  CHECK_INT(fake_value_count(), queued);
  CHECK(taken > before);
  CHECK(!fake_log_has("Dispatch false"));
  gc_writer_remove(&writer);
  read_with_series(92000);
  CHECK(fake_log_has("WARNING genesys: Dispatch false, and neither"));
}

int main(void) {
  fake_reset();
  genesys_module_register();
  CHECK_INT(fake_config("<Plugin genesys>\n</Plugin>\n"), 0);
  CHECK_INT(fake_init(), 0);
  RUN(write_prometheus_is_for_small_agents);
  RUN(a_large_agent_is_told_what_the_queue_costs);
  RUN(with_dispatch_false_only_our_writers_get_values);
  fake_shutdown();
  fake_reset();
  return check_done();
}
