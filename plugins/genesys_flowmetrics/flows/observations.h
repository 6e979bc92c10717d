/* SPDX-License-Identifier: MIT */
/* The observations of a running <Flows> block, without collectd.
 *
 * 1. The account's network thread listens for the list of flows and polls once
 *    per ObservationInterval, and when this agent takes the lease: it sends
 *    observation queries one after the other, each of which names up to 100
 *    flows and has empty ones too; or it reads the activity query page by page
 *    (for more than 200 flows).
 * 2. flows/counts.c stages counts. When all answers are complete, they become
 *    the newest reading. A pair of flow and medium that the earlier reading had
 *    and the answers do not mention is 0.
 * 3. A read thread dispatches the newest reading as flow_active, unless this
 *    agent stands by. */
#ifndef GENESYS_FLOWMETRICS_FLOWS_OBSERVATIONS_H
#define GENESYS_FLOWMETRICS_FLOWS_OBSERVATIONS_H

#include "common/daemon/analytics_options.h"
#include "common/net/lease_gate.h"
#include "common/net/loop.h"
#include "common/net/name_cache.h"
#include "plugins/genesys_flowmetrics/flows/counts.h"

/* The options of <Flows "NAME">; their rows are in options.c. */
enum flow_source {
  FLOW_AUTO, /* the number of flows decides: FLOW_QUERY or FLOW_ACTIVITY */
  FLOW_QUERY,
  FLOW_ACTIVITY,
  FLOW_OFF,
};

struct flows_options {
  char *account;
  int observations; /* enum flow_source */
  uint32_t observation_interval_s;
  struct gc_query query; /* .chosen: Flow, .label: FlowLabel */
};

/* Dependencies on the account, which a test replaces. All borrowed. */
struct flow_observations_deps {
  struct gc_loop *loop;
  const struct gc_env *env;
  struct gc_api *api;
  gc_request_count *requests; /* counts the block's; NULL: nobody does */
  struct gc_names *names;
  struct gc_lease_watch *lease; /* the account's; NULL: none, it dispatches */
  uint32_t phase; /* phase of the block's polls (base/policy/poll_pace) */
  /* Writes one line that is no error to the log, with the ctx of
   * flow_observations_new; network thread. May be NULL. */
  void (*inform)(void *ctx, const char *text);
  /* Takes the requests a minute that the block will send to an endpoint, with
   * the same ctx; network thread. May be NULL. */
  void (*plan)(void *ctx, enum gc_endpoint_id endpoint, double per_minute);
};

/* Writes the body of an observation query of these flows, or, with count 0, of
 * the activity query. Replaces the content of `out`. Pure. */
GC_MUST_CHECK enum gc_code flow_poll_body(const char *const *ids, size_t count,
                                          struct gc_buf *out);

struct flow_observations;

/* Makes the observations of a block. `options` are borrowed until
 * flow_observations_free. `notice` receives outcomes (GC_OK for a success) on
 * the network thread; `cause` is a fixed word. */
struct flow_observations *flow_observations_new(
    const struct flows_options *options,
    const struct flow_observations_deps *deps,
    void (*notice)(void *ctx, const char *cause, const struct gc_err *err),
    void *ctx);
/* Begins to poll; waits for one turn of the network thread. Do not call it from
 * that thread. */
void flow_observations_start(struct flow_observations *o);
/* Ends the polls and frees `o`, which may be NULL; waits for one turn of the
 * network thread. Do not call it from that thread. */
void flow_observations_free(struct flow_observations *o);

/* Puts flow_active if there is a new answer. One read thread at a time. */
void flow_observations_read(struct flow_observations *o,
                            const struct gc_samples *out);
/* Puts self-telemetry under `instance`. Any thread: the read callback and
 * /health may call it at the same time. */
void flow_observations_read_state(struct flow_observations *o,
                                  const char *instance, uint32_t interval_ms,
                                  const struct gc_samples *out);

/* Returns the requests a minute of polls each `interval_s`, of `flows` selected
 * flows. FLOW_ACTIVITY: one page, and its checks (base/policy/paging). Pure. */
double flow_source_per_minute(enum flow_source source, size_t flows,
                              uint32_t interval_s);

#endif
