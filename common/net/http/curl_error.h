/* SPDX-License-Identifier: MIT */
/* What libcurl's CURLcode means to us and to an operator. */
#ifndef GC_NET_HTTP_CURL_ERROR_H
#define GC_NET_HTTP_CURL_ERROR_H

#include "common/base/connect.h"
#include "common/base/transport.h"

#include <curl/curl.h>

#define GC_CURL_PROXY_407                                                      \
  "the proxy answered 407; it wants a user and a password: Proxy "             \
  "\"http://user:password@host:port\""

/* A transfer that did not end well. All borrowed for the call. */
struct gc_curl_failed {
  CURL *easy;
  CURLcode code;
  const char *words; /* CURLOPT_ERRORBUFFER; may be "" */
  const char *url;
  const struct gc_connect *connect;
  bool in_headers; /* within an answer's headers */
};

/* Fills err with "HOST:PORT: WORDS; HINT" and returns the failure. The text
 * holds no query, no credentials and no passphrase, whatever libcurl says. */
enum gc_failure gc_curl_explain(const struct gc_curl_failed *f,
                                struct gc_err *err);

/* Fills err with "HOST:PORT: " and the words, for a failure of our own. */
void gc_curl_fail(const char *url, enum gc_failure failure, struct gc_err *err,
                  const char *format, ...) GC_PRINTF(4, 5);

#endif
