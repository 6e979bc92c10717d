/* SPDX-License-Identifier: MIT */
/* The checks of <Query> and <Flows> blocks: permissions, and the request of
 * their newest interval, whose answer is dropped. Main thread. */
#ifndef PROBE_NETWORK_QUERIES_H
#define PROBE_NETWORK_QUERIES_H

#include "probe/network/place.h"

/* They report the results under p->subject. */
void probe_query_check(const struct probe_place *p);
void probe_flows_check(const struct probe_place *p);

#endif
