/* SPDX-License-Identifier: MIT */
#include "tests/support/server.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

struct conn {
  struct server *server;
  int fd;
  SSL *ssl;
  pthread_t thread;
  bool is_over; /* under the server's lock: may be joined */
  struct conn *next;
};

struct server {
  struct server_plan plan;
  SSL_CTX *tls;
  int fd, stop_fd;
  uint32_t port;
  pthread_t thread;
  pthread_mutex_t lock;
  struct conn *conns;
  unsigned accepted;
  bool is_stopping;
};

static void exit_unless(bool ok, const char *what) {
  if (ok)
    return;
  perror(what);
  exit(1);
}

static void close_conn(struct conn *c) {
  pthread_mutex_lock(&c->server->lock);
  if (c->fd >= 0)
    close(c->fd);
  c->fd = -1;
  pthread_mutex_unlock(&c->server->lock);
}

static bool begin_tls(struct conn *c) {
  if (c->server->tls == NULL)
    return true;
  c->ssl = SSL_new(c->server->tls);
  SSL_set_fd(c->ssl, c->fd);
  return SSL_accept(c->ssl) == 1;
}

/* A close with unread bytes would send a reset, which arrives before the alert
 * with the reason. */
static void hang_up_gently(struct conn *c) {
  char bytes[4096];
  shutdown(c->fd, SHUT_WR);
  while (read(c->fd, bytes, sizeof(bytes)) > 0) {
  }
}

static void *serve_connection(void *arg) {
  struct conn *c = arg;
  if (begin_tls(c))
    c->server->plan.serve(c, c->server->plan.ctx);
  else
    hang_up_gently(c);
  if (c->ssl != NULL && c->fd >= 0)
    SSL_shutdown(c->ssl);
  SSL_free(c->ssl);
  close_conn(c);
  pthread_mutex_lock(&c->server->lock);
  c->is_over = true;
  pthread_mutex_unlock(&c->server->lock);
  return NULL;
}

static void *accept_all(void *arg) {
  struct server *s = arg;
  for (;;) {
    struct pollfd fds[] = {{.fd = s->fd, .events = POLLIN},
                           {.fd = s->stop_fd, .events = POLLIN}};
    poll(fds, 2, -1);
    if (fds[1].revents != 0)
      return NULL;
    int fd = accept(s->fd, NULL, NULL);
    if (fd < 0)
      continue;
    struct conn *c = calloc(1, sizeof(*c));
    exit_unless(c != NULL, "calloc");
    c->server = s;
    c->fd = fd;
    pthread_mutex_lock(&s->lock);
    s->accepted++;
    c->next = s->conns;
    s->conns = c;
    exit_unless(pthread_create(&c->thread, NULL, serve_connection, c) == 0,
                "pthread_create");
    pthread_mutex_unlock(&s->lock);
  }
}

static SSL_CTX *make_tls(const struct server_plan *plan) {
  if (plan->cert == NULL)
    return NULL;
  SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
  exit_unless(
      SSL_CTX_use_certificate_chain_file(tls, plan->cert) == 1 &&
          SSL_CTX_use_PrivateKey_file(tls, plan->cert, SSL_FILETYPE_PEM) == 1,
      plan->cert);
  if (plan->tls12)
    SSL_CTX_set_max_proto_version(tls, TLS1_2_VERSION);
  if (plan->client_ca != NULL) {
    exit_unless(SSL_CTX_load_verify_locations(tls, plan->client_ca, NULL) == 1,
                plan->client_ca);
    SSL_CTX_set_verify(tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
                       NULL);
  }
  return tls;
}

int server_bind(uint32_t *ret_port) {
  struct sockaddr_in at = {.sin_family = AF_INET,
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t len = sizeof(at);
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  exit_unless(bind(fd, (struct sockaddr *)&at, len) == 0 &&
                  getsockname(fd, (struct sockaddr *)&at, &len) == 0,
              "bind");
  *ret_port = ntohs(at.sin_port);
  return fd;
}

struct server *server_start(const struct server_plan *plan) {
  signal(SIGPIPE, SIG_IGN); /* as collectd does */
  struct server *s = calloc(1, sizeof(*s));
  exit_unless(s != NULL, "calloc");
  s->plan = *plan;
  s->tls = make_tls(plan);
  pthread_mutex_init(&s->lock, NULL);
  s->stop_fd = eventfd(0, EFD_CLOEXEC);
  s->fd = server_bind(&s->port);
  if (plan->receive_bytes > 0)
    setsockopt(s->fd, SOL_SOCKET, SO_RCVBUF, &plan->receive_bytes,
               sizeof(plan->receive_bytes));
  exit_unless(listen(s->fd, 128) == 0, "listen");
  exit_unless(pthread_create(&s->thread, NULL, accept_all, s) == 0,
              "pthread_create");
  return s;
}

int server_port(const struct server *s) { return (int)s->port; }

unsigned server_accepted(struct server *s) {
  pthread_mutex_lock(&s->lock);
  unsigned count = s->accepted;
  pthread_mutex_unlock(&s->lock);
  return count;
}

unsigned server_open(struct server *s) {
  pthread_mutex_lock(&s->lock);
  unsigned count = 0;
  for (struct conn *c = s->conns; c != NULL; c = c->next)
    count += !c->is_over;
  pthread_mutex_unlock(&s->lock);
  return count;
}

void server_stop(struct server *s) {
  uint64_t one = 1;
  exit_unless(write(s->stop_fd, &one, sizeof(one)) == sizeof(one), "eventfd");
  pthread_join(s->thread, NULL);
  pthread_mutex_lock(&s->lock);
  for (struct conn *c = s->conns; c != NULL; c = c->next)
    if (c->fd >= 0)
      shutdown(c->fd, SHUT_RDWR);
  pthread_mutex_unlock(&s->lock);
  while (s->conns != NULL) {
    struct conn *c = s->conns;
    s->conns = c->next;
    pthread_join(c->thread, NULL);
    free(c);
  }
  close(s->fd);
  close(s->stop_fd);
  SSL_CTX_free(s->tls);
  pthread_mutex_destroy(&s->lock);
  free(s);
}

ssize_t conn_read(struct conn *c, void *bytes, size_t len) {
  if (c->ssl == NULL)
    return read(c->fd, bytes, len);
  int got = SSL_read(c->ssl, bytes, (int)len);
  return got > 0 ? got : got == 0 ? 0 : -1;
}

bool conn_write(struct conn *c, const void *bytes, size_t len) {
  const char *at = bytes;
  while (len > 0) {
    ssize_t put = c->ssl != NULL ? SSL_write(c->ssl, at, (int)len)
                                 : send(c->fd, at, len, MSG_NOSIGNAL);
    if (put <= 0)
      return false;
    at += put;
    len -= (size_t)put;
  }
  return true;
}

bool conn_say(struct conn *c, const char *format, ...) {
  char text[8192];
  va_list args;
  va_start(args, format);
  int len = vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  return conn_write(c, text, (size_t)len);
}

void conn_park(struct conn *c) {
  struct pollfd fd = {.fd = c->server->stop_fd, .events = POLLIN};
  poll(&fd, 1, -1);
}

void conn_linger(struct conn *c) {
  char bytes[4096];
  while (conn_read(c, bytes, sizeof(bytes)) > 0) {
  }
}

void conn_reset(struct conn *c) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  close_conn(c);
}

static bool read_head(struct conn *c, struct request *r) {
  size_t len = 0;
  while (len + 1 < sizeof(r->head)) {
    if (conn_read(c, r->head + len, 1) != 1)
      return false;
    r->head[++len] = '\0';
    if (len >= 4 && strcmp(r->head + len - 4, "\r\n\r\n") == 0)
      return true;
  }
  return false;
}

bool conn_request(struct conn *c, struct request *r) {
  memset(r, 0, sizeof(*r));
  if (!read_head(c, r) ||
      sscanf(r->head, "%15s %511s", r->method, r->path) != 2)
    return false;
  const char *length = strstr(r->head, "\r\nContent-Length:");
  size_t left = length != NULL ? strtoul(length + 17, NULL, 10) : 0;
  while (left > 0) {
    char bytes[4096];
    ssize_t got =
        conn_read(c, bytes, left < sizeof(bytes) ? left : sizeof(bytes));
    if (got <= 0)
      return false;
    left -= (size_t)got;
    for (ssize_t i = 0; i < got && r->body_len + 1 < sizeof(r->body); i++)
      r->body[r->body_len++] = bytes[i];
  }
  return true;
}

static int connect_to(const char *host_port) {
  char host[256] = "";
  int port = 0;
  if (sscanf(host_port, "%255[^:]:%d", host, &port) != 2)
    return -1;
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port),
                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0)
    return fd;
  close(fd);
  return -1;
}

/* Forwards from the client to the target without blocking: a target that echoes
 * may itself block until we read its bytes. */
struct up {
  char bytes[16384];
  size_t at, len;
};

static bool pass_up(struct up *up, int fd) {
  ssize_t put = send(fd, up->bytes + up->at, up->len - up->at,
                     MSG_NOSIGNAL | MSG_DONTWAIT);
  if (put < 0)
    return errno == EAGAIN;
  up->at += (size_t)put;
  return true;
}

static bool take_up(struct up *up, struct conn *c) {
  ssize_t got = conn_read(c, up->bytes, sizeof(up->bytes));
  up->at = 0;
  up->len = got > 0 ? (size_t)got : 0;
  return got > 0;
}

static bool pass_down(struct conn *c, int fd) {
  char bytes[16384];
  ssize_t got = read(fd, bytes, sizeof(bytes));
  return got > 0 && conn_write(c, bytes, (size_t)got);
}

static void tunnel_bytes(struct conn *c, int fd) {
  struct up up = {.len = 0};
  for (bool goes_on = true; goes_on;) {
    bool is_full = up.at < up.len;
    bool has_held = !is_full && c->ssl != NULL && SSL_pending(c->ssl) > 0;
    struct pollfd fds[] = {
        {.fd = is_full ? -1 : c->fd, .events = POLLIN},
        {.fd = fd, .events = (short)(POLLIN | (is_full ? POLLOUT : 0))},
        {.fd = c->server->stop_fd, .events = POLLIN}};
    poll(fds, 3, has_held ? 0 : -1);
    if (fds[2].revents != 0)
      return;
    if (is_full && (fds[1].revents & POLLOUT) != 0)
      goes_on = pass_up(&up, fd);
    if (goes_on && (fds[1].revents & ~POLLOUT) != 0)
      goes_on = pass_down(c, fd);
    if (goes_on && !is_full && (has_held || fds[0].revents != 0))
      goes_on = take_up(&up, c);
  }
}

static bool lets_in(const struct proxy_plan *plan, const struct request *r) {
  if (plan->basic == NULL)
    return true;
  char want[256];
  snprintf(want, sizeof(want), "Proxy-Authorization: Basic %s\r\n",
           plan->basic);
  return strstr(r->head, want) != NULL;
}

static void do_connect(struct conn *c, struct proxy_plan *plan,
                       const struct request *r) {
  __atomic_add_fetch(&plan->connects, 1, __ATOMIC_RELAXED);
  if (plan->refuse != 0) {
    conn_say(c,
             "HTTP/1.1 %d No\r\nDate: Tue, 15 Nov 1994 08:12:31 GMT\r\n"
             "Retry-After: 9\r\nContent-Length: 0\r\n\r\n",
             plan->refuse);
    conn_linger(c);
    return;
  }
  int fd = connect_to(r->path);
  if (fd < 0) {
    conn_say(c, "HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n");
    return;
  }
  char words[4096] = "HTTP/1.1 200 Connection established\r\n\r\n";
  size_t len = strlen(words);
  ssize_t more =
      plan->is_eager ? read(fd, words + len, sizeof(words) - len) : 0;
  conn_write(c, words, len + (size_t)(more > 0 ? more : 0));
  tunnel_bytes(c, fd);
  close(fd);
}

void proxy_serve(struct conn *c, void *ctx) {
  struct proxy_plan *plan = ctx;
  struct request r;
  while (conn_request(c, &r)) {
    if (plan->is_silent) {
      conn_park(c);
      return;
    }
    if (!lets_in(plan, &r)) {
      conn_say(c, "HTTP/1.1 407 Proxy Authentication Required\r\n"
                  "Proxy-Authenticate: Basic realm=\"proxy\"\r\n"
                  "Content-Length: 0\r\n\r\n");
      continue;
    }
    if (strcmp(r.method, "CONNECT") == 0) {
      do_connect(c, plan, &r);
      return;
    }
    conn_say(c, "HTTP/1.1 200 OK\r\nContent-Length: 14\r\n\r\n"
                "from the proxy");
  }
}
