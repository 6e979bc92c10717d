/* SPDX-License-Identifier: MIT */
/* The write callback of genesys_prometheus and its endpoint:
 *
 *   bench_exposition SERIES PORT
 *
 * Writes values of that many series as the realtime plugin dispatches them,
 * five rounds; prints CPU times and memory as one line of JSON, and then
 * answers scrapes until its input ends. The daemon is the fake one of the
 * tests. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "collectd.h"
#include "plugin.h"
#include "utils/metadata/meta_data.h"

#include "common/daemon/emit.h"
#include "tests/bench/lap.h"
#include "tests/bench/resident.h"
#include "tests/support/fake_daemon_internal.h"

enum { ROUNDS = 5 };

void genesys_prometheus_module_register(void);

/* The series of one queue and medium. */
static const struct {
  const char *type, *type_instance;
} kinds[] = {
    {"queue_depth", "voice"},
    {"queue_interacting", "voice"},
    {"queue_alerting", "voice"},
    {"queue_longest_wait", "voice"},
    {"active_conversations", "voice"},
    {"queue_agents", "on_queue"},
    {"queue_agents", "available"},
    {"queue_agents_routing", "idle"},
    {"queue_offer", "voice"},
    {"queue_answer", "voice"},
    {"queue_abandon", "voice"},
    {"queue_sla_breach", "voice-20"},
    {"queue_wait_time_seconds_bucket", "voice-le-1"},
    {"queue_wait_time_seconds_bucket", "voice-le-2"},
    {"queue_wait_time_seconds_bucket", "voice-le-4"},
    {"queue_wait_time_seconds_bucket", "voice-le-8"},
    {"queue_wait_time_seconds_bucket", "voice-le-+Inf"},
    {"queue_wait_time_seconds_sum", "voice"},
    {"queue_wait_time_seconds_count", "voice"},
    {"state_changes", "voice-waiting-active"},
};

static void write_value(size_t number, int round) {
  size_t queue = number / GC_COUNT(kinds), kind = number % GC_COUNT(kinds);
  const data_set_t *ds = plugin_get_ds(kinds[kind].type);
  char parts[64];
  value_t value;
  value_list_t vl = VALUE_LIST_INIT;
  exit_unless(ds != NULL, "no data set");
  if (ds->ds[0].type == DS_TYPE_GAUGE)
    value.gauge = (double)(number % 97) + 0.25 * round;
  else
    value.derive = (derive_t)(number % 97) + round;
  vl.values = &value;
  vl.values_len = 1;
  vl.time = TIME_T_TO_CDTIME_T((time_t)1785578400 + 10 * round);
  vl.interval = TIME_T_TO_CDTIME_T_STATIC(10);
  snprintf(vl.host, sizeof(vl.host), "genesys-prod");
  snprintf(vl.plugin, sizeof(vl.plugin), "genesys");
  snprintf(vl.plugin_instance, sizeof(vl.plugin_instance),
           "Customer Support %zu", queue);
  snprintf(vl.type, sizeof(vl.type), "%s", kinds[kind].type);
  snprintf(vl.type_instance, sizeof(vl.type_instance), "%s",
           kinds[kind].type_instance);
  snprintf(parts, sizeof(parts), "queue_id=b410d93c-4efb-48d6-8b21-%012zu\n",
           queue);
  vl.meta = meta_data_create();
  meta_data_add_string(vl.meta, "genesys:parts", parts);
  meta_data_add_unsigned_int(vl.meta, "genesys:key", queue);
  fake_call_writers(ds, &vl);
  meta_data_destroy(vl.meta);
}

/* Writes a value of each series; returns the CPU time. */
static double write_round(size_t series, int round) {
  struct lap began = lap_begin();
  for (size_t i = 0; i < series; i++)
    write_value(i, round);
  return lap_end(began).cpu_s;
}

int main(int argc, char **argv) {
  char config[200];
  if (argc != 3)
    return 2;
  size_t series = strtoul(argv[1], NULL, 10);
  fake_reset();
  exit_unless(gc_emit_register(NULL) == GC_OK, "data sets");
  /* No writer is registered yet: this time is subtracted from the rounds. */
  double idle_s = write_round(series, 0);
  genesys_prometheus_module_register();
  snprintf(config, sizeof(config),
           "<Plugin genesys_prometheus>\nPort %s\n</Plugin>\n", argv[2]);
  exit_unless(fake_config(config) == 0, "configuration");
  exit_unless(fake_init() == 0, "init");
  long before_kb = resident_kb("VmRSS");
  double first_s = write_round(series, 0) - idle_s, best_s = 1e9;
  for (int round = 1; round < ROUNDS; round++) {
    double s = write_round(series, round) - idle_s;
    best_s = s < best_s ? s : best_s;
  }
  printf("{\"series\": %zu, \"first_s\": %.4f, \"round_s\": %.4f, "
         "\"memory_kb\": %ld}\n",
         series, first_s, best_s, resident_kb("VmRSS") - before_kb);
  fflush(stdout);
  (void)getchar();
  fake_shutdown();
  return 0;
}
