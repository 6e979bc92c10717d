/* SPDX-License-Identifier: MIT */
#include "common/net/http/curl_error.h"

#include <stdio.h>
#include <string.h>

#include "common/base/ascii.h"
#include "common/net/http/proxy.h"

enum { PROXY_BYTES = 160, HINT_BYTES = 160 }; /* of the words about it */

#define WANTS_CLIENT_CERT                                                      \
  "the server wants a client certificate: check ClientCert and ClientKey"
#define CHECK_ADDRESS "check %s, Proxy and the firewall"
#define CHECK_CA "check CACert, or the clock of this host"
#define CHECK_CLIENT_CERT "check ClientCert, ClientKey and ClientKeyPass"
#define NOT_HTTP "the server does not speak HTTP; check port and scheme"

/* In a hint, %s stands for gc_connect.address_option. The first row whose code
 * and `part` of the words match counts; `part` NULL:
 * any words. libcurl's codes are in its lib/strerror.c; the words are those of
 * 7.88. */
static const struct {
  CURLcode code;
  const char *part;
  enum gc_failure failure;
  const char *hint;
} rows[] = {
    {CURLE_COULDNT_RESOLVE_HOST, NULL, GC_FAILURE_RESOLVE, "check %s and DNS"},
    {CURLE_COULDNT_RESOLVE_PROXY, NULL, GC_FAILURE_RESOLVE,
     "check Proxy and DNS"},
    {CURLE_COULDNT_CONNECT, NULL, GC_FAILURE_CONNECT, CHECK_ADDRESS},
    {CURLE_INTERFACE_FAILED, NULL, GC_FAILURE_CONNECT, CHECK_ADDRESS},
    {CURLE_OPERATION_TIMEDOUT, NULL, GC_FAILURE_TIMEOUT,
     "check Timeout, ConnectTimeout, Proxy and the firewall"},
    {CURLE_PROXY, NULL, GC_FAILURE_PROXY, "check Proxy"},

    /* Certificates. */
    {CURLE_PEER_FAILED_VERIFICATION, "subject name", GC_FAILURE_TLS,
     "check %s: the certificate is another host's"},
    {CURLE_PEER_FAILED_VERIFICATION, NULL, GC_FAILURE_TLS, CHECK_CA},
    {CURLE_SSL_ISSUER_ERROR, NULL, GC_FAILURE_TLS, CHECK_CA},
    {CURLE_SSL_INVALIDCERTSTATUS, NULL, GC_FAILURE_TLS, CHECK_CA},
    {CURLE_SSL_CONNECT_ERROR, "wrong version number", GC_FAILURE_TLS,
     "the server does not speak TLS; check port, scheme and Proxy"},
    {CURLE_SSL_CONNECT_ERROR, "handshake failure", GC_FAILURE_TLS,
     "no common cipher, or " WANTS_CLIENT_CERT},
    {CURLE_SSL_CONNECT_ERROR, NULL, GC_FAILURE_TLS,
     "the TLS handshake failed; check Proxy and the firewall"},
    {CURLE_SSL_CIPHER, NULL, GC_FAILURE_TLS, "no common cipher"},
#if LIBCURL_VERSION_NUM >= 0x074d00
    {CURLE_SSL_CLIENTCERT, NULL, GC_FAILURE_TLS, WANTS_CLIENT_CERT},
#endif
    /* TLS 1.3: the server refuses after the client's part of the handshake is
     * done. */
    {CURLE_RECV_ERROR, "certificate required", GC_FAILURE_TLS,
     WANTS_CLIENT_CERT},
    {CURLE_RECV_ERROR, "alert", GC_FAILURE_TLS,
     "the server refuses the client certificate"},
    {CURLE_SEND_ERROR, "alert", GC_FAILURE_TLS,
     "the server refuses the client certificate"},
    /* The same refusal has these words when the server closes before
     * getpeername(). */
    {CURLE_SEND_ERROR, "getpeername()", GC_FAILURE_BROKEN,
     "the server closed the connection after the handshake; if it wants a "
     "client certificate: check ClientCert and ClientKey"},

    /* Files and settings of this host. */
    {CURLE_SSL_CACERT_BADFILE, NULL, GC_FAILURE_LOCAL,
     "check CACert: the file must exist and hold PEM certificates"},
    {CURLE_SSL_CERTPROBLEM, NULL, GC_FAILURE_LOCAL, CHECK_CLIENT_CERT},
    {CURLE_SSL_ENGINE_INITFAILED, NULL, GC_FAILURE_LOCAL, CHECK_CLIENT_CERT},
    {CURLE_SSL_CRL_BADFILE, NULL, GC_FAILURE_LOCAL, CHECK_CA},
    {CURLE_URL_MALFORMAT, NULL, GC_FAILURE_LOCAL,
     "check BaseURL, LoginURL and Proxy"},
    {CURLE_OUT_OF_MEMORY, NULL, GC_FAILURE_LOCAL, NULL},
    {CURLE_FAILED_INIT, NULL, GC_FAILURE_LOCAL, NULL},
    {CURLE_NOT_BUILT_IN, NULL, GC_FAILURE_LOCAL, NULL},
    {CURLE_UNKNOWN_OPTION, NULL, GC_FAILURE_LOCAL, NULL},
    {CURLE_BAD_FUNCTION_ARGUMENT, NULL, GC_FAILURE_LOCAL, NULL},

    /* Answers. */
    {CURLE_UNSUPPORTED_PROTOCOL, "HTTP/0.9", GC_FAILURE_BROKEN, NOT_HTTP},
    {CURLE_UNSUPPORTED_PROTOCOL, "HTTP version", GC_FAILURE_BROKEN, NOT_HTTP},
    {CURLE_UNSUPPORTED_PROTOCOL, NULL, GC_FAILURE_LOCAL,
     "only http and https are supported; check BaseURL and LoginURL"},
    {CURLE_WEIRD_SERVER_REPLY, NULL, GC_FAILURE_BROKEN, NOT_HTTP},
    {CURLE_FILESIZE_EXCEEDED, NULL, GC_FAILURE_LIMIT, NULL},
    {CURLE_GOT_NOTHING, NULL, GC_FAILURE_BROKEN,
     "the server closed the connection without an answer"},
    {CURLE_PARTIAL_FILE, NULL, GC_FAILURE_BROKEN, "the answer was cut off"},
};

static const enum gc_code codes[GC_FAILURE_COUNT] = {
    [GC_FAILURE_NONE] = GC_OK,
    [GC_FAILURE_RESOLVE] = GC_ERR_NETWORK,
    [GC_FAILURE_CONNECT] = GC_ERR_NETWORK,
    [GC_FAILURE_PROXY] = GC_ERR_NETWORK,
    [GC_FAILURE_TLS] = GC_ERR_TLS,
    [GC_FAILURE_TIMEOUT] = GC_ERR_TIMEOUT,
    [GC_FAILURE_BROKEN] = GC_ERR_NETWORK,
    [GC_FAILURE_SINK] = GC_ERR_PARSE,
    [GC_FAILURE_LIMIT] = GC_ERR_LIMIT,
    [GC_FAILURE_LOCAL] = GC_ERR_CONFIG,
};

/* Writes "host:port" of a URL; the rest of it may be secret. */
static void write_host(const char *url, char *out, size_t size) {
  char *host = NULL, *port = NULL;
  CURLU *u = curl_url();
  if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
    curl_url_get(u, CURLUPART_HOST, &host, 0);
    curl_url_get(u, CURLUPART_PORT, &port, CURLU_DEFAULT_PORT);
  }
  if (host != NULL && port != NULL)
    snprintf(out, size, "%s:%s", host, port);
  else
    snprintf(out, size, "a URL that cannot be read");
  curl_free(host);
  curl_free(port);
  curl_url_cleanup(u);
}

static void hide_secret(char *text, const char *secret) {
  size_t len = secret != NULL ? strlen(secret) : 0;
  if (len == 0)
    return;
  char *at = text;
  while ((at = strstr(at, secret)) != NULL) {
    *at = '*';
    memmove(at + 1, at + len, strlen(at + len) + 1);
    at++;
  }
}

/* Replaces everything between a scheme, a blank or a quote and the next @,
 * since libcurl quotes URLs of the settings and of the environment:
 * "Unsupported proxy syntax in 'http://user:password@host'". */
static void hide_userinfo(char *text) {
  char *at = text;
  while ((at = strchr(at, '@')) != NULL) {
    char *from = at;
    while (from > text && strchr(" '\"", from[-1]) == NULL &&
           !(from - text > 1 && from[-1] == '/' && from[-2] == '/'))
      from--;
    *from = '*';
    memmove(from + 1, at, strlen(at) + 1);
    at = from + 2;
  }
}

static void hide_proxy_password(char *text, const char *proxy) {
  char *password = NULL;
  CURLU *u = curl_url();
  unsigned flags = CURLU_GUESS_SCHEME | CURLU_NON_SUPPORT_SCHEME;
  if (u != NULL && proxy != NULL &&
      curl_url_set(u, CURLUPART_URL, proxy, flags) == CURLUE_OK) {
    curl_url_get(u, CURLUPART_PASSWORD, &password, 0);
    hide_secret(text, password);
    curl_free(password);
    password = NULL;
    curl_url_get(u, CURLUPART_PASSWORD, &password, CURLU_URLDECODE);
    hide_secret(text, password);
  }
  curl_free(password);
  curl_url_cleanup(u);
}

/* Fills `err` if the proxy refused CONNECT; returns true then. The proxy's
 * status decides, since versions of libcurl differ in the CURLcode. */
static bool explain_proxy(const struct gc_curl_transfer *f, const char *host,
                          const char *proxy, struct gc_err *err) {
  long status = 0;
  curl_easy_getinfo(f->easy, CURLINFO_HTTP_CONNECTCODE, &status);
  if (status == 0 || (status >= 200 && status < 300))
    return false;
  if (status == 407)
    gc_fail(err, GC_ERR_NETWORK, "%s: %s%s", host, GC_CURL_PROXY_407, proxy);
  else if (status == 401) /* the answer of tinyproxy to a wrong password */
    gc_fail(err, GC_ERR_NETWORK,
            "%s: the proxy answered 401; it does not accept user and "
            "password of Proxy \"http://user:password@host:port\"%s",
            host, proxy);
  else
    gc_fail(err, GC_ERR_NETWORK,
            "%s: the proxy answered %ld; it does not allow that host, or "
            "cannot reach it%s",
            host, status, proxy);
  return true;
}

/* True if a header line is longer than libcurl's 100 KB: 7.88 reports it as out
 * of memory, releases since 8.6 with a code of its own. */
static bool is_long_header(const struct gc_curl_transfer *f) {
#if LIBCURL_VERSION_NUM >= 0x080600
  if (f->code == CURLE_TOO_LARGE)
    return f->in_headers;
#endif
  return f->code == CURLE_OUT_OF_MEMORY && f->in_headers;
}

/* Writes the hint of a row, with the option that names the server. */
static void write_hint(const struct gc_connect *connect, const char *hint,
                       char *out, size_t size) {
  const char *option = connect->address_option != NULL ? connect->address_option
                                                       : "Region (or BaseURL)";
  const char *place = strstr(hint, "%s");
  if (place != NULL)
    snprintf(out, size, "; %.*s%s%s", (int)(place - hint), hint, option,
             place + 2);
  else
    snprintf(out, size, "; %s", hint);
}

enum gc_failure gc_curl_explain(const struct gc_curl_transfer *f,
                                struct gc_err *err) {
  char host[256], words[CURL_ERROR_SIZE];
  char proxy[PROXY_BYTES], hint[HINT_BYTES] = "";
  write_host(f->url, host, sizeof(host));
  gc_proxy_describe(f->connect, f->url, proxy, sizeof(proxy));
  if (explain_proxy(f, host, proxy, err))
    return GC_FAILURE_PROXY;

  if (is_long_header(f)) {
    gc_fail(err, GC_ERR_LIMIT, "%s: a header line is too long", host);
    return GC_FAILURE_LIMIT;
  }

  snprintf(words, sizeof(words), "%s",
           *f->words != '\0' ? f->words : curl_easy_strerror(f->code));
  gc_replace_unprintable(words, ' ');
  hide_secret(words, f->connect->client_key_pass);
  hide_proxy_password(words, f->connect->proxy);
  hide_userinfo(words);

  enum gc_failure failure = GC_FAILURE_BROKEN;
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    if (rows[i].code != f->code ||
        (rows[i].part != NULL && strstr(words, rows[i].part) == NULL))
      continue;
    failure = rows[i].failure;
    if (rows[i].hint != NULL)
      write_hint(f->connect, rows[i].hint, hint, sizeof(hint));
    break;
  }
  enum gc_code code =
      f->code == CURLE_OUT_OF_MEMORY ? GC_ERR_MEMORY : codes[failure];
  gc_fail(err, code, "%s: %s%s%s", host, words, hint,
          codes[failure] == GC_ERR_CONFIG ? "" : proxy);
  return failure;
}

void gc_curl_fail(const char *url, enum gc_failure failure, struct gc_err *err,
                  const char *format, ...) {
  char host[256], words[256];
  write_host(url, host, sizeof(host));
  va_list args;
  va_start(args, format);
  vsnprintf(words, sizeof(words), format, args);
  va_end(args);
  gc_fail(err, codes[failure], "%s: %s", host, words);
}
