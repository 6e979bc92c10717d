/* SPDX-License-Identifier: MIT */
/* One record of a spool's segment: some lines of text, with a checksum that
 * shows after a crash whether they are whole. Pure, any thread.
 *
 *   offset  bytes
 *        0      4  "GCR1": the version is part of it
 *        4      4  length of the payload
 *        8      4  lines in the payload
 *       12      4  CRC-32 of the place, of all other fields and of the payload
 *       16      8  when it was written, epoch ms
 *       24         the payload
 *
 * Numbers are little-endian. The place (number of the segment, offset in it) is
 * part of the CRC: old bytes that a file system brings back, or a record within
 * the payload of another, are never taken for a record. */
#ifndef GC_NET_SPOOL_RECORD_H
#define GC_NET_SPOOL_RECORD_H

#include "common/base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
  GC_RECORD_HEADER = 24,
  GC_RECORD_PAYLOAD_MAX = 4 * 1024 * 1024, /* a longer one is damaged */
};

struct gc_record_place {
  uint64_t segment, offset;
};

struct gc_record {
  const char *payload;
  uint32_t len, lines;
  int64_t time_ms;
};

/* Writes the header of `r` at `place`. */
void gc_record_header(const struct gc_record *r, struct gc_record_place place,
                      unsigned char out[GC_RECORD_HEADER]);

enum gc_record_state {
  GC_RECORD_WHOLE,
  GC_RECORD_SHORT,   /* may be whole when more bytes follow */
  GC_RECORD_DAMAGED, /* no record begins here */
};

/* Reads the record at the beginning of `bytes`, which are those at `place`.
 * WHOLE: `ret` borrows the payload; the record ends at GC_RECORD_HEADER +
 * ret->len. SHORT with a whole header: ret->len says how long the record would
 * be, unchecked. */
enum gc_record_state gc_record_read(const char *bytes, size_t len,
                                    struct gc_record_place place,
                                    struct gc_record *ret);

/* Returns the first offset at which a record may begin; `len` if there is none.
 */
size_t gc_record_find(const char *bytes, size_t len);

/* The read position of a spool is a file of two slots that are written in turn,
 * so that a torn write leaves the earlier one whole. */
enum { GC_POSITION_SLOT = 64, GC_POSITION_BYTES = 2 * GC_POSITION_SLOT };

/* Reads the newest whole slot and its number; false: there is none. `bytes` are
 * those of the file. */
bool gc_position_read(const char *bytes, size_t len,
                      struct gc_record_place *ret_place, uint64_t *ret_number);
/* Writes the slot with `number`; it belongs at (number % 2) * GC_POSITION_SLOT.
 */
void gc_position_write(uint64_t number, struct gc_record_place place,
                       char out[GC_POSITION_SLOT]);

#endif
