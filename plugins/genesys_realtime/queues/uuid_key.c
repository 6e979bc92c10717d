/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/queues/uuid_key.h"

#include <string.h>

#include "common/base/hash.h"

enum { UUID_LEN = 36 };

/* The value of each hexadecimal digit plus 1; 0 for all other characters. */
static const uint8_t digits[256] = {
    ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,
    ['6'] = 7,  ['7'] = 8,  ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12,
    ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16, ['A'] = 11, ['B'] = 12,
    ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16,
};

/* Appends `count` hexadecimal digits to `*value`. Returns 0 if all of them are
 * digits. */
static inline unsigned read_digits(const char *text, unsigned count,
                                   uint64_t *value) {
  unsigned wrong = 0;
  for (unsigned i = 0; i < count; i++) {
    unsigned d = digits[(unsigned char)text[i]] - 1u;
    wrong |= d & ~0xfu;
    *value = *value << 4 | (d & 0xfu);
  }
  return wrong;
}

static bool read_uuid(const char *t, struct uuid_key *ret) {
  struct uuid_key id = {0, 0};
  if (t[8] != '-' || t[13] != '-' || t[18] != '-' || t[23] != '-')
    return false;
  unsigned wrong = read_digits(t, 8, &id.high);
  wrong |= read_digits(t + 9, 4, &id.high);
  wrong |= read_digits(t + 14, 4, &id.high);
  wrong |= read_digits(t + 19, 4, &id.low);
  wrong |= read_digits(t + 24, 12, &id.low);
  *ret = id;
  return wrong == 0;
}

static uint64_t hash_from(uint64_t base, const char *text, size_t len) {
  uint64_t h = gc_hash_add(base, text, len);
  return h ^ h >> 31;
}

struct uuid_key uuid_key_read(const char *text, size_t len) {
  struct uuid_key id = {0, 0};
  if (len == 0 || (len == UUID_LEN && read_uuid(text, &id)))
    return id;
  id.high = hash_from(GC_HASH_INIT, text, len);
  id.low = hash_from(UINT64_C(0x84222325cbf29ce4), text, len) | 1;
  return id;
}

bool uuid_key_is_uuid(const char *text) {
  struct uuid_key id;
  return strlen(text) == UUID_LEN && read_uuid(text, &id);
}
