/* SPDX-License-Identifier: MIT */
/* A block of windows whose account has no thread: its loop never starts, so
 * calls to the loop run at once, and the clock is a number. The replay's wall
 * clock begins at 2023-11-14T22:13:20Z.
 *
 *   iv_begin();
 *   iv_will(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11", "3")));
 *   iv_start();
 *   iv_pass(2000);
 *   CHECK_STR(iv_left(), "Sales/queue_metric-nOffered-voice 22:10 0\n…");
 *   iv_end(); */
#ifndef GC_TESTS_SUPPORT_IV_BLOCK_H
#define GC_TESTS_SUPPORT_IV_BLOCK_H

#include "common/analytics/analytics.h"
#include "tests/support/replay.h"

#define TOKEN "{\"access_token\":\"t\",\"expires_in\":86400}"
#define QUERY "POST /api/v2/analytics/conversations/aggregates/query"
#define LIST "GET /api/v2/routing/queues"
#define OFFERED(queue, from, to, count)                                        \
  "{\"group\":{\"queueId\":\"" queue "\",\"mediaType\":\"voice\"},"            \
  "\"data\":[{\"interval\":\"2023-11-14T" from ":00.000Z/2023-11-14T" to       \
  ":00.000Z\",\"metrics\":[{\"metric\":\"nOffered\",\"stats\":{"               \
  "\"count\":" count "}}]}]}"
#define ANSWER(results) "{\"results\":[" results "]}"

enum { MINUTE = 60000, SEEN_MAX = 4096 };

extern struct iv_world {
  struct replay r;
  struct gc_loop *loop;
  struct gc_auth *auth;
  struct gc_shared_budget *budget;
  struct gc_api *api;
  struct gc_names *names;
  struct gc_store *store;     /* the test's own, or NULL; iv_begin keeps it */
  struct gc_lease_page *page; /* likewise */
  struct gc_analytics *block;

  /* The dispatched values, in order, as "INSTANCE/TYPE-QUALIFIER HH:MM
   * VALUE". */
  char seen[SEEN_MAX][128];
  size_t count;
  size_t in_flight; /* the last values, not yet past the writers */
  bool holds;       /* no value passes the writers */
  double gauge;
  char wanted[64];
} iv;

/* The settings of the block that iv_start creates. iv_begin sets: nOffered by
 * queue and medium, minute by minute. */
extern struct gc_analytics_settings iv_settings;

extern uint32_t iv_phase; /* of that block's requests; iv_begin sets 0 */

/* The block's output; it refuses a series that has a value in flight. */
extern const struct gc_sender_output iv_way;

/* Creates a world with a token and the queues Sales (q1) and Support (q2). */
void iv_begin(void);
void iv_start(void);
void iv_stop(void);
/* Calls iv_stop; checks that there was no unscripted request. */
void iv_end(void);

/* `times` as in struct replay_answer. */
void iv_answer(const char *match, int times, int status, const char *body);
void iv_will(const char *match, const char *body); /* always */
void iv_once(const char *match, const char *body);

/* Lets the time pass, with a read callback each second. */
void iv_pass(uint64_t ms);

/* Returns the dispatched values, each on a line. Valid until the next call. */
const char *iv_left(void);
/* Returns how often `line` was dispatched. */
size_t iv_times_left(const char *line);
/* Returns the block's own state "TYPE-QUALIFIER"; NAN: it has no value. */
double iv_state(const char *name);
/* Returns the interval of the last query, "none" before the first. Valid until
 * the next call. */
const char *iv_last_interval(void);

#endif
