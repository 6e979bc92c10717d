/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/sender/target.h"

#include <stdint.h>

#include "common/base/base64.h"
#include "common/base/url.h"

enum { CREDENTIALS_MAX = 8 * 1024 };

enum gc_code influx_target_url(const struct influx_target *t,
                               struct gc_buf *out) {
  if (t->version == INFLUX_V1) {
    GC_TRY(gc_buf_print(out, "%s/write?db=", t->url));
    return gc_url_add_value(out, t->database);
  }
  GC_TRY(gc_buf_print(out, "%s/api/v2/write?", t->url));
  if (t->organization != NULL) {
    GC_TRY(gc_buf_text(out, "org="));
    GC_TRY(gc_url_add_value(out, t->organization));
    GC_TRY(gc_buf_text(out, "&"));
  }
  GC_TRY(gc_buf_text(out, "bucket="));
  GC_TRY(gc_url_add_value(out, t->bucket));
  return gc_buf_text(out, "&precision=ns");
}

static enum gc_code write_basic(const char *user, const char *password,
                                struct gc_buf *out) {
  GC_AUTO(gc_buf_wipe) struct gc_buf pair = {.max = CREDENTIALS_MAX};
  GC_AUTO(gc_buf_wipe) struct gc_buf text = {.max = 2 * CREDENTIALS_MAX};
  GC_TRY(gc_buf_print(&pair, "%s:%s", user, password));
  /* Adds as many bytes as the text has; the text then replaces them. */
  for (size_t i = 0; i < GC_BASE64_LEN(pair.len); i++)
    GC_TRY(gc_buf_add(&text, "=", 1));
  gc_base64_write((const uint8_t *)pair.data, pair.len, text.data);
  return gc_buf_print(out, "Authorization: Basic %s", text.data);
}

enum gc_code influx_target_authorization(const struct influx_target *t,
                                         const char *secret,
                                         struct gc_buf *out) {
  if (t->version == INFLUX_V1)
    return t->user != NULL ? write_basic(t->user, secret, out) : GC_OK;
  return secret[0] != '\0'
             ? gc_buf_print(out, "Authorization: Token %s", secret)
             : GC_OK;
}
