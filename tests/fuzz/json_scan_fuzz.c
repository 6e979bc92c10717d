/* SPDX-License-Identifier: MIT */
/* The scanner against the stream: json/stream accepts each document that
 * json/scan finishes, with the same events. The first byte makes a callback
 * fail, and the rest is the document. */
#include <string.h>

#include "common/base/buf.h"
#include "common/base/json/scan.h"
#include "tests/fuzz/fuzz.h"

static const struct gc_json_key keys[] = {
    {"a", 1},    {"results", 2},      {"group", 3},
    {"data", 4}, {"metric", 5},       {"id", 6},
    {"", 7},     {"participants", 8}, {"queueId", 250}};

struct log {
  struct gc_buf text;
  unsigned depth, events, stop_at;
};

static enum gc_code log_event(struct log *log, char what,
                              const struct gc_json_at *at, const char *bytes,
                              size_t len) {
  LAW(at->depth == log->depth);
  LAW(at->depth <= GC_JSON_DEPTH_MAX);
  if (++log->events == log->stop_at)
    return gc_fail(at->err, GC_ERR_STATE, "stop");
  LAW(gc_buf_print(&log->text, "%c%d %llx %u %s=", what, at->kind,
                   (unsigned long long)at->path, at->depth, at->key) == GC_OK);
  LAW(gc_buf_print(&log->text, "%zu ", at->key_len) == GC_OK);
  return gc_buf_add(&log->text, bytes, len);
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct log *log = ctx;
  enum gc_code code = log_event(log, 'o', at, NULL, 0);
  log->depth++;
  return code;
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct log *log = ctx;
  log->depth--;
  return log_event(log, 'c', at, NULL, 0);
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct log *log = ctx;
  LAW(gc_buf_print(&log->text, "%d", v->truth) == GC_OK);
  return log_event(log, 'v', at, v->text, v->len);
}

static const struct gc_json_reader reader = {.keys = keys,
                                             .key_count = GC_COUNT(keys),
                                             .skip_unknown = true,
                                             .bytes_max = 3000,
                                             .string_max = 200,
                                             .open = on_open,
                                             .close = on_close,
                                             .value = on_value};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 1)
    return 0;
  struct log quick = {.text = {.max = 1 << 24}, .stop_at = data[0]};
  struct log thorough = {.text = {.max = 1 << 24}, .stop_at = data[0]};
  struct gc_json_scan scan;
  struct gc_json_stream *s = gc_json_stream_new(&reader, &thorough, NULL);
  LAW(s != NULL && gc_json_scan_set(&scan, &reader, &quick, NULL) == GC_OK);

  const char *json = (const char *)data + 1;
  if (gc_json_scan(&scan, json, size - 1)) {
    LAW(gc_json_stream_next(s, json, size - 1, NULL) == GC_OK);
    LAW(quick.events == thorough.events);
    LAW(quick.text.len == thorough.text.len);
    LAW(memcmp(gc_buf_string(&quick.text), gc_buf_string(&thorough.text),
               quick.text.len) == 0);
    LAW(quick.depth == 0);
  }
  gc_json_scan_clear(&scan);
  gc_json_stream_free(s);
  gc_buf_clear(&quick.text);
  gc_buf_clear(&thorough.text);
  return 0;
}
