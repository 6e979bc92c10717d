/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/target.h"

#include "tests/support/check.h"

static void each_version_has_its_url_and_header(void) {
  static const struct {
    struct influx_target target;
    const char *secret, *url, *header;
  } rows[] = {
      {{.url = "https://db/base",
        .version = INFLUX_V2,
        .organization = "my org",
        .bucket = "a&b"},
       "T",
       "https://db/base/api/v2/write?org=my%20org&bucket=a%26b&precision=ns",
       "Authorization: Token T"},
      {{.url = "http://db", .version = INFLUX_V2, .bucket = "b"},
       "",
       "http://db/api/v2/write?bucket=b&precision=ns",
       ""},
      {{.url = "http://db:8086", .version = INFLUX_V1, .database = "x y"},
       "",
       "http://db:8086/write?db=x%20y",
       ""},
      {{.url = "http://db",
        .version = INFLUX_V1,
        .database = "x",
        .user = "Aladdin"},
       "open sesame",
       "http://db/write?db=x",
       "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    GC_AUTO(gc_buf_clear) struct gc_buf url = {.max = 1000};
    GC_AUTO(gc_buf_wipe) struct gc_buf header = {.max = 1000};
    CHECK_ROW(rows[i].url);
    CHECK_INT(influx_target_url(&rows[i].target, &url), GC_OK);
    CHECK_STR(gc_buf_string(&url), rows[i].url);
    CHECK_INT(
        influx_target_authorization(&rows[i].target, rows[i].secret, &header),
        GC_OK);
    CHECK_STR(gc_buf_string(&header), rows[i].header);
  }
}

int main(void) {
  RUN(each_version_has_its_url_and_header);
  return check_done();
}
