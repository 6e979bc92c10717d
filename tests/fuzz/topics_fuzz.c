/* SPDX-License-Identifier: MIT */
/* The answer to a subscription, whole and byte by byte: both give the same
 * result, and no reason can break a log line. */
#include <string.h>

#include "common/genesys/topics.h"
#include "tests/fuzz/fuzz.h"

static const char *const names[] = {"v2.a", "v2.B", "v2.c"};

static void on_rejected(void *ctx, struct gc_topic *topic, const char *reason) {
  unsigned *reported = ctx;
  LAW(topic->state == GC_TOPIC_REJECTED && reason[0] != '\0');
  for (const char *c = reason; *c != '\0'; c++)
    LAW(*c >= ' ' && *c <= '~');
  ++*reported;
}

static enum gc_code run_answer(struct gc_topics *t, const char *text,
                               size_t len, size_t piece) {
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = 4096};
  struct gc_err err = {.code = GC_OK};
  bool replaces;
  for (size_t i = 0; i < GC_COUNT(names); i++)
    LAW(gc_topics_subscribe(t, names[i], t, NULL, &err) == GC_OK);
  LAW(gc_topics_next(t, &body, &replaces, &err) == GC_OK && body.len > 0);
  gc_topics_answer_begin(t);
  enum gc_code code = GC_OK;
  for (size_t at = 0; at < len && code == GC_OK; at += piece)
    code = gc_topics_answer_feed(t, text + at,
                                 len - at < piece ? len - at : piece, &err);
  if (code == GC_OK)
    code = gc_topics_answer_end(t, &err);
  LAW(gc_topics_end_batch(t, code, err.text) == (code == GC_OK));
  LAW(code != GC_OK || gc_topics_settled(t));
  return code;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  unsigned reported[2] = {0, 0};
  struct gc_topics whole = {.rejected = on_rejected, .ctx = &reported[0]};
  struct gc_topics bytes = {.rejected = on_rejected, .ctx = &reported[1]};
  const char *text = (const char *)data;

  LAW(run_answer(&whole, text, size, size + 1) ==
      run_answer(&bytes, text, size, 1));
  LAW(reported[0] == reported[1] && reported[0] <= GC_COUNT(names));
  for (size_t i = 0; i < whole.count; i++)
    LAW(whole.list[i]->state == bytes.list[i]->state);
  gc_topics_clear(&whole);
  gc_topics_clear(&bytes);
  return 0;
}
