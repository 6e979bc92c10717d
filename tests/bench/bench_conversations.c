/* SPDX-License-Identifier: MIT */
/* Queue conversation events of the official shape, 1.3 KB each: bytes →
 * envelope, → event, → model, beside json-c building a tree of the same bytes.
 * Then the memory of one conversation. bench_stream
 * measures the same over a socket. */
#include <inttypes.h>
#include <malloc.h>
#include <string.h>

#include "common/genesys/notification.h"
#include "plugins/genesys_realtime/conversations/conversations.h"
#include "tests/bench/events.h"

enum {
  LIVES = 4000,
  ROUNDS = 5,
  HELD = 200000, /* conversations for the measure of memory */
};

#define START_MS INT64_C(1785578400000)

static struct events events;

static const char *event_at(size_t i) {
  return events.bytes.data + events.list[i].at;
}

/* Does the work of channels/socket on each message before a block gets it. */
static struct lap run_envelope(void) {
  struct gc_notification n;
  struct lap began = lap_begin();
  for (size_t i = 0; i < events.count; i++)
    exit_unless(gc_notification_read(event_at(i), events.list[i].len, &n,
                                     NULL) == GC_OK &&
                    n.kind == GC_NOTIFICATION_EVENT,
                "an event without an envelope");
  return lap_end(began);
}

static struct conversations *new_model(uint32_t max) {
  static const double bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
  struct conversations_settings s = {.started_ms = START_MS,
                                     .bounds_s = bounds,
                                     .bound_count = GC_COUNT(bounds),
                                     .target_ms = 20000,
                                     .max = max,
                                     .age_ms = 86400000,
                                     .pairs_max = 10000};
  struct conversations *m = conversations_new(&s, NULL);
  exit_unless(m != NULL, "no memory for a model");
  return m;
}

static void check_offers(struct conversations *m) {
  uint64_t offers = 0;
  for (unsigned q = 0; q < IDS_QUEUES; q++) {
    char queue[IDS_SIZE];
    struct conversations_totals t;
    if (conversations_totals(m, ids_queue(queue, q), CV_VOICE, &t))
      offers += t.counted.offers;
  }
  exit_unless(offers == events.lives, "the model has lost offers");
}

/* `m` NULL: the decoder alone. */
static struct lap run_decoder(struct conversations *m) {
  struct cv_decoder *d = cv_decoder_new();
  const struct cv_event *event;
  struct lap began = lap_begin();
  for (size_t i = 0; i < events.count; i++) {
    exit_unless(cv_decoder_read(d, event_at(i), events.list[i].len, &event,
                                NULL) == GC_OK &&
                    event != NULL,
                "an event is not read");
    if (m != NULL)
      exit_unless(conversations_apply(m, event) == GC_OK,
                  "no memory for a model");
  }
  struct lap lap = lap_end(began);
  cv_decoder_free(d);
  return lap;
}

static struct lap run_model(void) {
  struct conversations *m = new_model(200000);
  struct lap lap = run_decoder(m);
  check_offers(m);
  conversations_free(m);
  return lap;
}

/* Measures conversations of `parties` acd and agent participants each. */
static void measure_memory(unsigned parties) {
  static struct cv_event e;
  struct conversations *m = new_model(HELD);
  struct conversations_stats stats;
  malloc_trim(0);
  size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  for (unsigned i = 0; i < HELD; i++) {
    char text[IDS_SIZE];
    ids_of(text, i, 0);
    e.id = uuid_key_read(text, 36);
    e.count = parties;
    for (unsigned p = 0; p < parties; p++) {
      struct cv_party *one = &e.parties[p];
      *one = (struct cv_party){.id = i * UINT64_C(100) + p + 1,
                               .connected_ms = START_MS + i,
                               .purpose = p == 0 ? CV_ACD : CV_AGENT,
                               .media = CV_VOICE};
      snprintf(one->queue_text, sizeof(one->queue_text), "q%u", i % IDS_QUEUES);
      one->queue = uuid_key_read(one->queue_text, strlen(one->queue_text));
    }
    exit_unless(conversations_apply(m, &e) == GC_OK, "no memory for a model");
  }
  size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
  conversations_stats(m, &stats);
  printf("  memory: %zu conversations of acd + %u agents: %zu bytes each by "
         "malloc, %zu by our count\n",
         stats.count, parties - 1, (after - before) / stats.count,
         stats.bytes / stats.count);
  conversations_free(m);
}

int main(void) {
  events_make(&events, LIVES, START_MS);
  printf("conversations: %zu events, %zu bytes on average\n", events.count,
         events.bytes.len / events.count);
  for (int round = 0; round < ROUNDS; round++) {
    lap_print("bytes -> envelope", events.count, run_envelope());
    lap_print("bytes -> event", events.count, run_decoder(NULL));
    lap_print("bytes -> model", events.count, run_model());
    lap_print("bytes -> json-c tree (reference)", events.count,
              events_json_c(&events));
  }
  for (unsigned parties = 1; parties <= 4; parties++)
    measure_memory(parties);
  events_clear(&events);
  return 0;
}
