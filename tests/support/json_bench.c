/* SPDX-License-Identifier: MIT */
#include "tests/support/json_bench.h"

#include "tests/support/check.h"

static const struct gc_json_key keys[] = {{"a", K_A},
                                          {"b", K_B},
                                          {"results", K_RESULTS},
                                          {"group", K_GROUP},
                                          {"last", K_LAST}};

static void put_path(struct gc_buf *b, const struct gc_json_at *at) {
  (void)!gc_buf_text(b, b->len > 0 ? " " : "");
  bool begun = false;
  for (int shift = 56; shift >= 0; shift -= 8) {
    unsigned id = at->path >> shift & 0xff;
    if (id == 0 && !begun)
      continue;
    (void)!gc_buf_print(b, "%s%u", begun ? "." : "", id);
    begun = true;
  }
  if ((at->path & 0xff) == GC_JSON_OTHER)
    (void)!gc_buf_print(b, "/%s", at->key);
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct json_record *r = ctx;
  put_path(&r->text, at);
  return gc_buf_text(&r->text, at->kind == GC_JSON_OBJECT ? "{" : "[");
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct json_record *r = ctx;
  put_path(&r->text, at);
  return gc_buf_text(&r->text, at->kind == GC_JSON_OBJECT ? "}" : "]");
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct json_record *r = ctx;
  if (gc_json_is(v, "stop"))
    return gc_fail(at->err, r->stop_with, "asked to stop");
  if (gc_json_is(v, "silent stop"))
    return r->stop_with;
  put_path(&r->text, at);
  return gc_buf_print(&r->text, v->kind == GC_JSON_STRING ? "='%.*s'" : "=%.*s",
                      (int)v->len, v->text);
}

const struct gc_json_reader json_reader = {.keys = keys,
                                           .key_count = GC_COUNT(keys),
                                           .bytes_max = 4096,
                                           .string_max = 64,
                                           .open = on_open,
                                           .close = on_close,
                                           .value = on_value};

struct json_record json_record = {.text = {.max = 1 << 20}};

struct gc_json_stream *json_stream_of(const struct gc_json_reader *reader) {
  struct gc_json_stream *s = gc_json_stream_new(reader, &json_record);
  gc_buf_reset(&json_record.text);
  return s;
}

void json_bench_end(void) { gc_buf_clear(&json_record.text); }
