/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_prometheus/http/endpoint.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/base64.h"
#include "common/base/buf.h"
#include "common/net/api/secret.h"
#include "common/net/clock.h"
#include "common/net/detached.h"
#include "common/net/lease_gate.h"
#include "common/net/listener/listener.h"
#include "plugins/genesys_prometheus/exposition/render.h"

enum {
  CONNECTIONS_MAX = 128,
  /* Bounds the memory: a body of 500,000 series has 100 MB without gzip. */
  ANSWERS_MAX = 16,
  FILES_WAIT_MS = 300,
};

enum { ENDPOINT_FILES = 3 }; /* PasswordFile, BearerTokenFile, TLSKey */

struct endpoint {
  struct endpoint_settings settings;
  struct gc_listener *listener;
  struct gc_detached *file_reads;
  _Atomic uint64_t answers[ENDPOINT_STATUS_COUNT], cut;
  _Atomic int64_t scrape_us;         /* < 0: none yet */
  uint64_t versions[ENDPOINT_FILES]; /* versions whose mode was checked */
};

/* ---- headers that say which answers a client accepts (RFC 9110, 12.5) ---- */

/* One element of the list: "text/plain;version=0.0.4;q=0.5". */
struct element {
  const char *at;
  size_t len;      /* of the name, without parameters */
  unsigned weight; /* q in thousandths */
};

static const char *skip_blanks(const char *at) {
  while (*at == ' ' || *at == '\t')
    at++;
  return at;
}

/* Reads a weight: "0.75" is 750. An invalid or missing weight is 1000. */
static unsigned read_weight(const char *at) {
  unsigned weight = 0, unit = 100;
  if (*at != '0')
    return 1000;
  if (at[1] != '.')
    return 0;
  for (at += 2; gc_is_digit(*at) && unit > 0; at++, unit /= 10)
    weight += (unsigned)(*at - '0') * unit;
  return weight;
}

/* Reads the element at `*at` and moves behind its comma. Returns false at the
 * end. */
static bool next_element(const char **at, struct element *ret) {
  const char *begin = skip_blanks(*at);
  if (*begin == '\0')
    return false;
  const char *end = begin + strcspn(begin, ",");
  size_t len = strcspn(begin, ",;");
  *ret = (struct element){begin, len, 1000};
  for (const char *p = begin + len; p < end; p += strcspn(p, ",;")) {
    p = skip_blanks(p + 1);
    if (gc_lower(p[0]) == 'q' && p[1] == '=')
      ret->weight = read_weight(p + 2);
  }
  while (ret->len > 0 &&
         (begin[ret->len - 1] == ' ' || begin[ret->len - 1] == '\t'))
    ret->len--;
  *at = *end == ',' ? end + 1 : end;
  return true;
}

/* Returns the highest weight of `name` in the list; 0 when it is not there. */
static unsigned weight_of(const char *header, const char *name) {
  struct element e;
  unsigned best = 0;
  for (const char *at = header; next_element(&at, &e);)
    if (e.len == strlen(name) && strncasecmp(e.at, name, e.len) == 0 &&
        e.weight > best)
      best = e.weight;
  return best;
}

/* True if an Accept header allows OpenMetrics, with a quality at least as high
 * as that of the text format. */
static bool accepts_openmetrics(const char *header) {
  if (header == NULL)
    return false;
  unsigned open = weight_of(header, "application/openmetrics-text");
  return open > 0 && open >= weight_of(header, "text/plain");
}

static bool accepts_gzip(const char *header) {
  return header != NULL && weight_of(header, "gzip") > 0;
}

/* ---- credentials ---- */

enum { CREDENTIALS_MAX = 2 * GC_SECRET_MAX_BYTES };

/* Reads a file with a secret and reports the outcome under the option's name.
 */
static enum gc_code read_file(struct endpoint *e, const char *option,
                              const char *path, struct gc_buf *ret) {
  const struct gc_secret secret = {.file = path, .what = option};
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = gc_secret_read(e->file_reads, &secret, ret, &err);
  if (code != GC_OK && code != GC_ERR_TIMEOUT)
    gc_fail(&err, code, "%s %s cannot be read or is empty", option, path);
  e->settings.notice(e->settings.ctx, option, &err);
  return code;
}

/* Returns the credentials of a header of that scheme; NULL for another scheme.
 */
static const char *credentials_of(const char *header, const char *scheme) {
  size_t len = strlen(scheme);
  if (header == NULL || strncasecmp(header, scheme, len) != 0 ||
      header[len] != ' ')
    return NULL;
  header += len;
  return header + strspn(header, " ");
}

static bool is_same(const char *got, const struct gc_buf *want) {
  return gc_listener_same_secret(got, strlen(got), gc_buf_string(want),
                                 want->len);
}

/* Encodes the configured user and password. The client's are compared without
 * decoding them. */
static enum gc_code encode_basic(const char *user,
                                 const struct gc_buf *password,
                                 struct gc_buf *ret) {
  GC_AUTO(gc_buf_wipe) struct gc_buf plain = {.max = CREDENTIALS_MAX};
  GC_TRY(gc_buf_print(&plain, "%s:%s", user, gc_buf_string(password)));
  size_t size = GC_BASE64_LEN(plain.len) + 1;
  char *text = gc_resize(NULL, 1, size);
  gc_base64_write((const uint8_t *)plain.data, plain.len, text);
  enum gc_code code = gc_buf_add(ret, text, size - 1);
  explicit_bzero(text, size);
  free(text);
  return code;
}

static enum endpoint_status check_basic(struct endpoint *e, const char *got) {
  const struct endpoint_options *o = e->settings.options;
  GC_AUTO(gc_buf_wipe) struct gc_buf password = {.max = GC_SECRET_MAX_BYTES};
  GC_AUTO(gc_buf_wipe) struct gc_buf want = {.max = 2 * CREDENTIALS_MAX};
  if (read_file(e, "PasswordFile", o->password_file, &password) != GC_OK ||
      encode_basic(o->user, &password, &want) != GC_OK)
    return ENDPOINT_503;
  return is_same(got, &want) ? ENDPOINT_200 : ENDPOINT_401;
}

static enum endpoint_status check_bearer(struct endpoint *e, const char *got) {
  GC_AUTO(gc_buf_wipe) struct gc_buf want = {.max = GC_SECRET_MAX_BYTES};
  if (read_file(e, "BearerTokenFile", e->settings.options->bearer_file,
                &want) != GC_OK)
    return ENDPOINT_503;
  return is_same(got, &want) ? ENDPOINT_200 : ENDPOINT_401;
}

/* Returns 200 when the request may be answered; else 401, or 503 when a file
 * with a secret cannot be read. */
static enum endpoint_status authorize(struct endpoint *e,
                                      struct MHD_Connection *c) {
  const struct endpoint_options *o = e->settings.options;
  const char *header =
      MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Authorization");
  const char *basic = credentials_of(header, "Basic");
  const char *bearer = credentials_of(header, "Bearer");
  if (!gc_listener_has_certificate(e->listener, c))
    return ENDPOINT_401;
  if (o->user == NULL && o->bearer_file == NULL)
    return ENDPOINT_200;
  if (o->user != NULL && basic != NULL)
    return check_basic(e, basic);
  if (o->bearer_file != NULL && bearer != NULL)
    return check_bearer(e, bearer);
  return ENDPOINT_401;
}

/* Reports changed files that every user can read. One thread. */
static void check_modes(struct endpoint *e) {
  const struct endpoint_options *o = e->settings.options;
  const struct {
    const char *option, *path;
  } files[ENDPOINT_FILES] = {
      {"PasswordFile", o->password_file},
      {"BearerTokenFile", o->bearer_file},
      {"TLSKey", o->at.tls_key},
  };
  for (size_t i = 0; i < ENDPOINT_FILES; i++) {
    const struct gc_secret secret = {.file = files[i].path,
                                     .what = files[i].option};
    struct gc_secret_stat stat;
    if (secret.file == NULL ||
        gc_secret_stat(e->file_reads, &secret, &stat) != GC_OK ||
        stat.version == e->versions[i])
      continue;
    e->versions[i] = stat.version;
    if (stat.exposed.code != GC_OK)
      e->settings.warn(e->settings.ctx, stat.exposed.text);
  }
}

/* Reports files that cannot be read, and files that every user can read. */
static void check_files(struct endpoint *e) {
  const struct endpoint_options *o = e->settings.options;
  GC_AUTO(gc_buf_wipe) struct gc_buf one = {.max = GC_SECRET_MAX_BYTES};
  GC_AUTO(gc_buf_wipe) struct gc_buf two = {.max = GC_SECRET_MAX_BYTES};
  if (o->password_file != NULL)
    (void)!read_file(e, "PasswordFile", o->password_file, &one);
  if (o->bearer_file != NULL)
    (void)!read_file(e, "BearerTokenFile", o->bearer_file, &two);
  check_modes(e);
}

/* ---- answers ---- */

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
static char *render_body(struct endpoint *e, const struct render_options *o,
                         size_t *ret_len, void **place) {
  uint64_t begin_us = gc_clock_now_us();
  store_remove_lost(e->settings.store, gc_lease_gate_allows);
  const struct family_list *list =
      store_scrape_begin(e->settings.store, gc_clock_now_ms());
  *place = (void *)(uintptr_t)list->scrape.number;
  char *bytes = render_exposition(list, o, ret_len);
  store_scrape_end(e->settings.store);
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
                                          const struct render_options *o,
                                          void **place) {
  size_t len = 0;
  if (is_head)
    return MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 1024, no_bytes,
                                             NULL, NULL);
  char *bytes = render_body(e, o, &len, place);
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
  const struct render_options o = {
      .format = accepts_openmetrics(accept) ? RENDER_OPENMETRICS : RENDER_TEXT,
      .is_gzip = accepts_gzip(encoding),
      .has_wait_alias = e->settings.options->wait_alias};
  struct MHD_Response *r = make_response(e, is_head, &o, place);
  if (r == NULL)
    return refuse_request(e, c, ENDPOINT_503);
  MHD_add_response_header(r, "Content-Type", render_content_type(o.format));
  MHD_add_response_header(r, "Vary", "Accept, Accept-Encoding");
  if (o.is_gzip)
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
  enum endpoint_status status = authorize(e, c);
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
  check_modes(ctx);
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
  e->file_reads = gc_detached_new("gc-secret", FILES_WAIT_MS);
  check_files(e);
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
  for (int i = 0; i < ENDPOINT_STATUS_COUNT; i++)
    stats.answers[i] = atomic_load(&e->answers[i]);
  return stats;
}

void endpoint_put_certificate(const struct endpoint *e,
                              const struct gc_sample_writer *w) {
  gc_listener_put_certificate(e->listener, w);
}

void endpoint_free(struct endpoint *e) {
  if (e == NULL)
    return;
  gc_listener_free(e->listener);
  gc_detached_free(e->file_reads);
  free(e);
}
