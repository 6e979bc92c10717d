/* SPDX-License-Identifier: MIT */
/* The topics of one notification channel: who wants which, and which of them
 * the platform has been asked for. Names are compared without case, as the
 * platform's own samples do; what is asked for keeps the case of the first who
 * wanted it. Pure, one thread.
 *
 * Asking goes in batches. The first one on a channel replaces whatever the
 * channel had (PUT), the others add (POST):
 *
 *   while (gc_topics_next(t, &body, &replaces, err) == GC_OK && body.len > 0)
 *     … ask, read the answer with gc_topics_answer_*, gc_topics_asked(t, code)
 *
 * A topic that nobody wants any longer stays on the channel, since only a
 * replacement could drop it, and with more than one batch a replacement is deaf
 * to the later ones for a moment: that is done when the room is needed or when
 * the subscription is renewed. */
#ifndef GC_GENESYS_TOPICS_H
#define GC_GENESYS_TOPICS_H

#include "common/base/buf.h"
#include "common/base/json/stream.h"
#include "common/base/strmap.h"

enum {
  GC_TOPIC_MAX = 200, /* bytes of a topic (API reference, 4.3) */
  GC_TOPIC_SIZE = GC_TOPIC_MAX + 1,
  GC_TOPICS_MAX = 1000, /* of a channel (4.2) */
  GC_TOPICS_BATCH = 500,
};

enum gc_topic_state {
  GC_TOPIC_MISSING, /* not asked for yet, or not successfully */
  GC_TOPIC_ASKED,   /* in the batch that is out */
  GC_TOPIC_PERMITTED,
  GC_TOPIC_REJECTED,
};

/* One who wants a topic. */
struct gc_topic_want {
  void *who, *tag;
  struct gc_topic_want *next;
};

struct gc_topic {
  char name[GC_TOPIC_SIZE], key[GC_TOPIC_SIZE]; /* as wanted; in lower case */
  enum gc_topic_state state;
  struct gc_topic_want *wants; /* NULL: left over on the channel */
};

struct gc_topics {
  struct gc_topic **list; /* in the order of their first want */
  size_t count, cap;
  struct gc_strmap by_key;
  size_t wanted; /* those with a want */
  size_t max;    /* room; 0: GC_TOPICS_MAX */
  /* Told of each topic that the platform does not give, with its reason (one
   * printable line). May be NULL. */
  void (*rejected)(void *ctx, struct gc_topic *topic, const char *reason);
  void *ctx;

  /* Its own. */
  bool must_replace, replaces;
  size_t batch_max; /* 0: GC_TOPICS_BATCH */
  size_t asked;
  unsigned lone_refusals;
  struct gc_json_stream *answer;
  char id[GC_TOPIC_SIZE], reason[200];
  bool is_rejected;
};

/* `who` wants `name`; once more only changes the tag. GC_ERR_LIMIT: the channel
 * is full; GC_ERR_REQUEST: no topic, or a combined one, whose messages come
 * under other names. */
GC_API GC_MUST_CHECK enum gc_code gc_topics_want(struct gc_topics *t,
                                                 const char *name, void *who,
                                                 void *tag, struct gc_err *err);
/* No longer; what was not wanted is fine. With `name` NULL: none at all. */
GC_API void gc_topics_unwant(struct gc_topics *t, const char *name,
                             const void *who);
/* `key` in lower case; NULL when nobody has wanted it. */
GC_API struct gc_topic *gc_topics_find(const struct gc_topics *t,
                                       const char *key);

/* Another channel, or one whose topics are not known: all must be asked for,
 * the first batch replaces. */
GC_API void gc_topics_restart(struct gc_topics *t);
/* Asked for once more, to prolong the channel's life: adds, unless there are
 * left-overs to get rid of. */
GC_API void gc_topics_renew(struct gc_topics *t);
/* Nothing needs to be asked for, nothing is being asked for. */
GC_API bool gc_topics_settled(const struct gc_topics *t);

/* Writes the next batch, [{"id":"…"},…], in place of what `body` holds; leaves
 * it empty when nothing needs to be asked for. One batch at a time. */
GC_API GC_MUST_CHECK enum gc_code gc_topics_next(struct gc_topics *t,
                                                 struct gc_buf *body,
                                                 bool *ret_replaces,
                                                 struct gc_err *err);

/* The answer, {"entities":[{"id","state","rejectionReason",
 * "missingPermissions"}]}: begin, feed as it comes, end. Each rejection of a
 * topic of ours is told at once. */
GC_API GC_MUST_CHECK enum gc_code gc_topics_answer_begin(struct gc_topics *t,
                                                         struct gc_err *err);
GC_API GC_MUST_CHECK enum gc_code gc_topics_answer_feed(struct gc_topics *t,
                                                        const char *bytes,
                                                        size_t len,
                                                        struct gc_err *err);
GC_API GC_MUST_CHECK enum gc_code gc_topics_answer_end(struct gc_topics *t,
                                                       struct gc_err *err);

/* What came of the batch. GC_OK: all of it that the answer does not reject is
 * permitted. GC_ERR_REQUEST (400): some topic spoils it; the next batches are
 * halved until it stands alone and is rejected, for `why`. True: go on with the
 * next batch; false: it has failed, nothing of it is subscribed. */
GC_API bool gc_topics_asked(struct gc_topics *t, enum gc_code code,
                            const char *why);

GC_API void gc_topics_clear(struct gc_topics *t);

/* ASCII, in place. */
GC_API void gc_topic_lower(char *topic);

#endif
