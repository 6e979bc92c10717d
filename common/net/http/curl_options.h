/* SPDX-License-Identifier: MIT */
/* Sets the options of struct gc_connect on libcurl handles, for net/http,
 * net/socket and net/redis. Any thread. */
#ifndef GC_NET_HTTP_CURL_OPTIONS_H
#define GC_NET_HTTP_CURL_OPTIONS_H

#include "common/base/connect.h"
#include "common/base/err.h"

#include <curl/curl.h>

/* Initialises libcurl once; false: it cannot be. */
GC_API bool gc_curl_start(void);

/* Sets the options that all handles share: TLS, client certificate, proxy,
 * connect time-out, keep-alive, no signals, http and https only, HTTP/1.1.
 * libcurl copies the strings. `url` decides the proxy (net/http/proxy). Waits
 * GC_FILES_WAIT_MS at most for each file of the settings. GC_ERR_TIMEOUT: a
 * file is on a disk that hangs (net/http/tls_files); GC_ERR_MEMORY;
 * GC_ERR_CONFIG with libcurl's words for an option that this libcurl does not
 * have. */
GC_API GC_MUST_CHECK enum gc_code
gc_curl_set_options(CURL *easy, const struct gc_connect *c, const char *url,
                    struct gc_err *err);

/* Runs the only transfer of `multi`, which connects (CURLOPT_CONNECT_ONLY).
 * CURLE_OPERATION_TIMEDOUT after `limit_ms`; CURLE_ABORTED_BY_CALLBACK when
 * `stop_fd` (-1: none) is readable. */
GC_API CURLcode gc_curl_connect(CURLM *multi, int stop_fd, uint32_t limit_ms);

#endif
