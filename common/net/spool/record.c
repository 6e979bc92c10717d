/* SPDX-License-Identifier: MIT */
#include "common/net/spool/record.h"

#include <string.h>

#include <zlib.h>

static const char magic[4] = {'G', 'C', 'R', '1'};

enum { AT_LEN = 4, AT_LINES = 8, AT_CRC = 12, AT_TIME = 16 };
enum { POSITION_PAYLOAD = 3 * 8 };

static void store_number(unsigned char *out, uint64_t n, size_t bytes) {
  for (size_t i = 0; i < bytes; i++)
    out[i] = (unsigned char)(n >> (8 * i));
}

static uint64_t load_number(const unsigned char *in, size_t bytes) {
  uint64_t n = 0;
  for (size_t i = 0; i < bytes; i++)
    n |= (uint64_t)in[i] << (8 * i);
  return n;
}

static uint32_t record_checksum(const unsigned char *header,
                                const char *payload, size_t len,
                                struct gc_record_place place) {
  unsigned char where[16];
  store_number(where, place.segment, 8);
  store_number(where + 8, place.offset, 8);
  uLong crc = crc32(0, where, sizeof(where));
  crc = crc32(crc, header, AT_CRC);
  crc = crc32(crc, header + AT_TIME, GC_RECORD_HEADER - AT_TIME);
  return (uint32_t)crc32(crc, (const unsigned char *)payload, (uInt)len);
}

void gc_record_header(const struct gc_record *r, struct gc_record_place place,
                      unsigned char out[GC_RECORD_HEADER]) {
  memcpy(out, magic, sizeof(magic));
  store_number(out + AT_LEN, r->len, 4);
  store_number(out + AT_LINES, r->lines, 4);
  store_number(out + AT_TIME, (uint64_t)r->time_ms, 8);
  store_number(out + AT_CRC, record_checksum(out, r->payload, r->len, place),
               4);
}

enum gc_record_state gc_record_read(const char *bytes, size_t len,
                                    struct gc_record_place place,
                                    struct gc_record *ret) {
  const unsigned char *header = (const unsigned char *)bytes;
  size_t known = len < sizeof(magic) ? len : sizeof(magic);
  *ret = (struct gc_record){0};
  if (known > 0 && memcmp(bytes, magic, known) != 0)
    return GC_RECORD_DAMAGED;
  if (len < GC_RECORD_HEADER)
    return GC_RECORD_SHORT;

  ret->len = (uint32_t)load_number(header + AT_LEN, 4);
  ret->lines = (uint32_t)load_number(header + AT_LINES, 4);
  ret->time_ms = (int64_t)load_number(header + AT_TIME, 8);
  if (ret->len > GC_RECORD_PAYLOAD_MAX)
    return GC_RECORD_DAMAGED;
  if (len - GC_RECORD_HEADER < ret->len)
    return GC_RECORD_SHORT;
  ret->payload = bytes + GC_RECORD_HEADER;
  return load_number(header + AT_CRC, 4) ==
                 record_checksum(header, ret->payload, ret->len, place)
             ? GC_RECORD_WHOLE
             : GC_RECORD_DAMAGED;
}

size_t gc_record_find(const char *bytes, size_t len) {
  for (size_t at = 0; at + sizeof(magic) <= len; at++) {
    const char *hit =
        memchr(bytes + at, magic[0], len - at - sizeof(magic) + 1);
    if (hit == NULL)
      return len;
    at = (size_t)(hit - bytes);
    if (memcmp(hit, magic, sizeof(magic)) == 0)
      return at;
  }
  return len;
}

/* ---- the read position ---- */

/* A slot is a record without lines whose payload is three numbers: the codec,
 * its CRC and its version are those of the segments. In the CRC, every slot has
 * the segment UINT64_MAX and its number, 0 or 1, as offset. */
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
        r.len != POSITION_PAYLOAD)
      continue;
    uint64_t number = load_number((const unsigned char *)r.payload, 8);
    if (found && number < *ret_number)
      continue;
    *ret_number = number;
    *ret_place = (struct gc_record_place){
        load_number((const unsigned char *)r.payload + 8, 8),
        load_number((const unsigned char *)r.payload + 16, 8)};
    found = true;
  }
  return found;
}

void gc_position_write(uint64_t number, struct gc_record_place place,
                       char out[GC_POSITION_SLOT]) {
  char payload[POSITION_PAYLOAD];
  memset(out, 0, GC_POSITION_SLOT);
  store_number((unsigned char *)payload, number, 8);
  store_number((unsigned char *)payload + 8, place.segment, 8);
  store_number((unsigned char *)payload + 16, place.offset, 8);
  struct gc_record r = {.payload = payload, .len = POSITION_PAYLOAD};
  unsigned char header[GC_RECORD_HEADER];
  gc_record_header(&r, slot_place((unsigned)(number % 2)), header);
  memcpy(out, header, sizeof(header));
  memcpy(out + GC_RECORD_HEADER, payload, sizeof(payload));
}
