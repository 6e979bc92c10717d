/* SPDX-License-Identifier: MIT */
/* genesys and genesys_analytics in one process, as collectd runs them, against
 * the fake daemon: configuration, init, the write tracker, the end. The .case
 * files test the values, and tests/unit/common/analytics/analytics_test tests
 * the block. */
#include "tests/support/fake_daemon.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/analytics/query/query.h"
#include "common/analytics/send/outbox.h"
#include "common/net/account.h"
#include "common/net/clock.h"
#include "common/net/lease_gate.h"
#include "common/net/store/store.h"
#include "tests/support/alone.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"

void genesys_module_register(void);
void genesys_analytics_module_register(void);

/* No server listens on this port of the loopback address. */
#define GENESYS                                                                \
  "<Plugin genesys>\n<Account \"prod\">\nBaseURL \"http://127.0.0.1:1\"\n"     \
  "ClientId c1\nClientSecret s3cret\nHost \"h1\"\n</Account>\n</Plugin>\n"
#define ANALYTICS(inside) "<Plugin genesys_analytics>\n" inside "</Plugin>\n"
#define QUERY(name, more)                                                      \
  "<Query \"" name "\">\nAccount \"prod\"\n" more "</Query>\n"

static char folder[] = "/tmp/gc-analytics-XXXXXX";

static void load_plugins(void) {
  fake_reset();
  fake_global_option_set("BaseDir", folder);
  genesys_module_register();
  genesys_analytics_module_register();
}

static void unload_plugins(void) {
  fake_shutdown();
  gc_accounts_close();
}

static const char *state_folder(void) {
  static char path[128];
  snprintf(path, sizeof(path), "%s/genesys", folder);
  return path;
}

/* Leaves the state of an agent that was killed while a window was pending. */
static void leave_a_window_behind(void) {
  struct gc_outbox o = {.interval_ms = 60000};
  GC_AUTO(gc_buf_clear)
  struct gc_buf text = {.max = 65536}, fields = {.max = 1 << 20};
  const struct gc_page_save how = {.is_all = true};
  struct gc_store_call *call = NULL;
  struct gc_store *store = NULL;
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  struct gc_sample s = {.metric = GC_METRIC_QUEUE_METRIC,
                        .instance = "Sales",
                        .qualifier = "nOffered-voice",
                        .values = {{.derive = 0}},
                        .time_ms = 1785578400000};
  CHECK_INT(gc_outbox_put(&o, &s), GC_OK);
  s.time_ms += 60000;
  s.values[0].derive = 7;
  CHECK_INT(gc_outbox_put(&o, &s), GC_OK);
  CHECK_INT(gc_outbox_write(&o, &text), GC_OK);
  CHECK_INT(gc_fields_add(&fields, "mark",
                          "of-another-query 1785578400000 1785578460000"),
            GC_OK);
  CHECK_INT(gc_fields_add(&fields, "pending", text.data), GC_OK);
  CHECK_INT(gc_store_open(state_folder(), 60000, &store, &warning, &err),
            GC_OK);
  CHECK_INT(
      gc_store_save_page(store, "prod", "query-q", &how, &fields, &call, &err),
      GC_OK);
  gc_store_close(store);
  gc_outbox_clear(&o);
}

static bool still_waits(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf text = {.max = 65536};
  struct gc_store *store = NULL;
  struct gc_store_call *call = NULL;
  uint64_t generation;
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  const char *field, *value;
  size_t at = 0;
  bool has_mark = false, is_pending = false;
  CHECK_INT(gc_store_open(state_folder(), 60000, &store, &warning, &err),
            GC_OK);
  CHECK_INT(gc_store_load_page(store, "prod", "query-q", &call, &text,
                               &generation, &err),
            GC_OK);
  gc_store_close(store);
  while (gc_fields_next(&text, &at, &field, &value)) {
    has_mark |= strcmp(field, "mark") == 0;
    is_pending |= strcmp(field, "pending") == 0;
  }
  CHECK(has_mark);
  return is_pending;
}

static void the_plugin_registers_its_callbacks(void) {
  load_plugins();
  CHECK(fake_has("config", "genesys_analytics"));
  CHECK(fake_has("init", "genesys_analytics"));
  CHECK(fake_has("shutdown", "genesys_analytics"));
  CHECK_INT(fake_config(GENESYS ANALYTICS(
                QUERY("a", "") QUERY("b", "InstancePrefix \"b-\"\n"))),
            0);
  CHECK_INT(fake_init(), 0);
  CHECK(fake_has("read", "genesys_analytics/query-a"));
  CHECK(fake_has("read", "genesys_analytics/query-b/state"));
  CHECK(fake_has("write", "genesys_write_tracker"));
  CHECK_INT(fake_read(NULL), 0);
  CHECK_REAL(fake_gauge("h1/genesys-query-a/source_up-aggregates"), 0);
  CHECK_INT(fake_derive("h1/genesys-query-b/windows-done"), 0);
  CHECK_INT(fake_data_set_count("queue_interval_duration"), 1);
  unload_plugins();
}

static void an_unknown_account_disables_only_its_block(void) {
  load_plugins();
  CHECK_INT(fake_config(GENESYS ANALYTICS(
                QUERY("a", "") "<Query \"b\">\nAccount \"pord\"\n</Query>\n")),
            0);
  CHECK_INT(fake_init(), 0);
  CHECK(fake_has("read", "genesys_analytics/query-a"));
  CHECK(!fake_has("read", "genesys_analytics/query-b"));
  CHECK(fake_log_has("ERROR genesys_analytics: <Query \"b\">: no <Account "
                     "\"pord\">"));
  unload_plugins();
}

static void a_wrong_option_ends_the_start(void) {
  load_plugins();
  CHECK(fake_config(GENESYS ANALYTICS(QUERY("a", "Granularity PT7M\n"))) != 0);
  CHECK(fake_log_has("ERROR genesys_analytics: <Query \"a\">: Granularity "
                     "\"PT7M\": must divide a day"));
  unload_plugins();
}

/* With another period the values would mix; a metric of its own, or a prefix,
 * makes series of its own. */
static void two_blocks_that_write_one_series_are_refused(void) {
  load_plugins();
  CHECK(fake_config(GENESYS ANALYTICS(QUERY("1m", "Metric nOffered\n") QUERY(
            "30m", "Metric tHandle nOffered\nGranularity PT30M\n"))) != 0);
  CHECK(
      fake_log_has("ERROR genesys_analytics: <Query \"30m\">: would write the "
                   "same series as <Query \"1m\"> (nOffered): give one of the "
                   "two an InstancePrefix such as \"30m-\""));
  unload_plugins();
}

static void a_prefix_makes_series_of_its_own(void) {
  load_plugins();
  CHECK_INT(fake_config(GENESYS ANALYTICS(
                QUERY("1m", "Metric nOffered\n")
                    QUERY("30m", "Metric nOffered\nGranularity PT30M\n"
                                 "InstancePrefix \"30m-\"\n")
                        QUERY("more", "Metric tHandle\n"))),
            0);
  unload_plugins();
}

static void pending_values_of_the_last_run_are_sent_first_one_by_one(void) {
  leave_a_window_behind();
  load_plugins();
  CHECK_INT(fake_config(GENESYS ANALYTICS(QUERY("q", ""))), 0);
  CHECK_INT(fake_init(), 0);
  CHECK_INT(fake_read("genesys_analytics/query-q"), 0);
  CHECK_INT(fake_value_count_of("h1/genesys-Sales/queue_metric-nOffered-voice"),
            2);
  const value_list_t *vl =
      fake_value_of("h1/genesys-Sales/queue_metric-nOffered-voice");
  CHECK(vl != NULL && vl->values[0].derive == 7);
  CHECK(vl != NULL && vl->time == MS_TO_CDTIME_T(1785578460000));
  CHECK(vl != NULL && vl->interval == TIME_T_TO_CDTIME_T(60));
  CHECK_INT(fake_read("genesys_analytics/query-q"), 0);
  CHECK_INT(fake_value_count_of("h1/genesys-Sales/queue_metric-nOffered-voice"),
            2);
  unload_plugins();
  CHECK(!still_waits());
}

/* Reads each page as empty, instead of the Redis, which does not answer.
 */
static void read_pages(struct gc_lease_book *book) {
  const struct gc_buf none = {.max = 1};
  char name[GC_LEASE_PAGE_NAME_SIZE];
  while (gc_lease_book_find_unread(book, 1, name))
    CHECK_INT(gc_lease_book_read(book, name, 1, &none), GC_OK);
}

/* Opens or closes the gate of the account; its thread finds no Redis. */
static void hold_lease(bool holds) {
  struct gc_lease_gate *gate = gc_lease_gate_of_account("prod");
  if (holds)
    read_pages(gc_lease_gate_book(gate));
  gc_lease_book_go_on(gc_lease_gate_book(gate), holds);
  gc_lease_gate_set(
      gate, &(struct gc_lease_status){
                .state = holds ? GC_LEASE_HOLDER : GC_LEASE_STANDBY,
                .fence = holds,
                .valid_until_ms = holds ? gc_clock_boot_ms() + 3600000 : 0});
}

/* The telemetry of a standby has its own host, and no source_up: it sends no
 * interval, and its mark stays. */
static void a_standby_keeps_its_window_until_it_has_the_lease(void) {
  static const char lease[] =
      "<Plugin genesys>\n<Account \"prod\">\nBaseURL \"http://127.0.0.1:1\"\n"
      "ClientId c1\nClientSecret s3cret\nHost \"h1\"\n"
      "LeaseURL \"unix:///nowhere/socket\"\nLeaseTTL 300\n"
      "</Account>\n</Plugin>\n";
  leave_a_window_behind();
  load_plugins();
  fake_hostname_set("web1");
  CHECK_INT(fake_config(lease), 0);
  CHECK_INT(fake_config(ANALYTICS(QUERY("q", ""))), 0);
  CHECK_INT(fake_init(), 0);
  hold_lease(false);
  CHECK_INT(fake_read(NULL), 0);
  CHECK_INT(fake_value_count_of("h1/genesys-Sales/queue_metric-nOffered-voice"),
            0);
  CHECK_INT(fake_derive("web1/genesys-query-q/windows-done"), 0);
  CHECK_INT(fake_value_count_of("web1/genesys-query-q/source_up-aggregates"),
            0);
  CHECK_REAL(fake_gauge("web1/genesys-account-prod/lease_state"), 0);
  /* The thread of the lease may close the gate in between. */
  uint64_t until_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (fake_value_count_of("h1/genesys-Sales/queue_metric-nOffered-voice") <
             2 &&
         gc_clock_now_ms() < until_ms) {
    hold_lease(true);
    CHECK_INT(fake_read("genesys_analytics/query-q"), 0);
  }
  CHECK_INT(fake_value_count_of("h1/genesys-Sales/queue_metric-nOffered-voice"),
            2);
  unload_plugins();
}

/* The writers are blocked: the second value of the series is not dispatched.
 */
static void the_end_waits_a_second_at_most_and_keeps_the_rest(void) {
  leave_a_window_behind();
  load_plugins();
  CHECK_INT(fake_config(GENESYS ANALYTICS(QUERY("q", ""))), 0);
  CHECK_INT(fake_init(), 0);
  fake_hold(true);
  CHECK_INT(fake_read("genesys_analytics/query-q"), 0);
  CHECK_INT(fake_queued(), 1);
  cdtime_t began = cdtime();
  unload_plugins();
  CHECK(CDTIME_T_TO_MS(cdtime() - began) < 15000);
  CHECK(still_waits());
}

/* The example without its LoadPlugin lines, which are the daemon's. */
static void the_example_is_a_configuration(void) {
  const char *top = getenv("top_srcdir");
  char path[512], line[256], text[8192] = "";
  size_t len = 0;
  snprintf(path, sizeof(path), "%s/examples/collectd.conf.d/%s",
           top != NULL ? top : ".", "genesys_analytics.conf");
  FILE *f = fopen(path, "r");
  CHECK_THAT(f != NULL, "no %s", path);
  while (f != NULL && fgets(line, sizeof(line), f) != NULL)
    if (strncmp(line, "LoadPlugin", 10) != 0)
      len += (size_t)snprintf(text + len, sizeof(text) - len, "%s", line);
  if (f != NULL)
    fclose(f);
  load_plugins();
  CHECK_INT(fake_config(GENESYS), 0);
  CHECK_INT(fake_config(text), 0);
  CHECK_INT(fake_init(), 0);
  CHECK(fake_has("read", "genesys_analytics/query-queues"));
  CHECK(fake_has("read", "genesys_analytics/query-agents"));
  CHECK(fake_has("read", "genesys_analytics/query-wrapup"));
  CHECK(!fake_log_has("ERROR"));
  unload_plugins();
}

static void remove_state(void) {
  static const char *const files[] = {"state.db", "state.db-wal", "state.lock",
                                      "state.db-shm", ""};
  for (size_t i = 0; i < GC_COUNT(files); i++) {
    char path[160];
    snprintf(path, sizeof(path), "%s/%s", state_folder(), files[i]);
    (void)remove(path);
  }
}

#define RUN_FRESH(law)                                                         \
  do {                                                                         \
    RUN_ALONE(law);                                                            \
    remove_state();                                                            \
  } while (0)

int main(void) {
  if (mkdtemp(folder) == NULL)
    return 99;
  RUN_FRESH(the_plugin_registers_its_callbacks);
  RUN_FRESH(an_unknown_account_disables_only_its_block);
  RUN_FRESH(a_wrong_option_ends_the_start);
  RUN_FRESH(two_blocks_that_write_one_series_are_refused);
  RUN_FRESH(a_prefix_makes_series_of_its_own);
  RUN_FRESH(the_example_is_a_configuration);
  RUN_FRESH(pending_values_of_the_last_run_are_sent_first_one_by_one);
  RUN_FRESH(a_standby_keeps_its_window_until_it_has_the_lease);
  RUN_FRESH(the_end_waits_a_second_at_most_and_keeps_the_rest);
  CHECK_INT(rmdir(folder), 0);
  return check_done();
}
