/* SPDX-License-Identifier: MIT */
/* The gzip format (RFC 1952), for HTTP bodies. Pure, any thread. */
#ifndef GC_BASE_GZIP_H
#define GC_BASE_GZIP_H

#include "common/base/buf.h"

/* Compresses: appends the bytes to `out`, compressed. Level 1: lines of numbers
 * shrink to a seventh, at 100 MB/s. GC_ERR_MEMORY, or GC_ERR_LIMIT past
 * out->max and for more than UINT32_MAX bytes; `out` is then as it was. */
GC_API GC_MUST_CHECK enum gc_code gc_gzip(const void *bytes, size_t len,
                                          struct gc_buf *out);

/* Decompresses a body as it arrives, all its members: libcurl's own decoder
 * ends at the first. One thread at a time. */
struct gc_gunzip;
GC_API struct gc_gunzip *gc_gunzip_new(void);
GC_API void gc_gunzip_free(struct gc_gunzip *g);

/* Gives what the next bytes contain to `each`, in pieces. GC_ERR_PARSE: not
 * gzip; GC_ERR_MEMORY; else the code of `each`, which ends the decompression.
 * What follows the last member and begins no other is ignored. */
GC_API GC_MUST_CHECK enum gc_code
gc_gunzip_feed(struct gc_gunzip *g, const char *bytes, size_t len,
               enum gc_code (*each)(void *ctx, const char *bytes, size_t len),
               void *ctx);

/* True if the bytes so far end with a whole member. */
GC_API bool gc_gunzip_is_complete(const struct gc_gunzip *g);

#endif
