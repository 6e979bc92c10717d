/* SPDX-License-Identifier: MIT */
/* The watches of a loop, and the array that poll wants of them. The loop's own
 * part; see struct gc_watch in common/net/loop.h. */
#ifndef GC_NET_POLL_SET_H
#define GC_NET_POLL_SET_H

#include "common/net/loop.h"

struct curl_waitfd;

/* With memory short, the watches that find no room wait no longer than so. */
enum { GC_WATCH_POOR_WAIT_MS = 100 };

struct gc_watch_set {
  struct gc_watch *first;
  int wake_fd;
  struct curl_waitfd *fds; /* [0] is wake_fd, [i + 1] is of polled[i] */
  unsigned fds_count;
  struct gc_watch **polled; /* NULL where removed since the poll */
  size_t polled_count, cap; /* of polled; fds has room for one more */
};

/* GC_ERR_MEMORY. wake_fd is polled for reading along with the rest. */
GC_MUST_CHECK enum gc_code gc_watch_set_begin(struct gc_watch_set *set,
                                              int wake_fd);
void gc_watch_set_clear(struct gc_watch_set *set);

/* Adding twice is once; removing what is not there is fine. Both may be called
 * while the set runs. */
void gc_watch_set_add(struct gc_watch_set *set, struct gc_watch *watch);
void gc_watch_set_remove(struct gc_watch_set *set, struct gc_watch *watch);

/* Fills fds for the next poll; returns how long that may wait, max_ms at
 * most: 0 while one of them wants `again`. */
uint32_t gc_watch_set_prepare(struct gc_watch_set *set, uint32_t max_ms);

/* Runs those that the poll found ready, and those that want `again`. */
void gc_watch_set_run(struct gc_watch_set *set, uint64_t now_ms);

#endif
