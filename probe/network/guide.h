/* SPDX-License-Identifier: MIT */
/* The check of the guide dialect's conversation stream: opens its socket with
 * the block's own query, and closes it. Main thread. */
#ifndef PROBE_NETWORK_GUIDE_H
#define PROBE_NETWORK_GUIDE_H

#include "plugins/genesys_realtime/options.h"
#include "probe/network/place.h"

/* Reports the result under p->subject. */
void probe_guide_check(const struct probe_place *p,
                       const struct queues_options *o);

#endif
