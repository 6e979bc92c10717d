/* SPDX-License-Identifier: MIT */
/* The class of <Flows> blocks: aggregates by common/intervals, observations by
 * flow_watch. */
#ifndef GC_FLOWMETRICS_FLOWS_BLOCK_H
#define GC_FLOWMETRICS_FLOWS_BLOCK_H

#include "common/daemon/blocks.h"

extern const struct gc_block_class flows_class;

#endif
