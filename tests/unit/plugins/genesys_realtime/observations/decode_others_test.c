/* SPDX-License-Identifier: MIT */
/* The numbers of unknown observation metrics, and the names that they may
 * have. */
#include "plugins/genesys_realtime/observations/observations.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/support/check.h"

#define PRESENCE "6a3af858-942f-489d-9700-5f9bcdcdae9b"
#define HEAD                                                                   \
  "{\"group\":{\"queueId\":\"q\"},\"data\":[{\"interval\":\"2026-08-01T10:00:" \
  "00Z/2026-08-01T10:00:00Z\",\"metrics\":[{"
#define TAIL "}]}]}"

static struct observations *o;

static void push_body(const char *body) {
  GC_AUTO(obs_decoder_free_auto)
  struct obs_decoder *d = obs_decoder_new(NULL, false);
  CHECK_INT(obs_pushed_read(d, o, "v2.analytics.queues.q.observations", body,
                            strlen(body), NULL, NULL),
            GC_OK);
}

/* Returns the number of that name; -1: it is not there. */
static double number_of(const char *name) {
  for (size_t i = 0; o->queue_cap > 0 && i < o->queues[0].other_count; i++)
    if (strcmp(gc_intern_text(&o->others, o->queues[0].others[i].name), name) ==
        0)
      return o->queues[0].others[i].number;
  return -1;
}

static void numbers_beyond_the_limit_are_counted_and_the_count_is_kept(void) {
  static const char *const counts[] = {"3", "3.5"};
  for (size_t i = 0; i < GC_COUNT(counts); i++) {
    char body[1024];
    CHECK_ROW(counts[i]);
    o = observations_new();
    size_t len = (size_t)snprintf(body, sizeof(body),
                                  HEAD "\"metric\":\"oFuture\",\"stats\":{");
    for (int k = 0; k < GC_OTHER_NUMBERS_MAX + 3; k++)
      len +=
          (size_t)snprintf(body + len, sizeof(body) - len, "\"m%d\":%d,", k, k);
    snprintf(body + len, sizeof(body) - len,
             "\"count\":%s,\"calculatedMetricValue\":9}" TAIL, counts[i]);
    push_body(body);
    CHECK_REAL(number_of("oFuture-count"), atof(counts[i]));
    CHECK_REAL(number_of("oFuture-calculatedMetricValue"), 9);
    CHECK_REAL(number_of("oFuture-m15"), 15);
    CHECK_REAL(number_of("oFuture-m16"), -1);
    CHECK_INT(o->ignored, 3);
    observations_put(o);
  }
}

static void names_that_may_identify_a_customer_are_not_kept(void) {
  static const struct {
    const char *metric, *qualifier, *member, *name; /* NULL: not kept */
  } rows[] = {
      {"oFuture", "IDLE", "p95", "oFuture-IDLE-p95"},
      {"oFuture", "12345678", "p95", "oFuture-12345678-p95"},
      {"oFuture", PRESENCE, "p95", "oFuture-" PRESENCE "-p95"},
      {"oFuture", "0f2c1a9e-73d4-4b0f-8c11-0a1b2c3d4e5f", "p95", NULL},
      {"oFuture", "abcdefab-cdef-abcd-efab-cdefabcdefab", "p95", NULL},
      {"oFuture", "491701234567", "p95", NULL},
      {"oFuture", "0170-123-456", "p95", NULL},
      {"oFuture", "IDLE", "491701234567", NULL},
      {"o491701234567", "IDLE", "p95", NULL},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    char body[512];
    CHECK_ROW(rows[i].qualifier);
    o = observations_new();
    CHECK_INT(observations_map(o, PRESENCE, strlen(PRESENCE), "BUSY", 4),
              GC_OK);
    snprintf(body, sizeof(body),
             HEAD "\"metric\":\"%s\",\"qualifier\":\"%s\",\"stats\":{"
                  "\"%s\":7}" TAIL,
             rows[i].metric, rows[i].qualifier, rows[i].member);
    push_body(body);
    CHECK_INT(o->others.count, rows[i].name != NULL);
    if (rows[i].name != NULL)
      CHECK_REAL(number_of(rows[i].name), 7);
    CHECK_INT(o->ignored, rows[i].name == NULL);
    observations_put(o);
  }
}

int main(void) {
  RUN(numbers_beyond_the_limit_are_counted_and_the_count_is_kept);
  RUN(names_that_may_identify_a_customer_are_not_kept);
  return check_done();
}
