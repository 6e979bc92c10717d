/* SPDX-License-Identifier: MIT */
/* The state of a listener's connection to the channels of an account: whether
 * it is open, for how long no message came, and the gaps. A gap begins when the
 * first of its channels breaks and ends when all are connected again. The wait
 * for the first connection is a gap too once it takes GC_CHANNELS_START_MS: it
 * runs from the owner's start, whatever is missing (a token, an address, the
 * list of queues). Its length is found where it is read. Pure; the owner
 * serializes the calls. Times are of the monotonic clock. */
#ifndef GC_NET_CHANNELS_LISTENING_H
#define GC_NET_CHANNELS_LISTENING_H

#include "common/net/channels/channels.h"

struct gc_listening {
  bool is_connected; /* all its channels are connected */
  bool is_answered;  /* each topic has had an answer */
  uint64_t reconnects;
  uint64_t malformed, others; /* messages: no JSON; of other topics */
  uint64_t began_ms;          /* 0: not begun */
  uint64_t waiting_since_ms; /* for the first connection; 0: it does not wait */
  uint64_t last_message_ms;  /* time of the last message; 0: none yet */
  uint64_t gap_ms;           /* sum of the gaps that have ended */
  uint64_t blind_since_ms;   /* start of the current gap; 0: none */
};

/* Begins: from now on the owner listens, or waits for what it needs to. */
GC_API void gc_listening_begin(struct gc_listening *l, uint64_t now_ms);
/* Ends the wait for the first connection, which was no gap: nothing is
 * selected, so there is nothing to hear. */
GC_API void gc_listening_idle(struct gc_listening *l);
/* Ends what lasts: the owner listens no more, until it begins again. */
GC_API void gc_listening_end(struct gc_listening *l, uint64_t now_ms);

/* Takes the figures of gc_channels_stats_for. */
GC_API void gc_listening_take(struct gc_listening *l,
                              const struct gc_channel_stats *stats,
                              uint64_t now_ms);
/* Notes that the channels have been blind for `blind_ms` up to now; 0: they are
 * not blind. */
GC_API void gc_listening_blind(struct gc_listening *l, uint64_t now_ms,
                               uint64_t blind_ms);

/* Returns the sum of all gaps, including the current one. */
GC_API uint64_t gc_listening_gap_ms(const struct gc_listening *l,
                                    uint64_t now_ms);
/* Returns the time since the last message, or since the beginning if none has
 * come; 0 before it. */
GC_API uint64_t gc_listening_silence_ms(const struct gc_listening *l,
                                        uint64_t now_ms);

#endif
