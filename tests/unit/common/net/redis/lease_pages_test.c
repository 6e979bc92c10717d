/* SPDX-License-Identifier: MIT */
/* A counter that passes between random holders through a real Redis: agents are
 * killed, paused and cut off, and answers are lost. Their clock is a number.
 * The truth is a list of facts with times; what an agent dispatches must be the
 * number of facts up to the `until` that it stored. */
#include "common/net/redis/lease.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "tests/support/check.h"
#include "tests/support/redis_server.h"

enum {
  SKIPPED = 77,
  TTL = 15000,
  AGENTS = 3,
  STEP_MS = 100,
  LIFE_MS = 240000,
  LIVES = 25,
  FACTS = LIFE_MS / STEP_MS * 2,
  ANSWER_MS = 5000,
};

static struct redis_server server;
static struct redis_settings settings;
static int stop_fds[2];

struct agent {
  struct gc_lease l;
  struct redis_link *link;
  struct redis_lease_share share;
  struct gc_lease_page *page;
  uint64_t fence;         /* of the lease under which it counts; 0: none */
  uint64_t base, base_ms; /* the stored count, and the time of its end */
  uint64_t version, number, until_ms;
  bool is_pending;
  uint64_t shown, shown_until_ms; /* confirmed */
  uint64_t silent_until_ms, cut_until_ms;
};

struct world {
  uint64_t now_ms, owners;
  uint32_t random;
  uint64_t facts_ms[FACTS];
  unsigned facts;
  struct agent agents[AGENTS];
  uint64_t shown, last_owner;
  unsigned dispatched, changes, late;
};

static uint32_t random_to(struct world *w, uint32_t max) {
  w->random = w->random * 1664525u + 1013904223u;
  return (w->random >> 8) % (max + 1);
}

static uint64_t facts_up_to(const struct world *w, uint64_t at_ms) {
  uint64_t n = 0;
  while (n < w->facts && w->facts_ms[n] <= at_ms)
    n++;
  return n;
}

/* ---- the start and end of an agent ---- */

static void end_agent(struct agent *a) {
  redis_link_close(a->link);
  gc_lease_book_free(a->share.book);
  *a = (struct agent){.link = NULL};
}

static void start_agent(struct world *w, struct agent *a) {
  end_agent(a);
  a->share =
      (struct redis_lease_share){.name = "prod", .book = gc_lease_book_new()};
  a->page = gc_lease_book_page(a->share.book, "queues");
  CHECK(a->page != NULL);
  gc_lease_init(&a->l, TTL, false, ++w->owners, w->now_ms);
}

static uint64_t read_number(const struct gc_buf *fields, const char *name) {
  const char *field, *text;
  size_t at = 0;
  while (gc_fields_next(fields, &at, &field, &text))
    if (strcmp(field, name) == 0)
      return strtoull(text, NULL, 10);
  return 0;
}

/* Begins to count with the count that the former holder has stored. */
static void begin_term(struct agent *a, uint64_t fence) {
  struct gc_buf fields = {.max = 1000};
  CHECK_INT(gc_lease_page_copy(a->page, &fields), GC_OK);
  a->base = read_number(&fields, "count");
  a->base_ms = read_number(&fields, "until");
  a->shown = a->base;
  a->shown_until_ms = a->base_ms;
  a->is_pending = false;
  a->fence = fence;
  gc_buf_clear(&fields);
}

static void store_count(struct world *w, struct agent *a) {
  struct gc_buf fields = {.max = 1000};
  char text[32];
  a->until_ms = w->now_ms;
  a->number =
      a->base + facts_up_to(w, a->until_ms) - facts_up_to(w, a->base_ms);
  snprintf(text, sizeof(text), "%" PRIu64, a->number);
  CHECK_INT(gc_fields_add(&fields, "count", text), GC_OK);
  snprintf(text, sizeof(text), "%" PRIu64, a->until_ms);
  CHECK_INT(gc_fields_add(&fields, "until", text), GC_OK);
  a->is_pending = gc_lease_page_write(a->page, a->fence, &fields, true,
                                      &a->version) == GC_OK;
  gc_buf_clear(&fields);
}

static void count_facts(struct world *w, struct agent *a) {
  uint64_t fence = gc_lease_page_fence(a->page);
  if (fence != a->fence && fence != 0)
    begin_term(a, fence);
  a->fence = fence;
  if (fence == 0)
    return;
  if (a->is_pending && gc_lease_page_has(a->page, a->version)) {
    a->shown = a->number;
    a->shown_until_ms = a->until_ms;
    a->is_pending = false;
  }
  if (!a->is_pending)
    store_count(w, a);
}

static void dispatch_count(struct world *w, struct agent *a) {
  if (a->fence == 0 || gc_lease_valid_until_ms(&a->l) <= w->now_ms)
    return;
  CHECK_THAT(a->shown >= w->shown, "%" PRIu64 " falls to %" PRIu64, w->shown,
             a->shown);
  CHECK_THAT(a->shown == facts_up_to(w, a->shown_until_ms),
             "%" PRIu64 " of %" PRIu64 " facts", a->shown,
             facts_up_to(w, a->shown_until_ms));
  w->shown = a->shown;
  w->dispatched++;
  w->changes += w->last_owner != a->l.owner;
  w->last_owner = a->l.owner;
}

/* ---- requests ---- */

/* Keeps the server busy, so that the next request is executed after its
 * time-out. The caller reads the answer. */
static redisContext *begin_busy(void) {
  redisContext *c = redisConnectUnix(server.socket);
  int done = 0;
  CHECK(c != NULL && c->err == 0);
  CHECK_INT(redisAppendCommand(
                c, "EVAL %s 0",
                "local n = 0 for i = 1, 800000 do n = n + i end return n"),
            REDIS_OK);
  while (!done)
    CHECK_INT(redisBufferWrite(c, &done), REDIS_OK);
  return c;
}

static void end_busy(redisContext *c) {
  void *reply = NULL;
  CHECK_INT(redisGetReply(c, &reply), REDIS_OK);
  freeReplyObject(reply);
  redisFree(c);
}

static enum gc_code send_request(struct world *w, struct agent *a,
                                 const struct gc_lease_request *q,
                                 struct gc_lease_record *ret) {
  struct gc_err err = {.code = GC_OK};
  bool is_late = random_to(w, 14) == 0;
  if (a->link == NULL)
    CHECK_INT(redis_link_open(&settings, stop_fds[0], &a->link, &err), GC_OK);
  if (!is_late && random_to(w, 39) == 0) /* it will never be executed */
    (void)redis_server_ask(&server, "CLIENT KILL TYPE normal SKIPME yes");
  redisContext *busy = is_late ? begin_busy() : NULL;
  settings.answer_ms = is_late ? 1 : ANSWER_MS;
  enum gc_code code = redis_lease_request(a->link, &a->share, q, ret, &err);
  settings.answer_ms = ANSWER_MS;
  if (code != GC_OK) {
    redis_link_close(a->link);
    a->link = NULL;
    w->late++;
  }
  if (busy != NULL)
    end_busy(busy);
  return code;
}

static void run_agent(struct world *w, struct agent *a) {
  struct gc_lease_request q;
  struct gc_lease_event e = {.kind = GC_LEASE_TICK};
  gc_lease_step(&a->l, &e, w->now_ms);
  if (gc_lease_next(&a->l, w->now_ms, random_to(w, UINT16_MAX) << 16, &q)) {
    bool is_cut = w->now_ms < a->cut_until_ms;
    e.kind = !is_cut && send_request(w, a, &q, &e.record) == GC_OK
                 ? GC_LEASE_ANSWER
                 : GC_LEASE_NO_ANSWER;
    gc_lease_step(&a->l, &e, w->now_ms);
  }
  count_facts(w, a);
  dispatch_count(w, a);
}

static void disturb_world(struct world *w) {
  struct agent *a = &w->agents[random_to(w, AGENTS - 1)];
  uint64_t until_ms = w->now_ms + random_to(w, 30000);
  switch (random_to(w, 3)) {
  case 0:
    start_agent(w, a);
    break;
  case 1:
    a->silent_until_ms = until_ms; /* SIGSTOP */
    break;
  case 2:
    a->cut_until_ms = until_ms;
    break;
  default:
    gc_lease_step(&a->l, &(struct gc_lease_event){.kind = GC_LEASE_STOP},
                  w->now_ms);
    break;
  }
}

static void run_world(struct world *w) {
  for (unsigned i = 0; i < AGENTS; i++)
    start_agent(w, &w->agents[i]);
  for (uint64_t end_ms = w->now_ms + LIFE_MS; w->now_ms < end_ms;
       w->now_ms += STEP_MS) {
    if (random_to(w, 99) == 0)
      disturb_world(w);
    for (unsigned n = random_to(w, 2); n > 0; n--)
      w->facts_ms[w->facts++] = w->now_ms;
    for (unsigned i = 0; i < AGENTS; i++) {
      struct agent *a = &w->agents[i];
      if (a->l.state == GC_LEASE_ENDED)
        start_agent(w, a);
      if (w->now_ms >= a->silent_until_ms)
        run_agent(w, a);
    }
  }
  for (unsigned i = 0; i < AGENTS; i++)
    end_agent(&w->agents[i]);
}

static void start_server(void) {
  struct gc_err err = {.code = GC_OK};
  redis_server_start(&server, "appendfsync no");
  settings = (struct redis_settings){.answer_ms = ANSWER_MS};
  CHECK_INT(redis_url_parse(server.url, &settings.url, &err), GC_OK);
}

static void a_count_never_falls_and_has_each_fact_once(void) {
  unsigned changes = 0, dispatched = 0, late = 0;
  start_server();
  for (unsigned seed = 1; seed <= LIVES && check_failed == 0; seed++) {
    struct world *w = calloc(1, sizeof(*w));
    CHECK(w != NULL);
    w->random = seed * 2654435769u;
    w->now_ms = 1000;
    run_world(w);
    changes += w->changes;
    dispatched += w->dispatched;
    late += w->late;
    free(w);
    CHECK_STR(redis_server_ask(&server, "FLUSHALL"), "OK");
  }
  printf("%u values, %u changes of the holder, %u requests without an answer\n",
         dispatched, changes, late);
  CHECK(changes > LIVES * 3);
  CHECK(late > 5);
  redis_server_end(&server);
}

/* ---- a Redis that lost data ---- */

static struct world *begin_world(void) {
  struct world *w = calloc(1, sizeof(*w));
  CHECK(w != NULL);
  start_server();
  w->now_ms = 1000;
  start_agent(w, &w->agents[0]);
  return w;
}

static void end_world(struct world *w) {
  for (unsigned i = 0; i < AGENTS; i++)
    end_agent(&w->agents[i]);
  free(w);
  redis_server_end(&server);
}

static void run_for(struct world *w, uint32_t ms) {
  for (uint64_t end_ms = w->now_ms + ms; w->now_ms < end_ms;
       w->now_ms += STEP_MS) {
    w->facts_ms[w->facts++] = w->now_ms;
    for (unsigned i = 0; i < AGENTS; i++)
      if (w->agents[i].l.owner != 0 &&
          w->now_ms >= w->agents[i].silent_until_ms)
        run_agent(w, &w->agents[i]);
  }
}

/* A field that does not change is written only when it was lost. */
static void write_constant(struct agent *a) {
  struct gc_buf fields = {.max = 1000};
  CHECK_INT(gc_fields_add(&fields, "constant", "5"), GC_OK);
  struct gc_lease_page *p = gc_lease_book_page(a->share.book, "flows");
  CHECK_INT(gc_lease_page_write(p, gc_lease_page_fence(p), &fields, true,
                                &a->version),
            GC_OK);
  gc_buf_clear(&fields);
}

/* Waits for the field in Redis. On a busy machine an answer may come too late,
 * and the next renewal writes it. */
static void await_field(struct world *w, const char *text) {
  const char *found = "none yet";
  for (int i = 0; i < 30 && strcmp(found, text) != 0; i++) {
    run_for(w, 1000);
    found =
        redis_server_ask(&server, "HGET genesys:{lease}:prod/flows constant");
  }
  CHECK_STR(found, text);
}

static void await_constant(struct world *w) { await_field(w, "5"); }

static void an_emptied_redis_gets_all_again(void) {
  struct world *w = begin_world();
  struct agent *a = &w->agents[0];
  CHECK(gc_lease_book_page(a->share.book, "flows") != NULL);
  run_for(w, 20000);
  CHECK_INT(a->l.state, GC_LEASE_HOLDER);
  write_constant(a);
  await_constant(w);
  CHECK_STR(redis_server_ask(&server, "FLUSHALL"), "OK");
  await_constant(w);
  CHECK_INT(a->l.fence, 1);
  end_world(w);
}

/* A failover to a replica that was behind. */
static void fields_that_a_failover_lost_are_written_again(void) {
  struct world *w = begin_world();
  struct agent *a = &w->agents[0];
  char beat[64], command[128];
  CHECK(gc_lease_book_page(a->share.book, "flows") != NULL);
  run_for(w, 20000);
  snprintf(beat, sizeof(beat), "%s",
           redis_server_ask(&server, "HGET genesys:{lease}:prod beat"));
  write_constant(a);
  run_for(w, 3000);
  snprintf(command, sizeof(command), "HSET genesys:{lease}:prod beat %s", beat);
  CHECK_STR(redis_server_ask(&server, command), "0");
  CHECK_STR(redis_server_ask(&server, "DEL genesys:{lease}:prod/flows"), "1");
  await_constant(w);
  end_world(w);
}

/* The holder was blind meanwhile, so it observes before it renews. */
static void a_blind_holder_writes_lost_fields_again(void) {
  struct world *w = begin_world();
  struct agent *a = &w->agents[0];
  CHECK(gc_lease_book_page(a->share.book, "flows") != NULL);
  run_for(w, 20000);
  write_constant(a);
  await_constant(w);
  a->cut_until_ms = w->now_ms + 20000;
  run_for(w, 20000);
  CHECK_INT(a->l.state, GC_LEASE_BLIND);
  CHECK_STR(redis_server_ask(&server, "HSET genesys:{lease}:prod beat 1"), "0");
  CHECK_STR(redis_server_ask(&server, "DEL genesys:{lease}:prod/flows"), "1");
  await_constant(w);
  CHECK_INT(a->l.fence, 1);
  end_world(w);
}

/* Redis removed the field before the failover, and the replica still has it. */
static void a_removed_field_does_not_come_back(void) {
  struct world *w = begin_world();
  struct agent *a = &w->agents[0];
  struct gc_buf none = {.max = 1};
  struct gc_lease_page *p = gc_lease_book_page(a->share.book, "flows");
  CHECK(p != NULL);
  run_for(w, 20000);
  write_constant(a);
  await_constant(w);
  CHECK_INT(
      gc_lease_page_write(p, gc_lease_page_fence(p), &none, true, &a->version),
      GC_OK);
  await_field(w, "");
  CHECK_STR(redis_server_ask(&server, "HSET genesys:{lease}:prod beat 1"), "0");
  CHECK_STR(
      redis_server_ask(&server, "HSET genesys:{lease}:prod/flows constant 5"),
      "1");
  await_field(w, "");
  end_world(w);
}

/* The first renewal after the failover is executed, but its answer is lost: the
 * next one finds a record that is as new as the agent expects. */
static void a_lost_answer_hides_no_loss(void) {
  struct world *w = begin_world();
  struct agent *a = &w->agents[0];
  struct gc_err err = {.code = GC_OK};
  struct gc_lease_record record;
  CHECK(gc_lease_book_page(a->share.book, "flows") != NULL);
  run_for(w, 20000);
  write_constant(a);
  await_constant(w);
  CHECK_STR(redis_server_ask(&server, "HSET genesys:{lease}:prod beat 1"), "0");
  CHECK_STR(redis_server_ask(&server, "DEL genesys:{lease}:prod/flows"), "1");
  struct gc_lease_request q = {.verb = GC_LEASE_RENEW,
                               .owner = a->l.owner,
                               .beat = a->l.beat,
                               .fence = a->l.fence};
  struct redis_lease_share unanswered = a->share;
  unanswered.book = NULL;
  if (a->link == NULL)
    CHECK_INT(redis_link_open(&settings, stop_fds[0], &a->link, &err), GC_OK);
  CHECK_INT(redis_lease_request(a->link, &unanswered, &q, &record, &err),
            GC_OK);
  CHECK(record.beat == q.beat);
  await_constant(w);
  end_world(w);
}

static void a_renewal_that_failed_is_repeated(void) {
  struct world *w = begin_world();
  struct agent *a = &w->agents[0];
  CHECK(gc_lease_book_page(a->share.book, "flows") != NULL);
  run_for(w, 20000);
  write_constant(a);
  CHECK_STR(redis_server_ask(&server, "CLIENT KILL TYPE normal SKIPME yes"),
            "1");
  await_constant(w);
  end_world(w);
}

static void a_late_renewal_writes_no_page(void) {
  struct world *w = begin_world();
  struct agent *a = &w->agents[0], *b = &w->agents[1];
  struct gc_err err = {.code = GC_OK};
  struct gc_lease_record record;
  CHECK(gc_lease_book_page(a->share.book, "flows") != NULL);
  run_for(w, 20000);
  write_constant(a);
  struct gc_lease_request q = {
      .verb = GC_LEASE_RENEW, .owner = a->l.owner, .beat = 1000, .fence = 1};
  a->silent_until_ms = UINT64_MAX;
  start_agent(w, b);
  run_for(w, 30000);
  CHECK_INT(b->l.state, GC_LEASE_HOLDER);
  CHECK_INT(redis_lease_request(a->link, &a->share, &q, &record, &err), GC_OK);
  CHECK(record.owner == b->l.owner);
  CHECK_STR(
      redis_server_ask(&server, "HGET genesys:{lease}:prod/flows constant"),
      "");
  CHECK_INT(gc_lease_page_fence(a->page), 0);
  end_world(w);
}

static void a_page_of_another_program_costs_no_lease(void) {
  struct world *w = begin_world();
  CHECK_STR(redis_server_ask(&server, "SET genesys:{lease}:prod/queues x"),
            "OK");
  run_for(w, 20000);
  CHECK_INT(w->agents[0].l.state, GC_LEASE_HOLDER);
  CHECK_HAS(w->agents[0].share.page_err.text, "WRONGTYPE");
  CHECK_STR(redis_server_ask(&server, "DEL genesys:{lease}:prod/queues"), "1");
  run_for(w, 3000);
  CHECK_INT(w->agents[0].share.page_err.code, GC_OK);
  CHECK_STR(redis_server_ask(&server, "TYPE genesys:{lease}:prod/queues"),
            "hash");
  end_world(w);
}

int main(void) {
  if (!redis_is_installed() || pipe(stop_fds) != 0)
    return SKIPPED;
  signal(SIGPIPE, SIG_IGN); /* as in collectd */
  RUN(a_count_never_falls_and_has_each_fact_once);
  RUN(an_emptied_redis_gets_all_again);
  RUN(fields_that_a_failover_lost_are_written_again);
  RUN(a_blind_holder_writes_lost_fields_again);
  RUN(a_removed_field_does_not_come_back);
  RUN(a_lost_answer_hides_no_loss);
  RUN(a_renewal_that_failed_is_repeated);
  RUN(a_late_renewal_writes_no_page);
  RUN(a_page_of_another_program_costs_no_lease);
  return check_done();
}
