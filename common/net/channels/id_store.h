/* SPDX-License-Identifier: MIT */
/* One of the 20 channels that the platform keeps for an OAuth client, and that
 * is ours. Who it is outlives the object that speaks with it and, in the state
 * store, this process: each channel that we have made and that may still exist
 * stands in one place, so that there are never more of ours than places, even
 * in a crash loop. One thread, the account's. */
#ifndef GC_NET_CHANNELS_ID_STORE_H
#define GC_NET_CHANNELS_ID_STORE_H

#include "common/base/env.h"
#include "common/genesys/channel_id.h"
#include "common/net/store/store.h"

struct gc_id_store {
  const char *account;    /* under this name and */
  unsigned number;        /* this number it is kept */
  struct gc_store *store; /* NULL: nothing survives a restart */
  const struct gc_env *env;
  struct gc_channel_id id; /* .id NULL: no channel */
  bool is_loaded;          /* the store was asked */
  bool is_taken;           /* by a struct gc_channel */
};

/* What the store has, once. A text that cannot be read is as good as none. */
void gc_id_store_load(struct gc_id_store *p);
/* Saves `id`, or that there is none. A store in trouble is told to the edge
 * ("state"). */
void gc_id_store_save(const struct gc_id_store *p);

#endif
