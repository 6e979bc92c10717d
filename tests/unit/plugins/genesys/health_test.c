/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/health.h"

#include "tests/support/check.h"

static void an_address_that_all_can_read_is_refused(void) {
  char all[] = "0.0.0.0", header[] = "X-Api-Key";
  const struct health_options o = {.at.listen = all, .secret_header = header};
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  CHECK_INT(health_check(&o, &warning, &err), GC_ERR_CONFIG);
  CHECK_HAS(err.text, "other hosts could read names of blocks and error texts");
  CHECK_INT(warning.code, GC_OK);
}

static void an_address_without_a_secret_is_a_warning(void) {
  char all[] = "0.0.0.0", header[] = "X-Api-Key", file[] = "/file";
  const struct health_options o = {
      .at.listen = all, .secret_header = header, .at.tls_cert = file};
  struct gc_err err = {.code = GC_OK}, warning = {.code = GC_OK};
  CHECK_INT(health_check(&o, &warning, &err), GC_OK);
  CHECK_HAS(warning.text, "can read names of blocks and error texts");
}

static void the_address_is_loopback_by_default(void) {
  struct health_options o = {.at.port = 0};
  gc_options_preset(health_rows, &o);
  CHECK_STR(o.at.listen, "127.0.0.1");
  CHECK_INT(o.at.port, 8080);
  gc_options_clear(health_rows, &o);
}

int main(void) {
  RUN(an_address_that_all_can_read_is_refused);
  RUN(an_address_without_a_secret_is_a_warning);
  RUN(the_address_is_loopback_by_default);
  return check_done();
}
