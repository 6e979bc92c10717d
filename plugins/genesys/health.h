/* SPDX-License-Identifier: MIT */
/* <Health>: its options as rows, and the answer of /health, a pure function of
 * a snapshot.
 *
 *   /health              200, or 503 if the state of an account or block has
 *                        the status 503 (health/entity)
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
#ifndef GENESYS_HEALTH_H
#define GENESYS_HEALTH_H

#include "common/base/buf.h"
#include "common/daemon/options.h"
#include "common/health/registry.h"
#include "common/net/listener/options.h"

/* Const after the configuration phase. */
struct health_options {
  struct gc_listener_options at;
  char *secret_file, *secret_header; /* file NULL: no secret */
};

extern const struct gc_opt health_rows[];

/* Checks the rules that rows cannot express. Sets `warning` for a setting that
 * works but is unsafe. Reads no file, because its disk may hang. */
GC_MUST_CHECK enum gc_code health_check(const struct health_options *o,
                                        struct gc_err *warning,
                                        struct gc_err *err);

struct health_query {
  bool asks_ready;
  const char *block;   /* NULL: all */
  const char *version; /* of the package */
};

/* Reads from a path which document it requests; sets `asks_ready` only. False
 * when the path has no document. */
GC_MUST_CHECK bool health_query_of(const char *path, struct health_query *ret);

/* Appends the document and returns the status of the answer: 200, 404, 503;
 * 500 when out of memory. */
unsigned health_document(const struct gc_health_snapshot *s,
                         const struct health_query *q,
                         const struct gc_health_time *t, struct gc_buf *out);

#endif
