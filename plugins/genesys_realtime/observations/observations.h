/* SPDX-License-Identifier: MIT */
/* What the queues look like at one moment: contacts waiting, ringing, with an
 * agent, and the agents, per queue. Filled from one or several answers of
 *   POST /analytics/queues/observations/query          Observations "query"
 *   POST /analytics/conversations/activity/query   \   Observations "activity"
 *   POST /analytics/routing/activity/query         /
 * or, Observations "topic", from those once and then from pushed messages
 *   v2.analytics.queues.{id}.observations, v2.analytics.queues.{id}.activity
 * or, Observations "queue_metrics", from the guide dialect's (queue_metrics.h).
 * decode (bytes -> facts) → this model → samples. All of it is pure; one
 * thread at a time. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_OBSERVATIONS_H
#define GENESYS_REALTIME_OBSERVATIONS_OBSERVATIONS_H

#include <stdatomic.h>

#include "common/base/buf.h"
#include "common/base/intern.h"
#include "common/base/transport.h"
#include "common/genesys/entities.h"
#include "common/genesys/sample.h"
#include "common/genesys/topics.h"
#include "plugins/genesys_realtime/conversations/event.h"
#include "plugins/genesys_realtime/queues/queue_label.h"

/* The metrics of the API and what their numbers are about. */
enum obs_about {
  OBS_CONTACTS, /* a count per queue and media type */
  OBS_OLDEST,   /* an epoch time in ms per queue and media type */
  OBS_AGENTS,   /* a count per queue */
  OBS_ROUTING,  /* a count per queue and routing status */
  OBS_PRESENCE, /* a count per queue and organisation presence (a UUID) */
};

/* XX(enum, API name, about, conversations activity? else routing activity) */
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

/* One number of one answer. Texts are numbers of the model's interners. */
struct obs_fact {
  uint32_t queue, media, qualifier;
  uint8_t metric;  /* enum obs_metric */
  bool is_listed;  /* a count of 0, or its conversations were all listed */
  bool is_partial; /* pushed: of a queue's agents it tells what changed only */
  int64_t value;   /* count, or epoch ms */
  int64_t at_ms;   /* when it was so, by the server's clock; 0: not told, then
                      it is new when it comes */
};

/* Contacts of a queue in one media type. `known` has a bit (1 << metric) for
 * each number that an answer told, `listed` for each whose conversations it
 * listed without a gap. */
struct obs_media {
  uint32_t media;
  uint16_t known, listed;
  int64_t waiting, interacting, alerting, oldest_ms;
  int64_t
      reported_ms[OBS_LONGEST_WAITING + 1]; /* [metric]: at_ms of the fact */
};

struct obs_qualified {
  enum obs_metric metric;
  uint32_t qualifier; /* number in `statuses` or `presences` */
  int64_t count, reported_ms;
};

/* Of a queue by the guide dialect, which tells each number, zeros included. */
struct obs_guide {
  uint32_t media; /* OBS_NONE: the source tells none */
  int64_t queued, waiting;
};

struct obs_queue {
  bool has_agents; /* an answer told of all the queue's agents */
  uint32_t known;  /* as of struct obs_media: active, member */
  int64_t active, member;
  int64_t active_reported_ms, member_reported_ms;
  struct obs_media *media;
  size_t media_count;
  struct obs_qualified *qualified;
  size_t qualified_count;
  struct obs_guide *guide; /* NULL but for the guide dialect */
  size_t guide_count;
  int64_t guide_available, guide_busy; /* agents */
  char *guide_name;                    /* NULL: not told */
};

/* Conversations that an answer listed, 16 bytes each, in no order; one may be
 * there twice. An answer whose ids would go past the limit lists none. */
enum { OBS_LISTED_MAX = 1 << 20 };

struct obs_ids {
  struct uuid_key *at;
  size_t count, cap;
};

struct observations {
  struct gc_intern ids;       /* of queues; queues[number] */
  struct gc_intern media;     /* "voice", as the API writes it, lower case */
  struct gc_intern statuses;  /* routing statuses: "IDLE" */
  struct gc_intern presences; /* organisation presences: UUIDs */
  struct gc_intern systems;   /* system presences: "ON_QUEUE" */

  struct obs_queue *queues;
  size_t queue_cap;
  uint32_t *system_of; /* [presence] → system presence, OBS_NONE: not told */
  size_t system_cap;

  struct gc_entities *names; /* those that the answers told, where the
                                 account's list is refused; NULL: none */

  struct obs_ids listed; /* who waits, rings or is with an agent */

  bool zero_when_absent; /* activity: a complete answer lists only what is not
                            zero */
  int64_t received_ms;   /* wall clock when the last answer was complete */
  int64_t server_ms;     /* the server's clock at that moment */
  uint32_t ignored;      /* metrics and qualifiers nobody knows */
  size_t groups;         /* pairs of queue and media, queues with agents */
  atomic_uint references;
};

/* Counted: the network thread fills one, then it never changes and the read
 * thread may hold it too. _new begins with one reference; NULL when out of
 * memory. */
struct observations *observations_new(void);
struct observations *observations_get(struct observations *o);
void observations_put(struct observations *o);
GC_DEFINE_AUTO(struct observations, observations_put)

/* Puts facts in. A later fact about the same thing replaces the earlier one,
 * unless it is older by at_ms. */
GC_MUST_CHECK enum gc_code observations_add(struct observations *o,
                                            const struct obs_fact *facts,
                                            size_t count);

/* The organisation presence (a UUID) counts as this system presence. */
GC_MUST_CHECK enum gc_code
observations_map(struct observations *o, const char *presence,
                 size_t presence_len, const char *system, size_t system_len);

/* "voice" of a queue in `before` that `o`, a complete activity answer, does not
 * name any more is zero now: such pairs are added with all numbers 0. A queue
 * that is neither in `o` nor in the list `queues` (NULL: none is known) was
 * deleted and is forgotten. */
GC_MUST_CHECK enum gc_code
observations_zero_gone(struct observations *o,
                       const struct observations *before,
                       const struct gc_entities *queues);

/* ---- observation_merge.c ---- */

/* A snapshot into a model that lives on with pushed messages; also the way to
 * copy such a model for the read thread (into a new one, at_ms 0). What `from`
 * tells was so at `at_ms` (server's clock; the moment the request went out, so
 * that nothing that was pushed meanwhile is lost), or when its own facts say.
 *
 *   replaced  every number that `from` tells, where `into` has none that is
 *             newer
 *   zeroed    the statuses and presences of a queue's agents that `from` told
 *             of and that it does not name, since an answer names only those
 *             that occur; the oldest contact where `from` counts who waits and
 *             names none
 *   stays     all else; queues and media that `from` does not name. Activity
 *             names only what is not zero: observations_zero_gone(from, into)
 *             comes first
 *
 * Lists of conversations stay behind: they are of one moment. */
GC_MUST_CHECK enum gc_code observations_merge(struct observations *into,
                                              const struct observations *from,
                                              int64_t at_ms);

/* ---- decode_pushed.c ---- */

/* What is pushed about a queue, on change, at most once a second (API
 * reference, 4.6 and 4.7). Each message tells only what changed.
 *
 * XX(enum, end of the topic, what its messages tell) */
#define OBS_TOPIC_MAP(XX)                                                      \
  XX(OBSERVATIONS, "observations", "contacts by medium, agents; with a time")  \
  XX(ACTIVITY, "activity", "contacts by medium")

enum obs_topic {
#define XX(id, end, tells) OBS_TOPIC_##id,
  OBS_TOPIC_MAP(XX)
#undef XX
      OBS_TOPIC_COUNT
};

/* "v2.analytics.queues.<id>.observations". False: too long for a topic. */
bool obs_topic_name(enum obs_topic topic, const char *queue_id,
                    char ret_name[GC_TOPIC_SIZE]);
/* Which of them it is, in any case, and the id in it, borrowed. False: none. */
bool obs_topic_read(const char *name, enum obs_topic *ret_topic,
                    const char **ret_id, size_t *ret_id_len);

struct obs_pushed;

/* NULL when out of memory. */
struct obs_pushed *obs_pushed_new(void);
void obs_pushed_free(struct obs_pushed *d);
GC_DEFINE_AUTO(struct obs_pushed, obs_pushed_free)

/* Reads the body (the value of eventBody) of a message of `topic` into `live`.
 *
 *   replaced  each number that the message names: (queue, medium, metric), of
 *             agents (queue, metric, qualifier); a 0 is kept as 0. A longest
 *             wait of 0 stands for none.
 *   stays     what it does not name; what is newer by the time of an earlier
 *             message, so duplicates and reordering change nothing. Messages of
 *             .activity have no time: they are new when they come.
 *   no matter the running totals of the half hour that come through
 *             .observations too, metrics that nobody knows, other topics
 *
 * A queue's agents appear in the samples once a snapshot was merged, since
 * their sums need all of them. *ret_facts (may be NULL): how many numbers the
 * message told. GC_ERR_PARSE, GC_ERR_LIMIT: nothing was taken. */
GC_MUST_CHECK enum gc_code obs_pushed_read(struct obs_pushed *d,
                                           struct observations *live,
                                           const char *topic, const char *body,
                                           size_t len, size_t *ret_facts,
                                           struct gc_err *err);

/* ---- observation_details.c ---- */

/* GC_ERR_LIMIT past OBS_LISTED_MAX: nothing is added. */
GC_MUST_CHECK enum gc_code
obs_ids_add(struct obs_ids *ids, const struct uuid_key *more, size_t count);
void obs_ids_clear(struct obs_ids *ids);

/* Whether `listed` has every conversation that waits, rings or is with an agent
 * in this queue and medium: for conversations_poll_end. All three numbers are
 * told, and each is 0 or came with a list that is not truncated and as long as
 * the number says. A pair that is not named is covered only where the source
 * names all that is not zero (activity); the observation query gives explicit
 * zeros, what it does not name it does not know. */
bool observations_covers(const struct observations *o, const char *queue,
                         enum cv_media media);

/* A queue and medium as observed. Borrowed. */
struct obs_contacts {
  const char *queue, *media; /* the id; "voice" */
  enum cv_media cv_media;    /* CV_MEDIA_COUNT: the event stream has no such */
  int64_t waiting, alerting, interacting;
};

/* The next pair of which all three numbers are told; false: that was the last.
 *   struct obs_cursor at = {0};
 *   while (observations_next_contacts(o, &at, &c)) … */
struct obs_cursor {
  size_t queue, media;
};
bool observations_next_contacts(const struct observations *o,
                                struct obs_cursor *at,
                                struct obs_contacts *ret);

/* ---- decode_observations.c ---- */

/* Reads one answer; its facts wait inside until the answer is complete, so a
 * broken attempt leaves nothing behind. */
struct obs_decoder;

/* `into` is borrowed; NULL when out of memory. */
struct obs_decoder *obs_decoder_new(struct observations *into);
void obs_decoder_free(struct obs_decoder *d);
GC_DEFINE_AUTO(struct obs_decoder, obs_decoder_free)

/* The sink of an exchange: begin forgets an earlier attempt. */
struct gc_sink obs_decoder_sink(struct obs_decoder *d);

/* The answer is complete: its facts go into the model. `ret_results` (may be
 * NULL): how many result groups it had, for paging. */
GC_MUST_CHECK enum gc_code obs_decoder_finish(struct obs_decoder *d,
                                              size_t *ret_results,
                                              struct gc_err *err);

/* ---- request.c ---- */

enum { OBS_IDS_MAX = 100 }; /* queue ids of one observation query */

/* Body for queues/observations/query about `count` queues. `with_details`: and
 * about the ids of the conversations that are counted; the platform lists 100
 * for each number at most (API reference, observation queries). */
GC_MUST_CHECK enum gc_code obs_query_body(const char *const *ids, size_t count,
                                          bool with_details,
                                          struct gc_buf *out);
/* Bodies for the two activity queries, about everything. */
GC_MUST_CHECK enum gc_code obs_activity_body(bool of_conversations,
                                             struct gc_buf *out);

/* ---- samples.c ---- */

/* Puts the gauges of all queues that are shown. */
void obs_samples(const struct observations *o,
                 const struct queue_display *display,
                 const struct gc_samples *out, struct queue_tally *ret_tally);

#endif
