/* SPDX-License-Identifier: MIT */
/* The request bodies of analytics queries. Pure. */
#ifndef GC_ANALYTICS_REQUEST_H
#define GC_ANALYTICS_REQUEST_H

#include "common/analytics/query.h"
#include "common/base/buf.h"

/* Limits of queues or flows: in the filter of one request (the API accepts 100
 * to 200 predicates, API reference), and in all filters of a query. With more
 * ids, a query requests all queues or flows and filters the answers, if they
 * name the id. */
enum { GC_QUERY_IDS_MAX = 100, GC_QUERY_FILTER_MAX = 200 };

/* Writes the body of the request for [from_ms, to_ms), whole windows. `ids` are
 * the queues or flows to name in the filter; count 0: all. Replaces the
 * contents of `out`. */
GC_API GC_MUST_CHECK enum gc_code
gc_analytics_query_body(const struct gc_query *q, int64_t from_ms,
                        int64_t to_ms, const char *const *ids, size_t count,
                        struct gc_buf *out);

#endif
