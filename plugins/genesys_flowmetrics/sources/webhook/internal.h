/* SPDX-License-Identifier: MIT */
/* The parts of the webhook: webhook.c starts and ends it, request.c handles a
 * request from its head to its answer, authorize.c checks the head, listen.c
 * opens files and the socket. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_INTERNAL_H
#define GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_INTERNAL_H

#include "plugins/genesys_flowmetrics/sources/webhook/webhook.h"

#include <pthread.h>

#include <microhttpd.h>

/* A connection, closed when it takes too long. */
struct link {
  int fd;
  bool is_busy;      /* its request waits for the ledger: no time limit */
  uint64_t since_ms; /* when it was opened, or is_busy changed */
  struct link *next;
};

struct webhook {
  struct webhook_settings settings;
  struct MHD_Daemon *daemon;
  struct event_reader *reader; /* the daemon's thread */
  char *cert, *key, *ca;       /* PEM */
  pthread_mutex_t lock;        /* of links and waiting */
  struct link *links;
  unsigned link_count;
  unsigned waiting; /* calls with the ledger */
  pthread_cond_t changed;
  _Atomic bool is_stopping;
  int listener; /* the socket after webhook_stop; -1: the daemon owns it */
};

/* The status that refuses a request by its head; 0 when its body may be read.
 * On the daemon's thread. */
unsigned webhook_authorize(struct webhook *w, struct MHD_Connection *c,
                           const char *url, const char *method);
/* Reports an unreadable secret file at the start, before the first event. */
void webhook_check_secret_file(struct webhook *w);

/* Callbacks of libmicrohttpd (microhttpd.h); `ctx` is the webhook. */
enum MHD_Result webhook_on_request(void *ctx, struct MHD_Connection *c,
                                   const char *url, const char *method,
                                   const char *version, const char *bytes,
                                   size_t *len, void **place);
void webhook_on_completed(void *ctx, struct MHD_Connection *c, void **place,
                          enum MHD_RequestTerminationCode why);

/* A listening socket; -1 and err. */
int webhook_listen(const struct webhook_options *o, struct gc_err *err);
/* The text of a file, owned by the caller, which overwrites a key before
 * freeing it; NULL and err. `option` names the file in the message. */
char *webhook_pem(const char *option, const char *path, struct gc_err *err);

#endif
