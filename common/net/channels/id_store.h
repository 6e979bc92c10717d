/* SPDX-License-Identifier: MIT */
/* The stored identity of one of the 20 channels that the platform keeps for an
 * OAuth client. It outlives the channel object and, in the state store, this
 * process: one id_store records each channel that this account created and that
 * may still exist. So the account never holds more channels than it has
 * id_stores, even in a crash loop. One thread, the account's. */
#ifndef GC_NET_CHANNELS_ID_STORE_H
#define GC_NET_CHANNELS_ID_STORE_H

#include "common/base/env.h"
#include "common/genesys/channel_id.h"
#include "common/net/store/store.h"

struct gc_id_store {
  const char *account;    /* name under which the store keeps it */
  unsigned number;        /* number under which the store keeps it */
  struct gc_store *store; /* NULL: not stored */
  const struct gc_env *env;
  struct gc_channel_id id; /* .id NULL: no channel */
  bool is_loaded;          /* the store was read, or has failed */
  bool was_created;        /* this process has created a channel */
  bool is_taken;           /* a struct gc_channel uses it */
};

/* Loads `id` from the store, once. A text that cannot be read counts as none.
 * GC_ERR_UNAVAILABLE: another process, which the text names, has the store; the
 * caller tries again later. After any other error of the store the id counts as
 * none: the stream does not wait for a file. */
GC_MUST_CHECK enum gc_code gc_id_store_load(struct gc_id_store *ids,
                                            struct gc_err *err);
/* Saves `id`, or that there is none. Reports the outcome to env as "state". */
void gc_id_store_save(const struct gc_id_store *ids);

#endif
