/* SPDX-License-Identifier: MIT */
/* The queue between collectd's write threads and a node's thread: bytes in
 * memory, bounded. A writer copies its value and waits at most for the copy
 * of another thread. */
#ifndef GENESYS_INFLUXDB_INBOX_H
#define GENESYS_INFLUXDB_INBOX_H

#include <pthread.h>

#include "plugins/genesys_influxdb/lines/points.h"

enum { INFLUX_INBOX_MAX = 16 * 1024 * 1024 }; /* some 60,000 values */

struct influx_inbox {
  pthread_mutex_t lock;
  struct gc_buf bytes;
  uint64_t received, lost; /* values */
};

void influx_inbox_init(struct influx_inbox *in);
void influx_inbox_clear(struct influx_inbox *in);

/* Copies the sample; counts it as lost when there is no room. Returns true when
 * the inbox was empty before: then wake the reader. Any thread. */
bool influx_inbox_put(struct influx_inbox *in,
                      const struct influx_sample *sample);

/* Moves all bytes to `out`, which is empty; the inbox continues with the memory
 * of `out`. */
void influx_inbox_take(struct influx_inbox *in, struct gc_buf *out);

/* Reads the sample at `*at` of the bytes taken, and moves `*at`. Returns false
 * at the end. `ret` borrows from the bytes. */
bool influx_inbox_next(const struct gc_buf *taken, size_t *at,
                       struct influx_sample *ret);

#endif
