/* SPDX-License-Identifier: MIT */
/* struct gc_connect as libcurl options: one place for REST and sockets. */
#ifndef GC_NET_HTTP_CURL_OPTIONS_H
#define GC_NET_HTTP_CURL_OPTIONS_H

#include "common/base/connect.h"
#include "common/base/err.h"

#include <curl/curl.h>

/* What libcurl would find out late and tell with the password in it: a Proxy
 * that is no URL. GC_ERR_CONFIG; the text never holds the value. */
GC_MUST_CHECK enum gc_code gc_curl_check(const struct gc_connect *c,
                                         struct gc_err *err);

/* Sets all that every handle of ours has in common: TLS, client certificate,
 * proxy, connect time-out, keep-alive, no signals, http and https only,
 * HTTP/1.1. GC_ERR_MEMORY. `c` must outlive the handle. */
GC_MUST_CHECK enum gc_code gc_curl_set(CURL *easy, const struct gc_connect *c,
                                       struct gc_err *err);

#endif
