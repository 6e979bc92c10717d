/* SPDX-License-Identifier: MIT */
#include "probe/describe.h"

#include "common/base/json/document.h"
#include "probe/option_pages.h"
#include "tests/support/check.h"
#include "tests/support/options_bench.h"

enum { OUTPUT_MAX = 1 << 20 };

static struct json_object *row_of(struct json_object *rows, const char *name,
                                  const char *column, const char *text) {
  for (size_t i = 0; i < gc_document_count(rows); i++) {
    struct json_object *row = gc_document_element(rows, i);
    const char *found = gc_document_text(row, column);
    if (strcmp(gc_document_text(row, "name"), name) == 0 && found != NULL &&
        strcmp(found, text) == 0)
      return row;
  }
  return NULL;
}

static void describe(struct gc_document *d, const char *table) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = OUTPUT_MAX};
  struct gc_err err = {.text = ""};
  CHECK_INT(probe_describe(table, false, &out), GC_OK);
  CHECK_INT(gc_document_read(d, gc_buf_string(&out), out.len, OUTPUT_MAX, &err),
            GC_OK);
}

static void check_list(struct json_object *row, const char *key,
                       const char *const *wants) {
  struct json_object *list = gc_document_member(row, key);
  size_t i = 0;
  for (; wants[i] != NULL; i++)
    CHECK_STR(gc_document_text(gc_document_element(list, i), NULL), wants[i]);
  CHECK_INT(gc_document_count(list), i);
}

static void a_value_has_its_names_everywhere(void) {
  static const struct {
    const char *name, *source;
    const char *prometheus[4], *influxdb[5], *labels[8], *permission;
  } wants[] = {
      {"queue_depth",
       "value",
       {"genesys_queue_depth"},
       {"genesys_queue_depth value"},
       {"queue_id", "queue_name", "media_type", "host"},
       "analytics:queueObservation:view"},
      {"queue_wait_time_seconds_bucket",
       "value",
       {"genesys_queue_wait_time_seconds_bucket",
        "genesys_queue_wait_seconds_bucket"},
       {"genesys_queue_wait_time_seconds bucket"},
       {"queue_id", "queue_name", "media_type", "le", "host"},
       "routing:queue:view"},
      {"queue_agents_window",
       "average",
       {"genesys_queue_agents_window_average"},
       {"genesys_queue_agents_window average",
        "queue_metrics agentAvailable_avg", "queue_metrics agentBusy_avg"},
       {"queue_id", "queue_name", "status", "host"},
       "analytics:queueObservation:view"},
      {"queue_interval_number",
       "value",
       {"genesys_queue_interval_number"},
       {"genesys_queue_interval_number value", "genesys_queue answered",
        "genesys_queue abandoned", "genesys_queue offered"},
       {"queue_id", "queue_name", "metric", "member", "qualifier", "media_type",
        "host"},
       "analytics:conversationAggregate:view"},
      {"api_requests",
       "value",
       {"genesys_api_requests_total"},
       {"genesys_api_requests value"},
       {"account", "function", "class", "host"},
       ""},
      {"spool_bytes",
       "value",
       {"genesys_spool_bytes"},
       {"genesys_spool_bytes value"},
       {"block", "state", "host"},
       ""},
      {"state_up",
       "value",
       {"genesys_state_up"},
       {"genesys_state_up value"},
       {"account", "block", "store", "host"},
       ""},
  };
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  describe(&d, "metrics");
  for (size_t i = 0; i < GC_COUNT(wants); i++) {
    struct json_object *row =
        row_of(d.root, wants[i].name, "data_source", wants[i].source);
    CHECK_ROW(wants[i].name);
    CHECK(row != NULL);
    check_list(row, "prometheus", wants[i].prometheus);
    check_list(row, "influxdb", wants[i].influxdb);
    check_list(row, "labels", wants[i].labels);
    const char *permission = gc_document_text(row, "permission");
    CHECK_STR(permission != NULL ? permission : "", wants[i].permission);
  }
}

/* A value that the platform refuses without a permission names it. */
static void each_value_of_the_platform_has_its_permission(void) {
  for (int id = 0; id < GC_METRIC_COUNT; id++) {
    const struct gc_metric *m = gc_metric((enum gc_metric_id)id);
    bool is_attribute = strncmp(m->name, "flow_metric", 11) == 0;
    CHECK_ROW(m->name);
    if (strstr(m->owner, "block") == NULL &&
        strstr(m->owner, "account") == NULL)
      CHECK_INT(probe_origins[id].call >= 0, !is_attribute);
    CHECK(probe_origins[id].from[0] != '\0' &&
          probe_origins[id].absent[0] != '\0');
  }
}

static void an_option_has_its_range_and_words(void) {
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  double number = 0;
  describe(&d, "options");
  struct json_object *port = row_of(d.root, "Port", "block", "Health"),
                     *secret =
                         row_of(d.root, "ClientSecret", "block", "Account"),
                     *lost = row_of(d.root, "LeaseLost", "block", "Account"),
                     *revisit = row_of(d.root, "Revisit", "block", "Query"),
                     *queue = row_of(d.root, "Queue", "block", "Queues");
  CHECK(gc_document_number(port, "max", &number) && number == 65535);
  CHECK_STR(gc_document_text(port, "type"), "integer");
  CHECK_STR(gc_document_text(port, "default"), "8080");
  CHECK_STR(gc_document_text(port, "example"), "Port 8080");
  CHECK(secret != NULL && gc_document_text(secret, "default") == NULL);
  check_list(lost, "words", (const char *const[]){"stop", "go on", NULL});
  CHECK_STR(gc_document_text(lost, "default"), "stop");
  CHECK_STR(gc_document_text(revisit, "type"), "text or integer");
  CHECK_STR(gc_document_text(queue, "example"), "Queue \"Support*\"");
  check_list(queue, "words", (const char *const[]){NULL});
}

static void an_example_stands_as_in_the_file(void) {
  static const char *const wants[] = {
      "Account \"prod\"",   "ClientSecret \"hush\"",  "CACert \"/ca.pem\"",
      "Queue \"Support*\"", "ObservationInterval 30", "Port 8080",
      "ReconnectMin 2",     "WaitBuckets 1 5",        "Raw false",
      "VerifyPeer true",    "Stream \"none\""};
  for (size_t i = 0; i < GC_COUNT(wants); i++) {
    GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 100};
    CHECK_ROW(options_queue_rows[i].key);
    CHECK_INT(probe_option_example(&options_queue_rows[i], &out), GC_OK);
    CHECK_STR(gc_buf_string(&out), wants[i]);
  }
}

/* Returns the number of cells of the line, and moves behind it. */
static size_t count_cells(const char **line) {
  size_t cells = 1;
  bool is_quoted = false;
  for (; **line != '\0' && (is_quoted || **line != '\n'); (*line)++) {
    is_quoted ^= **line == '"';
    cells += !is_quoted && **line == ',';
  }
  *line += **line == '\n';
  return cells;
}

static void each_line_of_csv_has_the_same_cells(void) {
  static const struct {
    const char *table, *begin, *cell;
  } tables[] = {
      {"metrics",
       "name,data_source,of,type_instance,type,prometheus_type,prometheus,"
       "influxdb,unit,labels,meaning,permission,from,absent\n"
       "queue_depth,value,queue,MEDIUM,gauge,gauge,genesys_queue_depth,"
       "genesys_queue_depth value,contacts,\"queue_id, queue_name, media_type, "
       "host\",Contacts waiting.,",
       ",\"with Stream \"\"none\"\"; with Source sqs or webhook\"\n"},
      {"options",
       "plugin,block,named,name,type,unit,default,min,max,words,repeatable,"
       "required,secret,meaning,example\ngenesys,-,false,StateDir,text,,,,,,"
       "false,false,false,",
       ",\"stop, go on\",false,"}};
  for (size_t i = 0; i < GC_COUNT(tables); i++) {
    GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = OUTPUT_MAX};
    CHECK_ROW(tables[i].table);
    CHECK_INT(probe_describe(tables[i].table, true, &out), GC_OK);
    const char *at = gc_buf_string(&out);
    CHECK(strncmp(at, tables[i].begin, strlen(tables[i].begin)) == 0);
    CHECK(strstr(at, tables[i].cell) != NULL);
    size_t cells = count_cells(&at);
    while (*at != '\0')
      CHECK_INT(count_cells(&at), cells);
  }
}

static void an_unknown_table_and_a_full_buffer_are_errors(void) {
  for (int is_csv = 0; is_csv < 2; is_csv++) {
    GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 1000};
    CHECK_INT(probe_describe("topics", is_csv != 0, &out), GC_ERR_REQUEST);
    CHECK_INT(probe_describe("metrics", is_csv != 0, &out), GC_ERR_LIMIT);
  }
}

int main(void) {
  RUN(a_value_has_its_names_everywhere);
  RUN(each_value_of_the_platform_has_its_permission);
  RUN(an_option_has_its_range_and_words);
  RUN(an_example_stands_as_in_the_file);
  RUN(each_line_of_csv_has_the_same_cells);
  RUN(an_unknown_table_and_a_full_buffer_are_errors);
  return check_done();
}
