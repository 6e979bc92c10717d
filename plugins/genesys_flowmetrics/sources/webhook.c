/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/webhook.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/buf.h"
#include "common/base/glob.h"
#include "common/base/json/document.h"
#include "common/net/api/secret.h"
#include "common/net/clock.h"
#include "common/net/detached.h"
#include "common/net/listener/listener.h"

enum {
  FILES_WAIT_MS = 300,
  CONNECTIONS_MAX = 512,
  ANSWERS_MAX = 256, /* each may hold a body of MaxBody */
  ANSWER_MAX_BYTES = 4096,
  QUESTION_MAX_BYTES = 65536,
  HOST_SIZE = 128,
  FIREHOSE_ID_MAX_BYTES = 256,
};

struct webhook {
  const struct webhook_options *options;
  const struct ledger_source *source;
  struct gc_listener *listener;
  struct gc_detached *secret_reads;
  pthread_mutex_t reading; /* guards reader: two servers may overlap */
  struct event_reader *reader;
  pthread_mutex_t lock; /* guards waiting */
  unsigned waiting;     /* calls that wait for the ledger */
  pthread_cond_t changed;
  _Atomic bool is_stopping;
  _Atomic bool is_listening;     /* the listener has succeeded once */
  _Atomic bool is_secret_unread; /* the last attempt to read it failed */
};

/* A request whose head was read. */
struct call {
  struct batch batch; /* first: on_batch receives its address */
  struct webhook *webhook;
  struct MHD_Connection *connection;
  struct gc_buf body, answer; /* answer empty: the table's words */
  bool is_json;               /* form of the answer */
  const char *origin;         /* of a handshake by OPTIONS; else NULL */
  unsigned status;            /* 0: not decided yet */
  bool is_unread;             /* some of its metrics were not understood */
  bool is_resumed;            /* the ledger has ended the wait */
};

static const struct {
  unsigned status;
  enum tally tally;
  const char *words;
} answers[] = {
    {200, TALLY_WEB_200, "counted"},
    {400, TALLY_WEB_400, "not an event"},
    {401, TALLY_WEB_401, "the secret is missing or wrong"},
    {404, TALLY_WEB_404, "not here"},
    {405, TALLY_WEB_405, "POST only"},
    {413, TALLY_WEB_413, "too large"},
    {415, TALLY_WEB_415, "send it without Content-Encoding"},
    {503, TALLY_WEB_503, "try again"},
};

static const char *header_of(struct MHD_Connection *c, const char *name) {
  const char *text = MHD_lookup_connection_value(c, MHD_HEADER_KIND, name);
  return text != NULL ? text : "";
}

/* Updates source_up: 1 while requests can be counted. Any thread. */
static void note_up(struct webhook *w) {
  struct stats *stats = w->source->stats;
  stats->up = w->is_listening && !w->is_secret_unread;
  stats->is_tried = true;
}

/* ---- the head of a request ---- */

/* Reads the file each time, so that a changed secret applies at once. */
static enum gc_code read_secret(struct webhook *w, struct gc_buf *ret) {
  const struct gc_secret secret = {.file = w->options->secret_file,
                                   .what = "the shared secret"};
  struct gc_err err = {.code = GC_OK};
  enum gc_code code = gc_secret_read(w->secret_reads, &secret, ret, &err);
  ledger_source_notice(w->source, "SharedSecretFile", &err);
  w->is_secret_unread = code != GC_OK;
  note_up(w);
  return code;
}

/* Reports an unreadable secret file, before the first event and while it lasts.
 */
static void check_secret_file(struct webhook *w) {
  GC_AUTO(gc_buf_wipe) struct gc_buf secret = {.max = GC_SECRET_MAX_BYTES};
  if (w->options->secret_file != NULL)
    (void)!read_secret(w, &secret);
}

/* Returns 0 when the secret is right, else the status. When the secret file
 * cannot be read the status is 503, because after 401 the sender would not try
 * again. */
static unsigned check_secret(struct webhook *w, struct MHD_Connection *c) {
  GC_AUTO(gc_buf_wipe) struct gc_buf want = {.max = GC_SECRET_MAX_BYTES};
  if (w->options->secret_file == NULL)
    return 0;
  if (read_secret(w, &want) != GC_OK)
    return 503;
  const char *got = header_of(c, w->options->secret_header);
  return gc_listener_same_secret(got, strlen(got), gc_buf_string(&want),
                                 want.len)
             ? 0
             : 401;
}

/* True if the request has a Content-Length above the limit. */
static bool is_too_long(struct MHD_Connection *c, uint64_t max) {
  const char *text = header_of(c, MHD_HTTP_HEADER_CONTENT_LENGTH);
  char *end = NULL;
  if (*text < '0' || *text > '9')
    return false;
  errno = 0;
  uint64_t length = strtoull(text, &end, 10);
  return errno != 0 || *end != '\0' || length > max;
}

/* Reports and refuses a compressed body: without this line its bytes would be
 * no event. */
static bool is_compressed(struct webhook *w, struct MHD_Connection *c) {
  struct gc_err err;
  const char *coding = header_of(c, MHD_HTTP_HEADER_CONTENT_ENCODING);
  if (*coding == '\0' || strcasecmp(coding, "identity") == 0)
    return false;
  (void)gc_fail(&err, GC_ERR_PARSE,
                "a body is compressed (Content-Encoding) and refused with 415: "
                "turn the sender's compression off");
  ledger_source_notice(w->source, "no events", &err);
  return true;
}

/* Returns the status that refuses a request by its head; 0 when its body may be
 * read. */
static unsigned check_head(struct webhook *w, struct MHD_Connection *c,
                           const char *url, const char *method) {
  if (strcmp(url, w->options->path) != 0)
    return 404;
  if (strcmp(method, "POST") != 0)
    return 405;
  if (!gc_listener_has_certificate(w->listener, c))
    return 401;
  unsigned refused = check_secret(w, c);
  if (refused != 0)
    return refused;
  if (is_too_long(c, w->options->max_body_bytes))
    return 413;
  if (is_compressed(w, c))
    return 415;
  /* The sender, or a balancer, turns to the agent that holds the lease. */
  return w->is_stopping || !gc_lease_gate_allows(w->source->lease) ? 503 : 0;
}

/* ---- senders that ask ----
 * Azure Event Grid asks with a request of its own (aeg-event-type), CloudEvents
 * with OPTIONS (WebHook-Request-Origin). Firehose requires the id of its
 * request in the answer. Facts: Microsoft, "Endpoint validation with Event Grid
 * event schema"; CloudEvents, "HTTP 1.1 Web Hooks"; Amazon Data Firehose, "HTTP
 * endpoint delivery request and response specifications". */

/* Copies a host's name. Returns false for anything else. */
static bool copy_host(const char *text, size_t len, char out[HOST_SIZE]) {
  static const char letters[] =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
  if (len == 0 || len >= HOST_SIZE)
    return false;
  memcpy(out, text, len);
  out[len] = '\0';
  return strspn(out, letters) == len;
}

/* Copies the host of "https://HOST/…". Returns false for any other text. */
static bool host_of(const char *url, char out[HOST_SIZE]) {
  static const char scheme[] = "https://";
  size_t skip = sizeof(scheme) - 1;
  if (url == NULL || strncmp(url, scheme, skip) != 0)
    return false;
  size_t len = strcspn(url + skip, "/:@?#");
  return strchr("/?", url[skip + len]) != NULL &&
         copy_host(url + skip, len, out);
}

static bool is_allowed(struct webhook *w, const char *host) {
  const struct gc_strs *globs = &w->options->handshakes;
  struct gc_err err = {.code = GC_OK};
  bool allowed =
      globs->count > 0 && gc_glob_accepts(globs->at, globs->count, host, NULL);
  if (!allowed)
    (void)gc_fail(&err, GC_ERR_PERMISSION,
                  "%s asks whether it may send events; it is refused: name it "
                  "in Handshake if it may",
                  host);
  ledger_source_notice(w->source, "handshake", &err);
  return allowed;
}

/* Returns the origin of an OPTIONS request if it may send events; else NULL.
 * Borrowed from the connection. */
static const char *allowed_origin(struct webhook *w, struct MHD_Connection *c) {
  char host[HOST_SIZE];
  const char *origin = header_of(c, "WebHook-Request-Origin");
  return copy_host(origin, strlen(origin), host) && is_allowed(w, host) ? origin
                                                                        : NULL;
}

/* Answers Event Grid's question with its code, which is in an object, alone or
 * the first of an array. Returns the status. */
static unsigned answer_validation(struct webhook *w, const struct gc_buf *body,
                                  struct gc_buf *out) {
  GC_AUTO(gc_document_clear) struct gc_document asked = {.root = NULL};
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  char host[HOST_SIZE];
  if (gc_document_read(&asked, gc_buf_string(body), body->len,
                       QUESTION_MAX_BYTES, NULL) != GC_OK)
    return 400;
  struct json_object *event = gc_document_element(asked.root, 0);
  struct json_object *data =
      gc_document_member(event != NULL ? event : asked.root, "data");
  const char *code = gc_document_text(data, "validationCode");
  if (code == NULL || !host_of(gc_document_text(data, "validationUrl"), host))
    return 400;
  if (!is_allowed(w, host))
    return 401;
  struct json_object *root = gc_document_add_object(&answer, NULL, NULL);
  gc_document_add_text(&answer, root, "validationResponse", code);
  return gc_document_write(&answer, out, NULL) == GC_OK ? 200 : 503;
}

/* SNS sends nothing before an address of its message was requested. An address
 * that a request names is not requested. */
static unsigned refuse_subscription(struct webhook *w) {
  struct gc_err err;
  (void)gc_fail(&err, GC_ERR_PERMISSION,
                "SNS asks to confirm a subscription, which this source does "
                "not do: subscribe an SQS queue to the topic and use Source "
                "\"sqs\"");
  ledger_source_notice(w->source, "handshake", &err);
  return 400;
}

/* Returns the status for a request that asks whether its sender may send
 * events, with the JSON of the answer, if any; 0 for any other request. */
static unsigned answer_question(struct call *call) {
  struct MHD_Connection *c = call->connection;
  if (strcmp(header_of(c, "aeg-event-type"), "SubscriptionValidation") == 0)
    return answer_validation(call->webhook, &call->body, &call->answer);
  if (strcmp(header_of(c, "x-amz-sns-message-type"),
             "SubscriptionConfirmation") == 0)
    return refuse_subscription(call->webhook);
  return 0;
}

/* ---- answers ---- */

/* Writes the answer unless the call has one: JSON for Firehose, which takes no
 * other answer for a success, else a line. */
static enum gc_code write_answer(struct call *call, const char *words) {
  GC_AUTO(gc_document_clear) struct gc_document answer = {.root = NULL};
  const char *id = header_of(call->connection, "X-Amz-Firehose-Request-Id");
  if (call->answer.len > 0)
    return GC_OK;
  call->is_json = *id != '\0' && strlen(id) <= FIREHOSE_ID_MAX_BYTES;
  if (!call->is_json)
    return gc_buf_print(&call->answer, "%s\n", words);
  struct json_object *root = gc_document_add_object(&answer, NULL, NULL);
  gc_document_add_text(&answer, root, "requestId", id);
  gc_document_add_int(&answer, root, "timestamp", gc_clock_wall_ms());
  if (call->status != 200)
    gc_document_add_text(&answer, root, "errorMessage", words);
  return gc_document_write(&answer, &call->answer, NULL);
}

static enum MHD_Result queue_answer(struct webhook *w, struct MHD_Connection *c,
                                    struct call *call) {
  unsigned status = call->status;
  size_t i = 0;
  while (i + 1 < GC_COUNT(answers) && answers[i].status != status)
    i++;
  if (write_answer(call, answers[i].words) != GC_OK)
    return MHD_NO;
  struct MHD_Response *r = MHD_create_response_from_buffer(
      call->answer.len, call->answer.data, MHD_RESPMEM_MUST_COPY);
  if (r == NULL)
    return MHD_NO;
  MHD_add_response_header(r, "Content-Type",
                          call->is_json ? "application/json" : "text/plain");
  if (call->origin != NULL) {
    MHD_add_response_header(r, "WebHook-Allowed-Origin", call->origin);
    MHD_add_response_header(r, "WebHook-Allowed-Rate", "*");
  }
  if (status == 400 || status == 503)
    MHD_add_response_header(r, "Connection", "close");
  if (status == 503)
    MHD_add_response_header(r, "Retry-After", "5");
  if (status == 405)
    MHD_add_response_header(r, "Allow", "POST");
  stats_add(w->source->stats, answers[i].tally, 1);
  enum MHD_Result result = MHD_queue_response(c, status, r);
  MHD_destroy_response(r);
  return result;
}

/* ---- a request ---- */

/* Ends the wait for the ledger, and continues the call, which may be freed at
 * once. Runs on the ledger's thread. Attributes ahead of this host's clock were
 * not counted, so they are not acknowledged: the sender sends them again. */
static void on_batch(struct batch *b, enum gc_code code) {
  struct call *call = (struct call *)b;
  struct webhook *w = call->webhook;
  if (code != GC_OK || b->ahead > 0)
    call->status = 503;
  else
    call->status = call->is_unread ? 400 : 200;
  if (code == GC_OK)
    batch_report_ahead(b);
  call->is_resumed = true;
  MHD_resume_connection(call->connection);
  pthread_mutex_lock(&w->lock);
  GC_ASSERT(w->waiting > 0);
  w->waiting--;
  pthread_cond_broadcast(&w->changed);
  pthread_mutex_unlock(&w->lock);
}

static struct call *call_new(struct webhook *w, struct MHD_Connection *c,
                             const char *url, const char *method) {
  struct call *call = gc_zalloc(1, sizeof(*call));
  call->webhook = w;
  call->connection = c;
  call->body.max = w->options->max_body_bytes;
  call->batch = (struct batch){.source = w->source, .done = on_batch};
  call->answer.max = ANSWER_MAX_BYTES;
  if (strcmp(method, "OPTIONS") == 0 && strcmp(url, w->options->path) == 0)
    call->origin = allowed_origin(w, c);
  call->status = call->origin != NULL ? 200 : check_head(w, c, url, method);
  return call;
}

static void call_free(struct call *call) {
  batch_clear(&call->batch);
  gc_buf_clear(&call->body);
  gc_buf_clear(&call->answer);
  free(call);
}

static void add_body(struct call *call, const char *bytes, size_t len) {
  if (call->status == 0 && gc_buf_add(&call->body, bytes, len) != GC_OK)
    call->status = 413;
  if (call->status != 0)
    gc_buf_clear(&call->body); /* the rest of the body is discarded */
}

/* Decodes a whole body. */
static void decode_body(struct call *call) {
  struct webhook *w = call->webhook;
  call->status = answer_question(call);
  call->is_json = call->answer.len > 0;
  if (call->status != 0)
    return;
  pthread_mutex_lock(&w->reading);
  enum gc_code code =
      batch_read(&call->batch, w->reader, gc_buf_string(&call->body),
                 call->body.len, &call->is_unread);
  pthread_mutex_unlock(&w->reading);
  stats_events(w->source->stats, &call->batch.counts);
  gc_buf_clear(&call->body);
  if (code != GC_OK)
    call->status = code == GC_ERR_MEMORY ? 503 : 400;
  else if (call->batch.count == 0)
    call->status = call->is_unread ? 400 : 200;
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
    /* A refusal before the body was read closes the connection. */
    return call->status != 0 ? queue_answer(w, c, call) : MHD_YES;
  }
  if (*len > 0) {
    add_body(call, bytes, *len);
    *len = 0;
    return MHD_YES;
  }
  if (call->status == 0 && !call->is_resumed)
    decode_body(call);
  if (call->status != 0)
    return queue_answer(w, c, call);
  GC_ASSERT(!call->is_resumed);
  pthread_mutex_lock(&w->lock);
  w->waiting++;
  pthread_mutex_unlock(&w->lock);
  MHD_suspend_connection(c);
  ledger_submit(w->source->ledger, &call->batch);
  return MHD_YES;
}

/* Answers a request whose head is refused by the listener. */
static enum MHD_Result refuse_at_once(void *ctx, struct MHD_Connection *c,
                                      unsigned status) {
  struct webhook *w = ctx;
  struct gc_err err;
  if (status == 400) {
    (void)gc_fail(&err, GC_ERR_PARSE,
                  "a request has two lengths (Content-Length twice, or beside "
                  "chunks) and is refused with 400: see which proxy sends it");
    ledger_source_notice(w->source, "no events", &err);
  }
  struct call call = {.webhook = w, .connection = c, .status = status};
  call.answer.max = ANSWER_MAX_BYTES;
  enum MHD_Result result = queue_answer(w, c, &call);
  gc_buf_clear(&call.answer);
  return result;
}

static void on_completed(void *ctx, struct MHD_Connection *c, void **place,
                         enum MHD_RequestTerminationCode code) {
  struct webhook *w = ctx;
  struct call *call = *place;
  (void)c;
  if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK)
    stats_add(w->source->stats, TALLY_WEB_CUT, 1);
  else
    w->source->stats->answer_ms = (int64_t)gc_clock_now_ms();
  if (call != NULL)
    call_free(call);
  *place = NULL;
}

/* ---- beginning and end ---- */

static void on_tick(void *ctx, uint64_t now_ms) {
  struct webhook *w = ctx;
  (void)now_ms;
  if (!w->is_stopping && w->is_secret_unread)
    check_secret_file(w);
}

static bool has_waiting(void *ctx) {
  struct webhook *w = ctx;
  pthread_mutex_lock(&w->lock);
  bool has = w->waiting > 0;
  pthread_mutex_unlock(&w->lock);
  return has;
}

static void on_listening(void *ctx, const char *cause,
                         const struct gc_err *err) {
  struct webhook *w = ctx;
  if (err->code == GC_OK && strcmp(cause, "listening") == 0)
    w->is_listening = true;
  ledger_source_notice(w->source, cause, err);
  note_up(w);
}

struct webhook *webhook_start(const struct webhook_options *options,
                              const struct ledger_source *source) {
  struct webhook *w = gc_zalloc(1, sizeof(*w));
  const struct gc_listener_settings listener = {.options = &options->at,
                                                .max_connections =
                                                    CONNECTIONS_MAX,
                                                .max_answers = ANSWERS_MAX,
                                                .on_request = on_request,
                                                .on_completed = on_completed,
                                                .refuse = refuse_at_once,
                                                .tick = on_tick,
                                                .has_waiting = has_waiting,
                                                .notice = on_listening,
                                                .ctx = w};
  w->options = options;
  w->source = source;
  pthread_mutex_init(&w->lock, NULL);
  pthread_mutex_init(&w->reading, NULL);
  pthread_cond_init(&w->changed, NULL);
  w->secret_reads = gc_detached_new("gc-secret", FILES_WAIT_MS);
  w->reader = event_reader_new(source->form);
  w->listener = gc_listener_new(&listener);
  check_secret_file(w);
  gc_listener_start(w->listener);
  return w;
}

void webhook_put_certificate(const struct webhook *w,
                             const struct gc_sample_writer *to) {
  gc_listener_put_certificate(w->listener, to);
}

void webhook_stop(struct webhook *w) {
  if (w == NULL || w->is_stopping)
    return;
  w->is_stopping = true;
  if (w->listener != NULL)
    gc_listener_quiesce(w->listener);
}

/* Waits until no connection is suspended, because until then MHD_stop_daemon
 * does not return. The ledger was stopped before, so all batches come back. */
void webhook_free(struct webhook *w) {
  if (w == NULL)
    return;
  webhook_stop(w);
  pthread_mutex_lock(&w->lock);
  while (w->waiting > 0)
    pthread_cond_wait(&w->changed, &w->lock);
  pthread_mutex_unlock(&w->lock);
  gc_listener_free(w->listener);
  event_reader_free(w->reader);
  gc_detached_free(w->secret_reads);
  pthread_mutex_destroy(&w->reading);
  pthread_cond_destroy(&w->changed);
  pthread_mutex_destroy(&w->lock);
  free(w);
}
