/* SPDX-License-Identifier: MIT */
/* The parts of the webhook: webhook.c starts and ends it, server.c keeps a
 * server of libmicrohttpd running, request.c handles a request from its head to
 * its answer, authorize.c checks the head, handshake.c answers senders that
 * ask, confirm.c confirms subscriptions, pems.c reads the certificates,
 * listen.c opens the socket. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_INTERNAL_H
#define GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_INTERNAL_H

#include "common/base/buf.h"
#include "common/net/bounded.h"
#include "plugins/genesys_flowmetrics/sources/webhook/confirm.h"
#include "plugins/genesys_flowmetrics/sources/webhook/webhook.h"

#include <pthread.h>
#include <sys/stat.h>

#include <microhttpd.h>

/* A connection, closed when it takes too long. */
struct link {
  int fd;
  bool is_busy;      /* its request waits for the ledger: no time limit */
  uint64_t since_ms; /* when it was opened, or is_busy changed */
  struct link *next;
};

enum { WEBHOOK_FILES_WAIT_MS = 300 };

enum { PEM_CERT, PEM_KEY, PEM_CA, PEM_COUNT };

/* The files of the certificates. */
struct pems {
  struct stat files[PEM_COUNT]; /* zero: not there, or not named */
  struct gc_buf texts[PEM_COUNT];
};

/* A daemon of libmicrohttpd with the certificates that it was started with. */
struct server {
  struct MHD_Daemon *daemon; /* NULL: not running */
  struct pems pems;
  int fd; /* its socket once it accepts no more connections; else -1 */
};

struct webhook {
  struct webhook_settings settings;
  struct server now;
  struct server old; /* replaced, but finishes its connections */
  uint64_t old_since_ms, next_try_ms;
  struct stat files[PEM_COUNT]; /* of the certificates of `now` */
  struct gc_bounded *pem_reads, *secret_reads;
  bool is_hanging;         /* the disk of the certificates; reported */
  int listener;            /* each server has a duplicate; -1: none */
  pthread_mutex_t reading; /* of reader: two servers may overlap */
  struct event_reader *reader;
  pthread_mutex_t lock; /* guards links and waiting */
  struct link *links;
  unsigned link_count;
  unsigned waiting;            /* calls with the ledger or the confirmer */
  struct confirmer *confirmer; /* NULL: Handshake allows no host */
  pthread_cond_t changed;
  _Atomic bool is_stopping;
  _Atomic bool is_listening;     /* `now` runs */
  _Atomic bool is_secret_unread; /* the last attempt to read it failed */
};

/* Closes connections that have not sent a whole request in time. */
void webhook_drop_slow(struct webhook *w, uint64_t now_ms);
/* Starts the server if it does not run and is due, replaces it when the files
 * of its certificates have changed, ends the replaced one. Reports the outcome.
 */
void webhook_keep_server(struct webhook *w, uint64_t now_ms);
/* Updates source_up: 1 while requests can be counted. Any thread. */
static inline void webhook_note_up(struct webhook *w) {
  struct stats *stats = w->settings.source->stats;
  stats->up = w->is_listening && !w->is_secret_unread;
  stats->is_tried = true;
}
/* Accepts no more connections. */
void webhook_quiesce_server(struct server *s);
/* Ends the server. None of its connections may wait for the ledger. */
void webhook_end_server(struct server *s);

/* Returns the status that refuses a request by its head; 0 when its body may be
 * read. Runs on the daemon's thread. */
unsigned webhook_authorize(struct webhook *w, struct MHD_Connection *c,
                           const char *url, const char *method);
/* Reports an unreadable secret file, before the first event and while it lasts.
 */
void webhook_check_secret_file(struct webhook *w);

/* ---- handshake.c ---- */

/* The status of a request that asks whether its sender may send events, and the
 * JSON to answer in `out`, which may stay empty; 0 for any other request. A
 * subscription of SNS that is allowed gives 0, too, and the address that
 * confirms it in `ret_url`. */
unsigned webhook_shake_hands(struct webhook *w, struct MHD_Connection *c,
                             const struct gc_buf *body, struct gc_buf *out,
                             struct gc_buf *ret_url);
/* The origin of an OPTIONS request that may send events; else NULL. Borrowed
 * from the connection. */
const char *webhook_allowed_origin(struct webhook *w, struct MHD_Connection *c);

/* The id of a request of Amazon Data Firehose; NULL for any other request.
 * Borrowed from the connection. */
const char *webhook_firehose_id(struct MHD_Connection *c);
/* Writes the answer that Firehose expects; it takes any other one for a
 * failure. `error` NULL: success. */
enum gc_code webhook_answer_firehose(const char *id, const char *error,
                                     struct gc_buf *out);

/* Callbacks of libmicrohttpd (microhttpd.h); `ctx` is the webhook. */
enum MHD_Result webhook_on_request(void *ctx, struct MHD_Connection *c,
                                   const char *url, const char *method,
                                   const char *version, const char *bytes,
                                   size_t *len, void **place);
void webhook_on_connection(void *ctx, struct MHD_Connection *c, void **place,
                           enum MHD_ConnectionNotificationCode code);
void webhook_on_completed(void *ctx, struct MHD_Connection *c, void **place,
                          enum MHD_RequestTerminationCode why);

/* Returns a listening socket; -1 and err on failure. */
int webhook_listen(const struct webhook_options *o, struct gc_err *err);

/* ---- pems.c ---- */

/* Looks at the files of the certificates, and reads them with `reads`, within
 * WEBHOOK_FILES_WAIT_MS; the caller clears `ret`. GC_ERR_TIMEOUT: their disk
 * hangs; GC_ERR_CONFIG: one cannot be read. */
GC_MUST_CHECK enum gc_code webhook_look_at_pems(struct webhook *w, bool reads,
                                                struct pems *ret,
                                                struct gc_err *err);
void webhook_clear_pems(struct pems *p);

#endif
