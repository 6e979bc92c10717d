/* SPDX-License-Identifier: MIT */
/* Prints what the suite has, from the rows of the code: each value with its
 * names in Prometheus and InfluxDB, each option of the plugins. Programs read
 * it, and the manuals are made of it. Pure. */
#ifndef PROBE_DESCRIBE_H
#define PROBE_DESCRIBE_H

#include "common/base/buf.h"
#include "common/daemon/options.h"
#include "common/genesys/metric.h"

/* Appends a table, as a JSON array with an object for each row, or as CSV
 * (RFC 4180) with the same names in its first line; a list is one cell there,
 * its texts divided by ", ". What a row does not have is null, or an empty
 * cell.
 *
 *   "metrics"  name, data_source, of, type_instance, type, prometheus_type,
 *              prometheus [], influxdb [] ("MEASUREMENT FIELD"), unit,
 *              labels [], meaning, permission, from, absent
 *   "options"  plugin, block, named, name, type, unit, default, min, max,
 *              words [], repeatable, required, secret, meaning, example
 *
 * Both have a further name where an option gives a value a second one. The
 * default of a secret is not shown. GC_ERR_REQUEST: no such table. */
GC_MUST_CHECK enum gc_code probe_describe(const char *table, bool is_csv,
                                          struct gc_buf *out);

/* The columns of common/genesys/metrics.def for people. */
struct probe_origin {
  const char *instance; /* type_instance; "" for none */
  const char *from;     /* field of the source, or what is counted */
  const char *absent;   /* when there is no value */
  int call;             /* enum gc_endpoint_id; -1: needs no permission */
};
extern const struct probe_origin probe_origins[GC_METRIC_COUNT];

/* The type of an option: "text", "text or integer", "integer", "number",
 * "boolean", "word". */
const char *probe_option_type(const struct gc_opt *row);
/* True if the option may have several values. */
bool probe_option_repeats(const struct gc_opt *row);
/* Returns the default as in the file; NULL when there is none, or when it is a
 * secret. */
const char *probe_option_default(const struct gc_opt *row);
/* Writes a row's example as in the file: Queue "Support*". */
GC_MUST_CHECK enum gc_code probe_option_example(const struct gc_opt *row,
                                                struct gc_buf *out);

#endif
