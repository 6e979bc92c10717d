/* SPDX-License-Identifier: MIT */
/* The checks of an <Attributes> block: its source, and the Redis of its state.
 * Opens no port of a webhook, because the live agent may have it. Main thread.
 */
#ifndef PROBE_NETWORK_ATTRIBUTES_H
#define PROBE_NETWORK_ATTRIBUTES_H

#include "probe/network/place.h"

/* Reports the results under p->subject. */
void probe_attributes_check(const struct probe_place *p);

#endif
