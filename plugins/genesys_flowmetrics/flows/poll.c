/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/flows/poll.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/genesys/query_body.h"

enum {
  BODY_MAX_BYTES = 64 * 1024,
  ANSWER_MAX_BYTES = 64 << 20,
  /* The API names no maximum. A server that clamps the page size is met by
   * comparing with the largest page that it sent. */
  PAGE = 1000,
  PAGES_MAX = 500,
  PAIRS_MAX = PAGE * PAGES_MAX,
};

/* The element's key is "metric" (API reference, activity queries). */
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
  p->before = p->counts.pairs.count;
  p->call.query = NULL;
  if (p->page > 0) {
    snprintf(p->query, sizeof(p->query), "pageSize=%d&pageNumber=%u", PAGE,
             p->page);
    p->call.query = p->query;
  }
  gc_api_call(p->api, &p->call);
}

/* The answers have no total. A page shorter than the largest one so far is the
 * last; a page without a new pair repeats an earlier page. */
static bool has_more(struct flow_poll *p, size_t results) {
  if (p->page == 0 || results < p->full_page ||
      p->counts.pairs.count == p->before)
    return false;
  p->full_page = results;
  return true;
}

static enum gc_code finish_page(struct flow_poll *p, bool *ret_more,
                                struct gc_err *err) {
  size_t results;
  uint64_t overflow;
  GC_TRY(flow_decoder_finish(p->decoder, &results, &overflow, err));
  if (overflow > 0)
    return gc_fail(err, GC_ERR_LIMIT, "more than %d flows and media",
                   PAIRS_MAX);
  *ret_more = has_more(p, results);
  if (*ret_more && p->page == PAGES_MAX)
    return gc_fail(err, GC_ERR_LIMIT, "more than %d pages", PAGES_MAX);
  return GC_OK;
}

static void on_answer(struct gc_call *call, const struct gc_reply *reply,
                      const struct gc_err *err) {
  struct flow_poll *p = call->ctx;
  struct gc_err outcome = *err;
  bool more = false;
  (void)reply;
  if (outcome.code == GC_OK) {
    enum gc_code code = finish_page(p, &more, &outcome);
    if (code != GC_OK)
      (void)gc_fail_in(&outcome, code,
                       "%s: ", gc_endpoint(call->endpoint)->function);
  }
  if (outcome.code == GC_OK && more) {
    p->page++;
    send_request(p);
    return;
  }
  p->err = outcome;
  p->done(p->ctx);
}

/* The ids of the selected flows when they fit into one query. */
static size_t list_selected(const struct flow_filter *c,
                            const char *ids[FLOW_POLL_IDS_MAX], bool *ret_all) {
  size_t count = 0;
  *ret_all = gc_entities_is_refused(c->flows);
  for (size_t i = 0; i < gc_entities_count(c->flows) && !*ret_all; i++) {
    const char *id = gc_entities_at(c->flows, i)->id;
    if (!flow_filter_accepts(c, id))
      continue;
    *ret_all = count == FLOW_POLL_IDS_MAX;
    if (!*ret_all)
      ids[count++] = id;
  }
  return *ret_all ? 0 : count;
}

static void finish_poll(struct flow_poll *p, enum gc_code code) {
  if (code != GC_OK)
    (void)gc_fail(&p->err, code, "flow observations: %s", gc_code_words(code));
  p->done(p->ctx);
}

void flow_poll_start(struct flow_poll *p, struct gc_api *api,
                     const struct flow_filter *filter, void (*done)(void *ctx),
                     void *ctx) {
  const char *ids[FLOW_POLL_IDS_MAX];
  bool all;
  size_t count = list_selected(filter, ids, &all);
  flow_counts_clear(&p->counts);
  p->counts.pairs.max = PAIRS_MAX;
  p->err = (struct gc_err){.code = GC_OK};
  p->api = api;
  p->done = done;
  p->ctx = ctx;
  p->page = all ? 1 : 0;
  p->body.max = BODY_MAX_BYTES;
  if (!all && count == 0) {
    finish_poll(p, GC_OK);
    return;
  }
  p->decoder = flow_decoder_new(&p->counts);
  enum gc_code code =
      p->decoder != NULL ? flow_poll_body(ids, count, &p->body) : GC_ERR_MEMORY;
  if (code != GC_OK) {
    finish_poll(p, code);
    return;
  }
  p->call = (struct gc_call){.endpoint = all ? GC_ENDPOINT_FLOW_ACTIVITY
                                             : GC_ENDPOINT_FLOW_OBSERVATIONS,
                             .body = p->body.data,
                             .body_len = p->body.len,
                             .sink = flow_decoder_sink(p->decoder),
                             .body_max = ANSWER_MAX_BYTES,
                             .done = on_answer,
                             .ctx = p};
  send_request(p);
}

void flow_poll_clear(struct flow_poll *p) {
  if (p->decoder != NULL)
    gc_api_cancel(p->api, &p->call);
  flow_decoder_free(p->decoder);
  p->decoder = NULL;
  gc_buf_clear(&p->body);
  flow_counts_clear(&p->counts);
}
