/* SPDX-License-Identifier: MIT */
/* The check of a <Node> of genesys_influxdb: writes a comment, which has no
 * point, so that the database judges address, token and bucket. Main thread. */
#ifndef PROBE_NETWORK_INFLUXDB_H
#define PROBE_NETWORK_INFLUXDB_H

#include "probe/network/place.h"

void probe_influxdb_check(const struct probe_place *p);

#endif
