/* SPDX-License-Identifier: MIT */
/* The plugin in a fake collectd: its configuration, its callbacks, and the
 * values of collectd that a scrape shows. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "utils/common/common.h"
#include "utils/metadata/meta_data.h"

#include "common/daemon/emit.h"
#include "common/net/clock.h"
#include "common/net/lease_gate.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/fake_daemon_internal.h"
#include "tests/support/refuse_memory.h"
#include "tests/support/server.h"

void genesys_prometheus_module_register(void);

static unsigned port;

/* Returns the answer to METHOD /metrics with `headers`, each with its line end;
 * "" when nothing listens. */
static const char *ask_with(const char *method, const char *headers) {
  static char request[400], answer[65536];
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  size_t len = 0;
  ssize_t got = 0;
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  int size = snprintf(request, sizeof(request),
                      "%s /metrics HTTP/1.1\r\nHost: x\r\nConnection: "
                      "close\r\n%s\r\n",
                      method, headers);
  if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
      write(fd, request, (size_t)size) == size)
    while ((got = read(fd, answer + len, sizeof(answer) - 1 - len)) > 0)
      len += (size_t)got;
  close(fd);
  answer[len] = '\0';
  return answer;
}

static const char *ask_metrics(const char *method) {
  return ask_with(method, "");
}

static const char *scrape_metrics(void) { return ask_metrics("GET"); }

static int configure_plugin(const char *options) {
  char text[600];
  fake_reset();
  genesys_prometheus_module_register();
  close(server_bind(&port));
  snprintf(text, sizeof(text),
           "<Plugin genesys_prometheus>\nPort %u\n%s\n</Plugin>\n", port,
           options);
  return fake_config(text);
}

static void begin_plugin(const char *options) {
  CHECK_INT(configure_plugin(options), 0);
  CHECK_INT(fake_init(), 0);
}

/* Dispatches a list of a plugin that is not ours, without meta data. */
static void dispatch_list(const char *plugin, const char *type, value_t *values,
                          size_t count) {
  value_list_t vl = {.values = values,
                     .values_len = count,
                     .interval = TIME_T_TO_CDTIME_T_STATIC(10),
                     .host = "far"};
  sstrncpy(vl.plugin, plugin, sizeof(vl.plugin));
  sstrncpy(vl.plugin_instance, "Sales", sizeof(vl.plugin_instance));
  sstrncpy(vl.type, type, sizeof(vl.type));
  sstrncpy(vl.type_instance, "voice", sizeof(vl.type_instance));
  CHECK_INT(plugin_dispatch_values(&vl), 0);
}

static void dispatch_depth(const char *host, const char *instance,
                           double value) {
  const struct gc_sample sample = {.metric = GC_METRIC_QUEUE_DEPTH,
                                   .instance = instance,
                                   .qualifier = "voice",
                                   .parts = "queue_id=q1\n",
                                   .values = {{.gauge = value}},
                                   .interval_ms = 10000};
  CHECK_INT(gc_emit(host, &sample), GC_OK);
}

/* ---- configuration ---- */

static void wrong_configurations_are_refused(void) {
  static const struct {
    const char *text, *words;
  } rows[] = {
      {"Listen \"\"", "Listen needs an address"},
      {"Path metrics", "Path \"metrics\": must begin with \"/\""},
      {"User u", "User and PasswordFile belong together"},
      {"PasswordFile \"/f\"", "User and PasswordFile belong together"},
      {"User \"a:b\"\nPasswordFile \"/f\"", "allows no \":\""},
      {"TLSKey \"/f\"", "TLSKey and TLSClientCA need a TLSCert"},
      {"TLSClientCA \"/f\"", "TLSKey and TLSClientCA need a TLSCert"},
      {"Plugin \"[\"", "Plugin: "},
      {"MaxSeries 0", "MaxSeries"},
      {"Staleness 0", "Staleness"},
      {"Port 9104", "Port"},
      {"Listne x", "did you mean \"Listen\"?"},
      {"<Node x>\nPort 1\n</Node>", "unknown block \"Node\""},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    CHECK_ROW(rows[i].text);
    CHECK(configure_plugin(rows[i].text) != 0);
    CHECK(fake_log_has("ERROR "));
    CHECK(fake_log_has(rows[i].words));
    (void)fake_shutdown();
  }
}

static void a_section_after_a_refused_one_begins_with_the_defaults(void) {
  CHECK(configure_plugin("Plugin \"*\"\nUser u") != 0);
  (void)fake_shutdown();
  begin_plugin("");
  value_t value = {.gauge = 3};
  dispatch_list("cpu", "queue_depth", &value, 1);
  CHECK_HAS(scrape_metrics(), "HTTP/1.1 200");
  CHECK(strstr(scrape_metrics(), "cpu") == NULL);
  (void)fake_shutdown();
}

static void the_defaults_need_no_section(void) {
  fake_reset();
  genesys_prometheus_module_register();
  CHECK_INT(fake_init(), 0);
  CHECK(fake_has("write", "genesys_prometheus"));
  (void)fake_shutdown();
}

static void an_open_exposition_gives_a_warning(void) {
  static const struct {
    const char *text, *words; /* words NULL: no warning */
  } rows[] = {
      {"Listen \"127.0.0.2\"", NULL},
      {"Listen localhost", NULL},
      {"Listen \"0.0.0.0\"",
       "Listen \"0.0.0.0\" without User, BearerTokenFile and TLSClientCA: any "
       "host that reaches it can read the values"},
      {"Listen \"0.0.0.0\"\nTLSCert \"/nonexistent\"",
       "any host that reaches it"},
      {"Listen \"0.0.0.0\"\nTLSCert \"/nonexistent\"\nTLSClientCA "
       "\"/nonexistent\"",
       NULL},
      {"Listen \"0.0.0.0\"\nTLSCert \"/nonexistent\"\nBearerTokenFile "
       "\"/none\"",
       NULL},
      {"Listen \"0.0.0.0\"\nUser u\nPasswordFile \"/nonexistent\"",
       "without TLSCert the scraper's password"},
      {"Listen \"0.0.0.0\"\nBearerTokenFile \"/nonexistent\"",
       "without TLSCert the scraper's password"},
  };
  for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
    CHECK_ROW(rows[i].text);
    begin_plugin(rows[i].text);
    size_t count = 0;
    for (size_t n = 0; n < fake_log_count(); n++)
      count +=
          strstr(fake_log(n), "WARNING genesys_prometheus: Listen") != NULL;
    CHECK_INT(count, rows[i].words != NULL);
    CHECK(rows[i].words == NULL || fake_log_has(rows[i].words));
    (void)fake_shutdown();
  }
}

/* ---- values ---- */

static void values_of_several_lists_are_shown(void) {
  data_source_t sources[] = {{.name = "rx", .type = DS_TYPE_DERIVE},
                             {.name = "tx", .type = DS_TYPE_COUNTER},
                             {.name = "other", .type = DS_TYPE_ABSOLUTE}};
  data_set_t set = {.type = "test_octets", .ds_num = 3, .ds = sources};
  value_t values[] = {{.derive = 7}, {.counter = UINT64_MAX}, {.absolute = 5}};
  begin_plugin("Plugin \"*\"\nPlugin \"!secret\"");
  plugin_register_data_set(&set);
  dispatch_depth("h1", "Sales", 4);
  dispatch_depth("h2", "Sales", 2.5);
  dispatch_depth("h1", "Sales", 6);
  dispatch_list("net", "test_octets", values, 3);
  const char *text = scrape_metrics();
  CHECK_HAS(text, "genesys_queue_depth{queue_id=\"q1\",queue_name=\"Sales\","
                  "media_type=\"voice\",host=\"h1\"} 6\n");
  CHECK_HAS(text, "media_type=\"voice\",host=\"h2\"} 2.5\n");
  CHECK_HAS(text, "} 7\n");
  CHECK_HAS(text, "} 18446744073709551615\n");
  CHECK(strstr(text, "other") == NULL);
  CHECK(fake_shutdown() == 0);
}

/* The network plugin transports no meta data. */
static void a_value_without_meta_data_is_named_by_its_identity(void) {
  value_t value = {.gauge = 9};
  begin_plugin("");
  dispatch_list("genesys", "queue_depth", &value, 1);
  dispatch_list("cpu", "queue_depth", &value, 1);
  CHECK_HAS(scrape_metrics(), "\ngenesys_queue_depth{queue_name=\"Sales\","
                              "media_type=\"voice\",host=\"far\"} 9\n");
  CHECK(strstr(scrape_metrics(), "cpu") == NULL);
  (void)fake_shutdown();
}

static void a_value_of_a_known_series_takes_no_memory(void) {
  value_t value = {.gauge = 1};
  value_list_t vl = {.values = &value,
                     .values_len = 1,
                     .interval = TIME_T_TO_CDTIME_T_STATIC(10),
                     .host = "h",
                     .plugin = "genesys",
                     .plugin_instance = "Sales",
                     .type = "queue_depth",
                     .type_instance = "voice"};
  const data_set_t *ds = plugin_get_ds("queue_depth");
  begin_plugin("");
  fake_call_writers(ds, &vl);
  refuse_memory_from = 1;
  for (int i = 0; i < 1000; i++) {
    value.gauge = i;
    vl.time++;
    fake_call_writers(ds, &vl);
  }
  refuse_memory_from = SIZE_MAX;
  CHECK_HAS(scrape_metrics(), "host=\"h\"} 999\n");
  (void)fake_shutdown();
}

/* A load balancer that checks the port must not take the 0 of a new counter
 * from Prometheus. */
static void a_head_request_is_no_scrape(void) {
  begin_plugin("");
  for (int count = 0; count < 2; count++) {
    const struct gc_sample sample = {.metric = GC_METRIC_QUEUE_OFFER,
                                     .instance = "Sales",
                                     .qualifier = "voice",
                                     .values = {{.derive = count}},
                                     .interval_ms = 10000};
    CHECK_INT(gc_emit("h", &sample), GC_OK);
  }
  CHECK_HAS(ask_metrics("HEAD"), "HTTP/1.1 200");
  CHECK(strstr(ask_metrics("HEAD"), "genesys_") == NULL);
  CHECK(strstr(ask_metrics("HEAD"), "Content-Length") == NULL);
  CHECK_HAS(scrape_metrics(), "media_type=\"voice\",host=\"h\"} 0\n");
  CHECK_HAS(scrape_metrics(), "media_type=\"voice\",host=\"h\"} 0\n");
  CHECK_HAS(scrape_metrics(), "media_type=\"voice\",host=\"h\"} 1\n");
  (void)fake_shutdown();
}

static void a_list_of_a_wrong_length_is_not_read(void) {
  data_source_t sources[65];
  value_t values[65] = {{.gauge = 1}};
  data_set_t set = {.type = "test_wide", .ds_num = 65, .ds = sources};
  for (size_t i = 0; i < 65; i++)
    sources[i] = (data_source_t){.name = "s", .type = DS_TYPE_GAUGE};
  begin_plugin("Plugin \"*\"");
  plugin_register_data_set(&set);
  dispatch_list("net", "test_wide", values, 65);
  CHECK(strstr(scrape_metrics(), "test_wide") == NULL);
  (void)fake_shutdown();
}

static void series_that_are_left_out_are_reported_once(void) {
  begin_plugin("MaxSeries 1");
  for (int i = 0; i < 3; i++)
    dispatch_depth("h1", (const char *[]){"A", "B", "C"}[i], 1);
  (void)fake_read("genesys_prometheus/maintain");
  CHECK(fake_log_has("MaxSeries 1 is reached: new series are not shown"));
  (void)fake_read("genesys_prometheus/state");
  CHECK_REAL(fake_gauge("genesys-prometheus/series"), 1);
  CHECK_INT(fake_derive("genesys-prometheus/series_overflow"), 2);
  (void)fake_shutdown();
}

static void the_plugin_shows_its_own_values(void) {
  begin_plugin("");
  CHECK_HAS(scrape_metrics(), "HTTP/1.1 200");
  (void)fake_read("genesys_prometheus/state");
  CHECK_INT(fake_derive("genesys-prometheus/scrapes-200"), 1);
  CHECK(fake_gauge("genesys-prometheus/scrape_time") >= 0);
  CHECK_HAS(scrape_metrics(),
            "genesys_scrapes_total{block=\"prometheus\",status=\"200\"");
  (void)fake_shutdown();
}

/* ---- leases ---- */

static void hold_lease(struct gc_lease_gate *gate, bool holds) {
  gc_lease_gate_set(
      gate, &(struct gc_lease_status){
                .state = holds ? GC_LEASE_HOLDER : GC_LEASE_STANDBY,
                .fence = holds,
                .valid_until_ms = holds ? gc_clock_boot_ms() + 3600000 : 0});
}

/* Dispatches a value of the account with the Host "far" that comes from another
 * agent, as the network plugin does. */
static void receive_value(void) {
  value_t value = {.gauge = 9};
  value_list_t vl = {.values = &value,
                     .values_len = 1,
                     .interval = TIME_T_TO_CDTIME_T_STATIC(10),
                     .host = "far",
                     .plugin = "genesys",
                     .plugin_instance = "Received",
                     .type = "queue_depth",
                     .type_instance = "voice",
                     .meta = meta_data_create()};
  meta_data_add_boolean(vl.meta, "network:received", true);
  CHECK_INT(plugin_dispatch_values(&vl), 0);
  meta_data_destroy(vl.meta);
}

/* collectd replaces the slash of a Host in the host of its values. */
static void values_of_a_lost_lease_are_not_shown(void) {
  static const char sales[] =
      "queue_name=\"Sales\",media_type=\"voice\",host=\"far\"} ",
                    slash[] = "media_type=\"voice\",host=\"a_b\"} ";
  struct gc_lease_gate *far = gc_lease_gate_make("far", "far");
  struct gc_lease_gate *with_slash = gc_lease_gate_make("slash", "a/b");
  value_t value = {.gauge = 9};
  begin_plugin("Plugin \"*\"");
  hold_lease(far, true);
  hold_lease(with_slash, true);
  dispatch_depth("far", "Sales", 4);
  dispatch_depth("a/b", "Sales", 4);
  dispatch_depth("web1", "Sales", 4);
  dispatch_list("cpu", "queue_depth", &value, 1);
  receive_value();
  CHECK_HAS(scrape_metrics(), sales);
  CHECK_HAS(scrape_metrics(), slash);

  hold_lease(far, false);
  hold_lease(with_slash, false);
  const char *text = scrape_metrics();
  CHECK(strstr(text, sales) == NULL);
  CHECK(strstr(text, slash) == NULL);
  CHECK_HAS(text, "media_type=\"voice\",host=\"web1\"} 4\n");
  CHECK_HAS(text, "collectd_cpu_queue_depth{");
  CHECK_HAS(text, "queue_name=\"Received\",media_type=\"voice\",host=\"far\"}");
  dispatch_list("genesys", "queue_depth", &value, 1); /* waited in a queue */
  CHECK(strstr(scrape_metrics(), sales) == NULL);

  hold_lease(far, true);
  CHECK(strstr(scrape_metrics(), sales) == NULL);
  dispatch_depth("far", "Sales", 5);
  CHECK_HAS(scrape_metrics(), "media_type=\"voice\",host=\"far\"} 5\n");
  (void)fake_shutdown();
}

/* ---- answers ---- */

static void the_format_is_the_one_that_is_preferred(void) {
  static const struct {
    const char *header;
    bool want;
  } rows[] = {
      {"", false},
      {"Accept: \r\n", false},
      {"Accept: */*\r\n", false},
      {"Accept: text/plain\r\n", false},
      {"Accept: application/openmetrics-text\r\n", true},
      {"Accept: application/openmetrics-text;version=1.0.0,"
       "application/openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n",
       true},
      {"Accept: application/openmetrics-text;q=0.4, text/plain;q=0.5\r\n",
       false},
      {"Accept: application/openmetrics-text; q=0\r\n", false},
      {"Accept: application/openmetrics-text;q=0.0,text/plain\r\n", false},
      {"Accept: Application/OpenMetrics-Text ; Q=0.500 , "
       "text/plain;q=0.5\r\n",
       true},
      {"Accept: application/openmetrics-textual\r\n", false},
      {"Accept: text/html,,;;,application/openmetrics-text\r\n", true},
  };
  begin_plugin("");
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].header);
    CHECK_HAS(ask_with("GET", rows[i].header),
              rows[i].want ? "Content-Type: application/openmetrics-text;"
                           : "Content-Type: text/plain;");
  }
  (void)fake_shutdown();
}

static void gzip_needs_a_weight(void) {
  static const struct {
    const char *header;
    bool want;
  } rows[] = {
      {"Accept-Encoding: gzip\r\n", true},
      {"Accept-Encoding: deflate, gzip;q=0.1\r\n", true},
      {"Accept-Encoding: gzip;q=0\r\n", false},
      {"Accept-Encoding: identity\r\n", false},
      {"", false},
  };
  begin_plugin("");
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].header);
    CHECK_INT(strstr(ask_with("GET", rows[i].header),
                     "Content-Encoding: gzip") != NULL,
              rows[i].want);
  }
  (void)fake_shutdown();
}

/* Opens a connection from 127.0.0.`last`. */
static int dial_from(unsigned last) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  struct sockaddr_in from = {.sin_family = AF_INET,
                             .sin_addr.s_addr = htonl(0x7f000000 | last)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  CHECK_INT(bind(fd, (struct sockaddr *)&from, sizeof(from)), 0);
  CHECK_INT(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
  return fd;
}

/* Half of the connections send nothing, half wait after a request. */
static void idle_connections_do_not_slow_a_scrape(void) {
  static const char request[] = "GET /none HTTP/1.1\r\nHost: x\r\n\r\n";
  int crowd[120];
  char answer[1000];
  begin_plugin("");
  dispatch_depth("h1", "Sales", 4);
  for (size_t i = 0; i < GC_COUNT(crowd); i++) {
    crowd[i] = dial_from(2 + (unsigned)i % 6);
    if (i % 2 == 0)
      continue;
    CHECK_INT(write(crowd[i], request, strlen(request)), strlen(request));
    CHECK(read(crowd[i], answer, sizeof(answer)) > 0);
  }
  uint64_t slowest_ms = 0;
  for (int i = 0; i < 10; i++) {
    uint64_t began_ms = gc_clock_now_ms();
    CHECK_HAS(scrape_metrics(), "host=\"h1\"} 4\n");
    uint64_t took_ms = gc_clock_now_ms() - began_ms;
    slowest_ms = took_ms > slowest_ms ? took_ms : slowest_ms;
  }
  CHECK(slowest_ms < 200);
  for (size_t i = 0; i < GC_COUNT(crowd); i++)
    close(crowd[i]);
  (void)fake_shutdown();
}

static void put_wait(enum gc_metric_id metric, const char *qualifier,
                     union gc_number value) {
  const struct gc_sample sample = {.metric = metric,
                                   .instance = "Sales",
                                   .qualifier = qualifier,
                                   .values = {value},
                                   .interval_ms = 10000};
  CHECK_INT(gc_emit("h", &sample), GC_OK);
}

static void the_waits_have_a_second_name_on_request(void) {
  static const char sales[] =
      "queue_name=\"Sales\",media_type=\"voice\",host=\"h\"";
  char want[300];
  for (int has_alias = 0; has_alias < 2; has_alias++) {
    begin_plugin(has_alias ? "QueueWaitAlias true" : "");
    put_wait(GC_METRIC_QUEUE_WAIT_BUCKET, "voice-le-+Inf",
             (union gc_number){.derive = 3});
    put_wait(GC_METRIC_QUEUE_WAIT_SUM, "voice",
             (union gc_number){.gauge = 6.5});
    const char *text = scrape_metrics();
    CHECK_HAS(text, "\ngenesys_queue_wait_time_seconds_sum{");
    CHECK_INT(strstr(text, "# TYPE genesys_queue_wait_seconds histogram\n") !=
                  NULL,
              has_alias);
    snprintf(want, sizeof(want),
             "\ngenesys_queue_wait_seconds_bucket{%s,le=\"+Inf\"} 3\n"
             "genesys_queue_wait_seconds_sum{%s} 6.5\n"
             "genesys_queue_wait_seconds_count{%s} 3\n",
             sales, sales, sales);
    CHECK_INT(strstr(text, want) != NULL, has_alias);
    (void)fake_shutdown();
  }
}

/* ---- init and shutdown ---- */

static void callbacks_are_registered_once(void) {
  begin_plugin("");
  CHECK(fake_has("write", "genesys_prometheus"));
  CHECK(fake_has("read", "genesys_prometheus/maintain"));
  CHECK(fake_has("read", "genesys_prometheus/state"));
  CHECK(!fake_has("flush", "genesys_prometheus")); /* no value waits */
  CHECK_INT(fake_init(), 0);
  CHECK(!fake_log_has("already exists"));
  (void)fake_shutdown();
}

static void a_port_in_use_is_tried_again(void) {
  char text[100];
  fake_reset();
  genesys_prometheus_module_register();
  int fd = server_bind(&port);
  CHECK_INT(listen(fd, 1), 0);
  snprintf(text, sizeof(text),
           "<Plugin genesys_prometheus>\nPort %u\n</Plugin>\n", port);
  CHECK_INT(fake_config(text), 0);
  CHECK_INT(fake_init(), 0);
  CHECK(fake_log_has("in use"));
  dispatch_depth("h1", "Sales", 4);
  close(fd);
  time_t end = time(NULL) + DEADLINE_S;
  while (scrape_metrics()[0] == '\0' && time(NULL) < end) {
    (void)fake_read("genesys_prometheus/maintain");
    sched_yield();
  }
  CHECK_HAS(scrape_metrics(), "host=\"h1\"} 4\n"); /* came before it listened */
  (void)fake_shutdown();
}

static void a_shutdown_closes_the_port(void) {
  begin_plugin("");
  CHECK_HAS(scrape_metrics(), "HTTP/1.1 200");
  CHECK(fake_shutdown() == 0);
  CHECK_STR(scrape_metrics(), "");
}

static void a_shutdown_without_init_is_harmless(void) {
  CHECK_INT(configure_plugin("User u\nPasswordFile \"/nonexistent\""), 0);
  CHECK(fake_shutdown() == 0);
}

int main(void) {
  RUN(wrong_configurations_are_refused);
  RUN(a_section_after_a_refused_one_begins_with_the_defaults);
  RUN(the_defaults_need_no_section);
  RUN(an_open_exposition_gives_a_warning);
  RUN(values_of_several_lists_are_shown);
  RUN(a_value_without_meta_data_is_named_by_its_identity);
  RUN(a_value_of_a_known_series_takes_no_memory);
  RUN(a_head_request_is_no_scrape);
  RUN(a_list_of_a_wrong_length_is_not_read);
  RUN(series_that_are_left_out_are_reported_once);
  RUN(the_plugin_shows_its_own_values);
  RUN(the_format_is_the_one_that_is_preferred);
  RUN(gzip_needs_a_weight);
  RUN(idle_connections_do_not_slow_a_scrape);
  RUN(the_waits_have_a_second_name_on_request);
  RUN(callbacks_are_registered_once);
  RUN(a_port_in_use_is_tried_again);
  RUN(a_shutdown_closes_the_port);
  RUN(a_shutdown_without_init_is_harmless);
  RUN(values_of_a_lost_lease_are_not_shown); /* its gates stay */
  return check_done();
}
