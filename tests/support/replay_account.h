/* SPDX-License-Identifier: MIT */
/* An account without a thread, on a replay: its loop never starts, so that
 * calls to it run at once, and the clock is a number. */
#ifndef GC_TESTS_SUPPORT_REPLAY_ACCOUNT_H
#define GC_TESTS_SUPPORT_REPLAY_ACCOUNT_H

#include "common/net/api/api.h"
#include "common/net/loop.h"
#include "common/net/name_cache.h"
#include "tests/support/replay.h"

/* Zero before the start. */
struct replay_account {
  struct replay *replay;
  struct gc_loop *loop;
  struct gc_auth *auth;
  struct gc_shared_budget *budget;
  struct gc_api *api;
  struct gc_names *names;
};

void replay_account_start(struct replay_account *a, struct replay *r,
                          uint32_t requests_per_minute);
/* Checks that no request is in flight. */
void replay_account_end(struct replay_account *a);

#endif
