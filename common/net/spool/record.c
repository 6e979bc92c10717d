/* SPDX-License-Identifier: MIT */
#include "common/net/spool/record.h"

#include <string.h>

#include <zlib.h>

static const char magic[4] = {'G', 'C', 'R', '1'};

enum { AT_LEN = 4, AT_LINES = 8, AT_CRC = 12, AT_TIME = 16 };

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

size_t gc_record_find(const char *bytes, size_t len, uint64_t segment,
                      size_t from) {
  struct gc_record r;
  for (size_t at = from + 1; at < len; at++) {
    const char *hit = memchr(bytes + at, magic[0], len - at);
    if (hit == NULL)
      break;
    at = (size_t)(hit - bytes);
    struct gc_record_place place = {segment, at};
    if (gc_record_read(hit, len - at, place, &r) == GC_RECORD_WHOLE)
      return at;
  }
  return len;
}

struct gc_segment_scan gc_segment_scan(const char *bytes, size_t len,
                                       uint64_t segment) {
  struct gc_segment_scan scan = {0};
  struct gc_record r;
  for (size_t at = 0; at < len;) {
    struct gc_record_place place = {segment, at};
    if (gc_record_read(bytes + at, len - at, place, &r) != GC_RECORD_WHOLE) {
      at = gc_record_find(bytes, len, segment, at);
      continue;
    }
    scan.end = at + GC_RECORD_HEADER + r.len;
    scan.lines += r.lines;
    at = scan.end;
  }
  return scan;
}
