/* SPDX-License-Identifier: MIT */
#include "common/analytics/query.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "common/base/hash.h"

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
