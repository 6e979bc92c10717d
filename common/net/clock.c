/* SPDX-License-Identifier: MIT */
#include "common/net/clock.h"

#include <openssl/rand.h>

static uint64_t read_clock_us(clockid_t clock) {
  struct timespec now = {0};
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

uint64_t gc_clock_now_us(void) { return read_clock_us(CLOCK_MONOTONIC); }

uint64_t gc_clock_now_ms(void) { return gc_clock_now_us() / 1000; }

uint64_t gc_clock_boot_ms(void) { return read_clock_us(CLOCK_BOOTTIME) / 1000; }

void gc_clock_cond_init(pthread_cond_t *condition) {
  pthread_condattr_t monotonic;
  pthread_condattr_init(&monotonic);
  pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
  pthread_cond_init(condition, &monotonic);
  pthread_condattr_destroy(&monotonic);
}

struct timespec gc_clock_timespec(uint64_t at_ms) {
  return (struct timespec){.tv_sec = (time_t)(at_ms / 1000),
                           .tv_nsec = (long)(at_ms % 1000) * 1000000};
}

int64_t gc_clock_wall_ms(void) {
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint32_t gc_random32(void) {
  uint32_t bits = 0;
  if (RAND_bytes((unsigned char *)&bits, sizeof(bits)) == 1)
    return bits;

  /* The system has no entropy source, and jitter must still differ between
   * hosts. The multiplier is Knuth's (2^32 / golden ratio). */
  struct timespec now = {0};
  clock_gettime(CLOCK_REALTIME, &now);
  return ((uint32_t)now.tv_nsec ^ (uint32_t)now.tv_sec) * 2654435769u;
}
