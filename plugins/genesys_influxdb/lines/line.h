/* SPDX-License-Identifier: MIT */
/* InfluxDB's line protocol, piece by piece:
 *
 *   influx_line_name     genesys_queue
 *   influx_line_tag      ,queueId=3f2c
 *   influx_line_field     answered=3i   or   ,waitTime=12.50
 *   influx_line_time      1700000000000000000 and a line end
 *
 * Escapes by the specification ("Line protocol", docs.influxdata.com): a comma
 * and a space everywhere, "=" in tags and field keys. Characters that the
 * protocol cannot express become "_": control characters, bytes that are not
 * UTF-8, a "\" that would escape the character behind it (InfluxDB and
 * VictoriaMetrics differ there), "#" at the beginning (a comment). Pure, any
 * thread. Each function appends, or fails as gc_buf_add. */
#ifndef GENESYS_INFLUXDB_LINES_LINE_H
#define GENESYS_INFLUXDB_LINES_LINE_H

#include "common/base/buf.h"

#include <stdint.h>

GC_MUST_CHECK enum gc_code influx_line_name(struct gc_buf *out,
                                            const char *measurement);
/* Appends nothing for an empty value, which the protocol forbids. */
GC_MUST_CHECK enum gc_code influx_line_tag(struct gc_buf *out, const char *key,
                                           const char *value);
/* Appends the escaped key of a field, for influx_line_field. */
GC_MUST_CHECK enum gc_code influx_line_key(struct gc_buf *out, const char *key);

enum influx_number {
  INFLUX_REAL,     /* shortest text that reads back as the same double */
  INFLUX_INT,      /* int64_t: "3i" */
  INFLUX_UINT,     /* uint64_t up to INT64_MAX: "3i" */
  INFLUX_ROUNDED,  /* double, to the nearest whole number: "3i" */
  INFLUX_DECIMALS, /* double, with two decimals: "12.50" */
};

union influx_value {
  double real;
  int64_t integer;
  uint64_t counter;
};

enum influx_fit {
  INFLUX_FITS,
  INFLUX_NO_NUMBER, /* NaN, infinity */
  INFLUX_TOO_LARGE, /* the field's type does not hold it, and another type
                       would make the database refuse the field from then on */
};

/* Returns whether the value can be written. */
enum influx_fit influx_line_fit(enum influx_number kind,
                                union influx_value value);

/* Appends a field to `fields`, the fields of one line so far. `key` is already
 * escaped; the value fits. */
GC_MUST_CHECK enum gc_code influx_line_field(struct gc_buf *fields,
                                             const char *key,
                                             enum influx_number kind,
                                             union influx_value value);
/* True if the fields already have this key. */
bool influx_line_has_field(const struct gc_buf *fields, const char *key);

/* Appends the time and the line end. `time_ns`: since 1970. */
GC_MUST_CHECK enum gc_code influx_line_time(struct gc_buf *out,
                                            int64_t time_ns);

#endif
