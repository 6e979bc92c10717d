/* SPDX-License-Identifier: MIT */
/* Observations "queue_metrics", the guide dialect's polling of a gateway:
 *   GET /api/v2/queues/metrics?queueIds=a,b&metricNames=queued,waiting,…
 *   [{"id":"a","name":"Support","queued":3,"waiting":2,"agentAvailable":4,
 *     "agentBusy":1},…]
 * A number that no row of a queue has is 0, as that source documents; a row
 * that lacks a number changes nothing of what another row says. A queue without
 * a row is silent. The rows may also stand below "entities", "results" or
 * "queues" (/api/v2/queues/stats), and may have a "mediaType". The names of the
 * answers replace the account's list of queues where that is refused. Pure; one
 * thread at a time. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_GUIDE_METRICS_H
#define GENESYS_REALTIME_OBSERVATIONS_GUIDE_METRICS_H

#include "common/genesys/labels.h"
#include "plugins/genesys_realtime/observations/observations.h"

enum {
  QUEUE_METRICS_RETRIES = 5, /* retries after the answer 429 */
  QUEUE_METRICS_MAX_BYTES = 64 << 20,
};

/* Appends "queueIds=a,b&metricNames=…", with each id percent-encoded. */
GC_MUST_CHECK enum gc_code
queue_metrics_query(const char *const *ids, size_t count, struct gc_buf *out);

/* Makes a list of the names of a reading, which replaces the refused list. A
 * queue without a name in this reading keeps that of `before` (NULL: none), the
 * list of the reading before it.
 * `labels` are the account's and outlive a reading, so that `~2` stays with its
 * queue. The caller has the one reference. Returns NULL when out of memory. */
struct gc_entities *queue_metrics_names(const struct observations *o,
                                        const struct gc_entities *before,
                                        struct gc_labels *labels);

#endif
