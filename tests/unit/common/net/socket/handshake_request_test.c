/* SPDX-License-Identifier: MIT */
/* The request that opens a WebSocket. */
#include "common/net/socket/handshake.h"

#include <stdio.h>

#include "gc_config.h"
#include "tests/support/check.h"

static const uint8_t nonce[16] = "the sample nonce";

/* Returns the code; `origin` is the address that may be shown, "" on failure.
 */
static enum gc_code write_request(const char *url, const char *const *headers,
                                  struct gc_buf *out, char origin[64],
                                  struct gc_err *err) {
  struct gc_ws_handshake h;
  *out = (struct gc_buf){.max = 4096};
  enum gc_code code = gc_ws_handshake_begin(&h, url, headers, nonce, out, err);
  snprintf(origin, 64, "%s", h.origin != NULL ? h.origin : "");
  gc_ws_handshake_clear(&h);
  return code;
}

static void the_request_is_that_of_the_standard(void) {
  static const char *const headers[] = {"Authorization: Bearer t0ken",
                                        "X-Empty:", NULL};
  struct gc_buf out;
  struct gc_err err;
  char origin[64];
  CHECK_INT(write_request("wss://streaming.mypurecloud.ie/channels/s-0",
                          headers, &out, origin, &err),
            GC_OK);
  CHECK_STR(gc_buf_string(&out),
            "GET /channels/s-0 HTTP/1.1\r\n"
            "Host: streaming.mypurecloud.ie\r\n"
            "Upgrade: websocket\r\n"
            "Connection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" /* section 1.3 */
            "Sec-WebSocket-Version: 13\r\n"
            "User-Agent: collectd-genesys/" PACKAGE_VERSION "\r\n"
            "Authorization: Bearer t0ken\r\n"
            "X-Empty:\r\n"
            "\r\n");
  CHECK_STR(origin, "https://streaming.mypurecloud.ie:443/");
  gc_buf_clear(&out);
}

static void an_address_becomes_path_and_host(void) {
  static const struct {
    const char *url, *path, *host, *origin;
  } rows[] = {
      {"wss://h", "/", "h", "https://h:443/"},
      {"wss://h/", "/", "h", "https://h:443/"},
      {"WSS://h/A/b", "/A/b", "h", "https://h:443/"},
      {"wss://h?x=1", "/?x=1", "h", "https://h:443/"},
      {"wss://h/a?x=1&y=%20", "/a?x=1&y=%20", "h", "https://h:443/"},
      {"wss://h/a?x=1#part", "/a?x=1", "h", "https://h:443/"},
      {"wss://h#part", "/", "h", "https://h:443/"},
      {"wss://h:443/", "/", "h", "https://h:443/"},
      {"wss://h:8443/", "/", "h:8443", "https://h:8443/"},
      {"wss://h:80/", "/", "h:80", "https://h:80/"},
      {"ws://localhost:80/", "/", "localhost", "http://localhost:80/"},
      {"ws://localhost:443/", "/", "localhost:443", "http://localhost:443/"},
      {"ws://127.0.0.1:9/", "/", "127.0.0.1:9", "http://127.0.0.1:9/"},
      {"ws://[::1]:9/x", "/x", "[::1]:9", "http://[::1]:9/"},
      {"wss://[2001:db8::1]/x", "/x", "[2001:db8::1]",
       "https://[2001:db8::1]:443/"},
      {"http://localhost/x", "/x", "localhost", "http://localhost:80/"},
      {"https://h/x", "/x", "h", "https://h:443/"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].url);
    struct gc_buf out;
    struct gc_err err;
    char want[128], origin[64];
    CHECK_INT(write_request(rows[i].url, NULL, &out, origin, &err), GC_OK);
    CHECK_STR(origin, rows[i].origin);
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
    char origin[64];
    CHECK_INT(write_request(urls[i], NULL, &out, origin, &err), GC_ERR_CONFIG);
    CHECK_INT(err.code, GC_ERR_CONFIG);
    CHECK_HAS(err.text, "address");
    CHECK(strstr(err.text, "s3cret") == NULL);
    gc_buf_clear(&out);
  }
}

static void a_header_with_a_line_break_is_refused_and_not_shown(void) {
  static const char *const rows[] = {"X: a\r\nY: s3cret", "X: a\ns3cret",
                                     "X: s3cret\x7f"};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    const char *headers[] = {"A: b", rows[i], NULL};
    struct gc_buf out;
    struct gc_err err = {0};
    char origin[64];
    CHECK_INT(write_request("wss://h/", headers, &out, origin, &err),
              GC_ERR_CONFIG);
    CHECK_HAS(err.text, "the header \"X\" cannot be sent");
    CHECK(strstr(err.text, "s3cret") == NULL);
    gc_buf_clear(&out);
  }
}

int main(void) {
  RUN(the_request_is_that_of_the_standard);
  RUN(an_address_becomes_path_and_host);
  RUN(an_address_that_must_not_be_used_is_refused_and_not_shown);
  RUN(a_header_with_a_line_break_is_refused_and_not_shown);
  return check_done();
}
