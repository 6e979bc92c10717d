/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/webhook/internal.h"

#include <stdlib.h>
#include <string.h>

#include "common/net/clock.h"

enum { ANSWER_MAX_BYTES = 4096, URL_MAX_BYTES = 4096 };

/* A request whose head was read. */
struct call {
  struct batch batch; /* first: on_batch receives its address */
  struct webhook *webhook;
  struct MHD_Connection *connection;
  struct gc_buf confirm_url; /* confirms an SNS subscription; else empty */
  struct confirmation confirmation;
  struct gc_buf body, answer; /* answer empty: the table's words */
  bool is_json;               /* form of the answer */
  const char *origin;         /* of a handshake by OPTIONS; else NULL */
  struct event_counts counts;
  unsigned status; /* 0: not decided yet */
  bool is_unread;  /* some of its metrics were not understood */
  bool is_resumed; /* the ledger or the confirmer has ended the wait */
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
    {503, TALLY_WEB_503, "try again"},
};

/* ---- answers ---- */

/* Writes the answer unless the call has one: JSON for Firehose, else a line. */
static enum gc_code write_answer(struct call *call, const char *words) {
  if (call->answer.len > 0)
    return GC_OK;
  const char *firehose = webhook_firehose_id(call->connection);
  call->is_json = firehose != NULL;
  return firehose != NULL
             ? webhook_answer_firehose(
                   firehose, call->status == 200 ? NULL : words, &call->answer)
             : gc_buf_print(&call->answer, "%s\n", words);
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
  if (status == 503)
    MHD_add_response_header(r, "Retry-After", "5");
  /* SNS sends user and password only when it is asked for them. */
  if (status == 401 &&
      strcasecmp(w->settings.options->secret_header, "Authorization") == 0)
    MHD_add_response_header(r, "WWW-Authenticate", "Basic realm=\"genesys\"");
  if (status == 405)
    MHD_add_response_header(r, "Allow", "POST");
  stats_add(w->settings.source->stats, answers[i].tally, 1);
  enum MHD_Result result = MHD_queue_response(c, status, r);
  MHD_destroy_response(r);
  return result;
}

/* ---- a request ---- */

/* Continues a suspended call, which has its status. Any thread; the call may be
 * freed at once. */
static void resume_call(struct call *call) {
  struct webhook *w = call->webhook;
  call->is_resumed = true;
  MHD_resume_connection(call->connection);
  pthread_mutex_lock(&w->lock);
  w->waiting--;
  pthread_cond_broadcast(&w->changed);
  pthread_mutex_unlock(&w->lock);
}

static void suspend_call(struct call *call) {
  struct webhook *w = call->webhook;
  gc_listener_set_busy(w->listener, call->connection, true);
  pthread_mutex_lock(&w->lock);
  w->waiting++;
  pthread_mutex_unlock(&w->lock);
  MHD_suspend_connection(call->connection);
}

/* Ends the wait for the ledger. Runs on the ledger's thread. Attributes ahead
 * of this host's clock were not counted, so they are not acknowledged: the
 * sender sends them again. */
static void on_batch(struct batch *b, enum gc_code code) {
  struct call *call = (struct call *)b;
  struct webhook *w = call->webhook;
  if (code != GC_OK || b->ahead > 0)
    call->status = 503;
  else
    call->status = call->is_unread ? 400 : 200;
  if (code == GC_OK)
    batch_report_ahead(b, w->settings.notice, w->settings.ctx);
  resume_call(call);
}

/* Ends the wait for the confirmer. Runs on the confirmer's thread. After any
 * answer but 200 SNS asks again. */
static void on_confirmed(struct confirmation *c, const struct gc_err *why) {
  struct call *call = c->ctx;
  const struct webhook_settings *settings = &call->webhook->settings;
  struct gc_err err = *why;
  if (err.code != GC_OK)
    (void)gc_fail_in(&err, err.code,
                     "a subscription of SNS is not confirmed: ");
  if (err.code != GC_ERR_STOPPED)
    settings->notice(settings->ctx, "handshake", &err);
  call->status = err.code == GC_OK ? 200 : 503;
  resume_call(call);
}

static struct call *call_new(struct webhook *w, struct MHD_Connection *c,
                             const char *url, const char *method) {
  struct call *call = calloc(1, sizeof(*call));
  if (call == NULL)
    return NULL;
  call->webhook = w;
  call->connection = c;
  call->body.max = w->settings.options->max_body_bytes;
  call->batch = (struct batch){.source = w->settings.source, .done = on_batch};
  call->answer.max = ANSWER_MAX_BYTES;
  call->confirm_url.max = URL_MAX_BYTES;
  if (strcmp(method, "OPTIONS") == 0 &&
      strcmp(url, w->settings.options->path) == 0)
    call->origin = webhook_allowed_origin(w, c);
  call->status =
      call->origin != NULL ? 200 : webhook_authorize(w, c, url, method);
  /* The sender, or a balancer, turns to the agent that holds the lease. */
  if (call->status == 0 && !gc_lease_gate_allows(w->settings.source->lease))
    call->status = 503;
  return call;
}

static void call_free(struct call *call) {
  batch_clear(&call->batch);
  gc_buf_clear(&call->body);
  gc_buf_clear(&call->answer);
  gc_buf_wipe(&call->confirm_url);
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
  const struct event_sink sink = {batch_add, &call->batch};
  call->status = webhook_answer_handshake(w, call->connection, &call->body,
                                          &call->answer, &call->confirm_url);
  call->is_json = call->answer.len > 0;
  if (call->status != 0 || call->confirm_url.len > 0)
    return;
  pthread_mutex_lock(&w->reading);
  enum gc_code code = event_read(w->reader, gc_buf_string(&call->body),
                                 call->body.len, &call->counts, &sink, NULL);
  stats_events(w->settings.source->stats, &call->counts);
  gc_buf_clear(&call->body);
  call->is_unread = code == GC_OK && event_counts_unread(&call->counts) > 0;
  if (call->is_unread)
    event_report_unread(w->reader, w->settings.notice, w->settings.ctx);
  pthread_mutex_unlock(&w->reading);
  if (code != GC_OK)
    call->status = code == GC_ERR_MEMORY ? 503 : 400;
  else if (call->batch.count == 0)
    call->status = call->is_unread ? 400 : 200;
}

/* Passes a decoded call to the confirmer or the ledger, and suspends it. */
static void submit_call(struct call *call) {
  struct webhook *w = call->webhook;
  suspend_call(call);
  if (call->confirm_url.len > 0) {
    call->confirmation.url = call->confirm_url.data;
    call->confirmation.done = on_confirmed;
    call->confirmation.ctx = call;
    confirmer_start(w->confirmer, &call->confirmation);
  } else {
    ledger_submit(w->settings.ledger, &call->batch);
  }
}

enum MHD_Result webhook_on_request(void *ctx, struct MHD_Connection *c,
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
  submit_call(call);
  return MHD_YES;
}

void webhook_on_completed(void *ctx, struct MHD_Connection *c, void **place,
                          enum MHD_RequestTerminationCode code) {
  struct webhook *w = ctx;
  struct call *call = *place;
  if (code != MHD_REQUEST_TERMINATED_COMPLETED_OK)
    stats_add(w->settings.source->stats, TALLY_WEB_CUT, 1);
  else
    w->settings.source->stats->answer_ms = (int64_t)gc_clock_now_ms();
  gc_listener_set_busy(w->listener, c, false);
  if (call != NULL)
    call_free(call);
  *place = NULL;
}
