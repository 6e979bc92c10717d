/* SPDX-License-Identifier: MIT */
/* A block of windows whose account has no thread: its loop never starts, so
 * calls to the loop run at once, and the clock is a number. The replay's wall
 * clock begins at 2023-11-14T22:13:20Z.
 *
 *   world_begin();
 *   world_answers(QUERY, ANSWER(OFFERED("q1", "22:10", "22:11", "3")));
 *   world_start();
 *   world_pass(2000);
 *   CHECK_STR(world_dispatched(), EXPECTED);
 *   world_end(); */
#ifndef GC_TESTS_SUPPORT_ANALYTICS_WORLD_H
#define GC_TESTS_SUPPORT_ANALYTICS_WORLD_H

#include "common/analytics/analytics.h"
#include "tests/support/replay_account.h"

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

extern struct analytics_world {
  struct replay r;
  struct replay_account account;
  struct gc_store *store; /* the test's own, or NULL; world_begin keeps it */
  struct gc_lease_page *page; /* likewise */
  struct gc_analytics *block;
  gc_request_count requests; /* of the block */
  double planned;            /* requests a minute */

  /* The dispatched values, in order, as "INSTANCE/TYPE-QUALIFIER HH:MM
   * VALUE". */
  char seen[SEEN_MAX][128];
  size_t count;
  size_t in_flight; /* the last values, not yet past the writers */
  bool holds;       /* no value passes the writers */
  double gauge;
  char wanted[64];
} world;

/* The query of the block that world_start creates. world_begin sets:
 * nOffered by queue and medium, minute by minute. */
extern struct gc_query world_query;

extern uint32_t world_phase; /* of that block's requests; world_begin sets 0 */

/* The block's output; it refuses a series that has a value in flight. */
extern const struct gc_sender_output world_output;

/* Creates a world with a token and the queues Sales (q1) and Support (q2). */
void world_begin(void);
void world_start(void);
void world_stop(void);
/* Calls world_stop; checks that there was no unscripted request. */
void world_end(void);

/* `times` as in struct replay_answer. */
void world_answers_times(const char *match, int times, int status,
                         const char *body);
void world_answers(const char *match, const char *body); /* always */
void world_answers_once(const char *match, const char *body);

/* Lets the time pass, with a read callback each second. */
void world_pass(uint64_t ms);

/* Returns the dispatched values, each on a line. Valid until the next call. */
const char *world_dispatched(void);
/* Returns how often `line` was dispatched. */
size_t world_times_dispatched(const char *line);
/* Returns the block's own state "TYPE-QUALIFIER"; NAN: it has no value. */
double world_block_value(const char *name);
/* Returns the interval of the last query, "none" before the first. Valid until
 * the next call. */
const char *world_last_interval(void);

#endif
