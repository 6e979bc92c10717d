/* SPDX-License-Identifier: MIT */
/* The checks of an <Attributes> block: its source, and the Redis of its state.
 * The port of a webhook is left alone: it may be the live agent's. Main
 * thread. */
#ifndef PROBE_NETWORK_ATTRIBUTES_H
#define PROBE_NETWORK_ATTRIBUTES_H

#include "probe/network/place.h"

void probe_attributes_check(const struct probe_place *p);

#endif
