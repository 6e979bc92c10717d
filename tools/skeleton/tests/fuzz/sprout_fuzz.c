/* SPDX-License-Identifier: MIT */
/* Reads any bytes as an answer of genesys_sprout's source: each number of
 * queues must be possible, and the same bytes one by one must give the same
 * result. */
#include "plugins/genesys_sprout/sprout.h"
#include "tests/fuzz/fuzz.h"

static bool decode_answer(const uint8_t *data, size_t size, size_t step,
                          struct sprout *ret) {
  struct sprout_decoder *d = sprout_decoder_new();
  LAW(d != NULL);
  struct gc_sink sink = sprout_decoder_sink(d);
  struct gc_err err;
  enum gc_code code = GC_OK;
  sink.begin(sink.ctx);
  for (size_t at = 0; code == GC_OK && at < size; at += step)
    code = sink.write(sink.ctx, (const char *)data + at,
                      size - at < step ? size - at : step, &err);
  if (code == GC_OK)
    code = sprout_decoder_finish(d, ret, &err);
  sprout_decoder_free(d);
  return code == GC_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct sprout whole = {.queues = 0}, cut = {.queues = 0};
  bool is_read = decode_answer(data, size, size + 1, &whole);
  LAW(is_read == decode_answer(data, size, 1, &cut));
  LAW(whole.queues == cut.queues && whole.queues <= INT64_MAX);
  return 0;
}
