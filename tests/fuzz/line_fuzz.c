/* SPDX-License-Identifier: MIT */
/* Names from the outside as a line. Law: a reader of the protocol finds one
 * line with the parts that were written, whatever bytes they hold. */
#include <string.h>

#include "plugins/genesys_influxdb/lines/line.h"
#include "tests/fuzz/fuzz.h"

/* Bytes up to the next unescaped one of `ends`. */
static size_t part_len(const char *text, const char *ends) {
  size_t len = 0;
  while (text[len] != '\0' && strchr(ends, text[len]) == NULL)
    len += text[len] == '\\' && text[len + 1] != '\0' ? 2 : 1;
  return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char name[64] = "m", value[256];
  size_t name_len = size > 0 ? data[0] % 32 : 0;
  if (size <= 1 + name_len || size > sizeof(value))
    return 0;
  memcpy(name + 1, data + 1, name_len);
  memcpy(value, data + 1 + name_len, size - 1 - name_len);
  value[size - 1 - name_len] = '\0';

  GC_AUTO(gc_buf_clear) struct gc_buf out = {.max = 4096};
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = 4096};
  union influx_value one = {.integer = 1};
  LAW(influx_line_name(&out, name) == GC_OK);
  LAW(influx_line_tag(&out, "tag", value) == GC_OK);
  LAW(influx_line_field(&fields, "v", INFLUX_INT, one) == GC_OK);
  LAW(influx_line_has_field(&fields, "v"));
  LAW(!influx_line_has_field(&fields, "value"));
  bool has_tag = value[0] != '\0';
  const char *at = out.data;
  LAW(strchr(at, '\n') == NULL);
  at += part_len(at, ", ");
  if (has_tag) {
    LAW(strncmp(at, ",tag=", 5) == 0);
    at += 5;
    at += part_len(at, ", =");
  }
  LAW(*at == '\0');
  return 0;
}
