/* SPDX-License-Identifier: MIT */
#include "common/analytics/request.h"

#include "common/base/json/writer.h"
#include "common/base/timestamp.h"

static void put_member(struct gc_json_out *j, const char *key,
                       const char *text) {
  gc_json_out_key(j, key);
  gc_json_out_string(j, text);
}

static void put_list(struct gc_json_out *j, const char *key, char *const *at,
                     size_t count) {
  gc_json_out_key(j, key);
  gc_json_out_array(j);
  for (size_t i = 0; i < count; i++)
    gc_json_out_string(j, at[i]);
  gc_json_out_close(j);
}

static void put_filter(struct gc_json_out *j, const char *dimension,
                       const char *const *ids, size_t count) {
  gc_json_out_key(j, "filter");
  gc_json_out_object(j);
  put_member(j, "type", "or");
  gc_json_out_key(j, "predicates");
  gc_json_out_array(j);
  for (size_t i = 0; i < count; i++) {
    gc_json_out_object(j);
    put_member(j, "type", "dimension");
    put_member(j, "dimension", dimension);
    put_member(j, "operator", "matches");
    put_member(j, "value", ids[i]);
    gc_json_out_close(j);
  }
  gc_json_out_close(j);
  gc_json_out_close(j);
}

/* API reference, aggregate queries. */
static void put_aggregates(struct gc_json_out *j, const struct gc_query *q,
                           int64_t from_ms, int64_t to_ms,
                           const char *const *ids, size_t count) {
  char interval[GC_INTERVAL_SIZE];
  put_member(j, "interval", gc_interval_print(interval, from_ms, to_ms));
  put_member(j, "granularity", q->granularity);
  put_list(j, "groupBy", q->group_by, q->group_count);
  put_list(j, "metrics", q->metrics, q->metric_count);
  if (count > 0)
    put_filter(j, gc_source(q->source)->chosen, ids, count);
}

/* As the published guide has it: times without a fraction. */
static void put_details(struct gc_json_out *j, const struct gc_query *q,
                        int64_t from_ms, int64_t to_ms) {
  static const char *const select[] = {"count(waitTime)", "sum(answered)",
                                       "sum(abandoned)", "sum(offered)"};
  const int64_t times[] = {from_ms, to_ms};
  static const char *const keys[] = {"since", "until"};
  gc_json_out_key(j, "select");
  gc_json_out_array(j);
  for (size_t i = 0; i < GC_COUNT(select); i++)
    gc_json_out_string(j, select[i]);
  gc_json_out_close(j);
  gc_json_out_key(j, "where");
  gc_json_out_array(j);
  gc_json_out_close(j);
  gc_json_out_key(j, "groupBy");
  gc_json_out_array(j);
  gc_json_out_string(j, "queueId");
  gc_json_out_close(j);
  put_member(j, "interval", q->granularity);
  for (size_t i = 0; i < GC_COUNT(keys); i++) {
    char text[GC_TIMESTAMP_SIZE];
    gc_timestamp_print(text, times[i]);
    gc_json_out_key(j, keys[i]);
    text[19] = 'Z'; /* "2026-08-01T10:00:00" is 19 bytes long */
    gc_json_out_text(j, text, 20);
  }
}

enum gc_code gc_query_body(const struct gc_query *q, int64_t from_ms,
                           int64_t to_ms, const char *const *ids, size_t count,
                           struct gc_buf *out) {
  struct gc_json_out j = {.out = out};
  gc_buf_reset(out);
  gc_json_out_object(&j);
  if (q->source == GC_QUERY_QUEUE_DETAILS)
    put_details(&j, q, from_ms, to_ms);
  else
    put_aggregates(&j, q, from_ms, to_ms, ids, count);
  gc_json_out_close(&j);
  return gc_json_out_end(&j, NULL);
}
