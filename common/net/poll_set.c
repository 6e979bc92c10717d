/* SPDX-License-Identifier: MIT */
#include "common/net/poll_set.h"

#include <stdlib.h>

#include <curl/curl.h>

#include "common/net/timing.h"

/* Makes room for `count` watches. */
static bool reserve_watches(struct gc_poll_set *set, size_t count) {
  if (count <= set->cap)
    return true;
  struct curl_waitfd *fds =
      realloc(set->fds, (count * 2 + 1) * sizeof(struct curl_waitfd));
  if (fds != NULL)
    set->fds = fds;
  struct gc_watch **polled =
      realloc(set->polled, count * 2 * sizeof(struct gc_watch *));
  if (polled != NULL)
    set->polled = polled;
  if (fds == NULL || polled == NULL)
    return false;
  set->cap = count * 2;
  return true;
}

enum gc_code gc_poll_set_init(struct gc_poll_set *set, int wake_fd) {
  *set = (struct gc_poll_set){.wake_fd = wake_fd};
  return reserve_watches(set, 8) ? GC_OK : GC_ERR_MEMORY;
}

void gc_poll_set_clear(struct gc_poll_set *set) {
  free(set->fds);
  free(set->polled);
  *set = (struct gc_poll_set){0};
}

void gc_poll_set_add(struct gc_poll_set *set, struct gc_watch *watch) {
  for (struct gc_watch *w = set->first; w != NULL; w = w->next)
    if (w == watch)
      return;
  watch->next = set->first;
  set->first = watch;
}

void gc_poll_set_remove(struct gc_poll_set *set, struct gc_watch *watch) {
  struct gc_watch **at = &set->first;
  while (*at != NULL && *at != watch)
    at = &(*at)->next;
  if (*at != NULL)
    *at = watch->next;
  for (size_t i = 0; i < set->polled_count; i++)
    if (set->polled[i] == watch)
      set->polled[i] = NULL;
}

uint32_t gc_poll_set_prepare(struct gc_poll_set *set, uint32_t max_ms) {
  size_t count = 0;
  set->fds[0] =
      (struct curl_waitfd){.fd = set->wake_fd, .events = CURL_WAIT_POLLIN};
  for (struct gc_watch *w = set->first; w != NULL; w = w->next) {
    if (!reserve_watches(set, count + 1)) {
      max_ms = max_ms < GC_LOOP_NO_MEMORY_MS ? max_ms : GC_LOOP_NO_MEMORY_MS;
      break;
    }
    short events = (short)((w->want_read ? CURL_WAIT_POLLIN : 0) |
                           (w->want_write ? CURL_WAIT_POLLOUT : 0));
    set->polled[count++] = w;
    set->fds[count] = (struct curl_waitfd){.fd = w->fd, .events = events};
    if (w->again)
      max_ms = 0;
  }
  set->polled_count = count;
  set->fds_count = (unsigned)count + 1;
  return max_ms;
}

void gc_poll_set_run(struct gc_poll_set *set, uint64_t now_ms) {
  for (size_t i = 0; i < set->polled_count; i++) {
    struct gc_watch *watch = set->polled[i];
    if (watch != NULL && (watch->again || set->fds[i + 1].revents != 0))
      watch->ready(watch->ctx, now_ms);
  }
  set->polled_count = 0;
}
