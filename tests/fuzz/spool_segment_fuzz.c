/* SPDX-License-Identifier: MIT */
/* A segment as a crash or a broken disk left it. Laws: a record may begin only
 * where the search says so, and a whole record ends within the bytes. */
#include <stdlib.h>
#include <string.h>

#include "common/net/spool/record.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *bytes = (const char *)data;
  struct gc_record_place place;
  struct gc_record r;
  uint64_t number;
  if (size == 0)
    return 0;
  (void)gc_position_read(bytes, size, &place, &number);
  size_t next = gc_record_find(bytes, size);
  for (size_t at = 0; at < size; at++) {
    place = (struct gc_record_place){1, at};
    enum gc_record_state state =
        gc_record_read(bytes + at, size - at, place, &r);
    LAW(state != GC_RECORD_WHOLE || at == next);
    LAW(state != GC_RECORD_WHOLE || at + GC_RECORD_HEADER + r.len <= size);
    if (at == next)
      next = at + 1 + gc_record_find(bytes + at + 1, size - at - 1);
  }
  return 0;
}
