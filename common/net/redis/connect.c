/* SPDX-License-Identifier: MIT */
#include "common/net/redis/connect.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/net/clock.h"
#include "common/net/thread.h"

enum gc_code redis_wait(int fd, short events, int stop_fd, uint32_t grace_ms,
                        uint64_t *until_ms) {
  bool stopping = false;
  for (;;) {
    uint64_t now = gc_clock_now_ms();
    if (now >= *until_ms)
      return stopping ? GC_ERR_STOPPED : GC_ERR_TIMEOUT;
    struct pollfd fds[] = {{.fd = fd, .events = events},
                           {.fd = stopping ? -1 : stop_fd, .events = POLLIN}};
    int n = poll(fds, GC_COUNT(fds), (int)(*until_ms - now));
    if (n > 0 && fds[0].revents != 0)
      return GC_OK;
    if (n > 0 && fds[1].revents != 0) {
      stopping = true;
      if (*until_ms > now + grace_ms)
        *until_ms = now + grace_ms;
    }
  }
}

/* ---- look-up of a name, in a thread that may be left behind ---- */

enum { LOOKUPS_MAX = 4 }; /* threads, including those that hang */
static _Atomic unsigned lookups;

struct lookup {
  pthread_mutex_t lock;
  unsigned users; /* references: the caller's and the thread's */
  int done_fd;
  char host[REDIS_HOST_SIZE], port[8];
  int code;
  struct addrinfo *found;
};

static void lookup_put(struct lookup *l) {
  pthread_mutex_lock(&l->lock);
  bool last = --l->users == 0;
  pthread_mutex_unlock(&l->lock);
  if (!last)
    return;
  if (l->found != NULL)
    freeaddrinfo(l->found);
  close(l->done_fd);
  pthread_mutex_destroy(&l->lock);
  free(l);
}

static void *lookup_thread(void *arg) {
  struct lookup *l = arg;
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_NUMERICSERV};
  struct addrinfo *found = NULL;
  int code = getaddrinfo(l->host, l->port, &hints, &found);
  pthread_mutex_lock(&l->lock);
  l->code = code;
  l->found = code == 0 ? found : NULL;
  pthread_mutex_unlock(&l->lock);
  (void)!eventfd_write(l->done_fd, 1);
  lookup_put(l);
  lookups--;
  return NULL;
}

static struct lookup *lookup_new(const struct redis_url *url) {
  struct lookup *l = gc_zalloc(1, sizeof(*l));
  l->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (l->done_fd < 0) {
    free(l);
    return NULL;
  }
  pthread_mutex_init(&l->lock, NULL);
  l->users = 1;
  snprintf(l->host, sizeof(l->host), "%s", url->host);
  snprintf(l->port, sizeof(l->port), "%u", url->port);
  return l;
}

static bool lookup_start(struct lookup *l) {
  l->users++;
  lookups++;
  bool started = gc_thread_start_detached(0, lookup_thread, l) == 0;
  if (!started) {
    l->users--;
    lookups--;
  }
  return started;
}

static bool is_address(const char *host) {
  unsigned char address[sizeof(struct in6_addr)];
  return inet_pton(AF_INET, host, address) == 1 ||
         inet_pton(AF_INET6, host, address) == 1;
}

/* True if the host is an address, which needs no look-up. */
static bool parse_address(struct lookup *l) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_NUMERICSERV | AI_NUMERICHOST};
  return is_address(l->host) &&
         getaddrinfo(l->host, l->port, &hints, &l->found) == 0;
}

static enum gc_code resolve_host(struct lookup *l, const struct redis_url *url,
                                 int stop_fd, uint64_t until_ms,
                                 struct gc_err *err) {
  if (parse_address(l))
    return GC_OK;
  l->found = NULL;
  if (lookups >= LOOKUPS_MAX)
    return gc_fail(err, GC_ERR_TIMEOUT,
                   "%s: the resolver hangs: earlier look-ups have not ended",
                   url->shown);
  if (!lookup_start(l))
    return gc_fail(err, GC_ERR_MEMORY, "cannot start a thread for the look-up");
  enum gc_code code = redis_wait(l->done_fd, POLLIN, stop_fd, 0, &until_ms);
  if (code != GC_OK)
    return gc_fail(err, code, "%s: the name was not resolved in time",
                   url->shown);
  pthread_mutex_lock(&l->lock);
  int why = l->code;
  pthread_mutex_unlock(&l->lock);
  if (why != 0)
    return gc_fail(err, GC_ERR_NETWORK, "%s: cannot resolve the name: %s",
                   url->shown, gai_strerror(why));
  return GC_OK;
}

/* ---- the connection ---- */

static enum gc_code try_address(const struct sockaddr *at, socklen_t len,
                                int stop_fd, uint64_t until_ms, int *ret_fd,
                                int *ret_errno) {
  const int on = 1;
  int failed = 0;
  socklen_t size = sizeof(failed);
  int fd = socket(at->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) {
    *ret_errno = errno;
    return GC_ERR_NETWORK;
  }
  enum gc_code code = GC_OK;
  if (connect(fd, at, len) != 0) {
    failed = errno;
    if (failed == EINPROGRESS) {
      code = redis_wait(fd, POLLOUT, stop_fd, 0, &until_ms);
      getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size);
    }
  }
  if (code == GC_OK && failed == 0) {
    if (at->sa_family != AF_UNIX) {
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
    }
    *ret_fd = fd;
    return GC_OK;
  }
  close(fd);
  *ret_errno = failed;
  return code != GC_OK ? code : GC_ERR_NETWORK;
}

static enum gc_code describe_failure(const struct redis_url *url,
                                     enum gc_code code, int why,
                                     struct gc_err *err) {
  if (code == GC_ERR_TIMEOUT)
    return gc_fail(err, code, "%s: no connection in time", url->shown);
  return gc_fail(err, code, "cannot connect to %s: %s; is Redis running there?",
                 url->shown, strerror(why));
}

static enum gc_code connect_socket(const struct redis_url *url, int stop_fd,
                                   uint64_t until_ms, int *ret_fd,
                                   struct gc_err *err) {
  struct sockaddr_un at = {.sun_family = AF_UNIX};
  int why = 0;
  snprintf(at.sun_path, sizeof(at.sun_path), "%.*s",
           (int)sizeof(at.sun_path) - 1, url->host);
  enum gc_code code = try_address((const struct sockaddr *)&at, sizeof(at),
                                  stop_fd, until_ms, ret_fd, &why);
  return code == GC_OK ? GC_OK : describe_failure(url, code, why, err);
}

/* Tries one address after the other. Each address gets an equal share of the
 * time that is left, so that an address that never answers (a dead IPv6 route)
 * leaves time for the others. */
static enum gc_code try_all(const struct addrinfo *first, int stop_fd,
                            uint64_t until_ms, int *ret_fd, int *ret_errno) {
  enum gc_code code = GC_ERR_NETWORK;
  unsigned left = 0;
  for (const struct addrinfo *a = first; a != NULL; a = a->ai_next)
    left++;
  for (const struct addrinfo *a = first; a != NULL; a = a->ai_next, left--) {
    uint64_t now_ms = gc_clock_now_ms();
    uint64_t rest_ms = until_ms > now_ms ? until_ms - now_ms : 0;
    code = try_address(a->ai_addr, a->ai_addrlen, stop_fd,
                       now_ms + rest_ms / left, ret_fd, ret_errno);
    if (code != GC_ERR_NETWORK && code != GC_ERR_TIMEOUT)
      break;
  }
  return code;
}

enum gc_code redis_connect(const struct redis_url *url, int stop_fd,
                           uint32_t timeout_ms, int *ret_fd,
                           struct gc_err *err) {
  uint64_t until_ms = gc_clock_now_ms() + timeout_ms;
  int why = 0;
  if (url->scheme == REDIS_UNIX)
    return connect_socket(url, stop_fd, until_ms, ret_fd, err);

  struct lookup *l = lookup_new(url);
  if (l == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "out of memory");
  enum gc_code code = resolve_host(l, url, stop_fd, until_ms, err);
  if (code == GC_OK) {
    code = try_all(l->found, stop_fd, until_ms, ret_fd, &why);
    if (code != GC_OK)
      (void)describe_failure(url, code, why, err);
  }
  lookup_put(l);
  return code;
}
