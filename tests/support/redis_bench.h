/* SPDX-License-Identifier: MIT */
/* What the tests of the ledger in a Redis share: a server of their own, agents
 * that count in it, and batches that note what became of them.
 *
 *   struct agent a = {0};
 *   redis_server_start(&rb_server, NULL);
 *   rb_begin(&a, rb_server.url, "one", "ivr");
 *   rb_count_one(&a, "A", 1, 0.5);
 *   CHECK_INT(rb_count_of(&a, "A"), 1);
 *   rb_end(&a);
 *   redis_server_end(&rb_server); */
#ifndef GC_TESTS_SUPPORT_REDIS_BENCH_H
#define GC_TESTS_SUPPORT_REDIS_BENCH_H

#include "plugins/genesys_flowmetrics/ledger/ledger.h"
#include "tests/support/redis_server.h"

#define MINUTE INT64_C(60000)
#define NOW (INT64_C(30000000) * MINUTE)
enum { HOUR = 60, RB_SKIPPED = 77 };

extern struct redis_server rb_server;
extern _Atomic int64_t rb_later_ms; /* than NOW, by the clock of all agents */

/* One process that counts: a ledger, one source, what it was told. Zeroed
 * before rb_begin but for what the server asks of it and `backwards`. */
struct agent {
  struct ledger *ledger;
  struct redis_settings redis;
  struct gc_connect tls;
  struct stats stats;
  struct ledger_source source;
  unsigned finished, failed;
  struct gc_err state, durability, forgotten;
  const char *password_file, *user;
  bool backwards; /* the test's own */
};

/* A batch that waits for its end. */
struct tracked {
  struct batch batch;
  struct agent *agent;
  enum gc_code code;
  bool is_back;
};

/* First in main. False: there is no redis-server, end with RB_SKIPPED. */
bool rb_is_ready(void);

/* An agent of `host` with the source `block`, at the server of `url`. */
void rb_begin(struct agent *a, const char *url, const char *host,
              const char *block);
void rb_end(struct agent *a);

/* An empty batch of `a`, for rb_put; the caller clears t->batch. */
void rb_prepare(struct tracked *t, struct agent *a);
/* One attribute more; a value of 0 is no number. */
void rb_put(struct tracked *t, const char *conversation, const char *metric,
            unsigned number, int64_t time_ms, double value);
/* Hands it in and waits; what became of it, GC_CODE_COUNT: nothing within
 * DEADLINE_S. Any thread. */
enum gc_code rb_hand_in(struct tracked *t);
/* As a queue would: until it is taken; false: not within DEADLINE_S. Any
 * thread. */
bool rb_try_deliver(struct tracked *t);
/* Checks that it is taken. */
void rb_deliver(struct tracked *t);
/* A batch of one attribute of now, delivered. */
void rb_count_one(struct agent *a, const char *metric, unsigned number,
                  double value);

/* The agent's counter; a count of -1: it has none. */
struct ledger_view rb_view_of(struct agent *a, const char *metric);
int64_t rb_count_of(struct agent *a, const char *metric);
/* Waits until metric A's first zero is known to have gone out. */
bool rb_is_shown(struct agent *a);
/* Waits for the first notice of one of the agent's causes. */
void rb_wait_reported(const struct gc_err *what);
/* A file with `text` beside the server's socket. */
void rb_write_secret(char path[128], const char *text);

#endif
