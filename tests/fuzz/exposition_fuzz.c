/* SPDX-License-Identifier: MIT */
/* Any identity is one line that a strict parser of the format reads back. NULs
 * divide instance, type instance and parts; the first byte chooses the type. */
#include <string.h>

#include "plugins/genesys_prometheus/series/families.h"
#include "tests/fuzz/fuzz.h"

enum { FIELDS = 3, PART_SIZE = 128, PARTS_SIZE = 3072 };

/* Checks that the text is NAME="VALUE",… with the escapes \\ \" \n and nothing
 * else. */
static void check_labels(const char *at) {
  while (*at != '\0') {
    size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz"
                            "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    LAW(len > 0 && at[len] == '=' && at[len + 1] == '"');
    for (at += len + 2; *at != '"'; at++) {
      LAW(*at != '\0' && *at != '\n');
      if (*at == '\\') {
        at++;
        LAW(*at == '\\' || *at == '"' || *at == 'n');
      }
    }
    at++;
    LAW(*at == '\0' || (*at == ',' && at[1] != '\0'));
    at += *at == ',';
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
  enum gc_metric_id metric =
      (enum gc_metric_id)(size > 0 ? data[0] % GC_METRIC_COUNT : 0);
  const struct gc_export_identity id = {.host = "h",
                                        .plugin = "genesys",
                                        .plugin_instance = text[0],
                                        .type = gc_metric(metric)->name,
                                        .type_instance = text[1],
                                        .parts = text[2],
                                        .source = "value",
                                        .is_only_source = true};
  if (gc_export_series_make(&id, &s)) {
    struct point *p = point_new(&s, NULL, STORE_REAL);
    if (p != NULL) {
      LAW(strlen(p->labels) == p->labels_len);
      check_labels(p->labels);
    }
    free(p);
  }
  return 0;
}
