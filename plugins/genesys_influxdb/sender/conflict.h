/* SPDX-License-Identifier: MIT */
/* A refusal that names or counts its lines. It names them if a field has
 * another type in the database. InfluxDB 1 answers 400, InfluxDB 2 answers 422
 * with "message" and more words in front:
 *
 *   {"error":"partial write: field type conflict: input field \"value\" on
 *   measurement \"m\" is type float, already exists as type integer dropped=3"}
 *   {"error":"partial write: points beyond retention policy dropped=500"}
 *
 * InfluxDB keeps types by shard, a span of time, and answers for one shard with
 * its first conflict; "dropped" has the lines of this shard that it refused for
 * any conflict (tried with 1.6). So lines of the same field and type may be
 * good, unless `dropped` has every line of the request. Pure, any thread. */
#ifndef GENESYS_INFLUXDB_SENDER_CONFLICT_H
#define GENESYS_INFLUXDB_SENDER_CONFLICT_H

#include "common/base/buf.h"

#include <stdint.h>

enum { INFLUX_CONFLICT_NAME_SIZE = 512 };

enum influx_type {
  INFLUX_TYPE_FLOAT,
  INFLUX_TYPE_INTEGER,
  INFLUX_TYPE_UNSIGNED,
  INFLUX_TYPE_BOOLEAN,
  INFLUX_TYPE_STRING,
  INFLUX_TYPE_COUNT
};

struct influx_conflict {
  char measurement[INFLUX_CONFLICT_NAME_SIZE]; /* without escapes */
  char field[INFLUX_CONFLICT_NAME_SIZE];
  enum influx_type type; /* of the lines, not of the database */
};

/* Reads the body of a refusal. Returns false if it names no conflict, or a
 * name that is too long. */
bool influx_conflict_read(const struct gc_buf *body,
                          struct influx_conflict *ret);
/* Returns how many lines of the request the database has dropped, by its words;
 * 0: unknown. */
uint64_t influx_dropped_count(const struct gc_buf *body);
/* True if the line of the line protocol has the conflict's measurement, and its
 * field in its type. */
bool influx_conflict_has(const struct influx_conflict *c, const char *line,
                         size_t len);

#endif
