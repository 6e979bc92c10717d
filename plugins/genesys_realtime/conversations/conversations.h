/* SPDX-License-Identifier: MIT */
/* The conversations of a block's queues and the counters of their outcomes:
 * offers, answers, waits, abandons, transfers, breaches, changes of state.
 *
 * The model is a set of conversations by id. Each event is a snapshot of the
 * whole conversation. A merge only adds times: an older snapshot or a missing
 * participant removes nothing. The counters depend only on the merged facts and
 * the server's own times, so order of arrival, delays, duplicates and repeats
 * after a reconnect change no total. An outcome is counted at once. A counter
 * is the highest count so far: if later facts contradict an outcome, the next
 * one of its kind adds nothing. reading.c says what makes an unanswered contact
 * an abandon or a transfer.
 *
 * decode.c makes events, this model counts them, and samples.c makes samples.
 * Pure; one thread at a time. Times are epoch ms of the server's clock. */
#ifndef GENESYS_REALTIME_CONVERSATIONS_CONVERSATIONS_H
#define GENESYS_REALTIME_CONVERSATIONS_CONVERSATIONS_H

#include "common/genesys/sample.h"
#include "plugins/genesys_realtime/conversations/event.h"
#include "plugins/genesys_realtime/queues/queue_label.h"

/* The state of a conversation in a queue: the highest of its open participants;
 * without open participants it is wrapup while an agent wraps up, else ended.
 */
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

/* An ended conversation is kept this long. If an event comes after that, only
 * facts that the model did not know are counted (removed.h). */
#define CV_KEEP_MS INT64_C(600000)

/* A contact that still waits is a breach this long after the target, because
 * the event of its answer may be on the way. */
#define CV_BREACH_GRACE_MS INT64_C(2000)

struct conversations_settings {
  bool is_guide;       /* guide dialect: only conversations_apply_state */
  int64_t now_ms;      /* of the server's clock */
  int64_t started_ms;  /* earlier offers and changes are not counted */
  int64_t counted_ms;  /* the former holder of the lease has counted up to then
                          (conversations_restore); 0: there was none */
  uint64_t created_ms; /* now, of the monotonic clock */
  const double *bounds_s; /* WaitBuckets: ascending, above 0, whole ms */
  size_t bound_count;
  int64_t target_ms;  /* ServiceLevelTarget; 0: each queue's own */
  uint32_t max;       /* MaxConversations */
  int64_t age_ms;     /* MaxConversationAge, since the last event */
  uint32_t pairs_max; /* pairs of queue and medium with counters */
  /* WrapUpCode: a change that names an allowed code is counted by code.
   * Borrowed; none: no change is counted by code. */
  char *const *wrapups;
  size_t wrapup_count;
};

struct conversations;

/* Makes a model. Returns NULL and fills err for wrong bounds: GC_ERR_CONFIG. */
struct conversations *conversations_new(const struct conversations_settings *s,
                                        struct gc_err *err);
void conversations_free(struct conversations *m);
GC_DEFINE_AUTO(struct conversations, conversations_free)

enum { CV_WRAPUP_SIZE = 128 }; /* size of a code, with the NUL */

/* Guide dialect: the state of a conversation, without times. */
struct guide_event {
  struct uuid_key id; /* the conversation's id */
  struct uuid_key queue;
  char queue_text[CV_QUEUE_ID_SIZE]; /* "": none given */
  char wrapup[CV_WRAPUP_SIZE];       /* code; "": none given */
  uint8_t state;                     /* enum cv_state, not NONE */
  uint8_t media;                     /* enum cv_media */
};

/* Applies an event that arrived at `at_ms` (above 0). The state only advances:
 * waiting < alerting < active, held < wrapup < ended; `ended` is final while
 * the conversation is kept (CV_KEEP_MS). The first state of a conversation is
 * no change; if it is waiting, it is an offer, whose wait ends when the
 * conversation is active or held. An event of another queue ends the stay in
 * the queue before; the conversation may return there after CV_KEEP_MS.
 * GC_ERR_MEMORY, GC_ERR_LIMIT: the event is lost. GC_ERR_CONFIG: the model is
 * not of the guide dialect. */
GC_MUST_CHECK enum gc_code
conversations_apply_state(struct conversations *m, const struct guide_event *e,
                          int64_t at_ms);

/* Applies a snapshot. GC_ERR_MEMORY: the event, or a part of it, is lost; the
 * model is intact. GC_ERR_CONFIG: the model is of the guide dialect. */
GC_MUST_CHECK enum gc_code conversations_apply(struct conversations *m,
                                               const struct cv_event *event);

/* Sets the queue's own target for a medium; 0: it has none. Does nothing if the
 * settings have a target for all queues. The name of the breach counter
 * includes the target, so each target has a count of its own. The counts of the
 * last four targets are kept, and continue when a target returns. */
GC_MUST_CHECK enum gc_code conversations_target(struct conversations *m,
                                                const char *queue,
                                                enum cv_media media,
                                                int64_t target_ms);

/* Makes the counters of a queue and medium before its first contact, so that
 * their series begin with 0 and a rate includes the first contact. */
GC_MUST_CHECK enum gc_code conversations_expect(struct conversations *m,
                                                const char *queue,
                                                enum cv_media media);

/* Sets the queue's counters to 0 and begins their series again. Contacts that
 * began before `now_ms` are not counted, neither as offers nor by their
 * outcomes. Call it for a queue whose topic is covered from now on, and was not
 * before: the model knows only conversations of the queue that came with other
 * topics. */
void conversations_reset(struct conversations *m, const char *queue,
                         int64_t now_ms);

/* Moves the start (started_ms, unless the model continues from a former holder
 * of the lease) and the resets of queues by `delta_ms`, because the clock that
 * dated them was wrong. Contacts that began after the new start and were not
 * counted are counted. No counter falls. */
void conversations_move_start(struct conversations *m, int64_t delta_ms);

struct conversations_now {
  int64_t server_ms;
  /* All events up to this time have arrived. A contact that seems to wait past
   * it may have been answered and is no breach yet. */
  int64_t complete_ms;
  uint64_t monotonic_ms; /* a step of the server's time expires nothing */
};

/* Sets the time, counts breaches of contacts that still wait and removes
 * conversations that have ended or had no event for too long. Call it about
 * once a second, also while the stream is down. */
void conversations_tick(struct conversations *m,
                        const struct conversations_now *now);

/* Removes queues that are no longer listed, are not referenced by any
 * conversation and have been silent for `expiry_ms`. A queue that reappears
 * starts from zero. Returns the number removed. */
size_t conversations_retire(struct conversations *m, int64_t expiry_ms,
                            bool (*is_listed)(void *ctx, const char *queue),
                            void *ctx);

/* Notes that the stream was interrupted. A contact that seems to wait may have
 * been answered, so waiting alone is no breach until the next event of the
 * conversation. (A poll does not help, because its lists do not show which
 * contacts wait.) The end of the wait may still be a breach. */
void conversations_gap(struct conversations *m);

/* ---- lost ends, by the details of observations ---- */

/* Notes the start, the listed conversations and the end of a poll. A
 * conversation that waits, rings or is with an agent is closed when two
 * successive polls do not list it: it is over although its end was never
 * reported. Gauges no longer include it. Its outcome is not known, so nothing
 * is counted. An event with new facts opens it again. Exceptions: conversations
 * with an event since the poll began, parked conversations, and those in a
 * queue and medium for which `covers` is false, because its list is truncated
 * or was not requested. Call conversations_poll_begin when the request is
 * sent. A poll that fails needs no end. */
void conversations_poll_begin(struct conversations *m);
/* Returns false when the model does not have the conversation. */
bool conversations_poll_list(struct conversations *m, struct uuid_key id);
void conversations_poll_end(struct conversations *m,
                            bool (*covers)(void *ctx, const char *queue,
                                           enum cv_media media),
                            void *ctx);

/* ---- results ---- */

/* The numbers of the counters of a queue and medium. */
enum {
  CV_OFFERS,
  CV_ANSWERS,
  CV_ABANDONS,
  CV_TRANSFERS,
  CV_BREACHES,
  CV_WAIT_MS,
  CV_WAITS, /* up to the first bound, and so on */
  CV_CHANGES = CV_WAITS + CV_BOUNDS_MAX,
  CV_COUNTERS = CV_CHANGES + CV_STATE_COUNT * CV_STATE_COUNT
};

struct cv_counters {
  union {
    struct {
      uint64_t offers, answers, abandons, transfers, breaches;
      uint64_t wait_ms;              /* sum over the answers */
      uint64_t waits[CV_BOUNDS_MAX]; /* answers up to the bound */
      uint64_t changes[CV_STATE_COUNT][CV_STATE_COUNT]; /* [from][to] */
    };
    uint64_t at[CV_COUNTERS];
  };
};

struct conversations_totals {
  struct cv_counters facts;   /* what follows from the facts; may fall */
  struct cv_counters counted; /* the series: the highest of these so far */
  /* Numbers of present conversations. */
  uint32_t states[CV_STATE_COUNT];
  uint32_t active; /* waiting, alerting, held or active */
};

/* Reads the totals of a pair; visits all conversations. Returns false when the
 * pair is not known. */
bool conversations_totals(struct conversations *m, const char *queue,
                          enum cv_media media,
                          struct conversations_totals *ret);

/* conversations_count_states visits all conversations and counts those in each
 * state, for each queue and medium. conversations_states reads one pair; it
 * returns false and zeros when the pair is not known. */
void conversations_count_states(struct conversations *m);
bool conversations_states(const struct conversations *m, const char *queue,
                          enum cv_media media, uint32_t ret[CV_STATE_COUNT]);

struct conversations_stats {
  size_t count, live; /* live: neither ended nor closed */
  size_t queues, pairs, bytes;
  uint64_t events, news; /* news: events with new facts */
  uint64_t evicted;      /* past `max`, before their end was known */
  uint64_t aged;         /* past `age_ms` */
  uint64_t closed;       /* closed by polls */
  uint64_t incomplete;   /* conversations that lack some participants */
  uint64_t late;         /* conversations with facts after their removal that
                            the counters lack */
  uint64_t overflow;     /* uses of counters past `pairs_max` */
  uint64_t wrapups_left; /* changes not counted by code: too many codes */
};
void conversations_stats(const struct conversations *m,
                         struct conversations_stats *ret);

/* ---- samples.c ---- */

struct conversations_view {
  const struct queue_display *queues; /* names, selectors, labels */
  int64_t time_ms;                    /* wall clock; 0: when it is dispatched */
  bool active; /* active_conversations too: no other source has them */
  bool depths; /* queue_depth and queue_interacting too, likewise */
  /* A queue's turn is the remainder of its number by `turns`. Those whose turn
   * is one of the `due` from `turn` on are put whole; of the others only series
   * that begin, and series whose value has changed. turns 0: all are put whole.
   */
  uint32_t turns, turn, due;
  /* Appends the counters of each queue of the pass as fields (below); NULL: it
   * does not. */
  struct gc_buf *fields;
};

/* The progress of conversations_samples. Zero it before the first call. */
struct conversations_cursor {
  uint32_t queue;     /* number of the next queue */
  bool is_incomplete; /* `fields` has not all: no memory, or its limit */
  struct queue_tally tally;
};

/* Writes the values that conversations provide, a few queues per call, so that
 * a lock around it is held briefly. Returns false after the last queues. A
 * series begins with 0 and has its count from the next pass on, so give each
 * pass a later time. No count is lost between passes. */
bool conversations_samples(struct conversations *m,
                           const struct conversations_view *view,
                           const struct gc_samples *out,
                           struct conversations_cursor *cursor);

/* ---- handover.c: counters that pass to the next holder of a lease ---- */

/* Appends the times of the model: when its counting began, and up to when facts
 * are counted. Call it after the last queue of a pass. */
GC_MUST_CHECK enum gc_code
conversations_write_times(const struct conversations *m, struct gc_buf *fields);
/* Sets started_ms and counted_ms of the settings to the times in the fields of
 * the former holder; needs now_ms. Changes nothing when the fields have no
 * valid times. */
void conversations_read_times(const struct gc_buf *fields,
                              struct conversations_settings *s);
/* Continues with the counters of the fields. Facts up to counted_ms are not
 * counted again; those of the same conversations after it are. Call it for a
 * new model. */
void conversations_restore(struct conversations *m,
                           const struct gc_buf *fields);

#endif
