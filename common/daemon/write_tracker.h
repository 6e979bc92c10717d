/* SPDX-License-Identifier: MIT */
/* Notices when a value has passed collectd's write queue.
 *
 * The daemon writes asynchronously, with five threads. They reorder some values
 * of a burst of one series, and csv loses some; a value that a shutdown
 * callback dispatches never arrives. The write tracker is the write callback
 * that is registered last, so it sees a value after every other writer. Its
 * users keep these rules: at most one value of a series is pending; a
 * checkpoint moves when the tracker has seen the last value of its window; the
 * last values are dispatched from the free_func of a read callback, which waits
 * 1 s at most.
 *
 * A filter chain that stops a value, or sends it to named writers only, hides
 * it from the tracker. The write queue is first in, first out: a value that is
 * GC_WRITE_GIVE_UP_MS old is given up when a later value was seen that long
 * ago, or when no value was seen for that long. The tracker counts in periods
 * of GC_WRITE_GIVE_UP_MS, so the first case takes up to twice as long. A value
 * that waits in a queue of 300,000 is not given up.
 *
 * Values without a ticket do not wait in the queue without bound either: one of
 * them at a time is followed, and while it has been in the queue for longer
 * than GC_WRITE_LAG_MS, later ones do not enter it. The next value of each
 * series enters when the queue is short again. Where a filter chain hides the
 * followed value, all of them enter.
 *
 * The suite's own writers get a value before gc_write_tracker_emit returns
 * (daemon/writers.h). With Dispatch false no value is in the queue, and none is
 * pending.
 *
 * A node of genesys_influxdb has a value when it has copied it into memory. So
 * gc_write_tracker_wait also waits until it is on disk (net/save_barrier). Any
 * thread. */
#ifndef GC_DAEMON_WRITE_TRACKER_H
#define GC_DAEMON_WRITE_TRACKER_H

#include "common/genesys/sample.h"

/* The time is longer than a writer needs to reconnect (write_http: 10 s): a
 * value that is given up while it is still in the queue is lost if the daemon
 * is killed. */
enum { GC_WRITE_GIVE_UP_MS = 15000 };

/* A quick queue is empty within milliseconds of a burst; csv may need seconds
 * for thousands of new files. */
enum { GC_WRITE_LAG_MS = 10000 };

/* Arranges the registration of the write callback; called in init; a second
 * call does nothing. Writers register when they are loaded (csv), configured
 * (write_http) or in their own init (rrdtool, network), so the tracker
 * registers in an init callback that is added while collectd runs the others.
 * `now_ms` is the clock by which values are given up (gc_clock_now_ms). */
GC_API enum gc_code gc_write_tracker_register(uint64_t (*now_ms)(void),
                                              struct gc_err *err);
/* Forgets the pending values and wakes all waiting threads; called at shutdown.
 * gc_write_tracker_emit dispatches nothing until the next registration. Tickets
 * must still be freed. */
GC_API void gc_write_tracker_close(void);

/* Returns the number of values that did not enter the queue because it was
 * longer than GC_WRITE_LAG_MS. */
GC_API uint64_t gc_write_tracker_left_out(void);

/* A group of values with the number of pending ones. */
struct gc_write_ticket;
GC_API struct gc_write_ticket *gc_write_ticket_new(void);
/* Forgets the ticket's pending values. NULL is allowed. */
GC_API void gc_write_ticket_free(struct gc_write_ticket *t);

/* Dispatches a sample with gc_emit; its value is then pending on the ticket.
 * GC_ERR_LIMIT, and nothing is dispatched, while a value of the same series
 * (host and identity) is pending; GC_ERR_UNAVAILABLE while this agent does not
 * hold the lease of the host (gc_emit): the caller tries again later. A sample
 * without a value is GC_OK and is not pending; nor is any sample with Dispatch
 * false or after gc_emit_divert. GC_ERR_STOPPED after gc_write_tracker_close.
 * GC_ERR_MEMORY: the value was not queued. */
GC_API GC_MUST_CHECK enum gc_code
gc_write_tracker_emit(struct gc_write_ticket *t, const char *host,
                      const struct gc_sample *sample);

/* Returns the number of values of this ticket that were dispatched and not yet
 * seen or given up. */
GC_API size_t gc_write_tracker_pending(struct gc_write_ticket *t);

/* Waits until no value of the ticket is pending and the writers with a spool
 * have synced them all, `max_ms` at most; true if so. Must not be called on a
 * write thread. */
GC_API bool gc_write_tracker_wait(struct gc_write_ticket *t, uint32_t max_ms);
/* Returns for how long the sync alone is awaited, ms: the writers have all
 * values of the ticket. 0: it is not awaited. */
GC_API uint64_t gc_write_tracker_saves_ms(struct gc_write_ticket *t);

#endif
