/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/recent_keys.h"

#include <string.h>

/* Computes the slot from the end of the key, which is a hash. The key begins
 * with a time. */
static size_t slot_of(const struct seen_key *key) {
  const uint8_t *end = key->bytes + SEEN_KEY_BYTES;
  return (size_t)(end[-2] << 8 | end[-1]) % RECENT_KEYS;
}

void recent_add(struct recent *r, const struct seen_key *key) {
  r->at[slot_of(key)] = *key;
}

bool recent_has(const struct recent *r, const struct seen_key *key) {
  return memcmp(&r->at[slot_of(key)], key, sizeof(*key)) == 0;
}

void recent_remove(struct recent *r, const struct seen_key *key) {
  if (recent_has(r, key))
    memset(&r->at[slot_of(key)], 0, sizeof(*key));
}
