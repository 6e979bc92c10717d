/* SPDX-License-Identifier: MIT */
/* Tells when a value has left collectd's write queue.
 *
 * The daemon's way out is asynchronous and has five write threads: a burst of
 * time stamps of one series is reordered, and partly lost by csv; what a
 * shutdown callback dispatches never arrives. The tap is a write callback of
 * our own. collectd calls the writers in the order in which they registered,
 * so the tap, registered last (in init), sees a value after every other writer
 * has had it. Rules that follow, kept by those who use it: of one series never
 * two values are in flight; a checkpoint moves when the tap has seen the last
 * value of its window; final values leave from a read callback's free_func,
 * which waits for the tap, 1 s at most.
 *
 * A filter chain that stops a value or sends it to named writers only hides it
 * from the tap. The write queue is first in, first out: a value of an age of
 * GC_TAP_GIVE_UP_MS counts as gone when a later one was seen so long ago, twice
 * as long at most, or when none at all was seen for so long. One that waits in
 * a queue of 300,000 is not given up.
 * Any thread. */
#ifndef GC_DAEMON_WRITE_TRACKER_H
#define GC_DAEMON_WRITE_TRACKER_H

#include "common/genesys/sample.h"

/* Longer than a writer is silent that reconnects (write_http: 10 s): what was
 * given up and is still in the queue is lost when the daemon is killed. */
enum { GC_TAP_GIVE_UP_MS = 15000 };

/* Has the write callback registered; the plugin `genesys` does so in its init,
 * and so does any plugin that can run without it. The second call does
 * nothing. Writers register when they are loaded (csv), configured
 * (write_http) or in their own init (rrdtool, network), so the tap does it in
 * an init callback that is added while collectd runs the others and that
 * therefore runs after all of them. */
GC_API enum gc_code gc_write_tracker_register(struct gc_err *err);
/* For shutdown: forgets what is in flight, wakes all who wait. From then on
 * gc_write_tracker_emit dispatches nothing. Tickets still have to be freed. */
GC_API void gc_write_tracker_close(void);

/* A group of values whose way one wants to know; counts what is in flight. */
struct gc_write_ticket;
GC_API struct gc_write_ticket *gc_write_ticket_new(void);
/* Values still in flight are forgotten. NULL is fine. */
GC_API void gc_write_ticket_free(struct gc_write_ticket *t);

/* gc_emit, and the ticket waits for it. GC_ERR_LIMIT, and nothing is
 * dispatched, while a value of the same series (host and identity) is in
 * flight: the caller comes back later. A sample of which nothing is known is
 * GC_OK and not in flight. GC_ERR_STOPPED after gc_write_tracker_close. */
GC_API GC_MUST_CHECK enum gc_code
gc_write_tracker_emit(struct gc_write_ticket *t, const char *host,
                      const struct gc_sample *sample);

/* Values of this ticket that were dispatched and not yet seen or given up. */
GC_API size_t gc_write_tracker_in_flight(struct gc_write_ticket *t);

/* Waits until none is in flight, `max_ms` at most; true when none is. Must
 * not be called on a write thread. */
GC_API bool gc_write_tracker_wait(struct gc_write_ticket *t, uint32_t max_ms);

/* For tests: another clock (milliseconds, monotonic) to give up by; NULL is
 * the real one again. Also undoes gc_write_tracker_register and
 * gc_write_tracker_close; nothing may be in flight. */
GC_API void gc_write_tracker_restart(uint64_t (*now_ms)(void));

#endif
