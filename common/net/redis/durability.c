/* SPDX-License-Identifier: MIT */
#include "common/net/redis/durability.h"

#include <string.h>
#include <strings.h>

static bool value_is(const char *value, const char *word) {
  return strcasecmp(value, word) == 0;
}

/* Returns the loss that a crash of the server or its host causes; NULL:
 * none. */
static const char *cost_of_a_crash(const struct redis_durability *d) {
  if (!value_is(d->appendonly, "yes"))
    return "a crash loses all counts since its last snapshot";
  if (value_is(d->appendfsync, "always"))
    return NULL;
  return value_is(d->appendfsync, "everysec")
             ? "a crash loses up to the last two seconds of counts"
             : "a crash loses the counts that the kernel had not written yet, "
               "some 30 s";
}

bool redis_advice(const struct redis_durability *d, struct gc_err *ret_words) {
  if (d->appendonly == NULL || d->appendfsync == NULL ||
      d->maxmemory_policy == NULL) {
    (void)gc_fail(ret_words, GC_ERR_REMOTE,
                  "Redis refuses CONFIG GET, so its durability is unknown: "
                  "make sure of appendonly yes, appendfsync always and "
                  "maxmemory-policy noeviction, or a crash of Redis loses "
                  "counts");
    return true;
  }
  const char *cost = cost_of_a_crash(d);
  bool pauses =
      d->no_fsync_on_rewrite != NULL && value_is(d->no_fsync_on_rewrite, "yes");
  bool evicts = !value_is(d->maxmemory_policy, "noeviction");
  if (cost != NULL)
    (void)gc_fail(ret_words, GC_ERR_REMOTE,
                  "Redis has appendonly %.10s, appendfsync %.10s: %s, and "
                  "events that are delivered again then count twice; set "
                  "appendonly yes and appendfsync always%s%.20s",
                  d->appendonly, d->appendfsync, cost,
                  evicts ? "; also set maxmemory-policy noeviction instead of "
                         : "",
                  evicts ? d->maxmemory_policy : "");
  else if (evicts)
    (void)gc_fail(ret_words, GC_ERR_REMOTE,
                  "Redis has maxmemory-policy %.20s: when its memory is full "
                  "it evicts counts, and events that are delivered again then "
                  "count twice; set maxmemory-policy noeviction",
                  d->maxmemory_policy);
  else if (pauses)
    (void)gc_fail(ret_words, GC_ERR_REMOTE,
                  "Redis has no-appendfsync-on-rewrite yes: a crash while it "
                  "rewrites its file loses counts, and events that are "
                  "delivered again then count twice; set it to no");
  return cost != NULL || evicts || pauses;
}
