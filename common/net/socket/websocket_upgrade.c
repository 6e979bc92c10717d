/* SPDX-License-Identifier: MIT */
#include "common/net/socket/websocket_upgrade.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/base/policy/retry.h"
#include "common/base/websocket/handshake.h"
#include "common/genesys/token.h"
#include "common/net/clock.h"
#include "common/net/http/curl_error.h"
#include "common/net/http/headers.h"

#include "gc_config.h"

enum { EXCERPT_BYTES = 121 }; /* bytes of the server's words */

/* Prepares the handshake with the hash of the request's key, with which the
 * server proves that it has read the request. */
static enum gc_code expect_answer(struct gc_ws_handshake *h, const char *key,
                                  struct gc_err *err) {
  char salted[GC_WS_KEY_SIZE + sizeof(GC_WS_GUID)];
  uint8_t sha1[EVP_MAX_MD_SIZE];
  int len = snprintf(salted, sizeof(salted), "%s%s", key, GC_WS_GUID);
  if (EVP_Digest(salted, (size_t)len, sha1, NULL, EVP_sha1(), NULL) != 1)
    return gc_fail(err, GC_ERR_CONFIG,
                   "this host's OpenSSL has no SHA-1, which a WebSocket needs");
  gc_ws_handshake_begin(h, sha1, GC_CORRELATION_HEADER);
  return GC_OK;
}

/* Keeps the "ID" of "wss://host/channels/ID?query". */
static void keep_secret(struct gc_ws_handshake *h, const char *url) {
  size_t end = strcspn(url, "?#"), begin = end;
  while (begin > 0 && url[begin - 1] != '/')
    begin--;
  snprintf(h->secret, sizeof(h->secret), "%.*s", (int)(end - begin),
           url + begin);
}

enum gc_code gc_ws_upgrade_begin(const struct gc_ws_options *o,
                                 struct gc_ws_handshake *ret_handshake,
                                 struct gc_buf *out, struct gc_err *err) {
  struct gc_ws_request request = {.url = o->url,
                                  .user_agent =
                                      "collectd-genesys/" PACKAGE_VERSION,
                                  .headers = o->headers};
  for (size_t i = 0; i < sizeof(request.random); i += sizeof(uint32_t)) {
    uint32_t random32 = gc_random32();
    memcpy(request.random + i, &random32, sizeof(random32));
  }
  char key[GC_WS_KEY_SIZE];
  GC_TRY(gc_ws_request_write(&request, key, out, err));
  GC_TRY(expect_answer(ret_handshake, key, err));
  keep_secret(ret_handshake, o->url);
  return GC_OK;
}

/* Reads Retry-After in the same way as for any other answer. */
static void read_retry_after(const struct gc_ws_handshake *h,
                             struct gc_reply *reply) {
  char line[80];
  struct gc_reply_headers headers = {.is_open = true};
  snprintf(line, sizeof(line), "Date: %s", h->date);
  if (gc_reply_headers_read(&headers, line, strlen(line), reply) != GC_OK)
    return;
  memcpy(headers.retry_after, h->retry_after, sizeof(headers.retry_after));
  gc_reply_headers_end(&headers, gc_clock_wall_ms(), reply);
}

/* Writes the server's own words in place of raw JSON or HTML. */
static void describe_body(const char *body, char *out, size_t size) {
  gc_error_words(body, strlen(body), out, size);
  if (out[0] != '\0' || body[0] == '{')
    return;
  if (gc_error_is_page(body, strlen(body)))
    snprintf(out, size, "a page, as from a proxy, firewall or CDN");
  else
    snprintf(out, size, "%s", body);
}

void gc_ws_upgrade_refused(const struct gc_ws_handshake *h, const char *origin,
                           struct gc_ws_end *ret_end, struct gc_err *err) {
  struct gc_reply reply = {.status = h->status};
  read_retry_after(h, &reply);
  char wait[48] = "";
  if (reply.has_retry_after)
    snprintf(wait, sizeof(wait), "; asks to wait %u s", reply.retry_after_s);
  char words[320], body[sizeof(h->excerpt)], excerpt[EXCERPT_BYTES];
  memcpy(body, h->excerpt, sizeof(body));
  gc_text_hide(body, h->secret);
  describe_body(body, excerpt, sizeof(excerpt));
  snprintf(
      words, sizeof(words), "no WebSocket: the server answered %d%s%s%s%s%s",
      h->status, excerpt[0] != '\0' ? ": " : "", excerpt, wait,
      h->correlation[0] != '\0' ? "; correlation id " : "", h->correlation);
  gc_curl_fail(origin, GC_FAILURE_NONE, err, "%s", words);
  enum gc_code code = gc_retry_decide(&reply).code;
  err->code = code != GC_OK ? code : GC_ERR_PARSE;
  *ret_end = (struct gc_ws_end){.http_status = h->status,
                                .has_retry_after = reply.has_retry_after,
                                .retry_after_s = reply.retry_after_s};
}
