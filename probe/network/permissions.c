/* SPDX-License-Identifier: MIT */
#include "probe/network/permissions.h"

#include "plugins/genesys_flowmetrics/flows/observations.h"
#include "plugins/genesys_realtime/observations/poll.h"

/* An id that no queue or flow has. The request still needs the permission, and
 * its answer is empty. */
static const char *const nothing[] = {"00000000-0000-0000-0000-000000000000"};

static enum gc_code body_of_queues(struct gc_buf *out) {
  return obs_query_body(nothing, 1, false, out);
}
static enum gc_code body_of_conversations(struct gc_buf *out) {
  return obs_activity_body(true, out);
}
static enum gc_code body_of_agents(struct gc_buf *out) {
  return obs_activity_body(false, out);
}
static enum gc_code body_of_flows(struct gc_buf *out) {
  return flow_poll_body(nothing, 1, out);
}
static enum gc_code body_of_flow_activity(struct gc_buf *out) {
  return flow_poll_body(NULL, 0, out);
}

#define ONE_ROW "pageSize=1&pageNumber=1"

static const struct {
  enum gc_endpoint_id endpoint;
  const char *query;
  enum gc_code (*body)(struct gc_buf *out); /* NULL: GET */
} requests[] = {
    {GC_ENDPOINT_QUEUES, ONE_ROW, NULL},
    {GC_ENDPOINT_PRESENCES, NULL, NULL},
    {GC_ENDPOINT_FLOWS, ONE_ROW, NULL},
    {GC_ENDPOINT_FLOW_OUTCOMES, ONE_ROW, NULL},
    {GC_ENDPOINT_FLOW_MILESTONES, ONE_ROW, NULL},
    {GC_ENDPOINT_QUEUE_OBSERVATIONS, NULL, body_of_queues},
    {GC_ENDPOINT_CONVERSATION_ACTIVITY, ONE_ROW, body_of_conversations},
    {GC_ENDPOINT_ROUTING_ACTIVITY, ONE_ROW, body_of_agents},
    {GC_ENDPOINT_FLOW_OBSERVATIONS, NULL, body_of_flows},
    {GC_ENDPOINT_FLOW_ACTIVITY, ONE_ROW, body_of_flow_activity},
};

void probe_permission_report(const struct probe_place *p,
                             enum gc_endpoint_id endpoint,
                             const struct gc_err *err) {
  const struct gc_endpoint *e = gc_endpoint(endpoint);
  if (e->permission[0] == '\0')
    return;
  if (err->code == GC_OK)
    probe_report(p->reporter, PROBE_PERMISSION, PROBE_OK, p->subject,
                 "%s: granted (%s %s)", e->permission, e->method, e->path);
  else if (err->code == GC_ERR_PERMISSION)
    probe_report(p->reporter, PROBE_PERMISSION, PROBE_FAILED, p->subject,
                 "%s: missing: %s", e->permission, err->text);
  else
    probe_report(p->reporter, PROBE_PERMISSION, PROBE_WARNING, p->subject,
                 "%s: not known: %s", e->permission, err->text);
}

/* Sends the request of a row and fills `ret_err` with its outcome. Fails only
 * when out of memory. */
static enum gc_code send_request(const struct probe_place *p, size_t row,
                                 struct gc_err *ret_err) {
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 65536};
  GC_AUTO(probe_answer_clear) struct probe_answer answer = {.date_ms = 0};
  struct probe_request request = {.endpoint = requests[row].endpoint,
                                  .query = requests[row].query};
  if (requests[row].body != NULL) {
    GC_TRY(requests[row].body(&body));
    request.body = body.data;
  }
  (void)probe_call(p->reporter, p->account, &request, &answer);
  *ret_err = answer.err;
  return GC_OK;
}

enum gc_code probe_permission_check(const struct probe_place *p,
                                    enum gc_endpoint_id endpoint) {
  struct probe_permission *known = &p->state->permissions[endpoint];
  size_t i = 0;
  while (i < GC_COUNT(requests) && requests[i].endpoint != endpoint)
    i++;
  if (i == GC_COUNT(requests))
    return GC_OK;
  if (!known->is_known) {
    if (!probe_has_time(p->reporter, PROBE_PERMISSION, p->subject))
      return GC_ERR_TIMEOUT;
    GC_TRY(send_request(p, i, &known->err));
    known->is_known = true;
  }
  probe_permission_report(p, endpoint, &known->err);
  return known->err.code;
}
