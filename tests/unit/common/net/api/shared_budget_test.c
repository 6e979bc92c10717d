/* SPDX-License-Identifier: MIT */
#include "common/net/api/shared_budget.h"

#include <pthread.h>

#include "tests/support/check.h"

static void accounts_of_one_client_share_its_budget(void) {
  struct gc_shared_budget *a = gc_shared_budget_get("client", 100, 0);
  struct gc_shared_budget *b = gc_shared_budget_get("client", 100, 0);
  struct gc_shared_budget *other = gc_shared_budget_get("other", 100, 0);
  CHECK(a == b);
  CHECK(a != other);
  for (int i = 0; i < 5; i++) {
    CHECK(gc_shared_budget_take(a, 0));
    CHECK(gc_shared_budget_take(b, 0));
  }
  CHECK(!gc_shared_budget_take(a, 0));
  CHECK(!gc_shared_budget_take(b, 0));
  CHECK_INT(gc_shared_budget_wait_ms(b, 0), 667);
  CHECK_INT(gc_shared_budget_left(b, 0), 0);
  CHECK_INT(gc_shared_budget_left(other, 0), 10);
  gc_shared_budget_put(a);
  gc_shared_budget_put(b);
  gc_shared_budget_put(other);
}

static void a_later_account_can_only_lower_it(void) {
  struct gc_shared_budget *a = gc_shared_budget_get("client", 100, 0);
  struct gc_shared_budget *more = gc_shared_budget_get("client", 300, 0);
  CHECK_INT(gc_shared_budget_left(a, 0), 10);
  struct gc_shared_budget *less = gc_shared_budget_get("client", 50, 0);
  CHECK_INT(gc_shared_budget_left(a, 0), 5);
  gc_shared_budget_put(less); /* stays lowered while it has a reference */
  CHECK_INT(gc_shared_budget_left(a, 60000), 5);
  gc_shared_budget_put(more);
  gc_shared_budget_put(a);
}

/* The requests that the first account has sent stay counted. */
static void a_lowered_budget_adds_no_requests(void) {
  struct gc_shared_budget *a = gc_shared_budget_get("client", 100, 0);
  while (gc_shared_budget_take(a, 0))
    ;
  struct gc_shared_budget *b = gc_shared_budget_get("client", 50, 0);
  CHECK(!gc_shared_budget_take(b, 0));
  CHECK_INT(gc_shared_budget_left(b, 60000), 5);
  gc_shared_budget_put(b);
  gc_shared_budget_put(a);

  a = gc_shared_budget_get("client", 100, 0);
  for (int i = 0; i < 7; i++)
    CHECK(gc_shared_budget_take(a, 0));
  b = gc_shared_budget_get("client", 50, 0);
  CHECK_INT(gc_shared_budget_left(b, 0), 3);
  gc_shared_budget_put(b);
  gc_shared_budget_put(a);
}

static void the_budget_ends_with_its_last_holder(void) {
  struct gc_shared_budget *a = gc_shared_budget_get("client", 50, 0);
  CHECK(gc_shared_budget_take(a, 0));
  gc_shared_budget_put(a);
  a = gc_shared_budget_get("client", 100, 0);
  CHECK_INT(gc_shared_budget_left(a, 0), 10);
  gc_shared_budget_put(a);
  gc_shared_budget_put(NULL);
}

static void *take_all(void *ctx) {
  size_t taken = 0;
  for (int i = 0; i < 1000; i++) {
    struct gc_shared_budget *b = gc_shared_budget_get("crowd", 3000, 0);
    taken += gc_shared_budget_take(b, 0);
    gc_shared_budget_put(b);
  }
  *(size_t *)ctx = taken;
  return NULL;
}

static void threads_together_get_no_more_than_there_is(void) {
  struct gc_shared_budget *b = gc_shared_budget_get("crowd", 3000, 0);
  pthread_t threads[4];
  size_t taken[4], sum = 0;
  for (int i = 0; i < 4; i++)
    CHECK_INT(pthread_create(&threads[i], NULL, take_all, &taken[i]), 0);
  for (int i = 0; i < 4; i++) {
    CHECK_INT(pthread_join(threads[i], NULL), 0);
    sum += taken[i];
  }
  CHECK_INT(sum, 300);
  gc_shared_budget_put(b);
}

static void background_requests_take_a_quarter_in_equal_distances(void) {
  static const struct {
    const char *name;
    uint32_t per_minute, pace_ms;
  } rows[] = {
      {"the usual budget", 300, 801},
      {"a later account lowers the rate", 100, 2401},
      {"the smallest budget", 1, 60001},
  };
  for (size_t i = 0; i < GC_COUNT(rows); i++) {
    struct gc_shared_budget *a = gc_shared_budget_get("client", 300, 1000);
    struct gc_shared_budget *b =
        gc_shared_budget_get("client", rows[i].per_minute, 1000);
    CHECK_ROW(rows[i].name);
    CHECK_INT(gc_shared_budget_reserve_background(a, 1000), 1000);
    CHECK_INT(gc_shared_budget_reserve_background(b, 1000),
              1000 + rows[i].pace_ms);
    CHECK_INT(gc_shared_budget_reserve_background(a, 1001),
              1000 + 2 * rows[i].pace_ms);
    CHECK_INT(gc_shared_budget_reserve_background(a, 999000), 999000);
    gc_shared_budget_put(a);
    gc_shared_budget_put(b);
  }
}

static void the_rest_of_the_minute_follows_what_was_sent(void) {
  struct gc_shared_budget *b = gc_shared_budget_get("client", 100, 7000000);
  CHECK_INT(gc_shared_budget_minute_left(b, 7000000), 100);
  for (int i = 0; i < 4; i++)
    CHECK(gc_shared_budget_take(b, 7000900));
  CHECK(gc_shared_budget_take(b, 7030000));
  CHECK_INT(gc_shared_budget_minute_left(b, 7030000), 95);
  CHECK_INT(gc_shared_budget_minute_left(b, 7059999), 95);
  CHECK_INT(gc_shared_budget_minute_left(b, 7060000), 99);
  CHECK_INT(gc_shared_budget_minute_left(b, 7090000), 100);
  CHECK(gc_shared_budget_take(b, 7090000));
  CHECK_INT(gc_shared_budget_minute_left(b, 99000000), 100);
  gc_shared_budget_put(b);
}

int main(void) {
  RUN(background_requests_take_a_quarter_in_equal_distances);
  RUN(accounts_of_one_client_share_its_budget);
  RUN(a_later_account_can_only_lower_it);
  RUN(a_lowered_budget_adds_no_requests);
  RUN(the_budget_ends_with_its_last_holder);
  RUN(the_rest_of_the_minute_follows_what_was_sent);
  RUN(threads_together_get_no_more_than_there_is);
  return check_done();
}
