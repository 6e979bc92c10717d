/* SPDX-License-Identifier: MIT */
#include "common/net/api/shared_budget.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"

enum { BACKGROUND_PART = 4 }; /* of the budget */

struct gc_shared_budget {
  char *client_id;
  uint32_t per_minute;
  unsigned references;
  struct gc_budget budget;
  uint64_t background_next_ms; /* the first time that is not reserved */
  struct gc_shared_budget *next;
};

static struct gc_shared_budget *budgets;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

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
  uint32_t left = is_first ? UINT32_MAX : gc_budget_left(&b->budget, now_ms);
  b->per_minute = per_minute;
  gc_budget_init(&b->budget, per_minute, now_ms);
  while (gc_budget_left(&b->budget, now_ms) > left)
    (void)gc_budget_take(&b->budget, now_ms);
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
  bool taken = gc_budget_take(&b->budget, now_ms);
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
  uint32_t wait_ms = gc_budget_wait_ms(&b->budget, now_ms);
  pthread_mutex_unlock(&lock);
  return wait_ms;
}

uint32_t gc_shared_budget_left(struct gc_shared_budget *b, uint64_t now_ms) {
  pthread_mutex_lock(&lock);
  uint32_t left = gc_budget_left(&b->budget, now_ms);
  pthread_mutex_unlock(&lock);
  return left;
}
