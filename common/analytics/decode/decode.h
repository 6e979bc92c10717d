/* SPDX-License-Identifier: MIT */
/* Reads answers into results, one answer after the other, in chunks of any
 * size. Pure; one thread at a time. */
#ifndef GC_ANALYTICS_DECODE_DECODE_H
#define GC_ANALYTICS_DECODE_DECODE_H

#include "common/analytics/decode/results.h"
#include "common/base/transport.h"

struct gc_decoder;

/* Makes a decoder for answers of into->query->source; `into` is borrowed. */
struct gc_decoder *gc_decoder_new(struct gc_results *into);
void gc_decoder_free(struct gc_decoder *d);
GC_DEFINE_AUTO(struct gc_decoder, gc_decoder_free)

/* Returns the sink for the body of one answer; valid as long as the decoder. */
struct gc_sink gc_decoder_sink(struct gc_decoder *d);
/* Ends an answer, whose facts are in the results. After a failure the results
 * do not count: GC_ERR_PARSE for an incomplete answer; GC_ERR_NETWORK if an
 * attempt at an answer had added facts before the connection broke. */
GC_MUST_CHECK enum gc_code gc_decoder_finish(struct gc_decoder *d,
                                             struct gc_err *err);

#endif
