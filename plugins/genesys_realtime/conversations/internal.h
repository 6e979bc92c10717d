/* SPDX-License-Identifier: MIT */
/* The parts of the conversation model. Only the files of this folder and its
 * tests include this header.
 *
 *   table         conversations by id: hash table, pool, order of last event
 *   queues        queues by id, their counters, also by wrap-up code, and
 *                 service level targets
 *   merge         snapshot → facts that are new
 *   parts         the facts of one conversation that are lists: holds, and the
 *                 ids of participants that made room for others
 *   reading       facts → media, answers and outcomes of the participants
 *   history       reading → counts: offers, outcomes, breaches, changes of
 * state returned      the facts that were known before a conversation was
 * removed removed       a bounded memory of removed conversations guide_states
 * the guide dialect: a state for each conversation and queue wrapup changes by
 * wrap-up code handover      counters that pass to the next holder of a lease
 *   conversations the public functions: events, time, polls, results
 *
 * What follows from the facts of a conversation is subtracted before an event
 * and added after it. So no fact notes whether it was counted.
 *
 *   event → merge → facts → reading → history → sums of all facts → counters
 *
 * A model has one of two dialects. In the platform's own dialect an event is a
 * snapshot with participants (struct participant); in the guide dialect an
 * event is a state (struct guide_stay). Table, queues, time and samples serve
 * both dialects; struct cv_dialect has the differences. */
#ifndef GENESYS_REALTIME_CONVERSATIONS_INTERNAL_H
#define GENESYS_REALTIME_CONVERSATIONS_INTERNAL_H

#include "common/base/intern.h"
#include "plugins/genesys_realtime/conversations/conversations.h"
#include "plugins/genesys_realtime/conversations/removed.h"

enum {
  CV_NONE = UINT32_MAX,   /* no conversation */
  CV_QUEUES_MAX = 200000, /* the same limit as that of the observations */
  CV_PARTS_MAX = 200,     /* participants of one conversation */
  CV_STAYS_MAX = 64,      /* guide dialect: stays of one conversation */
  CV_PARTS_AVERAGE = 4,   /* average of all conversations */
  CV_STEPS_MAX = CV_PARTS_MAX * 5,
  CV_WRAPUPS_MAX = 1000, /* codes */
  CV_WRAPUP_CHANGES_MAX = 65536,
};

/* The tolerance for two times that may be out of order: the end of one leg and
 * the start of the next, the start of an acd participant and that of the agent
 * who answers, the end of a wait and that of an alert, the end of a leg and the
 * start of its after-call work. */
#define CV_SLACK_MS 1000

/* A fact may be this far ahead of the model's time, which a tick sets each
 * second. */
#define CV_AHEAD_MS 2000

_Static_assert(CV_MEDIA_COUNT <= 16, "struct participant has four bits");

/* An acd or agent participant of a queue: facts, which merge.c sets. */
struct participant {
  uint64_t id;
  int64_t connected_ms, end_ms; /* 0: not known */
  union {                       /* by purpose, which never changes */
    int64_t acw_start_ms;       /* agent */
    int64_t dropped_ms; /* acd: when the first of the agents answered that were
                           dropped for others; 0: none */
  };
  int64_t acw_end_ms;
  int64_t made_ms; /* callback: when it was made; 0: not known */
  uint32_t queue;  /* its number */
  union {
    uint32_t latest_hold; /* agent: ms from connected to its start, + 1; 0:
                             none */
    uint32_t next_other;  /* acd that has ended: ms from its end to the
                             first other participant (IVR, flow), + 1 */
  };
  uint32_t gone;              /* acd that has ended: ms from connected until all
                                 customers of that time had left (without any:
                                 until all legs had ended), + 1 */
  uint8_t media : 4;          /* its own */
  uint8_t purpose : 2;        /* CV_ACD or CV_AGENT */
  uint8_t is_last : 1;        /* acd that has ended: in a snapshot in which all
                                 participants had ended */
  uint8_t is_acw_skipped : 1; /* agent that has ended */
  uint8_t is_transferred : 1; /* a communication ended with transfer* */
  uint8_t is_scheduled : 1;   /* it was, or is, a callback before its time */
  uint8_t is_held : 1;        /* now */
  uint8_t is_left_by_legs : 1; /* `gone` is that of legs: the next leg may
                                  begin a moment later */
  uint8_t is_end_own : 1; /* end_ms is final; else all its communications had
                             ended then */
  uint8_t legs;           /* number of its communications */
};

/* Guide dialect: a conversation's stay in a queue. */
struct guide_stay {
  int64_t entered_ms;
  int64_t answered_ms; /* 0: not answered, or unknown */
  int64_t ended_ms;    /* 0: not yet */
  uint32_t queue;      /* its number */
  uint8_t state;       /* enum cv_state */
  uint8_t media;
  bool is_offer : 1;   /* it waited in its first event */
  bool was_served : 1; /* it wrapped up, after an answer that no event had */
  bool went_on : 1;    /* it ended because another queue has the contact */
};

struct conversation { /* the widest members first: no space between */
  struct uuid_key id;
  uint64_t last_event_ms; /* of the monotonic clock */
  int64_t since_ms;       /* earlier offers and changes are not counted */
  int64_t known_ms; /* removed before: the facts up to then were counted */
  int64_t left_ms;  /* likewise, for the time when customers had left */
  int64_t seen_ms;  /* the latest due time that a contact was seen to wait */
  int64_t known_seen_ms;      /* seen_ms before the removal */
  int64_t other_connected_ms; /* latest of any other participant (IVR, flow) */
  int64_t due_ms;             /* the next breach by waiting alone; 0: none */
  union {                     /* by dialect; in the order of arrival */
    struct participant *participants;
    struct guide_stay *stays;
    void *parts;
  };
  struct cv_holds *holds;     /* older than latest_hold; NULL: none */
  struct cv_dropped *dropped; /* NULL: none */
  uint32_t known_retired;     /* queues retired before the removal: counters
                                 made later lack the known participants */
  uint32_t paused_ago;        /* as in struct cv_removed, like `paused` */
  uint32_t older, newer;      /* by last event; older: also the next free one */
  uint8_t count, cap;         /* number of parts and of places for them */
  uint8_t known; /* number of first parts that were known before a removal */
  uint8_t paused;
  bool is_partial; /* it lacks participants of the newest snapshot */
  bool is_used : 1;
  bool is_listed_inactive : 1; /* the list of inactive conversations has it */
  bool is_parked : 1;      /* an agent put it aside in the newest snapshot */
  bool are_holds_full : 1; /* not all holds are listed */
  bool is_incomplete : 1;  /* some of its participants were dropped */
  bool is_closed : 1;      /* by a poll */
  bool is_inactive : 1; /* all have ended with a known outcome, or it is closed
                         */
  uint8_t misses;       /* successive polls that did not list it */
  uint8_t customers, customers_gone;
  uint8_t others;       /* connected ones of a snapshot; at most UINT8_MAX */
  uint16_t hold_count;  /* of holds */
  uint16_t known_facts; /* before cv_late_ms, when it was removed */
  uint16_t gap;         /* the model's number of gaps at the last event */
};

/* Changes that named a wrap-up code. */
struct wrapup_change {
  uint64_t count, sent; /* sent: as in struct pair */
  uint32_t code;        /* its number among the model's */
  uint8_t from, to;
};

/* Breaches of a target. */
struct cv_breaches {
  uint32_t target_ms; /* 0: none */
  uint64_t facts, counted;
};

enum { CV_PAST_TARGETS = 4, CV_GAUGES = 3 };

/* Counters of a queue and medium. */
struct pair {
  struct conversations_totals t;
  /* Those of the targets before the present one, which may return. */
  struct cv_breaches past[CV_PAST_TARGETS];
  unsigned next_past; /* the entry of `past` to overwrite next */
  struct wrapup_change *wrapups;
  uint32_t wrapup_count;
  /* Used by samples.c: each count that was put last, + 1; 0: the series has
   * not begun. It begins with 0 even if its count is higher, since a rate needs
   * two values and would miss the first count. */
  struct cv_counters sent;
  uint32_t sent_gauges[CV_GAUGES];
  bool has_changed;          /* the facts, and not yet the counters */
  struct pair *next_changed; /* of these pairs; NULL: none */
};

struct queue {
  struct uuid_key id;
  char *text;             /* NULL: it was removed, and its number is free */
  uint64_t last_event_ms; /* monotonic: the last event, or target, of it */
  int64_t since_ms;       /* contacts that began earlier are not counted */
  uint32_t next_free;     /* of a free one: number + 1, 0 for the last */
  uint32_t retired;       /* the model's number of retired queues before it */
  struct pair *pairs[CV_MEDIA_COUNT];
  uint32_t targets_ms[CV_MEDIA_COUNT]; /* its own */
};

/* A conversation's state in one of its queues, by medium. */
struct cv_presence {
  uint32_t queue;
  enum cv_state state;
  enum cv_media media;
};

enum cv_outcome {
  CV_OUTCOME_OPEN, /* it waits, or its outcome is not known */
  CV_OUTCOME_ANSWER,
  CV_OUTCOME_ABANDON,
  CV_OUTCOME_TRANSFER, /* it went on elsewhere unanswered */
};

/* What follows from the facts of a conversation, by participant. */
struct cv_reading {
  const struct conversation *c;
  /* agent: the contact that it answered, or rings or rang for; NULL: none */
  const struct participant *served[CV_PARTS_MAX];
  int64_t answer_ms[CV_PARTS_MAX]; /* acd; 0: not answered */
  uint8_t outcome[CV_PARTS_MAX];   /* acd: enum cv_outcome */
  uint8_t media[CV_PARTS_MAX];     /* under which it counts */
};

struct cv_step {
  int64_t at_ms;
  uint8_t kind, participant;
};

struct cv_outlook {
  int64_t due_ms; /* the next breach by waiting alone; 0: none */
  bool is_over;   /* all parts have ended with a known outcome */
};

struct cv_dialect {
  size_t part_size; /* struct participant or struct guide_stay */
  /* Lists each queue and medium of a conversation once. Returns their number.
   */
  unsigned (*list_presences)(const struct conversation *c,
                             struct cv_presence ret[CV_PARTS_MAX]);
  /* Describes what is known, for the set of removed conversations; NULL: the
   * counters do not depend on it. */
  struct cv_removed (*describe_removed)(const struct conversation *c);
  /* Adds what the conversation counts to the facts of its pairs, `sign` times.
   * Call cv_count_changed afterwards, unless `sign` is 0. */
  struct cv_outlook (*add_history)(struct conversations *m,
                                   const struct conversation *c, int sign);
};

/* Conversations by their last event. */
struct cv_list {
  uint32_t oldest, newest, count;
};

struct conversations {
  struct conversations_settings s;
  const struct cv_dialect *dialect;
  int64_t bounds_ms[CV_BOUNDS_MAX];
  int64_t now_ms, complete_ms; /* of the server's clock */
  int64_t newest_ms;           /* facts up to this time are counted */
  uint64_t monotonic_ms, poll_began_ms;
  bool targets_changed;
  uint16_t gap; /* the number of gaps so far */

  struct conversation *pool; /* [number] */
  uint32_t pool_count, pool_cap, first_free;
  struct uuid_index ids;
  struct cv_list active, inactive; /* inactive: is_inactive is set */
  size_t part_cap;                 /* sum over all conversations */
  size_t hold_cap, dropped_cap;    /* likewise */
  struct cv_removed_set removed;

  struct queue *queues;
  uint32_t queue_count, queue_cap;
  struct uuid_index queue_ids;
  uint32_t pair_count;
  uint32_t first_free_queue; /* number + 1 */
  uint32_t retired;          /* the number of queues that were removed so far */
  int64_t resets_ms;         /* a shift of all since_ms of queues */

  struct gc_intern codes;  /* allowed wrap-up codes, cleaned */
  uint32_t wrapup_changes; /* changes of all pairs */

  struct pair *changed; /* of these pairs cv_count_changed counts the facts */
  struct cv_step steps[CV_STEPS_MAX];
  struct conversations_stats stats;
};

static inline struct conversation *cv_at(const struct conversations *m,
                                         uint32_t number) {
  return &m->pool[number];
}

/* ---- table.c ---- */

void cv_table_init(struct conversations *m);
/* Returns the number of a conversation; CV_NONE when it is not there. */
uint32_t cv_table_find(const struct conversations *m, struct uuid_key id);
/* Adds an empty conversation. When there are too many, evicts the one with the
 * oldest last event: an inactive one if there is any. CV_NONE: out of memory.
 * Pointers to conversations are invalid afterwards. */
uint32_t cv_table_add(struct conversations *m, struct uuid_key id);
/* Moves the conversation to the list that its is_inactive requires. Call it
 * when that member may have changed. */
void cv_table_sort(struct conversations *m, uint32_t number);
/* Notes an event, which makes the conversation the newest one. */
void cv_table_touch(struct conversations *m, uint32_t number);
/* Removes a conversation. Later events of it count nothing a second time. */
void cv_table_remove(struct conversations *m, uint32_t number);
/* Adds a zeroed participant or stay; NULL: out of memory or too many.
 * Invalidates pointers to the others of this conversation. */
void *cv_table_add_part(struct conversations *m, struct conversation *c);
/* Counts a conversation with dropped parts, once. */
void cv_table_note_incomplete(struct conversations *m, struct conversation *c);
void cv_table_clear(struct conversations *m);

/* ---- queues.c ---- */

void cv_queue_init(struct conversations *m);
/* Finds the number of a queue, and adds the queue if it is new. */
GC_MUST_CHECK enum gc_code cv_queue_intern(struct conversations *m,
                                           struct uuid_key id, const char *text,
                                           uint32_t *ret_number);
/* Returns the queue; NULL when it is not known. */
struct queue *cv_queue_find(const struct conversations *m, const char *text);
/* Removes a queue that no conversation refers to. */
void cv_queue_remove(struct conversations *m, uint32_t number);
void cv_queue_clear(struct conversations *m); /* all of them */
/* Returns the counters, which it makes if they are new. NULL past `pairs_max`
 * or out of memory, counted as overflow. */
struct pair *cv_queue_pair(struct conversations *m, uint32_t queue,
                           enum cv_media media);
/* Changes the target of a pair from `was_ms` to `is_ms`. Its breaches continue
 * where they were when the queue last had the new target. */
void cv_pair_change_target(struct pair *pair, uint32_t was_ms, uint32_t is_ms);
/* Returns the service level target; 0: none. */
int64_t cv_queue_target_ms(const struct conversations *m, uint32_t queue,
                           enum cv_media media);
/* Counts for all pairs how many conversations are in each state. */
void cv_queue_count_states(struct conversations *m);
/* Returns the count of the change by its wrap-up code; NULL: the change counts
 * without its code, which is "" or not allowed, or there are too many. Valid
 * until the next call. */
uint64_t *cv_wrapup_count(struct conversations *m, struct pair *pair,
                          const char *code, enum cv_state from,
                          enum cv_state to);
/* Sets the count of a change by a cleaned code. */
void cv_restore_wrapup(struct conversations *m, struct pair *pair,
                       const char *code, enum cv_state from, enum cv_state to,
                       uint64_t count);
/* Sets all counters to 0; their series begin again. */
void cv_clear_pair(struct conversations *m, struct pair *pair);

/* ---- parts.c ---- */

/* Makes room for `count` holds: drops the oldest ones. From then on, a hold
 * that is reported late is not counted. */
void cv_holds_make_room(struct conversation *c, unsigned count);
/* Notes a hold of a participant by its start, in the form of latest_hold.
 * Returns false when it was noted before. */
bool cv_holds_add(struct conversations *m, struct conversation *c,
                  unsigned participant, uint32_t begin);
/* Returns the start of each hold of a participant; *at is 0 before the first
 * call. Returns false after the last one. */
bool cv_holds_next(const struct conversation *c, unsigned participant,
                   unsigned *at, int64_t *ret_ms);
/* Returns the time when the latest hold began. */
static inline int64_t cv_latest_hold_ms(const struct participant *agent) {
  return agent->connected_ms + agent->latest_hold - 1;
}
/* Returns true if the participant was dropped: its facts are ignored, except
 * that a leg began. */
bool cv_is_dropped(const struct conversation *c, uint64_t id);
/* Makes room for `count` participants: drops those that ended and whose
 * outcomes are known, alerts first, then agents, then contacts that no agent
 * needs. Returns the number dropped. Their counts stay: only the facts before
 * and after an event are compared, and none is dropped in between. */
unsigned cv_drop(struct conversations *m, struct conversation *c,
                 unsigned count);
/* Frees the lists of a conversation. */
void cv_parts_free(struct conversations *m, struct conversation *c);
/* Returns the bytes of the lists of all conversations. */
size_t cv_parts_bytes(const struct conversations *m);

/* ---- merge.c ---- */

struct cv_merged {
  bool is_new;           /* there were new facts */
  unsigned without_room; /* participants that found no room */
};

/* Returns the number of participants that the snapshot adds. */
unsigned cv_count_new(const struct conversation *c, const struct cv_event *e);
/* Merges the facts of a snapshot. */
GC_MUST_CHECK enum gc_code cv_merge(struct conversations *m,
                                    struct conversation *c,
                                    const struct cv_event *e,
                                    struct cv_merged *ret);

/* ---- reading.c ---- */

void cv_read(const struct conversation *c, struct cv_reading *ret);
/* Returns true for the first participant of each queue and medium. */
bool cv_is_first_of_presence(const struct conversation *c, const uint8_t *media,
                             unsigned participant);
/* Returns the contact that the agent served at `at_ms`; NULL: none. The
 * candidates are the acd participants of the agent's queue that were connected
 * by then. The agent served the first of these that exists:
 *   1. the newest open candidate of the agent's medium
 *   2. the newest candidate of the agent's medium, if the agent was not
 *      connected or the newest candidate was over
 *   3. the newest candidate
 * Without a candidate the agent served the first acd participant of the queue
 * that was connected at most a second later. */
const struct participant *cv_find_acd(const struct conversation *c,
                                      const struct participant *agent,
                                      int64_t at_ms);
/* Returns the contact that an agent answered, or rings or rang for; NULL: none.
 */
const struct participant *cv_find_served(const struct conversation *c,
                                         const struct participant *agent);
bool cv_is_wrapping_up(const struct participant *p);
/* Returns the latest time of the participant. */
int64_t cv_latest_ms(const struct participant *p);
/* Returns the time when all customers of the stay had left; INT64_MAX: not yet.
 */
int64_t cv_gone_ms(const struct participant *acd);
unsigned cv_list_presences(const struct conversation *c,
                           struct cv_presence ret[CV_PARTS_MAX]);

/* ---- history.c ---- */

/* A contact's wait in a queue, of either dialect. */
struct cv_wait {
  uint32_t queue;
  enum cv_media media;
  enum cv_outcome outcome;
  int64_t start_ms;
  int64_t over_ms; /* 0: it lasts */
};

/* Adds the offer, outcome and breach of a wait. Returns the time at which
 * waiting alone is a breach; 0: never, or it was seen to wait until then. */
int64_t cv_add_wait(struct conversations *m, const struct conversation *c,
                    const struct cv_wait *w, int sign);
/* Returns true if the queue's counters began after the wait. */
bool cv_is_early(const struct conversations *m, uint32_t queue,
                 int64_t start_ms);
/* A function of the snapshots' struct cv_dialect. */
struct cv_outlook cv_add_history(struct conversations *m,
                                 const struct conversation *c, int sign);
/* Returns the counters of a queue and medium whose facts change; NULL: there
 * are none, or `sign` is 0. */
struct pair *cv_change_pair(struct conversations *m, uint32_t queue,
                            enum cv_media media, int sign);
/* Counts the facts of the pairs that have changed. */
void cv_count_changed(struct conversations *m);
/* Counts what the facts of `c` say instead of those of `before`. Sets due_ms
 * and is_inactive. */
void cv_count(struct conversations *m, const struct conversation *before,
              struct conversation *c);
/* Sets due_ms and is_inactive, after a change that counts nothing. */
void cv_look_ahead(struct conversations *m, struct conversation *c);

/* ---- removed.c ---- */

/* A fact before this time is late if it is new. */
static inline int64_t cv_late_ms(int64_t known_ms, int64_t left_ms) {
  return left_ms > known_ms ? left_ms : known_ms + 1;
}
/* Describes the facts that are known of a conversation, before its removal. */
struct cv_removed cv_describe_removed(const struct conversation *c);
/* Makes of `c` the conversation as it was known before its removal, in
 * `participants`. Holds that began later stay in its list. */
struct conversation cv_cut(const struct conversation *c,
                           struct participant participants[CV_PARTS_MAX]);
/* Returns true if the event has facts that were not known. */
bool cv_has_news(const struct cv_event *e, const struct cv_removed *known);
/* Returns true if the conversation lacks facts that were known before its
 * removal, such as the end of a wait: an old snapshot has brought it back. */
bool cv_is_behind(const struct conversation *c);
/* Counts the conversation once if it was removed before and the event has facts
 * that the counters lack: call it before the merge. */
void cv_note_late(struct conversations *m, struct conversation *c,
                  const struct cv_event *e);

/* ---- conversations.c ---- */

/* Closes a conversation whose end was lost; see conversations_poll_end. */
void cv_close(struct conversations *m, uint32_t number);

/* ---- guide_states.c ---- */

extern const struct cv_dialect cv_guide_dialect;

/* ---- handover.c ---- */

/* Appends the counters of a queue as fields. GC_ERR_LIMIT, GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code cv_write_queue(const struct conversations *m,
                                          uint32_t queue,
                                          struct gc_buf *fields);
/* Describes the facts of a conversation that the former holder of the lease has
 * counted, by its first event. Returns false when there are none. */
bool cv_describe_counted(const struct conversations *m,
                         const struct cv_event *e, struct cv_removed *ret);
/* Notes the time of a counted fact; ignores a time in the future, which is
 * wrong. */
static inline void cv_note_counted(struct conversations *m, int64_t at_ms) {
  if (at_ms > m->newest_ms && at_ms <= m->now_ms + CV_AHEAD_MS)
    m->newest_ms = at_ms;
}

#endif
