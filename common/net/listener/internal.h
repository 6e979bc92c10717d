/* SPDX-License-Identifier: MIT */
/* The parts of the listener: listener.c keeps a server running, connections.c
 * limits the time of a request, authorize.c checks certificates and secrets. */
#ifndef GC_NET_LISTENER_INTERNAL_H
#define GC_NET_LISTENER_INTERNAL_H

#include "common/base/buf.h"
#include "common/net/detached.h"
#include "common/net/listener/listener.h"

#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

/* A connection, closed when it takes too long. */
struct connection {
  int fd;
  bool is_busy;      /* no time limit */
  uint64_t since_ms; /* when it was opened, its newest request began, or is_busy
                        changed */
  struct connection *next;
};

enum { GC_LISTENER_FILES_WAIT_MS = 300 };

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

struct gc_listener {
  struct gc_listener_settings settings;
  struct server now;
  struct server old; /* finishes its connections; replaced by `now` */
  uint64_t old_since_ms, next_try_ms;
  struct stat files[PEM_COUNT]; /* of the certificates of `now` */
  struct gc_detached *pem_reads;
  bool is_hanging; /* the disk of the certificates; reported */
  int socket;      /* each server has a duplicate; -1: none */
  atomic_bool is_up;
  pthread_mutex_t lock; /* of connections */
  struct connection *connections;
  unsigned connection_count;
};

/* Closes connections that have not sent a whole request in time. */
void gc_listener_drop_slow(struct gc_listener *l, uint64_t now_ms);
/* A callback of libmicrohttpd (microhttpd.h); `ctx` is the listener. */
void gc_listener_on_connection(void *ctx, struct MHD_Connection *c,
                               void **place,
                               enum MHD_ConnectionNotificationCode code);
/* Likewise, for the first line of a request: begins its time limit, which does
 * not include the time for which the connection was idle. */
void *gc_listener_on_uri(void *ctx, const char *uri, struct MHD_Connection *c);

#endif
