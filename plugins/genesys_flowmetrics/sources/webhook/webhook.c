/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/webhook/internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/net/clock.h"

void webhook_maintain(struct webhook *w, uint64_t now_ms) {
  if (w->is_stopping)
    return;
  webhook_drop_slow(w, now_ms);
  webhook_keep_server(w, now_ms);
  if (w->is_secret_unread)
    webhook_check_secret_file(w);
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
  w->pem_reads = gc_bounded_new("gc-pems", WEBHOOK_FILES_WAIT_MS);
  w->secret_reads = gc_bounded_new("gc-secret", WEBHOOK_FILES_WAIT_MS);
  w->reader = event_reader_new(settings->form, err);
  if (w->pem_reads == NULL || w->secret_reads == NULL)
    (void)gc_fail(err, GC_ERR_MEMORY, "out of memory");
  if (w->pem_reads == NULL || w->secret_reads == NULL || w->reader == NULL) {
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
  webhook_end_server(&w->now);
  webhook_end_server(&w->old);
  if (w->listener >= 0)
    close(w->listener);
  event_reader_free(w->reader);
  gc_bounded_free(w->pem_reads);
  gc_bounded_free(w->secret_reads);
  pthread_mutex_destroy(&w->reading);
  pthread_cond_destroy(&w->changed);
  pthread_mutex_destroy(&w->lock);
  free(w);
}
