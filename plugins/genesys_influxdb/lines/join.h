/* SPDX-License-Identifier: MIT */
/* Joins the values of one measurement, tag set and time into one line, if they
 * arrive within INFLUX_JOIN_MS. Pure, one thread.
 *
 *   genesys_queue,queueId=q1 answered=3i,offered=4i,waitTime=12.50 TIME
 *
 * Lines leave in the order of their first values. */
#ifndef GENESYS_INFLUXDB_LINES_JOIN_H
#define GENESYS_INFLUXDB_LINES_JOIN_H

#include "plugins/genesys_influxdb/lines/points.h"

enum { INFLUX_JOIN_MS = 200 };

struct influx_join;

/* Makes an empty join. */
struct influx_join *influx_join_new(void) __attribute__((returns_nonnull));
void influx_join_free(struct influx_join *j);

/* Adds the values of a sample that arrived at `now_ms` (monotonic). Skips NaN
 * and infinity, and counts values that their field cannot hold. A field that
 * the line already has begins a new line. GC_ERR_LIMIT for too many fields in a
 * line: some of the values may be lost. */
GC_MUST_CHECK enum gc_code influx_join_add(struct influx_join *j,
                                           const struct influx_sample *sample,
                                           const struct influx_point *points,
                                           uint64_t now_ms);

/* Returns the number of values that their fields cannot hold. */
uint64_t influx_join_too_large(const struct influx_join *j);
/* Returns the number of lines that wait. */
size_t influx_join_count(const struct influx_join *j);
/* Returns about how many bytes these lines will have. */
size_t influx_join_bytes(const struct influx_join *j);
/* Returns when the first line is due: now_ms of its first value +
 * INFLUX_JOIN_MS; 0: no line waits. */
uint64_t influx_join_due_ms(const struct influx_join *j);

/* Appends the lines that are due to `out`, `max` at most, as long as out->max
 * holds them, and returns their number. Call it until it returns 0. */
size_t influx_join_take(struct influx_join *j, uint64_t now_ms, size_t max,
                        struct gc_buf *out);

#endif
