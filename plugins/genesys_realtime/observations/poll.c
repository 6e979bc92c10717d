/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/observations/poll.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/policy/poll_pace.h"
#include "common/genesys/query_body.h"
#include "common/net/api/api_error.h"
#include "plugins/genesys_realtime/observations/guide_metrics.h"
#include "plugins/genesys_realtime/observations/observations.h"

/* The metrics that count conversations, which `detailMetrics` accepts. */
static const enum obs_metric detailed[] = {OBS_WAITING, OBS_INTERACTING,
                                           OBS_ALERTING};

enum gc_code obs_query_body(const char *const *ids, size_t count,
                            bool with_details, struct gc_buf *out) {
  GC_AUTO(gc_document_clear) struct gc_document d = {.root = NULL};
  struct json_object *body = gc_document_add_object(&d, NULL, NULL);
  gc_query_body_add_filter(&d, body, "queueId", ids, count);
  struct json_object *metrics = gc_document_add_array(&d, body, "metrics");
  for (int i = 0; i < OBS_METRIC_COUNT; i++)
    gc_document_add_text(&d, metrics, NULL, obs_metrics[i].name);
  if (with_details) {
    struct json_object *list = gc_document_add_array(&d, body, "detailMetrics");
    for (size_t i = 0; i < GC_COUNT(detailed); i++)
      gc_document_add_text(&d, list, NULL, obs_metrics[detailed[i]].name);
  }
  return gc_document_write(&d, out, NULL);
}

/* Writes a metric as an element with the key "metric" (API reference, activity
 * queries). */
enum gc_code obs_activity_body(bool of_conversations, struct gc_buf *out) {
  GC_AUTO(gc_document_clear) struct gc_document d = {.root = NULL};
  struct json_object *body = gc_document_add_object(&d, NULL, NULL);
  struct json_object *metrics = gc_document_add_array(&d, body, "metrics");
  for (int i = 0; i < OBS_METRIC_COUNT; i++)
    if (obs_metrics[i].of_conversations == of_conversations)
      gc_document_add_text(&d, gc_document_add_object(&d, metrics, NULL),
                           "metric", obs_metrics[i].name);
  struct json_object *group_by = gc_document_add_array(&d, body, "groupBy");
  gc_document_add_text(&d, group_by, NULL, "queueId");
  if (of_conversations)
    gc_document_add_text(&d, group_by, NULL, "mediaType");
  return gc_document_write(&d, out, NULL);
}

enum obs_source obs_source_choose(enum obs_source option,
                                  const struct obs_scope *scope) {
  if (option != OBS_AUTO)
    return option;
  bool has_none = scope->is_refused && scope->selected == 0;
  return has_none || scope->selected > OBS_QUERY_QUEUES_MAX ? OBS_ACTIVITY
                                                            : OBS_QUERY;
}

void obs_source_reason(const struct obs_scope *scope,
                       char ret_text[OBS_REASON_SIZE]) {
  if (scope->is_refused && scope->selected == 0)
    snprintf(ret_text, OBS_REASON_SIZE, "the list of queues is refused");
  else if (scope->selected > OBS_QUERY_QUEUES_MAX)
    snprintf(ret_text, OBS_REASON_SIZE, "%zu queues selected, more than %d",
             scope->selected, (int)OBS_QUERY_QUEUES_MAX);
  else
    snprintf(ret_text, OBS_REASON_SIZE, "%zu selected, at most %d queues",
             scope->selected, (int)OBS_QUERY_QUEUES_MAX);
}

static size_t count_pages(size_t rows) {
  return rows == 0 ? 1 : (rows + GC_PAGES_ROWS - 1) / GC_PAGES_ROWS;
}

double obs_source_per_minute(enum obs_source source,
                             const struct obs_scope *scope,
                             uint32_t interval_s) {
  double readings = 60.0 / interval_s;
  switch (source) {
  case OBS_QUERY:
  case OBS_QUEUE_METRICS:
    return readings * (double)poll_batches(scope->selected);
  case OBS_TOPIC:
    return (double)poll_batches(scope->selected);
  case OBS_ACTIVITY:
    return readings * 2.0 *
           ((double)count_pages(scope->visible) + 1.0 / GC_PAGING_CHECK_EVERY);
  default:
    return 0.0;
  }
}

void obs_source_check_cost(enum obs_source source,
                           const struct obs_scope *scope, uint32_t interval_s,
                           uint32_t budget, struct gc_err *ret_err) {
  double per_minute = obs_source_per_minute(source, scope, interval_s);
  bool is_cheaper =
      source == OBS_QUERY &&
      obs_source_per_minute(OBS_ACTIVITY, scope, interval_s) < per_minute;
  bool is_by_id = source != OBS_ACTIVITY;
  *ret_err = (struct gc_err){.code = GC_OK};
  if (per_minute > budget / 4.0)
    (void)gc_fail(
        ret_err, GC_ERR_LIMIT,
        "%zu queues every %u s cost %.0f of the account's %u requests "
        "per minute; set %s%sa longer ObservationInterval",
        is_by_id ? scope->selected : scope->visible, interval_s, per_minute,
        budget,
        is_cheaper ? "Observations \"activity\" (fewer requests), " : "",
        is_by_id ? "fewer queues (Queue) or " : "");
}

enum {
  BODY_MAX_BYTES = 256 * 1024,
  ANSWER_MAX_BYTES = 256 << 20,
};

/* One batch of queues, or one activity query with all its pages. */
struct poll_part {
  struct poll *poll;
  struct gc_call call;
  struct gc_buf body; /* OBS_QUEUE_METRICS: the query */
  struct obs_decoder *decoder;
  struct gc_pages pages; /* OBS_ACTIVITY */
};

static size_t model_size(const struct observations *o) {
  return o->groups + o->ids.count;
}

static bool is_guide(const struct poll_part *part) {
  return part->call.endpoint == GC_ENDPOINT_QUEUE_METRICS;
}

/* Sends a part's request; the one of the next page when it has pages. */
static void send_request(struct poll_part *part) {
  if (is_guide(part)) {
    part->call.query = part->body.data;
  } else {
    part->call.query =
        gc_pages_query(&part->pages, model_size(part->poll->reading));
    part->call.body = part->body.data;
    part->call.body_len = part->body.len;
  }
  gc_api_call(part->poll->api, &part->call);
}

static enum gc_code take_answer(struct poll_part *part, bool *ret_more,
                                struct gc_err *err) {
  size_t results;
  *ret_more = false;
  GC_TRY(obs_decoder_finish(part->decoder, &results, err));
  return is_guide(part)
             ? GC_OK
             : gc_pages_next(&part->pages, results,
                             model_size(part->poll->reading), ret_more, err);
}

/* Keeps the most useful error: one that concerns only this block goes before
 * one that the account logs too. */
static void note_error(struct poll *p, const struct gc_err *err) {
  if (p->error.code == GC_OK ||
      (gc_code_is_shared(p->error.code) && !gc_code_is_shared(err->code)))
    p->error = *err;
}

static void on_answer(struct gc_call *call, const struct gc_reply *reply,
                      const struct gc_err *err) {
  struct poll_part *part = call->ctx;
  struct poll *p = part->poll;
  struct gc_err outcome = *err;
  bool more = false;
  (void)reply;

  if (outcome.code == GC_OK) {
    enum gc_code code = take_answer(part, &more, &outcome);
    if (code != GC_OK)
      (void)gc_api_fail_answer(gc_endpoint(call->endpoint), code, &outcome);
  }
  if (outcome.code == GC_OK && more) {
    send_request(part);
    return;
  }
  if (outcome.code != GC_OK)
    note_error(p, &outcome);
  p->was_refused |= gc_pace_is_refusal(outcome.code);
  if (--p->parts_left == 0)
    p->done(p->ctx);
}

static void make_part(struct poll *p, struct poll_part *part,
                      enum gc_endpoint_id endpoint) {
  part->poll = p;
  part->body.max = BODY_MAX_BYTES;
  part->call = (struct gc_call){.endpoint = endpoint,
                                .body_max = ANSWER_MAX_BYTES,
                                .count = p->requests,
                                .done = on_answer,
                                .ctx = part};
  part->decoder = obs_decoder_new(p->reading, is_guide(part));
  part->call.sink = obs_decoder_sink(part->decoder);
  if (!is_guide(part))
    return;
  part->call.path = p->path;
  part->call.body_max = QUEUE_METRICS_MAX_BYTES;
  part->call.waits_max = QUEUE_METRICS_RETRIES;
}

/* Makes one request for each OBS_IDS_MAX queues. */
static enum gc_code make_batches(struct poll *p, const struct selection *s,
                                 bool for_guide) {
  if (!for_guide)
    p->reading->absence = OBS_ABSENT_CONTACTS;
  for (size_t i = 0; i < p->part_count; i++) {
    struct poll_part *part = &p->parts[i];
    const char *const *ids = (const char *const *)s->ids + i * OBS_IDS_MAX;
    size_t left = s->count - i * OBS_IDS_MAX;
    size_t count = left < OBS_IDS_MAX ? left : (size_t)OBS_IDS_MAX;
    make_part(p, part,
              for_guide ? GC_ENDPOINT_QUEUE_METRICS
                        : GC_ENDPOINT_QUEUE_OBSERVATIONS);
    GC_TRY(for_guide
               ? queue_metrics_query(ids, count, &part->body)
               : obs_query_body(ids, count, p->wants_details, &part->body));
  }
  return GC_OK;
}

static enum gc_code make_activity(struct poll *p, struct poll_pages *pages) {
  make_part(p, &p->parts[0], GC_ENDPOINT_CONVERSATION_ACTIVITY);
  make_part(p, &p->parts[1], GC_ENDPOINT_ROUTING_ACTIVITY);
  GC_TRY(obs_activity_body(true, &p->parts[0].body));
  GC_TRY(obs_activity_body(false, &p->parts[1].body));
  pages->routing.rows_max = p->visible; /* one row for each queue */
  gc_pages_begin(&p->parts[0].pages, &pages->conversations);
  gc_pages_begin(&p->parts[1].pages, &pages->routing);
  p->reading->absence = OBS_ABSENT_ALL;
  return GC_OK;
}

static enum gc_code make_all_parts(struct poll *p, enum obs_source source,
                                   const struct selection *selection,
                                   struct poll_pages *pages) {
  size_t count = source == OBS_ACTIVITY ? 2 : poll_batches(selection->count);
  p->reading = observations_new();
  p->parts = gc_zalloc(count, sizeof(*p->parts));
  p->part_count = p->parts_left = count;
  return source == OBS_ACTIVITY
             ? make_activity(p, pages)
             : make_batches(p, selection, source == OBS_QUEUE_METRICS);
}

void poll_start(struct poll *p, struct gc_api *api, enum obs_source source,
                const struct selection *selection, struct poll_pages *pages,
                void (*done)(void *ctx), void *ctx) {
  *p = (struct poll){.wants_details = p->wants_details,
                     .path = p->path,
                     .requests = p->requests,
                     .visible = p->visible,
                     .api = api,
                     .done = done,
                     .ctx = ctx};
  enum gc_code code = make_all_parts(p, source, selection, pages);
  if (code != GC_OK)
    (void)gc_fail(&p->error, code, "observations: %s", gc_code_words(code));
  if (code != GC_OK || p->part_count == 0) {
    done(ctx);
    return;
  }
  for (size_t i = 0; i < p->part_count; i++)
    send_request(&p->parts[i]);
}

void poll_clear(struct poll *p) {
  for (size_t i = 0; i < p->part_count; i++) {
    gc_api_cancel(p->api, &p->parts[i].call);
    obs_decoder_free(p->parts[i].decoder);
    gc_buf_clear(&p->parts[i].body);
  }
  free(p->parts);
  observations_put(p->reading);
  *p = (struct poll){.api = NULL};
}

size_t poll_batches(size_t queue_count) {
  return (queue_count + OBS_IDS_MAX - 1) / OBS_IDS_MAX;
}
