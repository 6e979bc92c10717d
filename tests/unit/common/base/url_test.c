/* SPDX-License-Identifier: MIT */
#include "common/base/url.h"

#include "tests/support/check.h"

static void good_addresses_lose_their_trailing_slashes(void) {
  static const struct {
    const char *url, *want;
  } rows[] = {
      {"https://api.mypurecloud.ie", "https://api.mypurecloud.ie"},
      {"https://api.mypurecloud.ie/", "https://api.mypurecloud.ie"},
      {"HTTPS://Host:8443//", "https://Host:8443"},
      {"https://gw.example/genesys/v2/", "https://gw.example/genesys/v2"},
      {"https://10.1.2.3:1/a%20b", "https://10.1.2.3:1/a%20b"},
      {"https://[2001:db8::1]:443/x", "https://[2001:db8::1]:443/x"},
      {"https://host/@x", "https://host/@x"},
      {"http://localhost:8080", "http://localhost:8080"},
      {"http://LOCALHOST", "http://LOCALHOST"},
      {"http://127.0.0.1:65535/p", "http://127.0.0.1:65535/p"},
      {"http://127.9.8.7", "http://127.9.8.7"},
      {"http://[::1]:80/", "http://[::1]:80"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].url);
    char out[GC_URL_SIZE] = "";
    struct gc_err err = {0};
    CHECK_INT(gc_url_check("BaseURL", rows[i].url, out, &err), GC_OK);
    CHECK_STR(err.text, "");
    CHECK_STR(out, rows[i].want);
  }
}

static void bad_addresses_are_refused_with_a_reason(void) {
  static const struct {
    const char *url, *words;
  } rows[] = {
      {"", "https://"},
      {"api.mypurecloud.ie", "https://"},
      {"ftp://host", "https://"},
      {"ws://localhost", "https://"},
      {"https:/host", "https://"},
      {" https://host", "https://"},
      {"https://", "no host"},
      {"https:///path", "no host"},
      {"https://:80", "no host"},
      {"https://[]", "no host"},
      {"https://[::1", "no host"},
      {"https://[gg]", "no host"},
      {"https://ho st/", "no address"},
      {"https://host\\x", "no address"},
      {"https://h\xc3\xb6st", "no address"},
      {"https://host:", "port"},
      {"https://host:0", "port"},
      {"https://host:65536", "port"},
      {"https://host:99999999999999999999", "port"},
      {"https://host:80x", "no address"},
      {"https://user:pw@host/", "user and password"},
      {"https://user@host", "user and password"},
      {"https://host/?a=b", "query"},
      {"https://host?a", "query"},
      {"https://host/x#y", "query"},
      {"https://host/a b", "character"},
      {"https://host/a\"b", "character"},
      {"https://host/\xc3\xa9", "character"},
      {"https://host/a\nb", "character"},
      {"http://api.mypurecloud.ie", "loopback"},
      {"http://127.evil.example", "loopback"},
      {"http://127.0.0.1.evil.example", "loopback"},
      {"http://localhost.evil.example", "loopback"},
      {"http://localhostx", "loopback"},
      {"http://128.0.0.1", "loopback"},
      {"http://127.0.0.256", "loopback"},
      {"http://127.0.1", "loopback"},
      {"http://127.0.0.0001", "loopback"},
      {"http://0.0.0.0", "loopback"},
      {"http://[::2]", "loopback"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].url);
    char out[GC_URL_SIZE] = "untouched";
    struct gc_err err = {0};
    CHECK_INT(gc_url_check("BaseURL", rows[i].url, out, &err), GC_ERR_CONFIG);
    CHECK_HAS(err.text, "BaseURL");
    CHECK_HAS(err.text, rows[i].words);
    CHECK_STR(out, "untouched");
  }
}

static void a_password_is_never_in_the_text(void) {
  static const char *const rows[] = {
      "https://user:hunter2@host/", "http://user:hunter2@host",
      "user:hunter2@host", "https://user:hunter2@host/?q"};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i]);
    char out[GC_URL_SIZE];
    struct gc_err err = {0};
    CHECK_INT(gc_url_check("LoginURL", rows[i], out, &err), GC_ERR_CONFIG);
    CHECK(strstr(err.text, "hunter2") == NULL);
  }
}

static void an_address_that_is_too_long_is_refused(void) {
  char url[600], out[GC_URL_SIZE];
  memset(url, 'x', sizeof(url) - 1);
  memcpy(url, "https://", 8);
  url[481] = '\0';
  CHECK_INT(gc_url_check("BaseURL", url, out, NULL), GC_ERR_CONFIG);
  url[480] = '\0';
  CHECK_INT(gc_url_check("BaseURL", url, out, NULL), GC_OK);
  CHECK_STR(out, url);
}

static void plain_http_to_another_host_is_reported(void) {
  static const struct {
    const char *url;
    bool is_open;
  } rows[] = {{"https://db.example", false},
              {"http://127.0.0.1:8086/", false},
              {"http://db.example:8086/base", true}};
  char out[GC_URL_SIZE];
  struct gc_err err = {.code = GC_OK};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    bool is_open = !rows[i].is_open;
    CHECK_ROW(rows[i].url);
    CHECK_INT(gc_url_check_any("URL", rows[i].url, out, &is_open, &err), GC_OK);
    CHECK_INT(is_open, rows[i].is_open);
  }
  bool is_open;
  CHECK_INT(gc_url_check_any("URL", "ftp://db", out, &is_open, &err),
            GC_ERR_CONFIG);
  CHECK_STR(err.text,
            "URL \"ftp://db\": does not begin with https:// or http://");
}

static void values_of_a_query_are_escaped(void) {
  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 100};
  CHECK_INT(gc_url_add_value(&out, "a-Z_0.~ &=/\xc3\xbc%"), GC_OK);
  CHECK_STR(gc_buf_string(&out), "a-Z_0.~%20%26%3D%2F%C3%BC%25");
}

int main(void) {
  RUN(plain_http_to_another_host_is_reported);
  RUN(values_of_a_query_are_escaped);
  RUN(good_addresses_lose_their_trailing_slashes);
  RUN(bad_addresses_are_refused_with_a_reason);
  RUN(a_password_is_never_in_the_text);
  RUN(an_address_that_is_too_long_is_refused);
  return check_done();
}
