/* SPDX-License-Identifier: MIT */
/* The notifications of one account: its blocks say which topics they want and
 * hear their messages; the channel behind them is kept alive by net/channel.
 * One thread, the account's.
 *
 * For now one channel carries all, up to 1,000 topics. It grows thus: a slot of
 * `struct slot` for each channel (the state store already keeps them by
 * number), gc_channels_want goes to the first that has room, and what follows
 * a connection (connected, gap) is told to those who want a topic of it. */
#ifndef GC_NET_CHANNELS_H
#define GC_NET_CHANNELS_H

#include "common/net/channel.h"

struct gc_channels;

/* A message of a topic. Borrowed for the call. */
struct gc_message {
  const char *topic; /* in lower case */
  void *tag;         /* as given to gc_channels_want */
  const char *body;  /* the value of eventBody; NULL, 0: none. Not yet known to
                        be valid JSON inside */
  size_t body_len;
  const char *bytes; /* the whole message */
  size_t len;
};

/* One block. Lives in its owner's memory. The callbacks must not block. Inside
 * them topics may be wanted and unwanted, this listener may be unlistened, no
 * other one. */
struct gc_channels_listener {
  /* Of several listeners the smallest values count; 0 counts as 40, 1 and 30
   * s. */
  struct gc_channel_patience patience;
  /* What is missed ends here: take a snapshot over REST now. After each
   * connection, and when topics that were wanted later are subscribed. Messages
   * may come before. */
  void (*connected)(void *ctx);
  /* Before `connected`, but not before the first one: nothing was heard for so
   * long, from the last message of the earlier connection on. May be NULL, as
   * the two below. */
  void (*gap)(void *ctx, uint64_t blind_ms);
  void (*message)(void *ctx, const struct gc_message *m);
  /* The platform does not give this topic; `reason` is one printable line. It
   * is asked for again with the next channel or renewal, within a day. */
  void (*rejected)(void *ctx, const char *topic, void *tag, const char *reason);
  void *ctx;

  /* The channels' own. */
  bool has_news, was_connected;
  struct gc_channels_listener *next;
};

/* As struct gc_channel_needs; copied, what it points to is borrowed. NULL when
 * out of memory. */
struct gc_channels *gc_channels_new(const struct gc_channel_needs *needs);
void gc_channels_free(struct gc_channels *c);

GC_API void gc_channels_listen(struct gc_channels *c,
                               struct gc_channels_listener *l);
/* Its topics are not wanted any longer either. */
GC_API void gc_channels_unlisten(struct gc_channels *c,
                                 struct gc_channels_listener *l);

/* `topic` is copied. GC_ERR_LIMIT: the channel is full (what is not covered
 * must be said aloud); GC_ERR_REQUEST: no such topic. */
GC_API GC_MUST_CHECK enum gc_code
gc_channels_want(struct gc_channels *c, struct gc_channels_listener *l,
                 const char *topic, void *tag, struct gc_err *err);
GC_API void gc_channels_unwant(struct gc_channels *c,
                               struct gc_channels_listener *l,
                               const char *topic);

/* Is the topic subscribed on a channel, as far as we know? It stays so while a
 * connection is down. */
GC_API bool gc_channels_covers(const struct gc_channels *c, const char *topic);

/* Messages of topics that nobody wants (any longer) are in `others`. */
GC_API void gc_channels_stats(const struct gc_channels *c,
                              struct gc_channel_stats *ret_stats);

#endif
