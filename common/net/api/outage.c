/* SPDX-License-Identifier: MIT */
#include "common/net/api/outage.h"

static bool is_of_channels(enum gc_endpoint_id id) {
  static const bool channels[GC_ENDPOINT_COUNT] = {
      [GC_ENDPOINT_CHANNEL_CREATE] = true,
      [GC_ENDPOINT_CHANNEL_CHECK] = true,
      [GC_ENDPOINT_SUBSCRIPTIONS_REPLACE] = true,
      [GC_ENDPOINT_SUBSCRIPTIONS_ADD] = true,
      [GC_ENDPOINT_CHANNEL_LIST] = true,
      [GC_ENDPOINT_SUBSCRIPTIONS_LIST] = true,
      [GC_ENDPOINT_SUBSCRIPTIONS_REMOVE] = true};
  return channels[id];
}

/* True if the success of `worked` shows that `failed` works, too. */
static bool ends_outage(const struct gc_api_outage *o,
                        enum gc_endpoint_id failed, enum gc_endpoint_id worked,
                        uint64_t now_ms) {
  return failed == worked ||
         (is_of_channels(failed) && is_of_channels(worked)) ||
         now_ms - o->functions[failed].failed_ms >= GC_API_OUTAGE_UNCALLED_MS;
}

bool gc_api_outage_note(struct gc_api_outage *o, enum gc_endpoint_id id,
                        enum gc_code code, uint64_t now_ms) {
  bool remains = false;
  if (gc_code_is_shared(code)) {
    o->functions[id].is_failing = true;
    o->functions[id].failed_ms = now_ms;
    return true;
  }
  for (int i = 0; i < GC_ENDPOINT_COUNT; i++) {
    if (ends_outage(o, (enum gc_endpoint_id)i, id, now_ms))
      o->functions[i].is_failing = false;
    remains = remains || o->functions[i].is_failing;
  }
  return !remains;
}
