/* SPDX-License-Identifier: MIT */
/* Decides which proxy a request takes, and names the setting that chose it.
 * libcurl gets the result, so that messages and connections agree. Reads the
 * environment; any thread, as long as no thread changes it. */
#ifndef GC_NET_HTTP_PROXY_H
#define GC_NET_HTTP_PROXY_H

#include "common/base/connect.h"
#include "common/base/err.h"

#include <stddef.h>

struct gc_proxy {
  const char *url; /* may hold user:password (secret); NULL: none. Borrowed */
  const char *origin; /* "Proxy", or the name of a variable */
  bool is_option;
};

/* Returns the proxy for `url` (http: or https:):
 *
 *   Proxy "none", ""   none
 *   Proxy              that one; for plain http only if it runs on this host
 *   no Proxy           https: https_proxy, HTTPS_PROXY, all_proxy, ALL_PROXY of
 *                      the environment; plain http: none
 *
 * With plain http a proxy on another host could read the secrets of a request.
 * An account accepts plain http only for loopback, whose requests stay on the
 * host; requests to a cloud's metadata address and to an InfluxDB may use it
 * too. NoProxy and no_proxy are left to libcurl, which also knows networks
 * ("10.0.0.0/8"). */
struct gc_proxy gc_proxy_find(const struct gc_connect *c, const char *url);

/* Writes " (proxy HOST:PORT of Proxy)" or " (proxy HOST:PORT of https_proxy in
 * the environment)", without user and password; "" when `url` takes no proxy,
 * or when NoProxy (without NoProxy: no_proxy of the environment) names its
 * host. */
void gc_proxy_describe(const struct gc_connect *c, const char *url, char *out,
                       size_t size);

/* Checks the option Proxy. GC_ERR_CONFIG: it is neither "none" nor of the form
 * "http://user:password@host:port". */
GC_API GC_MUST_CHECK enum gc_code gc_proxy_check(const struct gc_connect *c,
                                                 struct gc_err *err);

#endif
