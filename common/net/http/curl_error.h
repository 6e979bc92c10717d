/* SPDX-License-Identifier: MIT */
/* Errors of libcurl as gc_failure and as messages for the operator. */
#ifndef GC_NET_HTTP_CURL_ERROR_H
#define GC_NET_HTTP_CURL_ERROR_H

#include "common/base/connect.h"
#include "common/base/transport.h"

#include <curl/curl.h>

#define GC_CURL_PROXY_407                                                      \
  "the proxy answered 407; it wants a user and a password: Proxy "             \
  "\"http://user:password@host:port\""

/* A transfer that failed. All pointers are borrowed for the call. */
struct gc_curl_transfer {
  CURL *easy;
  CURLcode code;
  const char *words; /* CURLOPT_ERRORBUFFER; may be "" */
  const char *url;
  const struct gc_connect *connect;
  bool in_headers; /* the transfer failed while it received headers */
};

/* Fills `err` with "HOST:PORT: WORDS; HINT" and returns the kind of failure.
 * The text contains no query, no credentials and no passphrase, even if
 * libcurl's words do. */
GC_API enum gc_failure gc_curl_explain(const struct gc_curl_transfer *f,
                                       struct gc_err *err);

/* Fills `err` with "HOST:PORT: " and the formatted words, for a failure that
 * libcurl does not report. */
void gc_curl_fail(const char *url, enum gc_failure failure, struct gc_err *err,
                  const char *format, ...) GC_PRINTF(4, 5);

#endif
