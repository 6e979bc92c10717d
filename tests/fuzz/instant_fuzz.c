/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "common/base/timestamp.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  int64_t ms = 0, end = 0, back = 0;

  if (gc_instant_parse(text, size, &ms, NULL) == GC_OK) {
    char out[GC_INSTANT_ROOM];
    LAW(ms >= GC_INSTANT_MIN_MS && ms <= GC_INSTANT_MAX_MS);
    gc_instant_print(out, ms);
    LAW(gc_instant_parse(out, strlen(out), &back, NULL) == GC_OK);
    LAW(back == ms);
  }
  if (gc_interval_parse(text, size, &ms, &end, NULL) == GC_OK) {
    char out[GC_INTERVAL_ROOM];
    int64_t start = 0;
    LAW(ms <= end);
    gc_interval_print(out, ms, end);
    LAW(gc_interval_parse(out, strlen(out), &start, &back, NULL) == GC_OK);
    LAW(start == ms && back == end);
  }
  if (gc_duration_parse(text, size, &ms, NULL) == GC_OK)
    LAW(ms >= 0);

  /* Any bytes are a number and a period. */
  int64_t any[2] = {0, 0};
  memcpy(any, data, size < sizeof(any) ? size : sizeof(any));
  char out[GC_INSTANT_ROOM];
  LAW(strlen(gc_instant_print(out, any[0])) == GC_INSTANT_ROOM - 1);
  int64_t floor = gc_instant_floor(any[0], any[1]);
  LAW(floor <= any[0]);
  if (any[1] > 0 && floor != INT64_MIN)
    LAW(floor % any[1] == 0 &&
        (uint64_t)any[0] - (uint64_t)floor < (uint64_t)any[1]);
  return 0;
}
