/* SPDX-License-Identifier: MIT */
/* How the set of conversations is built. Only conversations*.c and
 * conversation_samples.c include this.
 *
 *   conversations_set     ids → conversations: table, pool, order of hearing
 *   conversations_merge   snapshot → facts that were gained
 *   conversations_walk    gained facts → changes of state, in the order of time
 *   conversations_verdict facts → offers, answers, abandons, transfers …
 *   conversations_guide   the guide dialect's events, which tell a state only
 *   conversations_wrapup  changes by wrap-up code
 *   conversations_care    time goes on; polls
 *   conversations         the public face; queues and their counters */
#ifndef GENESYS_REALTIME_CONVERSATIONS_INTERNAL_H
#define GENESYS_REALTIME_CONVERSATIONS_INTERNAL_H

#include "common/base/intern.h"
#include "plugins/genesys_realtime/conversations/conversations.h"

enum {
  CV_NOBODY = UINT32_MAX, /* no conversation */
  CV_QUEUES_MAX = 200000, /* as observations have them */
  CV_PERSONS_MAX = 64,    /* of one conversation */
  CV_PERSONS_EACH = 4,    /* on average, of all */
  CV_BLOCK = 1024,        /* conversations of one piece of the pool */
  CV_STEPS_MAX = CV_PERSONS_MAX * 7,
  CV_WRAPUPS_MAX = 1000, /* codes */
  CV_WRAPUP_CHANGES_MAX = 65536,
};

/* What the walk has taken into account of a person, and what the verdict has
 * counted. */
enum {
  P_SEEN = 1 << 0,
  P_CONNECTED = 1 << 1,
  P_ENDED = 1 << 2,
  P_ACW = 1 << 3,
  P_ACW_OVER = 1 << 4,
  P_HELD = 1 << 5,
  P_TRANSFERRED = 1 << 6, /* a communication ended with transfer* */
  P_OURS = 1 << 7,        /* acd: connected while we listened */
  P_OLD = 1 << 8,         /* acd: before that */
  P_COUNTED = 1 << 9,     /* acd: the offer; agent: its transfer */
  P_ANSWERED = 1 << 10,
  P_LEFT = 1 << 11, /* acd: abandoned, or went on elsewhere */
  P_BREACHED = 1 << 12,
  P_STANDING = 1 << 13, /* guide dialect: `hold` is an enum cv_state */
};

/* An acd or agent participant of a queue. */
struct person {
  uint64_t id;
  int64_t connected_ms, end_ms; /* 0: not known */
  uint32_t queue;               /* its number */
  uint32_t hold;                /* ms from connected to the latest hold, + 1 */
  uint32_t holds; /* a bit for each hold that was counted, by its time */
  uint16_t flags;
  uint8_t purpose, media;
};

enum {
  C_USED = 1 << 0,
  C_OVER = 1 << 1,   /* every participant of a snapshot had ended */
  C_CLOSED = 1 << 2, /* by a poll */
  C_QUIET = 1 << 3,  /* nobody is open and nothing is undecided, or closed */
};

struct conversation {
  struct uuid_key id;
  int64_t heard_ms;
  int64_t since_ms; /* what happened before is not counted */
  int64_t other_ms; /* newest connectedTime of who is no person, no customer */
  int64_t due_ms;   /* the next breach of one who waits; 0: none */
  struct person *persons;
  uint32_t older, newer; /* in the order of hearing; older: of free ones */
  uint8_t count, cap;    /* of persons */
  uint8_t flags;
  uint8_t misses; /* polls running without it */
  uint8_t customers, customers_gone;
  uint16_t gap; /* the model's, when it was heard of last */
};

/* Changes that named a wrap-up code. */
struct wrapup_change {
  uint64_t count;
  uint32_t code; /* its number among the model's */
  uint8_t from, to;
  bool shown;
};

/* Counters of a queue and medium. */
struct pair {
  struct conversations_totals t;
  /* For conversation_samples: which series have begun. */
  bool shown, breaches_shown;
  bool changes_shown[CV_STATE_COUNT][CV_STATE_COUNT];
  struct wrapup_change *wrapups;
  uint32_t wrapup_count;
};

struct queue {
  struct uuid_key id;
  char *text;         /* NULL: it was retired, and its number is free */
  int64_t heard_ms;   /* the last event that named it, or its target */
  uint32_t next_free; /* of a free one: number + 1, 0 for the last */
  struct pair *pairs[CV_MEDIA_COUNT];
  uint32_t targets_ms[CV_MEDIA_COUNT]; /* its own */
};

/* What a snapshot says of a person and nobody keeps; by person. */
struct gain {
  int64_t acw_ms, acw_end_ms;
  int64_t hold_ms;      /* a hold that is new and lasts; 0: none */
  bool release;         /* the hold before it is over */
  int64_t past_hold_ms; /* one that came and went, a late snapshot says */
};

struct step {
  int64_t at;
  uint8_t kind, person;
};

struct conversations {
  struct conversations_settings s;
  int64_t bounds_ms[CV_BOUNDS_MAX];
  int64_t now_ms, heard_ms, polled_ms;
  int64_t floor_ms; /* of what was let go before its time */
  bool targets_changed;
  uint16_t gap;

  struct conversation **blocks;
  uint32_t block_count, block_cap;
  uint32_t count, free; /* free: the first of a list */
  uint32_t oldest, newest;
  uint32_t *slots; /* number + 1, 0 is free; a power of two */
  uint32_t slot_count;
  size_t persons; /* room for, in all */

  struct queue *queues;
  uint32_t queue_count, queue_cap;
  uint32_t *queue_slots;
  uint32_t queue_slot_count;
  uint32_t pair_count;
  uint32_t free_queue, free_queue_count; /* the first: number + 1 */

  struct gc_intern codes;  /* wrap-up codes that were allowed, clean */
  uint32_t wrapup_changes; /* of all pairs */

  struct gain gains[CV_PERSONS_MAX];
  struct step steps[CV_STEPS_MAX];
  struct conversations_stats stats;
};

static inline struct conversation *cv_at(const struct conversations *m,
                                         uint32_t number) {
  return &m->blocks[number / CV_BLOCK][number % CV_BLOCK];
}

/* ---- conversations_set.c ---- */

/* CV_NOBODY when it is not there. */
uint32_t cv_set_find(const struct conversations *m, struct uuid_key id);
/* A new one, empty; lets the one go that was heard of longest ago when there
 * are too many. CV_NOBODY: out of memory. */
uint32_t cv_set_add(struct conversations *m, struct uuid_key id);
/* The newest in the order of hearing. */
void cv_set_heard(struct conversations *m, uint32_t number);
void cv_set_drop(struct conversations *m, uint32_t number);
/* The same, of one that might come back: what it had is counted by then. */
void cv_set_evict(struct conversations *m, uint32_t number);
/* A person more; NULL: out of memory or too many. Invalidates pointers to the
 * persons of this conversation. */
struct person *cv_set_person(struct conversations *m, struct conversation *c);
void cv_set_clear(struct conversations *m);

/* ---- conversations_merge.c ---- */

/* Facts go into `c`, gains into m->gains. `ret_news`: there were any. */
GC_MUST_CHECK enum gc_code cv_merge(struct conversations *m,
                                    struct conversation *c,
                                    const struct cv_event *e, bool *ret_news);

/* ---- conversations_walk.c ---- */

/* Takes what was gained into account and counts the changes. */
void cv_walk(struct conversations *m, struct conversation *c);
enum cv_state cv_state_of(const struct conversation *c, uint32_t queue);
/* The medium of a conversation in a queue: that of its first acd participant
 * there, else of its first agent. */
enum cv_media cv_media_of(const struct conversation *c, uint32_t queue);
/* True for the first person of each queue. */
bool cv_is_first_of_queue(const struct conversation *c, unsigned person);

/* ---- conversations_verdict.c ---- */

void cv_judge(struct conversations *m, struct conversation *c);
/* An offer that was counted and of which nobody knows how it ended. */
bool cv_is_pending(const struct person *p);
/* It was answered then, or left unanswered: to another place, or for good. */
void cv_answered(struct conversations *m, struct person *acd, int64_t at_ms);
void cv_left(struct conversations *m, struct person *acd, bool elsewhere,
             int64_t at_ms);
/* Breaches of those who still wait. */
void cv_judge_waiting(struct conversations *m, struct conversation *c);
/* due_ms and C_QUIET, after any change. */
void cv_settle(const struct conversations *m, struct conversation *c);
/* The newest acd participant of the queue that was connected at `at_ms` or
 * before; 0 for any time. */
struct person *cv_acd_before(const struct conversation *c, uint32_t queue,
                             int64_t at_ms);

/* ---- conversations.c ---- */

GC_MUST_CHECK enum gc_code cv_queue(struct conversations *m, struct uuid_key id,
                                    const char *text, uint32_t *ret_number);
/* Nobody has this number in its persons. Until cv_queues_settle no queue can be
 * found. */
void cv_queue_drop(struct conversations *m, uint32_t number);
void cv_queues_settle(struct conversations *m);
/* NULL past `pairs_max` or out of memory: counted as overflow. */
struct pair *cv_pair(struct conversations *m, uint32_t queue,
                     enum cv_media media);
/* 0: none. */
int64_t cv_target_ms(const struct conversations *m, uint32_t queue,
                     enum cv_media media);
/* Counts the states of all pairs anew. */
void cv_count_states(struct conversations *m);

/* ---- conversations_wrapup.c ---- */

/* The change named this code. Nothing for a pair that is NULL, for "" and for a
 * code that is not allowed. */
void cv_wrapup(struct conversations *m, struct pair *pair, const char *code,
               enum cv_state from, enum cv_state to);
/* All counters are 0 and have not begun. */
void cv_pair_clear(struct conversations *m, struct pair *pair);

#endif
