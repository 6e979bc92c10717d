/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/http/endpoint.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/net/clock.h"
#include "common/net/detached.h"
#include "common/net/lease_gate.h"
#include "plugins/genesys_prometheus/exposition/render.h"
#include "plugins/genesys_prometheus/http/accept.h"
#include "plugins/genesys_prometheus/http/internal.h"

enum {
  CONNECTIONS_MAX = 128,
  /* Bounds the memory: a body of 500,000 series has 100 MB without gzip. */
  ANSWERS_MAX = 16,
  FILES_WAIT_MS = 300,
};

static const struct {
  unsigned code;
  const char *words;
} statuses[] = {
    [ENDPOINT_200] = {200, ""},
    [ENDPOINT_400] = {400, "the length of the body is told twice\n"},
    [ENDPOINT_401] = {401, "the credentials are missing or wrong\n"},
    [ENDPOINT_404] = {404, "not here\n"},
    [ENDPOINT_405] = {405, "GET only\n"},
    [ENDPOINT_503] = {503, "try again\n"},
};

static enum MHD_Result queue_response(struct endpoint *e,
                                      struct MHD_Connection *c,
                                      enum endpoint_status status,
                                      struct MHD_Response *r) {
  if (r == NULL)
    return MHD_NO;
  atomic_fetch_add(&e->answers[status], 1);
  enum MHD_Result result = MHD_queue_response(c, statuses[status].code, r);
  MHD_destroy_response(r);
  return result;
}

static enum MHD_Result refuse_request(struct endpoint *e,
                                      struct MHD_Connection *c,
                                      enum endpoint_status status) {
  const struct endpoint_options *o = e->settings.options;
  const char *words = statuses[status].words;
  struct MHD_Response *r = MHD_create_response_from_buffer(
      strlen(words), (void *)words, MHD_RESPMEM_PERSISTENT);
  if (r == NULL)
    return MHD_NO;
  MHD_add_response_header(r, "Content-Type", "text/plain");
  if (status == ENDPOINT_401 && o->user != NULL)
    MHD_add_response_header(r, "WWW-Authenticate",
                            "Basic realm=\"metrics\", charset=\"UTF-8\"");
  if (status == ENDPOINT_401 && o->bearer_file != NULL)
    MHD_add_response_header(r, "WWW-Authenticate", "Bearer");
  if (status == ENDPOINT_400 || status == ENDPOINT_503)
    MHD_add_response_header(r, "Connection", "close");
  if (status == ENDPOINT_503)
    MHD_add_response_header(r, "Retry-After", "1");
  if (status == ENDPOINT_405)
    MHD_add_response_header(r, "Allow", "GET, HEAD");
  return queue_response(e, c, status, r);
}

/* Returns the whole exposition; NULL when out of memory. */
static char *render_body(struct endpoint *e, enum render_format format,
                         bool is_gzip, size_t *ret_len, void **place) {
  uint64_t begin_us = gc_clock_now_us();
  GC_AUTO(body_free_auto) struct body *body = body_new(is_gzip);
  if (body == NULL)
    return NULL;
  store_remove_lost(e->settings.store, gc_lease_gate_allows);
  const struct family_list *list =
      store_scrape_begin(e->settings.store, gc_clock_now_ms());
  *place = (void *)(uintptr_t)list->scrape.number;
  (void)render_exposition(list, format, body);
  store_scrape_end(e->settings.store);
  char *bytes = body_finish(body, ret_len);
  atomic_store(&e->scrape_us, (int64_t)(gc_clock_now_us() - begin_us));
  return bytes;
}

static ssize_t no_bytes(void *ctx, uint64_t at, char *out, size_t room) {
  (void)ctx, (void)at, (void)out, (void)room;
  return MHD_CONTENT_READER_END_OF_STREAM;
}

/* Returns NULL when out of memory. HEAD has no body to measure: it must
 * not take the 0 of a new counter from Prometheus. The number of the scrape
 * goes to *place, for on_completed. */
static struct MHD_Response *make_response(struct endpoint *e, bool is_head,
                                          enum render_format format,
                                          bool is_gzip, void **place) {
  size_t len = 0;
  if (is_head)
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, no_bytes,
                                             NULL, NULL);
  char *bytes = render_body(e, format, is_gzip, &len, place);
  struct MHD_Response *r =
      bytes != NULL
          ? MHD_create_response_from_buffer(len, bytes, MHD_RESPMEM_MUST_FREE)
          : NULL;
  if (r == NULL)
    free(bytes);
  return r;
}

static enum MHD_Result answer_scrape(struct endpoint *e,
                                     struct MHD_Connection *c, bool is_head,
                                     void **place) {
  const char *accept =
      MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept");
  const char *encoding =
      MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Accept-Encoding");
  enum render_format format =
      accept_openmetrics(accept) ? RENDER_OPENMETRICS : RENDER_TEXT;
  bool is_gzip = accept_gzip(encoding);
  struct MHD_Response *r = make_response(e, is_head, format, is_gzip, place);
  if (r == NULL)
    return refuse_request(e, c, ENDPOINT_503);
  MHD_add_response_header(r, "Content-Type", render_content_type(format));
  MHD_add_response_header(r, "Vary", "Accept, Accept-Encoding");
  if (is_gzip)
    MHD_add_response_header(r, "Content-Encoding", "gzip");
  return queue_response(e, c, ENDPOINT_200, r);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *c,
                                  const char *url, const char *method,
                                  const char *version, const char *bytes,
                                  size_t *len, void **place) {
  struct endpoint *e = ctx;
  (void)version, (void)bytes;
  /* An answer before the end of the request would end the connection. */
  bool is_whole = *place != NULL && *len == 0;
  *place = e;
  *len = 0;
  if (!is_whole)
    return MHD_YES;
  if (strcmp(url, e->settings.options->path) != 0)
    return refuse_request(e, c, ENDPOINT_404);
  bool is_head = strcmp(method, "HEAD") == 0;
  if (!is_head && strcmp(method, "GET") != 0)
    return refuse_request(e, c, ENDPOINT_405);
  enum endpoint_status status = endpoint_authorize(e, c);
  return status == ENDPOINT_200 ? answer_scrape(e, c, is_head, place)
                                : refuse_request(e, c, status);
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **place,
                         enum MHD_RequestTerminationCode code) {
  struct endpoint *e = ctx;
  (void)c;
  bool is_taken = code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
  if (!is_taken)
    atomic_fetch_add(&e->cut, 1);
  else if (*place != NULL && *place != (void *)e)
    store_note_taken(e->settings.store, (uintptr_t)*place);
}

static enum MHD_Result refuse_at_once(void *ctx, struct MHD_Connection *c,
                                      unsigned status) {
  return refuse_request(ctx, c, status == 400 ? ENDPOINT_400 : ENDPOINT_503);
}

static void on_tick(void *ctx, uint64_t now_ms) {
  (void)now_ms;
  endpoint_check_modes(ctx);
}

/* ---- beginning and end ---- */

static void on_listening(void *ctx, const char *cause,
                         const struct gc_err *err) {
  struct endpoint *e = ctx;
  e->settings.notice(e->settings.ctx, cause, err);
}

struct endpoint *endpoint_new(const struct endpoint_settings *settings) {
  const struct endpoint_options *o = settings->options;
  struct endpoint *e = gc_zalloc(1, sizeof(*e));
  e->settings = *settings;
  atomic_store(&e->scrape_us, -1);
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
  e->file_reads = gc_detached_new("gc-secret", FILES_WAIT_MS, NULL);
  endpoint_check_files(e);
  return e;
}

void endpoint_start(struct endpoint *e) { gc_listener_start(e->listener); }

bool endpoint_is_up(const struct endpoint *e) {
  return gc_listener_is_up(e->listener);
}

struct endpoint_stats endpoint_stats(struct endpoint *e) {
  struct endpoint_stats stats = {.cut = atomic_load(&e->cut),
                                 .scrape_s =
                                     (double)atomic_load(&e->scrape_us) / 1e6};
  int64_t end_s = gc_listener_cert_end_s(e->listener);
  stats.has_cert = end_s != 0;
  int64_t now_s = gc_clock_wall_ms() / 1000;
  stats.cert_left_s = (double)(end_s - now_s);
  for (int i = 0; i < ENDPOINT_STATUS_COUNT; i++)
    stats.answers[i] = atomic_load(&e->answers[i]);
  return stats;
}

void endpoint_free(struct endpoint *e) {
  if (e == NULL)
    return;
  gc_listener_free(e->listener);
  gc_detached_free(e->file_reads);
  free(e);
}
