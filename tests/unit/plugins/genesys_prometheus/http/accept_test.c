/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/http/accept.h"

#include "common/base/cleanup.h"
#include "tests/support/check.h"

static void the_format_is_the_one_that_is_preferred(void) {
  static const struct {
    const char *header;
    bool want;
  } rows[] = {
      {NULL, false},
      {"", false},
      {"*/*", false},
      {"text/plain", false},
      {"application/openmetrics-text", true},
      {"application/openmetrics-text;version=1.0.0,"
       "application/openmetrics-text;version=0.0.1;q=0.75,"
       "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
       true},
      {"application/openmetrics-text;q=0.4, text/plain;q=0.5", false},
      {"application/openmetrics-text; q=0", false},
      {"application/openmetrics-text;q=0.0,text/plain", false},
      {"Application/OpenMetrics-Text ; Q=0.500 , text/plain;q=0.5", true},
      {"application/openmetrics-textual", false},
      {"text/html,,;;,application/openmetrics-text", true},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].header != NULL ? rows[i].header : "none");
    CHECK_INT(accept_openmetrics(rows[i].header), rows[i].want);
  }
}

static void gzip_needs_a_weight(void) {
  CHECK(accept_gzip("gzip"));
  CHECK(accept_gzip("deflate, gzip;q=0.1"));
  CHECK(!accept_gzip("gzip;q=0"));
  CHECK(!accept_gzip("identity"));
  CHECK(!accept_gzip(NULL));
}

int main(void) {
  RUN(the_format_is_the_one_that_is_preferred);
  RUN(gzip_needs_a_weight);
  return check_done();
}
