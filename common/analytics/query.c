/* SPDX-License-Identifier: MIT */
#include "common/analytics/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int gc_query_place_of(const struct gc_query *q, const char *name) {
  for (size_t i = 0; i < q->group_count; i++)
    if (strcmp(q->group_by[i], name) == 0)
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

/* FNV-1a, twice with different beginnings: no secret, only a difference. */
static void add(uint64_t h[2], const char *text) {
  for (const char *c = text;; c++) {
    for (int i = 0; i < 2; i++)
      h[i] = (h[i] ^ (unsigned char)*c) * UINT64_C(1099511628211);
    if (*c == '\0')
      return;
  }
}

/* The order of metrics changes nothing. */
static void add_metrics(uint64_t h[2], const struct gc_query *q) {
  uint64_t sum[2] = {0, 0};
  for (size_t i = 0; i < q->metric_count; i++) {
    uint64_t one[2] = {UINT64_C(14695981039346656037),
                       UINT64_C(0x6c62272e07bb0142)};
    add(one, q->metrics[i]);
    sum[0] += one[0];
    sum[1] += one[1];
  }
  h[0] ^= sum[0];
  h[1] ^= sum[1];
}

void gc_query_identity(char out[65], const struct gc_query *q,
                       char *const *selectors, size_t selector_count) {
  uint64_t h[2] = {UINT64_C(14695981039346656037),
                   UINT64_C(0x6c62272e07bb0142)};
  char number[32];
  snprintf(number, sizeof(number), "1 %d %" PRId64, (int)q->source,
           q->period_ms);
  add(h, number);
  add_metrics(h, q);
  for (size_t i = 0; i < q->group_count; i++)
    add(h, q->group_by[i]);
  add(h, "");
  for (size_t i = 0; i < selector_count; i++)
    add(h, selectors[i]);
  snprintf(out, 65, "%016" PRIx64 "%016" PRIx64, h[0], h[1]);
}
