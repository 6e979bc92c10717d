/* SPDX-License-Identifier: MIT */
/* Reads answers of the flow observation and flow activity queries into counts
 * (API reference, observation queries). The observation query has the number
 * below "stats", the activity query in the element itself. Pure; fed chunks of
 * any size. */
#ifndef GENESYS_FLOWMETRICS_FLOWS_DECODE_H
#define GENESYS_FLOWMETRICS_FLOWS_DECODE_H

#include "common/base/transport.h"
#include "plugins/genesys_flowmetrics/flows/counts.h"

struct flow_decoder;

/* Makes a decoder that fills `into`, which is borrowed. Returns NULL when out
 * of memory. */
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
