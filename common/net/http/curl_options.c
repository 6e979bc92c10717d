/* SPDX-License-Identifier: MIT */
#include "common/net/http/curl_options.h"

#include <string.h>
#include <sys/stat.h>

#include "common/net/timing.h"
#include "gc_config.h"

#define USER_AGENT "collectd-genesys/" PACKAGE_VERSION

/* A handle and the first error. */
struct setter {
  CURL *easy;
  CURLcode code;
};

static void set_long(struct setter *s, CURLoption option, long value) {
  if (s->code == CURLE_OK)
    s->code = curl_easy_setopt(s->easy, option, value);
}

static void set_text(struct setter *s, CURLoption option, const char *text) {
  if (s->code == CURLE_OK)
    s->code = curl_easy_setopt(s->easy, option, text);
}

static bool is_folder(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* CACert replaces the system's authorities: a file also replaces libcurl's
 * built-in folder, and a folder its built-in file. libcurl reports a missing
 * file (CURLE_SSL_CACERT_BADFILE). */
static void set_authorities(struct setter *s, const char *path) {
  if (path == NULL)
    return;
  bool folder = is_folder(path);
  set_text(s, CURLOPT_CAPATH, folder ? path : NULL);
  set_text(s, CURLOPT_CAINFO, folder ? NULL : path);
  set_text(s, CURLOPT_PROXY_CAPATH, folder ? path : NULL);
  set_text(s, CURLOPT_PROXY_CAINFO, folder ? NULL : path);
}

static void set_client_cert(struct setter *s, const struct gc_connect *c) {
  if (c->client_cert == NULL)
    return;
  set_text(s, CURLOPT_SSLCERT, c->client_cert);
  if (c->client_key != NULL)
    set_text(s, CURLOPT_SSLKEY, c->client_key);
  /* Without a passphrase OpenSSL would ask for one on the terminal. */
  set_text(s, CURLOPT_KEYPASSWD,
           c->client_key_pass != NULL ? c->client_key_pass : "");
}

static void set_tls(struct setter *s, const struct gc_connect *c) {
  long host = c->verify_host ? 2 : 0;
  set_long(s, CURLOPT_SSL_VERIFYPEER, c->verify_peer);
  set_long(s, CURLOPT_SSL_VERIFYHOST, host);
  set_long(s, CURLOPT_PROXY_SSL_VERIFYPEER, c->verify_peer);
  set_long(s, CURLOPT_PROXY_SSL_VERIFYHOST, host);
  set_long(s, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  set_long(s, CURLOPT_PROXY_SSLVERSION, CURL_SSLVERSION_TLSv1_2);
  set_authorities(s, c->ca_cert);
  set_client_cert(s, c);
}

static void set_proxy(struct setter *s, const struct gc_connect *c) {
  if (c->proxy != NULL)
    set_text(s, CURLOPT_PROXY, c->proxy);
  if (c->no_proxy != NULL)
    set_text(s, CURLOPT_NOPROXY, c->no_proxy);
  /* Do not mix the proxy's headers with those of the answer. */
  set_long(s, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1);
}

static void set_protocols(struct setter *s) {
#if LIBCURL_VERSION_NUM >= 0x075500
  set_text(s, CURLOPT_PROTOCOLS_STR, "http,https");
#else
  set_long(s, CURLOPT_PROTOCOLS, CURLPROTO_HTTP | CURLPROTO_HTTPS);
#endif
  set_long(s, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
  set_text(s, CURLOPT_USERAGENT, USER_AGENT);
}

static void set_socket(struct setter *s, const struct gc_connect *c) {
  set_long(s, CURLOPT_NOSIGNAL, 1);
#if LIBCURL_VERSION_NUM >= 0x075700
  /* Without it the removal of a handle waits for a resolver that hangs. */
  set_long(s, CURLOPT_QUICK_EXIT, 1);
#endif
  set_long(s, CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_timeout_ms);
  set_long(s, CURLOPT_TCP_KEEPALIVE, 1);
  set_long(s, CURLOPT_TCP_KEEPIDLE, GC_KEEPALIVE_IDLE_S);
  set_long(s, CURLOPT_TCP_KEEPINTVL, GC_KEEPALIVE_INTERVAL_S);
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

enum gc_code gc_curl_check_proxy(const struct gc_connect *c,
                                 struct gc_err *err) {
  if (c->proxy == NULL || *c->proxy == '\0')
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

enum gc_code gc_curl_set_options(CURL *easy, const struct gc_connect *c,
                                 struct gc_err *err) {
  struct setter s = {.easy = easy};
  set_tls(&s, c);
  set_proxy(&s, c);
  set_protocols(&s);
  set_socket(&s, c);
  if (s.code == CURLE_OK)
    return GC_OK;
  return gc_fail(err,
                 s.code == CURLE_OUT_OF_MEMORY ? GC_ERR_MEMORY : GC_ERR_CONFIG,
                 "libcurl: %s", curl_easy_strerror(s.code));
}
