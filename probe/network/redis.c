/* SPDX-License-Identifier: MIT */
#include "probe/network/redis.h"

#include "plugins/genesys_flowmetrics/ledger/redis/internal.h"

enum { NO_STOP = -1 }; /* poll passes over it */

void probe_redis_check(const struct probe_place *p,
                       const struct redis_settings *settings) {
  struct redis_words words = {.count = 0};
  struct redis_link *link = NULL;
  struct gc_err err = {.code = GC_OK}, advice = {.code = GC_OK};
  if (!probe_has_time(p->reporter, PROBE_REDIS, p->subject))
    return;
  enum gc_code code = redis_link_open(settings, NO_STOP, &link, &err);
  if (code == GC_OK)
    code = redis_read_durability(link, &words, &advice, &err);
  if (code != GC_OK)
    probe_report(p->reporter, PROBE_REDIS, PROBE_FAILED, p->subject, "%s",
                 err.text);
  else if (advice.code != GC_OK)
    probe_report(p->reporter, PROBE_REDIS, PROBE_WARNING, p->subject, "%s: %s",
                 settings->url.shown, advice.text);
  else
    probe_report(p->reporter, PROBE_REDIS, PROBE_OK, p->subject,
                 "%s: counts survive a crash", settings->url.shown);
  redis_link_close(link);
  redis_words_clear(&words);
}
