/* SPDX-License-Identifier: MIT */
/* The parts of the webhook: webhook.c starts and ends it, request.c handles a
 * request from its head to its answer, authorize.c checks the head, handshake.c
 * answers senders that ask, confirm.c confirms subscriptions. The server is
 * net/listener. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_INTERNAL_H
#define GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_INTERNAL_H

#include "common/base/buf.h"
#include "common/net/detached.h"
#include "plugins/genesys_flowmetrics/sources/webhook/confirm.h"
#include "plugins/genesys_flowmetrics/sources/webhook/webhook.h"

#include <pthread.h>

#include "common/net/listener/listener.h"

enum { WEBHOOK_FILES_WAIT_MS = 300 };

struct webhook {
  struct webhook_settings settings;
  struct gc_listener *listener;
  struct gc_detached *secret_reads;
  pthread_mutex_t reading; /* guards reader: two servers may overlap */
  struct event_reader *reader;
  pthread_mutex_t lock; /* guards waiting */
  unsigned waiting;     /* calls that wait for the ledger or the confirmer */
  struct confirmer *confirmer; /* NULL: Handshake allows no host */
  pthread_cond_t changed;
  _Atomic bool is_stopping;
  _Atomic bool is_listening;     /* the listener has succeeded once */
  _Atomic bool is_secret_unread; /* the last attempt to read it failed */
};

/* Updates source_up: 1 while requests can be counted. Any thread. */
static inline void webhook_note_up(struct webhook *w) {
  struct stats *stats = w->settings.source->stats;
  stats->up = w->is_listening && !w->is_secret_unread;
  stats->is_tried = true;
}

/* Returns the status that refuses a request by its head; 0 when its body may be
 * read. Runs on the listener's thread. */
unsigned webhook_authorize(struct webhook *w, struct MHD_Connection *c,
                           const char *url, const char *method);
/* Reports an unreadable secret file, before the first event and while it lasts.
 */
void webhook_check_secret_file(struct webhook *w);

/* ---- handshake.c ---- */

/* Returns the status for a request that asks whether its sender may send
 * events, and writes the JSON of the answer, if any, to `out`. Returns 0 for
 * any other request, and for a subscription of SNS that is allowed; `ret_url`
 * then has the address that confirms it. */
unsigned webhook_answer_handshake(struct webhook *w, struct MHD_Connection *c,
                                  const struct gc_buf *body, struct gc_buf *out,
                                  struct gc_buf *ret_url);
/* Returns the origin of an OPTIONS request if it may send events; else NULL.
 * Borrowed from the connection. */
const char *webhook_allowed_origin(struct webhook *w, struct MHD_Connection *c);

/* Returns the id of a request of Amazon Data Firehose; NULL for any other
 * request. Borrowed from the connection. */
const char *webhook_firehose_id(struct MHD_Connection *c);
/* Writes the answer that Firehose expects; any other answer is a failure for
 * Firehose. `error` NULL: success. */
enum gc_code webhook_answer_firehose(const char *id, const char *error,
                                     struct gc_buf *out);

/* Callbacks of libmicrohttpd (microhttpd.h); `ctx` is the webhook. */
enum MHD_Result webhook_on_request(void *ctx, struct MHD_Connection *c,
                                   const char *url, const char *method,
                                   const char *version, const char *bytes,
                                   size_t *len, void **place);
void webhook_on_completed(void *ctx, struct MHD_Connection *c, void **place,
                          enum MHD_RequestTerminationCode why);

#endif
