/* SPDX-License-Identifier: MIT */
/* Shared by the tests of common/net/api/auth: one token in a world in memory
 * (tests/support/replay.h). */
#ifndef GC_TESTS_SUPPORT_AUTH_BENCH_H
#define GC_TESTS_SUPPORT_AUTH_BENCH_H

#include "common/net/api/auth.h"
#include "tests/support/replay.h"

#define AUTH_URL "https://login.example.test/oauth/token"
#define AUTH_ASK "POST /oauth/token"
#define AUTH_TOKEN(name)                                                       \
  "{\"access_token\":\"" name "\",\"token_type\":\"bearer\","                  \
  "\"expires_in\":86399}"
#define AUTH_REFUSED                                                           \
  "{\"error\":\"invalid_client\",\"description\":\"client not found\","        \
  "\"error_description\":\"client not found\"}"
#define AUTH_SECRET "s3cr3t&+ /="

/* Valid between auth_begin and auth_end. */
extern struct replay auth_world;
extern struct gc_auth *auth;
extern unsigned auth_changes; /* calls of `changed` */

/* Returns AUTH_URL, AUTH_SECRET, no scope and 300 s of margin. */
struct gc_auth_settings auth_plain(void);
void auth_begin(void); /* with auth_plain */
void auth_begin_with(const struct gc_auth_settings *settings);
/* Frees everything; checks that no exchange, timer or unscripted request
 * remains. */
void auth_end(void);
/* Scripts an answer to AUTH_ASK; `times` as in struct replay_answer. */
void auth_answer(int times, int status, const char *body);

const char *auth_bearer(void); /* "(none)" when there is none */
/* Requests a token, lets the world settle and returns the state. */
enum gc_auth_state auth_want(void);
struct gc_auth_stats auth_stats(void);

#endif
