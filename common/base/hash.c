/* SPDX-License-Identifier: MIT */
#include "common/base/hash.h"

uint64_t gc_hash_add(uint64_t hash, const void *bytes, size_t len) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < len; i++)
    hash = gc_hash_byte(hash, at[i]);
  return hash;
}
