/* SPDX-License-Identifier: MIT */
#include "common/base/json/writer.h"
#include "plugins/genesys_realtime/observations/observations.h"

static void put_member(struct gc_json_out *j, const char *key,
                       const char *text) {
  gc_json_out_key(j, key);
  gc_json_out_string(j, text);
}

/* The metrics that count conversations, which `detailMetrics` accepts. */
static const enum obs_metric detailed[] = {OBS_WAITING, OBS_INTERACTING,
                                           OBS_ALERTING};

static void put_predicate(struct gc_json_out *j, const char *queue_id) {
  gc_json_out_object(j);
  put_member(j, "type", "dimension");
  put_member(j, "dimension", "queueId");
  put_member(j, "operator", "matches");
  put_member(j, "value", queue_id);
  gc_json_out_close(j);
}

static void put_details(struct gc_json_out *j) {
  gc_json_out_key(j, "detailMetrics");
  gc_json_out_array(j);
  for (size_t i = 0; i < GC_COUNT(detailed); i++)
    gc_json_out_string(j, obs_metrics[detailed[i]].name);
  gc_json_out_close(j);
}

enum gc_code obs_query_body(const char *const *ids, size_t count,
                            bool with_details, struct gc_buf *out) {
  struct gc_json_out j = {.out = out};
  gc_json_out_object(&j);
  gc_json_out_key(&j, "filter");
  gc_json_out_object(&j);
  put_member(&j, "type", "or");
  gc_json_out_key(&j, "predicates");
  gc_json_out_array(&j);
  for (size_t i = 0; i < count; i++)
    put_predicate(&j, ids[i]);
  gc_json_out_close(&j);
  gc_json_out_close(&j);

  gc_json_out_key(&j, "metrics");
  gc_json_out_array(&j);
  for (int i = 0; i < OBS_METRIC_COUNT; i++)
    gc_json_out_string(&j, obs_metrics[i].name);
  gc_json_out_close(&j);
  if (with_details)
    put_details(&j);
  gc_json_out_close(&j);
  return gc_json_out_end(&j, NULL);
}

/* The key of an element is "metric" (API reference, activity queries). */
enum gc_code obs_activity_body(bool of_conversations, struct gc_buf *out) {
  struct gc_json_out j = {.out = out};
  gc_json_out_object(&j);
  gc_json_out_key(&j, "metrics");
  gc_json_out_array(&j);
  for (int i = 0; i < OBS_METRIC_COUNT; i++) {
    if (obs_metrics[i].of_conversations != of_conversations)
      continue;
    gc_json_out_object(&j);
    put_member(&j, "metric", obs_metrics[i].name);
    gc_json_out_close(&j);
  }
  gc_json_out_close(&j);

  gc_json_out_key(&j, "groupBy");
  gc_json_out_array(&j);
  gc_json_out_string(&j, "queueId");
  if (of_conversations)
    gc_json_out_string(&j, "mediaType");
  gc_json_out_close(&j);
  gc_json_out_close(&j);
  return gc_json_out_end(&j, NULL);
}
