/* SPDX-License-Identifier: MIT */
/* The dialects of answers: each fills in the keys and callbacks of d->reader,
 * for d->stage.into->query. Private to decode*.c. */
#ifndef GC_ANALYTICS_DECODE_INTERNAL_H
#define GC_ANALYTICS_DECODE_INTERNAL_H

#include "common/analytics/decode_group.h"

/* Prepares for aggregates of conversations, users and flows. */
void gc_decode_aggregates(struct gc_decoder *d);
/* Prepares for queue details of the guide dialect. */
void gc_decode_details(struct gc_decoder *d);

#endif
