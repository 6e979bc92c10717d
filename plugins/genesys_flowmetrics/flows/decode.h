/* SPDX-License-Identifier: MIT */
/* Answers of the flow observation and flow activity queries to counts (API
 * reference, observation queries): the former has the number below "stats", the
 * latter in the element itself. Pure; fed chunks of any size. */
#ifndef GENESYS_FLOWMETRICS_FLOWS_DECODE_H
#define GENESYS_FLOWMETRICS_FLOWS_DECODE_H

#include "common/base/transport.h"
#include "plugins/genesys_flowmetrics/flows/counts.h"

struct flow_decoder;

/* `into` is borrowed. NULL when out of memory. */
struct flow_decoder *flow_decoder_new(struct flow_counts *into);
void flow_decoder_free(struct flow_decoder *d);
GC_DEFINE_AUTO(struct flow_decoder, flow_decoder_free)

/* Takes the body of one answer; borrowed. */
struct gc_sink flow_decoder_sink(struct flow_decoder *d);
/* The answer ended: notes what it told (of two that tell one pair the later one
 * counts), and says how many results it had and how
 * many pairs had no room. GC_ERR_PARSE when it was not whole. */
GC_MUST_CHECK enum gc_code flow_decoder_finish(struct flow_decoder *d,
                                               size_t *ret_results,
                                               uint64_t *ret_overflow,
                                               struct gc_err *err);

#endif
