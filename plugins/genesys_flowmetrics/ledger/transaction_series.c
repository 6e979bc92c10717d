/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/internal.h"

#include "common/net/clock.h"

enum { RETIRE_EVERY_MS = 60 * 1000 };
#define IDLE_MIN_MS (INT64_C(24) * 3600 * 1000)

/* What is remembered for a shorter time than a day leaves no gaps in the night
 * all the same. */
static int64_t idle_ms(const struct ledger *l) {
  return l->settings.retention_ms > IDLE_MIN_MS ? l->settings.retention_ms
                                                : IDLE_MIN_MS;
}

void ledger_retire(struct ledger *l) {
  uint64_t now_ms = gc_clock_now_ms();
  if (now_ms < l->retire_ms)
    return;
  l->retire_ms = now_ms + RETIRE_EVERY_MS;
  uint32_t before = ledger_minute(l->settings.wall_ms() - idle_ms(l));
  pthread_mutex_lock(&l->lock);
  (void)series_retire(&l->set, before);
  pthread_mutex_unlock(&l->lock);
}

static void tell_overflow(struct ledger *l) {
  struct gc_err err = {.code = GC_OK};
  if (l->overflow == 0)
    return;
  (void)gc_fail(&err, GC_ERR_LIMIT,
                "MaxSeries is reached: what further flows and metrics count is "
                "not kept; does a flow put data into the name of its metric?");
  l->overflow = 0;
  ledger_say(l, "series", &err);
}

/* Each time that there is one more. */
static void tell_collisions(struct ledger *l) {
  struct gc_err err = {.code = GC_OK};
  if (l->set.collisions == l->collisions)
    return;
  l->collisions = l->set.collisions;
  (void)gc_fail(&err, GC_ERR_LIMIT,
                "%zu metrics have a name that another has too, once what no "
                "identity may have is replaced: the newest goes by "
                "\"%s/flow_metric-%s\"",
                l->set.collisions, l->set.collided_flow,
                l->set.collided_metric);
  ledger_say(l, "names", &err);
}

void ledger_tell(struct ledger *l) {
  tell_overflow(l);
  tell_collisions(l);
}
