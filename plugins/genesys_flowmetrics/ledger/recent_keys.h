/* SPDX-License-Identifier: MIT */
/* Keys that the ledger has, those of late: an event repeats all attributes of
 * its conversation, and most of them are dismissed here, without a look into
 * the file. A key that is not here may be there all the same. Pure. */
#ifndef GENESYS_FLOWMETRICS_LEDGER_RECENT_KEYS_H
#define GENESYS_FLOWMETRICS_LEDGER_RECENT_KEYS_H

#include "plugins/genesys_flowmetrics/ledger/sqlite_db.h"

enum { RECENT_KEYS = 16384 }; /* 256 KB; a power of two */

/* Zeroed: empty. Of two keys with one place the newer one has it. */
struct recent {
  struct seen_key at[RECENT_KEYS];
};

void recent_add(struct recent *r, const struct seen_key *key);
bool recent_has(const struct recent *r, const struct seen_key *key);

#endif
