/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/acks.h"

#include <string.h>

static void add_ack(struct influx_acks *a, struct gc_record_place end,
                    uint64_t now_ms) {
  struct influx_ack *newest = a->count > 0 ? &a->at[a->count - 1] : NULL;
  bool joins = newest != NULL &&
               (a->count == INFLUX_ACKS_MAX ||
                now_ms - newest->first_ms < a->keep_ms / INFLUX_ACK_SHARES);
  if (!joins) {
    newest = &a->at[a->count++];
    newest->first_ms = now_ms;
  }
  newest->end = end;
  newest->last_ms = now_ms;
}

bool influx_acks_add(struct influx_acks *a, struct gc_record_place end,
                     uint64_t now_ms, struct gc_record_place *ret_old) {
  size_t old = 0;
  add_ack(a, end, now_ms);
  while (old < a->count && now_ms - a->at[old].last_ms >= a->keep_ms)
    *ret_old = a->at[old++].end;
  a->count -= old;
  memmove(a->at, a->at + old, a->count * sizeof(a->at[0]));
  return old > 0;
}

void influx_acks_reset(struct influx_acks *a) { a->count = 0; }
