/* SPDX-License-Identifier: MIT */
/* The advice of the plugin genesys about other plugins. */
#include "common/daemon/emit.h"
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

int main(void) {
  fake_reset();
  genesys_module_register();
  CHECK_INT(fake_config("<Plugin genesys>\n</Plugin>\n"), 0);
  CHECK_INT(fake_init(), 0);
  RUN(write_prometheus_is_for_small_agents);
  fake_shutdown();
  fake_reset();
  return check_done();
}
