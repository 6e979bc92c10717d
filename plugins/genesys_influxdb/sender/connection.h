/* SPDX-License-Identifier: MIT */
/* Finds out that the connection to a database broke between two requests. A
 * database that is killed and starts again between them answers the second
 * request as if nothing had happened, but over a new connection. Pure.
 *
 * Databases and proxies also close connections on purpose: they announce it
 * ("Connection: close"), or do it after a pause. So a new connection is a break
 * only after a pause that the connections have survived before. */
#ifndef GENESYS_INFLUXDB_SENDER_CONNECTION_H
#define GENESYS_INFLUXDB_SENDER_CONNECTION_H

#include "common/base/transport.h"

enum { INFLUX_PAUSE_JITTER_MS = 1000 };

/* Zero is a valid beginning. */
struct influx_connection {
  bool is_open;              /* after the newest answer */
  bool was_reused;           /* once: this path keeps connections */
  uint64_t answered_ms;      /* when the newest answer came */
  uint64_t longest_pause_ms; /* between an answer and the next request on the
                                same connection */
};

/* Notes the answer, at `now_ms`, to a request of `began_ms`. Returns true if
 * the connection has broken since the previous answer. */
bool influx_connection_answered(struct influx_connection *c,
                                const struct gc_reply *reply, uint64_t began_ms,
                                uint64_t now_ms);
/* Notes a request without an answer. */
void influx_connection_failed(struct influx_connection *c);

#endif
