/* SPDX-License-Identifier: MIT */
/* The quick way to read a message that is there as a whole: an event of a
 * socket, many thousands a second. It gives the same callbacks as
 * json_stream, about three times as fast, and leaves what is unusual to it: an
 * escape in a text that is reported, nesting beyond the limit, and anything
 * that it does not like. What it does not finish has to be read anew the
 * thorough way, which also has the words for what is wrong:
 *
 *   begin(d);
 *   if (gc_json_scan(&d->scan, bytes, len))
 *     return GC_OK;
 *   begin(d);
 *   return gc_json_stream_next(d->stream, bytes, len, err);
 *
 * Law: what it finishes, json_stream takes too, with the same events in the
 * same order (fuzzed one against the other). Pure; one thread at a time. */
#ifndef GC_BASE_JSON_SCAN_H
#define GC_BASE_JSON_SCAN_H

#include "common/base/json/keys.h"

struct gc_json_scan {
  const struct gc_json_reader *reader;
  void *ctx;
  struct gc_json_keys keys;
};

/* The reader must skip unknown keys and outlive it. GC_ERR_CONFIG: it does
 * not, or its table is wrong; GC_ERR_MEMORY. */
GC_API GC_MUST_CHECK enum gc_code
gc_json_scan_set(struct gc_json_scan *s, const struct gc_json_reader *reader,
                 void *ctx, struct gc_err *err);
GC_API void gc_json_scan_clear(struct gc_json_scan *s);

/* True: the document was read. False: it is unusual, broken, or a callback
 * failed; callbacks may have been called. Texts are not copied: values point
 * into `bytes`. */
GC_API GC_MUST_CHECK bool gc_json_scan(const struct gc_json_scan *s,
                                       const char *bytes, size_t len);

#endif
