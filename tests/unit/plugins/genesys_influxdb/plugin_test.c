/* SPDX-License-Identifier: MIT */
/* The plugin in a fake collectd: its configuration, its callbacks, and that
 * values reach the spool. */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "utils/common/common.h"

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/fake_daemon.h"
#include "tests/support/refuse_memory.h"
#include "tests/support/server.h"
#include "tests/support/spool_bench.h"

void genesys_influxdb_module_register(void);

/* The process keeps the names of all blocks, so each has its own. */
static const char *node_block(const char *options) {
  static char text[1024];
  static unsigned number;
  snprintf(text, sizeof(text),
           "<Plugin genesys_influxdb>\n<Node \"n%u\">\n%s\n</Node>\n"
           "</Plugin>\n",
           ++number, options);
  return text;
}

static int configure_node(const char *text) {
  fake_reset();
  genesys_influxdb_module_register();
  return fake_config(text);
}

static void wrong_configurations_are_refused(void) {
  static const struct {
    const char *text, *words;
  } rows[] = {
      {"", "Bucket is missing"},
      {"Version 1", "Database is missing"},
      {"Version 1\nDatabase x\nTokenFile t", "for Version 2 only"},
      {"Bucket b\nUser u", "User is for Version 1 only"},
      {"Version 1\nDatabase x\nPassword p", "needs a User"},
      {"Bucket b\nURL \"ftp://x\"", "URL \"ftp://x\""},
      {"Bucket b\nTag \"env\"", "needs a key and a value"},
      {"Bucket b\nTag \"host\" \"x\"", "has this tag already"},
      {"Bucket b\nPlugin \"[\"", "["},
      {"Bucket b\nBatchSize 0", "BatchSize"},
      {"Bucket b\nSpoolDir \"/x\"\n</Node>\n<Node other>\nBucket b\n"
       "SpoolDir \"/x\"",
       "SpoolDir \"/x\" is that of"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    CHECK_ROW(rows[i].words);
    CHECK(configure_node(node_block(rows[i].text)) != 0);
    CHECK(fake_log_has(rows[i].words));
    (void)fake_shutdown();
  }
}

static void each_doubtful_setting_gives_a_warning(void) {
  static const struct {
    const char *options, *words; /* NULL: none */
  } rows[] = {
      {"URL \"http://db.example:8086\"", "URL is plain http to another host"},
      {"VerifyPeer false\nVerifyHost false", "VerifyPeer false: "},
      {"VerifyHost false", "VerifyHost false: "},
      {"ConnectTimeout 11", "ConnectTimeout 11 is longer than Timeout 10"},
      {"Timeout 2", NULL}, /* ConnectTimeout is the default */
      {"SpoolMax 1048576\nBatchSize 5000",
       "SpoolMax 1048576 holds about 5242 lines, fewer than two batches of "
       "BatchSize 5000"},
      {"SpoolMax 1048576\nBatchSize 2500", NULL},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char text[200];
    CHECK_ROW(rows[i].options);
    snprintf(text, sizeof(text), "Bucket b\n%s", rows[i].options);
    CHECK_INT(configure_node(node_block(text)), 0);
    CHECK(rows[i].words != NULL ? fake_log_has(rows[i].words)
                                : !fake_log_has("WARNING "));
    (void)fake_shutdown();
  }
}

/* Begins with a fresh spool and a node that writes to it. */
static void start_node(const char *name, const char *options) {
  char text[512];
  spool_fresh(0, 1 << 20);
  snprintf(text, sizeof(text),
           "<Plugin genesys_influxdb>\n<Node %s>\nBucket b\n"
           "URL \"http://127.0.0.1:1\"\nSpoolDir \"%s\"\n%s\n"
           "</Node>\n</Plugin>\n",
           name, spool_folder, options);
  CHECK_INT(configure_node(text), 0);
  CHECK_INT(fake_init(), 0);
}

static void dispatch_users(const char *plugin, cdtime_t time) {
  data_source_t source = {.name = "value", .type = DS_TYPE_GAUGE};
  data_set_t set = {.type = "users", .ds_num = 1, .ds = &source};
  plugin_register_data_set(&set);
  value_t value = {.gauge = 2.5};
  value_list_t vl = {.values = &value,
                     .values_len = 1,
                     .time = time,
                     .host = "h",
                     .type = "users"};
  sstrncpy(vl.plugin, plugin, sizeof(vl.plugin));
  CHECK_INT(plugin_dispatch_values(&vl), 0);
}

static void the_spool_has(const char *lines) {
  struct gc_spool *s = spool_opened();
  CHECK_STR(spool_peek(s), lines);
  gc_spool_free(s);
}

static void values_of_the_chosen_plugins_reach_the_spool(void) {
  start_node("main", "Tag \"env\" \"prod\"\nPlugin \"us*\"");
  CHECK(fake_has("write", "genesys_influxdb/main"));
  CHECK(fake_has("flush", "genesys_influxdb/main"));
  dispatch_users("users", MS_TO_CDTIME_T(1700000000010));
  dispatch_users("cpu", MS_TO_CDTIME_T(1700000000010));
  (void)fake_read(NULL);
  CHECK_INT(fake_derive("genesys-node-main/writer_values-received"), 1);
  (void)fake_shutdown();
  the_spool_has("collectd_users,env=prod,host=h,plugin=users,type=users "
                "value=2.5 1700000000010000000 ");
}

/* A time after the year 2262, as of a broken sender behind the network plugin,
 * does not become one of the past: databases refuse the largest number. */
static void a_time_that_no_database_holds_stays_in_the_future(void) {
  start_node("future", "Plugin \"*\"");
  dispatch_users("users", TIME_T_TO_CDTIME_T((uint64_t)9300000000));
  dispatch_users("users", UINT64_MAX);
  (void)fake_shutdown();
  the_spool_has("collectd_users,host=h,plugin=users,type=users "
                "value=2.5 9223372036854775807 "
                "collectd_users,host=h,plugin=users,type=users "
                "value=2.5 9223372036854775807 ");
}

static void a_node_that_starts_with_a_second_init_gets_values(void) {
  if (!REFUSES_MEMORY)
    return;
  char text[300];
  spool_fresh(0, 1 << 20);
  snprintf(text, sizeof(text),
           "<Plugin genesys_influxdb>\n<Node late>\nBucket b\nSpoolDir \"%s\"\n"
           "</Node>\n</Plugin>\n",
           spool_folder);
  CHECK_INT(configure_node(text), 0);
  refuse_memory_from = 2000;
  CHECK_INT(fake_init(), 0);
  refuse_memory_from = SIZE_MAX;
  CHECK(fake_log_has("ERROR genesys_influxdb: <Node \"late\">: "));
  CHECK(!fake_has("write", "genesys_influxdb/late"));
  CHECK_INT(fake_init(), 0);
  CHECK(fake_has("write", "genesys_influxdb/late"));
  CHECK(fake_has("flush", "genesys_influxdb/late"));
  CHECK_INT(fake_init(), 0);
  CHECK(!fake_log_has("already exists"));
  (void)fake_shutdown();
}

/* Their databases accept a connection and answer nothing. */
static void nodes_that_wait_for_a_database_stop_together(void) {
  enum { NODES = 4, STOP_MS = 1700 };
  char text[2000] = "<Plugin genesys_influxdb>\n";
  unsigned port;
  int server = server_bind(&port);
  CHECK_INT(listen(server, NODES), 0);
  spool_fresh(0, 1 << 20);
  for (int i = 0; i < NODES; i++)
    snprintf(text + strlen(text), sizeof(text) - strlen(text),
             "<Node silent%d>\nBucket b\nURL \"http://127.0.0.1:%u\"\n"
             "SpoolDir \"%s%d\"\nPlugin \"*\"\n</Node>\n",
             i, port, spool_folder, i);
  strcat(text, "</Plugin>\n");
  CHECK_INT(configure_node(text), 0);
  CHECK_INT(fake_init(), 0);
  dispatch_users("users", MS_TO_CDTIME_T(1700000000010));
  uint64_t begin_ms = gc_clock_now_ms();
  (void)fake_shutdown();
  CHECK(gc_clock_now_ms() - begin_ms < 2 * STOP_MS);
  close(server);
  for (int i = 0; i < NODES; i++) {
    snprintf(text, sizeof(text), "rm -r '%s%d'", spool_folder, i);
    CHECK_INT(system(text), 0);
  }
}

/* The folder counts, not its path. Each node writes its lines all the same. */
static void two_nodes_with_one_folder_are_named(void) {
  enum { SPELLINGS = 3 };
  char text[2000], link[200], other[SPELLINGS][300];
  for (size_t i = 0; i < SPELLINGS; i++) {
    spool_fresh(0, 1 << 20);
    CHECK_INT(mkdir(spool_folder, 0700), 0);
    snprintf(link, sizeof(link), "%s-link", spool_folder);
    CHECK_INT(symlink(spool_folder, link), 0);
    snprintf(other[0], sizeof(other[0]), "%s/", spool_folder);
    snprintf(other[1], sizeof(other[1]), "%s/../%s", spool_folder,
             strrchr(spool_folder, '/') + 1);
    snprintf(other[2], sizeof(other[2]), "%s", link);
    CHECK_ROW(other[i]);
    snprintf(text, sizeof(text),
             "<Plugin genesys_influxdb>\n"
             "<Node one%zu>\nBucket b\nSpoolDir \"%s\"\n</Node>\n"
             "<Node two%zu>\nBucket b\nSpoolDir \"%s\"\n</Node>\n"
             "</Plugin>\n",
             i, spool_folder, i, other[i]);
    CHECK_INT(configure_node(text), 0);
    CHECK_INT(fake_init(), 0);
    uint64_t end_ms = gc_clock_now_ms() + DEADLINE_S * 1000;
    while (!fake_log_has(", too; give each its own") &&
           gc_clock_now_ms() < end_ms)
      usleep(10 * 1000);
    CHECK(fake_log_has("ERROR genesys_influxdb: node-"));
    CHECK(fake_log_has("spool: SpoolDir "));
    CHECK(fake_log_has("<Node \"one"));
    CHECK(fake_log_has("<Node \"two"));
    (void)fake_shutdown();
    CHECK_INT(unlink(link), 0);
  }
}

int main(void) {
  spool_bench_begin();
  RUN(wrong_configurations_are_refused);
  RUN(each_doubtful_setting_gives_a_warning);
  RUN(two_nodes_with_one_folder_are_named);
  RUN(nodes_that_wait_for_a_database_stop_together);
  RUN(values_of_the_chosen_plugins_reach_the_spool);
  RUN(a_time_that_no_database_holds_stays_in_the_future);
  RUN(a_node_that_starts_with_a_second_init_gets_values);
  spool_bench_end();
  return check_done();
}
