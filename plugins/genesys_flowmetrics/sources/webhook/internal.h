/* SPDX-License-Identifier: MIT */
/* The webhook's own rooms: webhook.c is its life, webhook_door.c who gets in,
 * webhook_request.c a request from its head to its answer, webhook_listen.c
 * what it needs of the host. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_INTERNAL_H
#define GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_INTERNAL_H

#include "plugins/genesys_flowmetrics/sources/webhook/webhook.h"

#include <pthread.h>

#include <microhttpd.h>

/* A connection, to be cut off when it takes too long. */
struct link {
  int fd;
  bool is_busy;      /* its request waits for the ledger: our time, not its */
  uint64_t since_ms; /* begin of what it is at */
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
  int listener; /* after the stop; -1: the daemon has it */
};

/* The status that a request's head deserves; 0: it may come in. On the daemon's
 * thread. */
unsigned webhook_authorize(struct webhook *w, struct MHD_Connection *c,
                           const char *url, const char *method);
/* An operator hears of a missing file before the first event does. */
void webhook_check_secret_file(struct webhook *w);

/* Callbacks of libmicrohttpd (microhttpd.h); `ctx` is the webhook. */
enum MHD_Result webhook_on_request(void *ctx, struct MHD_Connection *c,
                                   const char *url, const char *method,
                                   const char *version, const char *bytes,
                                   size_t *len, void **place);
void webhook_on_completed(void *ctx, struct MHD_Connection *c, void **place,
                          enum MHD_RequestTerminationCode why);

/* A socket that listens, -1 and err; a file's text, owned (a key: overwrite
 * it), NULL and err. `option` names it in the words. */
int webhook_listen(const struct webhook_settings *s, struct gc_err *err);
char *webhook_pem(const char *option, const char *path, struct gc_err *err);

#endif
