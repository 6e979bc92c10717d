/* SPDX-License-Identifier: MIT */
/* The connections of a listener: how many there may be, which one goes when
 * there are too many, and the time each has for its request and its answer. */
#include "common/net/listener/internal.h"

#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/net/clock.h"

enum {
  REQUEST_MAX_MS = 10 * 1000, /* until a request is whole */
  TAKE_MAX_MS = 10 * 1000,    /* without a byte that the client takes */
  KEEP_MAX_MS = 130 * 1000,   /* between two requests: two slow scrapes */
  /* An answer that takes this long gives way when all answers are under way. */
  ANSWER_MAX_MS = 30 * 1000,
  CALM_MS = 60 * 1000, /* without a closed connection: it is over */
};

/* ---- addresses ---- */

/* Writes what tells clients apart: the IPv4 address, or the network (/64) of an
 * IPv6 address. */
static void write_origin(const struct sockaddr *from,
                         uint8_t out[ORIGIN_BYTES]) {
  memset(out, 0, ORIGIN_BYTES);
  if (from != NULL && from->sa_family == AF_INET) {
    const struct sockaddr_in *in =
        (const struct sockaddr_in *)(const void *)from;
    memcpy(out, &in->sin_addr, sizeof(in->sin_addr));
  } else if (from != NULL && from->sa_family == AF_INET6) {
    const struct sockaddr_in6 *in =
        (const struct sockaddr_in6 *)(const void *)from;
    bool is_mapped = IN6_IS_ADDR_V4MAPPED(&in->sin6_addr);
    memcpy(out, in->sin6_addr.s6_addr + (is_mapped ? 12 : 0),
           is_mapped ? 4 : ORIGIN_BYTES);
  }
}

static bool is_of(const struct connection *c, const uint8_t *origin) {
  return origin == NULL || memcmp(c->origin, origin, ORIGIN_BYTES) == 0;
}

/* ---- which one goes; the lock is held ---- */

static void cut(struct connection *c) {
  c->is_cut = true;
  shutdown(c->fd, SHUT_RDWR); /* the server closes it */
}

static unsigned count_of(const struct gc_listener *l, const uint8_t *origin) {
  unsigned count = 0;
  for (const struct connection *c = l->connections; c != NULL; c = c->next)
    count += !c->is_cut && is_of(c, origin);
  return count;
}

/* Returns the connection that has been in `stage` for longest; NULL: none. */
static struct connection *oldest_in(const struct gc_listener *l,
                                    enum connection_stage stage,
                                    const uint8_t *origin) {
  struct connection *found = NULL;
  for (struct connection *c = l->connections; c != NULL; c = c->next)
    if (!c->is_cut && c->stage == stage && is_of(c, origin) &&
        (found == NULL || c->since_ms < found->since_ms ||
         (c->since_ms == found->since_ms && c->number < found->number)))
      found = c;
  return found;
}

/* Makes room for a new connection: the oldest that has sent no request goes,
 * then the one that has been idle for longest after its answers. False: a
 * request is under way on each. */
static bool make_room(struct gc_listener *l, const uint8_t *origin) {
  struct connection *gone = oldest_in(l, SILENT, origin);
  if (gone == NULL)
    gone = oldest_in(l, IDLE, origin);
  if (gone != NULL)
    cut(gone);
  return gone != NULL;
}

/* No origin has more than half, so that a crowd of one host leaves room for the
 * others. */
static void admit_connection(struct gc_listener *l, struct connection *c,
                             uint64_t now_ms) {
  uint32_t max = l->settings.max_connections;
  bool is_crowd = count_of(l, c->origin) >= max / 2;
  if (!is_crowd && count_of(l, NULL) < max)
    return;
  if (!make_room(l, is_crowd ? c->origin : NULL))
    cut(c);
  l->closed_count++;
  l->closed_ms = now_ms;
}

/* ---- callbacks of libmicrohttpd ---- */

static void begin_connection(struct gc_listener *l, struct MHD_Connection *c,
                             void **place) {
  struct connection *made = gc_zalloc(1, sizeof(*made));
  uint64_t now_ms = gc_clock_now_ms();
  /* libmicrohttpd 1.0 has one place for all answers to this question: each
   * answer is read before the next one is asked for. */
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
  GC_ASSERT(info != NULL);
  made->fd = info->connect_fd;
  info = MHD_get_connection_info(c, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
  write_origin(info != NULL ? info->client_addr : NULL, made->origin);
  made->since_ms = now_ms;
  pthread_mutex_lock(&l->lock);
  admit_connection(l, made, now_ms);
  made->number = ++l->connection_number;
  made->next = l->connections;
  l->connections = made;
  pthread_mutex_unlock(&l->lock);
  *place = made;
}

void gc_listener_on_connection(void *ctx, struct MHD_Connection *c,
                               void **place,
                               enum MHD_ConnectionNotificationCode code) {
  struct gc_listener *l = ctx;
  struct connection *ended = *place;
  if (code == MHD_CONNECTION_NOTIFY_STARTED) {
    begin_connection(l, c, place);
    return;
  }
  pthread_mutex_lock(&l->lock);
  struct connection **at = &l->connections;
  while (*at != NULL && *at != ended)
    at = &(*at)->next;
  if (*at != NULL)
    *at = ended->next;
  pthread_mutex_unlock(&l->lock);
  free(ended);
  *place = NULL;
}

static struct connection *connection_of(struct MHD_Connection *c) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  return info != NULL ? info->socket_context : NULL;
}

static void set_stage(struct gc_listener *l, struct MHD_Connection *c,
                      enum connection_stage stage) {
  struct connection *connection = connection_of(c);
  if (connection == NULL)
    return;
  pthread_mutex_lock(&l->lock);
  connection->stage = stage;
  connection->since_ms = connection->taken_ms = gc_clock_now_ms();
  pthread_mutex_unlock(&l->lock);
}

void *gc_listener_on_uri(void *ctx, __attribute__((unused)) const char *uri,
                         struct MHD_Connection *c) {
  set_stage(ctx, c, BEGUN);
  return NULL; /* the request's first place */
}

/* ---- requests ---- */

struct framing {
  const char *length; /* Content-Length */
  bool is_coded;      /* Transfer-Encoding */
  bool is_wrong;
};

static enum MHD_Result note_header(void *ctx, enum MHD_ValueKind kind,
                                   const char *key, const char *value) {
  struct framing *f = ctx;
  (void)kind;
  f->is_coded |= strcasecmp(key, MHD_HTTP_HEADER_TRANSFER_ENCODING) == 0;
  if (strcasecmp(key, MHD_HTTP_HEADER_CONTENT_LENGTH) == 0) {
    f->is_wrong |=
        value == NULL || (f->length != NULL && strcmp(f->length, value) != 0);
    f->length = value;
  }
  return MHD_YES;
}

/* True if the length of the body is told twice: two different Content-Length,
 * or one beside chunks. A proxy in front may have read the other one, and
 * taken the rest for a request of its own (RFC 9112, 6.3). */
static bool is_ambiguous(struct MHD_Connection *c) {
  struct framing f = {.length = NULL};
  MHD_get_connection_values(c, MHD_HEADER_KIND, note_header, &f);
  return f.is_wrong || (f.is_coded && f.length != NULL);
}

/* Counts a request as under way. False: there are too many. */
static bool admit_request(struct gc_listener *l, struct connection *c) {
  uint64_t now_ms = gc_clock_now_ms();
  unsigned count = 0;
  struct connection *oldest = NULL;
  pthread_mutex_lock(&l->lock);
  for (struct connection *other = l->connections; other != NULL;
       other = other->next) {
    bool is_under_way = !other->is_cut && other->is_admitted;
    count += is_under_way;
    if (is_under_way &&
        (oldest == NULL || other->admitted_ms < oldest->admitted_ms))
      oldest = other;
  }
  bool has_room = count < l->settings.max_answers;
  if (!has_room && oldest != NULL && oldest->stage == ANSWERED &&
      now_ms - oldest->admitted_ms > ANSWER_MAX_MS) {
    cut(oldest);
    has_room = true;
  }
  c->is_admitted = has_room;
  c->admitted_ms = now_ms;
  pthread_mutex_unlock(&l->lock);
  return has_room;
}

enum MHD_Result gc_listener_on_access(void *ctx, struct MHD_Connection *c,
                                      const char *url, const char *method,
                                      const char *version, const char *bytes,
                                      size_t *len, void **place) {
  struct gc_listener *l = ctx;
  struct connection *connection = connection_of(c);
  if (connection == NULL)
    return MHD_NO;
  if (connection->stage == BEGUN) {
    bool is_wrong = is_ambiguous(c);
    if (is_wrong || !admit_request(l, connection)) {
      *len = 0;
      return l->settings.refuse(l->settings.ctx, c, is_wrong ? 400 : 503);
    }
    pthread_mutex_lock(&l->lock);
    connection->stage = READ; /* its time goes on */
    pthread_mutex_unlock(&l->lock);
  } else if (connection->stage == READ && *len == 0)
    set_stage(l, c, ANSWERED);
  return l->settings.on_request(l->settings.ctx, c, url, method, version, bytes,
                                len, place);
}

void gc_listener_on_completed(void *ctx, struct MHD_Connection *c, void **place,
                              enum MHD_RequestTerminationCode code) {
  struct gc_listener *l = ctx;
  struct connection *connection = connection_of(c);
  if (connection != NULL) {
    set_stage(l, c, IDLE);
    pthread_mutex_lock(&l->lock);
    connection->is_admitted = false;
    pthread_mutex_unlock(&l->lock);
  }
  l->settings.on_completed(l->settings.ctx, c, place, code);
}

/* ---- upkeep ---- */

/* Notes whether the client has taken bytes since the last call. The time-out of
 * libmicrohttpd would count from the last byte that went into the kernel's
 * buffer, which a slow client empties in minutes. */
static void note_taken(struct connection *c, uint64_t now_ms) {
  struct tcp_info info = {.tcpi_state = 0};
  socklen_t len = sizeof(info);
  int waiting = 0;
  if (ioctl(c->fd, SIOCOUTQ, &waiting) != 0 || waiting == 0)
    c->taken_ms = now_ms; /* nothing waits for the client */
  else if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
           info.tcpi_bytes_acked != c->taken) {
    c->taken = info.tcpi_bytes_acked;
    c->taken_ms = now_ms;
  }
}

static bool is_past(uint64_t since_ms, uint64_t max_ms, uint64_t now_ms) {
  return now_ms > since_ms && now_ms - since_ms > max_ms;
}

static bool is_late(struct connection *c, uint64_t now_ms) {
  switch (c->stage) {
  case SILENT:
  case BEGUN:
  case READ:
    return is_past(c->since_ms, REQUEST_MAX_MS, now_ms);
  case ANSWERED:
    note_taken(c, now_ms);
    return is_past(c->taken_ms, TAKE_MAX_MS, now_ms);
  case IDLE:
    break;
  }
  return is_past(c->since_ms, KEEP_MAX_MS, now_ms);
}

/* Tells that connections were closed for want of room, and that it is over. */
static void report_crowd(struct gc_listener *l, uint64_t closed,
                         uint64_t closed_ms, uint64_t now_ms) {
  struct gc_err err = {.code = GC_OK};
  bool is_crowded = closed > l->told_count;
  if (!is_crowded && (!l->is_crowded || !is_past(closed_ms, CALM_MS, now_ms)))
    return;
  l->told_count = closed;
  l->is_crowded = is_crowded;
  if (is_crowded)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "all %u connections are in use, or half of them by one "
                  "host: the oldest that sent no request is closed for each "
                  "new one (%llu so far); find the clients that connect and "
                  "send nothing",
                  (unsigned)l->settings.max_connections,
                  (unsigned long long)closed);
  l->settings.notice(l->settings.ctx, "connections", &err);
}

void gc_listener_drop_slow(struct gc_listener *l, uint64_t now_ms) {
  pthread_mutex_lock(&l->lock);
  for (struct connection *c = l->connections; c != NULL; c = c->next)
    if (!c->is_cut && is_late(c, now_ms))
      cut(c);
  uint64_t closed = l->closed_count, closed_ms = l->closed_ms;
  pthread_mutex_unlock(&l->lock);
  report_crowd(l, closed, closed_ms, now_ms);
}
