/* SPDX-License-Identifier: MIT */
#include "common/analytics/decode.h"

#include <stdlib.h>

#include "common/analytics/decode_internal.h"

enum {
  ANSWER_MAX_BYTES = 1 << 30, /* only a small part is kept */
  STRING_MAX_BYTES = 1 << 16,
};

struct gc_decoder *gc_decoder_new(struct gc_results *into) {
  struct gc_decoder *d = calloc(1, sizeof(*d));
  if (d == NULL)
    return NULL;
  d->stage.into = into;
  d->metrics.max = GC_DECODE_METRICS_MAX;
  d->other_names.max = GC_OTHER_NAMES_MAX;
  d->reader = (struct gc_json_reader){.keys = d->keys,
                                      .skip_unknown = true,
                                      .bytes_max = ANSWER_MAX_BYTES,
                                      .string_max = STRING_MAX_BYTES};
  if (into->query->source == GC_QUERY_QUEUE_DETAILS)
    gc_decode_details(d);
  else
    gc_decode_aggregates(d);
  d->stream = gc_json_stream_new(&d->reader, d, NULL);
  if (d->stream == NULL) {
    free(d);
    return NULL;
  }
  return d;
}

void gc_decoder_free(struct gc_decoder *d) {
  if (d == NULL)
    return;
  gc_json_stream_free(d->stream);
  gc_intern_clear(&d->metrics);
  gc_intern_clear(&d->other_names);
  gc_stage_clear(&d->stage);
  free(d->numbers);
  free(d);
}

static void sink_begin(void *ctx) {
  struct gc_decoder *d = ctx;
  gc_json_stream_reset(d->stream);
  gc_intern_clear(&d->metrics);
  gc_stage_reset(&d->stage);
  gc_decode_begin_group(d);
}

static enum gc_code sink_write(void *ctx, const char *bytes, size_t len,
                               struct gc_err *err) {
  struct gc_decoder *d = ctx;
  return gc_json_stream_feed(d->stream, bytes, len, err);
}

struct gc_sink gc_decoder_sink(struct gc_decoder *d) {
  return (struct gc_sink){.begin = sink_begin, .write = sink_write, .ctx = d};
}

enum gc_code gc_decoder_finish(struct gc_decoder *d, struct gc_err *err) {
  GC_TRY(gc_json_stream_end(d->stream, err));
  enum gc_code code = gc_stage_finish(&d->stage);
  return code == GC_OK
             ? GC_OK
             : gc_fail(err, code, "the answer: %s", gc_code_words(code));
}
