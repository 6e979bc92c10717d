/* SPDX-License-Identifier: MIT */
/* Reads a message that is in memory as a whole: an event of a socket, many
 * thousands a second. It calls the same callbacks as json/stream, about twice
 * as fast, and gives up on an unusual message: one with an escape in a text
 * that is reported, with nesting beyond the limit, or with an error.
 * json/message then reads the message again with json/stream.
 *
 * Invariant: json/stream accepts each message that json/scan finishes, with the
 * same events in the same order (a fuzz target compares the two). Pure; one
 * thread at a time. */
#ifndef GC_BASE_JSON_SCAN_H
#define GC_BASE_JSON_SCAN_H

#include "common/base/json/keys.h"

struct gc_json_scan {
  const struct gc_json_reader *reader;
  void *ctx;
  struct gc_json_keys keys;
};

/* Sets up the scanner; the reader must outlive `s`. GC_ERR_CONFIG: the reader
 * does not skip unknown keys, or its table is wrong; GC_ERR_MEMORY. */
GC_API GC_MUST_CHECK enum gc_code
gc_json_scan_set(struct gc_json_scan *s, const struct gc_json_reader *reader,
                 void *ctx, struct gc_err *err);
GC_API void gc_json_scan_clear(struct gc_json_scan *s);

/* True if the document was read. False if it is unusual or broken, or if a
 * callback failed; some callbacks may have been called. Values point into
 * `bytes`. */
GC_API GC_MUST_CHECK bool gc_json_scan(const struct gc_json_scan *s,
                                       const char *bytes, size_t len);

#endif
