/* SPDX-License-Identifier: MIT */
/* Both plugins in one process, as collectd runs them, against the fake daemon:
 * configuration, init, the order of the callbacks, the end. The .case files
 * test the values, and tests/e2e tests the network.
 *
 * Each plugin exports module_register; here they are compiled as
 * genesys_module_register and genesys_realtime_module_register
 * (-Dmodule_register=…). */
#include "tests/support/fake_daemon.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/net/account.h"
#include "tests/support/alone.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"

void genesys_module_register(void);
void genesys_realtime_module_register(void);

/* No server listens on this port of the loopback address. */
#define ACCOUNT(name, host)                                                    \
  "<Account \"" name "\">\nBaseURL \"http://127.0.0.1:1\"\nClientId c1\n"      \
  "ClientSecret s3cret\nHost \"" host "\"\n</Account>\n"
#define GENESYS(inside) "<Plugin genesys>\n" inside "</Plugin>\n"
#define REALTIME(inside) "<Plugin genesys_realtime>\n" inside "</Plugin>\n"
#define QUEUES(name, account)                                                  \
  "<Queues \"" name "\">\nAccount \"" account "\"\n</Queues>\n"

static char folder[] = "/tmp/gc-plugins-XXXXXX";

enum order { GENESYS_FIRST, REALTIME_FIRST };

static void load_plugins(enum order order) {
  fake_reset();
  fake_global_option_set("BaseDir", folder);
  if (order == REALTIME_FIRST)
    genesys_realtime_module_register();
  genesys_module_register();
  if (order == GENESYS_FIRST)
    genesys_realtime_module_register();
}

static void unload_plugins(void) {
  fake_shutdown();
  gc_accounts_close();
}

static void both_plugins_register_their_callbacks(void) {
  load_plugins(GENESYS_FIRST);
  CHECK(fake_has("config", "genesys"));
  CHECK(fake_has("init", "genesys"));
  CHECK(fake_has("read", "genesys"));
  CHECK(fake_has("shutdown", "genesys"));
  CHECK(fake_has("config", "genesys_realtime"));
  CHECK(fake_has("init", "genesys_realtime"));
  CHECK(fake_has("shutdown", "genesys_realtime"));
  CHECK(!fake_has("read", "genesys_realtime/queues-all"));
  unload_plugins();
}

static void work_in_order(enum order order) {
  load_plugins(order);
  CHECK_INT(fake_config(GENESYS(ACCOUNT("prod", "h1"))
                            REALTIME(QUEUES("all", "prod"))),
            0);
  CHECK_INT(fake_init(), 0);
  CHECK(fake_has("read", "genesys_realtime/queues-all"));
  CHECK(fake_has("read", "genesys_realtime/queues-all/state"));
  CHECK_INT(fake_read(NULL), 0);
  CHECK_REAL(fake_gauge("h1/genesys-account-prod/api_breaker"), 0);
  CHECK_REAL(fake_gauge("h1/genesys-queues-all/series"), 0);
  CHECK_INT(fake_data_set_count("queue_depth"), 1);
  unload_plugins();
}

static void both_plugins_work_with_genesys_loaded_first(void) {
  work_in_order(GENESYS_FIRST);
}

static void both_plugins_work_with_genesys_loaded_last(void) {
  work_in_order(REALTIME_FIRST);
}

static void blocks_may_stand_in_front_of_their_account(void) {
  load_plugins(GENESYS_FIRST);
  CHECK_INT(fake_config(REALTIME(QUEUES("all", "prod"))
                            GENESYS(ACCOUNT("prod", "h1"))),
            0);
  CHECK_INT(fake_init(), 0);
  CHECK(fake_has("read", "genesys_realtime/queues-all"));
  CHECK(!fake_log_has("ERROR"));
  unload_plugins();
}

static void an_unknown_account_disables_only_its_block(void) {
  load_plugins(GENESYS_FIRST);
  CHECK_INT(fake_config(GENESYS(ACCOUNT("prod", "h1")) REALTIME(
                QUEUES("a", "prod") QUEUES("b", "pord") QUEUES("c", "prod"))),
            0);
  CHECK_INT(fake_init(), 0);
  CHECK(fake_has("read", "genesys_realtime/queues-a"));
  CHECK(!fake_has("read", "genesys_realtime/queues-b"));
  CHECK(!fake_has("read", "genesys_realtime/queues-b/state"));
  CHECK(fake_has("read", "genesys_realtime/queues-c"));
  size_t errors = 0;
  for (size_t i = 0; i < fake_log_count(); i++)
    errors += strncmp(fake_log(i), "ERROR", 5) == 0;
  CHECK_INT(errors, 1);
  CHECK(fake_log_has("ERROR genesys_realtime: <Queues \"b\">: no <Account "
                     "\"pord\">"));
  CHECK(fake_log_has("\"prod\""));
  CHECK_INT(fake_read(NULL), 0);
  unload_plugins();
}

static void without_the_plugin_genesys_a_block_names_it(void) {
  fake_reset();
  genesys_realtime_module_register();
  CHECK_INT(fake_config(REALTIME(QUEUES("all", "prod"))), 0);
  CHECK_INT(fake_init(), 0);
  CHECK(fake_log_has("LoadPlugin genesys"));
  CHECK_INT(fake_read(NULL), 0);
  unload_plugins();
}

static const struct wrong {
  const char *text, *says;
} wrongs[] = {
    {GENESYS("<Account \"a\">\nClientId x\n</Account>\n"),
     "ERROR genesys: <Account \"a\">: Region is missing"},
    {GENESYS(ACCOUNT("a", "h") ACCOUNT("a", "i")),
     "ERROR genesys: <Account \"a\">: "},
    {GENESYS(ACCOUNT("a", "h") ACCOUNT("b", "h")),
     "has the same Host as <Account \"a\">"},
    {GENESYS(ACCOUNT("a", "") ACCOUNT("b", "")),
     "has the same Host as <Account \"a\">"},
    {GENESYS(ACCOUNT("a", "h.1") ACCOUNT("b", "h_1")),
     "has the same Host as <Account \"a\">"},
    {GENESYS("<Acount \"a\">\nClientId x\n</Acount>\n"), "did you mean"},
    {GENESYS("<Account>\nClientId x\n</Account>\n"), "ERROR genesys: "},
    {GENESYS("StateDirectory \"/x\"\n"), "StateDir"},
    {REALTIME("<Queues \"a\">\nMedia voice\n</Queues>\n"),
     "ERROR genesys_realtime: <Queues \"a\">: Account is missing"},
    {REALTIME(QUEUES("a", "prod") QUEUES("a", "prod")),
     "ERROR genesys_realtime: <Queues \"a\">"},
    {REALTIME(QUEUES("a.1", "prod") QUEUES("a 1", "prod")),
     "is too similar to that of <Queues \"a.1\">"},
    {REALTIME("<Queues \"a\">\nAccount prod\nQueue \"[\"\n</Queues>\n"),
     "ERROR genesys_realtime: <Queues \"a\">: Queue: "},
};
static const struct wrong *wrong;

static void a_wrong_configuration_is_one_error_and_a_status(void) {
  load_plugins(GENESYS_FIRST);
  CHECK(fake_config(wrong->text) != 0);
  CHECK_INT(fake_log_count(), 1);
  CHECK_HAS(fake_log(0), wrong->says);
  CHECK(!fake_log_has("s3cret"));
  unload_plugins();
}

static void a_wrong_configuration_ends_the_start(void) {
  for (size_t i = 0; i < GC_COUNT(wrongs); i++) {
    wrong = &wrongs[i];
    CHECK_ROW(wrong->text);
    CHECK(passes_alone(a_wrong_configuration_is_one_error_and_a_status));
  }
}

static void a_section_may_be_split_in_two(void) {
  load_plugins(GENESYS_FIRST);
  CHECK_INT(fake_config(GENESYS(ACCOUNT("a", "h1")) GENESYS(ACCOUNT("b", "h2"))
                            REALTIME(QUEUES("x", "a"))
                                REALTIME(QUEUES("y", "b"))),
            0);
  CHECK_INT(fake_init(), 0);
  fake_read(NULL);
  CHECK_INT(fake_value_count_of("h1/genesys-queues-x/series"), 1);
  CHECK_INT(fake_value_count_of("h2/genesys-queues-y/series"), 1);
  unload_plugins();
}

static void an_unused_account_starts_nothing(void) {
  load_plugins(GENESYS_FIRST);
  CHECK_INT(fake_config(GENESYS(ACCOUNT("prod", "h1"))), 0);
  CHECK_INT(fake_init(), 0);
  CHECK_INT(fake_read(NULL), 0);
  CHECK_INT(fake_value_count(), 0);
  unload_plugins();
}

/* Another thread logs the line. */
static bool logs_soon(const char *part) {
  time_t end = time(NULL) + DEADLINE_S;
  while (!fake_log_has(part) && time(NULL) < end)
    sched_yield();
  return fake_log_has(part);
}

static void a_warning_about_a_readable_secret_does_not_show_it(void) {
  char path[64], text[512];
  snprintf(path, sizeof(path), "%s/secret", folder);
  FILE *f = fopen(path, "w");
  CHECK(f != NULL);
  fputs("t0psecret\n", f);
  fclose(f);
  CHECK_INT(chmod(path, 0644), 0);
  snprintf(
      text, sizeof(text),
      GENESYS("<Account \"prod\">\nBaseURL \"http://127.0.0.1:1\"\nClientId c\n"
              "ClientSecretFile \"%s\"\n</Account>\n"),
      path);
  load_plugins(GENESYS_FIRST);
  CHECK_INT(fake_config(text), 0);
  CHECK_INT(fake_config(REALTIME(QUEUES("all", "prod"))), 0);
  CHECK_INT(fake_init(), 0);
  CHECK(logs_soon("WARNING genesys: <Account \"prod\">: the client secret "));
  CHECK(!fake_log_has("t0psecret"));
  unload_plugins();
  unlink(path);
}

static void the_plugins_stop_while_the_network_is_unreachable(void) {
  load_plugins(GENESYS_FIRST);
  CHECK_INT(fake_config(GENESYS(ACCOUNT("prod", "h1"))
                            REALTIME(QUEUES("a", "prod") QUEUES("b", "prod"))),
            0);
  CHECK_INT(fake_init(), 0);
  CHECK_INT(fake_read(NULL), 0);
  fake_shutdown();
  CHECK(!fake_has("read", "genesys_realtime/queues-a"));
  gc_accounts_close();
}

int main(void) {
  char state[64];
  if (mkdtemp(folder) == NULL)
    return 99;
  RUN_ALONE(both_plugins_register_their_callbacks);
  RUN_ALONE(both_plugins_work_with_genesys_loaded_first);
  RUN_ALONE(both_plugins_work_with_genesys_loaded_last);
  RUN_ALONE(blocks_may_stand_in_front_of_their_account);
  RUN_ALONE(an_unknown_account_disables_only_its_block);
  RUN_ALONE(without_the_plugin_genesys_a_block_names_it);
  RUN(a_wrong_configuration_ends_the_start);
  RUN_ALONE(a_section_may_be_split_in_two);
  RUN_ALONE(an_unused_account_starts_nothing);
  RUN_ALONE(a_warning_about_a_readable_secret_does_not_show_it);
  RUN_ALONE(the_plugins_stop_while_the_network_is_unreachable);
  static const char *const files[] = {"state.db", "state.db-wal", "state.lock",
                                      "state.db-shm", ""};
  for (size_t i = 0; i < GC_COUNT(files); i++) {
    snprintf(state, sizeof(state), "%s/genesys/%s", folder, files[i]);
    (void)remove(state);
  }
  CHECK_INT(rmdir(folder), 0);
  return check_done();
}
