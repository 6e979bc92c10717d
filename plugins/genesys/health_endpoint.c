/* SPDX-License-Identifier: MIT */
#include "plugins/genesys/health_endpoint.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/buf.h"
#include "common/net/api/secret.h"
#include "common/net/clock.h"
#include "common/net/detached.h"
#include "common/net/listener/listener.h"

enum {
  CONNECTIONS_MAX = 128,
  ANSWERS_MAX = 32,
  FILES_WAIT_MS = 300,
  DOCUMENT_MAX_BYTES = 16 * 1024 * 1024,
};

struct health_endpoint {
  struct health_endpoint_settings settings;
  struct gc_listener *listener;
  struct gc_detached *secret_reads; /* NULL: no SharedSecretFile */
  uint64_t secret_version; /* version of the file whose mode was checked */
  pthread_mutex_t lock;    /* of secret */
  struct gc_buf secret;    /* empty: not read yet */
};

/* ---- answers, on the listener's thread ---- */

static enum MHD_Result queue_answer(struct MHD_Connection *c, unsigned status,
                                    const char *type, const char *bytes,
                                    size_t len) {
  struct MHD_Response *r = MHD_create_response_from_buffer(
      len, (void *)(uintptr_t)bytes, MHD_RESPMEM_MUST_COPY);
  if (r == NULL)
    return MHD_NO;
  MHD_add_response_header(r, "Content-Type", type);
  MHD_add_response_header(r, "Cache-Control", "no-store");
  if (status == 400 || status == 503)
    MHD_add_response_header(r, "Connection", "close");
  if (status == 405)
    MHD_add_response_header(r, "Allow", "GET, HEAD");
  enum MHD_Result result = MHD_queue_response(c, status, r);
  MHD_destroy_response(r);
  return result;
}

static enum MHD_Result refuse_request(struct MHD_Connection *c, unsigned status,
                                      const char *words) {
  return queue_answer(c, status, "text/plain", words, strlen(words));
}

/* Returns 0 if the client may read the answer, else the status. */
static unsigned authorize_client(struct health_endpoint *e,
                                 struct MHD_Connection *c) {
  const struct health_options *o = e->settings.options;
  const char *got =
      MHD_lookup_connection_value(c, MHD_HEADER_KIND, o->secret_header);
  if (!gc_listener_has_certificate(e->listener, c))
    return 401;
  if (o->secret_file == NULL)
    return 0;
  pthread_mutex_lock(&e->lock);
  bool is_read = e->secret.len > 0;
  bool is_same =
      is_read && got != NULL &&
      gc_listener_same_secret(got, strlen(got), gc_buf_string(&e->secret),
                              e->secret.len);
  pthread_mutex_unlock(&e->lock);
  return !is_read ? 503 : is_same ? 0 : 401;
}

static enum MHD_Result answer_query(struct MHD_Connection *c,
                                    const struct health_query *q) {
  GC_AUTO(gc_health_snapshot_clear) struct gc_health_snapshot s = {.at = NULL};
  GC_AUTO(gc_buf_clear) struct gc_buf body = {.max = DOCUMENT_MAX_BYTES};
  const struct gc_health_time now = {gc_clock_now_ms(), gc_clock_wall_ms()};
  gc_health_snapshot_take(&s, &now);
  unsigned status = health_document(&s, q, &now, &body);
  if (status == 500)
    return refuse_request(c, 500, "out of memory\n");
  return queue_answer(c, status, "application/json", body.data, body.len);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c,
                                  const char *url, const char *method,
                                  const char *version, const char *bytes,
                                  size_t *len, void **place) {
  struct health_endpoint *e = ctx;
  struct health_query q = {.version = e->settings.version};
  (void)version, (void)bytes;
  /* An answer before the end of the request would end the connection. */
  bool is_whole = *place != NULL && *len == 0;
  *place = e;
  *len = 0;
  if (!is_whole)
    return MHD_YES;
  if (!health_query_of(url, &q))
    return refuse_request(c, 404, "not here: /health, /health/ready\n");
  if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
    return refuse_request(c, 405, "GET only\n");
  unsigned status = authorize_client(e, c);
  if (status != 0)
    return refuse_request(c, status,
                          status == 401
                              ? "the secret is missing or wrong\n"
                              : "the file of the secret is not read yet\n");
  q.block = MHD_lookup_connection_value(c, MHD_GET_ARGUMENT_KIND, "block");
  return answer_query(c, &q);
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **place,
                         enum MHD_RequestTerminationCode code) {
  (void)ctx, (void)c, (void)place, (void)code;
}

static enum MHD_Result refuse_at_once(void *ctx, struct MHD_Connection *c,
                                      unsigned status) {
  (void)ctx;
  return refuse_request(c, status,
                        status == 400 ? "the length of the body is told twice\n"
                                      : "too many requests are under way\n");
}

/* ---- upkeep ---- */

static void warn_exposed(struct health_endpoint *e,
                         const struct gc_secret *secret) {
  struct gc_secret_stat stat;
  if (gc_secret_stat(e->secret_reads, secret, &stat) != GC_OK ||
      stat.version == e->secret_version)
    return;
  e->secret_version = stat.version;
  if (stat.exposed.code != GC_OK)
    stat.exposed.code = GC_ERR_AUTH;
  e->settings.notice(e->settings.ctx, "mode of SharedSecretFile",
                     &stat.exposed);
}

/* Reads the secret. While the disk hangs, the secret that was read last
 * counts. */
static void read_secret(struct health_endpoint *e) {
  GC_AUTO(gc_buf_wipe) struct gc_buf fresh = {.max = GC_SECRET_MAX_BYTES};
  const struct gc_secret secret = {.file = e->settings.options->secret_file,
                                   .what = "the shared secret"};
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = gc_secret_read(e->secret_reads, &secret, &fresh, &err);
  e->settings.notice(e->settings.ctx, "SharedSecretFile", &err);
  if (code != GC_OK)
    return;
  pthread_mutex_lock(&e->lock);
  struct gc_buf old = e->secret;
  e->secret = fresh;
  pthread_mutex_unlock(&e->lock);
  fresh = old;
  warn_exposed(e, &secret);
}

static void on_tick(void *ctx, uint64_t now_ms) {
  struct health_endpoint *e = ctx;
  (void)now_ms;
  if (e->secret_reads != NULL)
    read_secret(e);
}

void health_endpoint_start(struct health_endpoint *e) {
  on_tick(e, 0);
  gc_listener_start(e->listener);
}

void health_endpoint_put_certificate(const struct health_endpoint *e,
                                     const struct gc_sample_writer *w) {
  gc_listener_put_certificate(e->listener, w);
}

/* ---- beginning and end ---- */

static void on_listening(void *ctx, const char *cause,
                         const struct gc_err *err) {
  struct health_endpoint *e = ctx;
  e->settings.notice(e->settings.ctx, cause, err);
}

struct health_endpoint *
health_endpoint_new(const struct health_endpoint_settings *settings) {
  const struct health_options *o = settings->options;
  struct health_endpoint *e = gc_zalloc(1, sizeof(*e));
  e->settings = *settings;
  e->secret.max = GC_SECRET_MAX_BYTES;
  pthread_mutex_init(&e->lock, NULL);
  const struct gc_listener_settings listener = {.options = &o->at,
                                                .max_connections =
                                                    CONNECTIONS_MAX,
                                                .max_answers = ANSWERS_MAX,
                                                .on_request = on_request,
                                                .on_completed = on_completed,
                                                .refuse = refuse_at_once,
                                                .tick = on_tick,
                                                .notice = on_listening,
                                                .ctx = e};
  e->listener = gc_listener_new(&listener);
  if (o->secret_file != NULL)
    e->secret_reads = gc_detached_new("gc-secret", FILES_WAIT_MS);
  return e;
}

void health_endpoint_free(struct health_endpoint *e) {
  if (e == NULL)
    return;
  gc_listener_free(e->listener);
  gc_detached_free(e->secret_reads);
  gc_buf_wipe(&e->secret);
  pthread_mutex_destroy(&e->lock);
  free(e);
}
