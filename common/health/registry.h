/* SPDX-License-Identifier: MIT */
/* The health of all accounts and blocks of the process, of all plugins. One
 * lock guards them and is held for copies only: no call below waits for a
 * network, a disk or another thread's work, so /health answers while all of
 * these hang. Any thread. */

/* The path of one change of health:
 *
 * 1. A block reports the outcome of a cause (gc_block_notice), an account by
 *    its hook. The registry (common/health/registry) keeps the causes that
 *    fail.
 * 2. Each second a read callback of the block passes its self-telemetry to a
 *    sink that keeps source_up and some figures (health/reading), so /health
 *    and the values agree.
 * 3. gc_health_next (health/entity) computes the state from causes and reading:
 *    one enum, one function.
 * 4. The listener's thread copies the registry and makes the document
 *    (plugins/genesys/health). Another read callback, of genesys, takes the
 *    changes that are due (gc_health_next_event) and sends them as
 *    notifications; it holds no lock meanwhile. */
#ifndef GC_HEALTH_REGISTRY_H
#define GC_HEALTH_REGISTRY_H

#include "common/health/entity.h"

struct gc_health;

/* Sets the clocks, before the first call of the others. */
GC_API void gc_health_set_clock(struct gc_health_time (*now)(void));

/* Adds an account or block: `name` "queues-all", `short_name` "all". The
 * functions below accept NULL and then do nothing. */
GC_API struct gc_health *gc_health_add(enum gc_health_kind kind,
                                       const char *plugin, const char *name,
                                       const char *short_name);
GC_API void gc_health_remove(struct gc_health *h);

/* Names the account of a block and the host of its values, once both are
 * known; NULL: none. */
GC_API void gc_health_set_account(struct gc_health *h, const char *account,
                                  const char *host);
/* Notes the duration of the newest request that a database accepted. */
GC_API void gc_health_set_latency(struct gc_health *h, uint32_t latency_ms);
/* Each calls the function of health/entity that has the same last word. */
GC_API void gc_health_note(struct gc_health *h, const char *cause,
                           const struct gc_err *err);
GC_API void gc_health_read(struct gc_health *h,
                           const struct gc_health_reading *r);
GC_API void gc_health_fail(struct gc_health *h, const struct gc_err *err);

/* Copies of all accounts and blocks, in the order of gc_health_add, with the
 * states of one moment. */
struct gc_health_snapshot {
  struct gc_health_entity *at; /* owned */
  size_t count;
};
/* Takes a snapshot, which the caller clears. */
GC_API void gc_health_snapshot_take(struct gc_health_snapshot *ret,
                                    const struct gc_health_time *t);
GC_API void gc_health_snapshot_clear(struct gc_health_snapshot *s);

/* A change of a state that is to be sent as a notification. */
struct gc_health_event {
  struct gc_health_id id;
  enum gc_health_state before, state;
  struct gc_health_time since;
  uint32_t changes; /* since the last notification of this account or block */
  struct gc_health_cause cause; /* .err.code GC_OK: none */
};

/* Returns true and the next change that is due. While an account is down the
 * changes of its blocks wait, so that one notification reports the outage. */
GC_API GC_MUST_CHECK bool gc_health_next_event(struct gc_health_event *ret);

/* Writes the text of a notification: "queues-all: stream_silent (was up) [3
 * changes since the last one]: CAUSE: TEXT", or the reason of the state.
 * collectd cuts a message at 255 bytes: a longer text loses words of the
 * server, so that what is missing and what to do stays. */
enum { GC_HEALTH_MESSAGE_SIZE = 256 };

GC_API void gc_health_event_message(const struct gc_health_event *event,
                                    char out[GC_HEALTH_MESSAGE_SIZE]);

#endif
