/* SPDX-License-Identifier: MIT */
/* A world in memory for code that depends on struct gc_env (common/base/env.h):
 * a clock that is a number, scripted random numbers, a server that answers by a
 * script, and a record of all requests and notices. No thread, no sleep, no
 * socket.
 *
 *   struct replay r;
 *   replay_init(&r);
 *   replay_answer(&r, &(struct replay_answer){
 *       .match = "POST /oauth/token", .status = 200, .body = TOKEN});
 *   … make the tested object with &r.env, let it send requests …
 *   replay_run(&r, 60000);
 *   CHECK_INT(replay_count(&r, "POST /oauth/token"), 1);
 *   replay_clear(&r);
 *
 * A request that no answer matches fails (GC_FAILURE_LOCAL) and is counted in
 * `unscripted`. */
#ifndef GC_TESTS_SUPPORT_REPLAY_H
#define GC_TESTS_SUPPORT_REPLAY_H

#include "common/base/env.h"

enum { REPLAY_ALWAYS = -1, REPLAY_START_MS = 1000000 };
#define REPLAY_START_WALL_MS 1700000000000ll

struct replay_answer {
  /* The beginning of "METHOD PATH?QUERY"; a `*` matches any text. A request
   * gets the first matching answer that is not used up. */
  const char *match;
  int times; /* 0: once; REPLAY_ALWAYS */

  int status;
  const char *body;        /* borrowed; NULL: none */
  size_t chunk;            /* bytes per write to the sink; 0: all at once */
  enum gc_failure failure; /* after delivery of `body`, if any */
  uint32_t delay_ms;
  bool is_silent; /* never answers; only a cancel ends it */
  bool has_retry_after;
  uint32_t retry_after_s;
  int64_t date_ms;
  const char *correlation;
  bool is_new_connection, closes_connection;
};

struct replay_request {
  char *line;                 /* "POST /oauth/token" with the query */
  char *url, *headers, *body; /* headers joined by line ends; body "" if none */
  uint64_t at_ms;
  unsigned in_flight; /* this one included */
  bool is_cancelled, is_done;
};

struct replay_notice {
  char cause[48];
  struct gc_err err;
  uint64_t at_ms;
};

struct replay {
  struct gc_env env;
  struct gc_timers timers;
  uint64_t now_ms;
  int64_t wall_ms;   /* at REPLAY_START_MS; moves with the clock */
  uint32_t creep_ms; /* each reading of the clock adds this; default 0 */
  uint32_t random32; /* each random number; all bits set: the longest wait */

  struct replay_request *requests; /* in the order they came */
  size_t request_count, request_cap;
  struct replay_notice *notices;
  size_t notice_count, notice_cap;
  unsigned in_flight, max_in_flight, unscripted;
  bool refuses_to_start; /* transport.start fails with GC_ERR_MEMORY */

  /* Private. */
  struct replay_answer *answers;
  size_t answer_count, answer_cap;
  struct replay_flight *flights;
};

void replay_init(struct replay *r);
/* Frees the world; free the tested objects first. `in_flight` above 0: one of
 * them was not freed. */
void replay_clear(struct replay *r);

void replay_answer(struct replay *r, const struct replay_answer *answer);
void replay_forget_answers(struct replay *r);

/* Advances the clock and fires each timer at its time. Ends the program when a
 * timer is set for the present time again and again. */
void replay_run(struct replay *r, uint64_t ms);
/* Fires the timers that are due now, and those that they set for now. */
void replay_settle(struct replay *r);

/* Returns the number of requests so far whose line begins with `match`; a `*`
 * matches any text. */
size_t replay_count(const struct replay *r, const char *match);
/* Returns the newest such request; NULL if there is none. */
const struct replay_request *replay_last(const struct replay *r,
                                         const char *match);
/* Returns the number of notices with this cause and code. */
size_t replay_noticed(const struct replay *r, const char *cause,
                      enum gc_code code);
/* Returns the error of the newest such notice; NULL if there is none. */
const struct gc_err *replay_last_notice(const struct replay *r,
                                        const char *cause);

#endif
