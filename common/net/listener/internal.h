/* SPDX-License-Identifier: MIT */
/* The parts of the listener: listener.c keeps a server running, connections.c
 * limits the time of a request, authorize.c checks certificates and secrets. */
#ifndef GC_NET_LISTENER_INTERNAL_H
#define GC_NET_LISTENER_INTERNAL_H

#include "common/base/buf.h"
#include "common/net/file.h"
#include "common/net/listener/listener.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ORIGIN_BYTES = 8 };

enum connection_stage {
  SILENT,   /* has sent no request */
  BEGUN,    /* the first line of a request has come */
  READ,     /* its head has come */
  ANSWERED, /* it is whole: its answer is made, or taken by the client */
  IDLE,     /* between two requests */
};

/* A connection. The lock of the listener guards it; its stage is changed by the
 * server's thread alone. */
struct connection {
  int fd;
  uint8_t origin[ORIGIN_BYTES]; /* what tells its client from others */
  enum connection_stage stage;
  uint64_t number;   /* in the order of the connections */
  uint64_t since_ms; /* of the stage; READ: of BEGUN */
  bool is_cut;       /* the server closes it soon */
  bool is_admitted;  /* its request counts as under way */
  uint64_t admitted_ms;
  uint64_t taken, taken_ms; /* bytes that the client took, and when last */
  struct connection *next;
};

enum { PEM_CERT, PEM_KEY, PEM_CA, PEM_COUNT };

/* The files of the certificates; zero: not there, or not named. */
struct pems {
  struct gc_file at[PEM_COUNT];
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
  _Atomic int64_t cert_end_s; /* when the shown certificate ends; 0: unknown */

  pthread_t thread; /* its upkeep */
  bool has_thread;
  pthread_mutex_t keeping; /* held during the upkeep */
  bool is_quiet;           /* accepts no more */
  pthread_mutex_t waiting; /* of the two members below */
  pthread_cond_t ended;
  bool is_ending;

  /* Of the thread of the upkeep. */
  uint64_t told_count;
  bool is_crowded; /* reported */

  pthread_mutex_t lock; /* of the members below */
  struct connection *connections;
  uint64_t connection_number;
  uint64_t closed_count, closed_ms; /* for want of room */
};

/* Closes connections that are late with their request or with taking their
 * answer; reports a crowd. */
void gc_listener_drop_slow(struct gc_listener *l, uint64_t now_ms);
/* A callback of libmicrohttpd (microhttpd.h); `ctx` is the listener. */
void gc_listener_on_connection(void *ctx, struct MHD_Connection *c,
                               void **place,
                               enum MHD_ConnectionNotificationCode code);
/* Likewise, for the first line of a request: begins its time limit, which does
 * not include the time for which the connection was idle. */
void *gc_listener_on_uri(void *ctx, const char *uri, struct MHD_Connection *c);
/* Likewise, for a request; asks the owner, or refuses it. */
enum MHD_Result gc_listener_on_access(void *ctx, struct MHD_Connection *c,
                                      const char *url, const char *method,
                                      const char *version, const char *bytes,
                                      size_t *len, void **place);
void gc_listener_on_completed(void *ctx, struct MHD_Connection *c, void **place,
                              enum MHD_RequestTerminationCode code);

#endif
