/* SPDX-License-Identifier: MIT */
/* Shared by the tests of common/net/api/api: one API in a world in memory
 * (tests/support/replay.h), and calls that record their results.
 *
 *   api_begin();
 *   api_answer(QUEUES, 0, 200);
 *   struct job j;
 *   api_call(&j, GC_ENDPOINT_QUEUES);
 *   replay_settle(&api_world);
 *   CHECK_INT(j.err.code, GC_OK);
 *   api_end(); */
#ifndef GC_TESTS_SUPPORT_API_BENCH_H
#define GC_TESTS_SUPPORT_API_BENCH_H

#include "common/net/api/api.h"
#include "tests/support/replay.h"

#define API_TOKEN                                                              \
  "{\"access_token\":\"t\",\"token_type\":\"bearer\",\"expires_in\":86399}"
#define CORRELATION "7272d362-23b2-4c14-9d40-dc7b7683153a"
#define QUEUES "GET /api/v2/routing/queues"
#define USERS "GET /api/v2/users"
#define PRESENCES "GET /api/v2/presence/definitions"
#define OBSERVE "POST /api/v2/analytics/queues/observations/query"

/* Valid between api_begin and api_end. */
extern struct replay api_world;
extern struct gc_auth *api_auth;
extern struct gc_api *api;
extern unsigned api_done_count; /* calls of this API that have ended */

/* One call and its result. */
struct job {
  struct gc_call call;
  unsigned begun, done;
  char body[256];
  size_t body_len;
  enum gc_code sink_fails; /* the sink's result */
  struct gc_err err;
  bool had_reply;
  uint64_t done_ms;
  unsigned order; /* 1 for the call that ended first */
};

/* Creates the API with 300 requests a minute, four at once; each token request
 * succeeds. */
void api_begin(void);
/* The same without an answer to token requests; api_token adds it. */
void api_begin_with(uint32_t per_minute, uint32_t max_concurrent);
void api_token(void);
/* Frees everything; checks that no exchange, timer or unscripted request
 * remains. */
void api_end(void);

/* `times` as in struct replay_answer. */
void api_answer(const char *match, int times, int status);
/* Scripts one 429; 0: without Retry-After. */
void api_throttled(const char *match, uint32_t retry_after_s);

/* Sets up the call without gc_api_call, for a test that changes the call
 * first. */
void api_prepare(struct job *j, enum gc_endpoint_id endpoint);
void api_call(struct job *j, enum gc_endpoint_id endpoint);
struct gc_api_stats api_stats(void);

#endif
