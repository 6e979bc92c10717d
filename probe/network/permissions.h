/* SPDX-License-Identifier: MIT */
/* Checks a permission with the smallest request that needs it. The name of the
 * permission is that of common/genesys/endpoint.h. Main thread. */
#ifndef PROBE_NETWORK_PERMISSIONS_H
#define PROBE_NETWORK_PERMISSIONS_H

#include "probe/network/call.h"
#include "probe/network/place.h"

/* Sends the request of the endpoint, once for an account, and reports its
 * outcome for this block. Returns GC_OK if the permission is granted or needs
 * no request; GC_ERR_TIMEOUT when there is no time. */
enum gc_code probe_permission_check(const struct probe_place *p,
                                    enum gc_endpoint_id endpoint);

/* Reports by the outcome of a request whether its permission is granted. Does
 * nothing for a request that needs none. */
void probe_permission_report(const struct probe_place *p,
                             enum gc_endpoint_id endpoint,
                             const struct gc_err *err);

#endif
