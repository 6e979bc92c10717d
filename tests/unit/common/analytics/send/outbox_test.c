/* SPDX-License-Identifier: MIT */
#include "common/analytics/send/outbox.h"

#include <math.h>
#include <stdlib.h>

#include "tests/support/check.h"

static void put_value(struct gc_outbox *o, enum gc_metric_id metric,
                      const char *who, union gc_number first) {
  struct gc_sample s = {.metric = metric,
                        .instance = who,
                        .qualifier = "nOffered-voice",
                        .parts = metric == GC_METRIC_QUEUE_METRIC
                                     ? "queue_id=q1\nmedia_type=voice\n"
                                     : NULL,
                        .values = {first, {.gauge = 0.1}, {.gauge = NAN}},
                        .time_ms = 1785578460000};
  CHECK_INT(gc_outbox_put(o, &s), GC_OK);
}

static void a_written_outbox_is_read_back_bit_by_bit(void) {
  struct gc_outbox o = {.interval_ms = 60000}, back = {.count = 0};
  GC_AUTO(gc_buf_clear) struct gc_buf text = {.max = 65536};
  put_value(&o, GC_METRIC_QUEUE_METRIC, "Sales \xc3\xbc",
            (union gc_number){.derive = INT64_MAX});
  put_value(&o, GC_METRIC_QUEUE_INTERVAL_DURATION, "b",
            (union gc_number){.gauge = 1.0 / 3.0});
  put_value(&o, GC_METRIC_QUEUE_INTERVAL_NUMBER, "",
            (union gc_number){.gauge = -0.0});
  CHECK_INT(gc_outbox_write(&o, &text), GC_OK);
  CHECK_INT(gc_outbox_read(&back, text.data, text.len), GC_OK);
  CHECK_INT(back.count, 3);
  CHECK_INT(back.interval_ms, 60000);
  for (size_t i = 0; i < back.count; i++) {
    struct gc_sample a = gc_outbox_get(&o, i), b = gc_outbox_get(&back, i);
    size_t bytes = gc_metric(a.metric)->ds_count * sizeof(a.values[0]);
    CHECK_INT(a.metric, b.metric);
    CHECK_STR(b.instance, a.instance);
    CHECK_STR(b.qualifier, a.qualifier);
    CHECK_STR(b.parts, a.parts);
    CHECK_INT(b.time_ms, a.time_ms);
    CHECK_INT(b.interval_ms, 60000);
    CHECK(memcmp(a.values, b.values, bytes) == 0);
  }
  gc_outbox_clear(&o);
  gc_outbox_clear(&back);
}

static void any_other_text_is_refused_and_the_outbox_is_empty(void) {
  static const char *const texts[] = {
      "",
      "window 3 ea60\n",
      "window 2 ea60\nqueue_metric\ta\tb\t0\t1\n",
      "window 1 \n",
      "window 1 ea60",
      "window 1 EA60\n",
      "window 1 ea60\nqueue_metric\ta\tb\t0\t1",
      "window 1 ea60\nqueue_metric\ta\tb\t0\n",
      "window 1 ea60\nqueue_metric\ta\tb\t0\t1\t2\n",
      "window 1 ea60\nno_such_type\ta\tb\t0\t1\n",
      "window 1 ea60\nqueue_metric\ta\tb\t0\t11112222333344445\n",
      "window 1 ea60\nqueue_metric\ta\tb\tx\t1\n",
      "window 1 ea60\nqueue_metric\ta\tb\t0\t1\nrest",
  };
  for (size_t i = 0; i < GC_COUNT(texts); i++) {
    struct gc_outbox o = {.count = 0};
    CHECK_ROW(texts[i]);
    put_value(&o, GC_METRIC_QUEUE_METRIC, "before",
              (union gc_number){.derive = 1});
    CHECK_INT(gc_outbox_read(&o, texts[i], strlen(texts[i])), GC_ERR_PARSE);
    CHECK_INT(o.count, 0);
    gc_outbox_clear(&o);
  }
}

/* An agent that was updated while a window was in flight. */
static void a_window_of_an_earlier_release_is_read(void) {
  static const char text[] = "window 1 ea60\nqueue_metric\ta\tb\t5\t1\n";
  struct gc_outbox o = {.count = 0};
  CHECK_INT(gc_outbox_read(&o, text, strlen(text)), GC_OK);
  CHECK_INT(o.count, 1);
  CHECK_STR(gc_outbox_get(&o, 0).qualifier, "b");
  CHECK_STR(gc_outbox_get(&o, 0).parts, "");
  CHECK_INT(gc_outbox_get(&o, 0).time_ms, 5);
  gc_outbox_clear(&o);
}

static void an_outbox_grows_and_is_used_again(void) {
  struct gc_outbox o = {.interval_ms = 1};
  for (int round = 0; round < 2; round++) {
    gc_outbox_reset(&o);
    for (int i = 0; i < 1000; i++)
      put_value(&o, GC_METRIC_QUEUE_METRIC, i % 2 ? "odd" : "even",
                (union gc_number){.derive = i});
    CHECK_INT(o.count, 1000);
    CHECK_INT(gc_outbox_get(&o, 999).values[0].derive, 999);
    CHECK_STR(gc_outbox_get(&o, 500).instance, "even");
  }
  gc_outbox_clear(&o);
  CHECK_INT(o.count, 0);
}

int main(void) {
  RUN(a_written_outbox_is_read_back_bit_by_bit);
  RUN(any_other_text_is_refused_and_the_outbox_is_empty);
  RUN(a_window_of_an_earlier_release_is_read);
  RUN(an_outbox_grows_and_is_used_again);
  return check_done();
}
