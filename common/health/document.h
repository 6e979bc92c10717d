/* SPDX-License-Identifier: MIT */
/* The answer of /health: a pure function of a snapshot.
 *
 *   /health              200, or 503 if the state of an account or block has
 *                        the status 503 (health/state)
 *   /health?block=NAME   the same for one: "queues-all", "account-prod", or all
 *                        of the name "all"; 404 if there is none
 *   /health/ready        200 once each of them has worked since the start, or
 *                        has had nothing to do for a minute; a later failure
 *                        does not take it back
 *
 *   {"status": "ok", "ready": true, "last_poll_time": "2026-…Z",
 *    "last_write_latency_ms": 12, "wal_pending": 0, "errors": [],
 *    "version": "…", "accounts": [{…}], "blocks": [{"name": "queues-all", …}]}
 *
 * status, last_poll_time, last_write_latency_ms, wal_pending and errors are the
 * members of a published guide; plugins/genesys/README.md has all. */
#ifndef GC_HEALTH_DOCUMENT_H
#define GC_HEALTH_DOCUMENT_H

#include "common/base/buf.h"
#include "common/health/registry.h"

struct gc_health_query {
  bool asks_ready;
  const char *block;   /* NULL: all */
  const char *version; /* of the package */
};

/* Reads from a path which document it requests; sets `asks_ready` only. False
 * when the path has no document. */
GC_API GC_MUST_CHECK bool gc_health_query_of(const char *path,
                                             struct gc_health_query *ret);

/* Appends the document and returns the status of the answer: 200, 404, 503;
 * 500 when out of memory. */
GC_API unsigned gc_health_document(const struct gc_health_snapshot *s,
                                   const struct gc_health_query *q,
                                   const struct gc_health_time *t,
                                   struct gc_buf *out);

#endif
