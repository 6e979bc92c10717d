/* SPDX-License-Identifier: MIT */
/* The files and the socket of the webhook. */
#include "plugins/genesys_flowmetrics/sources/webhook/internal.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEM_MAX_BYTES = 1 << 20, BACKLOG = 128 };

char *webhook_pem(const char *option, const char *path, struct gc_err *err) {
  GC_AUTO(gc_buf_wipe) struct gc_buf text = {.max = PEM_MAX_BYTES};
  char chunk[4096];
  size_t got;
  FILE *f = fopen(path, "re");
  enum gc_code code = f != NULL ? GC_OK : GC_ERR_CONFIG;
  while (f != NULL && code == GC_OK &&
         (got = fread(chunk, 1, sizeof(chunk), f)) > 0)
    code = gc_buf_add(&text, chunk, got);
  if (f != NULL)
    fclose(f);
  explicit_bzero(chunk, sizeof(chunk));
  if (code == GC_OK && text.len > 0)
    return strdup(text.data);
  gc_fail(err, GC_ERR_CONFIG, "%s %s cannot be read", option, path);
  return NULL;
}

int webhook_listen(const struct webhook_options *o, struct gc_err *err) {
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
