/* SPDX-License-Identifier: MIT */
#include "common/analytics/query/tables.h"

#include "common/net/name_cache.h"
#include "tests/support/check.h"

static void a_dimension_of_single_customers_is_refused(void) {
  struct gc_err err;
  CHECK_INT(gc_dimension_check("queueId", GC_QUERY_CONVERSATIONS, &err), GC_OK);
  CHECK_INT(gc_dimension_check("divisionId", GC_QUERY_CONVERSATIONS, &err),
            GC_OK);
  CHECK_INT(gc_dimension_check("conversationId", GC_QUERY_CONVERSATIONS, &err),
            GC_ERR_CONFIG);
  CHECK_INT(gc_dimension_check("participantName", GC_QUERY_CONVERSATIONS, &err),
            GC_ERR_CONFIG);
  CHECK_INT(gc_dimension_check("queueid", GC_QUERY_CONVERSATIONS, &err),
            GC_ERR_CONFIG);
  CHECK_INT(gc_dimension_check("entryReason", GC_QUERY_FLOWS, &err),
            GC_ERR_CONFIG); /* number that a customer dialled */
  CHECK_INT(gc_dimension_check("ani", GC_QUERY_FLOWS, &err), GC_ERR_CONFIG);
  CHECK_INT(gc_dimension_of("userId"), GC_DIMENSION_USER);
  CHECK_INT(gc_dimension_of("mediaType"), GC_DIMENSION_MEDIA);
  CHECK_INT(gc_dimension_of("wrapUpCode"), GC_DIMENSION_WORD);
}

static void flows_have_dimensions_of_their_own(void) {
  static const struct {
    const char *name;
    bool of_conversations, of_flows;
  } rows[] = {
      {"queueId", true, true},
      {"mediaType", true, true},
      {"flowId", false, true},
      {"flowOutcomeId", false, true},
      {"flowMilestoneId", false, true},
      {"flowType", false, true},
      {"originatingSocialMediaPublic", true, false},
      {"flowid", false, false},
  };
  struct gc_err err;
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    CHECK((gc_dimension_check(rows[i].name, GC_QUERY_CONVERSATIONS, &err) ==
           GC_OK) == rows[i].of_conversations);
    CHECK((gc_dimension_check(rows[i].name, GC_QUERY_FLOWS, &err) == GC_OK) ==
          rows[i].of_flows);
  }
  CHECK_HAS(err.text, "flowOutcomeId");
  CHECK_INT(gc_dimension_of("flowType"), GC_DIMENSION_CODE);
}

static void every_list_has_its_dimension(void) {
  static const struct {
    const char *dimension;
    int list;
  } rows[] = {{"queueId", GC_QUEUE},
              {"userId", GC_USER},
              {"flowId", GC_FLOW},
              {"flowOutcomeId", GC_FLOW_OUTCOME},
              {"flowMilestoneId", GC_FLOW_MILESTONE},
              {"mediaType", -1},
              {"flowType", -1},
              {"divisionId", -1}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].dimension);
    CHECK_INT(gc_dimension_list(gc_dimension_of(rows[i].dimension)),
              rows[i].list);
  }
}

int main(void) {
  RUN(a_dimension_of_single_customers_is_refused);
  RUN(flows_have_dimensions_of_their_own);
  RUN(every_list_has_its_dimension);
  return check_done();
}
