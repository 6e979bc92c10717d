/* SPDX-License-Identifier: MIT */
#include "common/analytics/request.h"

#include <string.h>

#include "common/base/timestamp.h"
#include "common/genesys/query_body.h"

/* Writes the body that the API reference describes under aggregate queries. */
static void add_aggregates(struct gc_document *d, struct json_object *body,
                           const struct gc_query *q, int64_t from_ms,
                           int64_t to_ms, const char *const *ids,
                           size_t count) {
  char interval[GC_INTERVAL_SIZE];
  gc_document_add_text(d, body, "interval",
                       gc_interval_print(interval, from_ms, to_ms));
  gc_document_add_text(d, body, "granularity", q->granularity);
  gc_query_body_add_list(d, body, "groupBy",
                         (const char *const *)q->group_by.at,
                         q->group_by.count);
  gc_query_body_add_list(d, body, "metrics", (const char *const *)q->metrics.at,
                         q->metrics.count);
  if (count > 0)
    gc_query_body_add_filter(d, body, gc_source(q->source)->chosen, ids, count);
}

/* Writes the body of the published guide, whose times have no fraction. */
static void add_details(struct gc_document *d, struct json_object *body,
                        const struct gc_query *q, int64_t from_ms,
                        int64_t to_ms) {
  static const char *const select[] = {"count(waitTime)", "sum(answered)",
                                       "sum(abandoned)", "sum(offered)"};
  static const char *const group_by[] = {"queueId"};
  const int64_t times[] = {from_ms, to_ms};
  static const char *const keys[] = {"since", "until"};
  gc_query_body_add_list(d, body, "select", select, GC_COUNT(select));
  gc_query_body_add_list(d, body, "where", NULL, 0);
  gc_query_body_add_list(d, body, "groupBy", group_by, GC_COUNT(group_by));
  gc_document_add_text(d, body, "interval", q->granularity);
  for (size_t i = 0; i < GC_COUNT(keys); i++) {
    char text[GC_TIMESTAMP_SIZE];
    gc_timestamp_print(text, times[i]);
    /* "2026-08-01T10:00:00" is 19 bytes long */
    memcpy(text + 19, "Z", sizeof("Z"));
    gc_document_add_text(d, body, keys[i], text);
  }
}

enum gc_code gc_analytics_query_body(const struct gc_query *q, int64_t from_ms,
                                     int64_t to_ms, const char *const *ids,
                                     size_t count, struct gc_buf *out) {
  GC_AUTO(gc_document_clear) struct gc_document d = {.root = NULL};
  struct json_object *body = gc_document_add_object(&d, NULL, NULL);
  gc_buf_reset(out);
  if (q->source == GC_QUERY_QUEUE_DETAILS)
    add_details(&d, body, q, from_ms, to_ms);
  else
    add_aggregates(&d, body, q, from_ms, to_ms, ids, count);
  return gc_document_write(&d, out, NULL);
}
