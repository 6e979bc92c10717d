/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/queues/uuid_key.h"

#include "common/base/hash.h"
#include "common/base/uuid.h"

static uint64_t hash_from(uint64_t base, const char *text, size_t len) {
  uint64_t h = gc_hash_add(base, text, len);
  return h ^ h >> 31;
}

struct uuid_key uuid_key_read(const char *text, size_t len) {
  struct uuid_key id = {0, 0};
  if (len == 0 || gc_uuid_read(text, len, &id.high, &id.low))
    return id;
  id.high = hash_from(GC_HASH_INIT, text, len);
  id.low = hash_from(UINT64_C(0x84222325cbf29ce4), text, len) | 1;
  return id;
}
