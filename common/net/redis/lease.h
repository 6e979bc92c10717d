/* SPDX-License-Identifier: MIT */
/* The record of a lease (base/policy/lease) in Redis: a hash with the fields
 * fence, owner and beat, under the key "genesys:{lease}:NAME". It never
 * expires. One thread. */
#ifndef GC_NET_REDIS_LEASE_H
#define GC_NET_REDIS_LEASE_H

#include "common/base/policy/lease.h"
#include "common/net/redis/link.h"

enum { REDIS_LEASE_NAME_MAX = 512 };

/* Sends one request; `ret_record` is the record after it. `name` is that of the
 * lease, equal for all agents that share it. The caller closes the link after
 * a failure: the request may still be executed later, which the state machine
 * expects. Codes: those of redis_request; GC_ERR_PARSE for a record that this
 * version did not write. */
GC_MUST_CHECK enum gc_code
redis_lease_request(struct redis_link *link, const char *name,
                    const struct gc_lease_request *q,
                    struct gc_lease_record *ret_record, struct gc_err *err);

#endif
