/* SPDX-License-Identifier: MIT */
/* A cache of keys that the ledger has committed, or that wait for it. An event
 * repeats all attributes of its conversation; most of them are recognized here
 * without a query to the store. A key that is not here may still be in the
 * store. Pure. */
#ifndef GENESYS_FLOWMETRICS_LEDGER_RECENT_KEYS_H
#define GENESYS_FLOWMETRICS_LEDGER_RECENT_KEYS_H

#include "plugins/genesys_flowmetrics/ledger/sqlite_db.h"

enum { RECENT_KEYS = 16384 }; /* 256 KB; a power of two */

/* A zeroed cache is empty. Of two keys with the same slot the newer one stays.
 */
struct recent {
  struct seen_key at[RECENT_KEYS];
};

void recent_add(struct recent *r, const struct seen_key *key);
void recent_remove(struct recent *r, const struct seen_key *key);
bool recent_has(const struct recent *r, const struct seen_key *key);

#endif
