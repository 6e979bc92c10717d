/* SPDX-License-Identifier: MIT */
#include "common/net/clock.h"

#include <openssl/rand.h>
#include <stdatomic.h>

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

static _Atomic uint64_t stop_by_ms; /* 0: no stop */

void gc_clock_begin_run(void) { atomic_store(&stop_by_ms, 0); }

void gc_clock_begin_stop(void) {
  uint64_t none = 0;
  (void)atomic_compare_exchange_strong(&stop_by_ms, &none,
                                       gc_clock_now_ms() + GC_STOP_MS);
}

uint64_t gc_clock_bound(uint64_t wait_ms) {
  uint64_t now_ms = gc_clock_now_ms(), end_ms = now_ms + wait_ms;
  uint64_t by_ms = atomic_load(&stop_by_ms);
  if (by_ms == 0 || end_ms <= by_ms)
    return end_ms;
  uint64_t least_ms = wait_ms < GC_STOP_LEAST_MS ? wait_ms : GC_STOP_LEAST_MS;
  return by_ms > now_ms + least_ms ? by_ms : now_ms + least_ms;
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
