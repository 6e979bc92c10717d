/* SPDX-License-Identifier: MIT */
/* Writes values as the writers of an agent do, and the summary for people.
 * Pure. */
#ifndef PROBE_VALUES_FORMAT_H
#define PROBE_VALUES_FORMAT_H

#include "probe/findings.h"

struct json_object;
struct gc_document;

/* Appends the values of the present round:
 *
 *   PROBE_TABLE       SERIES                     VALUE
 *                     Sales/queue_depth-voice    4
 *   PROBE_PUTVAL      PUTVAL "host/genesys-Sales/queue_depth-voice"
 *                       interval=10.000 1700000000.123:4   (collectd's exec)
 *   PROBE_INFLUX      lines as genesys_influxdb sends them, without Tag
 *   PROBE_PROMETHEUS  an exposition as genesys_prometheus answers it
 *   PROBE_JSON        nothing: probe_values_document */
GC_MUST_CHECK enum gc_code probe_values_write(const struct probe_values *v,
                                              enum probe_format format,
                                              struct gc_buf *out,
                                              struct gc_err *err);

/* Appends the requests a minute of each account, the series of each block, and
 * the notes, as tables. */
GC_MUST_CHECK enum gc_code probe_values_summary(const struct probe_values *v,
                                                struct gc_buf *out);

/* Adds the member "values" to the object `root`, and with `summary` also
 * "requests", "budgets", "series" and "notes". */
void probe_values_document(const struct probe_values *v, bool summary,
                           struct gc_document *d, struct json_object *root);

#endif
