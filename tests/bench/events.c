/* SPDX-License-Identifier: MIT */
#include "tests/bench/events.h"

#include <inttypes.h>

#include <json-c/json.h>

#include "common/base/timestamp.h"

enum { AT_A_TIME = 400 };

static void add_or_exit(enum gc_code code) {
  exit_unless(code == GC_OK, gc_code_words(code));
}

static void put_time(struct gc_buf *b, const char *name, int64_t ms) {
  char text[GC_TIMESTAMP_SIZE];
  add_or_exit(
      gc_buf_print(b, "\"%s\":\"%s\",", name, gc_timestamp_print(text, ms)));
}

struct leg {
  const char *purpose, *state, *disconnect;
  int64_t from_ms, to_ms; /* 0: not yet */
  bool held;
  int64_t acw_ms, acw_end_ms;
};

static void put_party(struct gc_buf *b, unsigned life, unsigned n,
                      const struct leg *leg) {
  char id[IDS_SIZE], session[IDS_SIZE], queue[IDS_SIZE];
  add_or_exit(gc_buf_print(b, "%s{\"id\":\"%s\",", n > 0 ? "," : "",
                           ids_of(id, life, n + 1)));
  if (leg->from_ms != 0)
    put_time(b, "connectedTime", leg->from_ms);
  if (leg->to_ms != 0)
    put_time(b, "endTime", leg->to_ms);
  if (leg->acw_ms != 0)
    put_time(b, "startAcwTime", leg->acw_ms);
  if (leg->acw_end_ms != 0)
    put_time(b, "endAcwTime", leg->acw_end_ms);
  if (n >= 1)
    add_or_exit(gc_buf_print(b, "\"queueId\":\"%s\",",
                             ids_queue(queue, life % IDS_QUEUES)));
  add_or_exit(gc_buf_print(
      b,
      "\"purpose\":\"%s\",\"wrapupRequired\":false,\"attributes\":{},"
      "\"calls\":[{\"id\":\"%s\",\"state\":\"%s\",\"held\":%s,",
      leg->purpose, ids_of(session, life, n + 100), leg->state,
      leg->held ? "true" : "false"));
  if (leg->held)
    put_time(b, "startHoldTime", leg->from_ms + 5000);
  if (leg->disconnect != NULL)
    add_or_exit(gc_buf_print(b, "\"disconnectType\":\"%s\",", leg->disconnect));
  add_or_exit(
      gc_buf_text(b, "\"direction\":\"inbound\",\"provider\":\"Edge\"}]}"));
}

static void put_event(struct gc_buf *b, unsigned life, int step,
                      int64_t start_ms) {
  char id[IDS_SIZE], queue[IDS_SIZE];
  int64_t at = start_ms + (int64_t)life * 250;
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

  add_or_exit(
      gc_buf_print(b,
                   "{\"topicName\":\"v2.routing.queues.%s.conversations\","
                   "\"version\":\"2\",\"eventBody\":{\"id\":\"%s\","
                   "\"participants\":[",
                   ids_queue(queue, life % IDS_QUEUES), ids_of(id, life, 0)));
  unsigned count = step == 0 ? 2 : 3;
  for (unsigned i = 0; i < count; i++)
    put_party(b, life, i, &legs[i]);
  add_or_exit(
      gc_buf_print(b,
                   "],\"recordingState\":\"none\",\"address\":"
                   "\"tel:+34600000000\"},\"metadata\":{\"CorrelationId\":"
                   "\"%s\"}}",
                   ids_of(id, life, 200)));
}

/* Makes groups of AT_A_TIME conversations; the events of a group alternate step
 * by step. */
void events_make(struct events *e, unsigned lives, int64_t start_ms) {
  *e = (struct events){.bytes = {.max = (size_t)1 << 30}, .lives = lives};
  e->list = calloc((size_t)lives * EVENTS_A_LIFE, sizeof(e->list[0]));
  exit_unless(e->list != NULL && lives % AT_A_TIME == 0,
              "the memory and number of events");
  for (unsigned group = 0; group < lives; group += AT_A_TIME)
    for (int step = 0; step < EVENTS_A_LIFE; step++)
      for (unsigned i = 0; i < AT_A_TIME; i++) {
        size_t begin = e->bytes.len;
        put_event(&e->bytes, group + i, step, start_ms);
        e->list[e->count++] = (struct event_place){begin, e->bytes.len - begin};
      }
}

void events_clear(struct events *e) {
  gc_buf_clear(&e->bytes);
  free(e->list);
  *e = (struct events){.list = NULL};
}

struct lap events_json_c(const struct events *e) {
  struct lap began = lap_begin();
  for (size_t i = 0; i < e->count; i++) {
    struct json_tokener *t = json_tokener_new();
    struct json_object *root = json_tokener_parse_ex(
        t, e->bytes.data + e->list[i].at, (int)e->list[i].len);
    exit_unless(root != NULL, "json-c does not read an event");
    json_object_put(root);
    json_tokener_free(t);
  }
  return lap_end(began);
}
