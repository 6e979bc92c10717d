/* SPDX-License-Identifier: MIT */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_setname_np */
#endif
/* Keeps a server of libmicrohttpd running: starts it, repeats that while it
 * fails, and replaces it when its certificates have changed. Both servers share
 * one listening socket, so that no connection is refused meanwhile. */
#include "common/net/listener/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/net/clock.h"
#include "common/net/http/tls_files.h"
#include "common/net/thread.h"
#include "common/net/timing.h"

enum {
  /* Connections beyond the maximum that the server takes while it closes
   * others in their place. */
  SPARE_CONNECTIONS = 64,
  MEMORY_BYTES = 32 * 1024, /* headers of one connection */
  TRY_EVERY_MS = 1000,
  OLD_MAX_MS = 30 * 1000, /* time for a replaced server's last connections */
};

/* ---- the address ---- */

enum { BACKLOG = 128 };

static int gc_listener_open(const struct gc_listener_options *o,
                            struct gc_err *err) {
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

/* ---- the files of the certificates, which may be on a disk that hangs ---- */

enum { PEM_MAX_BYTES = 1 << 20 };

static const char *const names[PEM_COUNT] = {"TLSCert", "TLSKey",
                                             "TLSClientCA"};

static const char *path_of(const struct gc_listener_options *o, size_t which) {
  const char *const paths[PEM_COUNT] = {
      [PEM_CERT] = o->tls_cert,
      [PEM_KEY] = o->tls_key != NULL ? o->tls_key : o->tls_cert,
      [PEM_CA] = o->tls_client_ca};
  return paths[which];
}

static void clear_pems(struct pems *p) {
  for (size_t i = 0; i < PEM_COUNT; i++)
    gc_buf_wipe(&p->at[i].text);
}

/* Looks at the files and, if `reads`, reads their texts. */
static enum gc_code look_at_pems(struct gc_listener *l, bool reads,
                                 struct pems *ret, struct gc_err *err) {
  const struct gc_listener_options *o = l->settings.options;
  *ret = (struct pems){.at = {{.text.max = 0}}};
  for (size_t i = 0; o->tls_cert != NULL && i < PEM_COUNT; i++) {
    const char *path = path_of(o, i);
    struct gc_file *file = &ret->at[i];
    struct gc_err why;
    *file = (struct gc_file){.text.max = reads ? PEM_MAX_BYTES : 0,
                             .holds_certificates = true};
    if (path == NULL)
      continue;
    enum gc_code code = gc_file_look(l->pem_reads, path, file, &why);
    if (code == GC_ERR_TIMEOUT || code == GC_ERR_MEMORY)
      (void)gc_fail(err, code, "%s %s", names[i], why.text);
    else if (reads && file->text.len == 0)
      code =
          gc_fail(err, GC_ERR_CONFIG, "%s %s cannot be read", names[i], path);
    if (code != GC_OK) {
      clear_pems(ret);
      return code;
    }
  }
  return GC_OK;
}

/* ---- certificates ---- */

static bool is_same_file(const struct stat *a, const struct stat *b) {
  return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
         a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
         a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void report_server(struct gc_listener *l, const struct gc_err *err) {
  l->settings.notice(l->settings.ctx, "listening", err);
}

/* True if the files of the certificates have changed. While their disk hangs,
 * the server continues with the certificates that it has. */
static bool have_changed(struct gc_listener *l) {
  struct gc_err err = {.code = GC_OK};
  struct pems now;
  enum gc_code code = look_at_pems(l, false, &now, &err);
  if (code != GC_OK || l->is_hanging)
    report_server(l, &err);
  l->is_hanging = code != GC_OK;
  for (size_t i = 0; i < PEM_COUNT && code == GC_OK; i++)
    if (!is_same_file(&now.at[i].st, &l->files[i]))
      return true;
  return false;
}

/* ---- one server ---- */

static void on_log(void *ctx, const char *format, va_list args) {
  (void)ctx, (void)format, (void)args; /* single clients are only counted */
}

/* Starts a daemon of libmicrohttpd, which takes over `fd`, also on failure. */
static enum gc_code start_daemon(struct gc_listener *l, struct server *s,
                                 int fd, struct gc_err *err) {
  const struct gc_listener_options *o = l->settings.options;
  struct MHD_OptionItem options[] = {
      {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_log, NULL},
      {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
      {MHD_OPTION_CONNECTION_LIMIT,
       (intptr_t)l->settings.max_connections + SPARE_CONNECTIONS, NULL},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_BYTES, NULL},
      {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)gc_listener_on_completed, l},
      {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)gc_listener_on_connection, l},
      {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)gc_listener_on_uri, l},
      {MHD_OPTION_END, 0, NULL}, /* the TLS options begin here */
      {MHD_OPTION_END, 0, NULL},
      {MHD_OPTION_END, 0, NULL},
      {MHD_OPTION_END, 0, NULL},
      {MHD_OPTION_END, 0, NULL},
  };
  static char versions[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";
  unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO |
                   MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
  if (s->pems.at[PEM_CERT].text.len > 0) {
    flags |= MHD_USE_TLS;
    options[7].option = MHD_OPTION_HTTPS_MEM_CERT;
    options[7].ptr_value = s->pems.at[PEM_CERT].text.data;
    options[8].option = MHD_OPTION_HTTPS_MEM_KEY;
    options[8].ptr_value = s->pems.at[PEM_KEY].text.data;
    options[9].option = MHD_OPTION_HTTPS_PRIORITIES;
    options[9].ptr_value = versions;
    if (s->pems.at[PEM_CA].text.len > 0)
      options[10] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0,
                                            s->pems.at[PEM_CA].text.data};
  }
  s->daemon = MHD_start_daemon(flags, (uint16_t)o->port, NULL, NULL,
                               gc_listener_on_access, l, MHD_OPTION_ARRAY,
                               options, MHD_OPTION_END);
  if (s->daemon != NULL)
    return GC_OK;
  return gc_fail(err, GC_ERR_CONFIG, "the web server does not start%s",
                 s->pems.at[PEM_CERT].text.len > 0
                     ? "; do TLSCert and TLSKey belong together?"
                     : "");
}

static void quiesce_server(struct server *s) {
  if (s->daemon != NULL && s->fd < 0)
    s->fd = MHD_quiesce_daemon(s->daemon);
}

static void end_server(struct server *s) {
  if (s->daemon != NULL)
    MHD_stop_daemon(s->daemon);
  /* The daemon's thread may use the socket until it ends (microhttpd.h). */
  if (s->fd >= 0)
    close(s->fd);
  clear_pems(&s->pems);
  *s = (struct server){.fd = -1};
}

static enum gc_code start_server(struct gc_listener *l, struct server *s,
                                 struct gc_err *err) {
  const struct gc_listener_options *o = l->settings.options;
  GC_TRY(look_at_pems(l, true, &s->pems, err));
  for (size_t i = 0; i < PEM_COUNT; i++)
    l->files[i] = s->pems.at[i].st;
  if (l->socket < 0)
    l->socket = gc_listener_open(o, err);
  if (l->socket < 0)
    return err->code;
  int fd = fcntl(l->socket, F_DUPFD_CLOEXEC, 0);
  if (fd < 0)
    return gc_fail(err, GC_ERR_STATE, "cannot listen: %s", strerror(errno));
  return start_daemon(l, s, fd, err);
}

/* ---- replacement ---- */

static bool is_idle(const struct server *s) {
  const union MHD_DaemonInfo *info =
      MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
  return info != NULL && info->num_connections == 0;
}

/* True while connections are suspended; end_server would wait for them. */
static bool has_waiting(const struct gc_listener *l) {
  return l->settings.has_waiting != NULL &&
         l->settings.has_waiting(l->settings.ctx);
}

/* Starts a successor for the server. If that fails, the server continues with
 * its old certificates. */
static void replace_server(struct gc_listener *l, uint64_t now_ms) {
  struct server next = {.fd = -1};
  struct gc_err err = {.code = GC_OK};
  if (start_server(l, &next, &err) == GC_OK) {
    l->old = l->now;
    l->old_since_ms = now_ms;
    l->now = next;
    quiesce_server(&l->old);
    const struct gc_buf *cert = &next.pems.at[PEM_CERT].text;
    atomic_store(&l->cert_end_s, gc_tls_end_s(gc_buf_string(cert), cert->len));
    atomic_store(&l->is_up, true);
  } else {
    end_server(&next);
    if (l->now.daemon != NULL)
      (void)gc_fail_in(&err, err.code,
                       "the server continues with its old certificate: ");
    l->next_try_ms = now_ms + TRY_EVERY_MS;
    /* Forces another attempt: the files may have been read in the middle of a
     * change. */
    memset(l->files, 0, sizeof(l->files));
  }
  report_server(l, &err);
}

static void keep_server(struct gc_listener *l, uint64_t now_ms) {
  if (l->old.daemon != NULL &&
      (is_idle(&l->old) ||
       (now_ms - l->old_since_ms > OLD_MAX_MS && !has_waiting(l))))
    end_server(&l->old);
  if (l->old.daemon != NULL || now_ms < l->next_try_ms)
    return;
  if (l->now.daemon == NULL || have_changed(l))
    replace_server(l, now_ms);
}

/* ---- start and end ---- */

struct gc_listener *
gc_listener_new(const struct gc_listener_settings *settings) {
  struct gc_listener *l = gc_zalloc(1, sizeof(*l));
  GC_ASSERT(settings->max_connections > 1 && settings->max_answers > 0);
  l->settings = *settings;
  l->pem_reads = gc_detached_new("gc-pems", GC_FILES_WAIT_MS);
  l->socket = l->now.fd = l->old.fd = -1;
  pthread_mutex_init(&l->lock, NULL);
  pthread_mutex_init(&l->keeping, NULL);
  pthread_mutex_init(&l->waiting, NULL);
  gc_clock_cond_init(&l->ended);
  return l;
}

void gc_listener_maintain(struct gc_listener *l, uint64_t now_ms) {
  pthread_mutex_lock(&l->keeping);
  gc_listener_drop_slow(l, now_ms);
  if (!l->is_quiet)
    keep_server(l, now_ms);
  pthread_mutex_unlock(&l->keeping);
}

/* Waits for the next upkeep; false: the end has come. */
static bool wait_for_turn(struct gc_listener *l) {
  const struct timespec until =
      gc_clock_timespec(gc_clock_now_ms() + TRY_EVERY_MS);
  int failed = 0;
  pthread_mutex_lock(&l->waiting);
  while (!l->is_ending && failed == 0)
    failed = pthread_cond_timedwait(&l->ended, &l->waiting, &until);
  bool goes_on = !l->is_ending;
  pthread_mutex_unlock(&l->waiting);
  return goes_on;
}

static void *keep(void *arg) {
  struct gc_listener *l = arg;
  pthread_setname_np(pthread_self(), "gc-listener");
  while (wait_for_turn(l)) {
    if (l->settings.tick != NULL)
      l->settings.tick(l->settings.ctx, gc_clock_now_ms());
    gc_listener_maintain(l, gc_clock_now_ms());
  }
  return NULL;
}

void gc_listener_start(struct gc_listener *l) {
  struct gc_err err;
  GC_ASSERT(!l->has_thread);
  gc_listener_maintain(l, gc_clock_now_ms());
  int failed = gc_thread_start(&l->thread, keep, l);
  l->has_thread = failed == 0;
  if (failed == 0)
    return;
  (void)gc_fail(&err, GC_ERR_MEMORY, "no thread gc-listener: %s",
                strerror(failed));
  report_server(l, &err);
}

static void end_thread(struct gc_listener *l) {
  if (!l->has_thread)
    return;
  pthread_mutex_lock(&l->waiting);
  l->is_ending = true;
  pthread_cond_broadcast(&l->ended);
  pthread_mutex_unlock(&l->waiting);
  pthread_join(l->thread, NULL);
  l->has_thread = false;
}

void gc_listener_quiesce(struct gc_listener *l) {
  atomic_store(&l->is_up, false);
  pthread_mutex_lock(&l->keeping);
  l->is_quiet = true;
  quiesce_server(&l->now);
  quiesce_server(&l->old);
  pthread_mutex_unlock(&l->keeping);
}

bool gc_listener_is_up(const struct gc_listener *l) {
  return atomic_load(&l->is_up);
}

void gc_listener_put_certificate(const struct gc_listener *l,
                                 const struct gc_sample_writer *w) {
  int64_t end_s = atomic_load(&l->cert_end_s);
  int64_t left_s = end_s - gc_clock_wall_ms() / 1000;
  if (end_s != 0)
    gc_put_gauge(w, GC_METRIC_CERTIFICATE_LIFETIME, "tls_cert", (double)left_s);
}

void gc_listener_free(struct gc_listener *l) {
  if (l == NULL)
    return;
  end_thread(l);
  gc_listener_quiesce(l);
  end_server(&l->now);
  end_server(&l->old);
  if (l->socket >= 0)
    close(l->socket);
  gc_detached_free(l->pem_reads);
  pthread_cond_destroy(&l->ended);
  pthread_mutex_destroy(&l->waiting);
  pthread_mutex_destroy(&l->keeping);
  pthread_mutex_destroy(&l->lock);
  free(l);
}
