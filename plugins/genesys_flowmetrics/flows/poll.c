/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/flows/poll.h"

#include <stdlib.h>

#include "common/genesys/query_body.h"
#include "common/net/api/api_error.h"

enum {
  BODY_MAX_BYTES = 64 * 1024,
  ANSWER_MAX_BYTES = 64 << 20,
  PAIRS_MAX = GC_PAGES_ROWS * GC_PAGES_MAX,
};

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

static void send_request(struct flow_poll *p) {
  p->call.query = gc_pages_query(&p->pages, p->counts.pairs.count);
  gc_api_call(p->api, &p->call);
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

/* Writes the body for the next flows of the list, 100 at most. *ret_count is 0
 * when there are no more. */
static enum gc_code write_next_ids(struct flow_poll *p, size_t *ret_count) {
  const char *ids[FLOW_POLL_IDS_MAX];
  size_t count = 0;
  for (; p->next < gc_entities_count(p->flows) && count < GC_COUNT(ids);
       p->next++) {
    const char *id = gc_entities_at(p->flows, p->next)->id;
    if (flow_filter_accepts(&p->filter, id))
      ids[count++] = id;
  }
  *ret_count = count;
  if (count == 0)
    return GC_OK;
  GC_TRY(flow_poll_body(ids, count, &p->body));
  p->call.body = p->body.data;
  p->call.body_len = p->body.len;
  return GC_OK;
}

/* Takes the answer and prepares the next request. *ret_more is false when the
 * answer was the last one. */
static enum gc_code prepare_rest(struct flow_poll *p, bool *ret_more,
                                 struct gc_err *err) {
  size_t count = 0;
  GC_TRY(finish_page(p, ret_more, err));
  if (p->pages.paging != NULL)
    return GC_OK;
  enum gc_code code = write_next_ids(p, &count);
  *ret_more = count > 0;
  return code == GC_OK ? GC_OK : gc_fail(err, code, "%s", gc_code_words(code));
}

static void on_answer(struct gc_call *call, const struct gc_reply *reply,
                      const struct gc_err *err) {
  struct flow_poll *p = call->ctx;
  struct gc_err outcome = *err;
  bool more = false;
  (void)reply;
  if (outcome.code == GC_OK) {
    enum gc_code code = prepare_rest(p, &more, &outcome);
    if (code != GC_OK)
      (void)gc_api_fail_answer(gc_endpoint(call->endpoint), code, &outcome);
  }
  if (outcome.code == GC_OK && more) {
    send_request(p);
    return;
  }
  p->err = outcome;
  p->done(p->ctx);
}

struct flow_scope flow_scope_of(const struct flow_filter *filter) {
  struct flow_scope scope = {.is_refused =
                                 gc_entities_is_refused(filter->flows)};
  for (size_t i = 0; i < gc_entities_count(filter->flows); i++)
    scope.selected +=
        flow_filter_accepts(filter, gc_entities_at(filter->flows, i)->id);
  return scope;
}

enum flow_source flow_source_choose(enum flow_source option,
                                    const struct flow_scope *scope) {
  if (scope->is_refused)
    return FLOW_ACTIVITY;
  if (option != FLOW_AUTO)
    return option;
  return scope->selected > FLOW_QUERY_FLOWS_MAX ? FLOW_ACTIVITY : FLOW_QUERY;
}

static void finish_poll(struct flow_poll *p, enum gc_code code) {
  if (code != GC_OK)
    (void)gc_fail(&p->err, code, "flow observations: %s", gc_code_words(code));
  p->done(p->ctx);
}

/* Writes the first body. *ret_any is false when there is nothing to request. */
static enum gc_code prepare_first(struct flow_poll *p, bool *ret_any) {
  size_t count = 0;
  *ret_any = true;
  p->decoder = flow_decoder_new(&p->counts);
  if (p->decoder == NULL)
    return GC_ERR_MEMORY;
  p->call.sink = flow_decoder_sink(p->decoder);
  if (p->pages.paging == NULL) {
    GC_TRY(write_next_ids(p, &count));
    *ret_any = count > 0;
    return GC_OK;
  }
  GC_TRY(flow_poll_body(NULL, 0, &p->body));
  p->call.body = p->body.data;
  p->call.body_len = p->body.len;
  return GC_OK;
}

void flow_poll_start(struct flow_poll *p, struct gc_api *api,
                     const struct flow_filter *filter, enum flow_source source,
                     void (*done)(void *ctx), void *ctx) {
  bool is_activity = source == FLOW_ACTIVITY, any;
  flow_poll_clear(p);
  p->counts.pairs.max = PAIRS_MAX;
  p->err = (struct gc_err){.code = GC_OK};
  p->flows = gc_entities_get((struct gc_entities *)filter->flows);
  p->filter = *filter;
  p->next = 0;
  p->api = api;
  p->done = done;
  p->ctx = ctx;
  p->pages = (struct gc_pages){.paging = NULL};
  if (is_activity)
    gc_pages_begin(&p->pages, &p->paging);
  p->body.max = BODY_MAX_BYTES;
  p->call =
      (struct gc_call){.endpoint = is_activity ? GC_ENDPOINT_FLOW_ACTIVITY
                                               : GC_ENDPOINT_FLOW_OBSERVATIONS,
                       .body_max = ANSWER_MAX_BYTES,
                       .done = on_answer,
                       .ctx = p};
  enum gc_code code = prepare_first(p, &any);
  if (code != GC_OK || !any)
    finish_poll(p, code);
  else
    send_request(p);
}

void flow_poll_clear(struct flow_poll *p) {
  if (p->decoder != NULL)
    gc_api_cancel(p->api, &p->call);
  flow_decoder_free(p->decoder);
  p->decoder = NULL;
  gc_buf_clear(&p->body);
  gc_entities_put(p->flows);
  p->flows = NULL;
  flow_counts_clear(&p->counts);
}
