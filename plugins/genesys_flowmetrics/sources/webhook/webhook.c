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
  IDLE_S = 15,                /* between two requests of one connection */
  MEMORY_BYTES = 32 * 1024,   /* headers of one connection */
};

/* ---- connections ---- */

static void on_connection(void *ctx, struct MHD_Connection *c, void **place,
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

/* ---- life ---- */

static enum gc_code read_pems(struct webhook *w, struct gc_err *err) {
  const struct webhook_options *o = w->settings.options;
  if (o->tls_cert == NULL)
    return GC_OK;
  w->cert = webhook_pem("TLSCert", o->tls_cert, err);
  if (w->cert != NULL)
    w->key = webhook_pem("TLSKey",
                         o->tls_key != NULL ? o->tls_key : o->tls_cert, err);
  if (w->key != NULL && o->tls_client_ca != NULL)
    w->ca = webhook_pem("TLSClientCA", o->tls_client_ca, err);
  return w->key != NULL && (o->tls_client_ca == NULL || w->ca != NULL)
             ? GC_OK
             : GC_ERR_CONFIG;
}

static void on_log(void *ctx, const char *format, va_list args) {
  (void)ctx, (void)format, (void)args; /* single clients: counters show them */
}

static enum gc_code start_daemon(struct webhook *w, int fd,
                                 struct gc_err *err) {
  const struct webhook_options *o = w->settings.options;
  struct MHD_OptionItem options[] = {
      {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_log, NULL},
      {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
      {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)o->max_connections, NULL},
      {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, NULL},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_BYTES, NULL},
      {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)webhook_on_completed, w},
      {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, w},
      {MHD_OPTION_END, 0, NULL}, /* TLS from here */
      {MHD_OPTION_END, 0, NULL},
      {MHD_OPTION_END, 0, NULL},
      {MHD_OPTION_END, 0, NULL},
  };
  unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO |
                   MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
  if (w->cert != NULL) {
    flags |= MHD_USE_TLS;
    options[7] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, w->cert};
    options[8] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, w->key};
    if (w->ca != NULL)
      options[9] =
          (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, w->ca};
  }
  w->daemon =
      MHD_start_daemon(flags, (uint16_t)o->port, NULL, NULL, webhook_on_request,
                       w, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
  if (w->daemon != NULL)
    return GC_OK;
  return gc_fail(err, GC_ERR_CONFIG, "the web server does not start%s",
                 w->cert != NULL ? "; do TLSCert and TLSKey belong together?"
                                 : "");
}

struct webhook *webhook_start(const struct webhook_settings *settings,
                              struct gc_err *err) {
  struct webhook *w = calloc(1, sizeof(*w));
  if (w == NULL) {
    gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  w->settings = *settings;
  w->listener = -1;
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->changed, NULL);
  w->reader = event_reader_new(settings->form, err);
  int fd = -1;
  if (w->reader != NULL && read_pems(w, err) == GC_OK)
    fd = webhook_listen(settings->options, err);
  if (fd >= 0 && start_daemon(w, fd, err) == GC_OK) {
    settings->source->stats->up = 1;
    webhook_check_secret_file(w);
    return w;
  }
  /* MHD_start_daemon closes the socket when it fails. */
  webhook_free(w);
  return NULL;
}

void webhook_stop(struct webhook *w) {
  if (w == NULL || w->daemon == NULL || w->is_stopping)
    return;
  w->is_stopping = true;
  w->listener = MHD_quiesce_daemon(w->daemon);
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
  if (w->daemon != NULL)
    MHD_stop_daemon(w->daemon);
  /* The daemon's thread may use the socket until it ends (microhttpd.h). */
  if (w->listener >= 0)
    close(w->listener);
  event_reader_free(w->reader);
  char *const pems[] = {w->cert, w->key, w->ca};
  for (size_t i = 0; i < GC_COUNT(pems); i++) {
    if (pems[i] != NULL)
      explicit_bzero(pems[i], strlen(pems[i]));
    free(pems[i]);
  }
  pthread_cond_destroy(&w->changed);
  pthread_mutex_destroy(&w->lock);
  free(w);
}
