/* SPDX-License-Identifier: MIT */
/* Keeps a server of libmicrohttpd running: starts it, tries again while that
 * fails, and replaces it when its certificates have changed. The old and the
 * new server share one listening socket, so that no connection is refused
 * during the change. */
#include "plugins/genesys_flowmetrics/sources/webhook/internal.h"

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

static void report_server(struct webhook *w, const struct gc_err *err) {
  w->settings.notice(w->settings.ctx, "listening", err);
}

/* While their disk hangs, the server continues with those that it has. */
static bool have_changed(struct webhook *w) {
  struct gc_err err = {.code = GC_OK};
  struct pems now;
  enum gc_code code = webhook_look_at_pems(w, false, &now, &err);
  if (code != GC_OK || w->is_hanging)
    report_server(w, &err);
  w->is_hanging = code != GC_OK;
  for (size_t i = 0; i < PEM_COUNT && code == GC_OK; i++)
    if (!is_same_file(&now.files[i], &w->files[i]))
      return true;
  return false;
}

/* ---- one server ---- */

static void on_log(void *ctx, const char *format, va_list args) {
  (void)ctx, (void)format, (void)args; /* counters show single clients */
}

/* Starts the daemon, which owns `fd` from here on, also when the start fails.
 */
static enum gc_code start_daemon(struct webhook *w, struct server *s, int fd,
                                 struct gc_err *err) {
  const struct webhook_options *o = w->settings.options;
  struct MHD_OptionItem options[] = {
      {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_log, NULL},
      {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
      {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)o->max_connections, NULL},
      {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, NULL},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_BYTES, NULL},
      {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)webhook_on_completed, w},
      {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)webhook_on_connection, w},
      {MHD_OPTION_END, 0, NULL}, /* TLS from here */
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
    options[7].option = MHD_OPTION_HTTPS_MEM_CERT;
    options[7].ptr_value = s->pems.texts[PEM_CERT].data;
    options[8].option = MHD_OPTION_HTTPS_MEM_KEY;
    options[8].ptr_value = s->pems.texts[PEM_KEY].data;
    options[9].option = MHD_OPTION_HTTPS_PRIORITIES;
    options[9].ptr_value = versions;
    if (s->pems.texts[PEM_CA].len > 0)
      options[10] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0,
                                            s->pems.texts[PEM_CA].data};
  }
  s->daemon =
      MHD_start_daemon(flags, (uint16_t)o->port, NULL, NULL, webhook_on_request,
                       w, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
  if (s->daemon != NULL)
    return GC_OK;
  return gc_fail(err, GC_ERR_CONFIG, "the web server does not start%s",
                 s->pems.texts[PEM_CERT].len > 0
                     ? "; do TLSCert and TLSKey belong together?"
                     : "");
}

void webhook_quiesce_server(struct server *s) {
  if (s->daemon != NULL && s->fd < 0)
    s->fd = MHD_quiesce_daemon(s->daemon);
}

void webhook_end_server(struct server *s) {
  if (s->daemon != NULL)
    MHD_stop_daemon(s->daemon);
  /* The daemon's thread may use the socket until it ends (microhttpd.h). */
  if (s->fd >= 0)
    close(s->fd);
  webhook_clear_pems(&s->pems);
  *s = (struct server){.fd = -1};
}

static enum gc_code start_server(struct webhook *w, struct server *s,
                                 struct gc_err *err) {
  const struct webhook_options *o = w->settings.options;
  GC_TRY(webhook_look_at_pems(w, true, &s->pems, err));
  memcpy(w->files, s->pems.files, sizeof(w->files));
  if (w->listener < 0)
    w->listener = webhook_listen(o, err);
  if (w->listener < 0)
    return err->code;
  int fd = fcntl(w->listener, F_DUPFD_CLOEXEC, 0);
  if (fd < 0)
    return gc_fail(err, GC_ERR_STATE, "cannot listen: %s", strerror(errno));
  return start_daemon(w, s, fd, err);
}

/* ---- keeping it ---- */

static bool is_idle(const struct server *s) {
  const union MHD_DaemonInfo *info =
      MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS);
  return info != NULL && info->num_connections == 0;
}

/* Returns true while connections wait for the ledger. webhook_end_server would
 * wait for these connections too. */
static bool has_waiting(struct webhook *w) {
  pthread_mutex_lock(&w->lock);
  bool has = w->waiting > 0;
  pthread_mutex_unlock(&w->lock);
  return has;
}

/* Starts a successor for the server. If that fails, the server continues with
 * its old certificates. */
static void replace_server(struct webhook *w, uint64_t now_ms) {
  struct server next = {.fd = -1};
  struct gc_err err = {.code = GC_OK};
  if (start_server(w, &next, &err) == GC_OK) {
    w->old = w->now;
    w->old_since_ms = now_ms;
    w->now = next;
    w->is_listening = true;
    webhook_quiesce_server(&w->old);
  } else {
    webhook_end_server(&next);
    w->next_try_ms = now_ms + TRY_EVERY_MS;
    /* Forces another attempt: the files may have been read in the middle of a
     * change. */
    memset(w->files, 0, sizeof(w->files));
  }
  report_server(w, &err);
  webhook_note_up(w);
}

void webhook_keep_server(struct webhook *w, uint64_t now_ms) {
  if (w->old.daemon != NULL &&
      (is_idle(&w->old) ||
       (now_ms - w->old_since_ms > OLD_MAX_MS && !has_waiting(w))))
    webhook_end_server(&w->old);
  if (w->old.daemon != NULL || now_ms < w->next_try_ms)
    return;
  if (w->now.daemon == NULL || have_changed(w))
    replace_server(w, now_ms);
}
