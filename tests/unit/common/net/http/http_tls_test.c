/* SPDX-License-Identifier: MIT */
#include "common/net/http/http.h"

#include "common/net/clock.h"
#include "common/net/http/http.h"
#include "common/net/http/tls_files.h"
#include "tests/support/check.h"
#include "tests/support/http_bench.h"
#include "tests/support/web.h"

/* Sets the reader of the files: our own, as in the daemon, or libcurl. */
static void read_by(struct gc_connect *c, bool is_ours) {
  if (is_ours)
    c->files = gc_tls_files_new(c);
}

static void the_end_of_the_server_s_certificate_is_known(void) {
  struct server *s = server_start(
      &(struct server_plan){.serve = web_serve, .cert = http_certs.server});
  struct gc_connect connect = test_client_connect();
  connect.ca_cert = http_certs.ca;
  struct test_client a;
  struct test_request q;
  test_client_begin(&a, &connect);
  CHECK_INT(gc_http_cert_end_s(a.http), 0);
  CHECK(test_request_get(&q, &a, http_url_at(s, "https", "/hello")));
  CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
  int64_t left_s = gc_http_cert_end_s(a.http) - gc_clock_wall_ms() / 1000;
  CHECK(left_s > 80000 && left_s <= 86400);
  test_client_end(&a);
  server_stop(s);
}

static void tls_verifies_by_default(void) {
  const struct {
    const char *name, *server_cert, *ca;
    bool verify_peer, verify_host;
    enum gc_failure failure;
    enum gc_code code;
    const char *words;
  } rows[] = {
      {"valid certificate", http_certs.server, http_certs.ca, true, true,
       GC_FAILURE_NONE, GC_OK, ""},
      {"CA folder", http_certs.server, http_certs.ca_folder, true, true,
       GC_FAILURE_NONE, GC_OK, ""},
      {"expired", http_certs.expired, http_certs.ca, true, true, GC_FAILURE_TLS,
       GC_ERR_TLS, "check CACert, or the clock"},
      {"another host's", http_certs.wrong_host, http_certs.ca, true, true,
       GC_FAILURE_TLS, GC_ERR_TLS, "another host's"},
      {"unknown CA", http_certs.server, http_certs.other_ca, true, true,
       GC_FAILURE_TLS, GC_ERR_TLS, "check CACert"},
      {"system CA", http_certs.server, NULL, true, true, GC_FAILURE_TLS,
       GC_ERR_TLS, "check CACert"},
      {"CA file missing", http_certs.server, http_certs.missing, true, true,
       GC_FAILURE_LOCAL, GC_ERR_CONFIG, "missing.pem"},
      {"VerifyHost false", http_certs.wrong_host, http_certs.ca, true, false,
       GC_FAILURE_NONE, GC_OK, ""},
      {"VerifyPeer false", http_certs.expired, NULL, false, false,
       GC_FAILURE_NONE, GC_OK, ""},
  };
  for (size_t n = 0; n < 2 * GC_COUNT(rows); n++) {
    size_t i = n / 2;
    CHECK_ROW(rows[i].name);
    struct server *s = server_start(
        &(struct server_plan){.serve = web_serve, .cert = rows[i].server_cert});
    struct gc_connect connect = test_client_connect();
    connect.ca_cert = (char *)rows[i].ca;
    connect.verify_peer = rows[i].verify_peer;
    connect.verify_host = rows[i].verify_host;
    read_by(&connect, n % 2 == 0);
    struct test_request q;
    http_get_with(&q, &connect,
                  http_url_at(s, "https", "/hello?" HTTP_QUERY_SECRET));
    CHECK_INT(q.reply.failure, rows[i].failure);
    CHECK_INT(q.err.code, rows[i].code);
    CHECK_HAS(q.err.text, rows[i].words);
    CHECK_STR(q.got, rows[i].failure == GC_FAILURE_NONE ? "hello" : "");
    gc_tls_files_free(connect.files);
    server_stop(s);
  }
}

static void client_certificates_are_shown_when_demanded(void) {
  const struct {
    const char *name, *cert, *key, *pass;
    enum gc_failure failure;
    const char *words;
  } rows[] = {
      {"plain key", http_certs.client, http_certs.client_key, NULL,
       GC_FAILURE_NONE, ""},
      {"locked key", http_certs.client, http_certs.client_key_locked,
       CERTS_PASSPHRASE, GC_FAILURE_NONE, ""},
      {"wrong passphrase", http_certs.client, http_certs.client_key_locked,
       "wr0ng-pass-phrase", GC_FAILURE_LOCAL, "check ClientCert"},
      {"no passphrase", http_certs.client, http_certs.client_key_locked, NULL,
       GC_FAILURE_LOCAL, "check ClientCert"},
      {"file missing", http_certs.missing, http_certs.client_key, NULL,
       GC_FAILURE_LOCAL, "missing.pem"},
      {"none", NULL, NULL, NULL, GC_FAILURE_TLS,
       "the server wants a client certificate"},
      {"not this authority's", http_certs.server, http_certs.server, NULL,
       GC_FAILURE_NONE, ""},
  };
  for (size_t i = 0; i < 4 * GC_COUNT(rows); i++) {
    size_t r = i / 4;
    CHECK_ROW(rows[r].name);
    struct server *s =
        server_start(&(struct server_plan){.serve = web_serve,
                                           .cert = http_certs.server,
                                           .client_ca = http_certs.ca,
                                           .tls12 = i % 2 == 1});
    struct gc_connect connect = test_client_connect();
    connect.ca_cert = http_certs.ca;
    connect.client_cert = (char *)rows[r].cert;
    connect.client_key = (char *)rows[r].key;
    connect.client_key_pass = (char *)rows[r].pass;
    read_by(&connect, i / 2 % 2 == 0);
    struct test_request q;
    http_get_with(&q, &connect, http_url_at(s, "https", "/hello"));
    CHECK_INT(q.reply.failure, rows[r].failure);
    CHECK_HAS(q.err.text, rows[r].words);
    gc_tls_files_free(connect.files);
    server_stop(s);
  }
}

static void copy_file(const char *from, const char *to) {
  char bytes[65536];
  FILE *in = fopen(from, "r"), *out = fopen(to, "w");
  CHECK(in != NULL && out != NULL);
  size_t len = fread(bytes, 1, sizeof(bytes), in);
  CHECK(fwrite(bytes, 1, len, out) == len);
  fclose(in);
  CHECK_INT(fclose(out), 0);
}

/* An operator replaces the file; collectd is not restarted. */
static void a_replaced_authority_counts_for_the_next_connection(void) {
  struct server *s = server_start(
      &(struct server_plan){.serve = web_serve, .cert = http_certs.server});
  char path[128];
  snprintf(path, sizeof(path), "%s/replaced.pem", http_certs.dir);
  copy_file(http_certs.other_ca, path);
  struct gc_connect connect = test_client_connect();
  connect.ca_cert = path;
  struct test_client a;
  struct test_request q;
  test_client_begin(&a, &connect);
  CHECK(test_request_get(&q, &a, http_url_at(s, "https", "/hello")));
  CHECK_INT(q.reply.failure, GC_FAILURE_TLS);
  copy_file(http_certs.ca, path);
  CHECK(test_request_get(&q, &a, http_url_at(s, "https", "/hello")));
  CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
  CHECK_STR(q.got, "hello");
  test_client_end(&a);
  remove(path);
  server_stop(s);
}

static void a_replaced_client_certificate_counts_for_the_next_connection(void) {
  struct server *s =
      server_start(&(struct server_plan){.serve = web_serve,
                                         .cert = http_certs.server,
                                         .client_ca = http_certs.ca});
  char path[128];
  snprintf(path, sizeof(path), "%s/client-replaced.pem", http_certs.dir);
  copy_file(http_certs.server, path); /* a key of another certificate */
  struct gc_connect connect = test_client_connect();
  connect.ca_cert = http_certs.ca;
  connect.client_cert = http_certs.client;
  connect.client_key = path;
  struct test_client a;
  struct test_request q;
  test_client_begin(&a, &connect);
  CHECK(test_request_get(&q, &a, http_url_at(s, "https", "/hello")));
  CHECK_INT(q.reply.failure, GC_FAILURE_LOCAL);
  copy_file(http_certs.client_key, path);
  CHECK(test_request_get(&q, &a, http_url_at(s, "https", "/hello")));
  CHECK_INT(q.reply.failure, GC_FAILURE_NONE);
  test_client_end(&a);
  remove(path);
  server_stop(s);
}

static void answer_anything(struct conn *c, void *ctx) {
  (void)ctx;
  conn_say(c, "HTTP/1.1 400 Bad Request\r\n\r\n");
  conn_linger(c);
}

static void an_error_names_a_port_without_tls(void) {
  struct server *s =
      server_start(&(struct server_plan){.serve = answer_anything});
  struct test_request q;
  http_get_with(&q, NULL, http_url_at(s, "https", "/hello"));
  server_stop(s);
  CHECK_INT(q.reply.failure, GC_FAILURE_TLS);
  CHECK_HAS(q.err.text, "does not speak TLS");
}

int main(void) {
  http_bench_begin();
  RUN(the_end_of_the_server_s_certificate_is_known);
  RUN(tls_verifies_by_default);
  RUN(client_certificates_are_shown_when_demanded);
  RUN(a_replaced_authority_counts_for_the_next_connection);
  RUN(a_replaced_client_certificate_counts_for_the_next_connection);
  RUN(an_error_names_a_port_without_tls);
  RUN(http_no_words_hold_a_secret);
  http_bench_end();
  return check_done();
}
