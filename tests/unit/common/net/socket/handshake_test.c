/* SPDX-License-Identifier: MIT */
/* The answer to the request that opens a WebSocket. */
#include "common/net/socket/handshake.h"

#include <stdlib.h>

#include "common/base/buf.h"
#include "tests/support/check.h"

/* Section 1.3 of RFC 6455. */
static const uint8_t nonce[16] = "the sample nonce";
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"

static void begin_handshake(struct gc_ws_handshake *h) {
  GC_AUTO(gc_buf_clear) struct gc_buf request = {.max = 4096};
  struct gc_err err;
  CHECK_INT(
      gc_ws_handshake_begin(h, "wss://h/s3cret", NULL, nonce, &request, &err),
      GC_OK);
}

/* Feeds pieces of `piece` bytes, each in memory of its own; returns how many
 * bytes were taken. The caller clears `h`. */
static size_t feed_handshake(struct gc_ws_handshake *h, const char *bytes,
                             size_t len, size_t piece) {
  size_t took = 0;
  begin_handshake(h);
  while (took < len && h->state == GC_WS_WAITS) {
    size_t part = piece < len - took ? piece : len - took;
    char *copy = malloc(part);
    memcpy(copy, bytes + took, part);
    took += gc_ws_handshake_next(h, copy, part);
    free(copy);
  }
  return took;
}

static const size_t pieces[] = {SIZE_MAX, 1, 2, 7, 100};

struct row {
  const char *name, *bytes;
  enum gc_ws_answer state;
  int status;
  const char *why;
  size_t left; /* of the bytes, for the first frame */
};

static void check_rows(const struct row *rows, size_t count) {
  for (size_t i = 0; i < count; i++)
    for (size_t n = 0; n < GC_COUNT(pieces); n++) {
      struct gc_ws_handshake h;
      char name[128];
      snprintf(name, sizeof(name), "%s, pieces of %zd", rows[i].name,
               (ssize_t)pieces[n]);
      CHECK_ROW(name);
      size_t len = strlen(rows[i].bytes);
      size_t took = feed_handshake(&h, rows[i].bytes, len, pieces[n]);
      CHECK_INT(h.state, rows[i].state);
      CHECK_INT(h.head.reply.status, rows[i].status);
      CHECK_HAS(h.why, rows[i].why);
      if (rows[i].state == GC_WS_OPENED)
        CHECK_INT(len - took, rows[i].left);
      gc_ws_handshake_clear(&h);
    }
}

#define UP "Upgrade: websocket\r\n"
#define CO "Connection: Upgrade\r\n"
#define S101 "HTTP/1.1 101 Switching Protocols\r\n"

static void a_correct_answer_opens_the_socket(void) {
  static const struct row rows[] = {
      {"the standard's", S101 UP CO ACCEPT "\r\n", GC_WS_OPENED, 101, "", 0},
      {"bytes behind it", S101 UP CO ACCEPT "\r\n\x81\x02hi", GC_WS_OPENED, 101,
       "", 4},
      {"other case, other order, no blanks",
       "HTTP/1.1 101 \r\nCONNECTION:upgrade\r\nsec-websocket-accept:"
       "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nupgrade:WebSocket\r\n\r\n",
       GC_WS_OPENED, 101, "", 0},
      {"no words", "HTTP/1.1 101\r\n" UP CO ACCEPT "\r\n", GC_WS_OPENED, 101,
       "", 0},
      {"a list", S101 UP "Connection: keep-alive , Upgrade\r\n" ACCEPT "\r\n",
       GC_WS_OPENED, 101, "", 0},
      {"two lines", S101 UP "Connection: keep-alive\r\n" CO ACCEPT "\r\n",
       GC_WS_OPENED, 101, "", 0},
      {"bare line feeds",
       "HTTP/1.1 101 x\nUpgrade: websocket\nConnection: Upgrade\n"
       "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\n\nrest",
       GC_WS_OPENED, 101, "", 4},
      {"others and junk",
       S101 "Server: x\r\n" UP "junk\r\n" CO "Date: today\r\n" ACCEPT
            "Content-Length: 7\r\n\r\n",
       GC_WS_OPENED, 101, "", 0},
      {"after interim answers",
       "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nUpgrade: "
       "h2c\r\n\r\n" S101 UP CO ACCEPT "\r\n",
       GC_WS_OPENED, 101, "", 0},
      {"empty extension and protocol",
       S101 UP CO ACCEPT
       "Sec-WebSocket-Extensions:\r\nSec-WebSocket-Protocol: \r\n\r\n",
       GC_WS_OPENED, 101, "", 0},
      {"no end yet", S101 UP CO ACCEPT, GC_WS_WAITS, 101, "", 0},
      {"half a status line", "HTTP/1.1 1", GC_WS_WAITS, 0, "", 0},
  };
  check_rows(rows, GC_COUNT(rows));
}

static void a_101_that_breaks_a_rule_is_named(void) {
  static const struct row rows[] = {
      {"no upgrade", S101 CO ACCEPT "\r\n", GC_WS_WRONG, 101,
       "without \"Upgrade: websocket\"", 0},
      {"another upgrade", S101 "Upgrade: h2c\r\n" CO ACCEPT "\r\n", GC_WS_WRONG,
       101, "without \"Upgrade: websocket\"", 0},
      {"no connection", S101 UP ACCEPT "\r\n", GC_WS_WRONG, 101,
       "without \"Connection: Upgrade\"", 0},
      {"another connection", S101 UP "Connection: keep-alive\r\n" ACCEPT "\r\n",
       GC_WS_WRONG, 101, "without \"Connection: Upgrade\"", 0},
      {"no accept", S101 UP CO "\r\n", GC_WS_WRONG, 101,
       "without Sec-WebSocket-Accept", 0},
      {"wrong accept",
       S101 UP CO "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
       GC_WS_WRONG, 101, "not match the request's key", 0},
      {"cut accept",
       S101 UP CO "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo\r\n\r\n",
       GC_WS_WRONG, 101, "not match the request's key", 0},
      {"longer accept",
       S101 UP CO "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=x\r\n\r\n",
       GC_WS_WRONG, 101, "not match the request's key", 0},
      {"empty accept", S101 UP CO "Sec-WebSocket-Accept:\r\n\r\n", GC_WS_WRONG,
       101, "not match the request's key", 0},
      {"two accepts", S101 UP CO ACCEPT ACCEPT "\r\n", GC_WS_WRONG, 101,
       "not match the request's key", 0},
      {"one right accept of two",
       S101 UP CO ACCEPT "Sec-WebSocket-Accept: x\r\n\r\n", GC_WS_WRONG, 101,
       "not match the request's key", 0},
      {"accept of an interim answer",
       "HTTP/1.1 100 x\r\n" ACCEPT "\r\n" S101 UP CO "\r\n", GC_WS_WRONG, 101,
       "without Sec-WebSocket-Accept", 0},
      {"folded accept",
       S101 UP CO
       "Sec-WebSocket-Accept:\r\n s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
       GC_WS_WRONG, 101, "not match the request's key", 0},
      {"extension",
       S101 UP CO ACCEPT "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
       GC_WS_WRONG, 101, "an extension", 0},
      {"sub-protocol", S101 UP CO ACCEPT "Sec-WebSocket-Protocol: wamp\r\n\r\n",
       GC_WS_WRONG, 101, "a sub-protocol", 0},
      {"HTTP/1.0", "HTTP/1.0 101 x\r\n" UP CO ACCEPT "\r\n", GC_WS_WRONG, 101,
       "HTTP/1.0", 0},
  };
  check_rows(rows, GC_COUNT(rows));
}

static void an_answer_that_is_not_http_is_named_at_once(void) {
  static const char *const rows[] = {"S",
                                     "SSH-2.0-OpenSSH_9.2",
                                     "\x16\x03\x01",
                                     "\r\n",
                                     "HTTP/2 101",
                                     "HTTP/1.1\r\n",
                                     "HTTP/1.1 \r\n",
                                     "HTTP/1.1 1x1 \r\n",
                                     "HTTP/1.1 1012\r\n",
                                     "HTTP/1.1  101\r\n",
                                     "HTTP/1.1 012 x\r\n",
                                     "http/1.1 101 x\r\n"};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct row row = {
        rows[i], rows[i], GC_WS_WRONG, 0, "does not speak HTTP/1.1", 0};
    check_rows(&row, 1);
  }
}

/* ---- a refusal ---- */

static void a_refusal_keeps_what_an_operator_needs(void) {
  static const struct {
    const char *name, *bytes;
    enum gc_ws_answer state; /* before gc_ws_handshake_end */
    int status;
    const char *excerpt;
  } rows[] = {
      {"by length",
       "HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nno scope!more",
       GC_WS_REFUSED, 403, "no scope!"},
      {"no body", "HTTP/1.1 404 x\r\nContent-Length: 0\r\n\r\n", GC_WS_REFUSED,
       404, ""},
      {"204 has none", "HTTP/1.1 204 x\r\n\r\n", GC_WS_REFUSED, 204, ""},
      {"304 has none", "HTTP/1.1 304 x\r\nContent-Length: 9\r\n\r\n",
       GC_WS_REFUSED, 304, ""},
      {"200 is one too", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
       GC_WS_REFUSED, 200, "ok"},
      {"HTTP/1.0", "HTTP/1.0 503 x\r\nContent-Length: 2\r\n\r\nno",
       GC_WS_REFUSED, 503, "no"},
      {"until the end", "HTTP/1.1 500 x\r\n\r\nso it ", GC_WS_WAITS, 500,
       "so it"},
      {"the end comes early",
       "HTTP/1.1 500 x\r\nContent-Length: 100\r\n\r\ncut off", GC_WS_WAITS, 500,
       "cut off"},
      {"one printable line",
       "HTTP/1.1 400 x\r\nContent-Length: 29\r\n\r\n\r\n <p>\ta\x1b[31m "
       "\xc3\xa9"
       " b</p>\r\n\r\n  \t ",
       GC_WS_REFUSED, 400, "<p> a [31m b</p>"},
      {"chunks",
       "HTTP/1.1 400 x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
       "A;x=1\r\n0123456789\r\n0\r\n\r\n",
       GC_WS_REFUSED, 400, "abc0123456789"},
      {"chunks, not all",
       "HTTP/1.1 400 x\r\nTransfer-Encoding: chunked\r\n\r\n0c\r\nabcdef",
       GC_WS_WAITS, 400, "abcdef"},
      {"chunks win over a length",
       "HTTP/1.1 400 x\r\nContent-Length: 0\r\ntransfer-encoding: gzip, "
       "Chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
       GC_WS_REFUSED, 400, "a"},
      {"chunks win over another length",
       "HTTP/1.1 400 x\r\nTransfer-Encoding: chunked\r\nContent-Length: 5"
       "\r\n\r\n2\r\nab\r\n0\r\n\r\n",
       GC_WS_REFUSED, 400, "ab"},
      {"not a length", "HTTP/1.1 400 x\r\nContent-Length: -1\r\n\r\nabc",
       GC_WS_WAITS, 400, "abc"},
      {"a broken chunk size",
       "HTTP/1.1 400 x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc",
       GC_WS_REFUSED, 400, ""},
      {"the header is cut off", "HTTP/1.1 429 x\r\nRetry-Af", GC_WS_WAITS, 429,
       ""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    for (size_t n = 0; n < GC_COUNT(pieces); n++) {
      struct gc_ws_handshake h;
      CHECK_ROW(rows[i].name);
      feed_handshake(&h, rows[i].bytes, strlen(rows[i].bytes), pieces[n]);
      CHECK_INT(h.state, rows[i].state);
      gc_ws_handshake_end(&h);
      CHECK_INT(h.state, GC_WS_REFUSED);
      CHECK_INT(h.head.reply.status, rows[i].status);
      CHECK_STR(h.excerpt, rows[i].excerpt);
      gc_ws_handshake_clear(&h);
    }
}

static void a_refusal_is_explained(void) {
  struct gc_ws_handshake h;
  struct gc_ws_end end;
  struct gc_err err;
  static const char in[] =
      "HTTP/1.1 103 Early Hints\r\nRetry-After: 7\r\n"
      "ININ-Correlation-Id: early\r\n\r\n"
      "HTTP/1.1 429 Too Many\r\nRetry-After:  Fri, 21 Nov 2025 07:28:00 GMT "
      "\r\ndate: Fri, 21 Nov 2025 07:27:00 GMT\r\n"
      "inin-correlation-id: a\x1b"
      "b-\xc3\xa9-1\r\nContent-Length: 6\r\n\r\ns3cret";
  feed_handshake(&h, in, strlen(in), SIZE_MAX);
  CHECK_INT(h.state, GC_WS_REFUSED);
  gc_ws_handshake_explain(&h, &end, &err);
  CHECK_INT(end.http_status, 429);
  CHECK(end.has_retry_after);
  CHECK_INT(end.retry_after_s, 60);
  CHECK_INT(err.code, GC_ERR_THROTTLED);
  CHECK_STR(err.text, "h:443: no WebSocket: the server answered 429: ***; asks "
                      "to wait 60 s; correlation id ab--1");
  gc_ws_handshake_clear(&h);
}

static void an_end_without_a_whole_answer_decides_nothing(void) {
  static const char *const rows[] = {"", "HTTP/1.1", S101 UP CO ACCEPT,
                                     "HTTP/1.1 100 Continue\r\n\r\n"};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_ws_handshake h;
    CHECK_ROW(rows[i]);
    feed_handshake(&h, rows[i], strlen(rows[i]), SIZE_MAX);
    gc_ws_handshake_end(&h);
    CHECK_INT(h.state, GC_WS_WAITS);
    gc_ws_handshake_clear(&h);
  }
}

/* ---- limits ---- */

static void a_body_has_its_limits(void) {
  static const struct {
    const char *name;
    char fill;
    size_t excerpt_len;
  } rows[] = {{"enough for the excerpt", 'x', GC_WS_EXCERPT_MAX},
              {"no excerpt", '\n', 0}};
  static const char head[] = "HTTP/1.1 500 x\r\nContent-Length: 99999\r\n\r\n";
  static char in[10000];
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    for (size_t n = 0; n < GC_COUNT(pieces); n++) {
      struct gc_ws_handshake h;
      CHECK_ROW(rows[i].name);
      memset(in, rows[i].fill, sizeof(in));
      memcpy(in, head, sizeof(head) - 1);
      feed_handshake(&h, in, sizeof(in), pieces[n]);
      CHECK_INT(h.state, GC_WS_REFUSED);
      CHECK_INT(strlen(h.excerpt), rows[i].excerpt_len);
      gc_ws_handshake_clear(&h);
    }
}

/* `count` lines of `len` bytes, then the fields that open the socket. */
static struct gc_buf long_head(size_t count, size_t len) {
  struct gc_buf b = {.max = 1 << 20};
  (void)!gc_buf_text(&b, S101 UP CO);
  for (size_t i = 0; i < count; i++) {
    (void)!gc_buf_text(&b, "Set-Cookie: ");
    for (size_t n = 14; n < len; n++)
      (void)!gc_buf_text(&b, "c");
    (void)!gc_buf_text(&b, "\r\n");
  }
  (void)!gc_buf_text(&b, ACCEPT "\r\n");
  return b;
}

static void a_header_has_its_limit(void) {
  static const struct {
    const char *name;
    size_t count, len;
    enum gc_ws_answer state;
  } rows[] = {{"one line of 10 KB", 1, 10000, GC_WS_OPENED},
              {"15 KB", 15, 1000, GC_WS_OPENED},
              {"17 KB", 17, 1000, GC_WS_LARGE},
              {"one line of 20 KB", 1, 20000, GC_WS_LARGE}};
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    for (size_t n = 0; n < GC_COUNT(pieces); n++) {
      struct gc_ws_handshake h;
      CHECK_ROW(rows[i].name);
      struct gc_buf b = long_head(rows[i].count, rows[i].len);
      feed_handshake(&h, b.data, b.len, pieces[n]);
      CHECK_INT(h.state, rows[i].state);
      if (rows[i].state == GC_WS_LARGE)
        CHECK_HAS(h.why, "16 KB");
      gc_ws_handshake_clear(&h);
      gc_buf_clear(&b);
    }
}

/* The limit is that of all headers together: the client does not wait for a
 * hundred thousand 100 Continue. */
static void interim_answers_have_no_limit_of_their_own(void) {
  struct gc_buf b = {.max = 1 << 20};
  while (b.len < 20000)
    (void)!gc_buf_text(&b, "HTTP/1.1 100 Continue\r\n\r\n");
  struct gc_ws_handshake h;
  feed_handshake(&h, b.data, b.len, SIZE_MAX);
  CHECK_INT(h.state, GC_WS_LARGE);
  gc_ws_handshake_clear(&h);
  gc_buf_clear(&b);
}

int main(void) {
  RUN(a_correct_answer_opens_the_socket);
  RUN(a_101_that_breaks_a_rule_is_named);
  RUN(an_answer_that_is_not_http_is_named_at_once);
  RUN(a_refusal_keeps_what_an_operator_needs);
  RUN(a_refusal_is_explained);
  RUN(an_end_without_a_whole_answer_decides_nothing);
  RUN(a_body_has_its_limits);
  RUN(a_header_has_its_limit);
  RUN(interim_answers_have_no_limit_of_their_own);
  return check_done();
}
