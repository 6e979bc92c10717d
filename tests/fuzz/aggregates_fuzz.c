/* SPDX-License-Identifier: MIT */
/* Answers of the aggregate queries and of the guide dialect. The first byte
 * chooses the source and the grouping, and the second byte chooses where the
 * answer is cut. Laws: no input causes a crash; any cut gives the same values;
 * a counter never falls; the values to dispatch can be written to the state
 * file and read back. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/analytics/decode/decode.h"
#include "common/analytics/send/sender.h"
#include "common/base/utf8.h"
#include "tests/fuzz/fuzz.h"

static char queue_id[] = "queueId", media_type[] = "mediaType",
            user_id[] = "userId", wrap_up[] = "wrapUpCode",
            flow_id[] = "flowId", flow_type[] = "flowType",
            outcome_id[] = "flowOutcomeId";
static char *groups[] = {queue_id, media_type, user_id, wrap_up};
static char *flow_groups[] = {flow_id, outcome_id, flow_type, media_type};

struct result {
  enum gc_code code;
  struct gc_buf text;
};

static enum gc_code decode_answer(struct gc_results *r, const char *bytes,
                                  size_t size, size_t cut) {
  GC_AUTO(gc_decoder_free_auto) struct gc_decoder *d = gc_decoder_new(r);
  LAW(d != NULL);
  struct gc_sink sink = gc_decoder_sink(d);
  size_t step = cut > 0 ? cut : size + 1;
  sink.begin(sink.ctx);
  for (size_t from = 0; from < size; from += step)
    GC_TRY(sink.write(sink.ctx, bytes + from,
                      size - from < step ? size - from : step, NULL));
  return gc_decoder_finish(d, NULL);
}

static void check_outbox(const struct gc_outbox *o, struct gc_buf *text) {
  struct gc_outbox back = {.count = 0};
  size_t from = text->len;
  LAW(gc_outbox_write(o, text) == GC_OK);
  /* gc_name_clean keeps line ends and tabs out of names. */
  LAW(gc_outbox_read(&back, text->data + from, text->len - from) == GC_OK);
  LAW(back.count == o->count);
  gc_outbox_clear(&back);
}

static bool is_clean(const char *part) {
  size_t len = strlen(part);
  for (size_t at = 0, size; at < len; at += size) {
    size = gc_utf8_char(part + at, len - at, NULL);
    if (size == 0 || part[at] == '/' || (unsigned char)part[at] < 0x20)
      return false;
  }
  return len > 0;
}

static void check_values(const struct gc_outbox *o) {
  for (size_t i = 0; i < o->count; i++) {
    struct gc_sample s = gc_outbox_get(o, i);
    const struct gc_metric *m = gc_metric(s.metric);
    LAW(is_clean(s.instance) && is_clean(s.qualifier));
    for (unsigned v = 0; v < m->ds_count; v++)
      LAW(m->ds[v].kind == GC_DERIVE ? s.values[v].derive >= 0
                                     : !(s.values[v].gauge < 0));
  }
}

static void put_windows(const struct gc_samples_view *view,
                        struct gc_results *r, struct gc_outbox *o,
                        struct result *result) {
  gc_results_sort(r);
  (void)gc_series_revise(r->series, GC_SETTLES_BASE);
  for (uint32_t window = 0; window < 2; window++) {
    uint64_t unnamed = 0;
    gc_outbox_reset(o);
    LAW(gc_samples_of_window(view, r, window, o, &unnamed) == GC_OK);
    check_values(o);
    check_outbox(o, &result->text);
  }
}

static struct result run_query(const uint8_t *data, size_t size, size_t cut) {
  struct result result = {.text = {.max = 1 << 26}};
  struct gc_query q = {.source = (enum gc_query_source)(data[0] % 3),
                       .group_by = {groups, 1 + (data[0] >> 2) % 4},
                       .rule = {.period_ms = 60000}};
  if (data[0] & 64) {
    q.source = GC_QUERY_FLOWS;
    q.group_by.at = flow_groups;
  }
  q.counters = true;
  if (q.source == GC_QUERY_QUEUE_DETAILS)
    q.group_by.count = 1;
  struct gc_series_set series = {.keys = {.max = 50}};
  struct gc_dimension_names dimension_names = {.label = GC_QUERY_LABEL_ID};
  struct gc_outbox o = {.count = 0};
  struct gc_samples_view view = {
      .query = &q, .dimension_names = &dimension_names, .block = "b"};
  /* 2026-08-01T10:00 to 10:03, two of them new. */
  struct gc_results r = {.query = &q,
                         .plan = {.again_from_ms = 1785578400000,
                                  .again_to_ms = 1785578460000,
                                  .from_ms = 1785578460000,
                                  .to_ms = 1785578580000,
                                  .final_ms = 1785578520000},
                         .asked_from_ms = 1785578400000,
                         .asked_to_ms = 1785578580000,
                         .series = &series,
                         .max = 1000};
  result.code = decode_answer(&r, (const char *)data + 2, size - 2, cut);
  if (result.code == GC_OK)
    put_windows(&view, &r, &o, &result);
  gc_results_clear(&r);
  gc_outbox_clear(&o);
  gc_series_clear(&series);
  return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2)
    return 0;
  struct result whole = run_query(data, size, 0);
  const size_t cuts[] = {1, data[1] + (size_t)2};
  for (size_t i = 0; i < GC_COUNT(cuts); i++) {
    struct result cut = run_query(data, size, cuts[i]);
    LAW((cut.code == GC_OK) == (whole.code == GC_OK));
    LAW(strcmp(gc_buf_string(&cut.text), gc_buf_string(&whole.text)) == 0);
    gc_buf_clear(&cut.text);
  }
  gc_buf_clear(&whole.text);
  return 0;
}
