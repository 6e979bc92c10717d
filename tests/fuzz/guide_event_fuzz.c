/* SPDX-License-Identifier: MIT */
/* Messages of the guide dialect's stream, one a line, into the model. Laws:
 * totals only grow, repeats change none, and an ended conversation stays
 * ended. */
#include <string.h>

#include "plugins/genesys_realtime/stream/guide_decode.h"
#include "tests/fuzz/fuzz.h"

enum { NOW_MS = 1785578400, QUEUES_MAX = 64 };

struct sums {
  uint64_t offers, ends, changes, active;
};

static void add_totals(struct sums *sums,
                       const struct conversations_totals *t) {
  sums->offers += t->counted.offers;
  sums->ends += t->counted.answers + t->counted.abandons + t->counted.transfers;
  sums->active += t->active;
  for (int from = 0; from < CV_STATE_COUNT; from++)
    for (int to = 0; to < CV_STATE_COUNT; to++)
      sums->changes += t->counted.changes[from][to];
  LAW(t->counted.changes[CV_STATE_ENDED][CV_STATE_WAITING] == 0);
  LAW(t->counted.changes[CV_STATE_ACTIVE][CV_STATE_WAITING] == 0);
  LAW(t->counted.answers + t->counted.abandons + t->counted.transfers <=
      t->counted.offers);
}

struct run {
  struct conversations *m;
  struct guide_decoder *decoder;
  char queues[QUEUES_MAX][CV_QUEUE_ID_SIZE];
  size_t queue_count;
};

static void note_queue(struct run *r, const char *text) {
  for (size_t i = 0; i < r->queue_count; i++)
    if (strcmp(r->queues[i], text) == 0)
      return;
  if (r->queue_count < QUEUES_MAX)
    strcpy(r->queues[r->queue_count++], text);
}

static struct sums sums_of(struct run *r) {
  struct sums sums = {0};
  struct conversations_totals t;
  for (size_t i = 0; i < r->queue_count; i++)
    for (int media = 0; media < CV_MEDIA_COUNT; media++)
      if (conversations_totals(r->m, r->queues[i], (enum cv_media)media, &t))
        add_totals(&sums, &t);
  return sums;
}

static void apply_line(struct run *r, const char *line, size_t len,
                       int64_t at_ms) {
  const struct guide_event *event;
  char *copy = malloc(len + 1);
  LAW(copy != NULL);
  memcpy(copy, line, len);
  enum gc_code code = decode_guide_event(r->decoder, copy, len, &event, NULL);
  free(copy);
  if (code != GC_OK || event == NULL)
    return;
  LAW(event->state > CV_STATE_NONE && event->state < CV_STATE_COUNT);
  LAW(event->media < CV_MEDIA_COUNT && event->media != CV_UNKNOWN);
  LAW(strlen(event->queue_text) < CV_QUEUE_ID_SIZE);
  struct guide_event again = *event;
  if (again.queue_text[0] != '\0')
    note_queue(r, again.queue_text);
  struct sums before = sums_of(r);
  LAW(conversations_apply_state(r->m, &again, at_ms) == GC_OK);
  struct sums once = sums_of(r);
  LAW(once.offers >= before.offers && once.ends >= before.ends);
  LAW(once.changes >= before.changes);
  LAW(conversations_apply_state(r->m, &again, at_ms + 1) == GC_OK);
  struct sums twice = sums_of(r);
  LAW(memcmp(&once, &twice, sizeof(once)) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const double bounds[] = {1, 10};
  char all[] = "*", *const wrapups[] = {all};
  struct conversations_settings settings = {.is_guide = true,
                                            .started_ms =
                                                NOW_MS * INT64_C(1000),
                                            .bounds_s = bounds,
                                            .bound_count = 2,
                                            .target_ms = 5000,
                                            .max = 64,
                                            .age_ms = 86400000,
                                            .pairs_max = 4096,
                                            .wrapups = wrapups,
                                            .wrapup_count = 1};
  struct run r = {.m = conversations_new(&settings, NULL),
                  .decoder = guide_decoder_new(),
                  .queues = {QUEUE_UNASSIGNED},
                  .queue_count = 1};
  int64_t at_ms = settings.started_ms;
  LAW(r.m != NULL && r.decoder != NULL);
  for (size_t at = 0, len; at < size && at_ms < INT64_MAX; at += len + 1) {
    const uint8_t *end = memchr(data + at, '\n', size - at);
    len = end != NULL ? (size_t)(end - data) - at : size - at;
    apply_line(&r, (const char *)data + at, len, at_ms);
    at_ms += 1 + (int64_t)len * 7;
    conversations_tick(
        r.m, &(struct conversations_now){
                 at_ms, at_ms, (uint64_t)(at_ms - settings.started_ms)});
  }
  conversations_free(r.m);
  guide_decoder_free(r.decoder);
  return 0;
}
