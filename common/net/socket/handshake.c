/* SPDX-License-Identifier: MIT */
#include "common/net/socket/handshake.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <curl/curl.h>
#include <openssl/evp.h>

#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/base64.h"
#include "common/base/policy/retry.h"
#include "common/base/span.h"
#include "common/base/url.h"
#include "common/genesys/token.h"
#include "common/net/clock.h"
#include "common/net/http/curl_error.h"
#include "gc_config.h"

/* The server hashes the request's key followed by this. */
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define NOT_HTTP "the server does not speak HTTP/1.1"

enum {
  KEY_SIZE = 25, /* base64 of 16 bytes, with the NUL */
  IN_MAX_BYTES = GC_WS_HEAD_MAX_BYTES + GC_WS_BODY_MAX_BYTES + 1,
  EXCERPT_BYTES = 121, /* bytes of the server's words */
};

/* ---- the request ---- */

static void free_part(char **part) { curl_free(*part); }

static bool is_printable(const char *text) {
  while (gc_is_printable(*text))
    text++;
  return *text == '\0';
}

/* Returns NULL, or the reason why the address cannot be used. `u` then has the
 * scheme of HTTP. */
static const char *read_address(CURLU *u, const char *url) {
  static const char *const schemes[][2] = {
      {"wss", "https"}, {"https", "https"}, {"ws", "http"}, {"http", "http"}};
  GC_AUTO(free_part) char *scheme = NULL;
  GC_AUTO(free_part) char *host = NULL;
  const char *to = NULL, *slashes = strstr(url, "://");
  if (!is_printable(url) || strchr(url, ' ') != NULL)
    return "it holds a character that must not be in an address";
  /* libcurl accepts one slash, and three. */
  if (slashes == NULL || slashes[3] == '/' ||
      curl_url_set(u, CURLUPART_URL, url,
                   CURLU_NON_SUPPORT_SCHEME | CURLU_DISALLOW_USER |
                       CURLU_PATH_AS_IS) != CURLUE_OK ||
      curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
      curl_url_get(u, CURLUPART_HOST, &host, 0) != CURLUE_OK)
    return "host and port cannot be read";
  for (size_t i = 0; i < GC_COUNT(schemes); i++)
    if (strcasecmp(scheme, schemes[i][0]) == 0)
      to = schemes[i][1];
  if (to == NULL || curl_url_set(u, CURLUPART_SCHEME, to, 0) != CURLUE_OK)
    return "it does not begin with wss:// (or ws:// for loopback)";
  if (strcmp(to, "http") == 0 && !gc_host_is_loopback(host, strlen(host)))
    return "without TLS it must be loopback";
  return NULL;
}

static enum gc_code write_request(CURLU *u, const char *key,
                                  const char *const *headers,
                                  struct gc_buf *out, struct gc_err *err) {
  GC_AUTO(free_part)
  char *path = NULL, *query = NULL, *host = NULL, *port = NULL;
  (void)curl_url_get(u, CURLUPART_PATH, &path, 0);
  (void)curl_url_get(u, CURLUPART_QUERY, &query, 0);
  (void)curl_url_get(u, CURLUPART_HOST, &host, 0);
  (void)curl_url_get(u, CURLUPART_PORT, &port, CURLU_NO_DEFAULT_PORT);
  if (path == NULL || host == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory for a WebSocket");
  enum gc_code code = gc_buf_print(
      out,
      "GET %s%s%s HTTP/1.1\r\nHost: %s%s%s\r\n"
      "Upgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n"
      "User-Agent: collectd-genesys/" PACKAGE_VERSION "\r\n",
      path, query != NULL ? "?" : "", query != NULL ? query : "", host,
      port != NULL ? ":" : "", port != NULL ? port : "", key);
  for (; code == GC_OK && headers != NULL && *headers != NULL; headers++)
    code = is_printable(*headers) /* a line break begins another header */
               ? gc_buf_print(out, "%s\r\n", *headers)
               : gc_fail(err, GC_ERR_CONFIG,
                         "the header \"%.*s\" cannot be sent with a WebSocket",
                         (int)strcspn(*headers, ":"), *headers);
  if (code == GC_OK)
    code = gc_buf_text(out, "\r\n");
  return code == GC_OK || code == GC_ERR_CONFIG
             ? code
             : gc_fail(err, code, "no request for a WebSocket: %s",
                       gc_code_words(code));
}

/* Keeps the "ID" of "wss://host/channels/ID?query". */
static void keep_secret(struct gc_ws_handshake *h, const char *url) {
  size_t end = strcspn(url, "?#"), begin = end;
  while (begin > 0 && url[begin - 1] != '/')
    begin--;
  snprintf(h->secret, sizeof(h->secret), "%.*s", (int)(end - begin),
           url + begin);
}

/* Sets the hash of the key with which the server proves that it has read the
 * request, and the part of the address that may be shown. */
static enum gc_code expect_answer(struct gc_ws_handshake *h, CURLU *u,
                                  const char *key, struct gc_err *err) {
  char salted[KEY_SIZE + sizeof(GUID)];
  uint8_t sha1[EVP_MAX_MD_SIZE];
  GC_AUTO(free_part) char *origin = NULL;
  int len = snprintf(salted, sizeof(salted), "%s%s", key, GUID);
  if (EVP_Digest(salted, (size_t)len, sha1, NULL, EVP_sha1(), NULL) != 1)
    return gc_fail(err, GC_ERR_CONFIG,
                   "this host's OpenSSL has no SHA-1, which a WebSocket needs");
  gc_base64_write(sha1, 20, h->accept);
  if (curl_url_set(u, CURLUPART_PATH, "/", 0) != CURLUE_OK ||
      curl_url_set(u, CURLUPART_QUERY, NULL, 0) != CURLUE_OK ||
      curl_url_set(u, CURLUPART_FRAGMENT, NULL, 0) != CURLUE_OK ||
      curl_url_get(u, CURLUPART_URL, &origin, CURLU_DEFAULT_PORT) != CURLUE_OK)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory for a WebSocket");
  h->origin = gc_strdup(origin);
  return GC_OK;
}

enum gc_code gc_ws_handshake_begin(struct gc_ws_handshake *h, const char *url,
                                   const char *const *headers,
                                   const uint8_t random[16], struct gc_buf *out,
                                   struct gc_err *err) {
  char key[KEY_SIZE];
  CURLU *u = curl_url();
  *h = (struct gc_ws_handshake){.state = GC_WS_WAITS, .why = ""};
  h->in = gc_zalloc(IN_MAX_BYTES, 1);
  gc_base64_write(random, 16, key);
  const char *wrong = u != NULL ? read_address(u, url) : "out of memory";
  enum gc_code code = GC_OK;
  if (wrong != NULL)
    code = gc_fail(err, GC_ERR_CONFIG,
                   "the address of a WebSocket cannot be used: %s", wrong);
  else
    code = write_request(u, key, headers, out, err);
  if (code == GC_OK)
    code = expect_answer(h, u, key, err);
  keep_secret(h, url);
  curl_url_cleanup(u);
  return code;
}

void gc_ws_handshake_clear(struct gc_ws_handshake *h) {
  free(h->origin);
  if (h->in != NULL)
    explicit_bzero(h->in, IN_MAX_BYTES);
  free(h->in);
  explicit_bzero(h, sizeof(*h));
}

/* ---- the answer's head ---- */

static void decide_answer(struct gc_ws_handshake *h, enum gc_ws_answer state,
                          const char *why) {
  h->state = state;
  h->why = why;
}

static void decide_refusal(struct gc_ws_handshake *h) {
  decide_answer(h, GC_WS_REFUSED, "");
  if (h->excerpt_len > 0 && h->excerpt[h->excerpt_len - 1] == ' ')
    h->excerpt[--h->excerpt_len] = '\0';
}

/* True if a list has a word: "keep-alive, Upgrade" has "upgrade". */
static bool has_word(struct gc_span list, const char *word) {
  while (list.len > 0) {
    const char *comma = memchr(list.at, ',', list.len);
    size_t len = comma != NULL ? (size_t)(comma - list.at) : list.len;
    if (gc_span_is(gc_span_trim(list.at, len), word))
      return true;
    len += comma != NULL;
    list.at += len;
    list.len -= len;
  }
  return false;
}

/* Reads a number of digits only. Digits after a value of UINT32_MAX or more do
 * not count. */
static bool read_length(struct gc_span s, uint64_t *ret) {
  uint64_t value = 0;
  for (size_t i = 0; i < s.len; i++) {
    if (!gc_is_digit(s.at[i]))
      return false;
    if (value < UINT32_MAX)
      value = value * 10 + (uint64_t)(s.at[i] - '0');
  }
  *ret = value;
  return s.len > 0;
}

/* Reads a line such as "HTTP/1.1 101 Switching Protocols". */
static void take_status_line(struct gc_ws_handshake *h, struct gc_span line) {
  bool is_status = line.len >= 12 && line.at[8] == ' ' &&
                   (line.len == 12 || line.at[12] == ' ');
  uint64_t status = 0;
  if (!is_status || !read_length((struct gc_span){line.at + 9, 3}, &status) ||
      status < 100) {
    decide_answer(h, GC_WS_WRONG, NOT_HTTP);
    return;
  }
  h->head.reply.status = (int)status;
  h->head.is_http11 = line.at[7] != '0';
}

static void take_field(struct gc_ws_handshake *h, struct gc_span name,
                       struct gc_span value) {
  struct gc_ws_head *a = &h->head;
  if (gc_span_is(name, "Upgrade"))
    a->has_upgrade |= gc_span_is(value, "websocket");
  else if (gc_span_is(name, "Connection"))
    a->has_connection |= has_word(value, "upgrade");
  else if (gc_span_is(name, "Sec-WebSocket-Accept")) {
    a->accepts++;
    a->right_accepts += value.len == GC_WS_ACCEPT_SIZE - 1 &&
                        memcmp(value.at, h->accept, value.len) == 0;
  } else if (gc_span_is(name, "Sec-WebSocket-Extensions"))
    a->has_extension |= value.len > 0;
  else if (gc_span_is(name, "Sec-WebSocket-Protocol"))
    a->has_protocol |= value.len > 0;
  else if (gc_span_is(name, "Transfer-Encoding"))
    a->is_chunked |= has_word(value, "chunked");
  else if (gc_span_is(name, "Content-Length"))
    a->has_length |= read_length(value, &a->length);
}

/* Returns the rule of section 4.1 ("the client MUST validate") that the answer
 * breaks; NULL: none. */
static const char *handshake_error(const struct gc_ws_head *a) {
  if (!a->is_http11)
    return "101 from a server of HTTP/1.0, which knows no upgrade";
  if (!a->has_upgrade)
    return "101 without \"Upgrade: websocket\": something between collectd and "
           "the server does not know WebSockets";
  if (!a->has_connection)
    return "101 without \"Connection: Upgrade\": something between collectd "
           "and the server does not know WebSockets";
  if (a->accepts == 0)
    return "101 without Sec-WebSocket-Accept";
  if (a->accepts > 1 || a->right_accepts != 1)
    return "101 with a Sec-WebSocket-Accept that does not match the request's "
           "key: another request was answered, from a cache perhaps";
  if (a->has_extension)
    return "101 with an extension that was not requested";
  if (a->has_protocol)
    return "101 with a sub-protocol that was not requested";
  return NULL;
}

static void end_head(struct gc_ws_handshake *h) {
  const struct gc_ws_head *a = &h->head;
  int status = a->reply.status;
  h->head.is_ended = true;
  if (status == 101) {
    const char *wrong = handshake_error(a);
    decide_answer(h, wrong != NULL ? GC_WS_WRONG : GC_WS_OPENED,
                  wrong != NULL ? wrong : "");
  } else if (status < 200) { /* 100 Continue, 103 Early Hints: the answer
                                follows */
    h->head = (struct gc_ws_head){.is_ended = false};
  } else if (status == 204 || status == 304) {
    decide_refusal(h);
  }
}

/* Takes a complete line without its LF. A line that is not a field is skipped:
 * only a few fields matter, and folding is obsolete (RFC 9112, 5.2). */
static void take_line(struct gc_ws_handshake *h, struct gc_span line) {
  if (line.len > 0 && line.at[line.len - 1] == '\r')
    line.len--;
  if (gc_reply_headers_read(&h->head.headers, line.at, line.len,
                            &h->head.reply) != GC_OK)
    return; /* the limit here is lower */
  const char *colon = memchr(line.at, ':', line.len);
  size_t name_len = colon != NULL ? (size_t)(colon - line.at) : 0;
  if (h->head.reply.status == 0)
    take_status_line(h, line);
  else if (line.len == 0)
    end_head(h);
  else if (colon != NULL)
    take_field(h, (struct gc_span){line.at, name_len},
               gc_span_trim(colon + 1, line.len - name_len - 1));
}

/* ---- a refusal's body ---- */

static void take_text(struct gc_ws_handshake *h, const char *text, size_t len) {
  for (size_t i = 0; i < len && h->excerpt_len < GC_WS_EXCERPT_MAX; i++) {
    bool is_gap = !gc_is_printable(text[i]) || text[i] == ' ';
    if (is_gap &&
        (h->excerpt_len == 0 || h->excerpt[h->excerpt_len - 1] == ' '))
      continue;
    h->excerpt[h->excerpt_len++] = is_gap ? ' ' : text[i];
  }
  h->excerpt[h->excerpt_len] = '\0';
}

/* Reads chunks (RFC 9112, 7.1): "1a;name=value CRLF data CRLF … 0 CRLF". True
 * if the last one has come. */
static bool take_chunks(struct gc_ws_handshake *h, const char *p,
                        const char *end) {
  const char *lf;
  while ((lf = memchr(p, '\n', (size_t)(end - p))) != NULL) {
    size_t size = 0, have = (size_t)(end - lf - 1);
    for (; gc_hex_value(*p) >= 0 && size < IN_MAX_BYTES; p++)
      size = size * 16 + (size_t)gc_hex_value(*p);
    if (size == 0)
      return true;
    take_text(h, lf + 1, size < have ? size : have);
    if (size >= have)
      return false;
    p = memchr(lf + 1 + size, '\n', have - size);
    if (p == NULL)
      return false;
    p++;
  }
  return false;
}

static void take_body(struct gc_ws_handshake *h, const char *p,
                      const char *end) {
  const struct gc_ws_head *a = &h->head;
  size_t len = (size_t)(end - p);
  bool is_whole = false;
  h->excerpt_len = 0;
  if (a->is_chunked) {
    is_whole = take_chunks(h, p, end);
  } else {
    is_whole = a->has_length && len >= a->length;
    take_text(h, p, is_whole ? (size_t)a->length : len);
  }
  if (is_whole || h->excerpt_len == GC_WS_EXCERPT_MAX ||
      len >= GC_WS_BODY_MAX_BYTES)
    decide_refusal(h);
}

/* ---- the answer ---- */

/* Reads the answer from its first byte. Returns the length of its head. */
static size_t read_answer(struct gc_ws_handshake *h) {
  static const char begin[] = "HTTP/1.";
  const char *p = h->in, *end = h->in + h->in_len, *lf;
  h->head = (struct gc_ws_head){.is_ended = false};
  while (h->state == GC_WS_WAITS && !h->head.is_ended && p < end) {
    size_t left = (size_t)(end - p), known = sizeof(begin) - 1;
    if (h->head.reply.status == 0 &&
        memcmp(p, begin, left < known ? left : known) != 0)
      decide_answer(h, GC_WS_WRONG, NOT_HTTP);
    lf = memchr(p, '\n', left);
    if (lf == NULL || h->state != GC_WS_WAITS)
      break;
    take_line(h, (struct gc_span){p, (size_t)(lf - p)});
    p = lf + 1;
  }
  size_t head_len = (size_t)(p - h->in);
  if (h->state != GC_WS_WRONG &&
      (h->head.is_ended ? head_len : h->in_len) > GC_WS_HEAD_MAX_BYTES)
    decide_answer(h, GC_WS_LARGE, "the answer's header is larger than 16 KB");
  else if (h->state == GC_WS_WAITS && h->head.is_ended)
    take_body(h, p, end);
  return head_len;
}

size_t gc_ws_handshake_next(struct gc_ws_handshake *h, const char *in,
                            size_t len) {
  size_t before = h->in_len, room = IN_MAX_BYTES - before;
  if (h->state != GC_WS_WAITS)
    return 0;
  if (len > room)
    len = room;
  memcpy(h->in + before, in, len);
  h->in_len += len;
  size_t head_len = read_answer(h);
  return h->state == GC_WS_OPENED ? head_len - before : len;
}

void gc_ws_handshake_end(struct gc_ws_handshake *h) {
  if (h->state == GC_WS_WAITS && h->head.reply.status >= 200)
    decide_refusal(h);
}

/* ---- the meaning of a refusal ---- */

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

void gc_ws_handshake_explain(struct gc_ws_handshake *h,
                             struct gc_ws_end *ret_end, struct gc_err *err) {
  struct gc_reply *reply = &h->head.reply;
  char wait[48] = "", excerpt[EXCERPT_BYTES];
  gc_reply_headers_end(&h->head.headers, gc_clock_wall_ms(), reply);
  if (reply->has_retry_after)
    snprintf(wait, sizeof(wait), "; asks to wait %u s", reply->retry_after_s);
  gc_text_hide(h->excerpt, h->secret);
  describe_body(h->excerpt, excerpt, sizeof(excerpt));
  enum gc_code code = gc_retry_decide(reply).code;
  gc_curl_fail(h->origin, GC_FAILURE_NONE, err,
               "no WebSocket: the server answered %d%s%s%s%s%s", reply->status,
               excerpt[0] != '\0' ? ": " : "", excerpt, wait,
               reply->correlation[0] != '\0' ? "; correlation id " : "",
               reply->correlation);
  err->code = code != GC_OK ? code : GC_ERR_PARSE;
  *ret_end = (struct gc_ws_end){.http_status = reply->status,
                                .has_retry_after = reply->has_retry_after,
                                .retry_after_s = reply->retry_after_s};
}
