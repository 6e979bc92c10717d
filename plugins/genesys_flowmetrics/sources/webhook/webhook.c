/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/webhook/internal.h"

#include <stdlib.h>

#include "common/net/clock.h"

void webhook_maintain(struct webhook *w, uint64_t now_ms) {
  if (w->is_stopping)
    return;
  gc_listener_maintain(w->listener, now_ms);
  if (w->is_secret_unread)
    webhook_check_secret_file(w);
}

static bool has_waiting(void *ctx) {
  struct webhook *w = ctx;
  pthread_mutex_lock(&w->lock);
  bool has = w->waiting > 0;
  pthread_mutex_unlock(&w->lock);
  return has;
}

static void on_listening(void *ctx, const char *cause,
                         const struct gc_err *err) {
  struct webhook *w = ctx;
  if (err->code == GC_OK)
    w->is_listening = true;
  w->settings.notice(w->settings.ctx, cause, err);
  webhook_note_up(w);
}

static struct gc_listener *listener_of(struct webhook *w) {
  const struct webhook_options *o = w->settings.options;
  const struct gc_listener_settings settings = {
      .options = &o->at,
      .max_connections = o->max_connections,
      .on_request = webhook_on_request,
      .on_completed = webhook_on_completed,
      .has_waiting = has_waiting,
      .notice = on_listening,
      .ctx = w};
  return gc_listener_new(&settings);
}

struct webhook *webhook_start(const struct webhook_settings *settings,
                              struct gc_err *err) {
  struct webhook *w = calloc(1, sizeof(*w));
  if (w == NULL) {
    gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  w->settings = *settings;
  pthread_mutex_init(&w->lock, NULL);
  pthread_mutex_init(&w->reading, NULL);
  pthread_cond_init(&w->changed, NULL);
  w->secret_reads = gc_detached_new("gc-secret", WEBHOOK_FILES_WAIT_MS, NULL);
  w->reader = event_reader_new(settings->form, err);
  w->listener = listener_of(w);
  if (w->secret_reads == NULL || w->listener == NULL)
    (void)gc_fail(err, GC_ERR_MEMORY, "out of memory");
  if (w->secret_reads == NULL || w->listener == NULL || w->reader == NULL) {
    webhook_free(w);
    return NULL;
  }
  if (settings->handshakes.count > 0)
    w->confirmer = confirmer_new(settings->connect, err);
  if (settings->handshakes.count > 0 && w->confirmer == NULL) {
    webhook_free(w);
    return NULL;
  }
  webhook_check_secret_file(w);
  gc_listener_maintain(w->listener, gc_clock_now_ms());
  return w;
}

void webhook_stop(struct webhook *w) {
  if (w == NULL || w->is_stopping)
    return;
  w->is_stopping = true;
  if (w->listener != NULL)
    gc_listener_quiesce(w->listener);
}

/* Waits until no connection is suspended, because until then MHD_stop_daemon
 * does not return. The ledger was stopped before, so all batches come back. */
void webhook_free(struct webhook *w) {
  if (w == NULL)
    return;
  webhook_stop(w);
  confirmer_free(w->confirmer);
  pthread_mutex_lock(&w->lock);
  while (w->waiting > 0)
    pthread_cond_wait(&w->changed, &w->lock);
  pthread_mutex_unlock(&w->lock);
  gc_listener_free(w->listener);
  event_reader_free(w->reader);
  gc_detached_free(w->secret_reads);
  pthread_mutex_destroy(&w->reading);
  pthread_cond_destroy(&w->changed);
  pthread_mutex_destroy(&w->lock);
  free(w);
}
