/* SPDX-License-Identifier: MIT */
#include "common/net/http/inspect.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <curl/curl.h>

#include "common/net/http/curl_error.h"
#include "common/net/http/curl_options.h"
#include "common/net/http/proxy.h"

static bool starts_with(const char *text, const char *prefix) {
  return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Returns the value of a certificate's field, such as "Subject:", or NULL. */
static const char *field_of(const struct curl_slist *list, const char *name) {
  for (; list != NULL; list = list->next)
    if (starts_with(list->data, name))
      return list->data + strlen(name);
  return NULL;
}

void gc_certificate_short_name(const char *name, char *out, size_t size) {
  for (const char *at = name; *at != '\0'; at += strcspn(at, ",/")) {
    at += strspn(at, ",/ ");
    const char *value = starts_with(at, "CN") ? at + 2 : "";
    value += strspn(value, " ");
    if (*value != '=')
      continue;
    value += 1 + strspn(value + 1, " ");
    snprintf(out, size, "CN=%.*s", (int)strcspn(value, ",/"), value);
    return;
  }
  snprintf(out, size, "%s", name);
}

static void add_name(struct gc_inspection *r, const char *words,
                     const char *name) {
  char text[100];
  size_t len = strlen(r->chain);
  gc_certificate_short_name(name != NULL ? name : "?", text, sizeof(text));
  snprintf(r->chain + len, sizeof(r->chain) - len, "%s%s", words, text);
}

static void read_chain(CURL *easy, struct gc_inspection *r) {
  struct curl_certinfo *info = NULL;
  if (curl_easy_getinfo(easy, CURLINFO_CERTINFO, &info) != CURLE_OK ||
      info == NULL)
    return;
  for (int i = 0; i < info->num_of_certs; i++) {
    const struct curl_slist *cert = info->certinfo[i];
    const char *end = field_of(cert, "Expire date:");
    time_t end_s = end != NULL ? curl_getdate(end, NULL) : -1;
    if (i == 0)
      add_name(r, "", field_of(cert, "Subject:"));
    add_name(r, " < ", field_of(cert, "Issuer:"));
    if (end_s > 0 &&
        (r->not_after_ms == 0 || (int64_t)end_s * 1000 < r->not_after_ms))
      r->not_after_ms = (int64_t)end_s * 1000;
  }
}

/* Appends a numeric address to those that were tried. */
static void add_address(struct gc_inspection *r, const struct sockaddr *at,
                        socklen_t at_len) {
  char text[64];
  size_t len = strlen(r->address);
  if (getnameinfo(at, at_len, text, sizeof(text), NULL, 0, NI_NUMERICHOST) ==
          0 &&
      len + strlen(text) + 3 <= sizeof(r->address))
    snprintf(r->address + len, sizeof(r->address) - len, "%s%s",
             len > 0 ? ", " : "", text);
}

/* Notes each address that libcurl tries: CURLINFO_PRIMARY_IP has an address
 * only if there is a connection. */
static curl_socket_t open_socket(void *ctx, curlsocktype purpose,
                                 struct curl_sockaddr *at) {
  (void)purpose;
  add_address(ctx, &at->addr, (socklen_t)at->addrlen);
  return socket(at->family, at->socktype | SOCK_CLOEXEC, at->protocol);
}

static void read_times(CURL *easy, struct gc_inspection *r) {
  static const CURLINFO infos[GC_INSPECT_STEP_COUNT] = {
      [GC_INSPECT_DNS] = CURLINFO_NAMELOOKUP_TIME_T,
      [GC_INSPECT_TCP] = CURLINFO_CONNECT_TIME_T,
      [GC_INSPECT_TLS] = CURLINFO_APPCONNECT_TIME_T};
  char *address = NULL;
  for (int i = 0; i < GC_INSPECT_STEP_COUNT; i++) {
    curl_off_t us = 0;
    if (curl_easy_getinfo(easy, infos[i], &us) == CURLE_OK && us > 0)
      r->ms[i] = (uint32_t)(us / 1000 + 1);
  }
  if (curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK &&
      address != NULL && address[0] != '\0')
    snprintf(r->address, sizeof(r->address), "%s", address);
}

/* Returns the step that failed. A time-out during TLS gives GC_INSPECT_TCP,
 * which gc_http_inspect corrects: its words differ with the release of libcurl
 * ("SSL connection timeout", with 8.14 "Connection timed out …"). */
static enum gc_inspect_step step_of(enum gc_failure failure,
                                    const char *words) {
  switch (failure) {
  case GC_FAILURE_RESOLVE:
    return GC_INSPECT_DNS;
  case GC_FAILURE_CONNECT:
    return GC_INSPECT_TCP;
  case GC_FAILURE_TIMEOUT:
    return starts_with(words, "Resolving") ? GC_INSPECT_DNS : GC_INSPECT_TCP;
  default:
    return GC_INSPECT_TLS;
  }
}

static enum gc_code set_up(CURL *easy, const struct gc_connect *c,
                           const char *url, char *words,
                           struct gc_inspection *ret) {
  GC_TRY(gc_curl_set_options(easy, c, url, &ret->err));
  bool tunnels = strncasecmp(url, "https:", 6) == 0;
  if (curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
      curl_easy_setopt(easy, CURLOPT_CONNECT_ONLY, 1L) == CURLE_OK &&
      curl_easy_setopt(easy, CURLOPT_CERTINFO, 1L) == CURLE_OK &&
      curl_easy_setopt(easy, CURLOPT_HTTPPROXYTUNNEL, tunnels ? 1L : 0L) ==
          CURLE_OK &&
      curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, words) == CURLE_OK &&
      curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket) ==
          CURLE_OK &&
      curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, ret) == CURLE_OK)
    return GC_OK;
  return gc_fail(&ret->err, GC_ERR_MEMORY, "out of memory");
}

static void connect_once(CURLM *multi, CURL *easy, const struct gc_connect *c,
                         const char *url, uint32_t limit_ms,
                         struct gc_inspection *ret) {
  char words[CURL_ERROR_SIZE] = "";
  if (set_up(easy, c, url, words, ret) != GC_OK ||
      curl_multi_add_handle(multi, easy) != CURLM_OK)
    return;
  CURLcode code = gc_curl_connect(multi, -1, limit_ms);
  read_times(easy, ret);
  read_chain(easy, ret);
  ret->failed = GC_INSPECT_STEP_COUNT;
  ret->err.code = GC_OK;
  if (code != CURLE_OK) {
    const struct gc_curl_transfer f = {
        .easy = easy, .code = code, .words = words, .url = url, .connect = c};
    ret->failed = step_of(gc_curl_explain(&f, &ret->err), words);
  }
  (void)curl_multi_remove_handle(multi, easy);
}

/* Notes the numeric address of a socket that was connected. */
static int close_socket(void *ctx, curl_socket_t fd) {
  struct gc_inspection *peer = ctx;
  struct sockaddr_storage at;
  socklen_t len = sizeof(at);
  if (getpeername(fd, (struct sockaddr *)&at, &len) == 0)
    (void)getnameinfo((struct sockaddr *)&at, len, peer->address,
                      sizeof(peer->address), NULL, 0, NI_NUMERICHOST);
  return close(fd);
}

void gc_http_inspect(const struct gc_connect *c, const char *url,
                     uint32_t limit_ms, struct gc_inspection *ret) {
  struct gc_inspection peer = {.address = ""};
  CURLM *multi = curl_multi_init();
  CURL *easy = curl_easy_init();
  *ret = (struct gc_inspection){.failed = GC_INSPECT_DNS};
  (void)gc_fail(&ret->err, GC_ERR_MEMORY, "out of memory");
  gc_proxy_describe(c, url, ret->proxy, sizeof(ret->proxy));
  if (multi != NULL && easy != NULL &&
      curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket) ==
          CURLE_OK &&
      curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, &peer) == CURLE_OK)
    connect_once(multi, easy, c, url, limit_ms, ret);
  curl_easy_cleanup(easy);
  (void)curl_multi_cleanup(multi);
  if (ret->failed == GC_INSPECT_TCP && peer.address[0] != '\0') {
    ret->failed = GC_INSPECT_TLS;
    memcpy(ret->address, peer.address, sizeof(ret->address));
  }
}
