/* SPDX-License-Identifier: MIT */
/* The connections of a listener, and the time they have for a request. */
#include "common/net/listener/internal.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "common/net/clock.h"

enum {
  REQUEST_MAX_MS = 10 * 1000, /* until a request is whole */
  CROWDED_MAX_MS = 2 * 1000,  /* the same while all connections are in use */
};

void gc_listener_on_connection(void *ctx, struct MHD_Connection *c,
                               void **place,
                               enum MHD_ConnectionNotificationCode code) {
  struct gc_listener *l = ctx;
  struct link *link = *place;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    link = calloc(1, sizeof(*link));
    if (link == NULL || info == NULL) {
      free(link);
      return;
    }
    link->fd = info->connect_fd;
    link->since_ms = gc_clock_now_ms();
    pthread_mutex_lock(&l->lock);
    link->next = l->links;
    l->links = link;
    l->link_count++;
    pthread_mutex_unlock(&l->lock);
    *place = link;
    return;
  }
  pthread_mutex_lock(&l->lock);
  struct link **at = &l->links;
  while (*at != NULL && *at != link)
    at = &(*at)->next;
  if (*at != NULL) {
    *at = link->next;
    l->link_count--;
  }
  pthread_mutex_unlock(&l->lock);
  free(link);
  *place = NULL;
}

/* The time-out of libmicrohttpd starts over with each byte. */
void gc_listener_drop_slow(struct gc_listener *l, uint64_t now_ms) {
  pthread_mutex_lock(&l->lock);
  bool crowded = l->link_count >= l->settings.max_connections;
  uint64_t max_ms = crowded ? CROWDED_MAX_MS : REQUEST_MAX_MS;
  for (struct link *link = l->links; link != NULL; link = link->next)
    if (!link->is_busy && now_ms > link->since_ms &&
        now_ms - link->since_ms > max_ms)
      shutdown(link->fd, SHUT_RDWR);
  pthread_mutex_unlock(&l->lock);
}

void *gc_listener_on_uri(void *ctx, __attribute__((unused)) const char *uri,
                         struct MHD_Connection *c) {
  gc_listener_set_busy(ctx, c, false);
  return NULL; /* the request's first place */
}

void gc_listener_set_busy(struct gc_listener *l, struct MHD_Connection *c,
                          bool is_busy) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  struct link *link = info != NULL ? info->socket_context : NULL;
  if (link == NULL)
    return;
  pthread_mutex_lock(&l->lock);
  link->is_busy = is_busy;
  link->since_ms = gc_clock_now_ms();
  pthread_mutex_unlock(&l->lock);
}
