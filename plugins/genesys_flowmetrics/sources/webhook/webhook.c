/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/webhook/internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/net/clock.h"

enum {
  REQUEST_MAX_MS = 10 * 1000, /* until a request is whole */
  CROWDED_MAX_MS = 2 * 1000,  /* the same while all connections are in use */
};

/* ---- connections ---- */

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

/* The time-out of libmicrohttpd starts over with each byte. */
static void drop_slow(struct webhook *w, uint64_t now_ms) {
  pthread_mutex_lock(&w->lock);
  bool crowded = w->link_count >= w->settings.options->max_connections;
  uint64_t max_ms = crowded ? CROWDED_MAX_MS : REQUEST_MAX_MS;
  for (struct link *link = w->links; link != NULL; link = link->next)
    if (!link->is_busy && now_ms > link->since_ms &&
        now_ms - link->since_ms > max_ms)
      shutdown(link->fd, SHUT_RDWR);
  pthread_mutex_unlock(&w->lock);
}

/* ---- life ---- */

void webhook_maintain(struct webhook *w, uint64_t now_ms) {
  if (w->is_stopping)
    return;
  drop_slow(w, now_ms);
  webhook_keep_server(w, now_ms);
}

struct webhook *webhook_start(const struct webhook_settings *settings,
                              struct gc_err *err) {
  struct webhook *w = calloc(1, sizeof(*w));
  if (w == NULL) {
    gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  w->settings = *settings;
  w->listener = w->now.fd = w->old.fd = -1;
  pthread_mutex_init(&w->lock, NULL);
  pthread_mutex_init(&w->reading, NULL);
  pthread_cond_init(&w->changed, NULL);
  w->reader = event_reader_new(settings->form, err);
  if (w->reader == NULL) {
    webhook_free(w);
    return NULL;
  }
  webhook_check_secret_file(w);
  webhook_keep_server(w, gc_clock_now_ms());
  return w;
}

void webhook_stop(struct webhook *w) {
  if (w == NULL || w->is_stopping)
    return;
  w->is_stopping = true;
  webhook_quiesce_server(&w->now);
  webhook_quiesce_server(&w->old);
}

/* MHD_stop_daemon does not return while a connection is suspended. The ledger
 * was stopped before and has returned all batches. */
void webhook_free(struct webhook *w) {
  if (w == NULL)
    return;
  webhook_stop(w);
  pthread_mutex_lock(&w->lock);
  while (w->waiting > 0)
    pthread_cond_wait(&w->changed, &w->lock);
  pthread_mutex_unlock(&w->lock);
  webhook_end_server(&w->now);
  webhook_end_server(&w->old);
  if (w->listener >= 0)
    close(w->listener);
  event_reader_free(w->reader);
  pthread_mutex_destroy(&w->reading);
  pthread_cond_destroy(&w->changed);
  pthread_mutex_destroy(&w->lock);
  free(w);
}
