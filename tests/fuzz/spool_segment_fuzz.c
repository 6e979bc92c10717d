/* SPDX-License-Identifier: MIT */
/* A segment as a crash or a broken disk left it. Laws: the scan ends within the
 * bytes; its end is where a whole record ends; a record that is appended there
 * is found. */
#include <stdlib.h>
#include <string.h>

#include "common/net/spool/position.h"
#include "common/net/spool/record.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static char bytes[8192];
  struct gc_record r = {.payload = "a v=1i 1\n", .len = 9, .lines = 1};
  unsigned char header[GC_RECORD_HEADER];
  struct gc_record_place place;
  uint64_t number;
  if (size > sizeof(bytes) - GC_RECORD_HEADER - r.len)
    return 0;
  memcpy(bytes, data, size);
  (void)gc_position_read(bytes, size, &place, &number);

  struct gc_segment_scan scan = gc_segment_scan(bytes, size, 1);
  LAW(scan.end <= size);
  gc_record_header(&r, (struct gc_record_place){1, scan.end}, header);
  memcpy(bytes + scan.end, header, sizeof(header));
  memcpy(bytes + scan.end + sizeof(header), r.payload, r.len);
  struct gc_segment_scan more =
      gc_segment_scan(bytes, scan.end + sizeof(header) + r.len, 1);
  LAW(more.lines == scan.lines + 1);
  return 0;
}
