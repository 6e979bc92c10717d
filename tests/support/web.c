/* SPDX-License-Identifier: MIT */
#include "tests/support/web.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/gzip.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct request last;

struct request web_last(void) {
  pthread_mutex_lock(&lock);
  struct request copy = last;
  pthread_mutex_unlock(&lock);
  return copy;
}

static void keep_request(const struct request *r) {
  pthread_mutex_lock(&lock);
  last = *r;
  pthread_mutex_unlock(&lock);
}

static bool send_hello(struct conn *c, const struct request *r) {
  (void)r;
  return conn_say(c, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                     "Content-Length: 5\r\n\r\nhello");
}

static bool echo_body(struct conn *c, const struct request *r) {
  keep_request(r);
  return conn_say(c, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%s",
                  strcmp(r->method, "HEAD") == 0 ? (size_t)7 : r->body_len,
                  r->body);
}

/* Sends ten bytes, each in a packet of its own, status line and headers too. */
static bool byte_by_byte(struct conn *c, const struct request *r) {
  (void)r;
  const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"
                        "0123456789";
  for (size_t i = 0; i + 1 < sizeof(answer); i++)
    if (!conn_write(c, answer + i, 1))
      return false;
  return true;
}

static bool send_chunks(struct conn *c, const struct request *r) {
  (void)r;
  return conn_say(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "5\r\nfirst\r\n") &&
         conn_say(c, "7;x=y\r\n second\r\n") && conn_say(c, "0\r\n\r\n");
}

static bool cut_off(struct conn *c, const struct request *r) {
  (void)r;
  conn_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
  return false;
}

static bool not_http(struct conn *c, const struct request *r) {
  (void)r;
  conn_say(c, "SSH-2.0-OpenSSH_9.2\r\n\r\n");
  return false;
}

static bool bad_version(struct conn *c, const struct request *r) {
  (void)r;
  conn_say(c, "HTTP/7.3 200 OK\r\n\r\n");
  return false;
}

static bool hang_up(struct conn *c, const struct request *r) {
  (void)c;
  (void)r;
  return false;
}

static bool send_reset(struct conn *c, const struct request *r) {
  (void)r;
  conn_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
  conn_reset(c);
  return false;
}

static bool answer_never(struct conn *c, const struct request *r) {
  (void)r;
  conn_linger(c);
  return false;
}

static bool half_then_never(struct conn *c, const struct request *r) {
  (void)r;
  conn_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
  conn_linger(c);
  return false;
}

/* Sends 100 KB in ten pieces. */
static bool send_large(struct conn *c, const struct request *r) {
  bool is_error = strcmp(r->path, "/large-error") == 0;
  char piece[10240];
  memset(piece, 'x', sizeof(piece));
  bool goes = conn_say(c, "HTTP/1.1 %s\r\nContent-Length: 102400\r\n\r\n",
                       is_error ? "500 Oops" : "200 OK");
  for (int i = 0; i < 10 && goes; i++)
    goes = conn_write(c, piece, sizeof(piece));
  return goes;
}

static bool endless_error(struct conn *c, const struct request *r) {
  (void)r;
  char piece[10240];
  memset(piece, 'x', sizeof(piece));
  bool goes = conn_say(c, "HTTP/1.1 503 Oops\r\n\r\n");
  while (goes)
    goes = conn_write(c, piece, sizeof(piece));
  return false;
}

/* Sends the gzip of "hello, gzip" in one stored block (RFC 1951 3.2.4). */
static bool send_gzip(struct conn *c, const struct request *r) {
  static const unsigned char body[] = {
      0x1f, 0x8b, 8,    0,    0,    0,    0,   0,   0,   3,   1,   11,
      0,    0xf4, 0xff, 'h',  'e',  'l',  'l', 'o', ',', ' ', 'g', 'z',
      'i',  'p',  0x4a, 0x9b, 0xb1, 0x5c, 11,  0,   0,   0};
  keep_request(r);
  return conn_say(c,
                  "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                  "Content-Length: %zu\r\n\r\n",
                  sizeof(body)) &&
         conn_write(c, body, sizeof(body));
}

/* Sends "hello, gzip" in two members (RFC 1952 2.2), of one letter and of the
 * rest. */
static bool send_members(struct conn *c, const struct request *r) {
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 1000};
  (void)r;
  return gc_gzip("h", 1, &body) == GC_OK &&
         gc_gzip("ello, gzip", 10, &body) == GC_OK &&
         conn_say(c,
                  "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                  "Content-Length: %zu\r\n\r\n",
                  body.len) &&
         conn_write(c, body.data, body.len);
}

static bool send_brotli(struct conn *c, const struct request *r) {
  (void)r;
  return conn_say(c, "HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n"
                     "Content-Length: 3\r\n\r\nabc");
}

static bool cut_gzip(struct conn *c, const struct request *r) {
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 1000};
  (void)r;
  return gc_gzip("hello, gzip", 11, &body) == GC_OK &&
         conn_say(c,
                  "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
                  "Content-Length: %zu\r\n\r\n",
                  body.len - 4) &&
         conn_write(c, body.data, body.len - 4);
}

static bool not_gzip(struct conn *c, const struct request *r) {
  (void)r;
  conn_say(c, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n"
              "Content-Length: 11\r\n\r\nhello, gzip");
  return false;
}

/* A fixed-Huffman block: one zero byte, then without end the code "258 times
 * the byte before" of 13 bits (RFC 1951 3.2.5, 3.2.6): 160 MB in a megabyte. */
struct bits {
  uint32_t held;
  unsigned count;
  unsigned char out[65536];
  size_t len;
};

static void put_bits(struct bits *b, uint32_t bits, unsigned count) {
  for (unsigned i = count; i-- > 0;) {
    b->held |= ((bits >> i) & 1u) << b->count++;
    if (b->count == 8) {
      b->out[b->len++] = (unsigned char)b->held;
      b->held = b->count = 0;
    }
  }
}

static bool send_bomb(struct conn *c, const struct request *r) {
  static const unsigned char head[] = {0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3};
  bool is_error = strcmp(r->path, "/bomb-error") == 0;
  bool goes = conn_say(c, "HTTP/1.1 %s\r\nContent-Encoding: gzip\r\n\r\n",
                       is_error ? "500 Oops" : "200 OK") &&
              conn_write(c, head, sizeof(head));
  struct bits *b = calloc(1, sizeof(*b));
  if (b == NULL)
    return false;
  put_bits(b, 6, 3);    /* BFINAL 1, BTYPE 01 (its lowest bit first) */
  put_bits(b, 0x30, 8); /* literal 0 */
  for (long sent = 0; goes && sent < 1024 * 1024;) {
    while (b->len < sizeof(b->out) - 2)
      put_bits(b, 0xc5u << 5, 13); /* length 258 (code 285), distance 1 */
    goes = conn_write(c, b->out, b->len);
    sent += (long)b->len;
    b->len = 0;
  }
  free(b);
  return false;
}

static bool send_redirect(struct conn *c, const struct request *r) {
  (void)r;
  return conn_say(c, "HTTP/1.1 302 Found\r\nLocation: /hello\r\n"
                     "Content-Length: 9\r\n\r\nelsewhere");
}

static bool send_throttled(struct conn *c, const struct request *r) {
  const char *value = strchr(r->path, '?');
  char text[128] = "";
  snprintf(text, sizeof(text), "%s", value != NULL ? value + 1 : "");
  for (char *p = text; *p != '\0'; p++)
    if (*p == '+')
      *p = ' ';
  return conn_say(c,
                  "HTTP/1.1 429 Slow down\r\nRetry-After: %s\r\n"
                  "Date: Tue, 15 Nov 1994 08:12:31 GMT\r\n"
                  "ININ-Correlation-Id: 0a1b\tx\x01\x7f\xc3\xa9-2c3d\r\n"
                  "Content-Type: application/problem+json; charset=utf-8\r\n"
                  "Content-Length: 2\r\n\r\n{}",
                  text);
}

static bool send_continued(struct conn *c, const struct request *r) {
  (void)r;
  return conn_say(c, "HTTP/1.1 103 Early Hints\r\nRetry-After: 77\r\n"
                     "Content-Type: application/json\r\n\r\n") &&
         conn_say(c, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
                     "Content-Length: 2\r\n\r\nok");
}

static bool many_headers(struct conn *c, const struct request *r) {
  (void)r;
  bool goes = conn_say(c, "HTTP/1.1 200 OK\r\n");
  for (int i = 0; i < 10000 && goes; i++)
    goes = conn_say(c, "X-Filler-%d: aaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n", i);
  return false;
}

static bool long_header(struct conn *c, const struct request *r) {
  (void)r;
  char piece[8192];
  memset(piece, 'x', sizeof(piece));
  bool goes = conn_say(c, "HTTP/1.1 200 OK\r\nX-Long: ");
  for (int i = 0; i < 100 && goes; i++)
    goes = conn_write(c, piece, sizeof(piece));
  return false;
}

static bool wants_login(struct conn *c, const struct request *r) {
  (void)r;
  return conn_say(c, "HTTP/1.1 407 Who are you\r\nContent-Length: 0\r\n\r\n");
}

/* False: the connection ends. A question mark ends the path. */
static const struct {
  const char *path;
  bool (*answer)(struct conn *c, const struct request *r);
} pages[] = {
    {"/hello", send_hello},
    {"/echo", echo_body},
    {"/byte-by-byte", byte_by_byte},
    {"/chunked", send_chunks},
    {"/cut-off", cut_off},
    {"/not-http", not_http},
    {"/bad-version", bad_version},
    {"/hang-up", hang_up},
    {"/reset", send_reset},
    {"/never", answer_never},
    {"/half-then-never", half_then_never},
    {"/large", send_large},
    {"/large-error", send_large},
    {"/endless-error", endless_error},
    {"/gzip", send_gzip},
    {"/gzip-members", send_members},
    {"/gzip-cut", cut_gzip},
    {"/brotli", send_brotli},
    {"/not-gzip", not_gzip},
    {"/bomb", send_bomb},
    {"/bomb-error", send_bomb},
    {"/redirect", send_redirect},
    {"/throttled", send_throttled},
    {"/continued", send_continued},
    {"/many-headers", many_headers},
    {"/long-header", long_header},
    {"/wants-login", wants_login},
};

void web_serve(struct conn *c, void *ctx) {
  (void)ctx;
  struct request *r = malloc(sizeof(*r));
  for (bool goes = r != NULL; goes && conn_request(c, r);) {
    size_t len = strcspn(r->path, "?");
    goes = false;
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++)
      if (strlen(pages[i].path) == len &&
          strncmp(pages[i].path, r->path, len) == 0)
        goes = pages[i].answer(c, r);
  }
  free(r);
}
