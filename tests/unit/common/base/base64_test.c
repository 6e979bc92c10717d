/* SPDX-License-Identifier: MIT */
#include "common/base/base64.h"

#include <string.h>

#include "tests/support/check.h"

static void base64_is_that_of_the_standard(void) {
  static const struct {
    const char *bytes, *want;
  } rows[] = {/* RFC 4648, section 10 */
              {"", ""},
              {"f", "Zg=="},
              {"fo", "Zm8="},
              {"foo", "Zm9v"},
              {"foob", "Zm9vYg=="},
              {"fooba", "Zm9vYmE="},
              {"foobar", "Zm9vYmFy"},
              {"\xfb\xff\xbf", "+/+/"}};
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    CHECK_ROW(rows[i].want);
    char out[16];
    gc_base64_write((const uint8_t *)rows[i].bytes, strlen(rows[i].bytes), out);
    CHECK_STR(out, rows[i].want);
    CHECK_INT(GC_BASE64_LEN(strlen(rows[i].bytes)), strlen(rows[i].want));
  }
}

int main(void) {
  RUN(base64_is_that_of_the_standard);
  return check_done();
}
