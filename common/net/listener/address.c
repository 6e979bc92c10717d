/* SPDX-License-Identifier: MIT */
/* The socket of a listener. */
#include "common/net/listener/internal.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128 };

int gc_listener_open(const struct gc_listener_options *o, struct gc_err *err) {
  const struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
                                 .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
  struct addrinfo *found = NULL;
  char port[16];
  int one = 1, fd = -1;
  snprintf(port, sizeof(port), "%u", (unsigned)o->port);
  int failed = getaddrinfo(o->listen, port, &hints, &found);
  if (failed != 0) {
    gc_fail(err, GC_ERR_CONFIG, "Listen \"%s\": %s", o->listen,
            gai_strerror(failed));
    return -1;
  }
  fd = socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd >= 0)
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
  if (fd < 0 || bind(fd, found->ai_addr, found->ai_addrlen) != 0 ||
      listen(fd, BACKLOG) != 0) {
    gc_fail(err, GC_ERR_STATE, "cannot listen on %s port %s: %s%s", o->listen,
            port, strerror(errno),
            errno == EADDRINUSE ? "; another program uses this port" : "");
    if (fd >= 0)
      close(fd);
    fd = -1;
  }
  freeaddrinfo(found);
  return fd;
}
