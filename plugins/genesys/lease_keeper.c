/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setname_np */
#endif
#include "plugins/genesys/lease_keeper.h"

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/net/clock.h"
#include "common/net/redis/lease.h"
#include "common/net/thread.h"
#include "common/net/timing.h"

struct redis_lease {
  struct redis_lease_settings settings;
  struct gc_lease machine; /* of the thread */
  struct redis_link *link;
  struct gc_err err; /* the last failure; GC_OK: Redis answers */
  enum gc_lease_state reported;
  struct redis_lease_share share;
  bool pages_fail;          /* as reported */
  struct gc_err difference; /* likewise, of options; "": none */
  pthread_t thread;
  uint32_t reads;             /* of the gate, at the last round */
  uint64_t read_ms, round_ms; /* boot clock: when they changed, or the start;
                                 the last round */
  bool was_read; /* since the start; without it the agent does not ask for the
                    lease */
  bool is_stalled;
  pthread_mutex_t lock; /* guards the next three */
  pthread_cond_t ended;
  bool has_ended;
  bool is_left;    /* the thread hangs, and the stop did not wait for it: it
                      reports nothing more, and frees this at its end */
  int wake_fd;     /* readable: stop */
  int stop_fd;     /* readable: an answer has GC_REDIS_STOP_MS left */
  bool has_answer; /* Redis has answered since the start */
};

/* ---- the thread ---- */

static uint64_t random_owner(void) {
  return ((uint64_t)gc_random32() << 32 | gc_random32()) | 1;
}

static uint32_t stall_limit_ms(const struct redis_lease *l) {
  uint32_t valid_ms = l->settings.ttl_ms / GC_LEASE_PARTS * GC_LEASE_VALID;
  return valid_ms > GC_LEASE_STALL_MS ? valid_ms : GC_LEASE_STALL_MS;
}

/* Describes why this agent has no lease; GC_OK: the process ends. */
static void describe_end(const struct redis_lease *l, struct gc_err *err) {
  *err = (struct gc_err){.code = GC_OK};
  if (l->is_stalled)
    (void)gc_fail(err, GC_ERR_TIMEOUT,
                  "collectd has not read this account for %u s, so another "
                  "agent may dispatch: was the clock set back, or does a "
                  "plugin hang?",
                  stall_limit_ms(l) / 1000);
}

static void report_state(struct redis_lease *l) {
  enum gc_lease_state state = l->machine.state;
  if (state == l->reported)
    return;
  l->reported = state;
  gc_lease_book_go_on(l->share.book,
                      state == GC_LEASE_GOING_ON || l->pages_fail);
  struct gc_err err = l->err;
  if (state == GC_LEASE_ENDED)
    describe_end(l, &err);
  pthread_mutex_lock(&l->lock);
  if (!l->is_left)
    l->settings.report(l->settings.ctx, state, l->machine.fence, &err);
  pthread_mutex_unlock(&l->lock);
}

static void step_lease(struct redis_lease *l, const struct gc_lease_event *e) {
  gc_lease_step(&l->machine, e, gc_clock_boot_ms());
  GC_ASSERT(l->machine.state < GC_LEASE_STATE_COUNT);
  l->has_answer |= e->kind == GC_LEASE_ANSWER;
  gc_lease_gate_set(
      l->settings.gate,
      &(struct gc_lease_status){
          .state = l->machine.state,
          .fence = l->machine.known_fence,
          .answered_ms = l->has_answer ? l->machine.answered_ms : 0,
          .valid_until_ms = gc_lease_valid_until_ms(&l->machine),
      });
  report_state(l);
}

static void step_plain(struct redis_lease *l, enum gc_lease_event_kind kind) {
  step_lease(l, &(struct gc_lease_event){.kind = kind});
}

static enum gc_code open_link(struct redis_lease *l) {
  GC_TRY(redis_link_open(&l->settings.redis, l->stop_fd, &l->link, &l->err));
  return redis_lease_check_server(l->link, &l->err);
}

static enum gc_code request_record(struct redis_lease *l,
                                   const struct gc_lease_request *q,
                                   struct gc_lease_record *ret) {
  if (l->link == NULL)
    GC_TRY(open_link(l));
  return redis_lease_request(l->link, &l->share, q, ret, &l->err);
}

static void advise(struct redis_lease *l, const char *cause,
                   const struct gc_err *err) {
  pthread_mutex_lock(&l->lock);
  if (!l->is_left)
    l->settings.advise(l->settings.ctx, cause, err);
  pthread_mutex_unlock(&l->lock);
}

/* A page that fails holds back no value: its counters are dispatched although
 * Redis does not have them. */
static void follow_pages(struct redis_lease *l) {
  const struct gc_err *err = &l->share.page_err;
  bool fail = err->code != GC_OK;
  if (fail || l->pages_fail)
    advise(l, "pages", err);
  if (fail != l->pages_fail)
    gc_lease_book_go_on(l->share.book,
                        fail || l->machine.state == GC_LEASE_GOING_ON);
  l->pages_fail = fail;
}

static const char *word_of_lost(bool goes_on) {
  return goes_on ? "go on" : "stop";
}

/* Compares the options of the agent that has the lease with those of this one.
 * A record of an earlier version tells none. */
static void compare_options(struct redis_lease *l,
                            const struct gc_lease_record *r) {
  const struct redis_lease_settings *s = &l->settings;
  struct gc_err err = {.code = GC_OK};
  const struct redis_lease_terms *seen = &l->share.seen;
  if (r->owner == 0 || r->owner == l->machine.owner || seen->ttl_ms == 0)
    return;
  if (seen->ttl_ms != s->ttl_ms || seen->replicas != s->replicas ||
      seen->goes_on != s->goes_on)
    (void)gc_fail(&err, GC_ERR_CONFIG,
                  "the agent that has the lease has LeaseTTL %u, LeaseReplicas "
                  "%u, LeaseLost \"%s\", and this one %u, %u, \"%s\"; this one "
                  "waits by the longer LeaseTTL: give all agents the same",
                  (unsigned)(seen->ttl_ms / 1000), (unsigned)seen->replicas,
                  word_of_lost(seen->goes_on), (unsigned)(s->ttl_ms / 1000),
                  s->replicas, word_of_lost(s->goes_on));
  if (err.code != GC_OK && strcmp(err.text, l->difference.text) != 0)
    advise(l, "options", &err);
  l->difference = err;
}

static void send_request(struct redis_lease *l,
                         const struct gc_lease_request *q) {
  struct gc_lease_event e = {.kind = GC_LEASE_ANSWER};
  if (request_record(l, q, &e.record) == GC_OK) {
    l->err = (struct gc_err){.code = GC_OK};
    follow_pages(l);
    compare_options(l, &e.record);
    e.ttl_ms = l->share.seen.ttl_ms;
  } else {
    e.kind = GC_LEASE_NO_ANSWER;
    redis_link_close(l->link);
    l->link = NULL;
  }
  step_lease(l, &e);
}

/* Waits for the stop until the next request or tick. */
static bool wait_for_stop(struct redis_lease *l) {
  uint64_t now_ms = gc_clock_boot_ms();
  uint64_t wait_ms = l->settings.ttl_ms / GC_LEASE_PARTS / 2;
  bool has_next = l->was_read && l->machine.state != GC_LEASE_ENDED;
  if (has_next && l->machine.due_ms <= now_ms)
    wait_ms = 0;
  else if (has_next && l->machine.due_ms - now_ms < wait_ms)
    wait_ms = l->machine.due_ms - now_ms;
  struct pollfd fd = {.fd = l->wake_fd, .events = POLLIN};
  return poll(&fd, 1, (int)wait_ms) > 0;
}

/* Notes whether the readings stand still while this thread runs. The init of
 * another plugin may last long or hang, so the agent asks for the lease when
 * the first reading has come. Only a reading ends a stall. */
static void follow_reads(struct redis_lease *l) {
  uint64_t now_ms = gc_clock_boot_ms();
  uint32_t reads = gc_lease_gate_reads(l->settings.gate);
  bool has_slept =
      now_ms - l->round_ms > l->settings.ttl_ms / GC_LEASE_PARTS * GC_LEASE_GAP;
  if (reads != l->reads || (has_slept && !l->is_stalled))
    l->read_ms = now_ms;
  l->was_read |= reads != l->reads;
  l->is_stalled = now_ms - l->read_ms > stall_limit_ms(l);
  l->reads = reads;
  l->round_ms = now_ms;
}

static void begin_lease(struct redis_lease *l) {
  uint64_t known_fence = l->machine.known_fence;
  gc_lease_init(&l->machine, l->settings.ttl_ms, l->settings.goes_on,
                random_owner(), gc_clock_boot_ms());
  l->machine.known_fence = known_fence;
}

static void send_due(struct redis_lease *l) {
  struct gc_lease_request q;
  if (gc_lease_next(&l->machine, gc_clock_boot_ms(), gc_random32(), &q))
    send_request(l, &q);
}

static void run_round(struct redis_lease *l) {
  bool is_jump = gc_lease_gate_check_clocks(l->settings.gate);
  bool was_read = l->was_read;
  follow_reads(l);
  /* The time without an answer begins with the first request. */
  if (!l->is_stalled &&
      (l->machine.state == GC_LEASE_ENDED || l->was_read != was_read))
    begin_lease(l);
  step_plain(l, l->is_stalled ? GC_LEASE_STOP
                : is_jump     ? GC_LEASE_RESUMED
                              : GC_LEASE_TICK);
  if (l->was_read)
    send_due(l);
}

static void free_lease(struct redis_lease *l) {
  if (l->wake_fd >= 0)
    close(l->wake_fd);
  if (l->stop_fd >= 0)
    close(l->stop_fd);
  pthread_cond_destroy(&l->ended);
  pthread_mutex_destroy(&l->lock);
  free(l);
}

static void end_thread(struct redis_lease *l) {
  pthread_mutex_lock(&l->lock);
  l->has_ended = true;
  bool is_left = l->is_left;
  pthread_cond_signal(&l->ended);
  pthread_mutex_unlock(&l->lock);
  if (is_left)
    free_lease(l);
}

static void *run_lease(void *ctx) {
  struct redis_lease *l = ctx;
  pthread_setname_np(pthread_self(), "gc-lease");
  while (!wait_for_stop(l))
    run_round(l);
  l->is_stalled = false;
  step_plain(l, GC_LEASE_STOP);
  while (l->machine.state != GC_LEASE_ENDED)
    send_due(l);
  redis_link_close(l->link);
  end_thread(l);
  return NULL;
}

/* ---- start and stop ---- */

enum gc_code redis_lease_start(const struct redis_lease_settings *s,
                               struct redis_lease **ret, struct gc_err *err) {
  GC_ASSERT(s->gate != NULL && s->report != NULL && s->advise != NULL);
  struct redis_lease *l = gc_zalloc(1, sizeof(*l));
  pthread_mutex_init(&l->lock, NULL);
  gc_clock_cond_init(&l->ended);
  l->settings = *s;
  l->share = (struct redis_lease_share){.name = s->name,
                                        .book = gc_lease_gate_book(s->gate)};
  l->reported = GC_LEASE_STATE_COUNT;
  l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  l->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  begin_lease(l);
  l->reads = gc_lease_gate_reads(s->gate);
  l->read_ms = l->round_ms = gc_clock_boot_ms();
  /* Connection, log-in and request have a limit each. */
  l->settings.redis.use = REDIS_LEASE;
  l->settings.redis.answer_ms = gc_lease_timeout_ms(&l->machine) / 2;
  l->share.terms = (struct redis_lease_terms){
      .ttl_ms = s->ttl_ms, .replicas = s->replicas, .goes_on = s->goes_on};
  l->share.wait_ms = l->settings.redis.answer_ms / 2;
  (void)gc_lease_gate_check_clocks(s->gate);
  if (l->wake_fd < 0 || l->stop_fd < 0 ||
      gc_thread_start(&l->thread, run_lease, l) != 0) {
    free_lease(l);
    return gc_fail(err, GC_ERR_MEMORY, "no descriptor or thread is left");
  }
  *ret = l;
  return GC_OK;
}

/* False: the thread hangs, on the disk of the password or of the authorities of
 * TLS, or on two requests to a Redis that hangs, and is left behind. */
static bool wait_for_end(struct redis_lease *l) {
  const struct timespec end =
      gc_clock_timespec(gc_clock_bound(GC_LEASE_STOP_MS));
  pthread_mutex_lock(&l->lock);
  while (!l->has_ended &&
         pthread_cond_timedwait(&l->ended, &l->lock, &end) == 0)
    ;
  bool has_ended = l->has_ended;
  l->is_left = !has_ended;
  if (l->is_left)
    pthread_detach(l->thread);
  pthread_mutex_unlock(&l->lock);
  return has_ended;
}

void redis_lease_stop(struct redis_lease *l) {
  if (l == NULL)
    return;
  (void)!eventfd_write(l->wake_fd, 1);
  (void)!eventfd_write(l->stop_fd, 1);
  if (wait_for_end(l)) {
    pthread_join(l->thread, NULL);
    free_lease(l);
  }
}
