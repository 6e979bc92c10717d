/* SPDX-License-Identifier: MIT */
#include "common/genesys/query_body.h"
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
