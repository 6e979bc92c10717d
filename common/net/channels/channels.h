/* SPDX-License-Identifier: MIT */
/* The notifications of one account: its blocks say which topics they want and
 * hear their messages; the channels behind them are kept alive by net/channel
 * and replaced in time by net/channel_slot. One thread, the account's.
 *
 * The platform keeps 20 channels of 1,000 topics for an OAuth client. 16 are
 * ours at most (GC_CHANNELS_USUAL; the rest is a reserve for what else runs
 * under the client, a second agent, say): 15 carry topics, one is for a
 * renewal.
 *
 * A topic goes to the first channel that has it still, else has room, else can
 * make room (topics that nobody wants any longer stay until then), else to
 * another channel; there it stays as long as somebody wants it. So holes are
 * filled, nothing moves, and the same topics wanted in the same order go to the
 * same channels again. What finds no room waits, in the order of wanting, and
 * is subscribed when others have left. */
#ifndef GC_NET_CHANNELS_CHANNELS_H
#define GC_NET_CHANNELS_CHANNELS_H

#include "common/net/channels/channel.h"

struct gc_channels;

enum {
  GC_CHANNELS_MAX = 20, /* of an OAuth client (API reference, 4.2) */
  GC_CHANNELS_USUAL = 16,
  GC_CHANNELS_WAITING_MAX = 100000, /* topics without room */
};

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
  struct gc_channel_timeouts timeouts;
  /* What is missed ends here: take a snapshot over REST now. After each
   * connection of a channel that carries a topic of this listener, and when
   * topics that were wanted later are subscribed. Messages may come before. */
  void (*connected)(void *ctx);
  /* Before `connected`, but not before the first one of that channel: nothing
   * was heard of its topics for so long, from the last message of the earlier
   * connection on. Not when one channel took over from another in time. May be
   * NULL, as the two below. */
  void (*gap)(void *ctx, uint64_t blind_ms);
  /* While one channel takes over from another a message comes twice. */
  void (*message)(void *ctx, const struct gc_message *m);
  /* The platform does not give this topic; `reason` is one printable line. It
   * is asked for again with the next channel or renewal, within a day. */
  void (*rejected)(void *ctx, const char *topic, void *tag, const char *reason);
  void *ctx;

  /* The channels' own; a bit for each slot. */
  uint32_t has_news, was_connected;
  bool is_concerned;
  struct gc_channels_listener *next;
};

/* As struct gc_channel_deps; copied, what it points to is borrowed. Takes
 * gc_api_on_wake. NULL when out of memory. */
struct gc_channels *gc_channels_new(const struct gc_channel_deps *needs);
void gc_channels_free(struct gc_channels *c);

GC_API void gc_channels_listen(struct gc_channels *c,
                               struct gc_channels_listener *l);
/* Its topics are not wanted any longer either. */
GC_API void gc_channels_unlisten(struct gc_channels *c,
                                 struct gc_channels_listener *l);

/* `topic` is copied. GC_ERR_LIMIT: all channels are full, which must be said
 * aloud; the topic waits for room (unless too many do so already) until it is
 * unwanted. GC_ERR_REQUEST: no such topic. */
GC_API GC_MUST_CHECK enum gc_code
gc_channels_want(struct gc_channels *c, struct gc_channels_listener *l,
                 const char *topic, void *tag, struct gc_err *err);
GC_API void gc_channels_unwant(struct gc_channels *c,
                               struct gc_channels_listener *l,
                               const char *topic);

/* Is the topic subscribed on a channel, as far as we know? It stays so while a
 * connection is down. */
GC_API bool gc_channels_covers(const struct gc_channels *c, const char *topic);

/* The sum over all channels; `connected` when all that have topics are,
 * `silence_ms` the longest; `wanted` counts the topics without room too.
 * Messages of topics that nobody wants (any longer) are in `others`. */
GC_API void gc_channels_stats(const struct gc_channels *c,
                              struct gc_channel_stats *ret_stats);
/* The same over the channels that carry topics of this listener (NULL: of any);
 * `blind_ms` of those on which it was connected before. */
GC_API void gc_channels_stats_for(const struct gc_channels *c,
                                  const struct gc_channels_listener *l,
                                  struct gc_channel_stats *ret_stats);
/* How many channels carry, or have carried, topics; and one of them, from 0,
 * with the one that takes over from it. */
GC_API unsigned gc_channels_count(const struct gc_channels *c);
GC_API void gc_channels_stats_of(const struct gc_channels *c, unsigned number,
                                 struct gc_channel_stats *ret_stats);

#endif
