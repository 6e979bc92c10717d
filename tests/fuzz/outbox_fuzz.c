/* SPDX-License-Identifier: MIT */
/* The batch that a killed process left in the state file, possibly damaged.
 * Law: it is refused, or it is written again as it was read. */
#include <stdlib.h>
#include <string.h>

#include "common/analytics/send/outbox.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct gc_outbox o = {.count = 0}, again = {.count = 0};
  GC_AUTO(gc_buf_clear) struct gc_buf text = {.max = 1 << 26};
  GC_AUTO(gc_buf_clear) struct gc_buf twice = {.max = 1 << 26};
  if (gc_outbox_read(&o, (const char *)data, size) == GC_OK) {
    LAW(gc_outbox_write(&o, &text) == GC_OK);
    LAW(gc_outbox_read(&again, text.data, text.len) == GC_OK);
    LAW(again.count == o.count);
    LAW(gc_outbox_write(&again, &twice) == GC_OK);
    LAW(strcmp(gc_buf_string(&text), gc_buf_string(&twice)) == 0);
  } else {
    LAW(o.count == 0);
  }
  gc_outbox_clear(&o);
  gc_outbox_clear(&again);
  return 0;
}
