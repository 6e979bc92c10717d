/* SPDX-License-Identifier: MIT */
/* The parts of the conversation model. Only the files of this folder and its
 * tests include this header.
 *
 *   table         conversations by id: hash table, pool, order of last event
 *   removed       the counted facts of conversations that the table no longer
 *                 has
 *   queues        queues by id, their counters and service level targets
 *   dropped       keeps the ids of participants that made room for others
 *   participants answers questions about one conversation's participants
 *   holds         the holds of a conversation that were counted
 *   merge         snapshot → facts that are new
 *   transitions   facts → changes of state, in the order of time; takes back
 *                 those that new facts contradict
 *   late          facts that came too late for the counters
 *   participant_limit
 *                 which participants are dropped for others
 *   outcomes      facts → offers, answers, abandons, transfers, breaches; takes
 *                 back those that new facts contradict
 *   guide_states  the guide dialect: a state for each conversation and queue
 *   wrapup        changes by wrap-up code
 *   handover      counters that pass to the next holder of a lease
 *   expiry        time, polls, removal of old conversations and queues
 *   conversations the public functions
 *
 * A model has one of two dialects. In the platform's own dialect an event is a
 * snapshot with participants (struct participant); in the guide dialect an
 * event is a state (struct guide_stay). Table, queues, expiry and samples serve
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
  CV_BLOCK = 1024,        /* conversations in one block of the pool */
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

/* participant.counted and guide_stay.counted: the outcomes that were counted,
 * so that each is counted once. */
enum {
  COUNTED_OFFER = 1 << 0,
  COUNTED_ANSWER = 1 << 1,
  COUNTED_DEPARTURE = 1 << 2, /* abandoned or transferred */
  COUNTED_BREACH = 1 << 3,
  COUNTED_TRANSFER = 1 << 4,  /* an agent's flag; the others are an acd's */
  COUNTED_ABANDON = 1 << 5,   /* a departure that an abandon counts */
  COUNTED_ELSEWHERE = 1 << 6, /* a departure that a transfer counts */
  COUNTED_EARLY = 1 << 7, /* an offer from before the queue's counters: neither
                             it nor its outcome is in them */
};

_Static_assert(CV_MEDIA_COUNT <= 16, "struct participant has four bits");

enum { CV_PART_CHANGES = 5 };

/* An acd or agent participant of a queue. */
struct participant {
  /* Facts; merge.c sets them. */
  uint64_t id;
  int64_t connected_ms, end_ms; /* 0: not known */
  int64_t acw_start_ms, acw_end_ms;
  int64_t made_ms;        /* callback: when it was made; 0: not known */
  uint32_t queue;         /* its number */
  union {                 /* by purpose, which never changes */
    uint32_t latest_hold; /* agent: ms from connected to its start, + 1; 0:
                             none */
    uint32_t next_other;  /* acd that has ended: ms from its end to the
                             first other participant (IVR, flow), + 1 */
  };
  uint32_t gone;              /* acd that has ended: ms from connected until all
                                 customers of that time had left (without any: a
                                 moment after all legs), + 1 */
  uint8_t media : 4;          /* its own */
  uint8_t purpose : 2;        /* CV_ACD or CV_AGENT */
  uint8_t is_last : 1;        /* acd that has ended: in a snapshot in which all
                                 participants had ended */
  uint8_t is_acw_skipped : 1; /* agent that has ended */
  uint8_t is_transferred : 1; /* a communication ended with transfer* */
  uint8_t is_scheduled : 1;   /* it was, or is, a callback before its time */
  uint8_t is_held : 1;        /* now */
  uint8_t is_known : 1;       /* it was there before a removal */

  /* What was counted of it. */
  uint8_t counted_media : 4; /* medium of the counters, see cv_set_media */
  uint8_t counted;           /* COUNTED_*, by outcomes.c */
  uint8_t changes[CV_PART_CHANGES]; /* by transitions.c: those of its steps that
                                       were counted, as from * CV_STATE_COUNT +
                                       to */
  uint32_t answered; /* acd: the wait in ms until the answer that was counted, +
                        1; 0: none, or it stays counted */
};

/* Guide dialect: a conversation's stay in a queue. */
struct guide_stay {
  int64_t entered_ms, ended_ms; /* ended: 0 until it has */
  uint32_t queue;               /* its number */
  uint8_t state;                /* enum cv_state */
  uint8_t media;
  uint8_t counted; /* COUNTED_* */
};

struct conversation { /* the widest members first: no space between */
  struct uuid_key id;
  uint64_t last_event_ms; /* of the monotonic clock */
  int64_t since_ms;       /* earlier offers and changes are not counted */
  int64_t known_ms; /* participants with is_known: only later changes are new */
  int64_t late_ms;  /* new facts before it are late; see late.c */
  int64_t seen_ms;  /* all events up to then have arrived, and it still waits */
  int64_t other_connected_ms; /* latest of any other participant (IVR, flow) */
  int64_t due_ms;             /* the next breach by waiting alone; 0: none */
  union {                     /* by dialect; in the order of arrival */
    struct participant *participants;
    struct guide_stay *stays;
    void *parts;
  };
  struct cv_holds *holds;           /* older than latest_hold; NULL: none */
  struct cv_dropped *dropped;       /* NULL: none */
  uint32_t pending[CV_PENDING_MAX]; /* as in struct cv_removed, until known_ms
                                     */
  uint32_t known_retired; /* queues retired before the removal: counters
                             made later lack the known participants */
  uint32_t older, newer;  /* by last event; older: also the next free one */
  uint8_t count, cap;     /* number of parts and of places for them */
  uint8_t known; /* number of first parts that were counted before a removal */
  uint8_t breached;          /* bits: the pending offers with a breach */
  bool were_others_breached; /* other offers without an outcome had a breach */
  bool is_pending_exact;     /* pending has all offers without an outcome */
  bool is_partial;           /* it lacks participants of the newest snapshot */
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
  uint16_t known_facts; /* before late_ms, when it was removed */
  uint16_t gap;         /* the model's number of gaps at the last event */
};

/* Changes that named a wrap-up code. */
struct wrapup_change {
  uint64_t count, sent;
  uint32_t code; /* its number among the model's */
  uint8_t from, to;
  bool shown; /* as in struct pair */
};

/* The counts of a pair that were put last. */
struct cv_sent {
  uint64_t offers, answers, abandons, transfers, breaches;
  uint64_t wait_ms;                                 /* without what is owed */
  uint32_t changes[CV_STATE_COUNT][CV_STATE_COUNT]; /* low bits */
  uint32_t active;
};

enum { CV_PAST_TARGETS = 4 };

/* Counters of a queue and medium. */
struct pair {
  struct conversations_totals t, shadow;
  /* Breaches of the targets before the present one, which may return. */
  struct {
    uint32_t target_ms; /* 0: free */
    uint64_t breaches, owed;
  } past[CV_PAST_TARGETS];
  unsigned next_past;      /* the entry of `past` to overwrite next */
  int64_t target_since_ms; /* breaches of earlier contacts stay counted */
  /* Used by samples.c: the series has begun, with 0 even if its count is
   * higher, since a rate needs two values and would miss the first count. */
  bool shown, breaches_shown;
  bool changes_shown[CV_STATE_COUNT][CV_STATE_COUNT];
  struct cv_sent sent;
  struct wrapup_change *wrapups;
  uint32_t wrapup_count;
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

/* New facts of a snapshot, by participant. */
struct gain {
  int64_t hold_ms;      /* a new hold that lasts; 0: none */
  int64_t released_ms;  /* the start of a hold that is over now; 0: none */
  int64_t past_hold_ms; /* a hold that is over, reported late; 0: none */
};

struct step {
  int64_t at_ms;
  uint8_t kind, participant;
  uint8_t from, to; /* enum cv_state, before and after it */
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
  struct participant *answered[CV_PARTS_MAX]; /* agent: the contact; or NULL */
  int64_t answer_ms[CV_PARTS_MAX];            /* acd; 0: not answered */
  uint8_t outcome[CV_PARTS_MAX];              /* acd: enum cv_outcome */
  uint8_t media[CV_PARTS_MAX];                /* under which it counts */
  const struct conversation *c;
};

enum { CV_ITEMS_MAX = CV_PARTS_MAX * 16 };

/* Counts by queue, medium and counter, as a sum that may be negative. */
struct cv_difference {
  unsigned count, guess;
  uint32_t keys[CV_ITEMS_MAX];
  int64_t amounts[CV_ITEMS_MAX];
};

struct cv_dialect {
  size_t part_size; /* struct participant or struct guide_stay */
  /* Lists each queue and medium of a conversation once. Returns their number.
   */
  unsigned (*list_presences)(const struct conversation *c,
                             struct cv_presence ret[CV_PARTS_MAX]);
  /* Describes what was counted, for the set of removed conversations; NULL: the
   * counters do not depend on it. */
  struct cv_removed (*describe_removed)(const struct conversation *c);
  /* Sets due_ms and is_inactive. Called after any change. */
  void (*schedule_breach)(const struct conversations *m,
                          struct conversation *c);
  /* Counts the breaches of contacts that have waited too long and still do. */
  void (*count_overdue)(struct conversations *m, struct conversation *c);
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

  struct conversation **blocks;
  uint32_t block_count, block_cap;
  uint32_t count, first_free;
  struct cv_list active, inactive; /* inactive: is_inactive is set */
  uint32_t *slots;                 /* number + 1, 0 is free; a power of two */
  uint32_t slot_count;
  size_t part_cap;              /* sum over all conversations */
  size_t hold_cap, dropped_cap; /* likewise */
  struct cv_removed_set removed;

  struct queue *queues;
  uint32_t queue_count, queue_cap;
  uint32_t *queue_slots;
  uint32_t queue_slot_count;
  uint32_t pair_count;
  uint32_t first_free_queue, free_queue_count; /* first: number + 1 */
  uint32_t retired; /* the number of queues that were removed so far */

  struct gc_intern codes;  /* allowed wrap-up codes, cleaned */
  uint32_t wrapup_changes; /* changes of all pairs */

  struct cv_difference difference;
  struct gain gains[CV_PARTS_MAX];
  struct step steps[CV_STEPS_MAX];
  struct conversations_stats stats;
};

static inline struct conversation *cv_at(const struct conversations *m,
                                         uint32_t number) {
  return &m->blocks[number / CV_BLOCK][number % CV_BLOCK];
}

/* Returns true for an offer that was counted and whose outcome is not known
 * yet. */
static inline bool cv_is_pending(uint8_t counted) {
  return (counted & (COUNTED_OFFER | COUNTED_ANSWER | COUNTED_DEPARTURE)) ==
         COUNTED_OFFER;
}

/* Adds one to a counter, or settles one that is owed. */
static inline void cv_add_count(uint64_t *count, uint64_t *owed) {
  if (*owed > 0)
    --*owed;
  else
    ++*count;
}

/* Takes one count back: it is owed, and the next one of the kind settles it. */
static inline void cv_take_back(const uint64_t *count, uint64_t *owed) {
  *owed += *owed < *count;
}

/* ---- table.c ---- */

/* Returns the number of a conversation; CV_NONE when it is not there. */
uint32_t cv_table_find(const struct conversations *m, struct uuid_key id);
/* Adds an empty conversation. When there are too many, evicts the one with the
 * oldest last event: an inactive one if there is any. CV_NONE: out of memory.
 */
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

/* Finds the number of a queue, and adds the queue if it is new. */
GC_MUST_CHECK enum gc_code cv_queue_intern(struct conversations *m,
                                           struct uuid_key id, const char *text,
                                           uint32_t *ret_number);
/* Returns the queue; NULL when it is not known. */
struct queue *cv_queue_find(const struct conversations *m, const char *text);
/* Removes a queue that no conversation refers to. No queue can be found until
 * cv_queue_rehash. */
void cv_queue_remove(struct conversations *m, uint32_t number);
void cv_queue_rehash(struct conversations *m);
void cv_queue_clear(struct conversations *m); /* all of them */
/* Returns the counters, which it makes if they are new. NULL past `pairs_max`
 * or out of memory, counted as overflow. */
struct pair *cv_queue_pair(struct conversations *m, uint32_t queue,
                           enum cv_media media);
/* Changes the target of a pair from `was_ms` to `is_ms` at `now_ms`. Its
 * breaches continue where they were when the queue last had the new target. */
void cv_pair_change_target(struct pair *pair, uint32_t was_ms, uint32_t is_ms,
                           int64_t now_ms);
/* Returns the service level target; 0: none. */
int64_t cv_queue_target_ms(const struct conversations *m, uint32_t queue,
                           enum cv_media media);
/* Counts for all pairs how many conversations are in each state. */
void cv_queue_count_states(struct conversations *m);

/* ---- participants.c ---- */

/* Sets counted_media of all participants. Call it after a merge. An acd
 * participant counts under its own medium, an agent under the medium of the
 * contact that it served: an agent who also calls the sender of a message
 * still serves the message. A call and the callback that follows it in the same
 * queue are two presences. */
void cv_set_media(struct conversation *c);
/* Returns true for the first participant of each queue and medium. */
bool cv_is_first_of_presence(const struct conversation *c,
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
struct participant *cv_find_acd(const struct conversation *c,
                                const struct participant *agent, int64_t at_ms);
/* Returns the contact that an agent answered, or rings or rang for; NULL: none.
 */
struct participant *cv_find_served(const struct conversation *c,
                                   const struct participant *agent);
/* Finds for each participant, by index, the acd participant whose contact it
 * answered; NULL: there is none, or it is no connected agent. */
void cv_find_answered(const struct conversation *c,
                      struct participant *ret[CV_PARTS_MAX]);
/* Returns when the contact went on after the acd participant: the first time at
 * which another leg (a queue, an agent elsewhere, a flow) followed or outlived
 * it; 0: there is none. */
int64_t cv_find_continued_ms(const struct conversation *c,
                             const struct participant *acd);
/* Returns true if the contact went on elsewhere: the other leg began while a
 * customer of the stay was there. */
bool cv_is_continued(const struct conversation *c,
                     const struct participant *acd);
/* Returns when the first agent answered the contact; 0: it was not answered. An
 * agent without an acd participant of its queue (a call on behalf of the queue)
 * answers nothing. An agent who is connected more than a second after the
 * contact left answers nothing either, if another leg began before or all its
 * customers had left. */
int64_t cv_find_answer_ms(const struct conversation *c,
                          const struct participant *acd,
                          struct participant *const *answered);
bool cv_is_wrapping_up(const struct participant *p);
/* Returns the latest time of the participant. */
int64_t cv_latest_ms(const struct participant *p);
/* Returns the time when the latest hold began. */
int64_t cv_latest_hold_ms(const struct participant *agent);
/* Returns true if the acd participant was connected before offers are counted.
 */
bool cv_is_prior(const struct conversation *c, const struct participant *acd);
unsigned cv_list_presences(const struct conversation *c,
                           struct cv_presence ret[CV_PARTS_MAX]);
struct cv_removed cv_describe_removed(const struct conversation *c);

/* ---- history.c ---- */

/* Adds what the facts count to the difference; `sign` -1 subtracts it. */
void cv_add_history(struct conversations *m, const struct conversation *c,
                    int sign);
/* Adds the difference to the counters, and empties it. */
void cv_count_difference(struct conversations *m);

/* ---- holds.c ---- */

/* Notes a hold of a participant by its start, in the form of latest_hold.
 * Returns false when it was noted before. Beyond 1000 holds of a conversation,
 * a hold that is reported late is not counted. */
bool cv_holds_add(struct conversations *m, struct conversation *c,
                  unsigned participant, uint32_t begin);
/* Forgets the holds of a participant that is removed; the indexes after it fall
 * by one. */
void cv_holds_forget(struct conversation *c, unsigned participant);
void cv_holds_free(struct conversations *m, struct conversation *c);
/* Returns the start of each hold of a participant; *at is 0 before the first
 * call. Returns false after the last one. */
bool cv_holds_next(const struct conversation *c, unsigned participant,
                   unsigned *at, int64_t *ret_ms);
/* Returns the bytes of all holds together. */
size_t cv_holds_bytes(const struct conversations *m);

/* ---- merge.c ---- */

struct cv_merged {
  bool is_new;           /* there were new facts */
  unsigned without_room; /* participants that found no room */
};

/* Returns the number of participants that the snapshot adds. */
unsigned cv_count_new(const struct conversation *c, const struct cv_event *e);
/* Merges a snapshot: facts go into `c`, gains into m->gains. */
GC_MUST_CHECK enum gc_code cv_merge(struct conversations *m,
                                    struct conversation *c,
                                    const struct cv_event *e,
                                    struct cv_merged *ret);

/* ---- late.c ---- */

/* A fact before this time is late if it is new. */
static inline int64_t cv_late_until(const struct cv_removed *r) {
  return r->fact_ms + (r->gone > 0 ? r->gone : 1);
}
/* Returns the number of the snapshot's facts before `until_ms`. */
unsigned cv_count_reported(const struct cv_event *e, int64_t until_ms);
/* Sets `gone` and `facts`. Set r->fact_ms before. */
void cv_describe_facts(const struct conversation *c, struct cv_removed *r);
/* Counts the conversation once if it was removed before and the event has facts
 * that the counters lack: call it before the merge. */
void cv_note_late(struct conversations *m, struct conversation *c,
                  const struct cv_event *e);

/* ---- dropped.c ---- */

/* Notes a participant that is dropped; `fact_ms`: the latest of its times.
 * Returns false when out of memory, or past 1000 of the conversation. */
bool cv_dropped_add(struct conversations *m, struct conversation *c,
                    const struct participant *p, int64_t fact_ms);
/* Returns true if the participant was dropped: its facts are ignored, except
 * that a leg began. */
bool cv_is_dropped(const struct conversation *c, uint64_t id);
/* Adds the times of dropped participants. */
void cv_dropped_describe(const struct conversation *c, struct cv_removed *r);
void cv_dropped_free(struct conversations *m, struct conversation *c);
/* Returns the bytes of the lists of all conversations. */
size_t cv_dropped_bytes(const struct conversations *m);

/* ---- participant_limit.c ---- */

/* Makes room for `count` participants: drops those that ended and whose
 * outcomes are known, alerts first, then agents, then contacts that no agent
 * needs. All facts must be counted. Returns the number dropped. */
unsigned cv_drop(struct conversations *m, struct conversation *c,
                 unsigned count);

/* ---- transitions.c ---- */

/* Counts the changes of state that follow from the facts. `answered`: from
 * cv_find_answered. */
void cv_count_transitions(struct conversations *m, struct conversation *c,
                          struct participant *const *answered);
/* Counts the holds that began between the conversation's start and `before_ms`.
 * They were not counted, because the start was `before_ms`. */
void cv_count_earlier_holds(struct conversations *m, struct conversation *c,
                            int64_t before_ms);
/* Notes all changes as counted: participants were dropped, so the history that
 * is left is another one. */
void cv_note_transitions(struct conversations *m, struct conversation *c);

/* ---- outcomes.c ---- */

/* A contact's wait in a queue, of either dialect. */
struct cv_wait {
  uint8_t *counted;
  int64_t start_ms;
  uint32_t queue;
  enum cv_media media;
  bool is_resumed; /* a breach may have been counted before a removal */
};

void cv_count_offer(struct conversations *m, const struct cv_wait *w);
/* Counts the answer of an agent at `at_ms`. Returns false when the counters do
 * not have it: another outcome of the offer was counted, or the counters began
 * later. */
bool cv_count_answer(struct conversations *m, const struct cv_wait *w,
                     int64_t at_ms);
/* Counts a contact that left unanswered: as a transfer if it continued
 * elsewhere, else as an abandon. */
void cv_count_departure(struct conversations *m, const struct cv_wait *w,
                        bool elsewhere, int64_t at_ms);
/* Counts the breach once, if the contact waited longer than the target. Takes
 * it back if the wait turns out to be shorter. */
void cv_count_breach(struct conversations *m, const struct cv_wait *w,
                     int64_t wait_ms);
/* Returns the time at which waiting alone is a breach; 0: never. */
int64_t cv_breach_due_ms(const struct conversations *m,
                         const struct cv_wait *w);

/* Counts the outcomes that follow from the facts of a conversation. */
void cv_count_outcomes(struct conversations *m, struct conversation *c,
                       struct participant *const *answered);
/* Makes offers new again, with their outcomes, that were noted and not counted:
 * they began before the queue's counters, whose beginning has moved to before
 * them. Returns true if there are any. */
bool cv_regain_offers(const struct conversations *m, struct conversation *c);
/* Makes the transfers new again that were noted and not counted, because the
 * contact was offered before the start. */
void cv_regain_transfers(struct conversation *c);
/* Returns true if the acd participant ended and no agent will answer the
 * contact. Call it for a contact without an answer. */
bool cv_is_departed(const struct conversation *c,
                    const struct participant *acd);
bool cv_has_departed(const struct conversation *c,
                     const struct participant *acd);
/* Two functions of the snapshots' struct cv_dialect. */
void cv_schedule_breach(const struct conversations *m, struct conversation *c);
void cv_count_overdue(struct conversations *m, struct conversation *c);

/* ---- expiry.c ---- */

/* Closes a conversation whose end was lost; see conversations_poll_end. */
void cv_close(struct conversations *m, uint32_t number);

/* ---- guide_states.c ---- */

extern const struct cv_dialect cv_guide_dialect;

/* ---- wrapup.c ---- */

/* Counts the change by its wrap-up code. Does nothing for a pair that is NULL,
 * for "" and for a code that is not allowed. */
void cv_count_wrapup(struct conversations *m, struct pair *pair,
                     const char *code, enum cv_state from, enum cv_state to);
/* Sets the count of a change by a cleaned code. */
void cv_restore_wrapup(struct conversations *m, struct pair *pair,
                       const char *code, enum cv_state from, enum cv_state to,
                       uint64_t count);
/* Sets all counters to 0; their series begin again. */
void cv_clear_pair(struct conversations *m, struct pair *pair);

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
