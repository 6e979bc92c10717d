/* SPDX-License-Identifier: MIT */
/* The state of queues at one moment: per queue, the contacts that wait, ring or
 * are with an agent, and the agents. The option Observations names its source:
 *
 *   "query"          POST /analytics/queues/observations/query
 *   "activity"       POST /analytics/conversations/activity/query and
 *                    POST /analytics/routing/activity/query
 *   "topic"          as "query" for a snapshot, then messages of the topics
 *                    v2.analytics.queues.{id}.observations and .activity
 *   "queue_metrics"  the guide dialect (guide_metrics.h)
 *
 * Bytes are decoded to facts, facts fill this model, and samples are made of
 * the model. All functions are pure; one thread at a time. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_OBSERVATIONS_H
#define GENESYS_REALTIME_OBSERVATIONS_OBSERVATIONS_H

#include <stdatomic.h>

#include "common/base/buf.h"
#include "common/base/intern.h"
#include "common/base/transport.h"
#include "common/genesys/entities.h"
#include "common/genesys/sample.h"
#include "common/genesys/topics.h"
#include "common/genesys/unknown_words.h"
#include "plugins/genesys_realtime/conversations/event.h"
#include "plugins/genesys_realtime/queues/queue_label.h"

/* The meaning of a metric's number. */
enum obs_about {
  OBS_CONTACTS, /* a count per queue and media type */
  OBS_OLDEST,   /* an epoch time in ms per queue and media type */
  OBS_AGENTS,   /* a count per queue */
  OBS_ROUTING,  /* a count per queue and routing status */
  OBS_PRESENCE, /* a count per queue and organisation presence (a UUID) */
};

/* XX(enum, API name, about, true: conversations activity; false: routing
 * activity) */
#define OBS_METRIC_MAP(XX)                                                     \
  XX(WAITING, "oWaiting", OBS_CONTACTS, true)                                  \
  XX(INTERACTING, "oInteracting", OBS_CONTACTS, true)                          \
  XX(ALERTING, "oAlerting", OBS_CONTACTS, true)                                \
  XX(LONGEST_WAITING, "oLongestWaiting", OBS_OLDEST, true)                     \
  XX(ACTIVE_USERS, "oActiveUsers", OBS_AGENTS, false)                          \
  XX(MEMBER_USERS, "oMemberUsers", OBS_AGENTS, false)                          \
  XX(ON_QUEUE_USERS, "oOnQueueUsers", OBS_ROUTING, false)                      \
  XX(OFF_QUEUE_USERS, "oOffQueueUsers", OBS_PRESENCE, false)                   \
  XX(USER_PRESENCES, "oUserPresences", OBS_PRESENCE, false)                    \
  XX(USER_ROUTING, "oUserRoutingStatuses", OBS_ROUTING, false)

enum obs_metric {
#define XX(id, name, about, conversations) OBS_##id,
  OBS_METRIC_MAP(XX)
#undef XX
      OBS_METRIC_COUNT
};

struct obs_metric_row {
  const char *name;
  size_t name_len;
  enum obs_about about;
  bool of_conversations;
};
extern const struct obs_metric_row obs_metrics[OBS_METRIC_COUNT];

enum { OBS_NONE = UINT32_MAX }; /* no media type, no qualifier */

/* Other values of obs_fact.metric. */
enum {
  OBS_OTHER = OBS_METRIC_COUNT, /* a number of an unknown metric */
  /* A number of a row of the guide dialect; see guide_metrics.h. */
  OBS_GUIDE,
  OBS_GUIDE_QUEUED = OBS_GUIDE,
  OBS_GUIDE_WAITING,
  OBS_GUIDE_AVAILABLE,
  OBS_GUIDE_BUSY,
  OBS_FACT_KINDS
};

enum {
  OBS_GUIDE_COUNT = OBS_FACT_KINDS - OBS_GUIDE,
  OBS_GUIDE_ABSENT = -1, /* a number that the row does not have */
  OBS_MEDIA_SIZE = 32,   /* of a media type, with the NUL */
  /* Of the name of an unknown number; leaves room for the medium. */
  OBS_OTHER_MAX_BYTES = GC_NAME_SIZE - OBS_MEDIA_SIZE - 1,
};

/* The meaning of a number that a complete answer does not have. */
enum obs_absence {
  OBS_ABSENT_UNKNOWN,  /* pushed messages, the guide dialect */
  OBS_ABSENT_CONTACTS, /* query: 0 for the contacts of a queue that the answer
                          has, in each medium; unknown for its agents */
  OBS_ABSENT_ALL,      /* activity: 0, also for a queue that the answer lacks */
};

/* One number of one answer. Texts are numbers of the model's interners; the
 * qualifier of OBS_GUIDE_QUEUED is the queue's name. */
struct obs_fact {
  uint32_t queue, media, qualifier;
  uint64_t secondary; /* hash of the secondary qualifier; 0: none */
  uint8_t metric;     /* enum obs_metric, or OBS_OTHER */
  bool is_listed;  /* a count of 0, or one whose conversations are all listed */
  bool is_partial; /* pushed: has only the numbers that changed */
  bool is_unreadable; /* the answer has the metric, but no number; of agents: a
                         number that cannot be read */
  union {
    int64_t value; /* count, or epoch ms */
    double number; /* OBS_OTHER */
  };
  int64_t at_ms; /* when it was measured, by the server's clock; 0: unknown, so
                    that the fact counts as newer than all others */
};

/* Contacts of a queue in one media type. `known` has a bit (1 << metric) for
 * each number that an answer had, `listed` for each number whose conversations
 * it listed completely, `unreadable` for each metric without a number. */
struct obs_media {
  uint32_t media;
  uint16_t known, listed, unreadable;
  int64_t waiting, interacting, alerting, oldest_ms;
  int64_t
      reported_ms[OBS_LONGEST_WAITING + 1]; /* [metric]: at_ms of the fact */
  int64_t undated[OBS_LONGEST_WAITING + 1]; /* [metric]: from the last message
                                               without a time */
  uint16_t has_undated;                     /* bits, as `known` */
};

/* Agents of a status. An answer may divide them by a secondary qualifier. */
struct obs_qualified {
  enum obs_metric metric;
  uint32_t qualifier; /* number in `statuses` or `presences` */
  uint64_t secondary; /* as in struct obs_fact */
  int64_t count, reported_ms;
};

/* A number of an unknown metric. */
struct obs_other {
  uint32_t name;  /* number in `others` */
  uint32_t media; /* OBS_NONE: none */
  double number;
  int64_t reported_ms;
};

/* A queue of the guide dialect, whose answers have every number, zeros too. */
struct obs_guide {
  uint32_t media; /* OBS_NONE: the source has no media */
  int64_t queued, waiting;
};

struct obs_queue {
  bool has_agents;            /* an answer had all agents of the queue */
  bool are_agents_unreadable; /* a number of its agents cannot be read, so that
                                 their sums are not known */
  uint32_t known;             /* as in struct obs_media: active, member */
  int64_t active, member;
  int64_t active_reported_ms, member_reported_ms;
  struct obs_media *media;
  size_t media_count;
  struct obs_qualified *qualified;
  size_t qualified_count;
  struct obs_other *others;
  size_t other_count;
  struct obs_guide *guide; /* NULL except in the guide dialect */
  size_t guide_count;
  int64_t guide_available, guide_busy; /* agents */
  uint32_t guide_name; /* its number in `guide_names`, + 1; 0: unknown */
};

/* Ids of conversations that an answer listed, unsorted; an id may occur twice.
 * An answer whose ids exceed the limit adds none. */
enum { OBS_LISTED_MAX = 1 << 20 };

struct obs_ids {
  struct uuid_key *at;
  size_t count, cap;
};

struct observations {
  struct gc_intern ids;       /* ids of queues; queues[number] */
  struct gc_intern media;     /* "voice", as the API writes it, lower case */
  struct gc_intern statuses;  /* routing statuses: "IDLE" */
  struct gc_intern presences; /* organisation presences: UUIDs */
  struct gc_intern systems;   /* system presences: "ON_QUEUE" */
  struct gc_intern others;    /* "oFuture-count" */
  struct gc_intern guide_names;
  struct gc_unknown_words unknown; /* metrics */

  struct obs_queue *queues;
  size_t queue_cap;
  uint32_t *system_of; /* [presence] → system presence, OBS_NONE: unknown */
  size_t system_cap;

  struct gc_entities *names; /* names in the answers, if the account's list is
                                refused; NULL: none */

  struct obs_ids listed; /* conversations that wait, ring or have an agent */

  enum obs_absence absence;
  int64_t received_ms; /* wall clock when the last answer was complete */
  int64_t server_ms;   /* the server's clock at that moment */
  bool is_undated;     /* no clock is believed: ages are unknown */
  int64_t answered_ms; /* when the last merged answer was requested; 0: none was
                          merged */
  uint32_t ignored;    /* no queue, medium or qualifier; no plain name */
  size_t groups;       /* pairs of queue and media, queues with agents */
  atomic_uint references;
};

/* Counts references: the network thread fills a model; afterwards the model is
 * const, and the read thread may hold it too. observations_new returns one
 * reference. */
struct observations *observations_new(void);
struct observations *observations_get(struct observations *o);
void observations_put(struct observations *o);
GC_DEFINE_AUTO(struct observations, observations_put)

/* Adds facts. A later fact about the same number replaces the earlier one,
 * unless it is older by at_ms. A fact that is older than `answered_ms` changes
 * nothing. */
GC_MUST_CHECK enum gc_code observations_add(struct observations *o,
                                            const struct obs_fact *facts,
                                            size_t count);

/* Maps an organisation presence (a UUID) to a system presence. */
GC_MUST_CHECK enum gc_code
observations_map(struct observations *o, const char *presence,
                 size_t presence_len, const char *system, size_t system_len);

/* Returns the contacts' numbers of `m` that are known, as bits (1 << metric):
 * those that the answer had and those whose absence means 0. `m` NULL: `o` does
 * not have the medium. If the answer has the time of the oldest contact, an
 * absent number of waiting contacts is unknown, because some wait. */
uint32_t obs_known_contacts(const struct observations *o,
                            const struct obs_media *m);
/* Returns true if a complete answer had a number of the queue. */
static inline bool obs_is_answered(const struct obs_queue *q) {
  return q->has_agents || q->media_count > 0 || q->known != 0;
}

/* Adds to `o`, a complete answer, the pairs of queue and medium that only
 * `before` has, with all numbers 0. OBS_ABSENT_CONTACTS: only pairs of queues
 * that `o` has. OBS_ABSENT_ALL: also pairs of queues in the list `queues`, or
 * of all queues if the list is refused; a queue that is in neither was deleted.
 * `queues` NULL: the list is not known yet. */
GC_MUST_CHECK enum gc_code
observations_zero_gone(struct observations *o,
                       const struct observations *before,
                       const struct gc_entities *queues);

/* Returns the newest time that the answers state, epoch ms: of a contact that
 * waits, or of a measurement; 0: none. That time has passed. */
int64_t observations_stated_ms(const struct observations *o);

/* ---- merge.c ---- */

/* Merges a snapshot into a model that messages keep up to date. Also copies
 * such a model for the read thread (into a new one, at_ms 0). The numbers of
 * `from` have their own times, or else `at_ms`, the time of the request by the
 * server's clock, so that no later message is lost.
 *
 *   replaced  every number of `from`, unless `into` has a newer one
 *   zeroed    statuses and presences that `from` does not name, of a queue
 *             whose agents it has, since an answer names only those that occur;
 *             the oldest contact, where `from` counts waiting contacts without
 *             one; contacts that are absent, by from->absence
 *   removed   numbers of unknown metrics that `from` does not name, of a queue
 *             that it has
 *   stays     all else, such as queues and media that `from` does not name:
 *             call observations_zero_gone(from, into) first
 *
 * Afterwards a message that is older than `at_ms` changes nothing. Lists of
 * conversations are not merged, because they belong to one moment. */
GC_MUST_CHECK enum gc_code observations_merge(struct observations *into,
                                              const struct observations *from,
                                              int64_t at_ms);

/* ---- decode.c ---- */

/* Reads answers and pushed messages. Keeps the facts until a document is
 * complete, so that an aborted attempt changes no number of a queue.
 *
 * Numbers of metrics that are not in OBS_METRIC_MAP, such as one that the
 * platform adds later, are sent under the metric's own name as
 * queue_observation: every finite number of "stats", or of the element itself
 * where the numbers are there: "count", "calculatedMetricValue" and
 * GC_OTHER_NUMBERS_MAX others. The name is kept only if it has nothing but
 * letters, digits, '_', '.' and '-', and no part may identify a customer or a
 * conversation: each part has fewer than GC_NAME_DIGITS_MAX digits and is no
 * UUID, except that of a known presence. A model has at most GC_OTHER_NAMES_MAX
 * names. Further numbers are counted as ignored. */
struct obs_decoder;

/* Makes a decoder of answers that fills `into`, which is borrowed; `is_guide`:
 * of the guide dialect. NULL: the decoder is for obs_pushed_read. */
struct obs_decoder *obs_decoder_new(struct observations *into, bool is_guide);
void obs_decoder_free(struct obs_decoder *d);
GC_DEFINE_AUTO(struct obs_decoder, obs_decoder_free)

/* Returns the sink of an exchange; its `begin` drops an earlier attempt. */
struct gc_sink obs_decoder_sink(struct obs_decoder *d);

/* Adds the facts of the complete answer to the model. *ret_results (may be
 * NULL): the number of result groups, for paging. */
GC_MUST_CHECK enum gc_code obs_decoder_finish(struct obs_decoder *d,
                                              size_t *ret_results,
                                              struct gc_err *err);

/* The topics of a queue: messages on change, at most once a second (API
 * reference, 4.6 and 4.7). Each message has only the numbers that changed.
 *
 * XX(enum, end of the topic, content of its messages) */
#define OBS_TOPIC_MAP(XX)                                                      \
  XX(OBSERVATIONS, "observations", "contacts by medium, agents; with a time")  \
  XX(ACTIVITY, "activity", "contacts by medium")

enum obs_topic {
#define XX(id, end, content) OBS_TOPIC_##id,
  OBS_TOPIC_MAP(XX)
#undef XX
      OBS_TOPIC_COUNT
};

/* Writes "v2.analytics.queues.<id>.observations". Returns false when it is too
 * long for a topic. */
bool obs_topic_name(enum obs_topic topic, const char *queue_id,
                    char ret_name[GC_TOPIC_SIZE]);
/* Splits a topic, in any case, into its kind and the borrowed id. Returns false
 * when it is none of these topics. */
bool obs_topic_read(const char *name, enum obs_topic *ret_topic,
                    const char **ret_id, size_t *ret_id_len);

/* Reads the body (the value of eventBody) of a message of `topic` into `live`.
 *
 *   replaced  each number that the message names: (queue, medium, metric), of
 *             agents (queue, metric, qualifier); a 0 is kept as 0. A longest
 *             wait of 0 stands for none.
 *   stays     all other numbers; those that are newer by the time of an earlier
 *             message, so that duplicates and reordering change nothing.
 *   ignored   the running totals of the half hour, which .observations also
 *             sends; oFlow, oLongestInteracting; other topics
 *   kept      numbers of unknown metrics
 *   counted   in live->ignored: numbers without the medium or qualifier that
 *             they need, and numbers of unknown metrics whose name is not kept
 *
 * Messages of .activity have no time. Their numbers count as newer, except a
 * number that is the same as in the last such message: it is a repeat, and a
 * message of .observations may have changed the number since. During a renewal
 * the messages of .activity on the other channel are left out
 * (observations/feed.c): the channel of the topic has them too, or the
 * snapshot after the change.
 *
 * A queue's agents appear in the samples after a snapshot was merged, because
 * sums need all agents. *ret_facts (may be NULL): the number of facts in the
 * message. GC_ERR_PARSE, GC_ERR_LIMIT: no number of the model has changed.
 * GC_ERR_MEMORY: some may have. */
GC_MUST_CHECK enum gc_code obs_pushed_read(struct obs_decoder *d,
                                           struct observations *live,
                                           const char *topic, const char *body,
                                           size_t len, size_t *ret_facts,
                                           struct gc_err *err);

/* ---- lists of conversations ---- */

/* Adds ids. Returns GC_ERR_LIMIT beyond OBS_LISTED_MAX, and adds none of them.
 */
GC_MUST_CHECK enum gc_code
obs_ids_add(struct obs_ids *ids, const struct uuid_key *more, size_t count);
void obs_ids_clear(struct obs_ids *ids);

/* Returns true if `listed` has every conversation that waits, rings or has an
 * agent in this queue and medium; for conversations_poll_end. All three numbers
 * must be known, and each must be 0 or have a list of its length that is not
 * truncated. An absent number is 0 by o->absence. */
bool observations_covers(const struct observations *o, const char *queue,
                         enum cv_media media);

/* A queue and medium as observed. Borrowed. */
struct obs_contacts {
  const char *queue, *media; /* the id; "voice" */
  enum cv_media cv_media;    /* CV_MEDIA_COUNT: not in the event stream */
  int64_t waiting, alerting, interacting;
};

/* Finds the next pair whose three numbers are all known. Returns false when
 * there is none.
 *
 *   struct obs_cursor at = {0};
 *   while (observations_next_contacts(o, &at, &c)) … */
struct obs_cursor {
  size_t queue, media;
};
bool observations_next_contacts(const struct observations *o,
                                struct obs_cursor *at,
                                struct obs_contacts *ret);

/* ---- samples.c ---- */

/* Puts the gauges of all queues that are shown. */
void obs_samples(const struct observations *o,
                 const struct queue_display *display,
                 const struct gc_samples *out, struct queue_tally *ret_tally);

#endif
