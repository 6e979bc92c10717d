/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/webhook.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "common/net/clock.h"
#include "common/net/secret.h"

enum {
  REQUEST_MOST_MS = 10 * 1000, /* of a connection without a whole request */
  CROWDED_MOST_MS = 2 * 1000,  /* the same while no other can get in */
  IDLE_S = 15,                 /* between two requests of one connection */
  MEMORY_BYTES = 32 * 1024,    /* headers of one connection */
};

/* A connection, to be cut off when it takes too long. */
struct link {
  int fd;
  bool is_busy;      /* its request waits for the ledger: our time, not its */
  uint64_t since_ms; /* begin of what it is at */
  struct link *next;
};

/* A request that has got past the door. */
struct call {
  struct batch batch; /* first: the ledger hands it back */
  struct webhook *webhook;
  struct MHD_Connection *connection;
  struct gc_buf body;
  struct event_counts counts;
  unsigned status; /* 0: not decided yet */
  bool is_resumed; /* the ledger is through with it */
};

struct webhook {
  struct webhook_settings settings;
  struct MHD_Daemon *daemon;
  struct event_reader *reader; /* the daemon's thread */
  char *cert, *key, *ca;       /* PEM */
  pthread_mutex_t lock;        /* of links and waiting */
  struct link *links;
  unsigned link_count;
  unsigned waiting; /* calls with the ledger */
  pthread_cond_t changed;
  _Atomic bool is_stopping;
  int listener; /* after the stop; -1: the daemon has it */
};

static const struct {
  unsigned status;
  enum tally tally;
  const char *words;
} answers[] = {
    {200, TALLY_WEB_200, "counted\n"},
    {400, TALLY_WEB_400, "not an event\n"},
    {401, TALLY_WEB_401, "the secret is missing or wrong\n"},
    {404, TALLY_WEB_404, "not here\n"},
    {405, TALLY_WEB_405, "POST only\n"},
    {413, TALLY_WEB_413, "too large\n"},
    {503, TALLY_WEB_503, "try again\n"},
};

/* ---- answers ---- */

static enum MHD_Result answer(struct webhook *w, struct MHD_Connection *c,
                              unsigned status) {
  size_t i = 0;
  while (i + 1 < GC_COUNT(answers) && answers[i].status != status)
    i++;
  struct MHD_Response *r = MHD_create_response_from_buffer(
      strlen(answers[i].words), (void *)answers[i].words,
      MHD_RESPMEM_PERSISTENT);
  if (r == NULL)
    return MHD_NO;
  MHD_add_response_header(r, "Content-Type", "text/plain");
  if (status == 503)
    MHD_add_response_header(r, "Retry-After", "5");
  if (status == 405)
    MHD_add_response_header(r, "Allow", "POST");
  stats_add(w->settings.source->stats, answers[i].tally, 1);
  enum MHD_Result result = MHD_queue_response(c, status, r);
  MHD_destroy_response(r);
  return result;
}

/* ---- at the door ---- */

/* Both as their hashes: of one length, and nothing to guess from. */
bool webhook_same_secret(const char *a, size_t a_len, const char *b,
                         size_t b_len) {
  unsigned char x[SHA256_DIGEST_LENGTH], y[SHA256_DIGEST_LENGTH];
  SHA256((const unsigned char *)a, a_len, x);
  SHA256((const unsigned char *)b, b_len, y);
  return CRYPTO_memcmp(x, y, sizeof(x)) == 0;
}

/* Read anew each time: a file that changes is taken at once. */
static enum gc_code read_secret(struct webhook *w, struct gc_buf *ret) {
  const struct webhook_settings *s = &w->settings;
  const struct gc_secret secret = {.file = s->secret_file};
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = gc_secret_read(&secret, ret, &err);
  s->notice(s->ctx, "SharedSecretFile", &err);
  return code;
}

/* 0 when it is the secret. A file that we cannot read is no fault of the
 * sender: 401 would be its last try, 503 is not. */
static unsigned judge_secret(struct webhook *w, struct MHD_Connection *c) {
  const struct webhook_settings *s = &w->settings;
  GC_AUTO(gc_buf_wipe) struct gc_buf want = {.most = GC_SECRET_MOST_BYTES};
  const char *got =
      MHD_lookup_connection_value(c, MHD_HEADER_KIND, s->secret_header);
  if (s->secret_file == NULL)
    return 0;
  if (read_secret(w, &want) != GC_OK)
    return 503;
  bool same =
      got != NULL &&
      webhook_same_secret(got, strlen(got), gc_buf_string(&want), want.len);
  return same ? 0 : 401;
}

/* libmicrohttpd asks for a certificate of TLSClientCA and leaves it to us
 * whether it is a good one. */
static bool has_certificate(struct webhook *w, struct MHD_Connection *c) {
  if (w->settings.client_ca == NULL)
    return true;
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(c, MHD_CONNECTION_INFO_GNUTLS_SESSION);
  unsigned status = ~0u;
  return info != NULL && info->tls_session != NULL &&
         gnutls_certificate_verify_peers2(info->tls_session, &status) == 0 &&
         status == 0;
}

/* True and the length when the request tells it. */
static bool told_length(struct MHD_Connection *c, uint64_t *ret) {
  const char *text = MHD_lookup_connection_value(
      c, MHD_HEADER_KIND, MHD_HTTP_HEADER_CONTENT_LENGTH);
  char *end = NULL;
  if (text == NULL || *text < '0' || *text > '9')
    return false;
  errno = 0;
  *ret = strtoull(text, &end, 10);
  if (errno != 0 || *end != '\0')
    *ret = UINT64_MAX;
  return true;
}

static unsigned judge_head(struct webhook *w, struct MHD_Connection *c,
                           const char *url, const char *method) {
  uint64_t length = 0;
  if (strcmp(url, w->settings.path) != 0)
    return 404;
  if (strcmp(method, "POST") != 0)
    return 405;
  if (!has_certificate(w, c))
    return 401;
  unsigned refused = judge_secret(w, c);
  if (refused != 0)
    return refused;
  if (told_length(c, &length) && length > w->settings.max_body_bytes)
    return 413;
  return w->is_stopping ? 503 : 0;
}

/* An operator hears of a missing file before the first event does. */
static void look_at_secret(struct webhook *w) {
  GC_AUTO(gc_buf_wipe) struct gc_buf secret = {.most = GC_SECRET_MOST_BYTES};
  if (w->settings.secret_file != NULL)
    (void)!read_secret(w, &secret);
}

/* ---- a request ---- */

static void set_busy(struct webhook *w, struct MHD_Connection *c, bool busy) {
  const union MHD_ConnectionInfo *info =
      MHD_get_connection_info(c, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
  struct link *link = info != NULL ? info->socket_context : NULL;
  if (link == NULL)
    return;
  pthread_mutex_lock(&w->lock);
  link->is_busy = busy;
  link->since_ms = gc_clock_now_ms();
  pthread_mutex_unlock(&w->lock);
}

/* On the ledger's thread. */
static void on_batch(struct batch *b, enum gc_code code) {
  struct call *call = (struct call *)b;
  struct webhook *w = call->webhook;
  call->status = code == GC_OK ? 200 : 503;
  call->is_resumed = true;
  MHD_resume_connection(call->connection);
  pthread_mutex_lock(&w->lock);
  w->waiting--;
  pthread_cond_broadcast(&w->changed);
  pthread_mutex_unlock(&w->lock);
}

static struct call *call_new(struct webhook *w, struct MHD_Connection *c,
                             const char *url, const char *method) {
  struct call *call = calloc(1, sizeof(*call));
  if (call == NULL)
    return NULL;
  call->webhook = w;
  call->connection = c;
  call->body.most = w->settings.max_body_bytes;
  call->batch = (struct batch){.source = w->settings.source, .done = on_batch};
  call->status = judge_head(w, c, url, method);
  return call;
}

static void call_free(struct call *call) {
  batch_clear(&call->batch);
  gc_buf_clear(&call->body);
  free(call);
}

static void take_body(struct call *call, const char *bytes, size_t len) {
  if (call->status == 0 && gc_buf_add(&call->body, bytes, len) != GC_OK)
    call->status = 413;
  if (call->status != 0)
    gc_buf_clear(&call->body); /* what follows is read and thrown away */
}

/* The body is whole: decodes it and hands it in. */
static void read_events(struct call *call) {
  struct webhook *w = call->webhook;
  const struct event_sink sink = {batch_take, &call->batch};
  enum gc_code code = event_read(w->reader, gc_buf_string(&call->body),
                                 call->body.len, &call->counts, &sink, NULL);
  stats_events(w->settings.source->stats, &call->counts);
  gc_buf_clear(&call->body);
  if (code != GC_OK)
    call->status = code == GC_ERR_MEMORY ? 503 : 400;
  else if (call->batch.count == 0)
    call->status = 200;
}

static void hand_in(struct call *call) {
  struct webhook *w = call->webhook;
  set_busy(w, call->connection, true);
  pthread_mutex_lock(&w->lock);
  w->waiting++;
  pthread_mutex_unlock(&w->lock);
  MHD_suspend_connection(call->connection);
  ledger_submit(w->settings.ledger, &call->batch);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c,
                                  const char *url, const char *method,
                                  const char *version, const char *bytes,
                                  size_t *len, void **place) {
  struct webhook *w = ctx;
  struct call *call = *place;
  (void)version;
  if (call == NULL) {
    *place = call = call_new(w, c, url, method);
    if (call == NULL)
      return MHD_NO;
    /* A refusal before the body: the connection ends with it. */
    return call->status != 0 ? answer(w, c, call->status) : MHD_YES;
  }
  if (*len > 0) {
    take_body(call, bytes, *len);
    *len = 0;
    return MHD_YES;
  }
  if (call->status == 0 && !call->is_resumed)
    read_events(call);
  if (call->status != 0)
    return answer(w, c, call->status);
  hand_in(call);
  return MHD_YES;
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **place,
                         enum MHD_RequestTerminationCode why) {
  struct webhook *w = ctx;
  struct call *call = *place;
  if (why != MHD_REQUEST_TERMINATED_COMPLETED_OK)
    stats_add(w->settings.source->stats, TALLY_WEB_CUT, 1);
  else
    w->settings.source->stats->answer_ms = (int64_t)gc_clock_now_ms();
  set_busy(w, c, false);
  if (call != NULL)
    call_free(call);
  *place = NULL;
}

/* ---- connections ---- */

static void on_connection(void *ctx, struct MHD_Connection *c, void **place,
                          enum MHD_ConnectionNotificationCode what) {
  struct webhook *w = ctx;
  struct link *link = *place;
  if (what == MHD_CONNECTION_NOTIFY_STARTED) {
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
    link = calloc(1, sizeof(*link));
    if (link == NULL || info == NULL) {
      free(link);
      return;
    }
    link->fd = info->connect_fd;
    link->since_ms = gc_clock_now_ms();
    pthread_mutex_lock(&w->lock);
    link->next = w->links;
    w->links = link;
    w->link_count++;
    pthread_mutex_unlock(&w->lock);
    *place = link;
    return;
  }
  pthread_mutex_lock(&w->lock);
  struct link **at = &w->links;
  while (*at != NULL && *at != link)
    at = &(*at)->next;
  if (*at != NULL) {
    *at = link->next;
    w->link_count--;
  }
  pthread_mutex_unlock(&w->lock);
  free(link);
  *place = NULL;
}

/* libmicrohttpd's own time-out begins anew with each byte. */
void webhook_look(struct webhook *w, uint64_t now_ms) {
  pthread_mutex_lock(&w->lock);
  bool crowded = w->link_count >= w->settings.max_connections;
  uint64_t most_ms = crowded ? CROWDED_MOST_MS : REQUEST_MOST_MS;
  for (struct link *link = w->links; link != NULL; link = link->next)
    if (!link->is_busy && now_ms > link->since_ms &&
        now_ms - link->since_ms > most_ms)
      shutdown(link->fd, SHUT_RDWR);
  pthread_mutex_unlock(&w->lock);
}

/* ---- life ---- */

static enum gc_code read_pems(struct webhook *w, struct gc_err *err) {
  const struct webhook_settings *s = &w->settings;
  if (s->tls_cert == NULL)
    return GC_OK;
  w->cert = webhook_pem("TLSCert", s->tls_cert, err);
  if (w->cert != NULL)
    w->key = webhook_pem("TLSKey",
                         s->tls_key != NULL ? s->tls_key : s->tls_cert, err);
  if (w->key != NULL && s->client_ca != NULL)
    w->ca = webhook_pem("TLSClientCA", s->client_ca, err);
  return w->key != NULL && (s->client_ca == NULL || w->ca != NULL)
             ? GC_OK
             : GC_ERR_CONFIG;
}

static void on_log(void *ctx, const char *format, va_list args) {
  (void)ctx, (void)format, (void)args; /* of single clients: counted */
}

static enum gc_code start_daemon(struct webhook *w, int fd,
                                 struct gc_err *err) {
  const struct webhook_settings *s = &w->settings;
  struct MHD_OptionItem options[] = {
      {MHD_OPTION_EXTERNAL_LOGGER, (intptr_t)on_log, NULL},
      {MHD_OPTION_LISTEN_SOCKET, fd, NULL},
      {MHD_OPTION_CONNECTION_LIMIT, (intptr_t)s->max_connections, NULL},
      {MHD_OPTION_CONNECTION_TIMEOUT, IDLE_S, NULL},
      {MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_BYTES, NULL},
      {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, w},
      {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, w},
      {MHD_OPTION_END, 0, NULL}, /* TLS from here */
      {MHD_OPTION_END, 0, NULL},
      {MHD_OPTION_END, 0, NULL},
      {MHD_OPTION_END, 0, NULL},
  };
  unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO |
                   MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
  if (w->cert != NULL) {
    flags |= MHD_USE_TLS;
    options[7] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_CERT, 0, w->cert};
    options[8] = (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_KEY, 0, w->key};
    if (w->ca != NULL)
      options[9] =
          (struct MHD_OptionItem){MHD_OPTION_HTTPS_MEM_TRUST, 0, w->ca};
  }
  w->daemon = MHD_start_daemon(flags, (uint16_t)s->port, NULL, NULL, on_request,
                               w, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
  if (w->daemon != NULL)
    return GC_OK;
  return gc_fail(err, GC_ERR_CONFIG, "the web server does not start%s",
                 w->cert != NULL ? "; do TLSCert and TLSKey belong together?"
                                 : "");
}

struct webhook *webhook_start(const struct webhook_settings *settings,
                              struct gc_err *err) {
  struct webhook *w = calloc(1, sizeof(*w));
  if (w == NULL) {
    gc_fail(err, GC_ERR_MEMORY, "out of memory");
    return NULL;
  }
  w->settings = *settings;
  w->listener = -1;
  pthread_mutex_init(&w->lock, NULL);
  pthread_cond_init(&w->changed, NULL);
  w->reader = event_reader_new(settings->form, err);
  int fd = -1;
  if (w->reader != NULL && read_pems(w, err) == GC_OK)
    fd = webhook_listen(settings, err);
  if (fd >= 0 && start_daemon(w, fd, err) == GC_OK) {
    settings->source->stats->up = 1;
    look_at_secret(w);
    return w;
  }
  /* The socket went with the server that did not start. */
  webhook_free(w);
  return NULL;
}

void webhook_stop(struct webhook *w) {
  if (w == NULL || w->daemon == NULL || w->is_stopping)
    return;
  w->is_stopping = true;
  w->listener = MHD_quiesce_daemon(w->daemon);
}

/* libmicrohttpd does not end while a connection is suspended: the ledger has
 * been stopped and has handed back all of them. */
void webhook_free(struct webhook *w) {
  if (w == NULL)
    return;
  webhook_stop(w);
  pthread_mutex_lock(&w->lock);
  while (w->waiting > 0)
    pthread_cond_wait(&w->changed, &w->lock);
  pthread_mutex_unlock(&w->lock);
  if (w->daemon != NULL)
    MHD_stop_daemon(w->daemon);
  /* Its thread may use the socket until it has ended (microhttpd.h). */
  if (w->listener >= 0)
    close(w->listener);
  event_reader_free(w->reader);
  char *const pems[] = {w->cert, w->key, w->ca};
  for (size_t i = 0; i < GC_COUNT(pems); i++) {
    if (pems[i] != NULL)
      explicit_bzero(pems[i], strlen(pems[i]));
    free(pems[i]);
  }
  pthread_cond_destroy(&w->changed);
  pthread_mutex_destroy(&w->lock);
  free(w);
}
