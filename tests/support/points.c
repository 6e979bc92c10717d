/* SPDX-License-Identifier: MIT */
#include "tests/support/points.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool make_names(void *ctx, size_t i, struct gc_export_series *ret) {
  const struct points_value *v = ctx;
  const struct gc_metric *m = gc_metric(gc_export_metric_of(v->type));
  const struct gc_export_identity id = {
      .host = "h",
      .plugin = "genesys",
      .plugin_instance = v->instance,
      .type = v->type,
      .type_instance = v->type_instance,
      .source = m->ds[i].name,
      .is_only_source = m->ds_count == 1,
      .is_counter = m->ds[i].kind == GC_DERIVE,
      .parts = v->parts,
  };
  return gc_export_series_make(&id, ret);
}

static _Atomic uint64_t newest_ms; /* of the newest value */

enum gc_code points_write_leased(struct store *s, const struct points_value *v,
                                 uint64_t now_ms,
                                 const struct gc_lease_gate *lease) {
  const struct gc_metric *m = gc_metric(gc_export_metric_of(v->type));
  struct store_number numbers[GC_DS_MAX];
  char key[1024];
  newest_ms = now_ms;
  int len = snprintf(key, sizeof(key), "%s/%s/%s/%s", v->instance, v->type,
                     v->type_instance, v->parts != NULL ? v->parts : "");
  for (unsigned i = 0; i < m->ds_count; i++) {
    int64_t count = (int64_t)v->value;
    bool is_count = m->ds[i].kind == GC_DERIVE;
    numbers[i].kind = is_count ? STORE_INT : STORE_REAL;
    memcpy(&numbers[i].bits, is_count ? (const void *)&count : &v->value, 8);
  }
  const struct store_list list = {.key = key,
                                  .key_len = (size_t)len,
                                  .numbers = numbers,
                                  .count = m->ds_count,
                                  .time = now_ms,
                                  .interval_ms = 10000,
                                  .now_ms = now_ms,
                                  .lease = lease};
  return store_write(s, &list) ? GC_OK
                               : store_add(s, &list, make_names, (void *)v);
}

enum gc_code points_write(struct store *s, const struct points_value *v,
                          uint64_t now_ms) {
  return points_write_leased(s, v, now_ms, NULL);
}

char *points_render(struct store *s, enum render_format format) {
  const struct render_options o = {.format = format};
  size_t len = 0;
  const struct family_list *list = store_scrape_begin(s, newest_ms);
  char *text = render_exposition(list, &o, &len);
  uint64_t number = list->scrape.number;
  store_scrape_end(s);
  store_note_taken(s, number);
  if (text == NULL)
    abort();
  return text;
}
