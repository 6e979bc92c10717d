/* SPDX-License-Identifier: MIT */
/* FNV-1a with 64 bits: a fast hash that chooses slots of tables and
 * distinguishes texts. It does not resist an attacker who chooses the texts, so
 * every table that uses it is bounded. The values never change: callers keep
 * some in files, and processes of all versions have to agree on others. Pure,
 * any thread.
 *
 *   uint64_t h = gc_hash(id, id_len);
 *   size_t slot = gc_hash_fold(h) & (slot_count - 1); */
#ifndef GC_BASE_HASH_H
#define GC_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* The hash of no bytes; every hash begins with it. */
#define GC_HASH_INIT UINT64_C(0xcbf29ce484222325)

/* Adds one byte to `hash`. */
static inline uint64_t gc_hash_byte(uint64_t hash, unsigned char byte) {
  return (hash ^ byte) * UINT64_C(0x100000001b3);
}

/* Adds `len` bytes to `hash`: the hash of two texts, one after the other, is
 * that of both as one text. Count the terminating NUL of each text in `len` to
 * distinguish "ab", "c" from "a", "bc". */
static inline uint64_t gc_hash_add(uint64_t hash, const void *bytes,
                                   size_t len) {
  const unsigned char *at = bytes;
  for (size_t i = 0; i < len; i++)
    hash = gc_hash_byte(hash, at[i]);
  return hash;
}

/* Returns the hash of `len` bytes. */
static inline uint64_t gc_hash(const void *bytes, size_t len) {
  return gc_hash_add(GC_HASH_INIT, bytes, len);
}

/* Returns a hash whose lower 32 bits, which choose a slot, depend on the upper
 * ones too. */
static inline uint64_t gc_hash_fold(uint64_t hash) { return hash ^ hash >> 32; }

#endif
