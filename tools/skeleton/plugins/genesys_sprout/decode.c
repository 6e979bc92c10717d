/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_sprout/sprout.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/json/stream.h"

enum { BYTES_MAX = 1 << 20, STRING_MAX = 4096 };
enum { K_TOTAL = 1 };

static const struct gc_json_key keys[] = {{"total", K_TOTAL}};

struct sprout_decoder {
  struct gc_json_stream *json;
  struct sprout read;
  bool has_total;
};

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct sprout_decoder *d = ctx;
  int64_t total;
  if (at->path != GC_JSON_PATH1(K_TOTAL))
    return GC_OK;
  if (!gc_json_int(v, &total) || total < 0)
    return gc_fail(at->err, GC_ERR_PARSE, "\"total\" is no number of queues");
  d->read.queues = (uint64_t)total;
  d->has_total = true;
  return GC_OK;
}

static const struct gc_json_reader reader = {.keys = keys,
                                             .key_count = GC_COUNT(keys),
                                             .skip_unknown = true,
                                             .bytes_max = BYTES_MAX,
                                             .string_max = STRING_MAX,
                                             .value = on_value};

struct sprout_decoder *sprout_decoder_new(void) {
  struct sprout_decoder *d = gc_zalloc(1, sizeof(*d));
  d->json = gc_json_stream_new(&reader, d);
  return d;
}

void sprout_decoder_free(struct sprout_decoder *d) {
  if (d == NULL)
    return;
  gc_json_stream_free(d->json);
  free(d);
}

static void reset_answer(void *ctx) {
  struct sprout_decoder *d = ctx;
  gc_json_stream_reset(d->json);
  d->has_total = false;
}

static enum gc_code write_bytes(void *ctx, const char *bytes, size_t len,
                                struct gc_err *err) {
  struct sprout_decoder *d = ctx;
  return gc_json_stream_feed(d->json, bytes, len, err);
}

struct gc_sink sprout_decoder_sink(struct sprout_decoder *d) {
  return (struct gc_sink){reset_answer, write_bytes, d};
}

enum gc_code sprout_decoder_finish(struct sprout_decoder *d, struct sprout *ret,
                                   struct gc_err *err) {
  GC_TRY(gc_json_stream_end(d->json, err));
  if (!d->has_total)
    return gc_fail(err, GC_ERR_PARSE, "the answer has no \"total\"");
  *ret = d->read;
  return GC_OK;
}
