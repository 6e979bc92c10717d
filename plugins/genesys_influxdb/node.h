/* SPDX-License-Identifier: MIT */
/* One <Node>, which writes values to a database. Its thread empties the inbox,
 * makes and joins lines, appends them to the spool, and sends the lines there:
 *
 *   write threads → inbox → points, join → spool → sender → database
 *                   16 MB   lines         disk    one request
 *
 * Only the inbox is shared with collectd's write threads. A slow database fills
 * the spool. Lines that the disk does not take are sent from memory, behind
 * those of the spool; at most INFLUX_LINES_MAX wait there. Values without room
 * there or in the inbox are lost and counted. */

/* The path of one line:
 *
 * 1. collectd's write threads copy a value into the node's inbox (inbox.c): it
 *    takes up to 16 MB of memory. A thread waits at most for the copy of
 *    another thread.
 * 2. The node's thread takes the inbox (node.c). lines/points.c has the
 *    measurement, tags and fields of each series, by the rules of
 *    common/export; lines/join.c makes one line of the values of one tag set
 *    and time that arrive within 0.2 s.
 * 3. Lines are appended to the spool (net/spool) as one record, with a sync.
 * 4. sender/sender.c reads a batch, sends it, and moves the read position when
 *    the database has taken it. sender/answer.c decides by the answer,
 *    sender/state.c has the states, sender/batch.c isolates refused lines,
 *    sender/conflict.c reads which lines InfluxDB means. */
#ifndef GENESYS_INFLUXDB_NODE_H
#define GENESYS_INFLUXDB_NODE_H

#include "common/base/connect.h"
#include "plugins/genesys_influxdb/inbox.h"
#include "plugins/genesys_influxdb/sender/sender.h"

enum {
  INFLUX_LINES_MAX = 50 * 1000,   /* in memory while they cannot be saved */
  INFLUX_SERIES_MAX = 500 * 1000, /* names in memory */
  INFLUX_GATHER_MS = 20,          /* time from the first value to the reading */
  INFLUX_TICK_MS = 1000,          /* retries of the spool, figures */
  INFLUX_LAST_SEND_MS = 1000,     /* a stop sends for this long */
  INFLUX_STOP_MS = 1300,          /* longest wait of a stop, sending included */
};

/* All members are borrowed as long as the node lives. */
struct influx_node_settings {
  struct influx_target target;
  struct gc_connect connect;
  const char *password;      /* Version 1; NULL: in a file, or none */
  const char *secret_file;   /* TokenFile or PasswordFile; NULL: none */
  const char *secret_option; /* its name */
  const char *folder;        /* of the spool */
  uint64_t spool_max;
  uint32_t batch_size, flush_interval_ms;
  bool takes_intervals; /* of "genesys", which count as sent after a sync */
  const struct gc_strs *tags;
  const char *thread; /* its name, up to 15 bytes */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

struct influx_node_stats {
  uint64_t received, lost; /* values; lost: no room in memory */
  uint64_t too_large;      /* values that their field cannot hold */
  uint64_t ambiguous;      /* values with the names of another identity */
  struct influx_sender_stats sender;
  struct gc_spool_stats spool;
  int64_t spool_age_ms; /* age of the oldest line that waits */
  bool disk_refuses;    /* lines wait in memory, or are sent from there */
  int64_t
      success_age_ms; /* since the newest request that was taken; -1: none */
};

struct influx_node;

/* Starts the thread. Neither the folder nor the database needs to exist yet.
 * GC_ERR_CONFIG: a Proxy that is not a URL; GC_ERR_STATE: the path of the
 * folder is too long; GC_ERR_MEMORY. */
struct influx_node *influx_node_new(const struct influx_node_settings *settings,
                                    struct gc_err *err);
/* Takes a value; never waits for disk or network. Any thread. */
void influx_node_put(struct influx_node *n, const struct influx_sample *sample);
/* Starts to send the lines that wait. Any thread. */
void influx_node_flush(struct influx_node *n);
/* Copies the statistics of the last second; `received` is the present number.
 * Any thread. */
void influx_node_stats(struct influx_node *n, struct influx_node_stats *ret);
/* Begins a stop, without waiting: nodes that stop together then have one
 * deadline. Not after influx_node_free; one thread. */
void influx_node_ask_to_stop(struct influx_node *n);
/* Saves the lines in memory, or reports their loss, and sends for up to
 * INFLUX_LAST_SEND_MS if the database answers; the node then does nothing more.
 * Returns false when the disk did not answer within INFLUX_STOP_MS of the first
 * request to stop. After a
 * stop that succeeded another call returns at once. */
bool influx_node_stop(struct influx_node *n);
/* Stops the node, which may be NULL, and frees it. Returns false when the stop
 * fails; the thread and its memory are then left behind. Call it after the last
 * influx_node_put. */
bool influx_node_free(struct influx_node *n);

#endif
