/* SPDX-License-Identifier: MIT */
/* The read position of a spool, in a file of two slots that are written in
 * turn, so a torn write leaves the earlier one whole. For the spool only. */
#ifndef GC_NET_SPOOL_POSITION_H
#define GC_NET_SPOOL_POSITION_H

#include "common/net/spool/record.h"

#include <stdbool.h>

enum { GC_POSITION_SLOT = 64, GC_POSITION_BYTES = 2 * GC_POSITION_SLOT };

/* Pure. Reads the newest whole slot and its number; false: there is none.
 * `bytes` are those of the file. */
bool gc_position_read(const char *bytes, size_t len,
                      struct gc_record_place *ret_place, uint64_t *ret_number);
/* Pure. Writes the slot with `number`; it belongs at (number % 2) *
 * GC_POSITION_SLOT. */
void gc_position_write(uint64_t number, struct gc_record_place place,
                       char out[GC_POSITION_SLOT]);

#endif
