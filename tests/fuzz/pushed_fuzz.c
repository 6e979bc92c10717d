/* SPDX-License-Identifier: MIT */
/* Messages of both topics and of another one, and snapshots, into one model,
 * separated by NULs. The first byte of each chooses its topic or the kind of
 * snapshot. A broken message changes nothing, a repeated one changes nothing,
 * and a copy shows the same values. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/genesys_realtime/observations/observations.h"
#include "tests/fuzz/fuzz.h"

/* Above this limit a copy may show other statuses. */
enum { STATUSES_SHOWN = 50, LINES_MAX = 20000 };

struct lines {
  char *at[LINES_MAX];
  size_t count;
};

static void check_sample(void *ctx, const struct gc_sample *s) {
  struct lines *lines = ctx;
  double value = s->values[0].gauge;
  LAW(isfinite(value));
  LAW(value >= 0 || s->metric == GC_METRIC_QUEUE_OBSERVATION);
  LAW(s->instance[0] != '\0' && s->qualifier[0] != '\0');
  struct gc_buf text = {.max = 4096};
  LAW(gc_buf_print(&text, "%s/%s-%s %.15g", s->instance,
                   gc_metric(s->metric)->name, s->qualifier, value) == GC_OK);
  if (lines->count < LINES_MAX)
    lines->at[lines->count++] = text.data;
  else
    gc_buf_clear(&text);
}

static bool accepts_all(void *ctx, const struct gc_entry *queue) {
  (void)ctx;
  (void)queue;
  return true;
}

static int by_text(const void *a, const void *b) {
  return strcmp(*(char *const *)a, *(char *const *)b);
}

static void list_samples(const struct observations *o, struct lines *lines) {
  struct queue_display view = {
      .accepts = accepts_all, .label = QUEUE_LABEL_ID, .interval_ms = 1000};
  struct gc_samples out = {check_sample, lines};
  struct queue_tally tally;
  lines->count = 0;
  obs_samples(o, &view, &out, &tally);
  qsort(lines->at, lines->count, sizeof(char *), by_text);
}

static void clear_lines(struct lines *lines) {
  for (size_t i = 0; i < lines->count; i++)
    free(lines->at[i]);
  lines->count = 0;
}

static void check_same(const struct observations *a,
                       const struct observations *b) {
  static struct lines left, right;
  list_samples(a, &left);
  list_samples(b, &right);
  LAW(left.count == right.count);
  for (size_t i = 0; i < left.count && left.count < LINES_MAX; i++)
    LAW(strcmp(left.at[i], right.at[i]) == 0);
  clear_lines(&left);
  clear_lines(&right);
}

static struct observations *copy_of(const struct observations *o) {
  struct observations *copy = observations_new();
  LAW(copy != NULL && observations_merge(copy, o, 0) == GC_OK);
  copy->server_ms = o->server_ms;
  return copy;
}

/* Decodes the message as an answer of a poll, then merges it into the model. */
static void merge_snapshot(struct observations *live, const char *text,
                           size_t len, bool is_activity) {
  GC_AUTO(observations_put_auto)
  struct observations *o = observations_new();
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(o, false);
  struct gc_sink sink = obs_decoder_sink(d);
  sink.begin(sink.ctx);
  if (sink.write(sink.ctx, text, len, NULL) != GC_OK ||
      obs_decoder_finish(d, NULL, NULL) != GC_OK)
    return;
  o->absence = is_activity ? OBS_ABSENT_ALL : OBS_ABSENT_CONTACTS;
  (void)!observations_merge(live, o, INT64_C(1785578400000));
}

static void read_message(struct obs_decoder *d, struct observations *live,
                         const char *text, size_t len) {
  static const char *const topics[] = {"v2.analytics.queues.q1.observations",
                                       "v2.analytics.queues.q1.activity",
                                       "v2.analytics.queues.q1.more"};
  unsigned kind = (unsigned char)text[0] & 7;
  char *body = malloc(len);
  LAW(body != NULL);
  memcpy(body, text + 1, len - 1);
  if (kind >= 6) {
    merge_snapshot(live, body, len - 1, kind == 7);
    free(body);
    return;
  }

  struct gc_err err = {.code = GC_OK};
  size_t facts, again;
  const char *topic = topics[kind % 3];
  GC_AUTO(observations_put_auto)
  struct observations *before = copy_of(live);
  enum gc_code code =
      obs_pushed_read(d, live, topic, body, len - 1, &facts, &err);
  LAW(code == GC_OK || (facts == 0 && err.text[0] != '\0'));
  if (code == GC_ERR_PARSE)
    check_same(before, live);
  GC_AUTO(observations_put_auto)
  struct observations *once = copy_of(live);
  LAW(obs_pushed_read(d, live, topic, body, len - 1, &again, &err) == code);
  LAW(facts == again);
  if (live->statuses.count < STATUSES_SHOWN)
    check_same(once, live);
  free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  GC_AUTO(observations_put_auto)
  struct observations *live = observations_new();
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(NULL, false);
  LAW(live != NULL && d != NULL);
  live->server_ms = INT64_C(1785578400000);
  const char *text = (const char *)data;
  while (size > 0) {
    const char *end = memchr(text, '\0', size);
    size_t len = end != NULL ? (size_t)(end - text) : size;
    if (len > 0)
      read_message(d, live, text, len);
    size_t taken = end != NULL ? len + 1 : len;
    text += taken;
    size -= taken;
  }
  return 0;
}
