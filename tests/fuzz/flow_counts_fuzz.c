/* SPDX-License-Identifier: MIT */
/* Answers of the flow observation and activity queries. The first byte chooses
 * whether the lists of names are refused, and the second byte chooses where
 * the answer is cut. Laws: any cut gives the same counts; no count is
 * negative; an invalid answer leaves no counts; each sample has a valid
 * identity. */
#include <math.h>
#include <string.h>

#include "common/base/utf8.h"
#include "plugins/genesys_flowmetrics/flows/counts.h"
#include "tests/fuzz/fuzz.h"

static bool is_clean(const char *part) {
  size_t len = strlen(part);
  for (size_t at = 0, size; at < len; at += size) {
    size = gc_utf8_char(part + at, len - at, NULL);
    if (size == 0 || part[at] == '/' || (unsigned char)part[at] < 0x20)
      return false;
  }
  return len > 0 && len < GC_NAME_SIZE;
}

static void check_sample(void *ctx, const struct gc_sample *s) {
  struct gc_buf *log = ctx;
  double value = s->values[0].gauge;
  LAW(isfinite(value) && value >= 0 && value == floor(value));
  LAW(is_clean(s->instance) && is_clean(s->qualifier));
  LAW(gc_buf_print(log, "%s-%s %.15g\n", s->instance, s->qualifier, value) ==
      GC_OK);
}

static enum gc_code decode_answer(struct flow_counts *c, const char *bytes,
                                  size_t size, size_t cut) {
  GC_AUTO(flow_decoder_free_auto) struct flow_decoder *d = flow_decoder_new(c);
  LAW(d != NULL);
  struct gc_sink sink = flow_decoder_sink(d);
  size_t results, step = cut > 0 ? cut : size + 1;
  uint64_t overflow;
  sink.begin(sink.ctx);
  for (size_t from = 0; from < size; from += step)
    GC_TRY(sink.write(sink.ctx, bytes + from,
                      size - from < step ? size - from : step, NULL));
  return flow_decoder_finish(d, &results, &overflow, NULL);
}

static enum gc_code run_answer(struct gc_buf *log, const uint8_t *data,
                               size_t size, size_t cut) {
  static const struct gc_entry entries[] = {{"f1", "IVR", "IVR", ""},
                                            {"f2", "", "f2", ""}};
  struct flow_counts c = {.pairs = {.max = 20}};
  bool refused = data[0] & 1;
  struct gc_entities *entities =
      gc_entities_new(entries, refused ? 0 : GC_COUNT(entries), refused);
  struct gc_dimension_names dimension_names = {
      .lists = {[GC_FLOW] = {.now = entities}}};
  struct flow_counts_view view = {.filter = {.flows = entities},
                                  .dimension_names = &dimension_names};
  struct flow_counts_tally tally;
  LAW(entities != NULL);
  enum gc_code code = decode_answer(&c, (const char *)data + 2, size - 2, cut);
  LAW(code == GC_OK || c.pairs.count == 0);
  gc_buf_reset(log);
  flow_counts_samples(&c, &view, &(struct gc_samples){check_sample, log},
                      &tally);
  LAW(tally.series + tally.unnamed == tally.matched);
  gc_entities_put(entities);
  flow_counts_clear(&c);
  return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2)
    return 0;
  struct gc_buf whole = {.max = 1 << 20}, part = {.max = 1 << 20};
  enum gc_code code = run_answer(&whole, data, size, 0);
  const size_t cuts[] = {1, data[1] + (size_t)2};
  for (size_t i = 0; i < GC_COUNT(cuts); i++) {
    LAW((run_answer(&part, data, size, cuts[i]) == GC_OK) == (code == GC_OK));
    LAW(strcmp(gc_buf_string(&part), gc_buf_string(&whole)) == 0);
  }
  gc_buf_clear(&whole);
  gc_buf_clear(&part);
  return 0;
}
