/* SPDX-License-Identifier: MIT */
/* The struct and the functions that channels.c (the public functions, stored
 * ids, turns, reports) shares with assign.c (which topic goes to which
 * slot). */
#ifndef GC_NET_CHANNELS_CHANNELS_INTERNAL_H
#define GC_NET_CHANNELS_CHANNELS_INTERNAL_H

#include "common/net/channels/channels.h"
#include "common/net/channels/slot.h"

struct gc_channels {
  struct gc_channel_deps deps;
  struct gc_channel_timeouts timeouts;
  struct gc_creations creations;
  struct gc_slot_owner owner;
  struct gc_id_store id_stores[GC_CHANNELS_MAX];
  struct gc_slot slots[GC_CHANNELS_MAX];
  unsigned id_store_count, slot_count; /* used slots come first */
  unsigned slots_max;
  bool is_paused;
  struct gc_topics waiting; /* topics that wait for room, or during a pause */
  struct gc_channels_listener *listeners;
  struct gc_timer admission; /* subscribes waiting topics */
  struct gc_timer turn;      /* starts the next renewal */
};

/* Writes GC_TOPIC_SIZE bytes at most, in lower case. A longer text is cut; it
 * is not a topic. */
void gc_channels_make_key(char *key, const char *topic);

/* Subscribes to the topic on the first slot with room. GC_ERR_LIMIT: there is
 * none. */
GC_MUST_CHECK enum gc_code gc_channels_assign(struct gc_channels *c,
                                              struct gc_channels_listener *l,
                                              const char *topic, void *tag,
                                              struct gc_err *err);
/* Subscribes the topics that wait, first come first served, as far as there is
 * room. A topic that is subscribed meanwhile may come before them. */
void gc_channels_admit(struct gc_channels *c);

#endif
