/* SPDX-License-Identifier: MIT */
/* UUIDs as text (RFC 9562, section 4): 36 characters, hexadecimal digits of any
 * case in groups of 8, 4, 4, 4 and 12, with dashes between them. Any version
 * and variant is accepted. The functions are inline, since the decoders read a
 * UUID for each participant. Pure, any thread. */
#ifndef GC_BASE_UUID_H
#define GC_BASE_UUID_H

#include "common/base/ascii.h"

#include <stddef.h>

enum { GC_UUID_LEN = 36 };

/* Appends `count` hexadecimal digits to `*value`. Returns a negative number if
 * one of them is no digit. */
static inline int gc_uuid_read_digits(const char *text, unsigned count,
                                      uint64_t *value) {
  int all = 0;
  for (unsigned i = 0; i < count; i++) {
    int digit = gc_hex_value(text[i]);
    all |= digit;
    *value = *value << 4 | ((unsigned)digit & 0xfu);
  }
  return all;
}

/* Reads the 16 bytes of a UUID. Returns false if the text is no UUID; the
 * results are then undefined. */
static inline bool gc_uuid_read(const char *text, size_t len,
                                uint64_t *ret_high, uint64_t *ret_low) {
  *ret_high = *ret_low = 0;
  if (len != GC_UUID_LEN || text[8] != '-' || text[13] != '-' ||
      text[18] != '-' || text[23] != '-')
    return false;
  int all = gc_uuid_read_digits(text, 8, ret_high);
  all |= gc_uuid_read_digits(text + 9, 4, ret_high);
  all |= gc_uuid_read_digits(text + 14, 4, ret_high);
  all |= gc_uuid_read_digits(text + 19, 4, ret_low);
  all |= gc_uuid_read_digits(text + 24, 12, ret_low);
  return all >= 0;
}

static inline bool gc_is_uuid(const char *text, size_t len) {
  uint64_t high, low;
  return gc_uuid_read(text, len, &high, &low);
}

#endif
