/* SPDX-License-Identifier: MIT */
/* A refusal that names or counts its lines. It names them if a field has
 * another type in the database. InfluxDB 1 answers 400, InfluxDB 2 answers 422
 * with "message" and more words in front:
 *
 *   {"error":"partial write: field type conflict: input field \"value\" on
 *   measurement \"m\" is type float, already exists as type integer dropped=3"}
 *   {"error":"partial write: points beyond retention policy dropped=500"}
 *
 * InfluxDB 3 lists them: {"error":"partial write of line protocol occurred",
 * "data":[{"line_number":2,"error_message":"…"}]}.
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

enum { INFLUX_NUMBERS_MAX = 1024 };

/* What the words of an answer tell about the lines of its request. The other
 * lines are stored, unless another shard of InfluxDB 1 or 2 has dropped them.
 */
struct influx_refusal {
  uint64_t dropped; /* 0: unknown */
  bool is_too_old;  /* the dropped ones are the oldest: beyond the retention */
  bool has_conflict;
  struct influx_conflict conflict;
  /* InfluxDB 3 lists each line, from 1, in their order. */
  uint32_t numbers[INFLUX_NUMBERS_MAX];
  size_t number_count;
};

/* Reads the body of a refusal. A name that is too long is none. */
void influx_refusal_read(const struct gc_buf *body, struct influx_refusal *ret);
/* True if the line of the line protocol has the conflict's measurement, and its
 * field in its type. */
bool influx_conflict_has(const struct influx_conflict *c, const char *line,
                         size_t len);

#endif
