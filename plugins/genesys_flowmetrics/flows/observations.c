/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/flows/observations.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/policy/poll_pace.h"
#include "common/genesys/query_body.h"
#include "common/net/api/api.h"
#include "common/net/api/api_error.h"
#include "common/net/api/pages.h"

enum {
  /* The source is down when its newest answer is older than this. */
  STALE_INTERVALS = 3,
  BODY_MAX_BYTES = 64 * 1024,
  ANSWER_MAX_BYTES = 64 << 20,
  PAIRS_MAX = GC_PAGES_ROWS * GC_PAGES_MAX,
  /* Flows of one observation query (API reference, filters: at least 100
   * predicates are taken). */
  IDS_MAX = 100,
  QUERY_FLOWS_MAX = 200, /* FLOW_AUTO: beyond, FLOW_ACTIVITY */
};

/* The number of flows that a filter selects. Without a list (is_refused) it is
 * unknown, and the activity query reads all flows. */
struct flow_scope {
  size_t selected;
  bool is_refused;
};

/* The poll that is under way. */
struct flow_poll {
  struct flow_counts counts; /* complete when the last answer is */
  struct gc_paging paging;   /* the activity query's pages; stays */
  struct gc_entities *flows; /* a reference to the list */
  size_t next;               /* FLOW_QUERY: the first flow not requested yet */
  struct gc_call call;
  struct gc_buf body;
  struct gc_pages pages;        /* FLOW_ACTIVITY */
  struct flow_decoder *decoder; /* NULL: no poll runs */
};

struct flow_observations {
  const struct flows_options *options;
  struct flow_observations_deps deps;
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;

  /* Used by the network thread only. */
  struct gc_names_listener flow_listener;
  struct gc_lease_listener lease_listener;
  bool is_listening;
  struct gc_timer timer;
  uint64_t due_ms;         /* 0: no request yet */
  uint64_t started_ms;     /* const once the polls have begun; any thread */
  enum flow_source source; /* FLOW_AUTO: not chosen yet, without a list */
  struct flow_poll poll;
  bool must_poll_again; /* after the poll that is under way */

  pthread_mutex_t lock; /* guards the rest; only the network thread writes
                           `counts`, and it reads them without the lock */
  struct flow_counts counts;
  int64_t received_ms; /* wall clock */
  bool is_standby;     /* another agent has the lease */
  bool is_fresh, is_healthy, has_outcome;
  bool has_scope; /* the list of flows has arrived */
  struct flow_scope scope;
  uint64_t healthy_ms; /* 0: never */
  uint64_t overflow;
  struct flow_counts_tally tally;
};

static const struct gc_env *env_of(const struct flow_observations *o) {
  return o->deps.env;
}

static uint64_t now_of(const struct flow_observations *o) {
  return env_of(o)->now_ms(env_of(o)->ctx);
}

static uint32_t interval_ms_of(const struct flow_observations *o) {
  return o->options->observation_interval_s * 1000;
}

static struct flow_filter filter_of(const struct flow_observations *o,
                                    const struct gc_entities *flows) {
  return (struct flow_filter){.flows = flows,
                              .selectors = o->options->query.chosen.at,
                              .selector_count = o->options->query.chosen.count};
}

/* ---- one poll ---- */

/* Adds the members of an activity query. The element's key is "metric" (API
 * reference, activity queries). */
static void add_activity(struct gc_document *d, struct json_object *body) {
  struct json_object *metrics = gc_document_add_array(d, body, "metrics");
  gc_document_add_text(d, gc_document_add_object(d, metrics, NULL), "metric",
                       "oFlow");
  struct json_object *group_by = gc_document_add_array(d, body, "groupBy");
  gc_document_add_text(d, group_by, NULL, "flowId");
  gc_document_add_text(d, group_by, NULL, "mediaType");
}

enum gc_code flow_poll_body(const char *const *ids, size_t count,
                            struct gc_buf *out) {
  GC_AUTO(gc_document_clear) struct gc_document d = {.root = NULL};
  struct json_object *body = gc_document_add_object(&d, NULL, NULL);
  gc_buf_reset(out);
  if (count == 0) {
    add_activity(&d, body);
  } else {
    gc_query_body_add_filter(&d, body, "flowId", ids, count);
    gc_document_add_text(&d, gc_document_add_array(&d, body, "metrics"), NULL,
                         "oFlow");
  }
  return gc_document_write(&d, out, NULL);
}

static void send_request(struct flow_observations *o) {
  struct flow_poll *p = &o->poll;
  p->call.query = gc_pages_query(&p->pages, p->counts.pairs.count);
  gc_api_call(o->deps.api, &p->call);
}

static enum gc_code finish_page(struct flow_poll *p, bool *ret_more,
                                struct gc_err *err) {
  size_t results;
  uint64_t overflow;
  GC_TRY(flow_decoder_finish(p->decoder, &results, &overflow, err));
  if (overflow > 0)
    return gc_fail(err, GC_ERR_LIMIT, "more than %d flows and media",
                   PAIRS_MAX);
  return gc_pages_next(&p->pages, results, p->counts.pairs.count, ret_more,
                       err);
}

/* Writes the body of the next request: of the activity query the same one, else
 * for the next flows of the list, 100 at most. *ret_more is false when there
 * are no more. */
static enum gc_code write_body(struct flow_observations *o, bool *ret_more) {
  struct flow_poll *p = &o->poll;
  const struct flow_filter filter = filter_of(o, p->flows);
  const char *ids[IDS_MAX];
  size_t count = 0;
  for (; p->pages.paging == NULL && p->next < gc_entities_count(p->flows) &&
         count < GC_COUNT(ids);
       p->next++) {
    const char *id = gc_entities_at(p->flows, p->next)->id;
    if (flow_filter_accepts(&filter, id))
      ids[count++] = id;
  }
  *ret_more = count > 0 || p->pages.paging != NULL;
  if (!*ret_more)
    return GC_OK;
  GC_TRY(flow_poll_body(ids, count, &p->body));
  p->call.body = p->body.data;
  p->call.body_len = p->body.len;
  return GC_OK;
}

/* Takes the answer and prepares the next request. *ret_more is false when the
 * answer was the last one. */
static enum gc_code prepare_next(struct flow_observations *o, bool *ret_more,
                                 struct gc_err *err) {
  GC_TRY(finish_page(&o->poll, ret_more, err));
  if (o->poll.pages.paging != NULL)
    return GC_OK;
  enum gc_code code = write_body(o, ret_more);
  return code == GC_OK ? GC_OK : gc_fail(err, code, "%s", gc_code_words(code));
}

static void end_poll(struct flow_observations *o, struct gc_err *err);

static void on_answer(struct gc_call *call, const struct gc_reply *reply,
                      const struct gc_err *err) {
  struct flow_observations *o = call->ctx;
  struct gc_err outcome = *err;
  bool more = false;
  (void)reply;
  if (outcome.code == GC_OK) {
    enum gc_code code = prepare_next(o, &more, &outcome);
    if (code != GC_OK)
      (void)gc_api_fail_answer(gc_endpoint(call->endpoint), code, &outcome);
  }
  if (outcome.code == GC_OK && more)
    send_request(o);
  else
    end_poll(o, &outcome);
}

static struct flow_scope scope_of(const struct flow_filter *filter) {
  struct flow_scope scope = {.is_refused =
                                 gc_entities_is_refused(filter->flows)};
  for (size_t i = 0; i < gc_entities_count(filter->flows); i++)
    scope.selected +=
        flow_filter_accepts(filter, gc_entities_at(filter->flows, i)->id);
  return scope;
}

/* Returns FLOW_QUERY or FLOW_ACTIVITY. Without a list of flows only
 * FLOW_ACTIVITY works, because FLOW_QUERY names the flows. */
static enum flow_source source_of(enum flow_source option,
                                  const struct flow_scope *scope) {
  if (scope->is_refused)
    return FLOW_ACTIVITY;
  if (option != FLOW_AUTO)
    return option;
  return scope->selected > QUERY_FLOWS_MAX ? FLOW_ACTIVITY : FLOW_QUERY;
}

/* Cancels a running poll, and frees its memory; `paging` stays. */
static void poll_clear(struct flow_observations *o) {
  struct flow_poll *p = &o->poll;
  if (p->decoder != NULL)
    gc_api_cancel(o->deps.api, &p->call);
  flow_decoder_free(gc_steal(p->decoder));
  gc_buf_clear(&p->body);
  gc_entities_put(gc_steal(p->flows));
  flow_counts_clear(&p->counts);
}

/* Requests the flows of the list that the block selects. */
static void poll_start(struct flow_observations *o, struct gc_entities *flows) {
  struct flow_poll *p = &o->poll;
  bool is_activity = o->source == FLOW_ACTIVITY, any;
  poll_clear(o);
  p->counts.pairs.max = PAIRS_MAX;
  p->flows = gc_entities_get(flows);
  p->next = 0;
  p->pages = (struct gc_pages){.paging = NULL};
  if (is_activity)
    gc_pages_begin(&p->pages, &p->paging);
  p->body.max = BODY_MAX_BYTES;
  p->decoder = flow_decoder_new(&p->counts);
  p->call =
      (struct gc_call){.endpoint = is_activity ? GC_ENDPOINT_FLOW_ACTIVITY
                                               : GC_ENDPOINT_FLOW_OBSERVATIONS,
                       .sink = flow_decoder_sink(p->decoder),
                       .body_max = ANSWER_MAX_BYTES,
                       .count = o->deps.requests,
                       .done = on_answer,
                       .ctx = o};
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = write_body(o, &any);
  if (code == GC_OK && any) {
    send_request(o);
    return;
  }
  if (code != GC_OK)
    (void)gc_fail(&err, code, "flow observations: %s", gc_code_words(code));
  end_poll(o, &err);
}

static void report_overflow(struct flow_observations *o, uint64_t overflow) {
  struct gc_err err = {.code = GC_OK};
  if (overflow > 0)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "MaxSeries (%u) is reached: further flows are left out "
                  "(series_overflow); select fewer (Flow) or raise MaxSeries",
                  (unsigned)o->options->query.max_series);
  o->notice(o->ctx, "series of observations", &err);
}

/* Takes a complete answer; a partial one would show flows as empty. */
static enum gc_code publish_counts(struct flow_observations *o) {
  struct gc_entities *flows = gc_names_entities(o->deps.names, GC_FLOW);
  struct flow_filter filter = filter_of(o, flows);
  struct flow_counts fresh = {.pairs = {.max = o->options->query.max_series}};
  uint64_t overflow = 0;
  if (flow_counts_lack_names(&o->poll.counts, &filter))
    gc_names_miss(o->deps.names, GC_FLOW);
  enum gc_code code = flow_counts_merge(&o->counts, &o->poll.counts, &filter,
                                        &fresh, &overflow);
  gc_entities_put(flows);
  if (code != GC_OK) {
    flow_counts_clear(&fresh);
    return code;
  }
  pthread_mutex_lock(&o->lock);
  flow_counts_clear(&o->counts);
  o->counts = fresh;
  o->received_ms = env_of(o)->wall_ms(env_of(o)->ctx);
  o->overflow += overflow;
  o->is_fresh = o->is_healthy = true;
  o->healthy_ms = now_of(o);
  pthread_mutex_unlock(&o->lock);
  report_overflow(o, overflow);
  return GC_OK;
}

/* Polls again at once if that was requested during the poll. */
static void schedule_next_poll(struct flow_observations *o, bool was_refused) {
  uint64_t now_ms = now_of(o);
  o->due_ms = gc_pace_next(o->due_ms, now_ms, interval_ms_of(o), was_refused);
  gc_timers_set(env_of(o)->timers, &o->timer,
                o->must_poll_again ? now_ms : o->due_ms);
  o->must_poll_again = false;
}

static void end_poll(struct flow_observations *o, struct gc_err *err) {
  if (err->code == GC_OK) {
    enum gc_code code = publish_counts(o);
    if (code != GC_OK)
      (void)gc_fail(err, code, "flow observations: %s", gc_code_words(code));
  }
  o->notice(o->ctx, "observations", err);
  pthread_mutex_lock(&o->lock);
  o->has_outcome = true;
  o->is_healthy &= err->code == GC_OK;
  pthread_mutex_unlock(&o->lock);
  schedule_next_poll(o, gc_pace_is_refusal(err->code));
  poll_clear(o);
}

static void start_poll(void *ctx, uint64_t now_ms) {
  struct flow_observations *o = ctx;
  struct gc_entities *flows = gc_names_entities(o->deps.names, GC_FLOW);
  o->due_ms =
      gc_pace_begin(o->due_ms, now_ms, interval_ms_of(o), o->deps.phase);
  if (flows != NULL)
    poll_start(o, flows);
  gc_entities_put(flows);
}

/* Chooses the source for `Observations "auto"`, and logs it when it changes. */
static void choose_source(struct flow_observations *o,
                          const struct flow_scope *scope) {
  enum flow_source source =
      source_of((enum flow_source)o->options->observations, scope);
  char text[160];
  if (source == o->source)
    return;
  o->source = source;
  if (scope->is_refused)
    snprintf(text, sizeof(text),
             "observations by \"activity\": the list of flows is refused");
  else if (source == FLOW_QUERY)
    snprintf(text, sizeof(text),
             "observations by \"query\" (Observations \"auto\"): %zu selected, "
             "at most %d flows",
             scope->selected, (int)QUERY_FLOWS_MAX);
  else
    snprintf(text, sizeof(text),
             "observations by \"activity\" (Observations \"auto\"): %zu flows "
             "selected, more than %d",
             scope->selected, (int)QUERY_FLOWS_MAX);
  if (o->deps.inform != NULL)
    o->deps.inform(o->ctx, text);
}

double flow_source_per_minute(enum flow_source source, size_t flows,
                              uint32_t interval_s) {
  double readings = 60.0 / interval_s;
  size_t requests = (flows + IDS_MAX - 1) / IDS_MAX;
  return source == FLOW_QUERY ? readings * (double)requests
                              : readings * (1.0 + 1.0 / GC_PAGING_CHECK_EVERY);
}

/* Plans the polls, and no others: a source that was chosen before ends. */
static void plan_polls(const struct flow_observations *o, size_t flows) {
  double per_minute = flow_source_per_minute(
      o->source, flows, o->options->observation_interval_s);
  bool by_id = o->source == FLOW_QUERY;
  if (o->deps.plan == NULL)
    return;
  o->deps.plan(o->ctx, GC_ENDPOINT_FLOW_OBSERVATIONS, by_id ? per_minute : 0);
  o->deps.plan(o->ctx, GC_ENDPOINT_FLOW_ACTIVITY, by_id ? 0 : per_minute);
}

static void on_flows(void *ctx, struct gc_entities *flows) {
  struct flow_observations *o = ctx;
  struct flow_filter filter = filter_of(o, flows);
  struct gc_err err = {.code = GC_OK};
  struct flow_scope scope = scope_of(&filter);
  choose_source(o, &scope);
  plan_polls(o, scope.selected);
  pthread_mutex_lock(&o->lock);
  o->has_scope = true;
  o->scope = scope;
  pthread_mutex_unlock(&o->lock);
  if (scope.selected == 0 && !scope.is_refused)
    (void)gc_fail(
        &err, GC_ERR_NOT_FOUND,
        "no flow matches the Flow options of this block, or the OAuth "
        "client's roles see none");
  o->notice(o->ctx, "selection", &err);
  if (o->due_ms == 0)
    start_poll(o, now_of(o));
}

/* Does nothing while there is no list of flows: its arrival starts a poll. */
static void poll_soon(struct flow_observations *o) {
  if (o->due_ms == 0)
    return;
  o->must_poll_again = o->poll.decoder != NULL;
  if (!o->must_poll_again)
    gc_timers_set(env_of(o)->timers, &o->timer, now_of(o));
}

/* Follows the lease. A standby polls, so that its counts are complete when it
 * takes over. It then drops its newest answer, which is older than the last
 * holder's values, and polls at once. */
static void on_term(void *ctx, uint32_t term) {
  struct flow_observations *o = ctx;
  pthread_mutex_lock(&o->lock);
  o->is_standby = term == 0;
  o->is_fresh &= o->is_standby;
  pthread_mutex_unlock(&o->lock);
  if (term != 0)
    poll_soon(o);
}

static void begin_polls(void *ctx) {
  struct flow_observations *o = ctx;
  o->is_listening = true;
  o->started_ms = now_of(o);
  if (o->deps.lease != NULL)
    gc_lease_watch_listen(o->deps.lease, &o->lease_listener);
  gc_names_listen(o->deps.names, &o->flow_listener);
}

static void end_polls(void *ctx) {
  struct flow_observations *o = ctx;
  if (o->deps.lease != NULL)
    gc_lease_watch_unlisten(o->deps.lease, &o->lease_listener);
  if (o->is_listening)
    gc_names_unlisten(o->deps.names, &o->flow_listener);
  gc_timers_unset(env_of(o)->timers, &o->timer);
  poll_clear(o);
}

struct flow_observations *flow_observations_new(
    const struct flows_options *options,
    const struct flow_observations_deps *deps,
    void (*notice)(void *ctx, const char *cause, const struct gc_err *err),
    void *ctx) {
  struct flow_observations *o = gc_zalloc(1, sizeof(*o));
  o->options = options;
  o->deps = *deps;
  o->source = (enum flow_source)options->observations;
  o->notice = notice;
  o->ctx = ctx;
  o->timer = (struct gc_timer){.fire = start_poll, .ctx = o};
  o->flow_listener = (struct gc_names_listener){
      .kind = GC_FLOW, .changed = on_flows, .ctx = o};
  o->lease_listener = (struct gc_lease_listener){.changed = on_term, .ctx = o};
  pthread_mutex_init(&o->lock, NULL);
  return o;
}

void flow_observations_start(struct flow_observations *o) {
  gc_loop_call(o->deps.loop, begin_polls, o);
}

void flow_observations_free(struct flow_observations *o) {
  if (o == NULL)
    return;
  gc_loop_call(o->deps.loop, end_polls, o);
  flow_counts_clear(&o->counts);
  pthread_mutex_destroy(&o->lock);
  free(o);
}

static void drop_sample(void *ctx, const struct gc_sample *sample) {
  (void)ctx;
  (void)sample;
}

/* Puts the samples under the lock: they are few, one for each flow and medium.
 * A standby counts them only, for the self-telemetry. */
void flow_observations_read(struct flow_observations *o,
                            const struct gc_samples *out) {
  const struct gc_samples none = {.put = drop_sample};
  struct gc_entities *flows = gc_names_entities(o->deps.names, GC_FLOW);
  struct gc_dimension_names dimension_names = {
      .lists = {[GC_FLOW] = {.now = flows}},
      .label = (enum gc_query_label)o->options->query.label};
  struct flow_counts_view view = {.filter = filter_of(o, flows),
                                  .dimension_names = &dimension_names,
                                  .prefix = o->options->query.prefix,
                                  .interval_ms = interval_ms_of(o)};
  pthread_mutex_lock(&o->lock);
  view.time_ms = o->received_ms;
  if (o->is_fresh && flows != NULL)
    flow_counts_samples(&o->counts, &view, o->is_standby ? &none : out,
                        &o->tally);
  o->is_fresh = false;
  pthread_mutex_unlock(&o->lock);
  gc_entities_put(flows);
}

/* Puts source_up: 1 if the last poll was complete and its values are current.
 * Puts nothing while no flow is selected, and while the first poll is under
 * way. The lock is held. */
static void put_up(const struct flow_observations *o,
                   const struct gc_sample_writer *writer) {
  uint64_t now_ms = now_of(o);
  uint64_t age_ms = o->healthy_ms > 0 ? now_ms - o->healthy_ms : 0;
  uint64_t stale_ms = (uint64_t)interval_ms_of(o) * STALE_INTERVALS;
  bool is_idle = o->has_scope && o->scope.selected == 0 && !o->scope.is_refused;
  bool is_early = !o->has_outcome && now_ms - o->started_ms < stale_ms;
  bool is_up = o->is_healthy && o->healthy_ms > 0 && age_ms < stale_ms;
  if (is_idle || is_early)
    return;
  gc_put_gauge(writer, GC_METRIC_SOURCE_UP, "observations", is_up ? 1.0 : 0.0);
  if (o->healthy_ms > 0)
    gc_put_gauge(writer, GC_METRIC_SOURCE_AGE, "observations",
                 (double)age_ms / 1000.0);
}

void flow_observations_read_state(struct flow_observations *o,
                                  const char *instance, uint32_t interval_ms,
                                  const struct gc_samples *out) {
  const struct gc_sample_writer writer = {
      .out = out, .instance = instance, .interval_ms = interval_ms};
  pthread_mutex_lock(&o->lock);
  put_up(o, &writer);
  if (o->has_scope && !o->scope.is_refused)
    gc_put_gauge(&writer, GC_METRIC_FLOWS, "matched",
                 (double)o->scope.selected);
  if (o->healthy_ms > 0) {
    gc_put_gauge(&writer, GC_METRIC_FLOWS, "unnamed", (double)o->tally.unnamed);
    gc_put_gauge(&writer, GC_METRIC_SERIES, "observations",
                 (double)o->tally.series);
  }
  gc_put_count(&writer, GC_METRIC_SERIES_OVERFLOW, "observations", o->overflow);
  pthread_mutex_unlock(&o->lock);
}
