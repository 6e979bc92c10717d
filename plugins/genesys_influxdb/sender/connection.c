/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/connection.h"

/* True if a connection should have survived the pause: a connection has
 * survived a pause that was at least two thirds as long, not counting
 * INFLUX_PAUSE_JITTER_MS of the new pause. */
static bool should_survive(const struct influx_connection *c,
                           uint64_t pause_ms) {
  return c->was_reused && pause_ms <= c->longest_pause_ms +
                                          c->longest_pause_ms / 2 +
                                          INFLUX_PAUSE_JITTER_MS;
}

bool influx_connection_answered(struct influx_connection *c,
                                const struct gc_reply *reply, uint64_t began_ms,
                                uint64_t now_ms) {
  uint64_t pause_ms = began_ms > c->answered_ms ? began_ms - c->answered_ms : 0;
  bool broke =
      c->is_open && reply->is_new_connection && should_survive(c, pause_ms);
  if (c->is_open && !reply->is_new_connection) {
    c->was_reused = true;
    if (pause_ms > c->longest_pause_ms)
      c->longest_pause_ms = pause_ms;
  }
  c->is_open = !reply->closes_connection;
  c->answered_ms = now_ms;
  return broke;
}

void influx_connection_failed(struct influx_connection *c) {
  c->is_open = false;
}
