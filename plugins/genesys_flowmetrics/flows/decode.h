/* SPDX-License-Identifier: MIT */
/* Reads answers of the flow observation and flow activity queries into counts
 * (API reference, observation queries). The former has the number below
 * "stats", the latter in the element itself. Pure; fed chunks of any size. */
#ifndef GENESYS_FLOWMETRICS_FLOWS_DECODE_H
#define GENESYS_FLOWMETRICS_FLOWS_DECODE_H

#include "common/base/transport.h"
#include "plugins/genesys_flowmetrics/flows/counts.h"

struct flow_decoder;

/* `into` is borrowed. NULL when out of memory. */
struct flow_decoder *flow_decoder_new(struct flow_counts *into);
void flow_decoder_free(struct flow_decoder *d);
GC_DEFINE_AUTO(struct flow_decoder, flow_decoder_free)

/* Receives the body of one answer; borrowed. */
struct gc_sink flow_decoder_sink(struct flow_decoder *d);
/* Call it at the end of the answer. Sets its pairs in `into`; of two results of
 * one pair the later one counts. Returns the number of results, and of pairs
 * past the maximum. GC_ERR_PARSE when the answer is not whole. */
GC_MUST_CHECK enum gc_code flow_decoder_finish(struct flow_decoder *d,
                                               size_t *ret_results,
                                               uint64_t *ret_overflow,
                                               struct gc_err *err);

#endif
