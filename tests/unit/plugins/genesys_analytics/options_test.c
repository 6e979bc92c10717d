/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_analytics/options.h"

#include "collectd.h"
#include "configfile.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/block_text.h"
#include "tests/support/check.h"

static struct query_options got;

static enum gc_code read_block(const char *name, void *settings,
                               struct gc_err *err) {
  (void)name;
  gc_options_clear(query_rows, &got);
  memcpy(&got, settings, sizeof(got));
  free(settings);
  return query_check(&got, err);
}

static const struct gc_block_kind blocks[] = {{"Query", query_rows,
                                               sizeof(struct query_options),
                                               "Query.", true, read_block},
                                              {.key = NULL}};

/* Reads <Query "q"> with these lines; "" or the text of the failure. */
static const char *read_query(const char *lines) {
  return block_text("genesys_analytics", blocks, "q", lines);
}

static void missing_options_have_their_defaults(void) {
  CHECK_STR(read_query("Account prod"), "");
  CHECK_INT(got.source, GC_QUERY_CONVERSATIONS);
  CHECK_INT(got.query.rule.period_ms, 60000);
  CHECK_INT(got.query.settle_s, 30);
  CHECK_INT(got.query.rule.revisit, 30);
  CHECK_INT(got.query.rule.backfill_ms, 6 * 3600000);
  CHECK_INT(got.query.max_series, 200000);
  CHECK(got.query.counters);
  CHECK_INT(got.query.label, GC_QUERY_LABEL_NAME);
  CHECK_INT(got.query.group_by.count, 2);
  CHECK_STR(got.query.group_by.at[0], "queueId");
  CHECK_STR(got.query.group_by.at[1], "mediaType");
  CHECK(got.query.metrics.count > 8);
  CHECK_STR(got.query.metrics.at[0], "nOffered");
}

static void each_source_has_its_own_defaults(void) {
  CHECK_STR(read_query("Account prod\nSource users"), "");
  CHECK_INT(got.source, GC_QUERY_USERS);
  CHECK_INT(got.query.group_by.count, 1);
  CHECK_STR(got.query.group_by.at[0], "userId");
  CHECK_STR(got.query.metrics.at[0], "tAgentRoutingStatus");
  CHECK_STR(read_query("Account prod\nSource queue_details"), "");
  CHECK_INT(got.source, GC_QUERY_QUEUE_DETAILS);
  CHECK_INT(got.query.metrics.count, 0);
  CHECK_STR(got.query.group_by.at[0], "queueId");
}

static void given_options_replace_the_defaults(void) {
  CHECK_STR(
      read_query("Account prod\nMetric nOffered tBrandNew\nMetric oX1\n"
                 "GroupBy wrapUpCode queueId\nGranularity PT30M\n"
                 "SettleDelay 0\nRevisit 0\nBackfill P1D\nCounters false\n"
                 "Queue \"Support*\" \"!*test*\"\nQueueLabel both\n"
                 "MaxSeries 5"),
      "");
  CHECK_INT(got.query.metrics.count, 3);
  CHECK_STR(got.query.metrics.at[2], "oX1");
  CHECK_INT(got.query.group_by.count, 2);
  CHECK_STR(got.query.group_by.at[0], "wrapUpCode");
  CHECK_INT(got.query.rule.period_ms, 1800000);
  CHECK_INT(got.query.settle_s, 0);
  CHECK_INT(got.query.rule.revisit, 0);
  CHECK_INT(got.query.rule.backfill_ms, 86400000);
  CHECK(!got.query.counters);
  CHECK_INT(got.query.chosen.count, 2);
  CHECK_INT(got.query.label, GC_QUERY_LABEL_BOTH);
  CHECK_INT(got.query.max_series, 5);
}

static void revisit_is_a_number_or_a_duration(void) {
  static const struct {
    const char *line;
    unsigned revisit;
    int64_t slow_h, slow_period_ms;
  } rows[] = {
      {"Revisit 60", 60, 0, 0},
      {"Revisit \"60\"", 60, 0, 0},
      {"Revisit PT20M", 20, 0, 0},
      {"Revisit PT90S", 2, 0, 0},
      {"Revisit P3D", 30, 72, 3600000},
      {"Granularity PT15M\nRevisit P3D", 30, 72, 3600000},
      {"Granularity P1D\nRevisit P3D", 3, 0, 0},
      {"Granularity PT6H\nRevisit P31D", 30, 31 * 24, 21600000},
      {"Counters false\nRevisit P3D", 30, 0, 0},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char lines[128];
    CHECK_ROW(rows[i].line);
    snprintf(lines, sizeof(lines), "Account prod\n%s", rows[i].line);
    CHECK_STR(read_query(lines), "");
    CHECK_INT(got.query.rule.slow_ms, rows[i].slow_h * 3600000);
    if (rows[i].slow_h > 0)
      CHECK_INT(got.query.rule.slow_period_ms, rows[i].slow_period_ms);
    if (got.query.counters)
      CHECK_INT(got.query.rule.revisit, rows[i].revisit);
  }
}

static void options_without_an_effect_earn_a_line(void) {
  static const struct {
    const char *lines, *words;
  } rows[] = {
      {"Account prod", ""},
      {"Account prod\nGranularity PT1H\nBackfill PT10M", "Backfill \"PT10M\""},
      {"Account prod\nCounters false\nRevisit P3D", "Revisit \"P3D\""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_err warning = {.code = GC_OK};
    CHECK_ROW(rows[i].lines);
    CHECK_STR(read_query(rows[i].lines), "");
    gc_analytics_options_warn(&got.query, &warning);
    CHECK_INT(warning.code == GC_OK, rows[i].words[0] == '\0');
    if (warning.code != GC_OK)
      CHECK_HAS(warning.text, rows[i].words);
  }
}

static void a_granularity_divides_a_day(void) {
  static const struct {
    const char *text;
    bool fits;
  } rows[] = {
      {"PT1S", true},  {"PT10S", true}, {"PT1M", true},  {"PT15M", true},
      {"PT1H", true},  {"P1D", true},   {"PT24H", true}, {"PT7M", false},
      {"PT5H", false}, {"P2D", false},  {"P1W", false},  {"P1M", false},
      {"PT0S", false}, {"60", false},   {"", false},     {"PT0.5S", false}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char lines[128];
    CHECK_ROW(rows[i].text);
    snprintf(lines, sizeof(lines), "Account prod\nGranularity \"%s\"",
             rows[i].text);
    const char *text = read_query(lines);
    CHECK((text[0] == '\0') == rows[i].fits);
    if (!rows[i].fits)
      CHECK_HAS(text, "Granularity \"");
  }
}

static void errors_name_the_option(void) {
  static const struct {
    const char *lines, *has[3];
  } rows[] = {
      {"Source users", {"Account is missing"}},
      {"Account prod\nSource convs", {"Source \"convs\"", "\"users\""}},
      {"Account prod\nMetric \"n Offered\"", {"Metric: \"n Offered\""}},
      {"Account prod\nMetric Offered", {"Metric: \"Offered\"", "nOffered"}},
      {"Account prod\nMetric nOfered",
       {"Metric: \"nOfered\"", "did you mean \"nOffered\"?"}},
      {"Account prod\nMetric nOffered tanswered",
       {"Metric: \"tanswered\"", "did you mean \"tAnswered\"?"}},
      {"Account prod\nRevisit 1001", {"Revisit 1001", "P31D"}},
      {"Account prod\nRevisit 1.5", {"Revisit \"1.5\""}},
      {"Account prod\nRevisit P32D", {"Revisit \"P32D\"", "P31D"}},
      {"Account prod\nMetric nX nX", {"Metric: \"nX\" is given twice"}},
      {"Account prod\nGroupBy queue", {"GroupBy: \"queue\"", "\"queueId\""}},
      {"Account prod\nGroupBy conversationId",
       {"GroupBy: \"conversationId\"", "never become series"}},
      {"Account prod\nGroupBy ani", {"GroupBy: \"ani\""}},
      {"Account prod\nGroupBy queueId queueId", {"is given twice"}},
      {"Account prod\nSource users\nGroupBy queueId", {"only by userId"}},
      {"Account prod\nSource users\nQueue x", {"Queue: users have no queue"}},
      {"Account prod\nSource queue_details\nMetric nOffered",
       {"Metric: queue_details"}},
      {"Account prod\nSource queue_details\nGranularity PT30S",
       {"whole minutes"}},
      {"Account prod\nBackfill never", {"Backfill \"never\""}},
      {"Account prod\nBackfill P400D", {"more than a year"}},
      {"Account prod\nRevisit 1001", {"Revisit 1001", "1000"}},
      {"Account prod\nQueue \"[a\"", {"Queue: pattern \"[a\""}},
      {"Account prod\nMetrics nOffered", {"Metrics", "did you mean"}},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].lines);
    const char *text = read_query(rows[i].lines);
    CHECK_HAS(text, "genesys_analytics: <Query \"q\">: ");
    for (size_t j = 0; j < GC_COUNT(rows[i].has); j++)
      if (rows[i].has[j] != NULL)
        CHECK_HAS(text, rows[i].has[j]);
  }
}

int main(void) {
  RUN(missing_options_have_their_defaults);
  RUN(each_source_has_its_own_defaults);
  RUN(given_options_replace_the_defaults);
  RUN(revisit_is_a_number_or_a_duration);
  RUN(options_without_an_effect_earn_a_line);
  RUN(a_granularity_divides_a_day);
  RUN(errors_name_the_option);
  gc_options_clear(query_rows, &got);
  return check_done();
}
