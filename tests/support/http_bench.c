/* SPDX-License-Identifier: MIT */
#include "tests/support/http_bench.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/check.h"
#include "tests/support/web.h"

struct certs http_certs;
static struct server *web;

const char *http_url_at(const struct server *s, const char *scheme,
                        const char *path) {
  static char urls[64][256];
  static unsigned turn;
  char *url = urls[turn++ % 64];
  snprintf(url, sizeof(urls[0]), "%s://localhost:%d%s", scheme, server_port(s),
           path);
  return url;
}

const char *http_url_of(const char *path) {
  return http_url_at(web, "http", path);
}

void http_get_with(struct test_request *q, const struct gc_connect *connect,
                   const char *url) {
  struct test_client a;
  test_client_begin(&a, connect);
  CHECK(test_request_get(q, &a, url));
  test_client_end(&a);
}

void http_no_words_hold_a_secret(void) {
  static const char *const secrets[] = {HTTP_PROXY_PASSWORD,
                                        HTTP_PROXY_BASIC,
                                        CERTS_PASSPHRASE,
                                        "wr0ng-pass-phrase",
                                        TEST_BEARER,
                                        HTTP_QUERY_SECRET,
                                        "Bearer"};
  CHECK(strlen(test_request_all_words()) > 500);
  for (size_t i = 0; i < GC_COUNT(secrets); i++) {
    CHECK_ROW(secrets[i]);
    CHECK_THAT(strstr(test_request_all_words(), secrets[i]) == NULL, "%s",
               test_request_all_words());
  }
}

void http_bench_begin(void) {
  test_client_forget_proxies();
  certs_make(&http_certs);
  web = server_start(&(struct server_plan){.serve = web_serve});
}

void http_bench_end(void) {
  server_stop(web);
  certs_remove(&http_certs);
}
