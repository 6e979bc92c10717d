/* SPDX-License-Identifier: MIT */
#include "common/daemon/series_total.h"

#include <pthread.h>

#include "common/base/hash.h"

/* Further blocks are not counted: an agent has a handful. */
enum { BLOCKS_MAX = 256 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
  uint64_t block;
  double series;
} blocks[BLOCKS_MAX];
static size_t block_count;

/* Returns the hash of instance and qualifier. Two blocks with the same hash
 * count as one: the advice need not be exact. */
static uint64_t block_of(const struct gc_sample *s) {
  uint64_t hash = GC_HASH_INIT;
  for (const char *c = s->instance; *c != '\0'; c++)
    hash = gc_hash_byte(hash, (unsigned char)*c);
  hash = gc_hash_byte(hash, '/');
  for (const char *c = s->qualifier; *c != '\0'; c++)
    hash = gc_hash_byte(hash, (unsigned char)*c);
  return hash;
}

void gc_series_total_note(const struct gc_sample *s) {
  size_t i = 0;
  if (s->metric != GC_METRIC_SERIES)
    return;
  uint64_t block = block_of(s);
  pthread_mutex_lock(&lock);
  while (i < block_count && blocks[i].block != block)
    i++;
  if (i < BLOCKS_MAX) {
    blocks[i].block = block;
    blocks[i].series = s->values[0].gauge;
    block_count += i == block_count;
  }
  pthread_mutex_unlock(&lock);
}

size_t gc_series_total(void) {
  double total = 0.0;
  pthread_mutex_lock(&lock);
  for (size_t i = 0; i < block_count; i++)
    total += blocks[i].series;
  pthread_mutex_unlock(&lock);
  return (size_t)total;
}
