/* SPDX-License-Identifier: MIT */
/* Bytes of an answer to facts of a results. A decoder belongs to one results
 * and reads one answer after the other. Pure; fed chunks of any size. */
#ifndef GC_ANALYTICS_DECODE_H
#define GC_ANALYTICS_DECODE_H

#include "common/analytics/results.h"
#include "common/base/transport.h"

struct gc_decoder;

/* For results->query->source. NULL when out of memory. */
struct gc_decoder *gc_decoder_new(struct gc_results *into);
void gc_decoder_free(struct gc_decoder *d);
GC_DEFINE_AUTO(struct gc_decoder, gc_decoder_free)

/* Takes the body of one answer; borrowed. */
struct gc_sink gc_decoder_sink(struct gc_decoder *d);
/* The answer ended: hands its facts to the results. GC_ERR_PARSE when it was
 * not whole, GC_ERR_LIMIT. */
GC_MUST_CHECK enum gc_code gc_decoder_finish(struct gc_decoder *d,
                                             struct gc_err *err);

#endif
