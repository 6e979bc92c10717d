/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/flows/counts.h"

#include <stdio.h>

#include "tests/support/check.h"

static const struct gc_entry entries[] = {{"f1", "Main IVR", "Main IVR", ""},
                                          {"f2", "Test", "Test", ""},
                                          {"f3", "Main IVR", "Main IVR~2", ""}};

static char text[512];

static void record_sample(void *ctx, const struct gc_sample *s) {
  size_t len = strlen(text);
  (void)ctx;
  CHECK_INT(s->metric, GC_METRIC_FLOW_ACTIVE);
  CHECK_INT(s->time_ms, 1234);
  CHECK_INT(s->interval_ms, 10000);
  snprintf(text + len, sizeof(text) - len, "%s-%s=%g ", s->instance,
           s->qualifier, s->values[0].gauge);
}

/* Returns the samples as "LABEL-MEDIUM=COUNT ". */
static const char *report_counts(const struct flow_counts *c,
                                 const struct flow_filter *filter,
                                 enum gc_query_label label,
                                 struct flow_counts_tally *ret_tally) {
  struct gc_dimension_names dimension_names = {
      .lists = {[GC_FLOW] = {.now = (struct gc_entities *)filter->flows}},
      .label = label};
  struct flow_counts_view view = {.filter = *filter,
                                  .dimension_names = &dimension_names,
                                  .time_ms = 1234,
                                  .interval_ms = 10000};
  text[0] = '\0';
  flow_counts_samples(c, &view, &(struct gc_samples){record_sample, NULL},
                      ret_tally);
  return text;
}

static void two_counts_of_a_pair_add_up(void) {
  struct flow_counts c = {.pairs = {.max = 2}};
  CHECK_INT(flow_counts_add(&c, "f1", "voice", 3), GC_OK);
  CHECK_INT(flow_counts_add(&c, "f1", "chat", 1), GC_OK);
  CHECK_INT(flow_counts_add(&c, "f1", "voice", 2), GC_OK);
  CHECK_INT(flow_counts_add(&c, "f2", "voice", 2), GC_ERR_LIMIT);
  CHECK_INT(c.pairs.count, 2);
  CHECK_STR(c.at[0].flow, "f1");
  CHECK_STR(c.at[0].media, "voice");
  CHECK_INT(c.at[0].count, 5);
  flow_counts_clear(&c);
  CHECK_INT(c.pairs.count, 0);
}

static void a_pair_that_the_answer_lacks_becomes_zero(void) {
  struct flow_counts before = {.pairs = {.max = 9}},
                     answer = {.pairs = {.max = 9}},
                     now = {.pairs = {.max = 9}};
  struct gc_entities *entities = gc_entities_new(entries, 3, false);
  char *selectors[] = {(char[]){"!Test"}};
  struct flow_filter filter = {
      .flows = entities, .selectors = selectors, .selector_count = 1};
  struct flow_counts_tally tally;
  uint64_t overflow;
  CHECK_INT(flow_counts_add(&before, "f1", "voice", 3), GC_OK);
  CHECK_INT(flow_counts_add(&before, "f3", "chat", 3), GC_OK);
  CHECK_INT(flow_counts_add(&before, "f2", "voice", 3), GC_OK); /* refused */
  CHECK_INT(flow_counts_add(&before, "f9", "voice", 3), GC_OK); /* deleted */
  CHECK_INT(flow_counts_add(&answer, "f3", "chat", 7), GC_OK);
  CHECK_INT(flow_counts_add(&answer, "f2", "chat", 7), GC_OK); /* refused */
  CHECK_INT(flow_counts_merge(&before, &answer, &filter, &now, &overflow),
            GC_OK);
  CHECK_STR(report_counts(&now, &filter, GC_QUERY_LABEL_NAME, &tally),
            "Main IVR-voice=0 Main IVR~2-chat=7 ");
  CHECK_INT(now.pairs.count, 2);
  CHECK_INT(tally.series, 2);
  CHECK_INT(overflow, 0);
  flow_counts_clear(&before);
  flow_counts_clear(&answer);
  flow_counts_clear(&now);
  gc_entities_put(entities);
}

static void a_limit_removes_no_known_pair(void) {
  struct flow_counts before = {.pairs = {.max = 9}},
                     answer = {.pairs = {.max = 9}},
                     now = {.pairs = {.max = 2}};
  struct gc_entities *entities = gc_entities_new(entries, 3, false);
  struct flow_filter filter = {.flows = entities};
  struct flow_counts_tally tally;
  uint64_t overflow;
  CHECK_INT(flow_counts_add(&before, "f2", "voice", 1), GC_OK);
  CHECK_INT(flow_counts_add(&answer, "f1", "voice", 3), GC_OK);
  CHECK_INT(flow_counts_add(&answer, "f3", "voice", 4), GC_OK);
  CHECK_INT(flow_counts_add(&answer, "f2", "voice", 5), GC_OK);
  CHECK_INT(flow_counts_merge(&before, &answer, &filter, &now, &overflow),
            GC_OK);
  CHECK_STR(report_counts(&now, &filter, GC_QUERY_LABEL_NAME, &tally),
            "Test-voice=5 Main IVR-voice=3 ");
  CHECK_INT(overflow, 1);
  flow_counts_clear(&before);
  flow_counts_clear(&answer);
  flow_counts_clear(&now);
  gc_entities_put(entities);
}

static void a_flow_has_the_configured_label(void) {
  static const struct {
    enum gc_query_label label;
    const char *reported;
  } rows[] = {
      {GC_QUERY_LABEL_NAME, "Main IVR~2-voice=1 "},
      {GC_QUERY_LABEL_ID, "f3-voice=1 "},
      {GC_QUERY_LABEL_BOTH, "Main IVR@f3-voice=1 "},
  };
  struct flow_counts c = {.pairs = {.max = 9}};
  struct gc_entities *entities = gc_entities_new(entries, 3, false);
  struct flow_filter filter = {.flows = entities};
  struct flow_counts_tally tally;
  CHECK_INT(flow_counts_add(&c, "f3", "voice", 1), GC_OK);
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    CHECK_STR(report_counts(&c, &filter, rows[i].label, &tally),
              rows[i].reported);
  flow_counts_clear(&c);
  gc_entities_put(entities);
}

static void a_flow_without_a_name_is_held_back_until_names_are_refused(void) {
  struct flow_counts c = {.pairs = {.max = 9}};
  struct gc_entities *entities = gc_entities_new(entries, 3, false);
  struct flow_filter filter = {.flows = entities};
  struct flow_counts_tally tally;
  CHECK_INT(flow_counts_add(&c, "f7", "voice", 1), GC_OK);
  CHECK_STR(report_counts(&c, &filter, GC_QUERY_LABEL_NAME, &tally), "");
  CHECK_INT(tally.matched, 1);
  CHECK_INT(tally.unnamed, 1);
  CHECK(flow_counts_lack_names(&c, &filter));
  gc_entities_put(entities);
  filter.flows = entities = gc_entities_new(NULL, 0, true);
  CHECK(!flow_counts_lack_names(&c, &filter));
  CHECK_STR(report_counts(&c, &filter, GC_QUERY_LABEL_NAME, &tally),
            "f7-voice=1 ");
  flow_counts_clear(&c);
  gc_entities_put(entities);
}

static void a_selector_never_lets_an_unknown_name_pass(void) {
  char *selectors[] = {(char[]){"Main*"}, (char[]){"f8"}};
  struct gc_entities *entities = gc_entities_new(entries, 3, false);
  struct gc_entities *refused = gc_entities_new(NULL, 0, true);
  struct flow_filter filter = {
      .flows = entities, .selectors = selectors, .selector_count = 2};
  CHECK(flow_filter_accepts(&filter, "f1"));
  CHECK(!flow_filter_accepts(&filter, "f2"));
  CHECK(!flow_filter_accepts(&filter, "f7"));
  filter.flows = refused; /* then the selector may name an id */
  CHECK(flow_filter_accepts(&filter, "f8"));
  CHECK(!flow_filter_accepts(&filter, "f7"));
  gc_entities_put(entities);
  gc_entities_put(refused);
}

int main(void) {
  RUN(two_counts_of_a_pair_add_up);
  RUN(a_pair_that_the_answer_lacks_becomes_zero);
  RUN(a_limit_removes_no_known_pair);
  RUN(a_flow_has_the_configured_label);
  RUN(a_flow_without_a_name_is_held_back_until_names_are_refused);
  RUN(a_selector_never_lets_an_unknown_name_pass);
  return check_done();
}
