/* SPDX-License-Identifier: MIT */
/* Bytes that grow up to a limit. The contents always end in a NUL that `len`
 * does not count, so `data` is a C string as soon as anything was added.
 *
 *   GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 65536};
 *   GC_TRY(gc_buf_add(&body, "abc", 3)); */
#ifndef GC_BASE_BUF_H
#define GC_BASE_BUF_H

#include "common/base/err.h"

struct gc_buf {
  char *data; /* NULL until something is added */
  size_t len, cap;
  size_t max; /* limit of `len`; must be set */
};

/* Each function appends to the buffer. On failure nothing is added:
 * GC_ERR_LIMIT (past `max`), GC_ERR_MEMORY, and GC_ERR_PARSE when printf fails
 * in gc_buf_print. `bytes` may be NULL when `len` is 0. */
GC_API GC_MUST_CHECK enum gc_code gc_buf_add(struct gc_buf *b,
                                             const void *bytes, size_t len);
GC_API GC_MUST_CHECK enum gc_code gc_buf_text(struct gc_buf *b,
                                              const char *text);
GC_API GC_MUST_CHECK enum gc_code gc_buf_print(struct gc_buf *b,
                                               const char *format, ...)
    GC_PRINTF(2, 3);

/* Returns the contents as a C string, "" when empty. Borrowed until the next
 * call. */
GC_API const char *gc_buf_string(const struct gc_buf *b);

/* Empties the buffer and keeps its memory. */
GC_API void gc_buf_reset(struct gc_buf *b);
/* Frees the memory; `max` stays. */
GC_API void gc_buf_clear(struct gc_buf *b);
/* Overwrites and frees the memory of secrets; `max` stays. */
GC_API void gc_buf_wipe(struct gc_buf *b);

#endif
