/* SPDX-License-Identifier: MIT */
/* Queue conversation events of the official shape, 1.3 KB each: bytes → model,
 * beside json-c building a tree of the same bytes. The events are the lives of
 * conversations (customer, acd, agent; eight snapshots each), many at a time,
 * in the order in which they would arrive. Then what one conversation takes in
 * memory. */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <json-c/json.h>

#include "common/base/buf.h"
#include "common/base/instant.h"
#include "plugins/genesys_realtime/conversations.h"

enum {
  LIVES = 4000,
  STEPS = 8,
  AT_A_TIME = 400, /* conversations that go on side by side */
  QUEUES = 50,
  EVENTS = LIVES * STEPS,
  HELD = 200000, /* conversations for the measure of memory */
};

#define START_MS INT64_C(1785578400000)

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void must(enum gc_code code) {
  if (code != GC_OK) {
    fprintf(stderr, "bench: %s\n", gc_code_words(code));
    exit(1);
  }
}

static void put_time(struct gc_buf *b, const char *name, int64_t ms) {
  char text[GC_INSTANT_ROOM];
  must(gc_buf_print(b, "\"%s\":\"%s\",", name, gc_instant_print(text, ms)));
}

/* "b0a9f3d1-…": of one thing of one life; spread as random ones are. */
static const char *uuid(char out[40], unsigned life, unsigned thing) {
  uint64_t h = (life * UINT64_C(977) + thing) * UINT64_C(0x9e3779b97f4a7c15);
  uint64_t l = (h ^ h >> 29) * UINT64_C(0xd6e8feb86659fd93);
  snprintf(out, 40, "%08x-%04x-4%03x-8%03x-%012" PRIx64, (unsigned)(h >> 32),
           (unsigned)(h >> 16 & 0xffff), (unsigned)(h & 0xfff),
           (unsigned)(l >> 52), l & UINT64_C(0xffffffffffff));
  return out;
}

struct leg {
  const char *purpose, *state, *disconnect;
  int64_t from_ms, to_ms; /* 0: not yet */
  bool held;
  int64_t acw_ms, acw_end_ms;
};

static void put_party(struct gc_buf *b, unsigned life, unsigned n,
                      const struct leg *leg) {
  char id[40], session[40], queue[40];
  must(gc_buf_print(b, "%s{\"id\":\"%s\",", n > 0 ? "," : "",
                    uuid(id, life, n + 1)));
  if (leg->from_ms != 0)
    put_time(b, "connectedTime", leg->from_ms);
  if (leg->to_ms != 0)
    put_time(b, "endTime", leg->to_ms);
  if (leg->acw_ms != 0)
    put_time(b, "startAcwTime", leg->acw_ms);
  if (leg->acw_end_ms != 0)
    put_time(b, "endAcwTime", leg->acw_end_ms);
  if (n >= 1)
    must(gc_buf_print(b, "\"queueId\":\"%s\",",
                      uuid(queue, 1000000 + life % QUEUES, 0)));
  must(gc_buf_print(
      b,
      "\"purpose\":\"%s\",\"wrapupRequired\":false,\"attributes\":{},"
      "\"calls\":[{\"id\":\"%s\",\"state\":\"%s\",\"held\":%s,",
      leg->purpose, uuid(session, life, n + 100), leg->state,
      leg->held ? "true" : "false"));
  if (leg->held)
    put_time(b, "startHoldTime", leg->from_ms + 5000);
  if (leg->disconnect != NULL)
    must(gc_buf_print(b, "\"disconnectType\":\"%s\",", leg->disconnect));
  must(gc_buf_text(b, "\"direction\":\"inbound\",\"provider\":\"Edge\"}]}"));
}

static void put_event(struct gc_buf *b, unsigned life, int step) {
  char id[40], queue[40];
  int64_t at = START_MS + (int64_t)life * 250;
  int64_t offer = at + 8000, answer = offer + 1000 * (life % 40 + 1);
  int64_t end = answer + 60000;
  const struct leg legs[] = {
      {"customer", step < 6 ? "connected" : "disconnected",
       step < 6 ? NULL : "peer", at, step < 6 ? 0 : end, false, 0, 0},
      {"acd", step < 2 ? "connected" : "disconnected",
       step < 2 ? NULL : "transfer", offer, step < 2 ? 0 : answer, false, 0, 0},
      {"agent",
       step < 2   ? "alerting"
       : step < 6 ? "connected"
                  : "disconnected",
       step < 6 ? NULL : "client", step < 2 ? 0 : answer, step < 6 ? 0 : end,
       step == 3, step < 6 ? 0 : end, step < 7 ? 0 : end + 15000}};

  must(gc_buf_print(b,
                    "{\"topicName\":\"v2.routing.queues.%s.conversations\","
                    "\"version\":\"2\",\"eventBody\":{\"id\":\"%s\","
                    "\"participants\":[",
                    uuid(queue, 1000000 + life % QUEUES, 0),
                    uuid(id, life, 0)));
  unsigned count = step == 0 ? 2 : 3;
  for (unsigned i = 0; i < count; i++)
    put_party(b, life, i, &legs[i]);
  must(gc_buf_print(b,
                    "],\"recordingState\":\"none\",\"address\":"
                    "\"tel:+34600000000\"},\"metadata\":{\"CorrelationId\":"
                    "\"%s\"}}",
                    uuid(id, life, 200)));
}

struct message {
  size_t at, len;
};

static struct message messages[EVENTS];
static struct gc_buf bytes = {.most = (size_t)1 << 30};

/* Groups of AT_A_TIME lives; within a group step by step. */
static void make_messages(void) {
  size_t n = 0;
  for (unsigned group = 0; group < LIVES / AT_A_TIME; group++)
    for (int step = 0; step < STEPS; step++)
      for (unsigned i = 0; i < AT_A_TIME; i++) {
        size_t begin = bytes.len;
        put_event(&bytes, group * AT_A_TIME + i, step);
        messages[n++] = (struct message){begin, bytes.len - begin};
      }
}

static double per_s(double began) { return EVENTS / (now_s() - began); }

static double run_decoder(void) {
  struct cv_decoder *d = cv_decoder_new();
  const struct cv_event *event;
  double began = now_s();
  for (size_t i = 0; i < EVENTS; i++)
    must(cv_decoder_read(d, bytes.data + messages[i].at, messages[i].len,
                         &event, NULL));
  double rate = per_s(began);
  cv_decoder_free(d);
  return rate;
}

static struct conversations *new_model(uint32_t most) {
  static const double bounds[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512};
  struct conversations_settings s = {.started_ms = START_MS,
                                     .bounds_s = bounds,
                                     .bound_count = GC_COUNT(bounds),
                                     .target_ms = 20000,
                                     .most = most,
                                     .age_ms = 86400000,
                                     .pairs_most = 10000};
  struct conversations *m = conversations_new(&s, NULL);
  if (m == NULL)
    exit(1);
  return m;
}

static double run_model(uint64_t *ret_offers) {
  struct cv_decoder *d = cv_decoder_new();
  struct conversations *m = new_model(200000);
  const struct cv_event *event;
  double began = now_s();
  for (size_t i = 0; i < EVENTS; i++) {
    must(cv_decoder_read(d, bytes.data + messages[i].at, messages[i].len,
                         &event, NULL));
    must(conversations_apply(m, event));
  }
  double rate = per_s(began);
  *ret_offers = 0;
  for (unsigned q = 0; q < QUEUES; q++) {
    char queue[40];
    struct conversations_totals t;
    uuid(queue, 1000000 + q, 0);
    if (conversations_totals(m, queue, CV_VOICE, &t))
      *ret_offers += t.offers;
  }
  conversations_free(m);
  cv_decoder_free(d);
  return rate;
}

static double run_json_c(void) {
  double began = now_s();
  for (size_t i = 0; i < EVENTS; i++) {
    struct json_tokener *t = json_tokener_new();
    json_object_put(json_tokener_parse_ex(t, bytes.data + messages[i].at,
                                          (int)messages[i].len));
    json_tokener_free(t);
  }
  return per_s(began);
}

/* `parties` acd and agent participants in each. */
static void measure_memory(unsigned parties) {
  static struct cv_event e;
  struct conversations *m = new_model(HELD);
  struct conversations_stats stats;
  malloc_trim(0);
  size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
  for (unsigned i = 0; i < HELD; i++) {
    char text[40];
    uuid(text, i, 0);
    e.id = cv_id_read(text, 36);
    e.count = parties;
    for (unsigned p = 0; p < parties; p++) {
      struct cv_party *one = &e.parties[p];
      *one = (struct cv_party){.id = i * UINT64_C(100) + p + 1,
                               .connected_ms = START_MS + i,
                               .purpose = p == 0 ? CV_ACD : CV_AGENT,
                               .media = CV_VOICE};
      snprintf(one->queue_text, sizeof(one->queue_text), "q%u", i % QUEUES);
      one->queue = cv_id_read(one->queue_text, strlen(one->queue_text));
    }
    must(conversations_apply(m, &e));
  }
  size_t after = mallinfo2().uordblks + mallinfo2().hblkhd;
  conversations_stats(m, &stats);
  printf("memory: %zu conversations of acd + %u agents: %zu bytes each by "
         "malloc, %zu by our count\n",
         stats.count, parties - 1, (after - before) / stats.count,
         stats.bytes / stats.count);
  conversations_free(m);
}

int main(void) {
  make_messages();
  printf("conversations: %d events, %zu bytes on average\n", EVENTS,
         bytes.len / EVENTS);
  for (int round = 0; round < 5; round++) {
    uint64_t offers;
    double decoded = run_decoder(), model = run_model(&offers);
    double tree = run_json_c();
    printf("bytes -> event %6.0f k/s   bytes -> model %6.0f k/s (%" PRIu64
           " offers)   json-c tree %6.0f k/s\n",
           decoded / 1e3, model / 1e3, offers, tree / 1e3);
  }
  for (unsigned parties = 1; parties <= 4; parties++)
    measure_memory(parties);
  gc_buf_clear(&bytes);
  return 0;
}
