/* SPDX-License-Identifier: MIT */
/* Conversations for tests, step by step: `now` is the present state, keep()
 * adds a snapshot of it. Times are seconds after T0. */
#ifndef GC_TESTS_SUPPORT_CV_LIFE_H
#define GC_TESTS_SUPPORT_CV_LIFE_H

#include <string.h>

#include "plugins/genesys_realtime/conversations/conversations.h"

#define T0_MS INT64_C(1785578400000) /* 2026-08-01T10:00:00Z */
#define AT(s) (T0_MS + (int64_t)((s)*1000.0))

enum { LIFE_MAX = 32 };

struct life {
  struct cv_event now;
  struct cv_event kept[LIFE_MAX];
  unsigned count;
};

static inline void life_begin(struct life *l, const char *id) {
  memset(l, 0, sizeof(*l));
  l->now.id = uuid_key_read(id, strlen(id));
}

static inline struct cv_party *life_add(struct life *l, enum cv_purpose purpose,
                                        const char *queue) {
  struct cv_party *p = &l->now.parties[l->now.count++];
  *p = (struct cv_party){.id = l->now.id.low * 1000 + l->now.count,
                         .purpose = (uint8_t)purpose,
                         .media = CV_VOICE};
  if (queue != NULL) {
    strcpy(p->queue_text, queue);
    p->queue = uuid_key_read(queue, strlen(queue));
  }
  return p;
}

static inline struct cv_party *life_connected(struct life *l,
                                              enum cv_purpose purpose,
                                              const char *queue, double at) {
  struct cv_party *p = life_add(l, purpose, queue);
  p->connected_ms = AT(at);
  return p;
}

/* All clocks agree. The model begins at T0. */
static inline void life_tick(struct conversations *m, int64_t server_ms,
                             int64_t complete_ms) {
  struct conversations_now now = {server_ms, complete_ms,
                                  (uint64_t)(server_ms - T0_MS)};
  conversations_tick(m, &now);
}

static inline void life_keep(struct life *l) { l->kept[l->count++] = l->now; }

static const double life_bounds[] = {0.5, 1, 5, 10, 20};

static inline struct conversations_settings life_settings(void) {
  return (struct conversations_settings){.started_ms = T0_MS,
                                         .bounds_s = life_bounds,
                                         .bound_count = 5,
                                         .target_ms = 20000,
                                         .max = 1000,
                                         .age_ms = 86400000,
                                         .pairs_max = 100};
}

/* Plays a whole call, eighteen snapshots: an agent does not answer, the next
 * one answers, holds it twice and transfers it to another queue; an agent there
 * answers, and both wrap up. */
static inline void life_of_a_call(struct life *l) {
  life_begin(l, "11111111-2222-4333-8444-555555555555");
  struct cv_party *customer = life_connected(l, CV_CUSTOMER, NULL, 1);
  life_connected(l, CV_OTHER, NULL, 1)->end_ms = AT(8);
  struct cv_party *acd1 = life_connected(l, CV_ACD, "q1", 8);
  life_keep(l);
  struct cv_party *first = life_add(l, CV_AGENT, "q1");
  life_keep(l);
  first->end_ms = AT(18);
  first->transferred = true;
  life_keep(l);
  struct cv_party *second = life_add(l, CV_AGENT, "q1");
  life_keep(l);
  second->connected_ms = AT(30);
  acd1->end_ms = AT(30);
  acd1->transferred = true;
  life_keep(l);
  second->held = true;
  second->hold_ms = AT(40);
  life_keep(l);
  second->held = false;
  second->hold_ms = 0;
  life_keep(l);
  second->held = true;
  second->hold_ms = AT(60);
  life_keep(l);
  second->held = false;
  second->hold_ms = 0;
  life_keep(l);
  second->end_ms = second->acw_start_ms = AT(90);
  second->transferred = true;
  life_keep(l);
  struct cv_party *acd2 = life_connected(l, CV_ACD, "q2", 90);
  life_keep(l);
  struct cv_party *third = life_add(l, CV_AGENT, "q2");
  life_keep(l);
  second->acw_end_ms = AT(93);
  life_keep(l);
  third->connected_ms = AT(95);
  acd2->end_ms = AT(95);
  acd2->transferred = true;
  life_keep(l);
  life_connected(l, CV_OTHER, NULL, 100);
  life_keep(l);
  l->now.parties[l->now.count - 1].end_ms = AT(105);
  life_keep(l);
  customer->end_ms = AT(120);
  third->end_ms = third->acw_start_ms = AT(120);
  life_keep(l);
  third->acw_end_ms = AT(140);
  life_keep(l);
}

/* For conversations_poll_end: the polls cover each queue and medium. */
static inline bool life_covers_all(void *ctx, const char *queue,
                                   enum cv_media media) {
  (void)ctx;
  (void)queue;
  (void)media;
  return true;
}

#endif
