/* SPDX-License-Identifier: MIT */
/* The request that opens a WebSocket. */
#include "common/base/websocket/handshake.h"

#include "common/base/buf.h"
#include "tests/support/check.h"

static const uint8_t nonce[16] = "the sample nonce";

static enum gc_code write_request(const char *url, const char *const *headers,
                                  struct gc_buf *out, struct gc_err *err) {
  struct gc_ws_request r = {.url = url, .headers = headers};
  memcpy(r.random, nonce, sizeof(nonce));
  char key[GC_WS_KEY_SIZE] = "untouched";
  *out = (struct gc_buf){.max = 4096};
  enum gc_code code = gc_ws_request_write(&r, key, out, err);
  CHECK_STR(key, code == GC_OK ? "dGhlIHNhbXBsZSBub25jZQ==" : "untouched");
  return code;
}

static void the_request_is_that_of_the_standard(void) {
  static const char *const headers[] = {"Authorization: Bearer t0ken",
                                        "X-Empty:", NULL};
  struct gc_ws_request r = {.url =
                                "wss://streaming.mypurecloud.ie/channels/s-0",
                            .user_agent = "test/1",
                            .headers = headers};
  memcpy(r.random, nonce, sizeof(nonce));
  struct gc_buf out = {.max = 4096};
  char key[GC_WS_KEY_SIZE];
  CHECK_INT(gc_ws_request_write(&r, key, &out, NULL), GC_OK);
  CHECK_STR(key, "dGhlIHNhbXBsZSBub25jZQ=="); /* section 1.3 */
  CHECK_STR(gc_buf_string(&out),
            "GET /channels/s-0 HTTP/1.1\r\n"
            "Host: streaming.mypurecloud.ie\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n"
            "User-Agent: test/1\r\n"
            "Authorization: Bearer t0ken\r\n"
            "X-Empty:\r\n"
            "\r\n");
  gc_buf_clear(&out);
}

static void an_address_becomes_path_and_host(void) {
  static const struct {
    const char *url, *path, *host;
  } rows[] = {
      {"wss://h", "/", "h"},
      {"wss://h/", "/", "h"},
      {"WSS://h/A/b", "/A/b", "h"},
      {"wss://h?x=1", "/?x=1", "h"},
      {"wss://h/a?x=1&y=%20", "/a?x=1&y=%20", "h"},
      {"wss://h/a?x=1#part", "/a?x=1", "h"},
      {"wss://h#part", "/", "h"},
      {"wss://h:443/", "/", "h"},
      {"wss://h:8443/", "/", "h:8443"},
      {"wss://h:80/", "/", "h:80"},
      {"ws://localhost:80/", "/", "localhost"},
      {"ws://localhost:443/", "/", "localhost:443"},
      {"ws://127.0.0.1:9/", "/", "127.0.0.1:9"},
      {"ws://[::1]:9/x", "/x", "[::1]:9"},
      {"wss://[2001:db8::1]/x", "/x", "[2001:db8::1]"},
      {"http://localhost/x", "/x", "localhost"},
      {"https://h/x", "/x", "h"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].url);
    struct gc_buf out;
    char want[128];
    CHECK_INT(write_request(rows[i].url, NULL, &out, NULL), GC_OK);
    snprintf(want, sizeof(want), "GET %s HTTP/1.1\r\nHost: %s\r\n",
             rows[i].path, rows[i].host);
    CHECK_INT(strncmp(gc_buf_string(&out), want, strlen(want)), 0);
    gc_buf_clear(&out);
  }
}

static void an_address_that_must_not_be_used_is_refused_and_not_shown(void) {
  static const char *const urls[] = {
      "",
      "s3cret",
      "ftp://h/s3cret",
      "wss:/h/s3cret",
      "wss:///s3cret",
      "wss://user:s3cret@h/",
      "wss://h /s3cret",
      "wss://h/s3cret\r\nX: y",
      "wss://h/s3cret\xc3\xa9",
      "wss://h:123456/s3cret",
      "wss://h:x/s3cret",
      "wss://[::1/s3cret",
      "wss://h\\@localhost/s3cret",
      "ws://h/s3cret",
      "http://h/s3cret",
      "ws://127.evil.example/s3cret",
      "ws://localhost.evil.example/s3cret",
  };
  for (size_t i = 0; i < GC_COUNT(urls); i++) {
    CHECK_ROW(urls[i]);
    struct gc_buf out;
    struct gc_err err = {0};
    CHECK_INT(write_request(urls[i], NULL, &out, &err), GC_ERR_CONFIG);
    CHECK_INT(err.code, GC_ERR_CONFIG);
    CHECK_HAS(err.text, "address");
    CHECK(strstr(err.text, "s3cret") == NULL);
    gc_buf_clear(&out);
  }
}

static void
headers_that_would_change_the_request_are_refused_and_not_shown(void) {
  static const char *const rows[] = {
      "Host: s3cret",
      "upgrade: s3cret",
      "Connection: s3cret",
      "Sec-WebSocket-Key: s3cret",
      "sec-websocket-protocol: s3cret",
      "Content-Length: 3",
      "Transfer-Encoding: chunked",
      "User-Agent: s3cret",
      "X: a\r\nY: s3cret",
      "X: a\ns3cret",
      "X: s3cret\x7f",
      "no colon",
      ": s3cret",
      "X : s3cret",
      "",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    const char *headers[] = {"A: b", rows[i], NULL};
    struct gc_buf out;
    struct gc_err err = {0};
    CHECK_INT(write_request("wss://h/", headers, &out, &err), GC_ERR_CONFIG);
    CHECK_HAS(err.text, "cannot be sent");
    CHECK(strstr(err.text, "s3cret") == NULL);
    gc_buf_clear(&out);
  }
}

static void a_request_larger_than_its_buffer_is_refused(void) {
  struct gc_ws_request r = {.url = "wss://h/"};
  struct gc_buf out = {.max = 100};
  struct gc_err err = {0};
  char key[GC_WS_KEY_SIZE];
  CHECK_INT(gc_ws_request_write(&r, key, &out, &err), GC_ERR_LIMIT);
  CHECK_INT(err.code, GC_ERR_LIMIT);
  gc_buf_clear(&out);
}

int main(void) {
  RUN(the_request_is_that_of_the_standard);
  RUN(an_address_becomes_path_and_host);
  RUN(an_address_that_must_not_be_used_is_refused_and_not_shown);
  RUN(headers_that_would_change_the_request_are_refused_and_not_shown);
  RUN(a_request_larger_than_its_buffer_is_refused);
  return check_done();
}
