/* SPDX-License-Identifier: MIT */
#include "common/net/spool/position.h"

#include <string.h>

/* A slot is a record without lines whose payload is three numbers: the codec,
 * its CRC and its version are those of the segments. In the CRC, every slot has
 * the segment UINT64_MAX and its number, 0 or 1, as offset. */
enum { PAYLOAD = 3 * 8 };

static void store_uint64(char *out, uint64_t n) {
  for (int i = 0; i < 8; i++)
    out[i] = (char)(unsigned char)(n >> (8 * i));
}

static uint64_t load_uint64(const char *in) {
  uint64_t n = 0;
  for (int i = 0; i < 8; i++)
    n |= (uint64_t)(unsigned char)in[i] << (8 * i);
  return n;
}

/* Returns the place of a slot for its CRC. */
static struct gc_record_place slot_place(unsigned slot) {
  return (struct gc_record_place){UINT64_MAX, slot};
}

bool gc_position_read(const char *bytes, size_t len,
                      struct gc_record_place *ret_place, uint64_t *ret_number) {
  bool found = false;
  for (unsigned slot = 0; slot < 2; slot++) {
    struct gc_record r;
    size_t at = (size_t)slot * GC_POSITION_SLOT;
    if (at >= len ||
        gc_record_read(bytes + at, len - at, slot_place(slot), &r) !=
            GC_RECORD_WHOLE ||
        r.len != PAYLOAD)
      continue;
    uint64_t number = load_uint64(r.payload);
    if (found && number < *ret_number)
      continue;
    *ret_number = number;
    *ret_place = (struct gc_record_place){load_uint64(r.payload + 8),
                                          load_uint64(r.payload + 16)};
    found = true;
  }
  return found;
}

void gc_position_write(uint64_t number, struct gc_record_place place,
                       char out[GC_POSITION_SLOT]) {
  char payload[PAYLOAD];
  memset(out, 0, GC_POSITION_SLOT);
  store_uint64(payload, number);
  store_uint64(payload + 8, place.segment);
  store_uint64(payload + 16, place.offset);
  struct gc_record r = {.payload = payload, .len = PAYLOAD};
  unsigned char header[GC_RECORD_HEADER];
  gc_record_header(&r, slot_place((unsigned)(number % 2)), header);
  memcpy(out, header, sizeof(header));
  memcpy(out + GC_RECORD_HEADER, payload, sizeof(payload));
}
