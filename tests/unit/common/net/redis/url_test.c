/* SPDX-License-Identifier: MIT */
#include "common/net/redis/url.h"

#include "tests/support/check.h"

static void an_address_is_read_whole(void) {
  static const struct {
    const char *text;
    enum redis_scheme scheme;
    const char *host;
    unsigned port, db;
    const char *shown;
  } rows[] = {
      {"redis://host", REDIS_TCP, "host", 6379, 0, "redis://host:6379/0"},
      {"redis://host/", REDIS_TCP, "host", 6379, 0, "redis://host:6379/0"},
      {"redis://10.0.0.1:7000/3", REDIS_TCP, "10.0.0.1", 7000, 3,
       "redis://10.0.0.1:7000/3"},
      {"REDISS://a-b.c_d:1/15", REDIS_TLS, "a-b.c_d", 1, 15,
       "rediss://a-b.c_d:1/15"},
      {"redis://[::1]:6380/1", REDIS_TCP, "::1", 6380, 1,
       "redis://[::1]:6380/1"},
      {"unix:///run/redis/s", REDIS_UNIX, "/run/redis/s", 0, 0,
       "unix:///run/redis/s?db=0"},
      {"unix:///run/s?db=2", REDIS_UNIX, "/run/s", 0, 2, "unix:///run/s?db=2"},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct redis_url u;
    CHECK_ROW(rows[i].text);
    CHECK_INT(redis_url_parse(rows[i].text, &u, NULL), GC_OK);
    CHECK_INT(u.scheme, rows[i].scheme);
    CHECK_STR(u.host, rows[i].host);
    CHECK_INT(u.port, rows[i].port);
    CHECK_INT(u.db, rows[i].db);
    CHECK_STR(u.shown, rows[i].shown);
  }
}

static void a_text_that_is_no_address_is_refused(void) {
  static const char *const rows[] = {
      "",
      "redis:",
      "redis://",
      "http://host",
      "redis://host:",
      "redis://host:0",
      "redis://host:65536",
      "redis://host:123456",
      "redis://host/x",
      "redis://host/1x",
      "redis://host/1/",
      "redis://host/65536",
      "redis://host?db=1",
      "redis://host#f",
      "redis://ho st",
      "redis://[::1",
      "redis://[]:1",
      "redis://[host]:1",
      "unix://relative",
      "unix:///",
      "unix:///s?db=",
      "unix:///s?x=1",
      "unix:///s?db=1x",
      " redis://host",
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct redis_url u;
    struct gc_err err = {.text = ""};
    CHECK_ROW(rows[i]);
    CHECK_INT(redis_url_parse(rows[i], &u, &err), GC_ERR_CONFIG);
    CHECK_HAS(err.text, "StateURL");
  }
}

static void a_password_in_the_address_is_refused_and_not_shown(void) {
  static const char *const rows[] = {
      "redis://:s3cret@host/0", "redis://user:s3cret@host", "s3cret@",
      "unix:///run/s3cret@x", "redis://host/0?password=s3cret@"};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct redis_url u;
    struct gc_err err = {.text = ""};
    CHECK_ROW(rows[i]);
    CHECK_INT(redis_url_parse(rows[i], &u, &err), GC_ERR_CONFIG);
    CHECK_HAS(err.text, "StatePasswordFile");
    CHECK(strstr(err.text, "s3cret") == NULL);
  }
}

static void an_address_that_is_too_long_is_refused(void) {
  struct redis_url u;
  char text[700] = "redis://", path[200] = "unix:///";
  memset(text + 8, 'a', 600);
  memset(path + 8, 'a', 106);
  CHECK_INT(redis_url_parse(text, &u, NULL), GC_ERR_CONFIG);
  text[8 + 256] = '\0';
  CHECK_INT(redis_url_parse(text, &u, NULL), GC_ERR_CONFIG);
  text[8 + 255] = '\0';
  CHECK_INT(redis_url_parse(text, &u, NULL), GC_OK);
  CHECK_INT(redis_url_parse(path, &u, NULL), GC_OK);
  path[8 + 106] = 'a';
  CHECK_INT(redis_url_parse(path, &u, NULL), GC_ERR_CONFIG);
}

int main(void) {
  RUN(an_address_is_read_whole);
  RUN(a_text_that_is_no_address_is_refused);
  RUN(a_password_in_the_address_is_refused_and_not_shown);
  RUN(an_address_that_is_too_long_is_refused);
  return check_done();
}
