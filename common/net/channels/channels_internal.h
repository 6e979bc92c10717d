/* SPDX-License-Identifier: MIT */
/* What the parts of the channels share.
 *
 *   channels.c         the public functions, id_stores and turns
 *   channels_spread.c  which topic goes where
 *   channels_tell.c    who hears of it
 */
#ifndef GC_NET_CHANNELS_CHANNELS_INTERNAL_H
#define GC_NET_CHANNELS_CHANNELS_INTERNAL_H

#include "common/net/channels/channels.h"
#include "common/net/channels/slot.h"

struct gc_channels {
  struct gc_channel_deps needs;
  struct gc_channel_timeouts timeouts;
  struct gc_slot_owner owner;
  struct gc_id_store id_stores[GC_CHANNELS_MAX];
  struct gc_slot slots[GC_CHANNELS_MAX];
  unsigned id_store_count, slot_count; /* slots: those in use come first */
  unsigned slots_max;
  struct gc_topics waiting; /* for room */
  struct gc_channels_listener *listeners;
  struct gc_timer admission; /* of those that wait */
  struct gc_timer turn;      /* whose renewal is next */
};

/* Of GC_TOPIC_SIZE bytes, in lower case; what is longer is cut, and is no
 * topic. */
void gc_channels_make_key(char *key, const char *topic);

/* Subscribes to it where there is room. GC_ERR_LIMIT: nowhere. */
GC_MUST_CHECK enum gc_code gc_channels_assign(struct gc_channels *c,
                                              struct gc_channels_listener *l,
                                              const char *topic, void *tag,
                                              struct gc_err *err);
/* Those that wait, in the order of their first want, as far as there is room.
 * Who comes with a topic while others wait may be before them. */
void gc_channels_admit(struct gc_channels *c);

#endif
