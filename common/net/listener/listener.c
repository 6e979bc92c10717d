/* SPDX-License-Identifier: MIT */
/* Keeps a server of libmicrohttpd running: starts it, repeats that while it
 * fails, and replaces it when its certificates have changed. Both servers share
 * one listening socket, so that no connection is refused meanwhile. */
#include "common/net/listener/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  IDLE_S = 15,              /* time between two requests of one connection */
  MEMORY_BYTES = 32 * 1024, /* headers of one connection */
  TRY_EVERY_MS = 1000,
  OLD_MAX_MS = 30 * 1000, /* time for a replaced server's last connections */
};

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
  enum gc_code code = gc_listener_read_pems(l, false, &now, &err);
  if (code != GC_OK || l->is_hanging)
    report_server(l, &err);
  l->is_hanging = code != GC_OK;
  for (size_t i = 0; i < PEM_COUNT && code == GC_OK; i++)
    if (!is_same_file(&now.files[i], &l->files[i]))
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
      {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)l->settings.max_connections,
       NULL},
      {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, NULL},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_BYTES, NULL},
      {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)l->settings.on_completed,
       l->settings.ctx},
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
  if (s->pems.texts[PEM_CERT].len > 0) {
    flags |= MHD_USE_TLS;
    options[8].option = MHD_OPTION_HTTPS_MEM_CERT;
    options[8].ptr_value = s->pems.texts[PEM_CERT].data;
    options[9].option = MHD_OPTION_HTTPS_MEM_KEY;
    options[9].ptr_value = s->pems.texts[PEM_KEY].data;
    options[10].option = MHD_OPTION_HTTPS_PRIORITIES;
    options[10].ptr_value = versions;
    if (s->pems.texts[PEM_CA].len > 0)
      options[11] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0,
                                            s->pems.texts[PEM_CA].data};
  }
  s->daemon = MHD_start_daemon(flags, (uint16_t)o->port, NULL, NULL,
                               l->settings.on_request, l->settings.ctx,
                               MHD_OPTION_ARRAY, options, MHD_OPTION_END);
  if (s->daemon != NULL)
    return GC_OK;
  return gc_fail(err, GC_ERR_CONFIG, "the web server does not start%s",
                 s->pems.texts[PEM_CERT].len > 0
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
  gc_listener_clear_pems(&s->pems);
  *s = (struct server){.fd = -1};
}

static enum gc_code start_server(struct gc_listener *l, struct server *s,
                                 struct gc_err *err) {
  const struct gc_listener_options *o = l->settings.options;
  GC_TRY(gc_listener_read_pems(l, true, &s->pems, err));
  memcpy(l->files, s->pems.files, sizeof(l->files));
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
    atomic_store(&l->is_up, true);
  } else {
    end_server(&next);
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
  struct gc_listener *l = calloc(1, sizeof(*l));
  if (l == NULL)
    return NULL;
  l->settings = *settings;
  l->pem_reads = gc_detached_new("gc-pems", GC_LISTENER_FILES_WAIT_MS, NULL);
  if (l->pem_reads == NULL) {
    free(l);
    return NULL;
  }
  l->socket = l->now.fd = l->old.fd = -1;
  pthread_mutex_init(&l->lock, NULL);
  return l;
}

void gc_listener_maintain(struct gc_listener *l, uint64_t now_ms) {
  gc_listener_drop_slow(l, now_ms);
  keep_server(l, now_ms);
}

void gc_listener_quiesce(struct gc_listener *l) {
  atomic_store(&l->is_up, false);
  quiesce_server(&l->now);
  quiesce_server(&l->old);
}

bool gc_listener_is_up(const struct gc_listener *l) {
  return atomic_load(&l->is_up);
}

void gc_listener_free(struct gc_listener *l) {
  if (l == NULL)
    return;
  gc_listener_quiesce(l);
  end_server(&l->now);
  end_server(&l->old);
  if (l->socket >= 0)
    close(l->socket);
  gc_detached_free(l->pem_reads);
  pthread_mutex_destroy(&l->lock);
  free(l);
}
