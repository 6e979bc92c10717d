/* SPDX-License-Identifier: MIT */
/* A model in C of a Redis that executes a lease's requests. The tests of the
 * state machine use it in place of a server, and compare the script of
 * net/redis/lease with it. */
#ifndef TESTS_SUPPORT_LEASE_RECORD_H
#define TESTS_SUPPORT_LEASE_RECORD_H

#include "common/base/policy/lease.h"

static inline bool lease_record_is_same(const struct gc_lease_record *a,
                                        const struct gc_lease_record *b) {
  return a->fence == b->fence && a->owner == b->owner && a->beat == b->beat;
}

/* Applies a request to a record. */
static inline void lease_record_apply(struct gc_lease_record *r,
                                      const struct gc_lease_request *q) {
  bool is_mine = r->owner == q->owner;
  switch (q->verb) {
  case GC_LEASE_CLAIM:
    if (lease_record_is_same(r, &q->seen)) {
      r->fence = (r->fence > q->fence ? r->fence : q->fence) + 1;
      r->owner = q->owner;
      r->beat = q->beat;
    }
    break;
  case GC_LEASE_RENEW:
    if ((is_mine && r->fence == q->fence && q->beat > r->beat) ||
        (q->restores && r->fence < q->fence))
      *r = (struct gc_lease_record){q->fence, q->owner, q->beat};
    break;
  case GC_LEASE_RELEASE:
    if (is_mine)
      *r = (struct gc_lease_record){r->fence, 0, q->beat};
    break;
  case GC_LEASE_OBSERVE:
    break;
  }
}

#endif
