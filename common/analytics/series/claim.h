/* SPDX-License-Identifier: MIT */
/* Finds two blocks (<Query>, <Flows>) that would write the same series. The
 * answer depends on the options alone, so that collectd refuses such a
 * configuration before it starts. In doubt it reports the two: blocks that it
 * does not report never collide, whatever the platform sends. Pure.
 *
 *   <Query "1m">   Metric "nOffered"  Granularity "PT1M"
 *   <Query "30m">  Metric "nOffered"  Granularity "PT30M"
 *       both: Sales/queue_interval_number-nOffered-voice
 *   with InstancePrefix "30m-" in the second:
 *       Sales/queue_interval_number-30m-nOffered-voice */
#ifndef GC_ANALYTICS_SERIES_CLAIM_H
#define GC_ANALYTICS_SERIES_CLAIM_H

#include "common/analytics/query/query.h"

enum { GC_CLAIM_WHAT_SIZE = 64 };

/* The series that a block writes. All borrowed. */
struct gc_series_claim {
  const char *name; /* the block's name: the instance of series without owner */
  const char *account; /* different accounts have different hosts */
  struct gc_query query;
  bool observes; /* writes flow_active too */
};

/* True if the block's name is the instance of its series. No label of another
 * block's series may then equal the name (gc_labels_reserve). */
GC_API bool gc_series_claim_has_name(const struct gc_series_claim *c);

/* True if both may write the same series; `what` is then the metric of
 * `b`, or "flow_active". */
GC_API bool gc_series_claims_collide(const struct gc_series_claim *a,
                                     const struct gc_series_claim *b,
                                     char what[GC_CLAIM_WHAT_SIZE]);

#endif
