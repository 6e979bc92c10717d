/* SPDX-License-Identifier: MIT */
#include "common/net/http/http.h"

#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/http_bench.h"
#include "tests/support/web.h"

/* Rows of the proxy tests: %d stands for the proxy's port. */
struct proxy_row {
  const char *name, *proxy, *no_proxy;
  struct proxy_plan plan;
  bool https;
  enum gc_failure failure;
  const char *words, *body;
  unsigned connects;
};

static void test_request_through(const struct proxy_row *row,
                                 const char *proxy_cert,
                                 struct server *target) {
  CHECK_ROW(row->name);
  struct proxy_plan plan = row->plan;
  struct server *p = server_start(&(struct server_plan){
      .serve = proxy_serve, .ctx = &plan, .cert = proxy_cert});
  char proxy[256];
  snprintf(proxy, sizeof(proxy), "%s%d", row->proxy, server_port(p));
  struct gc_connect connect = test_client_connect();
  connect.ca_cert = http_certs.ca;
  connect.proxy = proxy;
  connect.no_proxy = (char *)row->no_proxy;
  struct test_request q;
  http_get_with(&q, &connect,
                row->https
                    ? http_url_at(target, "https", "/hello?" HTTP_QUERY_SECRET)
                    : http_url_of("/hello?" HTTP_QUERY_SECRET));
  CHECK_INT(q.reply.failure, row->failure);
  CHECK_HAS(q.err.text, row->words);
  CHECK_STR(q.got, row->body);
  if (row->plan.refuse != 0) { /* the proxy's refusal is not the answer */
    CHECK_INT(q.reply.status, 0);
    CHECK_INT(q.reply.date_ms, 0);
    CHECK(!q.reply.has_retry_after);
  }
  server_stop(p);
  CHECK_INT(plan.connects, row->connects);
}

static void proxies_are_used_as_configured(void) {
  static const struct proxy_row rows[] = {
      {"plain through",
       "http://localhost:",
       "",
       {0},
       false,
       GC_FAILURE_NONE,
       "",
       "from the proxy",
       0},
      {"TLS through",
       "http://localhost:",
       "",
       {0},
       true,
       GC_FAILURE_NONE,
       "",
       "hello",
       1},
      {"with its password",
       "http://user:" HTTP_PROXY_PASSWORD "@localhost:",
       "",
       {.basic = HTTP_PROXY_BASIC},
       true,
       GC_FAILURE_NONE,
       "",
       "hello",
       1},
      {"without a password",
       "http://localhost:",
       "",
       {.basic = HTTP_PROXY_BASIC},
       true,
       GC_FAILURE_PROXY,
       "it wants a user and a password",
       "",
       0},
      {"with a wrong password",
       "http://user:" HTTP_PROXY_PASSWORD "x@localhost:",
       "",
       {.basic = HTTP_PROXY_BASIC},
       true,
       GC_FAILURE_PROXY,
       "407",
       "",
       0},
      {"plain without a password",
       "http://localhost:",
       "",
       {.basic = HTTP_PROXY_BASIC},
       false,
       GC_FAILURE_PROXY,
       "it wants a user and a password",
       "",
       0},
      {"refuses the host",
       "http://user:" HTTP_PROXY_PASSWORD "@localhost:",
       "",
       {.refuse = 403},
       true,
       GC_FAILURE_PROXY,
       "the proxy answered 403",
       "",
       1},
      {"cannot reach it",
       "http://localhost:",
       "",
       {.refuse = 502},
       true,
       GC_FAILURE_PROXY,
       "the proxy answered 502",
       "",
       1},
      {"NoProxy",
       "http://localhost:",
       "localhost",
       {0},
       true,
       GC_FAILURE_NONE,
       "",
       "hello",
       0},
      {"has no address",
       "http://user:" HTTP_PROXY_PASSWORD "@nowhere.test:",
       "",
       {0},
       true,
       GC_FAILURE_RESOLVE,
       "check Proxy and DNS",
       "",
       0},
  };
  struct server *target = server_start(
      &(struct server_plan){.serve = web_serve, .cert = http_certs.server});
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    test_request_through(&rows[i], NULL, target);
  server_stop(target);
}

static void an_https_proxy_is_verified_like_a_host(void) {
  static const struct proxy_row good = {"https proxy",
                                        "https://user:" HTTP_PROXY_PASSWORD
                                        "@localhost:",
                                        "",
                                        {.basic = HTTP_PROXY_BASIC},
                                        true,
                                        GC_FAILURE_NONE,
                                        "",
                                        "hello",
                                        1};
  static const struct proxy_row bad = {
      "https proxy, expired", "https://localhost:", "", {0}, true,
      GC_FAILURE_TLS,         "check CACert",       "", 0};
  struct server *target = server_start(
      &(struct server_plan){.serve = web_serve, .cert = http_certs.server});
  test_request_through(&good, http_certs.server, target);
  test_request_through(&bad, http_certs.expired, target);
  server_stop(target);
}

static void without_a_setting_the_environment_names_the_proxy(void) {
  struct proxy_plan plan = {0};
  struct server *p =
      server_start(&(struct server_plan){.serve = proxy_serve, .ctx = &plan});
  struct server *target = server_start(
      &(struct server_plan){.serve = web_serve, .cert = http_certs.server});
  struct gc_connect connect = test_client_connect();
  connect.proxy = connect.no_proxy = NULL;
  connect.ca_cert = http_certs.ca;
  char proxy[128];
  snprintf(proxy, sizeof(proxy),
           "http://user:" HTTP_PROXY_PASSWORD "@localhost:%d", server_port(p));
  setenv("https_proxy", proxy, 1);
  struct test_request q;
  http_get_with(&q, &connect, http_url_at(target, "https", "/hello"));
  CHECK_STR(q.got, "hello");

  /* libcurl quotes a proxy that it cannot read; the password must not appear */
  snprintf(proxy, sizeof(proxy),
           "http://user:" HTTP_PROXY_PASSWORD "@localhost:port");
  setenv("https_proxy", proxy, 1);
  http_get_with(&q, &connect, http_url_at(target, "https", "/hello"));
  CHECK(q.reply.failure != GC_FAILURE_NONE);
  snprintf(proxy, sizeof(proxy),
           "odd://user:" HTTP_PROXY_PASSWORD "@localhost:1");
  setenv("https_proxy", proxy, 1);
  http_get_with(&q, &connect, http_url_at(target, "https", "/hello"));
  CHECK(q.reply.failure != GC_FAILURE_NONE);
  CHECK_HAS(q.err.text, "proxy");
  unsetenv("https_proxy");
  server_stop(target);
  server_stop(p);
  CHECK_INT(plan.connects, 1);
}

/* A plain http request has the id and the secret. It is accepted because it
 * stays on this host: the owner of a proxy elsewhere must never see it. */
static void plain_http_never_goes_through_the_proxy_of_the_environment(void) {
  static const char *const names[] = {"http_proxy", "all_proxy", "ALL_PROXY"};
  struct proxy_plan plan = {0};
  struct server *attacker =
      server_start(&(struct server_plan){.serve = proxy_serve, .ctx = &plan});
  struct gc_connect connect = test_client_connect();
  connect.proxy = connect.no_proxy = NULL;
  char proxy[128];
  snprintf(proxy, sizeof(proxy), "http://localhost:%d", server_port(attacker));
  for (size_t i = 0; i < GC_COUNT(names); i++) {
    CHECK_ROW(names[i]);
    setenv(names[i], proxy, 1);
    struct test_request q;
    http_get_with(&q, &connect, http_url_of("/hello"));
    CHECK_STR(q.got, "hello");
    unsetenv(names[i]);
  }
  server_stop(attacker);
}

/* The option Proxy is for the region's hosts. */
static void plain_http_goes_only_through_a_proxy_of_this_host(void) {
  static const struct {
    const char *proxy;
    bool used;
  } rows[] = {
      {"http://nowhere.test:3128", false},
      {"nowhere.test", false},
      {"http://user:pw@127.nowhere.test:3128", false},
      {"socks5h://nowhere.test:1080", false},
      {"http://127.0.0.1:1", true},
      {"user:pw@localhost:1", true},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].proxy);
    struct gc_connect connect = test_client_connect();
    connect.proxy = (char *)rows[i].proxy;
    connect.no_proxy = (char *)"";
    struct test_request q;
    http_get_with(&q, &connect, http_url_of("/hello"));
    CHECK_STR(q.got, rows[i].used ? "" : "hello");
  }
}

static void none_and_an_asterisk_switch_the_proxy_off(void) {
  struct server *target = server_start(
      &(struct server_plan){.serve = web_serve, .cert = http_certs.server});
  setenv("https_proxy", "http://localhost:1", 1);
  struct gc_connect connect = test_client_connect();
  connect.ca_cert = http_certs.ca;
  struct test_request q;
  connect.proxy = (char *)"none";
  connect.no_proxy = NULL;
  http_get_with(&q, &connect, http_url_at(target, "https", "/hello"));
  CHECK_STR(q.got, "hello");
  connect.proxy = NULL;
  connect.no_proxy = (char *)"*";
  http_get_with(&q, &connect, http_url_at(target, "https", "/hello"));
  CHECK_STR(q.got, "hello");
  unsetenv("https_proxy");
  server_stop(target);
}

static void a_failure_names_the_proxy_and_its_origin(void) {
  static const struct {
    const char *name, *variable, *option, *no_proxy, *has;
    int refuse;
  } rows[] = {
      {"option, refused", NULL, "", "", "Proxy", 403},
      {"environment, refused", "https_proxy", NULL, NULL,
       "https_proxy in the environment", 403},
      {"environment, upper case", "HTTPS_PROXY", NULL, NULL,
       "HTTPS_PROXY in the environment", 407},
      {"environment, all", "all_proxy", NULL, NULL,
       "all_proxy in the environment", 502},
  };
  struct server *target = server_start(
      &(struct server_plan){.serve = web_serve, .cert = http_certs.server});
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].name);
    struct proxy_plan plan = {.refuse = rows[i].refuse};
    struct server *p =
        server_start(&(struct server_plan){.serve = proxy_serve, .ctx = &plan});
    char proxy[128], want[128];
    snprintf(proxy, sizeof(proxy),
             "http://user:" HTTP_PROXY_PASSWORD "@localhost:%d",
             server_port(p));
    snprintf(want, sizeof(want), "(proxy localhost:%d of %s)", server_port(p),
             rows[i].has);
    struct gc_connect connect = test_client_connect();
    connect.proxy = rows[i].option != NULL ? proxy : NULL;
    connect.no_proxy = (char *)rows[i].no_proxy;
    if (rows[i].variable != NULL)
      setenv(rows[i].variable, proxy, 1);
    struct test_request q;
    http_get_with(&q, &connect, http_url_at(target, "https", "/hello"));
    CHECK_INT(q.reply.failure, GC_FAILURE_PROXY);
    CHECK_HAS(q.err.text, want);
    if (rows[i].variable != NULL)
      unsetenv(rows[i].variable);
    server_stop(p);
  }
  server_stop(target);
}

static void a_proxy_that_is_no_url_is_a_configuration_error(void) {
  static const struct {
    const char *proxy;
    bool good;
  } rows[] = {
      {"http://localhost:3128", true},
      {"localhost:3128", true},
      {"localhost", true},
      {"https://user:" HTTP_PROXY_PASSWORD "@localhost:3128/", true},
      {"socks5h://localhost:1080", true},
      {"", true}, /* none, even if the environment has one */
      {"http://user:" HTTP_PROXY_PASSWORD "@localhost:port", false},
      {"odd://user:" HTTP_PROXY_PASSWORD "@localhost:1", false},
      {"http://user:12/" HTTP_PROXY_PASSWORD "@localhost:3128", false},
      {"http://user:12#" HTTP_PROXY_PASSWORD "@localhost:3128", false},
      {"http://user:12?" HTTP_PROXY_PASSWORD "@localhost:3128", false},
      {"http://" HTTP_PROXY_PASSWORD " x@localhost", false},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].proxy);
    struct gc_connect connect = test_client_connect();
    connect.proxy = (char *)rows[i].proxy;
    struct gc_err err = {0};
    struct gc_loop *loop = gc_loop_new(&err);
    struct gc_http *http = gc_http_new(loop, &connect, &err);
    CHECK_INT(http != NULL, rows[i].good);
    CHECK_INT(err.code, rows[i].good ? GC_OK : GC_ERR_CONFIG);
    CHECK(strstr(err.text, HTTP_PROXY_PASSWORD) == NULL);
    gc_http_free(http);
    gc_loop_free(loop);
  }
}

int main(void) {
  http_bench_begin();
  RUN(proxies_are_used_as_configured);
  RUN(an_https_proxy_is_verified_like_a_host);
  RUN(without_a_setting_the_environment_names_the_proxy);
  RUN(plain_http_never_goes_through_the_proxy_of_the_environment);
  RUN(plain_http_goes_only_through_a_proxy_of_this_host);
  RUN(none_and_an_asterisk_switch_the_proxy_off);
  RUN(a_failure_names_the_proxy_and_its_origin);
  RUN(a_proxy_that_is_no_url_is_a_configuration_error);
  RUN(http_no_words_hold_a_secret);
  http_bench_end();
  return check_done();
}
