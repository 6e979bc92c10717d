/* SPDX-License-Identifier: MIT */
#include "probe/network/queries.h"

#include <string.h>

#include "common/analytics/query/query.h"
#include "common/base/json/document.h"
#include "common/base/timestamp.h"
#include "common/net/clock.h"
#include "plugins/genesys_analytics/options.h"
#include "plugins/genesys_flowmetrics/flows/flows_options.h"
#include "probe/network/permissions.h"

/* Requests the newest whole interval as the block does, but without a filter.
 */
static void poll_interval(const struct probe_place *p,
                          const struct gc_query *q) {
  enum gc_endpoint_id endpoint = gc_source(q->source)->endpoint;
  char interval[GC_INTERVAL_SIZE];
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 1 << 20};
  GC_AUTO(probe_answer_clear) struct probe_answer answer = {.date_ms = 0};
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  int64_t period_ms = q->rule.period_ms;
  int64_t end_ms = gc_timestamp_floor(gc_clock_wall_ms(), period_ms);
  if (!probe_has_time(p->reporter, PROBE_POLL, p->subject) ||
      gc_analytics_query_body(q, end_ms - period_ms, end_ms, NULL, 0, &body) !=
          GC_OK)
    return;
  const struct probe_request request = {.endpoint = endpoint,
                                        .body = body.data};
  (void)probe_call(p->reporter, p->account, &request, &answer);
  probe_permission_report(p, endpoint, &answer.err);
  if (answer.err.code != GC_OK) {
    probe_report(p->reporter, PROBE_POLL, PROBE_FAILED, p->subject, "%s",
                 answer.err.text);
    return;
  }
  /* An answer without a list of results counts as 0 groups. */
  enum gc_code code =
      gc_document_read(&d, gc_buf_string(&answer.body), answer.body.len,
                       answer.body.max, &answer.err);
  probe_report(p->reporter, PROBE_POLL, code == GC_OK ? PROBE_OK : PROBE_FAILED,
               p->subject,
               code == GC_OK ? "%s: %zu groups in %zu bytes" : "%s: no JSON",
               gc_interval_print(interval, end_ms - period_ms, end_ms),
               gc_document_count(gc_document_member(d.root, "results")),
               answer.body.len);
}

/* Checks the permissions for the names of the block's dimensions and metrics.
 */
static void check_name_permissions(const struct probe_place *p,
                                   const struct gc_query *q) {
  static const struct {
    const char *word;
    enum gc_endpoint_id endpoint;
  } rows[] = {{"queueId", GC_ENDPOINT_QUEUES},
              {"flowId", GC_ENDPOINT_FLOWS},
              {"flowOutcomeId", GC_ENDPOINT_FLOW_OUTCOMES},
              {"flowMilestoneId", GC_ENDPOINT_FLOW_MILESTONES}};
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    if (gc_query_place_of(q, rows[i].word) >= 0)
      (void)probe_permission_check(p, rows[i].endpoint);
  for (size_t i = 0; i < q->metrics.count; i++)
    if (strcmp(q->metrics.at[i], "tOrganizationPresence") == 0)
      (void)probe_permission_check(p, GC_ENDPOINT_PRESENCES);
}

void probe_query_check(const struct probe_place *p) {
  const struct query_options *o = p->block->options;
  if (p->account == NULL)
    return;
  check_name_permissions(p, &o->query);
  poll_interval(p, &o->query);
}

void probe_flows_check(const struct probe_place *p) {
  const struct flows_options *o = p->block->options;
  if (p->account == NULL)
    return;
  check_name_permissions(p, &o->query);
  if (o->observations == FLOW_ACTIVITY)
    (void)probe_permission_check(p, GC_ENDPOINT_FLOW_ACTIVITY);
  else if (o->observations != FLOW_OFF)
    (void)probe_permission_check(p, GC_ENDPOINT_FLOW_OBSERVATIONS);
  poll_interval(p, &o->query);
}
