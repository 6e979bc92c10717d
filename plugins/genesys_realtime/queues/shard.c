/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/queues/shard.h"

#include "common/base/ascii.h"
#include "common/base/hash.h"

/* Hashes the id, with ASCII letters in lower case. */
static uint64_t hash_of(const char *id) {
  uint64_t h = GC_HASH_INIT;
  for (const char *c = id; *c != '\0'; c++)
    h = gc_hash_byte(h, (unsigned char)gc_lower(*c));
  return h;
}

/* Mixes the bits by the last step of splitmix64. With FNV alone, similar ids
 * and numbers would have similar weights. */
static uint64_t mix_bits(uint64_t x) {
  x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
  return x ^ (x >> 31);
}

/* Computes a weight. Agents of all versions must agree, so the weights never
 * change. */
static uint64_t weight_of(uint64_t hash, uint32_t number) {
  return mix_bits(hash ^ mix_bits(number * UINT64_C(0x9e3779b97f4a7c15)));
}

bool shard_has(const struct shard *s, const char *id) {
  if (s == NULL || s->of <= 1)
    return true;
  uint64_t hash = hash_of(id), ours = weight_of(hash, s->number);
  for (uint32_t i = 1; i <= s->of; i++) {
    uint64_t weight = weight_of(hash, i);
    if (weight > ours || (weight == ours && i < s->number))
      return false;
  }
  return true;
}

/* Reads digits, without sign and space. */
static bool read_number(const char **at, uint32_t *ret) {
  const char *begin = *at;
  uint32_t number = 0;
  while (gc_is_digit(**at) && *at - begin < 6)
    number = number * 10 + (uint32_t)(*(*at)++ - '0');
  *ret = number;
  return *at > begin;
}

static bool read_slash(const char **at) {
  if (**at != '/')
    return false;
  (*at)++;
  return true;
}

enum gc_code shard_parse(const char *text, struct shard *ret_shard,
                         struct gc_err *err) {
  struct shard s;
  const char *at = text;
  bool is_whole = read_number(&at, &s.number) && read_slash(&at) &&
                  read_number(&at, &s.of) && *at == '\0';
  if (!is_whole || s.number < 1 || s.number > s.of || s.of > SHARDS_MAX)
    return gc_fail(err, GC_ERR_CONFIG,
                   "Shard \"%.40s\" is not \"k/n\": this agent's number from 1 "
                   "to n, of n agents (%d at most), such as \"1/3\"",
                   text, (int)SHARDS_MAX);
  *ret_shard = s;
  return GC_OK;
}
