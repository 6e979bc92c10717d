/* SPDX-License-Identifier: MIT */
/* Shared by the tests of common/net/name_cache: an account "prod" with its
 * token and budget in a world in memory (tests/support/replay.h), and a
 * listener that records new lists. */
#ifndef GC_TESTS_SUPPORT_NAMES_BENCH_H
#define GC_TESTS_SUPPORT_NAMES_BENCH_H

#include "common/net/name_cache.h"
#include "tests/support/replay.h"

#define MINUTE_MS 60000ull
#define NAMES_QUEUES "GET /api/v2/routing/queues"
#define NAMES_USERS "GET /api/v2/users"
#define NAMES_PRESENCES "GET /api/v2/presence/definitions"
#define NAMES_ONE "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"}]}"
#define NAMES_TWO                                                              \
  "{\"entities\":[{\"id\":\"q1\",\"name\":\"Sales\"},{\"id\":\"q2\","          \
  "\"name\":\"Support/DE\"}]}"

/* Valid between names_begin and names_end. */
extern struct replay names_world;
extern struct gc_names *names;

/* Returns the account's API, for objects that use the names. */
struct gc_api *names_api(void);

void names_begin(void);
void names_begin_with(struct gc_store *store); /* borrowed until names_end */
/* Frees everything; checks that no exchange, timer or unscripted request
 * remains. */
void names_end(void);

/* `times` as in struct replay_answer; the body arrives in small pieces. */
void names_answer(const char *match, int times, int status, const char *body);
/* Gives the queues' list this answer from now on; other requests have no
 * answer. */
void names_answer_now(int status, const char *body);

struct names_recorder {
  struct gc_names_listener listener;
  unsigned calls;
  char labels[256]; /* "id=label/detail " of the last list */
  bool refused;
};
void names_listen(struct names_recorder *e, enum gc_name_kind kind);

#endif
