/* SPDX-License-Identifier: MIT */
/* Sets the options of struct gc_connect on libcurl handles, for net/http and
 * net/socket. Any thread. */
#ifndef GC_NET_HTTP_CURL_OPTIONS_H
#define GC_NET_HTTP_CURL_OPTIONS_H

#include "common/base/connect.h"
#include "common/base/err.h"

#include <curl/curl.h>

/* Sets the options that all handles share: TLS, client certificate, proxy,
 * connect time-out, keep-alive, no signals, http and https only, HTTP/1.1.
 * libcurl copies the strings. `url` decides the proxy (net/http/proxy). Waits
 * GC_FILES_WAIT_MS at most for each file of the settings. GC_ERR_TIMEOUT: a
 * file is on a disk that hangs (net/http/tls_files); GC_ERR_MEMORY;
 * GC_ERR_CONFIG with libcurl's words for an option that this libcurl does not
 * have. */
GC_MUST_CHECK enum gc_code gc_curl_set_options(CURL *easy,
                                               const struct gc_connect *c,
                                               const char *url,
                                               struct gc_err *err);

#endif
