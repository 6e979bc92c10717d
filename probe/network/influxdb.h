/* SPDX-License-Identifier: MIT */
/* The check of a <Node> of genesys_influxdb: sends a comment line, which the
 * database does not store. The answer shows whether address, token and bucket
 * are right. Main thread. */
#ifndef PROBE_NETWORK_INFLUXDB_H
#define PROBE_NETWORK_INFLUXDB_H

#include "probe/network/place.h"

/* Reports the result under p->subject. */
void probe_influxdb_check(const struct probe_place *p);

#endif
