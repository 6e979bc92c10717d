/* SPDX-License-Identifier: MIT */
/* Any cut gives the same values, and each value is one that may be dispatched.
 * The first byte chooses the shape, the label and whether the list of names is
 * refused, the second byte chooses where the answer is cut, and the rest is
 * the answer. */
#include <math.h>
#include <string.h>

#include "common/base/utf8.h"
#include "common/genesys/clean_name.h"
#include "plugins/genesys_realtime/observations/observations.h"
#include "tests/fuzz/fuzz.h"

enum { SERVER_MS = 1785578400 };

struct log {
  struct gc_buf text;
};

static bool is_clean(const char *part) {
  size_t len = strlen(part);
  for (size_t at = 0, size; at < len; at += size) {
    size = gc_utf8_char(part + at, len - at, NULL);
    if (size == 0 || part[at] == '/' || (unsigned char)part[at] < 0x20)
      return false;
  }
  return len < GC_NAME_SIZE;
}

static void check_sample(void *ctx, const struct gc_sample *s) {
  struct log *log = ctx;
  double value = s->values[0].gauge;
  LAW(isfinite(value));
  LAW(value >= 0 || s->metric == GC_METRIC_QUEUE_OBSERVATION);
  LAW(s->metric != GC_METRIC_QUEUE_LONGEST_WAIT || value <= 366.0 * 86400);
  LAW(s->instance[0] != '\0' && is_clean(s->instance));
  LAW(s->qualifier[0] != '\0' && is_clean(s->qualifier));
  LAW(gc_buf_print(&log->text, "%s/%s-%s %.15g\n", s->instance,
                   gc_metric(s->metric)->name, s->qualifier, value) == GC_OK);
}

static bool accepts_queue(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  return strcmp(queue->id, "refused") != 0;
}

/* Decodes the answer in parts of `cut` bytes, each in memory of its own. */
static enum gc_code decode_answer(struct observations *o, const char *bytes,
                                  size_t size, size_t cut) {
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(o, false);
  LAW(d != NULL);
  struct gc_sink sink = obs_decoder_sink(d);
  struct gc_err err;
  size_t results;
  sink.begin(sink.ctx);
  for (size_t at = 0; at < size;) {
    size_t part = cut == 0 || cut > size - at ? size - at : cut;
    char *copy = malloc(part);
    LAW(copy != NULL);
    memcpy(copy, bytes + at, part);
    enum gc_code code = sink.write(sink.ctx, copy, part, &err);
    free(copy);
    if (code != GC_OK)
      return code;
    at += part;
  }
  return obs_decoder_finish(d, &results, &err);
}

/* A complete list has as many contacts as the counts say. */
static void log_lists(struct log *log, const struct observations *o) {
  struct obs_cursor at = {0};
  struct obs_contacts c;
  uint64_t counted = 0;
  while (observations_next_contacts(o, &at, &c)) {
    LAW(c.waiting >= 0 && c.alerting >= 0 && c.interacting >= 0);
    bool whole = c.cv_media < CV_MEDIA_COUNT &&
                 observations_covers(o, c.queue, c.cv_media);
    if (whole)
      counted +=
          (uint64_t)c.waiting + (uint64_t)c.alerting + (uint64_t)c.interacting;
    LAW(gc_buf_print(&log->text, "%s %d\n", c.media, whole) == GC_OK);
  }
  LAW(counted <= o->listed.count);
  LAW(gc_buf_print(&log->text, "listed %zu\n", o->listed.count) == GC_OK);
}

static enum gc_code run_answer(struct log *log, const uint8_t *data,
                               size_t size, size_t cut) {
  static const struct gc_entry entries[] = {{"q1", "Sales/DE", "Sales_DE", ""},
                                            {"q2", "", "q2", ""},
                                            {"p1", "Lunch", "Lunch", "Meal"}};
  struct queue_display view = {.accepts = accepts_queue,
                               .label =
                                   (enum queue_label)(data[0] >> 1 & 3) % 3,
                               .interval_ms = 10000};
  struct gc_samples out = {check_sample, log};
  struct queue_tally tally;
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  GC_AUTO(observations_put_auto)
  struct observations *next = observations_new();
  struct gc_entities *names =
      gc_entities_new(entries, GC_COUNT(entries), data[0] & 8);
  LAW(o != NULL && next != NULL && names != NULL);

  view.queues = view.presences = names;
  o->absence = data[0] & 1 ? OBS_ABSENT_ALL : OBS_ABSENT_CONTACTS;
  o->server_ms = o->received_ms = SERVER_MS * INT64_C(1000);
  enum gc_code code = decode_answer(o, (const char *)data + 2, size - 2, cut);
  gc_buf_reset(&log->text);
  obs_samples(o, &view, &out, &tally);
  log_lists(log, o);
  next->absence = OBS_ABSENT_ALL;
  LAW(observations_zero_gone(next, o, names) == GC_OK);
  obs_samples(next, &view, &out, &tally);
  gc_entities_put(names);
  return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  if (size < 2)
    return 0;
  struct log whole = {.text = {.max = 1 << 26}};
  struct log cut = {.text = {.max = 1 << 26}};
  enum gc_code code = run_answer(&whole, data, size, 0);

  const size_t cuts[] = {1, data[1] + (size_t)2};
  for (size_t i = 0; i < GC_COUNT(cuts); i++) {
    LAW((run_answer(&cut, data, size, cuts[i]) == GC_OK) == (code == GC_OK));
    if (code == GC_OK)
      LAW(strcmp(gc_buf_string(&cut.text), gc_buf_string(&whole.text)) == 0);
  }
  gc_buf_clear(&whole.text);
  gc_buf_clear(&cut.text);
  return 0;
}
