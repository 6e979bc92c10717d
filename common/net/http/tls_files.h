/* SPDX-License-Identifier: MIT */
/* The files of TLS that an operator names: CACert, ClientCert and ClientKey.
 * libcurl would read them with each connection, on the network thread, which a
 * disk that hangs would hold up. They are read here instead within a bound
 * (net/detached), at most once a second, and passed to libcurl as texts. While
 * the disk hangs, the texts that were read last count. Any thread. */
#ifndef GC_NET_HTTP_TLS_FILES_H
#define GC_NET_HTTP_TLS_FILES_H

#include "common/base/connect.h"
#include "common/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct gc_tls_files;

enum gc_tls_file {
  GC_TLS_CA,
  GC_TLS_CERT,
  GC_TLS_KEY, /* without ClientKey: the text of ClientCert */
  GC_TLS_FILE_COUNT
};

/* Copies the paths. NULL: the options name no file. */
GC_API struct gc_tls_files *gc_tls_files_new(const struct gc_connect *connect);
/* Returns when the file's certificates end (gc_tls_end_s), as far as it was
 * read; 0: unknown, or no such file. */
GC_API int64_t gc_tls_files_end_s(struct gc_tls_files *f,
                                  enum gc_tls_file which);
/* Returns the next end of a certificate of a PEM text, seconds since the epoch;
 * when all have ended, the latest end. 0: there is none. */
GC_API int64_t gc_tls_end_s(const char *pem, size_t len);
/* Frees `f`; NULL is allowed. */
GC_API void gc_tls_files_free(struct gc_tls_files *f);

/* Calls `each` for every file whose text is known. One that cannot be read is
 * left out, so that libcurl reports it. GC_ERR_TIMEOUT: one that was not read
 * yet does not answer; `err` names it. Waits GC_FILES_WAIT_MS at most for
 * each file. */
GC_API GC_MUST_CHECK enum gc_code
gc_tls_files_each(struct gc_tls_files *f,
                  void (*each)(void *ctx, enum gc_tls_file which,
                               const char *text, size_t len),
                  void *ctx, struct gc_err *err);

#endif
