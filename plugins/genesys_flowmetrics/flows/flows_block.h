/* SPDX-License-Identifier: MIT */
/* The class of <Flows> blocks: aggregates (common/analytics) and observations
 * (flow_observations). */
#ifndef GENESYS_FLOWMETRICS_FLOWS_FLOWS_BLOCK_H
#define GENESYS_FLOWMETRICS_FLOWS_FLOWS_BLOCK_H

#include "common/daemon/plugin_base.h"

extern const struct gc_block_class flows_class;

#endif
