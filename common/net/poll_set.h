/* SPDX-License-Identifier: MIT */
/* The watches of a loop, and the array of descriptors that poll takes. Part of
 * the loop, used on its thread; see struct gc_watch in common/net/loop.h. */
#ifndef GC_NET_POLL_SET_H
#define GC_NET_POLL_SET_H

#include "common/net/loop.h"

struct curl_waitfd;

struct gc_poll_set {
  struct gc_watch *first;
  int wake_fd;
  struct curl_waitfd *fds; /* [0] is wake_fd, [i + 1] belongs to polled[i] */
  unsigned fds_count;
  struct gc_watch **polled; /* NULL: removed since the poll */
  size_t polled_count, cap; /* capacity of polled; fds has one place more */
};

/* Makes an empty set that also polls `wake_fd` (the caller's) for reading.
 * GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code gc_poll_set_init(struct gc_poll_set *set,
                                            int wake_fd);
/* Frees the arrays; the watches belong to their owners. */
void gc_poll_set_clear(struct gc_poll_set *set);

/* Add and remove a watch, which is in the set at most once; the removal of a
 * watch that is not in the set does nothing. Both may be called inside
 * gc_poll_set_run. */
void gc_poll_set_add(struct gc_poll_set *set, struct gc_watch *watch);
void gc_poll_set_remove(struct gc_poll_set *set, struct gc_watch *watch);

/* Fills `fds` for the next poll. Returns how long that poll may wait: `max_ms`,
 * less when memory is short, 0 while a watch has `again` set. */
uint32_t gc_poll_set_prepare(struct gc_poll_set *set, uint32_t max_ms);

/* Calls `ready` of each watch that the poll found ready or that has `again`
 * set. */
void gc_poll_set_run(struct gc_poll_set *set, uint64_t now_ms);

#endif
