/* SPDX-License-Identifier: MIT */
#include "common/net/redis/durability.h"

#include <string.h>
#include <strings.h>

static bool is(const char *value, const char *word) {
  return strcasecmp(value, word) == 0;
}

/* What a crash of the server, or of its host, costs; NULL: nothing. */
static const char *cost_of_a_crash(const struct redis_durability *d) {
  if (!is(d->appendonly, "yes"))
    return "a crash loses all that was counted since its last snapshot";
  if (is(d->appendfsync, "always"))
    return NULL;
  return is(d->appendfsync, "everysec")
             ? "a crash loses up to the last two seconds of counts"
             : "a crash loses what the kernel had not written yet, some 30 s "
               "of counts";
}

bool redis_advice(const struct redis_durability *d, struct gc_err *ret_words) {
  if (d->appendonly == NULL || d->appendfsync == NULL ||
      d->maxmemory_policy == NULL) {
    (void)gc_fail(ret_words, GC_ERR_REMOTE,
                  "Redis does not tell how durable it is (CONFIG GET is "
                  "refused): make sure of appendonly yes, appendfsync always "
                  "and maxmemory-policy noeviction, or a crash of it loses "
                  "counts");
    return true;
  }
  const char *cost = cost_of_a_crash(d);
  bool evicts = !is(d->maxmemory_policy, "noeviction");
  if (cost != NULL)
    (void)gc_fail(ret_words, GC_ERR_REMOTE,
                  "Redis has appendonly %.10s, appendfsync %.10s: %s, and "
                  "what comes again then counts twice; set appendonly yes and "
                  "appendfsync always%s%.20s",
                  d->appendonly, d->appendfsync, cost,
                  evicts ? "; also set maxmemory-policy noeviction instead of "
                         : "",
                  evicts ? d->maxmemory_policy : "");
  else if (evicts)
    (void)gc_fail(ret_words, GC_ERR_REMOTE,
                  "Redis has maxmemory-policy %.20s: when its memory is full "
                  "it forgets what was counted, which then counts twice; set "
                  "maxmemory-policy noeviction",
                  d->maxmemory_policy);
  return cost != NULL || evicts;
}
