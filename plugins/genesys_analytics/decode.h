/* SPDX-License-Identifier: MIT */
/* Bytes of an answer to facts of a reading. A decoder belongs to one reading
 * and reads one answer after the other. Pure; fed chunks of any size. */
#ifndef GC_ANALYTICS_DECODE_H
#define GC_ANALYTICS_DECODE_H

#include "common/base/transport.h"
#include "plugins/genesys_analytics/reading.h"

struct decoder;

/* For reading->query->source. NULL when out of memory. */
struct decoder *decoder_new(struct reading *into);
void decoder_free(struct decoder *d);
GC_DEFINE_AUTO(struct decoder, decoder_free)

/* Takes the body of one answer; borrowed. */
struct gc_sink decoder_sink(struct decoder *d);
/* The answer ended: hands its facts to the reading. GC_ERR_PARSE when it was
 * not whole, GC_ERR_LIMIT. */
GC_MUST_CHECK enum gc_code decoder_finish(struct decoder *d,
                                          struct gc_err *err);

#endif
