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
  struct connection *connection = *place;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    connection = calloc(1, sizeof(*connection));
    if (connection == NULL || info == NULL) {
      free(connection);
      return;
    }
    connection->fd = info->connect_fd;
    connection->since_ms = gc_clock_now_ms();
    pthread_mutex_lock(&l->lock);
    connection->next = l->connections;
    l->connections = connection;
    l->connection_count++;
    pthread_mutex_unlock(&l->lock);
    *place = connection;
    return;
  }
  pthread_mutex_lock(&l->lock);
  struct connection **at = &l->connections;
  while (*at != NULL && *at != connection)
    at = &(*at)->next;
  if (*at != NULL) {
    *at = connection->next;
    l->connection_count--;
  }
  pthread_mutex_unlock(&l->lock);
  free(connection);
  *place = NULL;
}

/* The time-out of libmicrohttpd starts over with each byte. */
void gc_listener_drop_slow(struct gc_listener *l, uint64_t now_ms) {
  pthread_mutex_lock(&l->lock);
  bool crowded = l->connection_count >= l->settings.max_connections;
  uint64_t max_ms = crowded ? CROWDED_MAX_MS : REQUEST_MAX_MS;
  for (struct connection *connection = l->connections; connection != NULL;
       connection = connection->next)
    if (!connection->is_busy && now_ms > connection->since_ms &&
        now_ms - connection->since_ms > max_ms)
      shutdown(connection->fd, SHUT_RDWR);
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
  struct connection *connection = info != NULL ? info->socket_context : NULL;
  if (connection == NULL)
    return;
  pthread_mutex_lock(&l->lock);
  connection->is_busy = is_busy;
  connection->since_ms = gc_clock_now_ms();
  pthread_mutex_unlock(&l->lock);
}
