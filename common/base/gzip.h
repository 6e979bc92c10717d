/* SPDX-License-Identifier: MIT */
/* Compresses bytes to the gzip format (RFC 1952), for HTTP bodies. Pure, any
 * thread. */
#ifndef GC_BASE_GZIP_H
#define GC_BASE_GZIP_H

#include "common/base/buf.h"

/* Appends the bytes to `out`, compressed. Level 1: lines of numbers shrink to a
 * seventh, at 100 MB/s. GC_ERR_MEMORY, or GC_ERR_LIMIT past out->max and for
 * more than UINT32_MAX bytes; `out` is then as it was. */
GC_API GC_MUST_CHECK enum gc_code gc_gzip(const void *bytes, size_t len,
                                          struct gc_buf *out);

#endif
