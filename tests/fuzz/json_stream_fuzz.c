/* SPDX-License-Identifier: MIT */
/* Any split of the input gives the same events. The first byte chooses how
 * unknown keys are reported and whether a callback fails, the second byte
 * chooses where the document is cut, and the rest is the document. */
#include <string.h>

#include "common/base/buf.h"
#include "common/base/json/stream.h"
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
  LAW(at->key[at->key_len] == '\0');
  LAW((at->path == 0) == (at->depth == 0));
  LAW((at->path == GC_JSON_DEEP) == (at->depth > 8));
  if (++log->events == log->stop_at)
    return gc_fail(at->err, GC_ERR_STATE, "stop");
  LAW(gc_buf_print(&log->text, "%c%d %llx %u ", what, at->kind,
                   (unsigned long long)at->path, at->depth) == GC_OK);
  LAW(gc_buf_add(&log->text, at->key, at->key_len) == GC_OK);
  LAW(gc_buf_add(&log->text, "=", 1) == GC_OK);
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
  int64_t whole;
  double real;
  if (gc_json_int(v, &whole))
    LAW(gc_json_real(v, &real));
  return log_event(ctx, 'v', at, v->text, v->len);
}

static enum gc_code run_stream(struct gc_json_stream *s, struct log *log,
                               const char *bytes, size_t size, size_t cut) {
  struct gc_err err = {0};
  gc_buf_reset(&log->text);
  log->depth = log->events = 0;
  gc_json_stream_reset(s);
  for (size_t at = 0; at < size;) {
    size_t part = cut == 0 || cut > size - at ? size - at : cut;
    char *copy = malloc(part);
    LAW(copy != NULL);
    memcpy(copy, bytes + at, part);
    enum gc_code code = gc_json_stream_feed(s, copy, part, &err);
    free(copy);
    LAW(code == err.code);
    if (code != GC_OK)
      return code;
    at += part;
  }
  return gc_json_stream_end(s, &err);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2)
    return 0;
  const struct gc_json_reader reader = {.keys = keys,
                                        .key_count = GC_COUNT(keys),
                                        .skip_unknown = data[0] & 1,
                                        .bytes_max = 3000,
                                        .string_max = 200,
                                        .open = on_open,
                                        .close = on_close,
                                        .value = on_value};
  struct log log = {.text = {.max = 1 << 24}, .stop_at = data[0] >> 1};
  struct gc_json_stream *s = gc_json_stream_new(&reader, &log);
  const char *json = (const char *)data + 2;

  enum gc_code whole = run_stream(s, &log, json, size - 2, 0);
  struct gc_buf events = log.text;
  log.text = (struct gc_buf){.max = 1 << 24};
  if (whole == GC_OK)
    LAW(log.depth == 0);

  const size_t cuts[] = {1, data[1] % 16 + 2, data[1] + (size_t)1};
  for (size_t i = 0; i < GC_COUNT(cuts); i++) {
    LAW((run_stream(s, &log, json, size - 2, cuts[i]) == GC_OK) ==
        (whole == GC_OK));
    LAW(strcmp(gc_buf_string(&log.text), gc_buf_string(&events)) == 0);
    LAW(log.text.len == events.len);
  }
  gc_buf_clear(&log.text);
  gc_buf_clear(&events);
  gc_json_stream_free(s);
  return 0;
}
