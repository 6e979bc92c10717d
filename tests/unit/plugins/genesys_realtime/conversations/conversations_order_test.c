/* SPDX-License-Identifier: MIT */
/* The order of arrival changes no total: every order of the snapshots of a
 * life, with repeats, gives the totals of the true order. All snapshots but the
 * last may be missing, except for holds: a hold that no snapshot reports is
 * lost. The random generator starts from the same number each time, so that a
 * failure is repeated. */
#include <stdio.h>
#include <stdlib.h>

#include "tests/support/check.h"
#include "tests/support/cv_life.h"

static const char *const queues[] = {"q1", "q2"};

struct totals {
  struct conversations_totals of[GC_COUNT(queues)];
};

static uint64_t random32_state = 1;

static unsigned random_below(unsigned sides) {
  random32_state = random32_state * UINT64_C(6364136223846793005) +
                   UINT64_C(1442695040888963407);
  return (unsigned)(random32_state >> 33) % sides;
}

static struct totals play_life(const struct life *l, const unsigned *order,
                               unsigned count) {
  struct conversations_settings s = life_settings();
  GC_AUTO(conversations_free_auto)
  struct conversations *m = conversations_new(&s, NULL);
  struct totals t;
  memset(&t, 0, sizeof(t));
  for (unsigned i = 0; i < count; i++)
    CHECK_INT(conversations_apply(m, &l->kept[order[i]]), GC_OK);
  life_tick(m, AT(200), AT(200));
  for (size_t q = 0; q < GC_COUNT(queues); q++)
    (void)conversations_totals(m, queues[q], CV_VOICE, &t.of[q]);
  return t;
}

static struct totals true_totals(const struct life *l) {
  unsigned order[LIFE_MAX];
  for (unsigned i = 0; i < l->count; i++)
    order[i] = i;
  return play_life(l, order, l->count);
}

static void forget_holds(struct totals *t) {
  for (size_t q = 0; q < GC_COUNT(queues); q++)
    for (int s = 0; s < CV_STATE_COUNT; s++) {
      struct conversations_totals *of = &t->of[q];
      of->counted.changes[s][CV_STATE_HELD] = 0;
      of->counted.changes[CV_STATE_HELD][s] = 0;
      of->facts.changes[s][CV_STATE_HELD] = 0;
      of->facts.changes[CV_STATE_HELD][s] = 0;
    }
}

static void print_difference(const struct totals *got,
                             const struct totals *want) {
  const uint64_t *g = (const uint64_t *)got, *w = (const uint64_t *)want;
  for (size_t i = 0; i < sizeof(*got) / 8; i++)
    if (g[i] != w[i])
      printf(" [%zu] %llu not %llu", i, (unsigned long long)g[i],
             (unsigned long long)w[i]);
}

static void check_play(const struct life *l, const unsigned *order,
                       unsigned count, const struct totals *want,
                       bool with_holds) {
  struct totals got = play_life(l, order, count), expected = *want;
  if (!with_holds) {
    forget_holds(&got);
    forget_holds(&expected);
  }
  bool same = memcmp(&got, &expected, sizeof(got)) == 0;
  CHECK(same);
  if (same || check_failed > 5)
    return;
  printf("  order:");
  for (unsigned i = 0; i < count; i++)
    printf(" %u", order[i]);
  print_difference(&got, &expected);
  putchar('\n');
}

static void shuffle_order(unsigned *order, unsigned count) {
  for (unsigned i = count; i > 1; i--) {
    unsigned k = random_below(i), kept = order[i - 1];
    order[i - 1] = order[k];
    order[k] = kept;
  }
}

static void check_shuffles(const struct life *l, int rounds) {
  struct totals want = true_totals(l);
  for (int round = 0; round < rounds; round++) {
    unsigned order[LIFE_MAX * 2], count = 0;
    for (unsigned i = 0; i < l->count; i++)
      for (unsigned n = random_below(4) == 0 ? 2 : 1; n > 0; n--)
        order[count++] = i;
    shuffle_order(order, count);
    check_play(l, order, count, &want, true);
  }
}

static void check_drops(const struct life *l, int rounds) {
  struct totals want = true_totals(l);
  for (int round = 0; round < rounds; round++) {
    unsigned order[LIFE_MAX * 2], count = 0, keep = random_below(10) + 1;
    for (unsigned i = 0; i < l->count; i++)
      for (unsigned n = random_below(8) == 0 ? 2 : 1; n > 0; n--)
        if (i + 1 == l->count || random_below(10) < keep)
          order[count++] = i;
    if (random_below(2) == 0)
      shuffle_order(order, count);
    check_play(l, order, count, &want, false);
  }
}

/* Visits every order of `count` snapshots (Heap's algorithm). */
static void check_all_orders(const struct life *l) {
  struct totals want = true_totals(l);
  unsigned order[LIFE_MAX], at[LIFE_MAX] = {0};
  for (unsigned i = 0; i < l->count; i++)
    order[i] = i;
  check_play(l, order, l->count, &want, true);
  for (unsigned i = 0; i < l->count;) {
    if (at[i] >= i) {
      at[i++] = 0;
      continue;
    }
    unsigned k = i % 2 == 0 ? 0 : at[i], kept = order[k];
    order[k] = order[i];
    order[i] = kept;
    check_play(l, order, l->count, &want, true);
    at[i]++;
    i = 0;
  }
}

/* ---- lives ---- */

static void life_of_an_abandon(struct life *l) {
  life_begin(l, "abandon");
  struct cv_party *customer = life_connected(l, CV_CUSTOMER, NULL, 1);
  struct cv_party *acd = life_connected(l, CV_ACD, "q1", 1.2);
  life_keep(l);
  struct cv_party *agent = life_add(l, CV_AGENT, "q1");
  life_keep(l);
  agent->end_ms = AT(15);
  agent->transferred = true;
  life_keep(l);
  struct cv_party *other = life_add(l, CV_AGENT, "q1");
  life_keep(l);
  acd->end_ms = AT(33.010);
  life_keep(l);
  other->end_ms = AT(33.004);
  life_keep(l);
  customer->end_ms = AT(33);
  life_keep(l);
}

/* q1 transfers the contact to q2, which has it for half a second; then q1 has
 * it again. */
static void life_of_a_return(struct life *l) {
  life_begin(l, "return");
  struct cv_party *customer = life_connected(l, CV_CUSTOMER, NULL, 1);
  struct cv_party *acd1 = life_connected(l, CV_ACD, "q1", 2);
  life_keep(l);
  acd1->end_ms = AT(32);
  acd1->transferred = true;
  life_keep(l);
  struct cv_party *acd2 = life_connected(l, CV_ACD, "q2", 31.990);
  life_keep(l);
  acd2->end_ms = AT(32.5);
  struct cv_party *acd3 = life_connected(l, CV_ACD, "q1", 32.5);
  life_keep(l);
  struct cv_party *agent = life_add(l, CV_AGENT, "q1");
  life_keep(l);
  acd3->end_ms = AT(39.990);
  life_keep(l);
  agent->connected_ms = AT(40);
  life_keep(l);
  agent->end_ms = customer->end_ms = AT(80);
  life_keep(l);
}

/* One agent hands over to another of the same queue. */
static void life_of_a_consult(struct life *l) {
  life_begin(l, "consult");
  struct cv_party *customer = life_connected(l, CV_CUSTOMER, NULL, 1);
  struct cv_party *acd = life_connected(l, CV_ACD, "q1", 2);
  life_keep(l);
  struct cv_party *agent = life_add(l, CV_AGENT, "q1");
  life_keep(l);
  agent->connected_ms = acd->end_ms = AT(4);
  life_keep(l);
  agent->held = true;
  agent->hold_ms = AT(9);
  life_keep(l);
  agent->held = false;
  agent->hold_ms = 0;
  life_keep(l);
  struct cv_party *expert = life_add(l, CV_AGENT, "q1");
  life_keep(l);
  expert->connected_ms = AT(20);
  life_keep(l);
  agent->held = true;
  agent->hold_ms = AT(22);
  life_keep(l);
  agent->held = false;
  agent->hold_ms = 0;
  life_keep(l);
  agent->end_ms = agent->acw_start_ms = AT(25);
  agent->transferred = true;
  life_keep(l);
  agent->acw_end_ms = AT(31);
  life_keep(l);
  expert->end_ms = customer->end_ms = AT(60);
  life_keep(l);
}

/* The customer leaves before an agent rings. */
static void life_of_a_quick_abandon(struct life *l) {
  life_begin(l, "quick");
  struct cv_party *customer = life_connected(l, CV_CUSTOMER, NULL, 1);
  struct cv_party *acd = life_connected(l, CV_ACD, "q1", 2);
  life_keep(l);
  acd->end_ms = customer->end_ms = AT(2.010);
  life_keep(l);
}

static void a_life_counts_what_happened_in_it(void) {
  struct life l;
  life_of_a_call(&l);
  struct totals t = true_totals(&l);
  CHECK_INT(l.count, 18);
  CHECK_INT(t.of[0].counted.offers, 1);
  CHECK_INT(t.of[0].counted.answers, 1);
  CHECK_INT(t.of[0].facts.wait_ms, 22000);
  CHECK_INT(t.of[0].counted.breaches, 1);
  CHECK_INT(t.of[0].counted.transfers, 1);
  CHECK_INT(t.of[0].counted.abandons, 0);
  CHECK_INT(t.of[0].counted.changes[CV_STATE_WAITING][CV_STATE_ALERTING], 2);
  CHECK_INT(t.of[0].counted.changes[CV_STATE_ALERTING][CV_STATE_WAITING], 1);
  CHECK_INT(t.of[0].counted.changes[CV_STATE_ALERTING][CV_STATE_ACTIVE], 1);
  CHECK_INT(t.of[0].counted.changes[CV_STATE_ACTIVE][CV_STATE_HELD], 2);
  CHECK_INT(t.of[0].counted.changes[CV_STATE_HELD][CV_STATE_ACTIVE], 2);
  CHECK_INT(t.of[0].counted.changes[CV_STATE_ACTIVE][CV_STATE_WRAPUP], 1);
  CHECK_INT(t.of[0].counted.changes[CV_STATE_WRAPUP][CV_STATE_ENDED], 1);
  CHECK_INT(t.of[1].counted.offers, 1);
  CHECK_INT(t.of[1].counted.answers, 1);
  CHECK_INT(t.of[1].facts.wait_ms, 5000);
  CHECK_INT(t.of[1].counted.breaches, 0);
  CHECK_INT(t.of[1].counted.transfers, 0);
  life_of_an_abandon(&l);
  t = true_totals(&l);
  CHECK_INT(t.of[0].counted.offers, 1);
  CHECK_INT(t.of[0].counted.abandons, 1);
  CHECK_INT(t.of[0].counted.breaches, 1);
  CHECK_INT(t.of[0].counted.transfers, 0);
  CHECK_INT(t.of[0].counted.changes[CV_STATE_ALERTING][CV_STATE_WAITING], 2);
  CHECK_INT(t.of[0].counted.changes[CV_STATE_WAITING][CV_STATE_ENDED], 1);
  life_of_a_return(&l);
  t = true_totals(&l);
  CHECK_INT(t.of[0].counted.offers, 2);
  CHECK_INT(t.of[0].counted.answers, 1);
  CHECK_INT(t.of[0].counted.transfers, 1);
  CHECK_INT(t.of[1].counted.offers, 1);
  CHECK_INT(t.of[1].counted.transfers, 1);
  CHECK_INT(t.of[1].counted.abandons, 0);
}

static void every_order_of_a_short_life_gives_the_same_totals(void) {
  struct life l;
  life_of_an_abandon(&l);
  check_all_orders(&l);
}

static void any_order_of_a_whole_call_gives_the_same_totals(void) {
  struct life l;
  life_of_a_call(&l);
  check_shuffles(&l, 20000);
}

static void any_order_of_other_lives_gives_the_same_totals(void) {
  struct life l;
  life_of_a_return(&l);
  check_shuffles(&l, 5000);
  life_of_a_consult(&l);
  check_shuffles(&l, 5000);
}

static void the_last_snapshot_makes_up_for_missing_ones(void) {
  struct life l;
  life_of_a_call(&l);
  check_drops(&l, 10000);
  life_of_an_abandon(&l);
  check_drops(&l, 5000);
  life_of_a_return(&l);
  check_drops(&l, 5000);
  life_of_a_consult(&l);
  check_drops(&l, 5000);
  life_of_a_quick_abandon(&l);
  check_drops(&l, 20);
}

static void the_last_snapshot_alone_has_all_facts(void) {
  struct life l;
  life_of_a_call(&l);
  struct totals want = true_totals(&l);
  unsigned last = l.count - 1;
  check_play(&l, &last, 1, &want, false);
}

int main(void) {
  RUN(a_life_counts_what_happened_in_it);
  RUN(the_last_snapshot_alone_has_all_facts);
  RUN(every_order_of_a_short_life_gives_the_same_totals);
  RUN(any_order_of_a_whole_call_gives_the_same_totals);
  RUN(any_order_of_other_lives_gives_the_same_totals);
  RUN(the_last_snapshot_makes_up_for_missing_ones);
  return check_done();
}
