/* SPDX-License-Identifier: MIT */
#include "common/base/websocket/handshake.h"

#include <string.h>
#include <strings.h>

#include "common/base/base64.h"

#define NOT_HTTP "what answers there does not speak HTTP/1.1"

struct span {
  const char *at;
  size_t len;
};

/* ---- the answer's header ---- */

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

static struct span trimmed(const char *at, size_t len) {
  while (len > 0 && is_blank(at[len - 1]))
    len--;
  while (len > 0 && is_blank(*at)) {
    at++;
    len--;
  }
  return (struct span){at, len};
}

static bool is_word(struct span s, const char *word) {
  return s.len == strlen(word) && strncasecmp(s.at, word, s.len) == 0;
}

/* "keep-alive, Upgrade" has "upgrade". */
static bool has_word(struct span list, const char *word) {
  while (list.len > 0) {
    const char *comma = memchr(list.at, ',', list.len);
    size_t len = comma != NULL ? (size_t)(comma - list.at) : list.len;
    if (is_word(trimmed(list.at, len), word))
      return true;
    len += comma != NULL;
    list.at += len;
    list.len -= len;
  }
  return false;
}

static bool is_printable(char c) { return c >= ' ' && c <= '~'; }

static void copy_printable(struct span s, char *out, size_t size) {
  size_t used = 0;
  for (size_t i = 0; i < s.len && used + 1 < size; i++)
    if (is_printable(s.at[i]))
      out[used++] = s.at[i];
  out[used] = '\0';
}

/* Digits only; too many of them are as many as there can be. */
static bool read_length(struct span s, uint64_t *ret) {
  uint64_t value = 0;
  for (size_t i = 0; i < s.len; i++) {
    if (s.at[i] < '0' || s.at[i] > '9')
      return false;
    if (value < UINT32_MAX)
      value = value * 10 + (uint64_t)(s.at[i] - '0');
  }
  *ret = value;
  return s.len > 0;
}

static void decide(struct gc_ws_handshake *h, enum gc_ws_answer state,
                   const char *why) {
  h->state = state;
  h->why = why;
}

static void refuse(struct gc_ws_handshake *h) {
  decide(h, GC_WS_REFUSED, "");
  if (h->excerpt_len > 0 && h->excerpt[h->excerpt_len - 1] == ' ')
    h->excerpt[--h->excerpt_len] = '\0';
}

/* "HTTP/1.1 101 Switching Protocols" */
static void take_status_line(struct gc_ws_handshake *h, struct span line) {
  bool is_status = line.len >= 12 && line.at[8] == ' ' &&
                   (line.len == 12 || line.at[12] == ' ');
  uint64_t status = 0;
  if (!is_status || !read_length((struct span){line.at + 9, 3}, &status) ||
      status < 100) {
    decide(h, GC_WS_WRONG, NOT_HTTP);
    return;
  }
  h->status = (int)status;
  h->is_http11 = line.at[7] != '0';
}

static void take_field(struct gc_ws_handshake *h, struct span name,
                       struct span value) {
  if (is_word(name, "Upgrade"))
    h->has_upgrade |= is_word(value, "websocket");
  else if (is_word(name, "Connection"))
    h->has_connection |= has_word(value, "upgrade");
  else if (is_word(name, "Sec-WebSocket-Accept")) {
    h->accepts++;
    h->right_accepts += value.len == GC_WS_ACCEPT_SIZE - 1 &&
                        memcmp(value.at, h->accept, value.len) == 0;
  } else if (is_word(name, "Sec-WebSocket-Extensions"))
    h->has_extension |= value.len > 0;
  else if (is_word(name, "Sec-WebSocket-Protocol"))
    h->has_protocol |= value.len > 0;
  else if (is_word(name, "Retry-After"))
    copy_printable(value, h->retry_after, sizeof(h->retry_after));
  else if (is_word(name, "Date"))
    copy_printable(value, h->date, sizeof(h->date));
  else if (is_word(name, "ININ-Correlation-Id"))
    copy_printable(value, h->correlation, sizeof(h->correlation));
  else if (is_word(name, "Transfer-Encoding"))
    h->is_chunked |= has_word(value, "chunked");
  else if (is_word(name, "Content-Length"))
    h->has_length |= read_length(value, &h->left);
}

/* Section 4.1, "the client MUST validate". NULL: all is well. */
static const char *what_is_wrong(const struct gc_ws_handshake *h) {
  if (!h->is_http11)
    return "101 from a server of HTTP/1.0, which knows no upgrade";
  if (!h->has_upgrade)
    return "101 without \"Upgrade: websocket\": something between us and the "
           "server does not know WebSockets";
  if (!h->has_connection)
    return "101 without \"Connection: Upgrade\": something between us and the "
           "server does not know WebSockets";
  if (h->accepts == 0)
    return "101 without Sec-WebSocket-Accept";
  if (h->accepts > 1 || h->right_accepts != 1)
    return "101 with a Sec-WebSocket-Accept that is not of our key: another "
           "request was answered, from a cache perhaps";
  if (h->has_extension)
    return "101 with an extension that we did not ask for";
  if (h->has_protocol)
    return "101 with a sub-protocol that we did not ask for";
  return NULL;
}

static void reset_store(struct gc_ws_handshake *h) {
  struct gc_ws_handshake fresh = {.head_bytes = h->head_bytes, .why = ""};
  memcpy(fresh.accept, h->accept, sizeof(fresh.accept));
  *h = fresh;
}

static void end_head(struct gc_ws_handshake *h) {
  if (h->status == 101) {
    const char *wrong = what_is_wrong(h);
    if (wrong != NULL)
      decide(h, GC_WS_WRONG, wrong);
    else
      decide(h, GC_WS_OPENED, "");
  } else if (h->status < 200) {
    reset_store(h); /* 100 Continue, 103 Early Hints: the answer follows */
  } else if (h->status == 204 || h->status == 304 ||
             (h->has_length && !h->is_chunked && h->left == 0)) {
    refuse(h);
  } else {
    h->in_body = true;
    h->left = h->is_chunked ? 0 : h->left;
  }
}

/* A line whole, without its LF. One that is no field is left out: the fields
 * that count are looked for, and folding is dead (RFC 9112, 5.2). */
static void take_line(struct gc_ws_handshake *h) {
  bool is_cut = h->line_len == sizeof(h->line);
  struct span line = {h->line, h->line_len};
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
  take_field(h, (struct span){line.at, name_len},
             trimmed(colon + 1, line.len - name_len - 1));
}

static void take_head_byte(struct gc_ws_handshake *h, char c) {
  static const char begin[] = "HTTP/1.";
  if (h->status == 0 && h->line_len < strlen(begin) && c != begin[h->line_len])
    decide(h, GC_WS_WRONG, NOT_HTTP);
  else if (++h->head_bytes > GC_WS_HEAD_MAX_BYTES)
    decide(h, GC_WS_LARGE, "the answer's header is larger than 16 KB");
  else if (c == '\n')
    take_line(h);
  else if (h->line_len < sizeof(h->line))
    h->line[h->line_len++] = c;
}

/* ---- a refusal's body ---- */

static void take_text_byte(struct gc_ws_handshake *h, char c) {
  size_t len = h->excerpt_len;
  bool is_gap = !is_printable(c) || c == ' ';
  if (is_gap && (len == 0 || h->excerpt[len - 1] == ' '))
    return;
  h->excerpt[h->excerpt_len++] = is_gap ? ' ' : c;
  if (h->excerpt_len == GC_WS_EXCERPT_MAX)
    refuse(h);
}

static int hex_digit(char c) {
  if (c >= '0' && c <= '9')
    return c - '0';
  if ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'))
    return (c | 0x20) - 'a' + 10;
  return -1;
}

/* RFC 9112, 7.1: "1a;name=value CRLF data CRLF … 0 CRLF". */
static void take_chunk_byte(struct gc_ws_handshake *h, char c) {
  switch (h->chunk) {
  case GC_CHUNK_SIZE:
  case GC_CHUNK_REST:
    if (c == '\n') {
      h->chunk = GC_CHUNK_DATA;
      if (h->left == 0)
        refuse(h);
    } else if (hex_digit(c) < 0) {
      h->chunk = GC_CHUNK_REST;
    } else if (h->chunk == GC_CHUNK_SIZE && h->left < UINT32_MAX) {
      h->left = h->left * 16 + (uint64_t)hex_digit(c);
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
      refuse(h);
  }
  if (++h->body_bytes == GC_WS_BODY_MAX_BYTES)
    refuse(h);
}

void gc_ws_handshake_begin(struct gc_ws_handshake *h, const uint8_t sha1[20]) {
  *h = (struct gc_ws_handshake){.state = GC_WS_WAITS, .why = ""};
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
    refuse(h);
}
