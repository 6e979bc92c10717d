/* SPDX-License-Identifier: MIT */
/* Connections to a Redis with TLS. */
#include "common/net/redis/link.h"

#include <stdio.h>

#include "tests/support/certs.h"
#include "tests/support/check.h"
#include "tests/support/server.h"

static struct certs certs;

/* Serves a client that sends nothing. */
static void wait_for_end(struct conn *c, void *ctx) {
  char byte;
  (void)ctx;
  (void)!conn_read(c, &byte, 1);
}

static enum gc_code open_link(const char *cert, const struct gc_connect *tls,
                              struct gc_err *err) {
  const struct server_plan plan = {.serve = wait_for_end, .cert = cert};
  struct redis_settings settings = {.answer_ms = 60000, .tls = tls};
  struct redis_link *link = NULL;
  char url[64];
  struct server *server = server_start(&plan);
  snprintf(url, sizeof(url), "rediss://localhost:%d", server_port(server));
  CHECK_INT(redis_url_parse(url, &settings.url, err), GC_OK);
  enum gc_code code = redis_link_open(&settings, -1, &link, err);
  redis_link_close(link);
  server_stop(server);
  return code;
}

static void the_certificate_decides(void) {
  const struct {
    const char *row, *cert;
    char *ca;
    bool verify_peer, verify_host;
    enum gc_code code;
    const char *words;
  } rows[] = {
      {"right", certs.server, certs.ca, true, true, GC_OK, ""},
      {"folder", certs.server, certs.ca_folder, true, true, GC_OK, ""},
      {"other authority", certs.server, certs.other_ca, true, true, GC_ERR_TLS,
       "check CACert"},
      {"expired", certs.expired, certs.ca, true, true, GC_ERR_TLS,
       "check CACert"},
      {"wrong host", certs.wrong_host, certs.ca, true, true, GC_ERR_TLS,
       "check StateURL"},
      {"any host", certs.wrong_host, certs.ca, true, false, GC_OK, ""},
      {"any", certs.expired, certs.other_ca, false, false, GC_OK, ""},
      {"no file", certs.server, certs.missing, true, true, GC_ERR_CONFIG,
       "check CACert"},
      {"no TLS", NULL, certs.ca, true, true, GC_ERR_TLS, ""},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    const struct gc_connect tls = {.ca_cert = rows[i].ca,
                                   .verify_peer = rows[i].verify_peer,
                                   .verify_host = rows[i].verify_host};
    struct gc_err err = {.code = GC_OK};
    CHECK_ROW(rows[i].row);
    CHECK_INT(open_link(rows[i].cert, &tls, &err), rows[i].code);
    CHECK_HAS(err.text, rows[i].words);
  }
}

int main(void) {
  certs_make(&certs);
  RUN(the_certificate_decides);
  certs_remove(&certs);
  return check_done();
}
