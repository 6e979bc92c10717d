/* SPDX-License-Identifier: MIT */
/* libcurl may close a connection between its end of the handshake and our first
 * read: this program's curl_easy_getinfo then reports no socket. */
#define CURL_DISABLE_TYPECHECK
#include "common/net/socket/tcp_stream.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdarg.h>

#include "tests/support/check.h"
#include "tests/support/stream_bench.h"

static unsigned connections_to_lose; /* of the network thread alone */

#undef curl_easy_getinfo
CURLcode curl_easy_getinfo(CURL *easy, CURLINFO info, ...) {
  static CURLcode (*libcurls)(CURL * easy, CURLINFO info, ...);
  if (libcurls == NULL)
    *(void **)&libcurls = dlsym(RTLD_NEXT, "curl_easy_getinfo");
  va_list more;
  va_start(more, info);
  void *ret = va_arg(more, void *);
  va_end(more);
  if (info == CURLINFO_ACTIVESOCKET && connections_to_lose > 0) {
    connections_to_lose--;
    *(curl_socket_t *)ret = CURL_SOCKET_BAD;
    return CURLE_OK;
  }
  return libcurls(easy, info, ret);
}

static void a_connection_that_libcurl_closes_is_made_again(void) {
  for (size_t i = 0; i < GC_COUNT(ways); i++) {
    CHECK_ROW(ways[i].name);
    struct road r;
    connections_to_lose = 1;
    road_begin(&r, &ways[i], serve_echo, NULL);
    r.exchange.to_send = 1000;
    r.exchange.on_open = tcp_exchange_pump;
    tcp_exchange_begin(&r.exchange);
    CHECK(gate_wait(&tcp_exchange_gate, tcp_exchange_has_opened, &r.exchange));
    CHECK_INT(r.exchange.opened, 1);
    CHECK_INT(r.exchange.closed, 0);
    CHECK_INT(connections_to_lose, 0);
    CHECK(tcp_exchange_got(&r.exchange, r.exchange.to_send));
    tcp_road_end(&r);
  }
}

static void a_stream_whose_connections_are_all_closed_ends(void) {
  struct road r;
  connections_to_lose = 1000;
  road_begin(&r, &ways[0], serve_park, NULL);
  tcp_exchange_begin(&r.exchange);
  CHECK(gate_wait(&tcp_exchange_gate, tcp_exchange_has_closed, &r.exchange));
  CHECK_INT(r.exchange.opened, 0);
  CHECK_INT(r.exchange.closed, 1);
  CHECK_INT(r.exchange.failure, GC_FAILURE_BROKEN);
  CHECK_HAS(r.exchange.err.text, "closed");
  tcp_road_end(&r);
  connections_to_lose = 0;
}

int main(void) {
  stream_bench_begin();
  RUN(a_connection_that_libcurl_closes_is_made_again);
  RUN(a_stream_whose_connections_are_all_closed_ends);
  stream_bench_end();
  return check_done();
}
