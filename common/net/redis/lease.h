/* SPDX-License-Identifier: MIT */
/* The record of a lease (base/policy/lease) in Redis: a hash with the fields
 * fence, owner, beat, ttl, replicas, goes_on and, after a loss of data, lost,
 * under the key "genesys:{lease}:NAME"; and the pages of its book
 * (net/lease_book): a hash each, under "genesys:{lease}:NAME/PAGE". They never
 * expire. One thread. */
#ifndef GC_NET_REDIS_LEASE_H
#define GC_NET_REDIS_LEASE_H

#include "common/base/policy/lease.h"
#include "common/net/lease_book.h"
#include "common/net/redis/link.h"

enum { REDIS_LEASE_NAME_MAX = 512, REDIS_LEASE_LOST_SIZE = 48 };

/* The options of one agent about a lease. */
struct redis_lease_terms {
  uint32_t ttl_ms;   /* LeaseTTL; 0: not told, by an earlier version */
  uint32_t replicas; /* number of replicas that must have a renewal before it
                        counts */
  bool goes_on;      /* LeaseLost "go on" */
};

/* The part of a lease that its agents share, as one of them sees it. */
struct redis_lease_share {
  const char *name;               /* of the lease, equal for all of them */
  struct gc_lease_book *book;     /* pages for the next holder; NULL: none */
  struct redis_lease_terms terms; /* told to the other agents */
  struct redis_lease_terms seen;  /* those of the record's writer */
  uint32_t wait_ms;               /* how long the server waits for them */
  uint64_t kept_beat; /* newest beat of this agent's record in an answer of
                         Redis; 0: none */
  char lost[REDIS_LEASE_LOST_SIZE]; /* mark of the newest answer. Redis sets
                         another one when a renewal finds an older beat than
                         kept_beat, because data was lost; then the book is
                         written again */
  struct gc_err page_err; /* why a page could not be written or read in the
                             newest request; GC_OK: all could */
};

/* Checks that the server of a new link can keep a lease. GC_ERR_CONFIG: a
 * Sentinel, or a node of a Cluster. GC_ERR_REMOTE: a replica, which keeps no
 * lease. GC_ERR_AUTH: it requires a password. A server that does not know
 * HELLO, or does not permit it, is accepted. Otherwise the codes of
 * redis_request. */
GC_MUST_CHECK enum gc_code redis_lease_check_server(struct redis_link *link,
                                                    struct gc_err *err);

/* Returns the rights that the user of a lease needs; with `has_replicas` also
 * that of LeaseReplicas. */
struct redis_rights redis_lease_rights(bool has_replicas);

/* Sends one request; `ret_record` is the record after it. A renewal also writes
 * the fields that the book has to write, in the same script, before the record:
 * a renewal that fails half-way does not beat. A record that names this agent
 * for the first time makes it read the book's pages. A page that cannot be
 * written or read costs itself only: it sets share->page_err, its fields are
 * written with a later renewal, and a page that cannot be read counts as empty.
 * The caller closes the link after a failure: the request may still be executed
 * later, which the state machine expects. Codes: those of redis_request;
 * GC_ERR_PARSE for a key that this version did not write; GC_ERR_LIMIT for
 * pages that are too large; GC_ERR_REMOTE for a renewal that too few replicas
 * have. */
GC_MUST_CHECK enum gc_code
redis_lease_request(struct redis_link *link, struct redis_lease_share *share,
                    const struct gc_lease_request *q,
                    struct gc_lease_record *ret_record, struct gc_err *err);

#endif
