/* SPDX-License-Identifier: MIT */
#include "common/base/base64.h"

void gc_base64_write(const uint8_t *bytes, size_t len, char *out) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                               "abcdefghijklmnopqrstuvwxyz0123456789+/";
  for (size_t at = 0; at < len; at += 3) {
    size_t have = len - at < 3 ? len - at : 3;
    uint32_t bits = (uint32_t)bytes[at] << 16;
    if (have > 1)
      bits |= (uint32_t)bytes[at + 1] << 8;
    if (have > 2)
      bits |= bytes[at + 2];
    for (size_t i = 0; i < 4; i++)
      *out++ = i <= have ? digits[bits >> (18 - 6 * i) & 63] : '=';
  }
  *out = '\0';
}
