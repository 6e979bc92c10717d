/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/conversation_event.h"

enum { UUID_LEN = 36, NO_DIGIT = 0xff };

/* By character; 0 is a digit too, so the others say what they are not. */
static uint8_t digit(char c) {
  unsigned char u = (unsigned char)c;
  if ((unsigned)(u - '0') < 10)
    return (uint8_t)(u - '0');
  u |= 0x20;
  return (unsigned)(u - 'a') < 6 ? (uint8_t)(u - 'a' + 10) : NO_DIGIT;
}

/* `count` hexadecimal digits onto `*value`; what is not one leaves a bit in
 * what is returned. */
static unsigned read_digits(const char *text, unsigned count, uint64_t *value) {
  unsigned wrong = 0;
  uint64_t v = *value;
  for (unsigned i = 0; i < count; i++) {
    uint8_t d = digit(text[i]);
    wrong |= d & 0xf0u;
    v = v << 4 | (d & 0xfu);
  }
  *value = v;
  return wrong;
}

static bool read_uuid(const char *t, struct cv_id *ret) {
  struct cv_id id = {0, 0};
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

/* FNV-1a from two bases. */
static uint64_t hash_from(uint64_t base, const char *text, size_t len) {
  for (size_t i = 0; i < len; i++)
    base = (base ^ (unsigned char)text[i]) * UINT64_C(0x100000001b3);
  return base ^ base >> 31;
}

struct cv_id cv_id_read(const char *text, size_t len) {
  struct cv_id id = {0, 0};
  if (len == 0 || (len == UUID_LEN && read_uuid(text, &id)))
    return id;
  id.high = hash_from(UINT64_C(0xcbf29ce484222325), text, len);
  id.low = hash_from(UINT64_C(0x84222325cbf29ce4), text, len) | 1;
  return id;
}
