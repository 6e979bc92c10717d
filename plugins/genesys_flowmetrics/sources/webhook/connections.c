/* SPDX-License-Identifier: MIT */
/* The connections of the webhook, and their time limits. */
#include "plugins/genesys_flowmetrics/sources/webhook/internal.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "common/net/clock.h"

enum {
  REQUEST_MAX_MS = 10 * 1000, /* until a request is whole */
  CROWDED_MAX_MS = 2 * 1000,  /* the same while all connections are in use */
};

void webhook_on_connection(void *ctx, struct MHD_Connection *c, void **place,
                           enum MHD_ConnectionNotificationCode code) {
  struct webhook *w = ctx;
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
    pthread_mutex_lock(&w->lock);
    link->next = w->links;
    w->links = link;
    w->link_count++;
    pthread_mutex_unlock(&w->lock);
    *place = link;
    return;
  }
  pthread_mutex_lock(&w->lock);
  struct link **at = &w->links;
  while (*at != NULL && *at != link)
    at = &(*at)->next;
  if (*at != NULL) {
    *at = link->next;
    w->link_count--;
  }
  pthread_mutex_unlock(&w->lock);
  free(link);
  *place = NULL;
}

/* Closes slow connections, because the time-out of libmicrohttpd starts over
 * with each byte. */
void webhook_drop_slow(struct webhook *w, uint64_t now_ms) {
  pthread_mutex_lock(&w->lock);
  bool crowded = w->link_count >= w->settings.options->max_connections;
  uint64_t max_ms = crowded ? CROWDED_MAX_MS : REQUEST_MAX_MS;
  for (struct link *link = w->links; link != NULL; link = link->next)
    if (!link->is_busy && now_ms > link->since_ms &&
        now_ms - link->since_ms > max_ms)
      shutdown(link->fd, SHUT_RDWR);
  pthread_mutex_unlock(&w->lock);
}
