/* SPDX-License-Identifier: MIT */
#include "common/net/api/shared_budget.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"

enum { BACKGROUND_PART = 4 }; /* of the budget */

/* A token bucket. A bucket of B that refills R a minute lets B + R through in
 * the worst minute: a tenth of the budget may burst, nine tenths refill, and no
 * period of one minute, whenever it begins, has more requests than the budget.
 * Example, 250 a minute: 25 at once, then one every 267 ms. */
struct bucket {
  uint32_t burst;      /* requests */
  uint32_t refill;     /* requests per minute */
  uint64_t credit;     /* in 1/60000 of a request */
  uint64_t counted_ms; /* the refill up to this time is in `credit` */
};

/* The requests of each of the last 60 seconds. */
struct minute {
  uint32_t taken[60]; /* by the second's number modulo 60 */
  uint64_t second;    /* the newest one */
};

struct gc_shared_budget {
  char *client_id;
  uint32_t per_minute;
  unsigned references;
  struct bucket bucket;
  struct minute minute;
  uint64_t background_next_ms; /* the first time that is not reserved */
  struct gc_shared_budget *next;
};

static struct gc_shared_budget *budgets;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* One request in credit: with a refill of R a minute, a millisecond brings
 * exactly R. */
static const uint64_t one = 60000;

static void add_refill(struct bucket *b, uint64_t now_ms) {
  GC_ASSERT(b->refill > 0 && b->credit <= b->burst * one);
  if (now_ms <= b->counted_ms)
    return;
  uint64_t full = b->burst * one;
  uint64_t passed_ms = now_ms - b->counted_ms;
  /* A minute always fills the bucket; the limit keeps the product small. */
  uint64_t more = passed_ms > one ? full : passed_ms * b->refill;
  b->credit = b->credit + more > full ? full : b->credit + more;
  b->counted_ms = now_ms;
}

static void fill_bucket(struct bucket *b, uint32_t per_minute,
                        uint64_t now_ms) {
  uint32_t burst = per_minute / 10 > 0 ? per_minute / 10 : 1;
  *b = (struct bucket){.burst = burst,
                       .refill = per_minute > burst ? per_minute - burst : 1,
                       .credit = burst * one,
                       .counted_ms = now_ms};
}

static bool take_request(struct bucket *b, uint64_t now_ms) {
  add_refill(b, now_ms);
  if (b->credit < one)
    return false;
  b->credit -= one;
  return true;
}

static uint32_t wait_of(struct bucket *b, uint64_t now_ms) {
  add_refill(b, now_ms);
  if (b->credit >= one)
    return 0;
  return (uint32_t)((one - b->credit + b->refill - 1) / b->refill);
}

static uint32_t left_in(struct bucket *b, uint64_t now_ms) {
  add_refill(b, now_ms);
  return (uint32_t)(b->credit / one);
}

/* Empties the seconds that have passed, and returns the present one. */
static uint32_t *turn_minute(struct minute *m, uint64_t now_ms) {
  uint64_t now_s = now_ms / 1000;
  if (now_s > m->second + 60)
    m->second = now_s - 60;
  while (m->second < now_s)
    m->taken[++m->second % 60] = 0;
  return &m->taken[m->second % 60];
}

/* ---- the budgets of all clients ---- */

static struct gc_shared_budget *new_budget(const char *client_id) {
  struct gc_shared_budget *b = gc_zalloc(1, sizeof(*b));
  b->client_id = gc_strdup(client_id);
  b->next = budgets;
  budgets = b;
  return b;
}

/* Sets the rate of the first reference; a later reference can only lower it.
 * Requests that were sent stay counted: a full bucket would allow more in this
 * minute than either rate. */
static void set_rate(struct gc_shared_budget *b, uint32_t per_minute,
                     uint64_t now_ms) {
  bool is_first = b->per_minute == 0;
  if (!is_first && per_minute >= b->per_minute)
    return;
  uint32_t left = is_first ? UINT32_MAX : left_in(&b->bucket, now_ms);
  b->per_minute = per_minute;
  fill_bucket(&b->bucket, per_minute, now_ms);
  while (left_in(&b->bucket, now_ms) > left)
    (void)take_request(&b->bucket, now_ms);
}

struct gc_shared_budget *gc_shared_budget_get(const char *client_id,
                                              uint32_t per_minute,
                                              uint64_t now_ms) {
  pthread_mutex_lock(&lock);
  struct gc_shared_budget *b = budgets;
  while (b != NULL && strcmp(b->client_id, client_id) != 0)
    b = b->next;
  if (b == NULL)
    b = new_budget(client_id);
  b->references++;
  set_rate(b, per_minute, now_ms);
  pthread_mutex_unlock(&lock);
  return b;
}

void gc_shared_budget_put(struct gc_shared_budget *b) {
  if (b == NULL)
    return;
  pthread_mutex_lock(&lock);
  if (--b->references == 0) {
    struct gc_shared_budget **at = &budgets;
    while (*at != b)
      at = &(*at)->next;
    *at = b->next;
    free(b->client_id);
    free(b);
  }
  pthread_mutex_unlock(&lock);
}

bool gc_shared_budget_take(struct gc_shared_budget *b, uint64_t now_ms) {
  pthread_mutex_lock(&lock);
  bool taken = take_request(&b->bucket, now_ms);
  *turn_minute(&b->minute, now_ms) += taken;
  pthread_mutex_unlock(&lock);
  return taken;
}

static uint32_t background_pace_ms(const struct gc_shared_budget *b) {
  uint32_t per_minute = b->per_minute / BACKGROUND_PART;
  return 60000 / (per_minute > 0 ? per_minute : 1) + 1;
}

uint64_t gc_shared_budget_reserve_background(struct gc_shared_budget *b,
                                             uint64_t now_ms) {
  pthread_mutex_lock(&lock);
  uint64_t at_ms =
      b->background_next_ms > now_ms ? b->background_next_ms : now_ms;
  b->background_next_ms = at_ms + background_pace_ms(b);
  pthread_mutex_unlock(&lock);
  return at_ms;
}

uint32_t gc_shared_budget_wait_ms(struct gc_shared_budget *b, uint64_t now_ms) {
  pthread_mutex_lock(&lock);
  uint32_t wait_ms = wait_of(&b->bucket, now_ms);
  pthread_mutex_unlock(&lock);
  return wait_ms;
}

uint32_t gc_shared_budget_left(struct gc_shared_budget *b, uint64_t now_ms) {
  pthread_mutex_lock(&lock);
  uint32_t left = left_in(&b->bucket, now_ms);
  pthread_mutex_unlock(&lock);
  return left;
}

uint32_t gc_shared_budget_minute_left(struct gc_shared_budget *b,
                                      uint64_t now_ms) {
  uint32_t taken = 0;
  pthread_mutex_lock(&lock);
  (void)turn_minute(&b->minute, now_ms);
  for (size_t i = 0; i < GC_COUNT(b->minute.taken); i++)
    taken += b->minute.taken[i];
  uint32_t left = taken < b->per_minute ? b->per_minute - taken : 0;
  pthread_mutex_unlock(&lock);
  return left;
}
