/* SPDX-License-Identifier: MIT */
#include "common/daemon/listen_options.h"

#include "tests/support/check.h"

static char loopback[] = "127.0.0.1", all[] = "0.0.0.0", file[] = "/file";

static const struct {
  const char *name;
  struct gc_listener_options o;
  const char *secret_file, *header;
  const char *error, *warning; /* the text; NULL: none */
} rows[] = {
    {"loopback", {.listen = loopback}, NULL, "X-Api-Key", NULL, NULL},
    {"no address",
     {.listen = NULL},
     NULL,
     "X-Api-Key",
     "Listen needs an address",
     NULL},
    {"open to the network",
     {.listen = all},
     NULL,
     "X-Api-Key",
     "Listen \"0.0.0.0\": other hosts could post events; set SharedSecretFile "
     "and TLSCert, or listen on 127.0.0.1",
     NULL},
    {"TLS alone",
     {.listen = all, .tls_cert = file},
     NULL,
     "X-Api-Key",
     NULL,
     "Listen \"0.0.0.0\" without SharedSecretFile and TLSClientCA: any host "
     "that reaches it can post events"},
    {"a secret alone",
     {.listen = all},
     file,
     "X-Api-Key",
     NULL,
     "Listen \"0.0.0.0\" without TLSCert: the secret and what it protects are "
     "sent unencrypted"},
    {"both", {.listen = all, .tls_cert = file}, file, "X-Api-Key", NULL, NULL},
    {"client certificates",
     {.listen = all, .tls_client_ca = file, .tls_cert = file},
     NULL,
     "X-Api-Key",
     NULL,
     NULL},
    {"a key without a certificate",
     {.listen = loopback, .tls_key = file},
     NULL,
     "X-Api-Key",
     "TLSKey and TLSClientCA need a TLSCert",
     NULL},
    {"an authority without a certificate",
     {.listen = loopback, .tls_client_ca = file},
     NULL,
     "X-Api-Key",
     "TLSKey and TLSClientCA need a TLSCert",
     NULL},
    {"an odd header",
     {.listen = loopback},
     NULL,
     "X Key",
     "SharedSecretHeader is not the name of a header",
     NULL},
    {"no header",
     {.listen = loopback},
     NULL,
     NULL,
     "SharedSecretHeader is not the name of a header",
     NULL},
};

static void each_rule_has_its_words(void) {
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
    const struct gc_listen_secret secret = {.file = rows[i].secret_file,
                                            .header = rows[i].header,
                                            .client_can = "post events"};
    enum gc_code code =
        gc_listen_check_secret(&rows[i].o, &secret, &warning, &err);
    CHECK_ROW(rows[i].name);
    CHECK_INT(code, rows[i].error != NULL ? GC_ERR_CONFIG : GC_OK);
    CHECK_STR(err.text, rows[i].error != NULL ? rows[i].error : "");
    CHECK_STR(warning.text, rows[i].warning != NULL ? rows[i].warning : "");
  }
}

static void a_listener_without_a_secret_may_be_public(void) {
  const struct gc_listener_options o = {.listen = all};
  CHECK_INT(gc_listen_check(&o, NULL), GC_OK);
}

int main(void) {
  RUN(each_rule_has_its_words);
  RUN(a_listener_without_a_secret_may_be_public);
  return check_done();
}
