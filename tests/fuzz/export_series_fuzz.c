/* SPDX-License-Identifier: MIT */
/* Any identity has names that a database accepts. The first byte chooses the
 * type; NULs divide instance, type instance, parts, plugin and source. */
#include <string.h>

#include "common/base/utf8.h"
#include "common/export/series.h"
#include "tests/fuzz/fuzz.h"

enum { FIELDS = 5, PART_SIZE = 128, PARTS_SIZE = 3072 };

static void check_name(const char *name) {
  LAW(name[0] != '\0' && !(name[0] >= '0' && name[0] <= '9'));
  LAW(name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789_")] == '\0');
}

static void check_value(const char *value) {
  size_t len = strlen(value);
  LAW(len > 0);
  for (size_t at = 0; at < len;) {
    uint32_t point = 0;
    size_t size = gc_utf8_char(value + at, len - at, &point);
    LAW(size > 0 && point >= 0x20);
    at += size;
  }
}

static void check_series(const struct gc_export_series *s) {
  check_name(s->family);
  check_name(s->measurement);
  check_name(s->field);
  for (size_t i = 0; i < s->label_count; i++) {
    check_name(s->labels[i].name);
    check_value(s->labels[i].value);
    for (size_t k = 0; k < i; k++)
      LAW(strcmp(s->labels[i].name, s->labels[k].name) != 0);
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static struct gc_export_series s;
  static char text[FIELDS][PARTS_SIZE];
  memset(text, 0, sizeof(text));
  for (size_t i = 1, field = 0, len = 0; i < size && field < FIELDS; i++) {
    size_t max = field == 2 ? PARTS_SIZE : PART_SIZE;
    if (data[i] == '\0') {
      field++;
      len = 0;
    } else if (len + 1 < max) {
      text[field][len++] = (char)data[i];
    }
  }
  bool ours = size > 0 && data[0] < GC_METRIC_COUNT;
  struct gc_export_identity id = {
      .host = "h",
      .plugin = ours ? "genesys" : text[3],
      .plugin_instance = text[0],
      .type = ours ? gc_metric((enum gc_metric_id)data[0])->name : "gauge",
      .type_instance = text[1],
      .parts = text[2],
      .source = text[4][0] != '\0' ? text[4] : "value",
      .is_only_source = text[4][0] == '\0',
  };
  if (ours || text[3][0] != '\0')
    if (gc_export_series_make(&id, &s))
      check_series(&s);
  return 0;
}
