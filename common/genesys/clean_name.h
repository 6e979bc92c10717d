/* SPDX-License-Identifier: MIT */
/* Makes names of a contact centre parts of an identity. collectd's parts have
 * DATA_MAX_NAME_LEN - 1 = 127 bytes, `/` divides them, and half a UTF-8
 * character makes a whole Prometheus scrape fail. Pure, any thread. */
#ifndef GC_GENESYS_CLEAN_NAME_H
#define GC_GENESYS_CLEAN_NAME_H

#include "common/base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

enum {
  GC_NAME_SIZE = 128, /* bytes with the NUL */
  /* A name with this many digits may be a telephone number, or another number
   * of a customer. */
  GC_NAME_DIGITS_MAX = 9,
};

/* Cleans a name. Each invalid UTF-8 byte, control character (C0, DEL, C1), `/`,
 * `;` and white space of Unicode other than the blank becomes `_`. The text is
 * cut at 127 bytes, never within a character. A backslash at the end becomes
 * `_`, since InfluxDB's line protocol reads it and the next comma as one
 * escaped comma (the series is lost: tried with 1.6). Blanks stay as they are,
 * also at the ends. False when the clean text has only spaces and `_`, so that
 * there is no name to show (`out` holds the clean text even then). Example:
 * "Support/DE\t1" is "Support_DE_1". */
GC_API bool gc_name_clean(char out[GC_NAME_SIZE], const char *name, size_t len);

/* Writes the clean name, or the clean id when there is no name to show. `name`
 * may be NULL. */
GC_API void gc_name_or_id(char out[GC_NAME_SIZE], const char *name,
                          const char *id);

/* Writes "NAME@ID" with both parts clean and the name cut so that the id stays
 * whole. An id that fills `out` is written without the name. */
GC_API void gc_label_both(char out[GC_NAME_SIZE], const char *name,
                          const char *id);

/* Writes the clean text in lower snake case, for routing statuses and
 * presences: "ON_QUEUE", "OnQueue" and "on queue" are "on_queue"; "Not
 * Responding" is "not_responding"; "HTTPError2" is "http_error2". Only ASCII
 * letters change; a run of ASCII that is neither letter nor digit becomes one
 * `_`, or nothing at the ends. False, and "", when nothing is left. */
GC_API bool gc_name_snake(char out[GC_NAME_SIZE], const char *text);

/* Writes the clean name with "_" for the characters that Graphite's writer
 * replaces by it (collectd 5.12, format_graphite.c): names that differ only in
 * these would share a path. */
GC_API void gc_name_fold(char out[GC_NAME_SIZE], const char *name);

/* True if the name has GC_NAME_DIGITS_MAX digits or more, wherever they are. */
GC_API bool gc_name_has_number(const char *name, size_t len);

#endif
