/* SPDX-License-Identifier: MIT */
/* The states of the leases of the process's accounts (docs/decisions/0017): one
 * gate for each account with LeaseURL. The thread that keeps the lease
 * (plugins/genesys/lease_keeper) writes the gate; the functions that dispatch a
 * value, receive a message or open a channel read the gate. Nothing here waits.
 *
 * Gates are made in the configuration phase and live as long as the process:
 * the threads of sources may read them until it ends. */
#ifndef GC_NET_LEASE_GATE_H
#define GC_NET_LEASE_GATE_H

#include "common/base/policy/lease.h"
#include "common/base/timers.h"
#include "common/net/lease_book.h"

struct gc_env;
struct gc_channels;

struct gc_lease_gate;

/* Returns the gate of an account and host, closed; makes it if there is none.
 * `host`: the account's Host, by which gc_lease_gate_of_host finds the gate.
 * NULL when out of memory. Configuration phase. */
GC_API struct gc_lease_gate *gc_lease_gate_make(const char *account,
                                                const char *host);

/* Makes this a process without leases, for genesys-probe, which dispatches
 * nothing: no account has a gate, and gates that were made before allow
 * everything and have one term. Configuration phase, before an account is
 * started. */
GC_API void gc_lease_gates_ignore(void);

/* ---- any thread ---- */

/* Return the gate of a host or account; NULL: it has no lease. */
GC_API struct gc_lease_gate *gc_lease_gate_of_host(const char *host);
GC_API struct gc_lease_gate *gc_lease_gate_of_account(const char *account);
/* Returns the first gate for whose host `fits` is true; NULL: there is none. */
GC_API struct gc_lease_gate *gc_lease_gate_find(bool (*fits)(const void *ctx,
                                                             const char *host),
                                                const void *ctx);

/* True if this agent may dispatch a value of the account now; true for NULL.
 * The caller reads the value's time before the call
 * (gc_lease_valid_until_ms). */
GC_API bool gc_lease_gate_allows(const struct gc_lease_gate *g);

/* Returns the number, from 1, of this agent's present term as the holder; 0: it
 * has none (and for NULL: 1). A term also lasts while the permission is closed
 * and no other agent is known to hold the lease: while Redis does not answer,
 * and after a difference of the clocks (gc_lease_gate_check_clocks) until a
 * renewal is confirmed. It ends when another agent has the lease, and when this
 * agent gives the lease back. It may end when the permission ends during a
 * sleep of the process or the machine. So the parts that began with the term
 * (channels, counters) do not end with each pause of Redis. */
GC_API uint32_t gc_lease_gate_term(const struct gc_lease_gate *g);

/* Returns the book with the state for the next holder; it lives as long as the
 * gate. */
GC_API struct gc_lease_book *gc_lease_gate_book(struct gc_lease_gate *g);

struct gc_lease_status {
  enum gc_lease_state state;
  uint64_t fence;          /* of the newest record; 0: none seen */
  uint64_t answered_ms;    /* boot clock, when Redis answered last; 0: never */
  uint64_t valid_until_ms; /* gc_lease_valid_until_ms */
};
/* Copies the status. The state of a holder whose permission has ended is
 * GC_LEASE_BLIND, also while the thread of the lease hangs and cannot report
 * it. */
GC_API void gc_lease_gate_status(const struct gc_lease_gate *g,
                                 struct gc_lease_status *ret);

/* Notes that collectd has read the account. A process that does not read the
 * account dispatches nothing: its thread asks for the lease when the first
 * reading has come, and gives it back when the readings stand still. */
GC_API void gc_lease_gate_note_read(struct gc_lease_gate *g);

/* ---- the thread of the lease ---- */

/* Returns the number of readings, which wraps. */
GC_API uint32_t gc_lease_gate_reads(const struct gc_lease_gate *g);

GC_API void gc_lease_gate_set(struct gc_lease_gate *g,
                              const struct gc_lease_status *s);
/* Compares the wall clock with the boot clock: true if they disagree about the
 * time since the last call, which means that the machine may have been frozen.
 * Until the next call such a difference closes the gate. */
GC_API bool gc_lease_gate_check_clocks(struct gc_lease_gate *g);

/* ---- terms, reported on the thread of an account ---- */

/* The watch reports to the parts of an account that a term of this agent as the
 * holder of the lease begins or ends, and opens and closes the account's
 * notification channels with it. */
/* Lives in its owner's memory. */
struct gc_lease_listener {
  /* A term has begun (`term` > 0), or the last one has ended (0). Between two
   * terms there is always a call with 0. */
  void (*changed)(void *ctx, uint32_t term);
  void *ctx;
  struct gc_lease_listener *next; /* private */
};

struct gc_lease_watch {
  const struct gc_lease_gate *gate;
  const struct gc_env *env;
  struct gc_channels *channels;
  struct gc_timer timer;
  uint32_t term; /* as reported */
  struct gc_lease_listener *listeners;
};

/* Begins to watch. `gate` NULL: the account has no lease, and its one term
 * lasts until the process ends. The other arguments are borrowed. Called before
 * the thread runs. */
void gc_lease_watch_start(struct gc_lease_watch *w,
                          const struct gc_lease_gate *gate,
                          const struct gc_env *env,
                          struct gc_channels *channels);
void gc_lease_watch_stop(struct gc_lease_watch *w);

/* Adds a listener and calls it with the present term. */
GC_API void gc_lease_watch_listen(struct gc_lease_watch *w,
                                  struct gc_lease_listener *l);
/* Removes a listener; does nothing if it was not added. */
GC_API void gc_lease_watch_unlisten(struct gc_lease_watch *w,
                                    struct gc_lease_listener *l);

#endif
