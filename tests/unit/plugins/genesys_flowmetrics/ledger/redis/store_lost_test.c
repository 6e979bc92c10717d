/* SPDX-License-Identifier: MIT */
/* Agents that count together in a real Redis: the counts after lost
 * connections, lost answers, crashes and a stop. */
#include "tests/support/redis_bench.h"

#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "common/net/clock.h"
#include "tests/support/check.h"
#include "tests/support/deadline.h"
#include "tests/support/resolver.h"

enum { BATCHES = 60, MARKS_EACH = 40 };

static bool send_batch(struct agent *agent, unsigned nth) {
  struct tracked t;
  rb_prepare(&t, agent);
  for (unsigned k = 0; k < MARKS_EACH; k++)
    rb_put(&t, "c", k % 2 ? "A" : "B", nth * MARKS_EACH + k, NOW, 1);
  bool taken = rb_try_deliver(&t);
  batch_clear(&t.batch);
  return taken;
}

/* One agent sends from the front, the other from the back. */
static void *send_all(void *arg) {
  bool backwards = ((struct agent *)arg)->backwards;
  for (unsigned i = 0; i < BATCHES; i++)
    if (!send_batch(arg, backwards ? BATCHES - 1 - i : i))
      return arg;
  return NULL;
}

/* Both agents receive all batches, each one until it is committed, while
 * connections are cut and the server crashes. */
static void lost_answers_change_no_total(void) {
  struct agent a = {0}, b = {.backwards = true};
  pthread_t threads[2];
  struct agent *agents[] = {&a, &b};
  const struct timespec pause = {.tv_nsec = 15000000};
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_begin(&b, rb_server.url, "two", "ivr");
  /* A busy host may run one thread after the other. */
  CHECK(send_batch(&a, 0) && send_batch(&b, BATCHES - 1));
  for (int i = 0; i < 2; i++)
    CHECK_INT(pthread_create(&threads[i], NULL, send_all, agents[i]), 0);
  for (unsigned i = 0; i < 12; i++) {
    nanosleep(&pause, NULL); /* so that connections break at any time */
    if (i % 4 == 3) {
      redis_server_kill(&rb_server);
      redis_server_start(&rb_server, NULL);
    } else
      redis_server_ask(&rb_server, "CLIENT KILL TYPE normal SKIPME yes");
  }
  for (int i = 0; i < 2; i++) {
    void *given_up = NULL;
    pthread_join(threads[i], &given_up);
    CHECK(given_up == NULL);
  }
  CHECK(rb_count_of(&a, "A") > 0 && rb_count_of(&b, "A") > 0);
  CHECK_INT(rb_count_of(&a, "A") + rb_count_of(&b, "A"),
            BATCHES * MARKS_EACH / 2);
  CHECK_INT(rb_count_of(&a, "B") + rb_count_of(&b, "B"),
            BATCHES * MARKS_EACH / 2);
  CHECK_REAL(rb_view_of(&a, "A").sum + rb_view_of(&b, "A").sum,
             BATCHES * MARKS_EACH / 2);
  CHECK_INT(a.forgotten.code, GC_OK);
  CHECK_INT(b.forgotten.code, GC_OK);
  rb_end(&a);
  rb_end(&b);
  redis_server_end(&rb_server);
}

/* A proxy between an agent and the server. It passes requests on; with
 * `swallows` it drops the answer and cuts the connection. */
static struct {
  char socket[96], url[128];
  int listener;
  pthread_t thread;
  _Atomic bool swallows, ends;
  _Atomic unsigned swallowed;
} between;

static bool hand_on(int from, int to, bool is_answer) {
  char bytes[65536];
  ssize_t len = read(from, bytes, sizeof(bytes));
  if (len > 0 && is_answer && between.swallows) {
    between.swallows = false;
    between.swallowed++;
    return false;
  }
  return len > 0 && write(to, bytes, (size_t)len) == len;
}

static void *pump_bytes(void *unused) {
  (void)unused;
  while (!between.ends) {
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int agent = accept(between.listener, NULL, NULL);
    int redis = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof(at.sun_path), "%s", rb_server.socket);
    bool lives =
        agent >= 0 && connect(redis, (struct sockaddr *)&at, sizeof(at)) == 0;
    struct pollfd fds[] = {{.fd = agent, .events = POLLIN},
                           {.fd = redis, .events = POLLIN}};
    while (lives && poll(fds, 2, -1) > 0)
      lives = (fds[0].revents == 0 || hand_on(agent, redis, false)) &&
              (fds[1].revents == 0 || hand_on(redis, agent, true));
    close(agent);
    close(redis);
  }
  return NULL;
}

static void step_between(void) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  snprintf(between.socket, sizeof(between.socket), "%s/between",
           rb_server.folder);
  snprintf(between.url, sizeof(between.url), "unix://%s", between.socket);
  snprintf(at.sun_path, sizeof(at.sun_path), "%s", between.socket);
  between.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK_INT(bind(between.listener, (struct sockaddr *)&at, sizeof(at)), 0);
  CHECK_INT(listen(between.listener, 8), 0);
  CHECK_INT(pthread_create(&between.thread, NULL, pump_bytes, NULL), 0);
}

static void step_aside(void) {
  between.ends = true;
  shutdown(between.listener, SHUT_RDWR);
  pthread_join(between.thread, NULL);
  close(between.listener);
}

/* The server counted it, but the agent got no answer: the queue delivers it
 * again, as a duplicate. The counter must include it. */
static void a_lost_answer_loses_no_count(void) {
  struct agent a = {0};
  struct tracked t;
  redis_server_start(&rb_server, NULL);
  step_between();
  rb_begin(&a, between.url, "one", "ivr");
  rb_count_one(&a, "A", 1, 0.5);
  rb_prepare(&t, &a);
  rb_put(&t, "c", "A", 2, NOW, 0.25);
  rb_put(&t, "c", "A", 3, NOW, 0.25);
  between.swallows = true;
  CHECK_INT(rb_hand_in(&t), GC_ERR_NETWORK);
  CHECK_INT(between.swallowed, 1);
  rb_deliver(&t);
  CHECK_INT(a.stats.outcomes[OUTCOME_COUNTED], 1);
  CHECK_INT(a.stats.outcomes[OUTCOME_DUPLICATE], 2);
  CHECK_INT(rb_count_of(&a, "A"), 3);
  CHECK_REAL(rb_view_of(&a, "A").sum, 1);
  batch_clear(&t.batch);
  rb_end(&a);
  step_aside();
  redis_server_end(&rb_server);
}

static void a_batch_submitted_before_the_stop_is_counted(void) {
  struct agent a = {0};
  struct tracked t;
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_count_one(&a, "A", 1, 0);
  rb_prepare(&t, &a);
  rb_put(&t, "c", "A", 2, NOW, 0);
  ledger_submit(a.ledger, &t.batch);
  ledger_stop(a.ledger);
  CHECK_INT(t.code, GC_OK);
  CHECK_INT(rb_count_of(&a, "A"), 2);
  batch_clear(&t.batch);
  rb_end(&a);
  redis_server_end(&rb_server);
}

static void a_server_that_hangs_does_not_hold_the_stop(void) {
  struct agent a = {0};
  struct tracked t;
  redis_server_start(&rb_server, NULL);
  rb_begin(&a, rb_server.url, "one", "ivr");
  rb_count_one(&a, "A", 1, 0);
  kill(rb_server.pid, SIGSTOP);
  rb_prepare(&t, &a);
  rb_put(&t, "c", "A", 2, NOW, 0);
  ledger_submit(a.ledger, &t.batch);
  uint64_t begun = gc_clock_now_ms();
  ledger_stop(a.ledger);
  CHECK(gc_clock_now_ms() - begun < 2000);
  CHECK(t.is_back);
  CHECK_INT(t.code, GC_ERR_STOPPED);
  batch_clear(&t.batch);
  rb_end(&a);
  redis_server_end(&rb_server);
}

static void a_resolver_that_hangs_does_not_hold_the_stop(void) {
  const struct timespec pause = {.tv_nsec = 2000000};
  struct agent a = {0};
  rb_begin(&a, "redis://hang.test:6379", "one", "ivr");
  for (int i = 0; i < DEADLINE_S * 500 && resolver_hanging() == 0; i++)
    nanosleep(&pause, NULL);
  CHECK(resolver_hanging() > 0);
  uint64_t begun = gc_clock_now_ms();
  rb_end(&a);
  CHECK(gc_clock_now_ms() - begun < 2000);
  resolver_release();
}

int main(void) {
  if (!rb_is_ready())
    return RB_SKIPPED;
  RUN(lost_answers_change_no_total);
  RUN(a_lost_answer_loses_no_count);
  RUN(a_batch_submitted_before_the_stop_is_counted);
  RUN_TIMED(a_server_that_hangs_does_not_hold_the_stop);
  RUN_TIMED(a_resolver_that_hangs_does_not_hold_the_stop);
  return check_done();
}
