/* SPDX-License-Identifier: MIT */
/* Checks addresses of the configuration. Pure, any thread. */
#ifndef GC_BASE_URL_H
#define GC_BASE_URL_H

#include "common/base/buf.h"

#include <stddef.h>

/* The limit of an address in bytes; the size of a buffer for an address, an
 * appended path and the NUL. */
enum { GC_URL_MAX = 480, GC_URL_SIZE = 512 };

/* Checks an address and writes it without its trailing slashes: http or https,
 * a host, optionally a port and a path. Refused: user info (a secret), query,
 * fragment, white space, and plain http to any host except loopback. The text
 * of `err` names `option`: "URL". */
GC_API GC_MUST_CHECK enum gc_code gc_url_check(const char *option,
                                               const char *url,
                                               char out[GC_URL_SIZE],
                                               struct gc_err *err);

/* Does the same for a service to which plain http is allowed. *ret_is_open: the
 * address is plain http to a host other than loopback, so everything can be
 * read on the way. */
GC_API GC_MUST_CHECK enum gc_code
gc_url_check_any(const char *option, const char *url, char out[GC_URL_SIZE],
                 bool *ret_is_open, struct gc_err *err);

/* Appends the text as a value of a query: all bytes except letters, digits and
 * -._~ as %XX. */
GC_API GC_MUST_CHECK enum gc_code gc_url_add_value(struct gc_buf *out,
                                                   const char *text);

/* True for "localhost", an IPv4 address in 127.0.0.0/8, "::1" and "[::1]". A
 * name that only begins like one ("127.evil.example") is not loopback. */
GC_API bool gc_host_is_loopback(const char *host, size_t len);

#endif
