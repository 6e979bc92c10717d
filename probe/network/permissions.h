/* SPDX-License-Identifier: MIT */
/* Finds a permission by asking: sends the smallest request that needs it. The
 * name of the permission is that of common/genesys/endpoint.h. Main thread. */
#ifndef PROBE_NETWORK_PERMISSIONS_H
#define PROBE_NETWORK_PERMISSIONS_H

#include "probe/network/call.h"
#include "probe/network/place.h"

/* Asks, once for an account, and reports. GC_OK: the permission is granted. */
enum gc_code probe_permission_ask(const struct probe_place *p,
                                  enum gc_endpoint_id endpoint);

/* Reports what the outcome of a request says about its permission. */
void probe_permission_report(const struct probe_place *p,
                             enum gc_endpoint_id endpoint,
                             const struct gc_err *err);

#endif
