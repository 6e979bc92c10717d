/* SPDX-License-Identifier: MIT */
/* The conversations of a block's queues and what happened to them: offers,
 * answers, waits, abandons, transfers, breaches, changes of state.
 *
 * State is a set keyed by conversation. Each event is the whole conversation;
 * of what it tells, times are only gained: an older snapshot takes nothing
 * back, a missing participant removes nothing. What is counted follows from
 * the facts that were gained and the server's own times, hence the order of
 * arrival, duplicates and repeats after a reconnect change no total.
 *
 * decode_conversation → this → conversation_samples. Pure; one thread at a
 * time. Times are epoch ms of the server's clock. */
#ifndef GENESYS_REALTIME_CONVERSATIONS_CONVERSATIONS_H
#define GENESYS_REALTIME_CONVERSATIONS_CONVERSATIONS_H

#include "common/genesys/sample.h"
#include "plugins/genesys_realtime/conversations/event.h"
#include "plugins/genesys_realtime/queues/queue_label.h"

/* Of a (conversation, queue): the highest of its open participants; when none
 * is open, wrapup while an agent wraps up, else ended. */
#define CV_STATE_MAP(XX)                                                       \
  XX(NONE, "")                                                                 \
  XX(ENDED, "ended")                                                           \
  XX(WRAPUP, "wrapup")                                                         \
  XX(WAITING, "waiting")                                                       \
  XX(ALERTING, "alerting")                                                     \
  XX(HELD, "held")                                                             \
  XX(ACTIVE, "active")

enum cv_state {
#define XX(id, label) CV_STATE_##id,
  CV_STATE_MAP(XX)
#undef XX
      CV_STATE_COUNT
};

enum { CV_BOUNDS_MAX = 64 };

/* How long what is over is remembered, so that late duplicates change
 * nothing. An event that is later than that finds nothing that is ours. */
#define CV_KEEP_MS INT64_C(600000)

/* Who still waits is a breach so long after the target (design, section 4). */
#define CV_BREACH_GRACE_MS INT64_C(2000)

struct conversations_settings {
  int64_t started_ms;     /* what happened before is not counted */
  const double *bounds_s; /* WaitBuckets: ascending, above 0, whole ms */
  size_t bound_count;
  int64_t target_ms;  /* ServiceLevelTarget; 0: each queue's own */
  uint32_t max;       /* MaxConversations */
  int64_t age_ms;     /* MaxConversationAge: unheard of for so long */
  uint32_t pairs_max; /* pairs of queue and medium with counters */
  /* WrapUpCode: changes that name one of these codes are counted by code too;
   * borrowed. None without any. */
  char *const *wrapups;
  size_t wrapup_count;
};

struct conversations;

/* NULL and err: GC_ERR_CONFIG for bounds, GC_ERR_MEMORY. */
struct conversations *conversations_new(const struct conversations_settings *s,
                                        struct gc_err *err);
void conversations_free(struct conversations *m);
GC_DEFINE_AUTO(struct conversations, conversations_free)

enum { CV_WRAPUP_SIZE = 128 }; /* of a code, with the NUL */

/* Guide dialect: where a conversation stands, without times. */
struct cv_standing {
  struct uuid_key id; /* of the conversation */
  struct uuid_key queue;
  char queue_text[CV_QUEUE_ID_SIZE]; /* "": not told */
  char wrapup[CV_WRAPUP_SIZE];       /* code, "": not told */
  uint8_t state;                     /* enum cv_state, not NONE */
  uint8_t media;                     /* enum cv_media */
};

/* The queue of a conversation that never told one; it is its own label. */
#define CV_NO_QUEUE "unassigned"

/* Takes it in, as of `at_ms`, when it came. waiting < alerting < active, held <
 * wrapup < ended, never back; `ended` is final as long as it is remembered
 * (CV_KEEP_MS). How a conversation stands when it is first seen is no change,
 * but one that waits is an offer; its wait ends when it is active. In another
 * queue it has ended in the one before, and may come back to that after
 * CV_KEEP_MS. GC_ERR_MEMORY, GC_ERR_LIMIT: it is
 * lost. A set takes either these or snapshots. */
GC_MUST_CHECK enum gc_code conversations_stand(struct conversations *m,
                                               const struct cv_standing *e,
                                               int64_t at_ms);

/* Takes a snapshot in. GC_ERR_MEMORY: it is lost, nothing is broken. */
GC_MUST_CHECK enum gc_code conversations_apply(struct conversations *m,
                                               const struct cv_event *event);

/* The queue's own target for a medium, 0: it has none. Nothing while the
 * settings give one for all. With another target breaches are counted anew:
 * the target is part of their name. */
GC_MUST_CHECK enum gc_code conversations_target(struct conversations *m,
                                                const char *queue,
                                                enum cv_media media,
                                                int64_t target_ms);

/* The queue's counters begin anew, with the 0 of a new series; what was counted
 * stays counted, so that nothing of it counts again. For a queue that is heard
 * from now on and was known from other queues' conversations only. */
void conversations_reset(struct conversations *m, const char *queue);

/* Time goes on: breaches of those who still wait, and what is over or unheard
 * of for too long is forgotten. Once a second or so, also while the stream is
 * down. `heard_ms`: up to when the stream is known to have told everything;
 * who waits longer than that may have been answered since, and is no breach
 * yet. */
void conversations_tick(struct conversations *m, int64_t server_now_ms,
                        int64_t heard_ms);

/* Queues come and go. One of which nothing was heard for `expiry_ms`, that is
 * in no list any longer and that no conversation in memory has to do with loses
 * its counters and its memory; comes it again, it begins anew. How many they
 * were.
 */
size_t conversations_retire(struct conversations *m, int64_t expiry_ms,
                            bool (*is_listed)(void *ctx, const char *queue),
                            void *ctx);

/* The stream was interrupted: who seems to wait may have been answered
 * meanwhile, so waiting alone makes no breach of a conversation until an event
 * tells of it again. (A poll does not: its lists do not say who waits.) The
 * end of the wait still does. */
void conversations_gap(struct conversations *m);

/* It is known to be over though its end was never told: no gauge has it any
 * longer and nothing is counted, for nobody knows what happened. An event with
 * news opens it again. False: it is not there. */
bool conversations_close(struct conversations *m, struct uuid_key id);

/* ---- lost ends, by the details of observations (design, section 5.2) ----
 * One poll: begin when the request goes out, list each conversation id of the
 * answers, end. A conversation that waits, rings or is with an agent and that
 * two polls running do not list is closed. Not blamed: one that was heard of
 * since the poll began, and one with a queue and medium for which `covers` is
 * false, its list being truncated or not asked for. A poll that fails needs no
 * end. */
void conversations_poll_begin(struct conversations *m);
/* False: the set does not have it. */
bool conversations_poll_list(struct conversations *m, struct uuid_key id);
void conversations_poll_end(struct conversations *m,
                            bool (*covers)(void *ctx, const char *queue,
                                           enum cv_media media),
                            void *ctx);

/* ---- what there is to see ---- */

struct conversations_totals {
  uint64_t offers, answers, abandons, transfers, breaches;
  uint64_t wait_ms;                  /* sum over the answers */
  uint64_t waits[CV_BOUNDS_MAX + 1]; /* not cumulative; the last: beyond */
  uint64_t changes[CV_STATE_COUNT][CV_STATE_COUNT]; /* [from][to] */
  int64_t target_ms;                                /* 0: none */
  /* Of the set, now. */
  uint32_t states[CV_STATE_COUNT];
  uint32_t active; /* waiting, alerting, held or active */
};

/* False: nothing was heard of the pair. Walks the set. */
bool conversations_totals(struct conversations *m, const char *queue,
                          enum cv_media media,
                          struct conversations_totals *ret);

/* How many conversations of a queue and medium are in each state: count, once
 * for all pairs (walks the set), then ask. False: nothing was heard of the
 * pair, all are 0. */
void conversations_count(struct conversations *m);
bool conversations_states(const struct conversations *m, const char *queue,
                          enum cv_media media, uint32_t ret[CV_STATE_COUNT]);

struct conversations_stats {
  size_t count, live; /* live: neither over nor closed */
  size_t queues, pairs, bytes;
  uint64_t events, news; /* news: events that told something new */
  uint64_t evicted;      /* past `max` */
  uint64_t aged;         /* past `age_ms` */
  uint64_t closed;       /* by polls and conversations_close */
  uint64_t dropped;      /* participants beyond what is kept */
  uint64_t overflow;     /* times that counters were missing: `pairs_max` */
  uint64_t wrapups_left; /* changes not counted by code: too many codes */
};
void conversations_stats(const struct conversations *m,
                         struct conversations_stats *ret);

/* ---- conversation_samples.c ---- */

struct conversations_view {
  const struct queue_display *queues; /* names, selectors, labels */
  int64_t time_ms;                    /* wall clock; 0: when it is dispatched */
  bool active; /* active_conversations too: the set alone knows them */
};

/* How far a reading has come. Zeroed before it begins. */
struct conversations_reading {
  uint32_t queue; /* the next one */
  struct queue_tally tally;
};

/* Puts every value of design §4 that conversations give, a few queues with each
 * call, so that a lock around it is held for a moment only; false when that
 * were the last ones. A series begins with a 0 and tells what was counted
 * until then with the next reading: give each reading a later time. Nothing is
 * lost in between. */
bool conversations_samples(struct conversations *m,
                           const struct conversations_view *view,
                           const struct gc_samples *out,
                           struct conversations_reading *reading);

#endif
