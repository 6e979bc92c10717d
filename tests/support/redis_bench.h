/* SPDX-License-Identifier: MIT */
/* Shared by the tests of the ledger in a Redis: a server, agents that count in
 * it, and batches that keep their outcome.
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
#define NOW rb_now_ms
enum { HOUR = 60, RB_SKIPPED = 77 };

extern struct redis_server rb_server;
extern int64_t rb_now_ms;           /* when the test began, a whole minute */
extern _Atomic int64_t rb_later_ms; /* added to NOW by all agents' clocks */

/* One counting process: a ledger, one source, the outcomes reported to it. Zero
 * it before rb_begin, except lease, user, password, retention, plain_host and
 * `backwards`. */
struct agent {
  struct ledger *ledger;
  struct redis_settings redis;
  struct gc_connect tls;
  struct stats stats;
  struct ledger_source source;
  unsigned finished, failed;
  struct gc_err state, durability, forgotten, clock;
  const struct gc_lease_gate *lease; /* of the account; NULL: none */
  const char *password_file, *user;
  int64_t retention_ms; /* 0: a day */
  /* The host of a second account, which has no lease, and its source; NULL:
   * there is none. */
  const char *plain_host;
  struct ledger_source plain;
  bool backwards; /* the test's own */
};

/* A batch and its outcome. */
struct tracked {
  struct batch batch;
  struct agent *agent;
  enum gc_code code;
  bool is_back;
};

/* Sends a command to the server about the hash of the minute NOW: "EXISTS". */
const char *rb_ask_seen(const char *verb);

/* Call it first in main. Returns false when redis-server is not installed; then
 * return RB_SKIPPED. */
bool rb_is_ready(void);

/* Starts an agent of `host` with the source `block`, at the server at `url`. */
void rb_begin(struct agent *a, const char *url, const char *host,
              const char *block);
void rb_end(struct agent *a);

/* Creates an empty batch of `a`, for rb_put; the caller clears t->batch. */
void rb_prepare(struct tracked *t, struct agent *a);
/* Adds an attribute; a value of 0 means no value. */
void rb_put(struct tracked *t, const char *conversation, const char *metric,
            unsigned number, int64_t time_ms, double value);
/* Submits the batch and waits for its outcome; GC_CODE_COUNT if none arrives
 * within DEADLINE_S. Any thread. */
enum gc_code rb_hand_in(struct tracked *t);
/* Submits the batch until it is committed, as a queue does. Returns false if
 * that takes longer than DEADLINE_S. Any thread. */
bool rb_try_deliver(struct tracked *t);
/* Submits the batch as above and checks that it is committed. */
void rb_deliver(struct tracked *t);
/* Delivers a batch of one attribute of the present time. */
void rb_count_one(struct agent *a, const char *metric, unsigned number,
                  double value);

/* Returns the agent's counter; its count is -1 when it has no such counter. */
struct ledger_view rb_view_of(struct agent *a, const char *metric);
int64_t rb_count_of(struct agent *a, const char *metric);
/* Waits until the first 0 of metric A is recorded. */
bool rb_is_shown(struct agent *a);
/* Waits until the hash of the minute NOW is deleted. */
bool rb_is_pruned(void);
/* Waits for the first report of a cause; `what` is its member of the agent. */
void rb_wait_reported(const struct gc_err *what);
/* Copies a report of the agent, such as &a->state, while its ledger runs. */
struct gc_err rb_report_of(const struct gc_err *what);
/* The next report counts as the first one. */
void rb_forget_report(struct gc_err *what);
/* Writes a file with `text` beside the server's socket. */
void rb_write_secret(char path[128], const char *text);

#endif
