/* SPDX-License-Identifier: MIT */
/* Looks at files that may lie on a disk that hangs (net/detached). */
#ifndef GC_NET_FILE_H
#define GC_NET_FILE_H

#include <sys/stat.h>

#include "common/base/buf.h"
#include "common/net/detached.h"

/* A file at one time. The caller sets the first two members and wipes the
 * text. */
struct gc_file {
  /* text.max: the limit of the content; 0: it is not read. */
  struct gc_buf text;
  /* Takes a folder for the certificates in it that OpenSSL finds by their names
   * ("1a2b3c4d.0", openssl-rehash(1)). */
  bool holds_certificates;
  struct stat st; /* taken before the content is read; zero: stat(2) failed */
};

/* Looks at the file within the bound of `d`; NULL: the caller may wait. Any
 * thread. The text of `err` begins with the path. GC_ERR_STATE: the content
 * cannot be read; GC_ERR_LIMIT: it is too large; GC_ERR_TIMEOUT: the file
 * system does not answer. */
GC_API GC_MUST_CHECK enum gc_code gc_file_look(struct gc_detached *d,
                                               const char *path,
                                               struct gc_file *file,
                                               struct gc_err *err);

enum { GC_FILE_HANGS = 1 << 30 }; /* no bit of st_mode */
/* Returns the st_mode of a file; 0: stat(2) fails, as for a missing file;
 * GC_FILE_HANGS: the file system has not answered within `wait_ms`, or there is
 * no thread. For single calls, also in the configuration phase. */
GC_API uint32_t gc_file_mode(const char *path, uint32_t wait_ms);

#endif
