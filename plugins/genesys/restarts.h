/* SPDX-License-Identifier: MIT */
/* Reports how long the blocks of genesys_realtime had no values over a restart:
 * a line and restart_gap. Blocks that read intervals or events lose nothing and
 * are left out. The last success of each block is kept in state.db, as a name
 * of the kind "success" of its account. One thread calls restarts_note; another
 * may call restarts_samples. */
#ifndef GENESYS_RESTARTS_H
#define GENESYS_RESTARTS_H

#include "common/base/err.h"
#include "common/genesys/sample.h"
#include "common/health/registry.h"
#include "common/net/store/store.h"

enum { RESTARTS_SAVE_MS = 10 * 1000 };

struct restarts;

struct restarts *restarts_new(void);
void restarts_free(struct restarts *r);

/* Takes the newest successes, and saves them each RESTARTS_SAVE_MS, or now if
 * `saves_now`, with one transaction for each account. `store` may be NULL: it
 * is not open yet. Calls `say` with each line. */
void restarts_note(struct restarts *r, const struct gc_health_snapshot *s,
                   struct gc_store *store, const struct gc_health_time *t,
                   bool saves_now,
                   void (*say)(void *ctx, const char *block, const char *line),
                   void *ctx);
/* Puts restart_gap of each block whose gap is known. */
void restarts_samples(struct restarts *r, uint32_t interval_ms,
                      struct gc_samples (*sink_of)(const char *host));

/* ---- one block; pure ---- */

/* For how long a block had no values because collectd did not run: from its
 * last success before the start to its first one after. */
struct restart {
  bool is_loaded;   /* kept_ms is known */
  int64_t kept_ms;  /* epoch; the last success before the start; 0: none */
  int64_t first_ms; /* epoch; the first success since; 0: none yet */
  int64_t last_ms;  /* the newest one, to be kept */
};

/* Takes the last success that the state file has; 0: none. */
void restart_load(struct restart *r, int64_t kept_ms);
/* Takes the newest success of the block; 0: none yet. Returns true once, when
 * the time without values has become known. */
GC_MUST_CHECK bool restart_note(struct restart *r, int64_t last_success_ms);
/* Returns the time without values; < 0: unknown. It is unknown at the first
 * start, before the first success, and if a clock was set back meanwhile. */
int64_t restart_gap_ms(const struct restart *r);

#endif
