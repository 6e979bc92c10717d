/* SPDX-License-Identifier: MIT */
/* The plugin as collectd sees it, on the fake daemon: configuration, init,
 * dispatched values, the end. Only <Flows> need the plugin genesys; the other
 * tests run without it. */
#include "tests/support/fake_daemon.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "common/health/registry.h"
#include "common/net/account.h"
#include "common/net/clock.h"
#include "common/net/lease_gate.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"
#include "tests/support/alone.h"
#include "tests/support/check.h"
#include "tests/support/folder.h"
#include "tests/support/server.h"

void genesys_module_register(void);
void genesys_flowmetrics_module_register(void);

#define FLOWMETRICS(inside)                                                    \
  "<Plugin genesys_flowmetrics>\n" inside "</Plugin>\n"
#define GENESYS                                                                \
  "<Plugin genesys>\n<Account \"prod\">\nBaseURL \"http://127.0.0.1:1\"\n"     \
  "ClientId c1\nClientSecret s3cret\nHost \"h1\"\n</Account>\n</Plugin>\n"
#define LEDGER_READ "genesys_flowmetrics/ledger"

static char folder[] = "/tmp/gc-flowplugin-XXXXXX";
static unsigned port;

static void load_plugin(void) {
  fake_reset();
  fake_global_option_set("BaseDir", folder);
  genesys_flowmetrics_module_register();
}

static int post_body(const char *body) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  char text[2000], answer[64] = "";
  int len = snprintf(text, sizeof(text),
                     "POST /genesys HTTP/1.1\r\nHost: x\r\nContent-Length: %zu"
                     "\r\n\r\n%s",
                     strlen(body), body);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK_INT(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
  CHECK_INT(write(fd, text, (size_t)len), len);
  CHECK(read(fd, answer, sizeof(answer) - 1) > 12);
  close(fd);
  return atoi(answer + 9);
}

/* All attributes have one time: the same number is the same attribute. */
static void post_event(unsigned number) {
  static time_t now;
  char body[300], at[40];
  if (now == 0)
    now = time(NULL);
  strftime(at, sizeof(at), "%Y-%m-%dT%H:%M:%SZ", gmtime(&now));
  snprintf(body, sizeof(body),
           "{\"conversationId\":\"c%u\",\"attributes\":{\"Main "
           "MenuMetric_Calls(%s)\":\"1\"}}",
           number, at);
  CHECK_INT(post_body(body), 200);
}

static void configure_webhook(void) {
  char text[300];
  close(server_bind(&port));
  snprintf(text, sizeof(text),
           FLOWMETRICS("<Attributes \"hook\">\nSource webhook\nPort %u\n"
                       "</Attributes>\n"),
           port);
  CHECK_INT(fake_config(text), 0);
}

/* The stop dispatches the remaining counts; the 0 of a new counter comes first,
 * an interval earlier. */
static void a_metric_goes_from_the_webhook_to_the_daemon(void) {
  load_plugin();
  configure_webhook();
  CHECK_INT(fake_init(), 0);
  CHECK(fake_has("read", LEDGER_READ));
  CHECK(fake_has("read", "genesys_flowmetrics/attributes-hook/state"));
  post_event(1);
  CHECK_INT(fake_read(LEDGER_READ), 0);
  CHECK_INT(fake_derive("genesys-Main Menu/flow_metric-Calls"), 0);
  post_event(2);
  post_event(2);
  post_event(3); /* its commit also recorded that the 0 was dispatched */
  CHECK_INT(fake_read("genesys_flowmetrics/attributes-hook/state"), 0);
  CHECK_REAL(fake_gauge("genesys-attributes-hook/source_up-webhook"), 1);
  CHECK_INT(fake_derive("genesys-attributes-hook/events-counted"), 3);
  CHECK_INT(fake_derive("genesys-attributes-hook/events-duplicate"), 1);
  CHECK_REAL(fake_gauge("genesys-attributes-hook/series"), 1);
  fake_values_clear();
  CHECK_INT(fake_shutdown(), 0);
  CHECK_INT(fake_derive("genesys-Main Menu/flow_metric-Calls"), 3);
  CHECK(!fake_log_has("ERROR"));
}

static void an_unknown_account_disables_only_its_block(void) {
  load_plugin();
  CHECK_INT(fake_config(FLOWMETRICS(
                "<Attributes \"a\">\nAccount \"nobody\"\nAWSRegion x\n"
                "QueueURL \"http://127.0.0.1:1/1/q\"\nAccessKeyId A\n"
                "SecretAccessKeyFile \"/nonexistent\"\n</Attributes>\n")),
            0);
  CHECK_INT(fake_init(), 0);
  CHECK(fake_log_has("ERROR genesys_flowmetrics: <Attributes \"a\">: no "
                     "<Account \"nobody\">"));
  CHECK(!fake_has("read", "genesys_flowmetrics/attributes-a/state"));
  CHECK_INT(fake_read(NULL), 0);
  fake_shutdown();
}

static void a_taken_port_is_reported_and_tried_again(void) {
  char text[300];
  load_plugin();
  int fd = server_bind(&port);
  CHECK_INT(listen(fd, 1), 0);
  snprintf(text, sizeof(text),
           FLOWMETRICS("<Attributes \"hook\">\nSource webhook\nPort %u\n"
                       "</Attributes>\n"),
           port);
  CHECK_INT(fake_config(text), 0);
  CHECK_INT(fake_init(), 0);
  CHECK(fake_log_has("genesys_flowmetrics: attributes-hook, listening: "));
  CHECK(fake_log_has("in use"));
  CHECK_INT(fake_read(NULL), 0);
  close(fd);
  while (fake_gauge("genesys-attributes-hook/source_up-webhook") != 1) {
    CHECK_INT(fake_read(LEDGER_READ), 0);
    CHECK_INT(fake_read("genesys_flowmetrics/attributes-hook/state"), 0);
  }
  post_event(9);
  fake_shutdown();
}

static void the_plugin_stops_while_the_queue_is_unreachable(void) {
  load_plugin();
  CHECK_INT(fake_config(FLOWMETRICS(
                "<Attributes \"a\">\nAWSRegion x\n"
                "QueueURL \"http://127.0.0.1:1/1/q\"\nAccessKeyId A\n"
                "SecretAccessKeyFile \"/nonexistent\"\n</Attributes>\n")),
            0);
  CHECK_INT(fake_init(), 0);
  CHECK_INT(fake_read(NULL), 0);
  CHECK_REAL(fake_gauge("genesys-attributes-a/source_up-sqs"), 0);
  fake_shutdown();
  CHECK(!fake_has("read", LEDGER_READ));
}

#define ONE_FLOWS(name, options)                                               \
  "<Flows \"" name "\">\nAccount \"prod\"\n" options "</Flows>\n"

/* The metrics of the blocks differ, so only flow_active can collide. */
static void only_blocks_with_observations_write_flow_active(void) {
  load_plugin();
  genesys_module_register();
  CHECK(fake_config(GENESYS FLOWMETRICS(
            ONE_FLOWS("f", "Metric nFlow\n")
                ONE_FLOWS("g", "Metric tFlow\nObservations query\n"))) != 0);
  CHECK(fake_log_has("ERROR genesys_flowmetrics: <Flows \"g\">: would write "
                     "the same series as <Flows \"f\"> (flow_active)"));
  fake_shutdown();
  gc_accounts_close();
}

static void blocks_without_observations_do_not_write_flow_active(void) {
  load_plugin();
  genesys_module_register();
  CHECK_INT(fake_config(GENESYS FLOWMETRICS(
                ONE_FLOWS("f", "Metric nFlow\nObservations none\n")
                    ONE_FLOWS("g", "Metric tFlow\nObservations none\n"))),
            0);
  fake_shutdown();
  gc_accounts_close();
}

static void a_wrong_option_ends_the_start(void) {
  load_plugin();
  CHECK(fake_config(FLOWMETRICS("<Attributes \"a\">\nSource sqs\n"
                                "</Attributes>\n")) != 0);
  CHECK_INT(fake_log_count(), 1);
  CHECK_HAS(fake_log(0), "ERROR genesys_flowmetrics: <Attributes \"a\">: ");
  CHECK_HAS(fake_log(0), "QueueURL is missing");
  fake_shutdown();
}

#define LEASED                                                                 \
  "<Plugin genesys>\n<Account \"prod\">\nBaseURL \"http://127.0.0.1:1\"\n"     \
  "ClientId c1\nClientSecret s3cret\nHost \"h1\"\n"                            \
  "LeaseURL \"unix:///nonexistent\"\n</Account>\n</Plugin>\n"
#define HOOK                                                                   \
  FLOWMETRICS("<Attributes \"hook\">\nSource webhook\nAccount \"prod\"\n"      \
              "</Attributes>\n")
#define NEEDS                                                                  \
  "the LeaseURL of <Account \"prod\"> needs a StateURL, the same on all "      \
  "agents"

static void a_lease_needs_a_shared_state(void) {
  load_plugin();
  genesys_module_register();
  CHECK(fake_config(LEASED HOOK) != 0);
  CHECK(
      fake_log_has("ERROR genesys_flowmetrics: <Attributes \"hook\">: " NEEDS));
  fake_shutdown();
  gc_accounts_close();
}

/* The account follows the block in the file. */
static void a_later_lease_needs_a_shared_state(void) {
  load_plugin();
  genesys_module_register();
  CHECK_INT(fake_config(HOOK LEASED), 0);
  CHECK_INT(fake_init(), 0);
  CHECK(
      fake_log_has("ERROR genesys_flowmetrics: <Attributes \"hook\">: " NEEDS));
  CHECK(!fake_has("read", "genesys_flowmetrics/attributes-hook/state"));
  fake_shutdown();
  gc_accounts_close();
}

static void a_lease_with_a_shared_state_is_accepted(void) {
  load_plugin();
  genesys_module_register();
  CHECK_INT(fake_config(LEASED FLOWMETRICS(
                "<Attributes \"hook\">\nSource webhook\nAccount \"prod\"\n"
                "StateURL \"unix:///nonexistent\"\n</Attributes>\n")),
            0);
  CHECK(!fake_log_has("ERROR"));
  fake_shutdown();
  gc_accounts_close();
}

static bool has_file(const char *name) {
  char path[300];
  snprintf(path, sizeof(path), "%s/genesys/%s", folder, name);
  return access(path, F_OK) == 0;
}

static void only_a_refused_block_opens_no_state(void) {
  load_plugin();
  genesys_module_register();
  CHECK_INT(fake_config(HOOK LEASED), 0);
  CHECK_INT(fake_init(), 0);
  CHECK(!fake_has("read", LEDGER_READ));
  CHECK(!has_file("flowmetrics.db"));
  fake_shutdown();
  gc_accounts_close();
}

#define CALLS_OF_H1 "h1/genesys-Main Menu/flow_metric-Calls"

/* Starts a webhook whose values have the host of the account "prod". */
static void start_hook_of_the_account(void) {
  char text[800];
  load_plugin();
  genesys_module_register();
  close(server_bind(&port));
  snprintf(text, sizeof(text),
           GENESYS FLOWMETRICS("<Attributes \"hook\">\nSource webhook\n"
                               "Port %u\nAccount \"prod\"\n</Attributes>\n"),
           port);
  CHECK_INT(fake_config(text), 0);
  CHECK_INT(fake_init(), 0);
}

/* Counts an event for the account "prod", without a lease. */
static void count_for_the_account(void) {
  start_hook_of_the_account();
  post_event((unsigned)getpid());
  CHECK_INT(fake_read(LEDGER_READ), 0); /* the 0 of a new counter */
  CHECK_INT(fake_shutdown(), 0);
  gc_accounts_close();
}

static void count_the_first_event(void) {
  count_for_the_account();
  CHECK_INT(fake_derive(CALLS_OF_H1), 1);
}

static void count_the_second_event(void) {
  count_for_the_account();
  CHECK_INT(fake_derive(CALLS_OF_H1), 2);
}

/* The account of one block has a lease, which this agent gets. */
static void run_beside_a_refused_block(void) {
  char text[800];
  load_plugin();
  genesys_module_register();
  close(server_bind(&port));
  snprintf(text, sizeof(text),
           FLOWMETRICS("<Attributes \"hook\">\nSource webhook\n"
                       "Account \"prod\"\n</Attributes>\n"
                       "<Attributes \"own\">\nSource webhook\nPort %u\n"
                       "</Attributes>\n") GENESYS,
           port);
  CHECK_INT(fake_config(text), 0);
  struct gc_lease_gate *gate = gc_lease_gate_make("prod", "h1");
  CHECK_INT(fake_init(), 0);
  post_event(1);
  gc_lease_gate_set(gate,
                    &(struct gc_lease_status){.state = GC_LEASE_HOLDER,
                                              .valid_until_ms = UINT64_MAX});
  post_event(2);
  CHECK_INT(fake_read(LEDGER_READ), 0);
  CHECK_INT(fake_shutdown(), 0);
  CHECK_INT(fake_derive("genesys-Main Menu/flow_metric-Calls"), 2);
  CHECK_INT(fake_value_count_of(CALLS_OF_H1), 0);
  gc_accounts_close();
}

static void a_refused_block_leaves_the_counts_of_its_host(void) {
  RUN_ALONE(count_the_first_event);
  RUN_ALONE(run_beside_a_refused_block);
  RUN_ALONE(count_the_second_event);
}

static void flows_alone_keep_no_attributes(void) {
  load_plugin();
  genesys_module_register();
  CHECK_INT(fake_config(GENESYS FLOWMETRICS(
                "<Flows \"f\">\nAccount \"prod\"\nMetric \"nFlow\"\n</Flows>\n"
                "<Flows \"g\">\nAccount \"prod\"\nObservations none\n"
                "Metric \"nFlowMilestone\"\n"
                "</Flows>\n<Flows \"i\">\nAccount \"prod\"\n"
                "Observations none\nMetric \"nFlowOutcome\"\n"
                "</Flows>\n<Flows \"h\">\nAccount \"pord\"\n</Flows>\n")),
            0);
  CHECK_INT(fake_init(), 0);
  CHECK(fake_has("read", "genesys_flowmetrics/flows-f"));
  CHECK(fake_has("read", "genesys_flowmetrics/flows-g/state"));
  CHECK(!fake_has("read", "genesys_flowmetrics/flows-h"));
  CHECK(fake_log_has("ERROR genesys_flowmetrics: <Flows \"h\">: no <Account "
                     "\"pord\">"));
  CHECK(!fake_has("read", LEDGER_READ));
  CHECK(!has_file("flowmetrics.db") && has_file("state.db"));
  CHECK_INT(fake_read(NULL), 0);
  CHECK_REAL(fake_gauge("h1/genesys-flows-f/source_up-aggregates"), 0);
  CHECK_INT(fake_derive("h1/genesys-flows-f/series_overflow-observations"), 0);
  CHECK_REAL(fake_gauge("h1/genesys-flows-g/source_up-aggregates"), 0);
  CHECK_INT(fake_value_count_of("h1/genesys-flows-g/source_up-observations"),
            0);
  CHECK_INT(fake_derive("h1/genesys-flows-g/windows-done"), 0);
  CHECK_INT(fake_data_set_count("flow_interval_duration"), 1);
  fake_shutdown();
  gc_accounts_close();
}

static void both_kinds_of_blocks_run_in_one_process(void) {
  char text[800];
  load_plugin();
  genesys_module_register();
  close(server_bind(&port));
  snprintf(
      text, sizeof(text),
      GENESYS FLOWMETRICS("<Flows \"f\">\nAccount \"prod\"\n</Flows>\n"
                          "<Attributes \"hook\">\nSource webhook\nPort %u\n"
                          "</Attributes>\n<Flows \"g\">\nAccount \"prod\"\n"
                          "InstancePrefix \"g-\"\n</Flows>\n"),
      port);
  CHECK_INT(fake_config(text), 0);
  CHECK_INT(fake_init(), 0);
  post_event(7);
  CHECK_INT(fake_read(NULL), 0);
  CHECK_INT(fake_derive("genesys-Main Menu/flow_metric-Calls"), 0);
  CHECK_REAL(fake_gauge("h1/genesys-flows-g/source_up-aggregates"), 0);
  CHECK_INT(fake_shutdown(), 0);
  CHECK_INT(fake_derive("genesys-Main Menu/flow_metric-Calls"), 1);
  CHECK(!fake_log_has("ERROR genesys_flowmetrics"));
  gc_accounts_close();
}

/* A block without an account has collectd's own host, as has a block whose
 * account is given this host: they write one series, so they count together. */
static void blocks_of_one_host_count_together(void) {
  char text[800];
  load_plugin();
  genesys_module_register();
  int first = server_bind(&port);
  unsigned first_port = port;
  close(server_bind(&port));
  close(first);
  snprintf(text, sizeof(text),
           "<Plugin genesys>\n<Account \"prod\">\nBaseURL "
           "\"http://127.0.0.1:1\"\nClientId c1\nClientSecret s3cret\n"
           "Host \"%s\"\n</Account>\n</Plugin>\n" FLOWMETRICS(
               "<Attributes \"a\">\nSource webhook\nPort %u\n"
               "</Attributes>\n<Attributes \"b\">\nSource webhook\nPort %u\n"
               "Account \"prod\"\n</Attributes>\n"),
           hostname_g, first_port, port);
  CHECK_INT(fake_config(text), 0);
  CHECK_INT(fake_init(), 0);
  post_event(1);
  port = first_port;
  post_event(2);
  CHECK_INT(fake_read(LEDGER_READ), 0);
  CHECK_INT(fake_shutdown(), 0);
  CHECK_INT(fake_derive("genesys-Main Menu/flow_metric-Calls"), 2);
  gc_accounts_close();
}

/* The health of a block does not name an account that only provides a host. */
static void the_health_of_a_block_has_the_host_of_its_values(void) {
  const struct gc_health_time now = {gc_clock_now_ms(), gc_clock_wall_ms()};
  struct gc_health_snapshot s;
  bool is_found = false;
  start_hook_of_the_account();
  gc_health_snapshot_take(&s, &now);
  for (size_t i = 0; i < s.count; i++)
    if (strcmp(s.at[i].id.name, "attributes-hook") == 0) {
      is_found = true;
      CHECK_STR(s.at[i].id.host, "h1");
      CHECK_STR(s.at[i].id.account, "");
    }
  CHECK(is_found);
  gc_health_snapshot_clear(&s);
  fake_shutdown();
  gc_accounts_close();
}

int main(void) {
  char state[64];
  if (mkdtemp(folder) == NULL)
    return 99;
  snprintf(state, sizeof(state), "%s/genesys", folder);
  RUN_ALONE(flows_alone_keep_no_attributes);
  if (ledger_has_redis())
    RUN_ALONE(only_a_refused_block_opens_no_state);
  a_refused_block_leaves_the_counts_of_its_host();
  CHECK(folder_remove(state));
  RUN_ALONE(a_metric_goes_from_the_webhook_to_the_daemon);
  RUN_ALONE(an_unknown_account_disables_only_its_block);
  RUN_ALONE(a_taken_port_is_reported_and_tried_again);
  RUN_ALONE(the_plugin_stops_while_the_queue_is_unreachable);
  RUN_ALONE(only_blocks_with_observations_write_flow_active);
  RUN_ALONE(blocks_without_observations_do_not_write_flow_active);
  RUN_ALONE(a_wrong_option_ends_the_start);
  if (ledger_has_redis()) {
    RUN_ALONE(a_lease_needs_a_shared_state);
    RUN_ALONE(a_later_lease_needs_a_shared_state);
    RUN_ALONE(a_lease_with_a_shared_state_is_accepted);
  }
  CHECK(folder_remove(state));
  RUN_ALONE(both_kinds_of_blocks_run_in_one_process);
  CHECK(folder_remove(state));
  RUN_ALONE(blocks_of_one_host_count_together);
  CHECK(folder_remove(state));
  RUN_ALONE(the_health_of_a_block_has_the_host_of_its_values);
  CHECK(folder_remove(folder));
  return check_done();
}
