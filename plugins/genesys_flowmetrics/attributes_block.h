/* SPDX-License-Identifier: MIT */
/* An <Attributes> block, and the running one: its source and its counters. It
 * does not depend on collectd. */
#ifndef GENESYS_FLOWMETRICS_ATTRIBUTES_BLOCK_H
#define GENESYS_FLOWMETRICS_ATTRIBUTES_BLOCK_H

#include "common/daemon/plugin_base.h"
#include "plugins/genesys_flowmetrics/options.h"
#include "plugins/genesys_flowmetrics/samples.h"
#include "plugins/genesys_flowmetrics/sources/notifications.h"

struct attributes;

/* A block of the configuration, which genesys-probe reads too. */
enum { ATTRIBUTES_HOST_SIZE = 128 }; /* collectd's DATA_MAX_NAME_LEN */
struct attributes_block {
  struct gc_block base;
  struct attributes_config config;
  struct attributes *work;
  char host[ATTRIBUTES_HOST_SIZE]; /* of its values; "": collectd's */
};

struct attributes_deps {
  const char *name;                  /* <Attributes "ivr"> */
  const char *scope;                 /* host of its values; "": collectd's */
  const struct gc_lease_gate *lease; /* NULL: this agent always receives */
  struct ledger *ledger;
  struct notifications_deps account; /* for "notifications" */
  /* Receives the outcomes of the source, on the source's threads. */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

/* Starts the source. Options, config and ledger are borrowed as long as the
 * block lives; the rest is copied. Returns NULL and fills err on failure. */
struct attributes *attributes_start(const struct attributes_options *o,
                                    const struct attributes_config *config,
                                    const struct attributes_deps *deps,
                                    struct gc_err *err);
/* Ends the source's threads at once. Call ledger_stop before attributes_free.
 */
void attributes_stop(struct attributes *a);
void attributes_free(struct attributes *a);

/* Puts the block's self-telemetry. */
void attributes_state(struct attributes *a, uint32_t interval_ms,
                      const struct gc_samples *out);

#endif
