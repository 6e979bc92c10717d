/* SPDX-License-Identifier: MIT */
/* One <Attributes> block at work: its source, what it counted. No collectd in
 * here. */
#ifndef GENESYS_FLOWMETRICS_ATTRIBUTES_BLOCK_H
#define GENESYS_FLOWMETRICS_ATTRIBUTES_BLOCK_H

#include "common/net/channels/queue_topics.h"
#include "plugins/genesys_flowmetrics/options.h"
#include "plugins/genesys_flowmetrics/samples.h"

struct attributes;

struct attributes_settings {
  const char *name;  /* <Attributes "ivr"> */
  const char *scope; /* host of its values; "": collectd's */
  struct ledger *ledger;
  struct gc_queue_topics_deps deps; /* the account; for "notifications" */
  /* The outcome of what the source does, on its threads. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

/* Starts the source. Options and config are borrowed as long as it lives; the
 * rest is copied, but for the ledger. NULL and err. */
struct attributes *attributes_start(const struct attributes_options *o,
                                    const struct attributes_config *config,
                                    const struct attributes_settings *settings,
                                    struct gc_err *err);
/* Ends the source's threads at once. Then ledger_stop, then: */
void attributes_stop(struct attributes *a);
void attributes_free(struct attributes *a);

/* Cuts off those who are too slow; each second or so, from any one thread. */
void attributes_look(struct attributes *a);

/* Puts the block's self-telemetry. */
void attributes_state(struct attributes *a, uint32_t interval_ms,
                      const struct gc_samples *out);

#endif
