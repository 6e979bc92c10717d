/* SPDX-License-Identifier: MIT */
/* The batches that a database acknowledged in the last seconds, which stay in
 * the spool (ResendAfterBreak). Pure.
 *
 * An acknowledgement shows that the database still runs: the lines that it
 * acknowledged ResendAfterBreak seconds before are on its disk. So only an
 * acknowledgement makes older ones expire, and not the clock alone: the end of
 * a database may be noticed much later, with the next batch. Example of 15 s:
 *
 *   acknowledged   0 s   10 s   20 s                killed 21 s, noticed 50 s
 *   kept           0     0 10   10 20               10 20 are sent again */
#ifndef GENESYS_INFLUXDB_SENDER_ACKS_H
#define GENESYS_INFLUXDB_SENDER_ACKS_H

#include "common/net/spool/spool.h"

enum {
  INFLUX_ACK_SHARES = 32, /* of keep_ms: acknowledgements of one share are one
                             entry, which expires with its newest one */
  INFLUX_ACKS_MAX = INFLUX_ACK_SHARES + 4,
};

struct influx_ack {
  struct gc_record_place end;
  uint64_t first_ms, last_ms;
};

/* Zero, except keep_ms, is a valid beginning. */
struct influx_acks {
  uint32_t keep_ms; /* ResendAfterBreak; 0: nothing is kept */
  struct influx_ack at[INFLUX_ACKS_MAX];
  size_t count;
};

/* Notes that everything before `end` is acknowledged at `now_ms`. Forgets the
 * acknowledgements that are now older than keep_ms; returns true, and the end
 * of their lines, if there are any. */
bool influx_acks_add(struct influx_acks *a, struct gc_record_place end,
                     uint64_t now_ms, struct gc_record_place *ret_old);
/* Forgets all. */
void influx_acks_reset(struct influx_acks *a);

#endif
