/* SPDX-License-Identifier: MIT */
#include "common/net/http/inspect.h"

#include "tests/support/check.h"
#include "tests/support/http_bench.h"
#include "tests/support/resolver.h"
#include "tests/support/web.h"

static const struct gc_connect plain = {
    .connect_timeout_ms = 5000, .verify_peer = true, .verify_host = true};

static void a_connection_has_its_address(void) {
  struct gc_inspection seen;
  gc_http_inspect(&plain, http_url_of("/"), 5000, &seen);
  CHECK_INT(seen.failed, GC_INSPECT_STEP_COUNT);
  CHECK_STR(seen.address, "127.0.0.1");
}

/* The step before the one that failed shows what it found. */
static void a_refused_connection_has_the_addresses_that_were_tried(void) {
  char closed[64];
  struct server *gone = server_start(&(struct server_plan){.serve = web_serve});
  snprintf(closed, sizeof(closed), "http://localhost:%d/", server_port(gone));
  server_stop(gone);
  const struct {
    const char *url, *address;
  } rows[] = {{"https://127.0.0.1:1/", "127.0.0.1"},
              {"https://[::1]:1/", "::1"},
              {closed, "127.0.0.1"}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_inspection seen;
    CHECK_ROW(rows[i].url);
    gc_http_inspect(&plain, rows[i].url, 5000, &seen);
    CHECK_INT(seen.failed, GC_INSPECT_TCP);
    CHECK_HAS(seen.address, rows[i].address);
  }
}

static void a_name_without_an_address_has_none(void) {
  struct gc_inspection seen;
  gc_http_inspect(&plain, "https://nowhere.test/", 5000, &seen);
  CHECK_INT(seen.failed, GC_INSPECT_DNS);
  CHECK_STR(seen.address, "");
  CHECK_INT(resolver_hanging(), 0); /* the look-up did not leave the host */
}

static void the_name_of_a_certificate_is_its_cn(void) {
  static const struct {
    const char *name, *shown;
  } rows[] = {
      {"C = DE, O = Genesys, CN = login.mypurecloud.de",
       "CN=login.mypurecloud.de"},
      {"C = CN, O = Foo, CN = api.example.cn", "CN=api.example.cn"},
      {"O = CNN Inc, CN = x", "CN=x"},
      {"/C=CN/O=CNN/CN=api.example.cn", "CN=api.example.cn"},
      {"CN = a.example, O = Foo", "CN=a.example"},
      {"CN=a.example", "CN=a.example"},
      {"O = CNN Inc", "O = CNN Inc"},
      {"C = CN", "C = CN"},
      {"", ""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char shown[100];
    CHECK_ROW(rows[i].name);
    gc_certificate_short_name(rows[i].name, shown, sizeof(shown));
    CHECK_STR(shown, rows[i].shown);
  }
}

int main(void) {
  http_bench_begin();
  RUN(a_connection_has_its_address);
  RUN(a_refused_connection_has_the_addresses_that_were_tried);
  RUN(a_name_without_an_address_has_none);
  RUN(the_name_of_a_certificate_is_its_cn);
  http_bench_end();
  return check_done();
}
