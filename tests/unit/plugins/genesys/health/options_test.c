/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/health/options.h"

#include "tests/support/check.h"

static char loopback[] = "127.0.0.1", all[] = "0.0.0.0", file[] = "/file",
            header[] = "X-Api-Key", odd[] = "X Key";

static const struct {
  const char *name;
  struct health_options o;
  const char *error, *warning; /* a part of the text; NULL: none */
} rows[] = {
    {"loopback", {.at.listen = loopback, .secret_header = header}, NULL, NULL},
    {"no address", {.secret_header = header}, "Listen needs an address", NULL},
    {"open to the network",
     {.at.listen = all, .secret_header = header},
     "set SharedSecretFile and TLSCert",
     NULL},
    {"TLS alone",
     {.at.listen = all, .secret_header = header, .at.tls_cert = file},
     NULL,
     "any host that reaches it"},
    {"a secret alone",
     {.at.listen = all, .secret_header = header, .secret_file = file},
     NULL,
     "unencrypted"},
    {"both",
     {.at.listen = all,
      .secret_header = header,
      .secret_file = file,
      .at.tls_cert = file},
     NULL,
     NULL},
    {"client certificates",
     {.at.listen = all,
      .secret_header = header,
      .at.tls_client_ca = file,
      .at.tls_cert = file},
     NULL,
     NULL},
    {"a key without a certificate",
     {.at.listen = loopback, .secret_header = header, .at.tls_key = file},
     "need a TLSCert",
     NULL},
    {"an authority without a certificate",
     {.at.listen = loopback, .secret_header = header, .at.tls_client_ca = file},
     "need a TLSCert",
     NULL},
    {"no header",
     {.at.listen = loopback, .secret_header = odd},
     "not the name of a header",
     NULL},
};

static void each_rule_has_its_words(void) {
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
    enum gc_code code = health_check(&rows[i].o, &warning, &err);
    CHECK_ROW(rows[i].name);
    CHECK_INT(code == GC_OK, rows[i].error == NULL);
    CHECK_INT(warning.code == GC_OK, rows[i].warning == NULL);
    if (rows[i].error != NULL)
      CHECK(strstr(err.text, rows[i].error) != NULL);
    if (rows[i].warning != NULL)
      CHECK(strstr(warning.text, rows[i].warning) != NULL);
  }
}

static void the_address_is_loopback_by_default(void) {
  struct health_options o = {.at.port = 0};
  CHECK_INT(gc_options_preset(health_rows, &o), GC_OK);
  CHECK_STR(o.at.listen, "127.0.0.1");
  CHECK_INT(o.at.port, 8080);
  gc_options_clear(health_rows, &o);
}

int main(void) {
  RUN(each_rule_has_its_words);
  RUN(the_address_is_loopback_by_default);
  return check_done();
}
