/* SPDX-License-Identifier: MIT */
/* Counts of conversations by flow and medium: the metric oFlow at one moment.
 * Pure; bounded; one thread at a time. */
#ifndef GENESYS_FLOWMETRICS_FLOWS_COUNTS_H
#define GENESYS_FLOWMETRICS_FLOWS_COUNTS_H

#include "common/analytics/series/name.h"
#include "common/base/intern.h"
#include "common/base/transport.h"
#include "common/genesys/sample.h"

enum { FLOW_ID_SIZE = 65, FLOW_MEDIA_SIZE = 33 };

/* The count of a pair of flow and medium. */
struct flow_count {
  char flow[FLOW_ID_SIZE], media[FLOW_MEDIA_SIZE];
  int64_t count;
};
struct flow_counts {
  struct gc_intern pairs; /* "ID\x1fMEDIUM"; the owner sets .max */
  struct flow_count *at;  /* by number of the pair */
  size_t cap;
};

/* Adds to the count of a pair. Returns GC_ERR_LIMIT past the maximum, or
 * GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code flow_counts_add(struct flow_counts *c,
                                           const char *flow, const char *media,
                                           int64_t count);
void flow_counts_clear(struct flow_counts *c); /* `max` stays */

/* The flows that a block selects. Borrowed. */
struct flow_filter {
  const struct gc_entities *flows;
  char *const *selectors; /* base/glob */
  size_t selector_count;
};
/* Returns true if the block selects the flow. With selectors, returns false
 * also for a flow that the list does not have and, without a list, for a flow
 * whose name would decide. */
bool flow_filter_accepts(const struct flow_filter *c, const char *flow);

/* Fills `now`, which is empty, from a complete answer. It takes the answer's
 * pairs of selected flows. It also takes those that only `before` has, with the
 * count 0, because no conversation is left there. It takes no pair of a
 * deleted flow from `before`. `ret_overflow`: pairs past now->pairs.max. */
GC_MUST_CHECK enum gc_code flow_counts_merge(const struct flow_counts *before,
                                             const struct flow_counts *answer,
                                             const struct flow_filter *filter,
                                             struct flow_counts *now,
                                             uint64_t *ret_overflow);

/* Returns true when there is a flow that a newer list of flows might name. */
bool flow_counts_lack_names(const struct flow_counts *c,
                            const struct flow_filter *filter);

struct flow_counts_view {
  struct flow_filter filter;
  const struct gc_dimension_names *dimension_names;
  const char *prefix; /* InstancePrefix, before each medium; NULL: none */
  int64_t time_ms;    /* when the answer arrived */
  uint32_t interval_ms;
};

struct flow_counts_tally {
  size_t series;
  size_t matched, unnamed; /* pairs: selected; held back without a name */
};

/* Puts flow_active of each selected pair that has a name. */
void flow_counts_samples(const struct flow_counts *c,
                         const struct flow_counts_view *view,
                         const struct gc_samples *out,
                         struct flow_counts_tally *ret_tally);

/* Reads answers of the flow observation and flow activity queries into counts
 * (API reference, observation queries). The observation query has the number
 * below "stats", the activity query in the element itself. Fed chunks of any
 * size. */
struct flow_decoder;

/* Makes a decoder that fills `into`, which is borrowed. */
struct flow_decoder *flow_decoder_new(struct flow_counts *into);
void flow_decoder_free(struct flow_decoder *d);
GC_DEFINE_AUTO(struct flow_decoder, flow_decoder_free)

/* Returns the sink for the body of one answer, borrowed from `d`. */
struct gc_sink flow_decoder_sink(struct flow_decoder *d);
/* Sets the pairs of the answer in `into`; call it at the end of the answer.
 * Counts of one pair within the answer are added up, and replace the count of
 * an earlier answer. Returns the number of results, and of pairs past the
 * maximum. Returns GC_ERR_PARSE when the answer is not whole, or has a count
 * that cannot be read: a pair without a count would be 0. */
GC_MUST_CHECK enum gc_code flow_decoder_finish(struct flow_decoder *d,
                                               size_t *ret_results,
                                               uint64_t *ret_overflow,
                                               struct gc_err *err);

#endif
