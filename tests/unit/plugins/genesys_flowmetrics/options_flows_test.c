/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/flows/observations.h"
#include "plugins/genesys_flowmetrics/options.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/fake_daemon.h"

#include "tests/support/block_text.h"
#include "tests/support/check.h"

static struct flows_options got;

static enum gc_code on_block(const char *name, void *settings,
                             struct gc_err *err) {
  (void)name;
  gc_options_clear(flows_rows, &got);
  got = *(struct flows_options *)settings;
  free(settings);
  return gc_analytics_options_check(&got.query, GC_QUERY_FLOWS, err);
}

/* Reads <Flows "f"> with these lines; "" or the text of the failure. */
static const char *read_flows(const char *lines) {
  static const struct gc_block_kind blocks[] = {
      {.key = "Flows",
       .rows = flows_rows,
       .size = sizeof(struct flows_options),
       .named = true,
       .read = on_block},
      {.key = NULL}};
  return block_text("genesys_flowmetrics", blocks, "f", lines);
}

static void a_block_of_flows_needs_only_an_account(void) {
  CHECK_STR(read_flows("Account prod"), "");
  CHECK_INT(got.observations, FLOW_AUTO);
  CHECK_INT(got.observation_interval_s, 10);
  CHECK_INT(got.query.group_by.count, 1);
  CHECK_STR(got.query.group_by.at[0], "flowId");
  CHECK_INT(got.query.metrics.count, 8);
  CHECK_STR(got.query.metrics.at[0], "nFlow");
  CHECK_INT(got.query.rule.period_ms, 60000);
  CHECK_INT(got.query.settle_s, 30);
  CHECK_INT(got.query.rule.revisit, 30);
  CHECK_INT(got.query.rule.backfill_ms, 6 * 3600000);
  CHECK_INT(got.query.max_series, 200000);
  CHECK(got.query.counters);
}

static void given_options_replace_the_defaults(void) {
  CHECK_STR(
      read_flows("Account prod\nObservations none\nObservationInterval 60\n"
                 "Metric nFlowOutcome tFlowOutcome\nMetric nBrandNew\n"
                 "GroupBy flowOutcomeId mediaType flowId\nGranularity PT30M\n"
                 "Flow \"IVR*\" \"!*test*\"\nFlowLabel id\nMaxSeries 7\n"
                 "Counters false"),
      "");
  CHECK_INT(got.observations, FLOW_OFF);
  CHECK_INT(got.observation_interval_s, 60);
  CHECK_INT(got.query.metrics.count, 3);
  CHECK_STR(got.query.group_by.at[0], "flowOutcomeId");
  CHECK_INT(got.query.rule.period_ms, 1800000);
  CHECK_INT(got.query.chosen.count, 2);
  CHECK_INT(got.query.label, GC_QUERY_LABEL_ID);
  CHECK_INT(got.query.max_series, 7);
  CHECK(!got.query.counters);
}

static void errors_name_the_option(void) {
  static const struct {
    const char *lines, *has[2];
  } rows[] = {
      {"Observations auto", {"Account is missing", ""}},
      {"Account prod\nObservations maybe", {"Observations", "maybe"}},
      {"Account prod\nObservationInterval 1", {"ObservationInterval", "5"}},
      {"Account prod\nMetric Flow", {"Metric: \"Flow\"", "nFlow"}},
      {"Account prod\nGroupBy flow", {"GroupBy: \"flow\"", "\"flowId\""}},
      {"Account prod\nGroupBy originatingSocialMediaPublic",
       {"not a dimension", "flow aggregates"}},
      {"Account prod\nGroupBy transferTargetAddress",
       {"transferTargetAddress", "never become series"}},
      {"Account prod\nGranularity PT7M", {"Granularity \"PT7M\"", "divide"}},
      {"Account prod\nFlow \"[\"", {"Flow: ", "["}},
      {"Account prod\nQueue x", {"Queue", ""}},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    const char *text = read_flows(rows[i].lines);
    CHECK_ROW(rows[i].lines);
    CHECK(text[0] != '\0');
    CHECK_HAS(text, rows[i].has[0]);
    CHECK_HAS(text, rows[i].has[1]);
    CHECK_HAS(text, "<Flows \"f\">");
  }
}

int main(void) {
  RUN(a_block_of_flows_needs_only_an_account);
  RUN(given_options_replace_the_defaults);
  RUN(errors_name_the_option);
  gc_options_clear(flows_rows, &got);
  return check_done();
}
