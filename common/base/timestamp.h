/* SPDX-License-Identifier: MIT */
/* Points in time, intervals and durations as ISO 8601 writes them, as
 * milliseconds. All points are UTC milliseconds since 1970-01-01T00:00:00Z.
 * Pure, any thread: no time zone of the host, no libc time function. */
#ifndef GC_BASE_TIMESTAMP_H
#define GC_BASE_TIMESTAMP_H

#include "common/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* The range that a year of four digits allows. */
#define GC_TIMESTAMP_MIN_MS                                                    \
  INT64_C(-62167219200000) /* 0000-01-01T00:00:00Z                             \
                            */
#define GC_TIMESTAMP_MAX_MS                                                    \
  INT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

/* Bytes of "2026-08-01T10:00:00.000Z" and of two such times with "/" between,
 * with the NUL. */
enum { GC_TIMESTAMP_SIZE = 25, GC_INTERVAL_SIZE = 50 };

/* Reads "2026-08-01T10:00:00Z". A fraction may have 1 to 9 digits (digits below
 * a millisecond are dropped); an offset (+02:00, -0530, +02) may stand in place
 * of Z; t and z are accepted too. The zone is required. Only real dates are
 * accepted: no month 13, 29 February only in leap years, no 24:00:00, no second
 * 60. GC_ERR_PARSE: the text names the error and does not show the input. */
GC_API GC_MUST_CHECK enum gc_code gc_timestamp_parse(const char *text,
                                                     size_t len,
                                                     int64_t *ret_ms,
                                                     struct gc_err *err);

/* Writes "2026-08-01T10:00:00.000Z". A time outside GC_TIMESTAMP_MIN_MS …
 * GC_TIMESTAMP_MAX_MS becomes the nearest inside. Returns `out`. */
GC_API char *gc_timestamp_print(char out[GC_TIMESTAMP_SIZE], int64_t ms);

/* Reads "START/END", two such times; START = END is accepted, since
 * observations have it. GC_ERR_PARSE also when END is before START. */
GC_API GC_MUST_CHECK enum gc_code
gc_interval_parse(const char *text, size_t len, int64_t *ret_start_ms,
                  int64_t *ret_end_ms, struct gc_err *err);
GC_API char *gc_interval_print(char out[GC_INTERVAL_SIZE], int64_t start_ms,
                               int64_t end_ms);

/* Reads a duration of fixed length: weeks alone (P1W), or days, hours, minutes
 * and seconds in this order, each at most once (P14D, PT30M, P1DT6H, PT1.5S).
 * Only seconds may have a fraction, of up to 9 digits; digits below a
 * millisecond are dropped. Years and months are refused (GC_ERR_PARSE), since
 * their length depends on the date. */
GC_API GC_MUST_CHECK enum gc_code gc_duration_parse(const char *text,
                                                    size_t len, int64_t *ret_ms,
                                                    struct gc_err *err);

/* Returns the last multiple of `period_ms` since 1970 that is not after `ms`,
 * also for times before 1970: the floor of -1 by 60000 is -60000. Days begin at
 * midnight UTC, weeks on Thursdays, as 1970 did. For a period of 0 or less it
 * returns `ms`. */
GC_API int64_t gc_timestamp_floor(int64_t ms, int64_t period_ms);

#endif
