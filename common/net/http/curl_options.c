/* SPDX-License-Identifier: MIT */
#include "common/net/http/curl_options.h"

#include <pthread.h>
#include <sys/stat.h>

#include "common/net/clock.h"
#include "common/net/http/proxy.h"
#include "common/net/http/tls_files.h"
#include "common/net/timing.h"
#include "gc_config.h"

#define USER_AGENT "collectd-genesys/" PACKAGE_VERSION

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode started;

static void start_curl(void) { started = curl_global_init(CURL_GLOBAL_ALL); }

bool gc_curl_start(void) {
  pthread_once(&once, start_curl);
  return started == CURLE_OK;
}

/* A handle and the first error. */
struct setter {
  CURL *easy;
  CURLcode code;
  bool is_known[GC_TLS_FILE_COUNT]; /* set as a text */
};

static void set_long(struct setter *s, CURLoption option, long value) {
  if (s->code == CURLE_OK)
    s->code = curl_easy_setopt(s->easy, option, value);
}

static void set_text(struct setter *s, CURLoption option, const char *text) {
  if (s->code == CURLE_OK)
    s->code = curl_easy_setopt(s->easy, option, text);
}

/* Sets the text of a file. False: this libcurl or its TLS library reads files
 * only. */
static bool set_blob(struct setter *s, CURLoption option, const char *text,
                     size_t len) {
  struct curl_blob blob = {
      .data = (void *)text, .len = len, .flags = CURL_BLOB_COPY};
  if (s->code != CURLE_OK)
    return true;
  CURLcode code = curl_easy_setopt(s->easy, option, &blob);
  if (code == CURLE_NOT_BUILT_IN || code == CURLE_UNKNOWN_OPTION)
    return false;
  s->code = code;
  return true;
}

static bool is_folder(const char *path) {
  struct stat st;
  return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool set_authorities_text(struct setter *s, const char *text,
                                 size_t len) {
#if LIBCURL_VERSION_NUM >= 0x074d00
  return set_blob(s, CURLOPT_CAINFO_BLOB, text, len) &&
         set_blob(s, CURLOPT_PROXY_CAINFO_BLOB, text, len);
#else
  (void)s, (void)text, (void)len;
  return false; /* libcurl reads the file that collectd has just read */
#endif
}

static void set_text_of_file(void *ctx, enum gc_tls_file which,
                             const char *text, size_t len) {
  struct setter *s = ctx;
  s->is_known[which] = which == GC_TLS_CA ? set_authorities_text(s, text, len)
                       : which == GC_TLS_CERT
                           ? set_blob(s, CURLOPT_SSLCERT_BLOB, text, len)
                           : set_blob(s, CURLOPT_SSLKEY_BLOB, text, len);
}

/* CACert replaces the system's authorities: a file also replaces libcurl's
 * built-in folder, and a folder its built-in file. libcurl reports a missing
 * file (CURLE_SSL_CACERT_BADFILE). */
static void set_authorities(struct setter *s, const char *path) {
  if (path == NULL)
    return;
  bool is_known = s->is_known[GC_TLS_CA];
  bool folder = !is_known && is_folder(path);
  if (is_known)
    path = NULL;
  set_text(s, CURLOPT_CAPATH, folder ? path : NULL);
  set_text(s, CURLOPT_CAINFO, folder ? NULL : path);
  set_text(s, CURLOPT_PROXY_CAPATH, folder ? path : NULL);
  set_text(s, CURLOPT_PROXY_CAINFO, folder ? NULL : path);
}

static void set_client_cert(struct setter *s, const struct gc_connect *c) {
  if (c->client_cert == NULL)
    return;
  if (!s->is_known[GC_TLS_CERT])
    set_text(s, CURLOPT_SSLCERT, c->client_cert);
  if (!s->is_known[GC_TLS_KEY] && c->client_key != NULL)
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
#if LIBCURL_VERSION_NUM >= 0x075700
  /* libcurl keeps the authorities of a file for a day: after the correction of
   * a wrong CACert it would still use the old one. */
  set_long(s, CURLOPT_CA_CACHE_TIMEOUT,
           c->ca_cert != NULL ? 0 : GC_SYSTEM_CA_CACHE_S);
#endif
  set_authorities(s, c->ca_cert);
  set_client_cert(s, c);
}

static void set_proxy(struct setter *s, const struct gc_connect *c,
                      const char *url) {
  struct gc_proxy proxy = gc_proxy_find(c, url);
  /* "" means no proxy, even if the environment has one. */
  set_text(s, CURLOPT_PROXY, proxy.url != NULL ? proxy.url : "");
  if (c->no_proxy != NULL)
    set_text(s, CURLOPT_NOPROXY, c->no_proxy);
  /* The proxy's headers must not be mixed with those of the answer. */
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
  /* Without this option the removal of a handle waits for a resolver that
   * hangs. */
  set_long(s, CURLOPT_QUICK_EXIT, 1);
#endif
  set_long(s, CURLOPT_CONNECTTIMEOUT_MS, (long)c->connect_timeout_ms);
  set_long(s, CURLOPT_TCP_KEEPALIVE, 1);
  set_long(s, CURLOPT_TCP_KEEPIDLE, GC_KEEPALIVE_IDLE_S);
  set_long(s, CURLOPT_TCP_KEEPINTVL, GC_KEEPALIVE_INTERVAL_S);
}

enum gc_code gc_curl_set_options(CURL *easy, const struct gc_connect *c,
                                 const char *url, struct gc_err *err) {
  struct setter s = {.easy = easy};
  if (c->files != NULL)
    GC_TRY(gc_tls_files_each(c->files, set_text_of_file, &s, err));
  set_tls(&s, c);
  set_proxy(&s, c, url);
  set_protocols(&s);
  set_socket(&s, c);
  if (s.code == CURLE_OK)
    return GC_OK;
  return gc_fail(err,
                 s.code == CURLE_OUT_OF_MEMORY ? GC_ERR_MEMORY : GC_ERR_CONFIG,
                 "libcurl: %s", curl_easy_strerror(s.code));
}

CURLcode gc_curl_connect(CURLM *multi, int stop_fd, uint32_t limit_ms) {
  uint64_t end_ms = gc_clock_now_ms() + limit_ms;
  struct curl_waitfd stop = {.fd = stop_fd, .events = CURL_WAIT_POLLIN};
  for (int running = 1; curl_multi_perform(multi, &running) == CURLM_OK;) {
    int left = 0;
    const CURLMsg *m = curl_multi_info_read(multi, &left);
    uint64_t now_ms = gc_clock_now_ms();
    if (m != NULL && m->msg == CURLMSG_DONE)
      return m->data.result;
    if (now_ms >= end_ms || running == 0)
      return CURLE_OPERATION_TIMEDOUT;
    if (curl_multi_poll(multi, &stop, stop_fd >= 0, (int)(end_ms - now_ms),
                        NULL) != CURLM_OK)
      break;
    if (stop.revents != 0)
      return CURLE_ABORTED_BY_CALLBACK;
  }
  return CURLE_OUT_OF_MEMORY;
}
