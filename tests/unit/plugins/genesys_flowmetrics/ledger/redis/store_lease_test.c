/* SPDX-License-Identifier: MIT */
/* Agents of one account with a lease, which count in a real Redis: a standby
 * disturbs nothing, and the next holder continues where the former one ended.
 * The tests set the gates of the agents, as the thread of the lease does. */
#include "plugins/genesys_flowmetrics/ledger/internal.h"

#include "tests/support/redis_bench.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/net/clock.h"
#include "plugins/genesys_flowmetrics/samples.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"

#define OWNER "HGET genesys:{flowmetrics}:count:pair/ivr owner"

static struct gc_lease_gate *gates[2];
static const struct timespec pause = {.tv_nsec = 2000000};

static void set_state(unsigned nth, enum gc_lease_state state) {
  bool is_open = state == GC_LEASE_HOLDER;
  gc_lease_gate_set(
      gates[nth],
      &(struct gc_lease_status){.state = state,
                                .valid_until_ms = is_open ? UINT64_MAX : 0});
}

/* Begins the agent number `nth` of the pair in this state of the lease. */
static void begin_agent(struct agent *a, unsigned nth,
                        enum gc_lease_state state) {
  set_state(nth, state);
  a->lease = gates[nth];
  rb_begin(a, rb_server.url, "pair", "ivr");
  rb_wait_reported(&a->state);
  CHECK_INT(rb_report_of(&a->state).code, GC_OK);
}

/* The holder changes: the agent `from` loses the lease, and `to` gets it. */
static void pass_lease(unsigned from, unsigned to) {
  set_state(from, GC_LEASE_STANDBY);
  set_state(to, GC_LEASE_HOLDER);
}

/* ---- the values of all agents, as a writer of collectd receives them ---- */

enum { METRICS_MAX = 8 };

static struct sent {
  char metric[16];
  int64_t first; /* since forget_first; -1: none */
  int64_t newest;
  unsigned falls;
} sent[METRICS_MAX];
static size_t sent_count;

static struct sent *sent_of(const char *metric) {
  for (size_t i = 0; i < sent_count; i++)
    if (strcmp(sent[i].metric, metric) == 0)
      return &sent[i];
  struct sent *s = &sent[sent_count++];
  *s = (struct sent){.first = -1, .newest = -1};
  snprintf(s->metric, sizeof(s->metric), "%s", metric);
  return s;
}

/* Takes a value if the gate of its host is open, as daemon/emit does. */
static bool take_value(void *ctx, const char *scope,
                       const struct gc_sample *sample) {
  const struct agent *a = ctx;
  if (scope[0] == '\0' && !gc_lease_gate_allows(a->lease))
    return false;
  if (sample->metric != GC_METRIC_FLOW_METRIC)
    return true;
  struct sent *s = sent_of(sample->qualifier);
  int64_t count = sample->values[0].derive;
  s->falls += count < s->newest;
  s->first = s->first < 0 ? count : s->first;
  s->newest = count;
  return true;
}

static void dispatch(struct agent *a) {
  static uint64_t now_ms;
  samples_flow(a->ledger, ++now_ms, 1, take_value, a);
}

static bool is_sent(const char *metric, int64_t count) {
  const struct sent *s = sent_of(metric);
  return s->first >= 0 && s->newest == count;
}

/* Dispatches until the counter of the metric has this count. */
static void wait_sent(struct agent *a, const char *metric, int64_t count) {
  uint64_t until = gc_clock_now_ms() + DEADLINE_S * 1000;
  dispatch(a);
  while (!is_sent(metric, count) && gc_clock_now_ms() < until) {
    nanosleep(&pause, NULL);
    dispatch(a);
  }
  CHECK(is_sent(metric, count));
}

/* The next value of each metric counts as the first one. */
static void forget_first(void) {
  for (size_t i = 0; i < sent_count; i++)
    sent[i].first = -1;
}

static enum gc_code hand_in_one(struct agent *a,
                                const struct ledger_source *source,
                                const char *metric, unsigned number) {
  struct tracked t;
  rb_prepare(&t, a);
  t.batch.source = source;
  rb_put(&t, "c", metric, number, NOW, 0);
  enum gc_code code = rb_hand_in(&t);
  batch_clear(&t.batch);
  return code;
}

static void count_all(struct agent *a, const char *metric, unsigned from,
                      unsigned to) {
  for (unsigned i = from; i < to; i++)
    rb_count_one(a, metric, i, 1);
}

/* Starts Redis, agent 0 as the holder and agent 1 as the standby. */
static void begin_pair(struct agent *holder, struct agent *standby) {
  redis_server_start(&rb_server, NULL);
  begin_agent(holder, 0, GC_LEASE_HOLDER);
  begin_agent(standby, 1, GC_LEASE_STANDBY);
}

static void end_pair(struct agent *a, struct agent *b) {
  for (size_t i = 0; i < sent_count; i++)
    CHECK_INT(sent[i].falls, 0);
  CHECK_INT(a->forgotten.code, GC_OK); /* nothing is "lost" */
  CHECK_INT(b->forgotten.code, GC_OK);
  rb_end(a);
  rb_end(b);
  redis_server_end(&rb_server);
  sent_count = 0;
}

/* ---- a standby ---- */

static void a_standby_takes_no_identity_over(void) {
  struct agent a = {0}, b = {0};
  char owner[64];
  redis_server_start(&rb_server, NULL);
  begin_agent(&a, 0, GC_LEASE_HOLDER);
  count_all(&a, "A", 0, 2);
  snprintf(owner, sizeof(owner), "%s", redis_server_ask(&rb_server, OWNER));
  for (unsigned turn = 0; turn < 3; turn++) {
    if (turn > 0)
      rb_end(&b);
    begin_agent(&b, 1, GC_LEASE_STANDBY);
    CHECK_STR(redis_server_ask(&rb_server, OWNER), owner);
    CHECK_INT(hand_in_one(&a, &a.source, "A", 2 + turn), GC_OK);
  }
  wait_sent(&a, "A", 5);
  CHECK(ledger_is_healthy(b.ledger));
  CHECK_INT(rb_count_of(&b, "A"), -1);
  CHECK_INT(a.failed, 0);
  CHECK_INT(rb_report_of(&a.state).code, GC_OK);
  end_pair(&a, &b);
}

static void a_standby_counts_nothing(void) {
  struct agent a = {0}, b = {0};
  begin_pair(&a, &b);
  CHECK_INT(hand_in_one(&b, &b.source, "A", 1), GC_ERR_UNAVAILABLE);
  CHECK_INT(rb_report_of(&b.state).code,
            GC_OK); /* a change of the holder is no error */
  CHECK(ledger_is_healthy(b.ledger));
  CHECK_INT(hand_in_one(&a, &a.source, "A", 1), GC_OK);
  CHECK_INT(a.stats.outcomes[OUTCOME_COUNTED], 1);
  end_pair(&a, &b);
}

/* ---- a change of the holder ---- */

static void the_next_holder_begins_with_the_newest_counts(void) {
  struct agent a = {0}, b = {0};
  redis_server_start(&rb_server, NULL);
  begin_agent(&a, 0, GC_LEASE_HOLDER);
  count_all(&a, "A", 0, 3);
  wait_sent(&a, "A", 3);
  begin_agent(&b, 1, GC_LEASE_STANDBY);
  count_all(&a, "A", 3, 5);
  count_all(&a, "New", 10, 12);
  count_all(&a, "Unsent", 20, 21);
  wait_sent(&a, "A", 5);
  wait_sent(&a, "New", 2);
  forget_first();
  pass_lease(0, 1);
  dispatch(&a);
  wait_sent(&b, "A", 5);
  CHECK_INT(sent_of("A")->first, 5);
  wait_sent(&b, "New", 2);
  CHECK_INT(sent_of("New")->first, 2);
  wait_sent(&b, "Unsent", 1);
  rb_count_one(&b, "A", 5, 1);
  CHECK_INT(b.failed, 0);
  wait_sent(&b, "A", 6);
  CHECK_INT(rb_report_of(&b.state).code, GC_OK);
  end_pair(&a, &b);
}

static void a_former_holder_reads_the_counts_again(void) {
  struct agent a = {0}, b = {0};
  begin_pair(&a, &b);
  unsigned number = 0;
  for (unsigned turn = 0; turn < 4; turn++) {
    struct agent *holder = turn % 2 == 0 ? &a : &b;
    if (turn > 0)
      pass_lease((turn + 1) % 2, turn % 2);
    forget_first();
    if (turn > 0)
      wait_sent(holder, "A", number);
    CHECK(turn == 0 || sent_of("A")->first == number);
    count_all(holder, "A", number, number + 2);
    number += 2;
    wait_sent(holder, "A", number);
  }
  CHECK_INT(a.failed + b.failed, 0);
  CHECK_INT(rb_report_of(&a.state).code, GC_OK);
  CHECK_INT(rb_report_of(&b.state).code, GC_OK);
  end_pair(&a, &b);
}

/* The end of a test in which agent `a` restored what Redis had lost. */
static void end_restored(struct agent *a, struct agent *b) {
  CHECK_INT(a->forgotten.code, GC_ERR_STATE);
  a->forgotten.code = GC_OK;
  end_pair(a, b);
}

/* Redis is emptied between two terms of one agent, as a replica of an empty
 * server is. */
static void a_new_term_restores_counts_that_redis_lost(void) {
  struct agent a = {0}, b = {0};
  begin_pair(&a, &b);
  count_all(&a, "A", 0, 3);
  wait_sent(&a, "A", 3);
  set_state(0, GC_LEASE_STANDBY);
  CHECK_INT(hand_in_one(&a, &a.source, "A", 4), GC_ERR_UNAVAILABLE);
  CHECK_STR(redis_server_ask(&rb_server, "FLUSHALL"), "OK");
  forget_first();
  set_state(0, GC_LEASE_HOLDER);
  wait_sent(&a, "A", 3);
  CHECK_INT(sent_of("A")->first, 3); /* no 0 */
  rb_count_one(&a, "A", 4, 1);
  wait_sent(&a, "A", 4);
  end_restored(&a, &b);
}

/* Another agent has counted on meanwhile: its counts are the newer ones. */
static void a_new_term_takes_the_counts_of_another_agent(void) {
  struct agent a = {0}, b = {0};
  begin_pair(&a, &b);
  count_all(&a, "A", 0, 3);
  wait_sent(&a, "A", 3);
  pass_lease(0, 1);
  count_all(&b, "A", 3, 5);
  wait_sent(&b, "A", 5);
  pass_lease(1, 0);
  count_all(&a, "A", 5, 6);
  wait_sent(&a, "A", 6);
  end_pair(&a, &b);
}

static void retire_all(struct agent *a) {
  pthread_mutex_lock(&a->ledger->lock);
  CHECK_INT(series_retire_idle(&a->ledger->set, UINT32_MAX), 1);
  pthread_mutex_unlock(&a->ledger->lock);
}

/* The former holder has retired a series that the next one counted. */
static void a_series_that_retired_on_the_standby_is_dispatched_again(void) {
  struct agent a = {0}, b = {0};
  begin_pair(&a, &b);
  count_all(&a, "A", 0, 2);
  wait_sent(&a, "A", 2);
  forget_first();
  pass_lease(0, 1);
  wait_sent(&b, "A", 2);
  count_all(&b, "A", 2, 4);
  wait_sent(&b, "A", 4);
  retire_all(&a);
  CHECK_INT(ledger_count(a.ledger, "", NULL), 0);
  forget_first();
  pass_lease(1, 0);
  wait_sent(&a, "A", 4);
  CHECK_INT(sent_of("A")->first, 4);
  CHECK_INT(ledger_count(a.ledger, "", NULL), 1);
  end_pair(&a, &b);
}

/* A holder whose permission has ended does not know that another agent has the
 * lease: Redis refuses its counts. */
static void a_former_holder_that_is_refused_reports_no_error(void) {
  struct agent a = {0}, b = {0};
  begin_pair(&a, &b);
  count_all(&a, "A", 0, 2);
  wait_sent(&a, "A", 2);
  forget_first();
  set_state(0, GC_LEASE_BLIND);
  set_state(1, GC_LEASE_HOLDER);
  wait_sent(&b, "A", 2);
  CHECK_INT(hand_in_one(&a, &a.source, "A", 2), GC_ERR_UNAVAILABLE);
  CHECK_INT(rb_report_of(&a.state).code, GC_OK);
  CHECK_INT(hand_in_one(&a, &a.source, "A", 2), GC_ERR_UNAVAILABLE);
  CHECK_INT(hand_in_one(&b, &b.source, "A", 2), GC_OK);
  wait_sent(&b, "A", 3);
  set_state(0, GC_LEASE_STANDBY);
  CHECK_INT(hand_in_one(&a, &a.source, "A", 3), GC_ERR_UNAVAILABLE);
  CHECK_INT(b.failed, 0);
  CHECK_INT(rb_report_of(&a.state).code, GC_OK);
  end_pair(&a, &b);
}

/* The permission ends and comes back within a term, for example because Redis
 * did not answer: no other agent has counted. */
static void a_pause_of_the_permission_changes_nothing(void) {
  struct agent a = {0}, b = {0};
  char owner[64];
  begin_pair(&a, &b);
  count_all(&a, "A", 0, 2);
  snprintf(owner, sizeof(owner), "%s", redis_server_ask(&rb_server, OWNER));
  set_state(0, GC_LEASE_BLIND);
  CHECK_INT(hand_in_one(&a, &a.source, "A", 2), GC_OK);
  dispatch(&a);
  CHECK_INT(sent_count, 0);
  set_state(0, GC_LEASE_HOLDER);
  wait_sent(&a, "A", 3);
  CHECK_STR(redis_server_ask(&rb_server, OWNER), owner);
  end_pair(&a, &b);
}

/* owner, and count, sum, minute, labels and first 0 of one series */
static bool is_first_recorded(void) {
  return strcmp(redis_server_ask(&rb_server,
                                 "HLEN genesys:{flowmetrics}:count:pair/ivr"),
                "6") == 0;
}

static void wait_recorded(void) {
  uint64_t until = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (!is_first_recorded() && gc_clock_now_ms() < until)
    nanosleep(&pause, NULL);
  CHECK(is_first_recorded());
}

/* Redis ends before the first 0 is recorded, and answers again while the
 * permission is closed. The next holder must not send a 0 once more. */
static void a_first_zero_is_recorded_when_the_permission_is_back(void) {
  struct agent a = {0}, b = {0};
  begin_pair(&a, &b);
  count_all(&a, "A", 0, 2);
  redis_server_kill(&rb_server);
  dispatch(&a);
  set_state(0, GC_LEASE_BLIND);
  uint64_t until = gc_clock_now_ms() + DEADLINE_S * 1000;
  while (ledger_is_healthy(a.ledger) && gc_clock_now_ms() < until)
    nanosleep(&pause, NULL);
  redis_server_start(&rb_server, NULL);
  while (!ledger_is_healthy(a.ledger) && gc_clock_now_ms() < until)
    nanosleep(&pause, NULL);
  CHECK(ledger_is_healthy(a.ledger));
  nanosleep(&(struct timespec){.tv_sec = 1}, NULL); /* for a transaction */
  set_state(0, GC_LEASE_HOLDER);
  wait_sent(&a, "A", 2);
  wait_recorded();
  pass_lease(0, 1);
  wait_sent(&b, "A", 2);
  end_pair(&a, &b);
}

static void without_redis_the_next_holder_has_no_value(void) {
  struct agent a = {0}, b = {0};
  redis_server_start(&rb_server, NULL);
  begin_agent(&b, 1, GC_LEASE_HOLDER);
  count_all(&b, "A", 0, 2);
  wait_sent(&b, "A", 2);
  begin_agent(&a, 0, GC_LEASE_STANDBY);
  forget_first();
  pass_lease(1, 0);
  wait_sent(&a, "A", 2);
  count_all(&a, "A", 2, 4);
  wait_sent(&a, "A", 4);
  redis_server_kill(&rb_server);
  sent_count = 0;
  rb_forget_report(&b.state);
  pass_lease(0, 1);
  rb_wait_reported(&b.state);
  CHECK(rb_report_of(&b.state).code != GC_OK);
  dispatch(&b);
  CHECK_INT(sent_count, 0);
  redis_server_start(&rb_server, NULL);
  wait_sent(&b, "A", 4);
  CHECK_INT(sent_of("A")->first, 4);
  end_pair(&a, &b);
}

/* ---- other identities ---- */

static void the_blocks_of_a_host_change_together(void) {
  struct agent a = {0}, b = {0};
  begin_pair(&a, &b);
  struct ledger_source of_a = a.source, of_b = b.source;
  of_a.identity = of_b.identity = 0; /* the block "another" */
  CHECK_INT(hand_in_one(&a, &a.source, "A", 1), GC_OK);
  CHECK_INT(hand_in_one(&a, &of_a, "A", 2), GC_OK);
  wait_sent(&a, "A", 2);
  forget_first();
  pass_lease(0, 1);
  wait_sent(&b, "A", 2);
  CHECK_INT(hand_in_one(&b, &of_b, "A", 3), GC_OK);
  wait_sent(&b, "A", 3);
  forget_first();
  pass_lease(1, 0);
  wait_sent(&a, "A", 3);
  CHECK_INT(sent_of("A")->first, 3);
  CHECK_INT(hand_in_one(&a, &a.source, "A", 4), GC_OK);
  wait_sent(&a, "A", 4);
  end_pair(&a, &b);
}

static void an_account_without_a_lease_counts_on(void) {
  enum { TURNS = 10 };
  struct agent a = {.plain_host = "one"}, b = {.plain_host = "two"};
  begin_pair(&a, &b);
  for (unsigned turn = 0; turn < TURNS; turn++) {
    struct agent *holder = turn % 2 == 0 ? &a : &b;
    if (turn > 0)
      pass_lease((turn + 1) % 2, turn % 2);
    CHECK_INT(hand_in_one(&a, &a.plain, "P", 10 + turn), GC_OK);
    CHECK_INT(hand_in_one(&b, &b.plain, "Q", 100 + turn), GC_OK);
    rb_count_one(holder, "A", 1000 + turn, 1);
    wait_sent(&a, "P", turn + 1);
    wait_sent(&b, "Q", turn + 1);
    wait_sent(holder, "A", turn + 1);
  }
  CHECK_INT(a.failed + b.failed, 0);
  CHECK_INT(rb_report_of(&a.state).code, GC_OK);
  CHECK_INT(rb_report_of(&b.state).code, GC_OK);
  end_pair(&a, &b);
}

/* Counts A once, and prepares a batch of each account: of the one with the
 * lease and of the plain one. */
static void prepare_both(struct agent *a, struct tracked *ours,
                         struct tracked *plain) {
  rb_count_one(a, "A", 1, 1);
  rb_prepare(ours, a);
  rb_put(ours, "c", "A", 2, NOW, 1);
  rb_prepare(plain, a);
  plain->batch.source = &a->plain;
  rb_put(plain, "c", "P", 3, NOW, 1);
}

/* A batch of both accounts is in one transaction. */
static void a_lost_lease_fails_only_its_own_batches(void) {
  struct agent a = {.plain_host = "one"}, b = {0};
  struct tracked ours, plain;
  begin_pair(&a, &b);
  prepare_both(&a, &ours, &plain);
  pass_lease(0, 1);
  ledger_submit(a.ledger, &ours.batch);
  CHECK_INT(rb_hand_in(&plain), GC_OK);
  while (a.finished < 3)
    nanosleep(&pause, NULL);
  CHECK_INT(ours.code, GC_ERR_UNAVAILABLE);
  ours.agent = &b;
  ours.batch.source = &b.source; /* its source delivers it to the holder */
  rb_deliver(&ours);
  wait_sent(&b, "A", 2);
  wait_sent(&a, "P", 1);
  batch_clear(&ours.batch);
  batch_clear(&plain.batch);
  end_pair(&a, &b);
}

/* The agent does not know yet that another one has the lease: Redis refuses the
 * transaction with the batches of both accounts. */
static void a_refused_identity_fails_only_its_own_batches(void) {
  struct agent a = {.plain_host = "one"}, b = {0};
  struct tracked ours, plain;
  redis_server_start(&rb_server, NULL);
  begin_agent(&a, 0, GC_LEASE_HOLDER);
  begin_agent(&b, 1, GC_LEASE_STANDBY);
  prepare_both(&a, &ours, &plain);
  set_state(0, GC_LEASE_BLIND);
  set_state(1, GC_LEASE_HOLDER);
  wait_sent(&b, "A", 1);
  ledger_submit(a.ledger, &ours.batch);
  CHECK_INT(rb_hand_in(&plain), GC_OK);
  while (a.finished < 3)
    nanosleep(&pause, NULL);
  CHECK_INT(ours.code, GC_ERR_UNAVAILABLE);
  CHECK_INT(rb_report_of(&a.state).code, GC_OK);
  rb_count_one(&b, "A", 2, 1);
  wait_sent(&b, "A", 2);
  wait_sent(&a, "P", 1);
  batch_clear(&ours.batch);
  batch_clear(&plain.batch);
  end_pair(&a, &b);
}

static void an_agent_without_the_lease_option_is_reported(void) {
  struct agent a = {0}, other = {0};
  redis_server_start(&rb_server, NULL);
  begin_agent(&a, 0, GC_LEASE_HOLDER);
  rb_count_one(&a, "A", 1, 1);
  rb_begin(&other, rb_server.url, "pair", "ivr");
  rb_wait_reported(&other.state);
  CHECK_INT(hand_in_one(&a, &a.source, "A", 2), GC_ERR_STATE);
  struct gc_err report = rb_report_of(&a.state);
  CHECK_HAS(report.text, "Host \"pair\" and block \"another\"");
  CHECK_HAS(report.text, "the same LeaseURL");
  end_pair(&a, &other);
}

int main(void) {
  if (!rb_is_ready())
    return RB_SKIPPED;
  gates[0] = gc_lease_gate_make("one", "pair");
  gates[1] = gc_lease_gate_make("two", "pair");
  CHECK(gates[0] != NULL && gates[1] != NULL);
  RUN(a_standby_takes_no_identity_over);
  RUN(a_standby_counts_nothing);
  RUN(the_next_holder_begins_with_the_newest_counts);
  RUN(a_former_holder_reads_the_counts_again);
  RUN(a_new_term_restores_counts_that_redis_lost);
  RUN(a_new_term_takes_the_counts_of_another_agent);
  RUN(a_series_that_retired_on_the_standby_is_dispatched_again);
  RUN(a_former_holder_that_is_refused_reports_no_error);
  RUN(a_pause_of_the_permission_changes_nothing);
  RUN(a_first_zero_is_recorded_when_the_permission_is_back);
  RUN(without_redis_the_next_holder_has_no_value);
  RUN(the_blocks_of_a_host_change_together);
  RUN(an_account_without_a_lease_counts_on);
  RUN(a_lost_lease_fails_only_its_own_batches);
  RUN(a_refused_identity_fails_only_its_own_batches);
  RUN(an_agent_without_the_lease_option_is_reported);
  return check_done();
}
