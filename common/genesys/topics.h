/* SPDX-License-Identifier: MIT */
/* The topics of one notification channel: their subscribers inside this
 * process, and the state of each topic at the platform. Names are compared
 * without case, as in the platform's own samples; a request uses the case of
 * the first subscriber. Pure, one thread.
 *
 * Topics are requested in batches. The first batch on a channel replaces all
 * topics of the channel (PUT); the others add topics (POST):
 *
 *   while (gc_topics_next(t, &body, &replaces, err) == GC_OK && body.len > 0)
 *     … send, read the answer with gc_topics_answer_*, gc_topics_end_batch
 *
 * A failed batch says nothing about its single topics, so each of them is
 * requested again in a batch of half the size, after new topics. In the end the
 * topic that causes the failure is alone in its batch. Example: one of 1,000
 * topics is refused. The batches have 500, 500, then 250 and 250 topics of the
 * first half, … 1 and 1.
 *
 * A topic that has lost its last subscriber stays on the channel: a replacement
 * could remove it, but interrupts the topics of the later batches for a moment.
 * So topics are replaced only when the channel is full, or is renewed. */
#ifndef GC_GENESYS_TOPICS_H
#define GC_GENESYS_TOPICS_H

#include "common/base/buf.h"
#include "common/base/json/stream.h"
#include "common/base/strmap.h"

enum {
  GC_TOPIC_MAX = 200, /* bytes of a topic (API reference, 4.3) */
  GC_TOPIC_SIZE = GC_TOPIC_MAX + 1,
  GC_TOPICS_MAX = 1000, /* topics of a channel (4.2) */
  GC_TOPICS_BATCH = 500,
};

enum gc_topic_state {
  GC_TOPIC_MISSING,   /* not requested yet */
  GC_TOPIC_FAILED,    /* requested without success; requested again later */
  GC_TOPIC_REQUESTED, /* in the running batch */
  GC_TOPIC_PERMITTED,
  GC_TOPIC_REJECTED,
};

/* A subscriber of a topic. */
struct gc_topic_subscriber {
  void *owner, *tag;
  struct gc_topic_subscriber *next;
};

struct gc_topic {
  char name[GC_TOPIC_SIZE],
      key[GC_TOPIC_SIZE]; /* name as subscribed, and in lower case */
  enum gc_topic_state state;
  bool is_on_channel; /* as far as is known; unchanged during a renewal */
  /* Since its last success: the number of failed batches with it, and the size
   * of the last of them, which halves the next batch; 0: none. */
  unsigned failures, failed_size;
  struct gc_topic_subscriber *subscribers; /* NULL: left on the channel */
};

struct gc_topics {
  struct gc_topic **list; /* in the order of their first subscription */
  size_t count, cap;
  struct gc_strmap by_key;
  size_t wanted; /* topics with a subscriber */
  size_t max;    /* limit of topics; 0: GC_TOPICS_MAX */
  /* Called for each topic that the platform rejects, with its reason (one
   * printable line). May be NULL. */
  void (*rejected)(void *ctx, struct gc_topic *topic, const char *reason);
  void *ctx;

  /* Private. */
  bool must_replace, replaces;
  bool is_starting; /* some topic has had no answer since gc_topics_restart */
  size_t requested;
  unsigned level; /* failed_size of the topics of the running batch */
  /* The next batch of this level may have grown_max topics, twice as many as
   * the last successful one. */
  unsigned grown_level;
  size_t grown_max;
  unsigned lone_refusals; /* topics refused alone in a row */
  struct gc_json_stream *answer;
  char id[GC_TOPIC_SIZE], reason[200];
  bool is_rejected;
};

/* Subscribes `owner` to `name`; a second call only changes the tag.
 * GC_ERR_LIMIT: the channel is full; GC_ERR_REQUEST: not a topic, or a combined
 * topic, whose messages have other names. */
GC_API GC_MUST_CHECK enum gc_code gc_topics_subscribe(struct gc_topics *t,
                                                      const char *name,
                                                      void *owner, void *tag,
                                                      struct gc_err *err);
/* Ends the subscription of `owner`, if there is one. `name` NULL: all its
 * subscriptions. */
GC_API void gc_topics_unsubscribe(struct gc_topics *t, const char *name,
                                  const void *owner);
/* Finds a topic by its `key`, the name in lower case; NULL: there is none. */
GC_API struct gc_topic *gc_topics_find(const struct gc_topics *t,
                                       const char *key);

/* Requests all topics, for a channel whose topics are unknown; the first batch
 * replaces. */
GC_API void gc_topics_restart(struct gc_topics *t);
/* Requests all topics for another channel, which has no topic yet. */
GC_API void gc_topics_forget(struct gc_topics *t);
/* Requests all topics once more, to prolong the channel's lifetime. The batches
 * add topics; they replace them if topics without a subscriber are left. */
GC_API void gc_topics_renew(struct gc_topics *t);
/* True if no topic is to be requested and no batch runs. */
GC_API bool gc_topics_settled(const struct gc_topics *t);
/* True if each topic has had an answer since the last restart, and at least one
 * batch succeeded or the platform rejects all topics. Topics that are added
 * later change nothing. */
GC_API bool gc_topics_started(const struct gc_topics *t);
/* Returns the number of wanted topics in this state. */
GC_API size_t gc_topics_count_in(const struct gc_topics *t,
                                 enum gc_topic_state state);

/* Writes the next batch, [{"id":"…"},…], to `body`, in place of its contents:
 * missing topics if there are any, otherwise failed topics. Leaves it empty
 * when no topic is to be requested. One batch at a time. */
GC_API GC_MUST_CHECK enum gc_code gc_topics_next(struct gc_topics *t,
                                                 struct gc_buf *body,
                                                 bool *ret_replaces,
                                                 struct gc_err *err);

/* Read the answer, {"entities":[{"id","state","rejectionReason",
 * "missingPermissions"}]}: begin, feed the bytes as they come, end. Each
 * rejection of a known topic is reported at once. */
GC_API void gc_topics_answer_begin(struct gc_topics *t);
GC_API GC_MUST_CHECK enum gc_code gc_topics_answer_feed(struct gc_topics *t,
                                                        const char *bytes,
                                                        size_t len,
                                                        struct gc_err *err);
GC_API GC_MUST_CHECK enum gc_code gc_topics_answer_end(struct gc_topics *t,
                                                       struct gc_err *err);

/* Ends the batch with the outcome of its call. GC_OK: each topic that the
 * answer does not reject is permitted. GC_ERR_REQUEST (400): a topic of the
 * batch is refused; once it is alone it is rejected, for `why`. Another code:
 * the topics have failed. True: the next batch may follow at once; false: the
 * caller waits before failed topics are requested again. */
GC_API bool gc_topics_end_batch(struct gc_topics *t, enum gc_code code,
                                const char *why);
/* Ends the batch without an outcome: its topics are requested again. */
GC_API void gc_topics_cancel_batch(struct gc_topics *t);
/* True if four or more topics in a row were refused alone. The cause may then
 * be another than the topics, and the caller requests the next topic later. */
GC_API bool gc_topics_are_refused(const struct gc_topics *t);

GC_API void gc_topics_clear(struct gc_topics *t);

/* Writes the topic of a queue's conversations, cut if the id is too long. */
GC_API void gc_topic_of_queue(char ret_topic[GC_TOPIC_SIZE], const char *queue);

#endif
