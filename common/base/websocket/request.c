/* SPDX-License-Identifier: MIT */
#include "common/base/websocket/request.h"

#include <string.h>
#include <strings.h>

#include "common/base/base64.h"
#include "common/base/url.h"

/* What we set ourselves, or what would make the request another one. */
static const char *const ours[] = {
    "Host",       "Upgrade",           "Connection",     "Content-Length",
    "User-Agent", "Transfer-Encoding", "Sec-WebSocket-*"};

#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* An address taken apart; points into it. */
struct place {
  bool is_tls;
  const char *host;
  size_t host_len; /* with the brackets of an IPv6 address */
  const char *port;
  size_t port_len; /* 0: the scheme's own */
  const char *path;
  size_t path_len; /* 0: "/"; with the query, without the fragment */
};

/* Bytes of the scheme with "://", 0 when it is none of ours. */
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

/* NULL, or what is wrong with it. */
static const char *take_apart(const char *url, struct place *p) {
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

static bool is_default_port(const struct place *p) {
  const char *port = p->is_tls ? "443" : "80";
  return p->port_len == 0 || (p->port_len == strlen(port) &&
                              memcmp(p->port, port, p->port_len) == 0);
}

static enum gc_code write_place(const struct place *p, struct gc_buf *out) {
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

/* A line break in a value would be a header of somebody else's. */
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
                                  const struct place *p, const char *key,
                                  struct gc_buf *out, struct gc_err *err) {
  GC_TRY(write_place(p, out));
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
  struct place place;
  const char *wrong = take_apart(r->url, &place);
  if (wrong != NULL)
    return gc_fail(err, GC_ERR_CONFIG,
                   "the address of a WebSocket cannot be used: %s", wrong);

  char key[GC_WS_KEY_SIZE];
  gc_base64_write(r->random, sizeof(r->random), key);
  enum gc_code code = write_request(r, &place, key, out, err);
  if (code == GC_OK)
    memcpy(ret_key, key, sizeof(key));
  else if (code != GC_ERR_CONFIG)
    gc_fail(err, code, "no request for a WebSocket: %s", gc_code_words(code));
  return code;
}
