/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "common/base/timestamp.h"
#include "tests/fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const char *text = (const char *)data;
  int64_t ms = 0, end = 0, back = 0;

  if (gc_timestamp_parse(text, size, &ms, NULL) == GC_OK) {
    char out[GC_TIMESTAMP_SIZE];
    LAW(ms >= GC_TIMESTAMP_MIN_MS && ms <= GC_TIMESTAMP_MAX_MS);
    gc_timestamp_print(out, ms);
    LAW(gc_timestamp_parse(out, strlen(out), &back, NULL) == GC_OK);
    LAW(back == ms);
  }
  if (gc_interval_parse(text, size, &ms, &end, NULL) == GC_OK) {
    char out[GC_INTERVAL_SIZE];
    int64_t start = 0;
    LAW(ms <= end);
    gc_interval_print(out, ms, end);
    LAW(gc_interval_parse(out, strlen(out), &start, &back, NULL) == GC_OK);
    LAW(start == ms && back == end);
  }
  if (gc_duration_parse(text, size, &ms, NULL) == GC_OK)
    LAW(ms >= 0);

  /* Any bytes give a number and a period. */
  int64_t any[2] = {0, 0};
  memcpy(any, data, size < sizeof(any) ? size : sizeof(any));
  char out[GC_TIMESTAMP_SIZE];
  LAW(strlen(gc_timestamp_print(out, any[0])) == GC_TIMESTAMP_SIZE - 1);
  int64_t floor = gc_timestamp_floor(any[0], any[1]);
  LAW(floor <= any[0]);
  if (any[1] > 0 && floor != INT64_MIN)
    LAW(floor % any[1] == 0 &&
        (uint64_t)any[0] - (uint64_t)floor < (uint64_t)any[1]);
  return 0;
}
