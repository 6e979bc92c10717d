/* SPDX-License-Identifier: MIT */
/* Reads of whole files that may lie on a disk that hangs (net/detached). */
#ifndef GC_NET_FILE_H
#define GC_NET_FILE_H

#include "common/base/buf.h"
#include "common/net/detached.h"

/* Appends the content of the file at `path`, up to `out->max`. A folder gives
 * the certificates in it that OpenSSL finds by their names ("1a2b3c4d.0",
 * openssl-rehash(1)). May block. GC_ERR_STATE: it cannot be read;
 * GC_ERR_LIMIT: it is too large. */
GC_API GC_MUST_CHECK enum gc_code
gc_file_read(const char *path, struct gc_buf *out, struct gc_err *err);
/* Does the same with an empty buffer, within the bound of `b`. GC_ERR_TIMEOUT:
 * the file system does not answer, and `out` is empty. Any thread. */
GC_API GC_MUST_CHECK enum gc_code gc_file_read_bounded(struct gc_detached *b,
                                                       const char *path,
                                                       struct gc_buf *out,
                                                       struct gc_err *err);

enum { GC_FILE_HANGS = 1 << 30 }; /* no bit of st_mode */
/* Returns the st_mode of a file; 0: stat(2) fails, as for a missing file;
 * GC_FILE_HANGS: the file system has not answered within `wait_ms`, or there is
 * no memory or thread. For single calls, also in the configuration phase. */
GC_API uint32_t gc_file_mode(const char *path, uint32_t wait_ms);

/* Fills `err` with the words for a file that does not answer; returns
 * GC_ERR_TIMEOUT. `what`: the file, with or without the name of its option. */
GC_API enum gc_code gc_file_hangs(const char *what, struct gc_err *err);

#endif
