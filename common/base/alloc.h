/* SPDX-License-Identifier: MIT */
/* Memory for small objects of fixed size, strings of bounded length, and tables
 * with a limit. Without memory the process ends, as in collectd's own smalloc
 * and sstrdup (src/utils/common/common.c). Memory whose size comes from outside
 * (answers, bodies, series) is allocated with malloc and checked, so that one
 * large answer costs only itself.
 *
 * Any thread. The caller owns the result and frees it with free(). */
#ifndef GC_BASE_ALLOC_H
#define GC_BASE_ALLOC_H

#include <stddef.h>

#include "common/base/cleanup.h"

/* Returns `count` objects of `bytes` each, zeroed; never NULL. */
GC_API void *gc_zalloc(size_t count, size_t bytes)
    __attribute__((malloc, returns_nonnull, alloc_size(1, 2)));

/* Changes the size of `memory` (NULL: a new object) to `count` objects of
 * `bytes` each; what is new is not zeroed. Never NULL. */
GC_API void *gc_resize(void *memory, size_t count, size_t bytes)
    __attribute__((returns_nonnull, warn_unused_result));

/* Returns a copy of `text`; NULL for NULL. */
GC_API char *gc_strdup(const char *text);
/* Returns a copy of the first `len` bytes, which `text` has. */
GC_API char *gc_strndup(const char *text, size_t len)
    __attribute__((returns_nonnull));

#endif
