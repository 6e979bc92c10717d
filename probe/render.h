/* SPDX-License-Identifier: MIT */
/* Writes results for people and for programs. Pure. */
#ifndef PROBE_RENDER_H
#define PROBE_RENDER_H

#include "common/base/buf.h"
#include "probe/checks.h"

/* The first two are for results; all are for values (probe/values/format.h). */
enum probe_format {
  PROBE_TABLE,
  PROBE_JSON,
  PROBE_PUTVAL,
  PROBE_INFLUX,
  PROBE_PROMETHEUS,
  PROBE_FORMAT_COUNT
};

/* Returns the format of that name ("table", "putval"); PROBE_FORMAT_COUNT when
 * there is none. */
enum probe_format probe_format_of(const char *name);

/* Appends the results:
 *
 *   STATE   CHECK    SUBJECT  WHAT
 *   failed  options  genesys  <Account "prod">: unknown option "Timeuot" …
 *                             next: correct the option; …
 *   failed: 1, warnings: 0, ok: 2
 *
 * or one JSON object with the members result, failed, warnings, ok and checks
 * (check, asks, subject, state, what; next if the state is not ok). */
GC_MUST_CHECK enum gc_code probe_render(const struct probe_results *r,
                                        enum probe_format format,
                                        struct gc_buf *out, struct gc_err *err);

/* Adds those members to the object `root`. */
struct gc_document;
struct json_object;
void probe_render_document(const struct probe_results *r, struct gc_document *d,
                           struct json_object *root);

#endif
