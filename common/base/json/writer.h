/* SPDX-License-Identifier: MIT */
/* Writes one JSON document, a request body. A failure is kept and told once,
 * at the end, so that writing needs no checks:
 *
 *   GC_AUTO(gc_buf_clear) struct gc_buf body = {.most = 65536};
 *   struct gc_json_out j = {.out = &body};
 *   gc_json_out_object(&j);
 *   gc_json_out_key(&j, "interval");
 *   gc_json_out_string(&j, "2026-…/2026-…");
 *   gc_json_out_close(&j);
 *   GC_TRY(gc_json_out_end(&j, err));
 *
 * Pure; the buffer is the caller's, what it held before stays in front. (Not
 * yajl_gen: it keeps a buffer of its own, prints 0.1 with twenty digits and by
 * the locale, and takes a document that lacks its end.) */
#ifndef GC_BASE_JSON_WRITER_H
#define GC_BASE_JSON_WRITER_H

#include "common/base/buf.h"

#include <stdint.h>

enum { GC_JSON_OUT_DEPTH_MAX = 32 };

struct gc_json_out {
  struct gc_buf *out;

  /* The writer's own; zero at the beginning. */
  enum gc_code failed;
  const char *why;
  bool written; /* the root has begun */
  bool has_key; /* a key waits for its value */
  unsigned depth;
  struct {
    bool is_object, has_items;
  } levels[GC_JSON_OUT_DEPTH_MAX];
};

GC_API void gc_json_out_object(struct gc_json_out *j);
GC_API void gc_json_out_array(struct gc_json_out *j);
/* Closes the innermost object or array. */
GC_API void gc_json_out_close(struct gc_json_out *j);
/* In an object, before each value. */
GC_API void gc_json_out_key(struct gc_json_out *j, const char *key);

/* Bytes that are no UTF-8 become U+FFFD each. NULL is written as null. */
GC_API void gc_json_out_string(struct gc_json_out *j, const char *text);
GC_API void gc_json_out_text(struct gc_json_out *j, const char *text,
                             size_t len);
GC_API void gc_json_out_int(struct gc_json_out *j, int64_t value);
/* The shortest text that is read back as the same double, whatever the locale;
 * a value that is not finite is a failure. */
GC_API void gc_json_out_real(struct gc_json_out *j, double value);
GC_API void gc_json_out_bool(struct gc_json_out *j, bool value);
GC_API void gc_json_out_null(struct gc_json_out *j);

/* GC_OK when exactly one whole document was written. GC_ERR_LIMIT or
 * GC_ERR_MEMORY of the buffer, GC_ERR_PARSE when it would be no JSON (a mistake
 * of ours): the buffer then holds a piece of no use. */
GC_API GC_MUST_CHECK enum gc_code gc_json_out_end(struct gc_json_out *j,
                                                  struct gc_err *err);

#endif
