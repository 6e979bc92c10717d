/* SPDX-License-Identifier: MIT */
#include "common/base/websocket/handshake.h"

#include <string.h>

#include "common/base/ascii.h"
#include "common/base/base64.h"
#include "common/base/span.h"
#include "common/base/url.h"

#define NOT_HTTP "the server does not speak HTTP/1.1"

/* ---- the request ---- */

/* Headers that the request sets itself, or that would change its meaning. */
static const char *const ours[] = {
    "Host",       "Upgrade",           "Connection",     "Content-Length",
    "User-Agent", "Transfer-Encoding", "Sec-WebSocket-*"};

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* The parts of an address, as pointers into it. */
struct address {
  bool is_tls;
  const char *host;
  size_t host_len; /* with the brackets of an IPv6 address */
  const char *port;
  size_t port_len; /* 0: the default of the scheme */
  const char *path;
  size_t path_len; /* 0: "/"; with the query, without the fragment */
};

/* Returns the length of the scheme with "://", or 0 for another scheme. */
static size_t scheme_len(const char *url, bool *ret_tls) {
  static const struct {
    const char *begin;
    bool is_tls;
  } schemes[] = {{"wss://", true},
                 {"https://", true},
                 {"ws://", false},
                 {"http://", false}};
  for (size_t i = 0; i < GC_COUNT(schemes); i++) {
    size_t len = strlen(schemes[i].begin);
    if (strncasecmp(url, schemes[i].begin, len) == 0) {
      *ret_tls = schemes[i].is_tls;
      return len;
    }
  }
  return 0;
}

static size_t host_len(const char *text) {
  if (text[0] != '[')
    return strspn(text, ALNUM ".-_");
  size_t len = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
  return text[len] == ']' ? len + 1 : 0;
}

/* Returns NULL, or the reason why the address cannot be used. */
static const char *parse_address(const char *url, struct address *p) {
  size_t at = scheme_len(url, &p->is_tls);
  if (at == 0)
    return "it does not begin with wss:// (or ws:// for loopback)";
  for (const char *c = url; *c != '\0'; c++)
    if (*c <= ' ' || *c > '~')
      return "it holds a character that must not be in an address";

  p->host = url + at;
  p->host_len = host_len(p->host);
  p->port = p->host + p->host_len + (p->host[p->host_len] == ':');
  p->port_len = strspn(p->port, "0123456789");
  p->path = p->port + p->port_len;
  if (p->host_len == 0 || p->port_len > 5 ||
      (*p->path != '\0' && strchr("/?#", *p->path) == NULL))
    return "host and port cannot be read";
  p->path_len = strcspn(p->path, "#");
  if (!p->is_tls && !gc_host_is_loopback(p->host, p->host_len))
    return "without TLS it must be loopback";
  return NULL;
}

static bool is_default_port(const struct address *p) {
  const char *port = p->is_tls ? "443" : "80";
  return p->port_len == 0 || (p->port_len == strlen(port) &&
                              memcmp(p->port, port, p->port_len) == 0);
}

static enum gc_code write_address(const struct address *p, struct gc_buf *out) {
  bool has_slash = p->path_len > 0 && *p->path == '/';
  GC_TRY(gc_buf_text(out, has_slash ? "GET " : "GET /"));
  GC_TRY(gc_buf_add(out, p->path, p->path_len));
  GC_TRY(gc_buf_text(out, " HTTP/1.1\r\nHost: "));
  GC_TRY(gc_buf_add(out, p->host, p->host_len));
  if (!is_default_port(p)) {
    GC_TRY(gc_buf_text(out, ":"));
    GC_TRY(gc_buf_add(out, p->port, p->port_len));
  }
  return gc_buf_text(out, "\r\n");
}

static bool is_ours(const char *header, size_t name_len) {
  for (size_t i = 0; i < GC_COUNT(ours); i++) {
    size_t len = strlen(ours[i]);
    bool is_family = ours[i][len - 1] == '*';
    len -= is_family;
    if ((is_family ? name_len >= len : name_len == len) &&
        strncasecmp(header, ours[i], len) == 0)
      return true;
  }
  return false;
}

/* Writes one header. A line break in its value would begin another header. */
static enum gc_code write_header(const char *header, struct gc_buf *out,
                                 struct gc_err *err) {
  size_t name_len = strspn(header, ALNUM "!#$%&'*+-.^_`|~");
  bool is_clean = name_len > 0 && header[name_len] == ':';
  for (const char *c = header; *c != '\0'; c++)
    is_clean &= (unsigned char)*c >= ' ' && *c != 0x7f;
  if (!is_clean || is_ours(header, name_len))
    return gc_fail(err, GC_ERR_CONFIG,
                   "the header \"%.*s\" cannot be sent with a WebSocket",
                   name_len < 40 ? (int)name_len : 40, header);
  GC_TRY(gc_buf_text(out, header));
  return gc_buf_text(out, "\r\n");
}

static enum gc_code write_request(const struct gc_ws_request *r,
                                  const struct address *p, const char *key,
                                  struct gc_buf *out, struct gc_err *err) {
  GC_TRY(write_address(p, out));
  GC_TRY(gc_buf_print(out,
                      "Upgrade: websocket\r\n"
                      "Connection: Upgrade\r\n"
                      "Sec-WebSocket-Key: %s\r\n"
                      "Sec-WebSocket-Version: 13\r\n",
                      key));
  if (r->user_agent != NULL)
    GC_TRY(gc_buf_print(out, "User-Agent: %s\r\n", r->user_agent));
  for (size_t i = 0; r->headers != NULL && r->headers[i] != NULL; i++)
    GC_TRY(write_header(r->headers[i], out, err));
  return gc_buf_text(out, "\r\n");
}

enum gc_code gc_ws_request_write(const struct gc_ws_request *r,
                                 char ret_key[GC_WS_KEY_SIZE],
                                 struct gc_buf *out, struct gc_err *err) {
  struct address address;
  const char *wrong = parse_address(r->url, &address);
  if (wrong != NULL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "the address of a WebSocket cannot be used: %s", wrong);

  char key[GC_WS_KEY_SIZE];
  gc_base64_write(r->random, sizeof(r->random), key);
  enum gc_code code = write_request(r, &address, key, out, err);
  if (code == GC_OK)
    memcpy(ret_key, key, sizeof(key));
  else if (code != GC_ERR_CONFIG)
    gc_fail(err, code, "no request for a WebSocket: %s", gc_code_words(code));
  return code;
}

/* ---- the answer's header ---- */

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
  h->status = (int)status;
  h->is_http11 = line.at[7] != '0';
}

static void take_field(struct gc_ws_handshake *h, struct gc_span name,
                       struct gc_span value) {
  if (gc_span_is(name, "Upgrade"))
    h->has_upgrade |= gc_span_is(value, "websocket");
  else if (gc_span_is(name, "Connection"))
    h->has_connection |= has_word(value, "upgrade");
  else if (gc_span_is(name, "Sec-WebSocket-Accept")) {
    h->accepts++;
    h->right_accepts += value.len == GC_WS_ACCEPT_SIZE - 1 &&
                        memcmp(value.at, h->accept, value.len) == 0;
  } else if (gc_span_is(name, "Sec-WebSocket-Extensions"))
    h->has_extension |= value.len > 0;
  else if (gc_span_is(name, "Sec-WebSocket-Protocol"))
    h->has_protocol |= value.len > 0;
  else if (gc_span_is(name, "Retry-After"))
    gc_span_copy_printable(value, h->retry_after, sizeof(h->retry_after));
  else if (gc_span_is(name, "Date"))
    gc_span_copy_printable(value, h->date, sizeof(h->date));
  else if (h->correlation_name != NULL && gc_span_is(name, h->correlation_name))
    gc_span_copy_printable(value, h->correlation, sizeof(h->correlation));
  else if (gc_span_is(name, "Transfer-Encoding"))
    h->is_chunked |= has_word(value, "chunked");
  else if (gc_span_is(name, "Content-Length"))
    h->has_length |= read_length(value, &h->left);
}

/* Returns the rule of section 4.1 ("the client MUST validate") that the answer
 * breaks; NULL: none. */
static const char *handshake_error(const struct gc_ws_handshake *h) {
  if (!h->is_http11)
    return "101 from a server of HTTP/1.0, which knows no upgrade";
  if (!h->has_upgrade)
    return "101 without \"Upgrade: websocket\": something between collectd and "
           "the server does not know WebSockets";
  if (!h->has_connection)
    return "101 without \"Connection: Upgrade\": something between collectd "
           "and the server does not know WebSockets";
  if (h->accepts == 0)
    return "101 without Sec-WebSocket-Accept";
  if (h->accepts > 1 || h->right_accepts != 1)
    return "101 with a Sec-WebSocket-Accept that does not match the request's "
           "key: another request was answered, from a cache perhaps";
  if (h->has_extension)
    return "101 with an extension that was not requested";
  if (h->has_protocol)
    return "101 with a sub-protocol that was not requested";
  return NULL;
}

static void forget_interim_answer(struct gc_ws_handshake *h) {
  struct gc_ws_handshake fresh = {.head_bytes = h->head_bytes,
                                  .correlation_name = h->correlation_name,
                                  .why = ""};
  memcpy(fresh.accept, h->accept, sizeof(fresh.accept));
  memcpy(fresh.secret, h->secret, sizeof(fresh.secret));
  *h = fresh;
}

static void end_head(struct gc_ws_handshake *h) {
  if (h->status == 101) {
    const char *wrong = handshake_error(h);
    if (wrong != NULL)
      decide_answer(h, GC_WS_WRONG, wrong);
    else
      decide_answer(h, GC_WS_OPENED, "");
  } else if (h->status < 200) {
    forget_interim_answer(
        h); /* 100 Continue, 103 Early Hints: the answer follows */
  } else if (h->status == 204 || h->status == 304 ||
             (h->has_length && !h->is_chunked && h->left == 0)) {
    decide_refusal(h);
  } else {
    h->in_body = true;
    h->left = h->is_chunked ? 0 : h->left;
  }
}

/* Takes a complete line without its LF. A line that is not a field is skipped:
 * only a few fields matter, and folding is obsolete (RFC 9112, 5.2). */
static void take_line(struct gc_ws_handshake *h) {
  bool is_cut = h->line_len == sizeof(h->line);
  struct gc_span line = {h->line, h->line_len};
  if (line.len > 0 && line.at[line.len - 1] == '\r')
    line.len--;
  h->line_len = 0;
  if (h->status == 0) {
    take_status_line(h, line);
    return;
  }
  if (line.len == 0) {
    end_head(h);
    return;
  }
  const char *colon = memchr(line.at, ':', line.len);
  if (colon == NULL || is_cut)
    return;
  size_t name_len = (size_t)(colon - line.at);
  take_field(h, (struct gc_span){line.at, name_len},
             gc_span_trim(colon + 1, line.len - name_len - 1));
}

static void take_head_byte(struct gc_ws_handshake *h, char c) {
  static const char begin[] = "HTTP/1.";
  if (h->status == 0 && h->line_len < strlen(begin) && c != begin[h->line_len])
    decide_answer(h, GC_WS_WRONG, NOT_HTTP);
  else if (++h->head_bytes > GC_WS_HEAD_MAX_BYTES)
    decide_answer(h, GC_WS_LARGE, "the answer's header is larger than 16 KB");
  else if (c == '\n')
    take_line(h);
  else if (h->line_len < sizeof(h->line))
    h->line[h->line_len++] = c;
}

/* ---- a refusal's body ---- */

static void take_text_byte(struct gc_ws_handshake *h, char c) {
  size_t len = h->excerpt_len;
  bool is_gap = !gc_is_printable(c) || c == ' ';
  if (is_gap && (len == 0 || h->excerpt[len - 1] == ' '))
    return;
  h->excerpt[h->excerpt_len++] = is_gap ? ' ' : c;
  if (h->excerpt_len == GC_WS_EXCERPT_MAX)
    decide_refusal(h);
}

/* Reads chunks (RFC 9112, 7.1): "1a;name=value CRLF data CRLF … 0 CRLF". */
static void take_chunk_byte(struct gc_ws_handshake *h, char c) {
  switch (h->chunk) {
  case GC_CHUNK_SIZE:
  case GC_CHUNK_REST:
    if (c == '\n') {
      h->chunk = GC_CHUNK_DATA;
      if (h->left == 0)
        decide_refusal(h);
    } else if (gc_hex_value(c) < 0) {
      h->chunk = GC_CHUNK_REST;
    } else if (h->chunk == GC_CHUNK_SIZE && h->left < UINT32_MAX) {
      h->left = h->left * 16 + (uint64_t)gc_hex_value(c);
    }
    return;
  case GC_CHUNK_DATA:
    take_text_byte(h, c);
    if (--h->left == 0)
      h->chunk = GC_CHUNK_END;
    return;
  case GC_CHUNK_END:
    if (c == '\n')
      h->chunk = GC_CHUNK_SIZE;
    return;
  }
}

static void take_body_byte(struct gc_ws_handshake *h, char c) {
  if (h->is_chunked) {
    take_chunk_byte(h, c);
  } else {
    take_text_byte(h, c);
    if (h->has_length && --h->left == 0)
      decide_refusal(h);
  }
  if (++h->body_bytes == GC_WS_BODY_MAX_BYTES)
    decide_refusal(h);
}

void gc_ws_handshake_begin(struct gc_ws_handshake *h, const uint8_t sha1[20],
                           const char *correlation_name) {
  *h = (struct gc_ws_handshake){
      .state = GC_WS_WAITS, .correlation_name = correlation_name, .why = ""};
  gc_base64_write(sha1, 20, h->accept);
}

size_t gc_ws_handshake_next(struct gc_ws_handshake *h, const char *in,
                            size_t len) {
  size_t at = 0;
  while (h->state == GC_WS_WAITS && at < len) {
    char c = in[at++];
    if (h->in_body)
      take_body_byte(h, c);
    else
      take_head_byte(h, c);
  }
  return at;
}

void gc_ws_handshake_end(struct gc_ws_handshake *h) {
  if (h->state == GC_WS_WAITS && h->status >= 200)
    decide_refusal(h);
}
