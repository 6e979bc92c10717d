/* SPDX-License-Identifier: MIT */
/* Any cut gives the same values, and each value is one that may be dispatched.
 * The first byte chooses the label and whether the account's list of names is
 * refused, the second byte chooses where the answer is cut, and the rest is
 * the answer. */
#include <math.h>
#include <string.h>

#include "common/genesys/clean_name.h"
#include "plugins/genesys_realtime/observations/guide_metrics.h"
#include "tests/fuzz/fuzz.h"

static void check_sample(void *ctx, const struct gc_sample *s) {
  struct gc_buf *log = ctx;
  double value = s->values[0].gauge;
  LAW(isfinite(value) && value >= 0 && value == floor(value));
  LAW(s->instance[0] != '\0' && strlen(s->instance) < GC_NAME_SIZE);
  LAW(strchr(s->instance, '/') == NULL && strchr(s->qualifier, '/') == NULL);
  LAW(gc_buf_print(log, "%s/%s-%s %.15g\n", s->instance,
                   gc_metric(s->metric)->name, s->qualifier, value) == GC_OK);
}

static bool accepts_queue(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  return strcmp(queue->id, "refused") != 0;
}

static enum gc_code decode_answer(struct observations *o, const char *bytes,
                                  size_t size, size_t cut) {
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(o, true);
  LAW(d != NULL);
  struct gc_sink sink = obs_decoder_sink(d);
  struct gc_err err;
  sink.begin(sink.ctx);
  for (size_t at = 0, part; at < size; at += part) {
    part = cut == 0 || cut > size - at ? size - at : cut;
    char *copy = malloc(part);
    LAW(copy != NULL);
    memcpy(copy, bytes + at, part);
    enum gc_code code = sink.write(sink.ctx, copy, part, &err);
    free(copy);
    if (code != GC_OK)
      return code;
  }
  return obs_decoder_finish(d, NULL, &err);
}

static enum gc_code run_answer(struct gc_buf *log, const uint8_t *data,
                               size_t size, size_t cut) {
  static const struct gc_entry entries[] = {{"q1", "Sales/DE", "Sales_DE", ""},
                                            {"q2", "", "q2", ""}};
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  struct gc_entities *names =
      gc_entities_new(entries, GC_COUNT(entries), false);
  struct gc_labels *labels = gc_labels_new();
  struct gc_samples out = {check_sample, log};
  struct queue_tally tally;
  LAW(o != NULL && names != NULL && labels != NULL);
  enum gc_code code = decode_answer(o, (const char *)data + 2, size - 2, cut);
  o->names = queue_metrics_names(o, NULL, labels);
  LAW(o->names != NULL);
  struct queue_display view = {.queues = data[0] & 1 ? o->names : names,
                               .accepts = accepts_queue,
                               .label =
                                   (enum queue_label)(data[0] >> 1 & 3) % 3,
                               .interval_ms = 10000};
  gc_buf_reset(log);
  obs_samples(o, &view, &out, &tally);
  LAW(code == GC_OK || tally.series == 0);
  gc_labels_free(labels);
  gc_entities_put(names);
  return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2)
    return 0;
  struct gc_buf whole = {.max = 1 << 26}, part = {.max = 1 << 26};
  enum gc_code code = run_answer(&whole, data, size, 0);

  const size_t cuts[] = {1, data[1] + (size_t)2};
  for (size_t i = 0; i < GC_COUNT(cuts); i++) {
    LAW((run_answer(&part, data, size, cuts[i]) == GC_OK) == (code == GC_OK));
    if (code == GC_OK)
      LAW(strcmp(gc_buf_string(&part), gc_buf_string(&whole)) == 0);
  }
  gc_buf_clear(&whole);
  gc_buf_clear(&part);
  return 0;
}
