/* SPDX-License-Identifier: MIT */
#include "common/net/http/inspect.h"

#include "tests/support/check.h"
#include "tests/support/http_bench.h"

static void serve_nothing(struct conn *c, void *ctx) {
  (void)ctx;
  conn_park(c);
}

/* libcurl's text about the time-out differs with its release; there is none if
 * the caller's limit ends the connection. */
static void silence_after_the_connection_is_a_failure_of_tls(void) {
  struct server *s =
      server_start(&(struct server_plan){.serve = serve_nothing});
  const struct {
    const char *label;
    uint32_t connect_ms, limit_ms;
  } rows[] = {{"ConnectTimeout ends it", 200, 60000},
              {"the caller ends it", 60000, 200}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    const struct gc_connect c = {.connect_timeout_ms = rows[i].connect_ms};
    struct gc_inspection seen;
    CHECK_ROW(rows[i].label);
    gc_http_inspect(&c, http_url_at(s, "https", "/"), rows[i].limit_ms, &seen);
    CHECK_INT(seen.failed, GC_INSPECT_TLS);
    CHECK_INT(seen.err.code, GC_ERR_TIMEOUT);
    CHECK_STR(seen.address, "127.0.0.1");
  }
  server_stop(s);
}

int main(void) {
  http_bench_begin();
  RUN(silence_after_the_connection_is_a_failure_of_tls);
  http_bench_end();
  return check_done();
}
