/* SPDX-License-Identifier: MIT */
#include "common/net/http/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>

#include "common/base/url.h"

static const unsigned url_flags = CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME;

static bool is_none(const char *proxy) {
  return *proxy == '\0' || strcasecmp(proxy, "none") == 0;
}

/* Writes a part of a URL; "" when it has none. */
static void read_part(const char *url, CURLUPart part, unsigned flags,
                      char *out, size_t size) {
  char *text = NULL;
  CURLU *u = curl_url();
  out[0] = '\0';
  if (u != NULL &&
      curl_url_set(u, CURLUPART_URL, url, url_flags) == CURLUE_OK &&
      curl_url_get(u, part, &text, flags) == CURLUE_OK)
    snprintf(out, size, "%s", text);
  curl_free(text);
  curl_url_cleanup(u);
}

static bool is_of_this_host(const char *proxy) {
  char host[256];
  read_part(proxy, CURLUPART_HOST, 0, host, sizeof(host));
  return gc_host_is_loopback(host, strlen(host));
}

/* Finds the proxy of the environment; the names and their order are
 * libcurl's. */
static struct gc_proxy find_in_environment(void) {
  static const char *const names[] = {"https_proxy", "HTTPS_PROXY", "all_proxy",
                                      "ALL_PROXY"};
  for (size_t i = 0; i < GC_COUNT(names); i++) {
    const char *value = getenv(names[i]);
    if (value != NULL && *value != '\0')
      return (struct gc_proxy){.url = value, .origin = names[i]};
  }
  return (struct gc_proxy){.url = NULL};
}

struct gc_proxy gc_proxy_find(const struct gc_connect *c, const char *url) {
  bool is_plain = strncasecmp(url, "https:", 6) != 0;
  if (c->proxy == NULL && !is_plain)
    return find_in_environment();
  if (c->proxy == NULL || is_none(c->proxy) ||
      (is_plain && !is_of_this_host(c->proxy)))
    return (struct gc_proxy){.url = NULL};
  return (struct gc_proxy){
      .url = c->proxy, .origin = "Proxy", .is_option = true};
}

/* True if the host is `word` or below it: "example.com" and ".example.com" both
 * cover "api.example.com". */
static bool no_proxy_covers(const char *word, size_t len, const char *host) {
  size_t host_len = strlen(host);
  if (len > 0 && word[0] == '.') {
    word++;
    len--;
  }
  if (len == 0 || len > host_len ||
      strncasecmp(host + host_len - len, word, len) != 0)
    return false;
  return len == host_len || host[host_len - len - 1] == '.';
}

/* True if the no-proxy list has the host. It works like libcurl's list without
 * the networks, since only messages depend on it. */
static bool is_excepted(const struct gc_connect *c, const char *url) {
  char host[256];
  const char *list = c->no_proxy;
  if (list == NULL)
    list = getenv("no_proxy");
  if (list == NULL || *list == '\0')
    list = c->no_proxy == NULL ? getenv("NO_PROXY") : NULL;
  if (list == NULL)
    return false;
  if (strcmp(list, "*") == 0)
    return true;
  read_part(url, CURLUPART_HOST, 0, host, sizeof(host));
  while (*list != '\0') {
    size_t len = strcspn(list, ", ");
    if (no_proxy_covers(list, len, host))
      return true;
    list += len;
    list += strspn(list, ", ");
  }
  return false;
}

void gc_proxy_describe(const struct gc_connect *c, const char *url, char *out,
                       size_t size) {
  struct gc_proxy proxy = gc_proxy_find(c, url);
  char host[256], port[16];
  out[0] = '\0';
  if (proxy.url == NULL || is_excepted(c, url))
    return;
  read_part(proxy.url, CURLUPART_HOST, 0, host, sizeof(host));
  read_part(proxy.url, CURLUPART_PORT, CURLU_DEFAULT_PORT, port, sizeof(port));
  if (host[0] == '\0')
    snprintf(host, sizeof(host), "an address that cannot be read");
  snprintf(out, size, " (proxy %s%s%s of %s%s)", host,
           port[0] != '\0' ? ":" : "", port, proxy.origin,
           proxy.is_option ? "" : " in the environment");
}

static bool has_part(CURLU *url, CURLUPart part) {
  char *text = NULL;
  bool has = curl_url_get(url, part, &text, 0) == CURLUE_OK;
  curl_free(text);
  return has;
}

/* True for "scheme://user:password@host:port". In "http://user:pa/ss@host" the
 * slash ends the host: a part of the password would be looked up in the DNS. */
static bool is_proxy_url(const char *text) {
  CURLU *url = curl_url();
  if (url == NULL)
    return true;
  bool good = curl_url_set(url, CURLUPART_URL, text,
                           CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME) ==
                  CURLUE_OK &&
              !has_part(url, CURLUPART_QUERY) &&
              !has_part(url, CURLUPART_FRAGMENT);
  char *path = NULL;
  if (good && curl_url_get(url, CURLUPART_PATH, &path, 0) == CURLUE_OK)
    good = strcmp(path, "/") == 0;
  curl_free(path);
  curl_url_cleanup(url);
  return good;
}

static bool is_proxy_scheme(const char *text) {
  static const char *const known[] = {"http",   "https",   "socks4",
                                      "socks5", "socks4a", "socks5h"};
  const char *end = strstr(text, "://");
  if (end == NULL)
    return true;
  size_t len = (size_t)(end - text);
  for (size_t i = 0; i < GC_COUNT(known); i++)
    if (len == strlen(known[i]) && strncasecmp(text, known[i], len) == 0)
      return true;
  return false;
}

enum gc_code gc_proxy_check(const struct gc_connect *c, struct gc_err *err) {
  if (c->proxy == NULL || is_none(c->proxy))
    return GC_OK;
  if (!is_proxy_scheme(c->proxy))
    return gc_fail(err, GC_ERR_CONFIG,
                   "Proxy: the scheme must be http, https, socks4, socks4a, "
                   "socks5 or socks5h");
  if (!is_proxy_url(c->proxy))
    return gc_fail(err, GC_ERR_CONFIG,
                   "Proxy: not of the form \"http://user:password@host:port\" "
                   "(in the password write %%40 for @, %%2F for /, %%23 for #, "
                   "%%3F for ?, %%3A for :)");
  return GC_OK;
}
