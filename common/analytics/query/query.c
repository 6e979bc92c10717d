/* SPDX-License-Identifier: MIT */
#include "common/analytics/query/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/hash.h"
#include "common/base/timestamp.h"
#include "common/genesys/query_body.h"

int gc_query_place_of(const struct gc_query *q, const char *name) {
  for (size_t i = 0; i < q->group_by.count; i++)
    if (strcmp(q->group_by.at[i], name) == 0)
      return (int)i;
  return -1;
}

enum gc_query_owner gc_query_owner_of(const struct gc_query *q,
                                      int *ret_place) {
  static const char *const owners[] = {[GC_QUERY_OF_QUEUE] = "queueId",
                                       [GC_QUERY_OF_USER] = "userId",
                                       [GC_QUERY_OF_FLOW] = "flowId"};
  for (int i = GC_QUERY_OF_QUEUE; i < GC_QUERY_OF_NONE; i++) {
    *ret_place = gc_query_place_of(q, owners[i]);
    if (*ret_place >= 0)
      return (enum gc_query_owner)i;
  }
  return GC_QUERY_OF_NONE;
}

/* 128 bits: two hashes with different initial values. They distinguish queries;
 * they protect no secret. State files keep them, so they never change. */
struct identity {
  uint64_t half[2];
};
static const struct identity identity_init = {
    {GC_HASH_INIT, UINT64_C(0x6c62272e07bb0142)}};

/* Adds the text with its NUL. */
static void add_text(struct identity *id, const char *text) {
  for (size_t i = 0; i < GC_COUNT(id->half); i++)
    id->half[i] = gc_hash_add(id->half[i], text, strlen(text) + 1);
}

/* Adds the sum of the metrics' hashes, so that their order does not change the
 * identity. */
static void add_metrics(struct identity *id, const struct gc_query *q) {
  struct identity sum = {{0, 0}};
  for (size_t i = 0; i < q->metrics.count; i++) {
    struct identity one = identity_init;
    add_text(&one, q->metrics.at[i]);
    sum.half[0] += one.half[0];
    sum.half[1] += one.half[1];
  }
  id->half[0] ^= sum.half[0];
  id->half[1] ^= sum.half[1];
}

void gc_query_identity(char out[65], const struct gc_query *q) {
  struct identity id = identity_init;
  char number[32];
  snprintf(number, sizeof(number), "1 %d %" PRId64, (int)q->source,
           q->rule.period_ms);
  add_text(&id, number);
  add_metrics(&id, q);
  for (size_t i = 0; i < q->group_by.count; i++)
    add_text(&id, q->group_by.at[i]);
  add_text(&id, "");
  for (size_t i = 0; i < q->chosen.count; i++)
    add_text(&id, q->chosen.at[i]);
  snprintf(out, 65, "%016" PRIx64 "%016" PRIx64, id.half[0], id.half[1]);
}

/* ---- request bodies ---- */

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

double gc_query_per_minute(const struct gc_query *q, size_t ids) {
  size_t requests = ids > GC_QUERY_IDS_MAX
                        ? (ids + GC_QUERY_IDS_MAX - 1) / GC_QUERY_IDS_MAX
                        : 1;
  return (double)requests * 60000.0 / (double)q->rule.period_ms +
         (q->rule.slow_ms > 0 ? 1.0 / 60.0 : 0.0);
}
