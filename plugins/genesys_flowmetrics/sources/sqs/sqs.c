/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/sqs.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/policy/backoff.h"
#include "common/net/clock.h"
#include "common/net/http/http.h"
#include "common/net/http/tls_files.h"
#include "common/net/loop.h"
#include "plugins/genesys_flowmetrics/sources/sqs/client.h"
#include "plugins/genesys_flowmetrics/sources/sqs/protocol.h"

enum {
  /* For each consumer: deletions under way at once, deliveries that the ledger
   * holds. */
  DELETIONS_MAX = 4,
  PENDING_MAX = 64,
  RECEIPTS_MAX = 10000, /* number of messages to be deleted */
  BODY_MAX_BYTES = 64 * 1024,
  COMMIT_PAUSE_MS = 5000,   /* longest time between two checks of the ledger */
  STANDBY_PAUSE_MS = 200,   /* time between two checks of lease and clock */
  RETRY_AFTER_MAX_S = 3600, /* a longer Retry-After is shortened */
  /* Longer than a long poll, whose answer may begin after 20 s. */
  TIMEOUT_MS = 60 * 1000,
  METADATA_TIMEOUT_MS = 5000,
  METADATA_CONNECT_MS = 1000,
};

/* The messages of one answer, until the ledger has committed them. */
struct delivery {
  struct batch batch; /* first: on_batch receives its address */
  struct sqs *sqs;
  struct sqs_receipts receipts; /* messages to delete after the commit */
  size_t ends[SQS_BATCH_MAX];   /* per message: number of occurrences up to its
                                   end */
  uint64_t received, poison;
  int64_t newest_sent_ms;
  enum gc_code code;
  uint64_t received_ms; /* monotonic */
};

/* A consumer: one long poll at a time. */
struct consumer {
  struct sqs *sqs;
  struct sqs_request request;
  struct sqs_answer *answer;
  struct gc_sink sink;
  struct delivery *filling; /* of the answer that is being read; NULL: none */
  unsigned failures;        /* sqs.failures when the request began */
  bool is_up;
};

struct deletion {
  struct sqs *sqs;
  struct sqs_request request;
  struct sqs_receipts receipts; /* empty: it does not run */
};

struct sqs {
  const struct sqs_options *options;
  const struct ledger_source *source;
  struct gc_connect connect, metadata_connect;
  char no_proxy[2]; /* "*": no proxy for any host */
  struct gc_loop *loop;
  struct gc_http *http, *metadata_http;
  struct gc_transport transport, metadata;

  /* Used by the loop's thread only. */
  struct sqs_client client;
  struct credentials_keeper *keys;
  struct event_reader *reader;
  struct consumer *consumers;
  struct deletion *deletions;
  size_t count, deletion_count;
  struct sqs_receipts committed; /* messages to be deleted */
  unsigned pending;              /* deliveries that the ledger holds */
  unsigned failures;
  struct gc_backoff backoff, commit_backoff;
  struct gc_timer again;
  bool is_pausing;
  bool is_resigned; /* the clock was taken since the last good answer */
};

static void delivery_free(struct delivery *d) {
  if (d == NULL)
    return;
  batch_clear(&d->batch);
  sqs_receipts_clear(&d->receipts);
  free(d);
}

/* ---- requests ---- */

static void set_up(struct consumer *c, bool up) {
  struct stats *stats = c->sqs->source->stats;
  if (c->is_up != up)
    stats->up += up ? 1u : -1u;
  c->is_up = up;
  stats->is_tried = true;
}

/* Signs a request and sends it. The caller has set the exchange's result. */
static bool send_request(struct sqs *s, struct sqs_request *r,
                         const struct credentials *keys, const char *action,
                         struct gc_err *err) {
  sqs_request_sign(&s->client, r, keys, action);
  if (s->transport.start(s->transport.ctx, &r->exchange, err) != GC_OK)
    return false;
  stats_add(s->source->stats, TALLY_SQS_REQUESTS, 1);
  return true;
}

/* Starts the next requests in the next turn of the loop, unless the source
 * pauses. */
static void schedule_work(struct sqs *s) {
  if (!s->is_pausing)
    gc_timers_set(gc_loop_timers(s->loop), &s->again, gc_clock_now_ms());
}

/* Begins a pause, in which the source sends no request. Of two pauses the
 * longer one counts, so that another failure does not shorten a Retry-After. */
static uint32_t pause_work(struct sqs *s, struct gc_backoff *backoff,
                           uint32_t min_ms) {
  uint32_t ms = gc_backoff_fail(backoff, min_ms, gc_random32());
  uint64_t now_ms = gc_clock_now_ms(), due_ms = now_ms + ms;
  if (s->is_pausing && s->again.place != 0 && s->again.due_ms >= due_ms)
    return (uint32_t)(s->again.due_ms - now_ms);
  s->is_pausing = true;
  gc_timers_set(gc_loop_timers(s->loop), &s->again, due_ms);
  return ms;
}

/* Returns the queue's name, the end of its address. */
static const char *queue_of(const struct sqs *s) {
  const char *slash = strrchr(s->options->queue_url, '/');
  return slash != NULL ? slash + 1 : s->options->queue_url;
}

/* Reports a failure of a consumer; NULL: of all. */
static void on_failure(struct sqs *s, struct consumer *only,
                       const struct gc_err *err, uint32_t min_ms) {
  struct gc_err said;
  if (err->code == GC_ERR_THROTTLED)
    stats_add(s->source->stats, TALLY_SQS_THROTTLED, 1);
  if (err->code == GC_ERR_AUTH)
    credentials_refused(s->keys);
  for (size_t i = 0; i < s->count; i++)
    if (only == NULL || only == &s->consumers[i])
      set_up(&s->consumers[i], false);
  s->failures++;
  uint32_t ms = pause_work(s, &s->backoff, min_ms);
  (void)gc_fail(&said, err->code, "queue %.60s: %.280s; next try in %.1f s",
                queue_of(s), err->text, (double)ms / 1000);
  ledger_source_notice(s->source, "queue", &said);
}

static void on_keys(void *ctx, const struct gc_err *err) {
  struct sqs *s = ctx;
  if (err->code != GC_OK)
    on_failure(s, NULL, err, 0);
  else
    schedule_work(s);
}

/* Ends a request that failed. A request that was refused for its time is sent
 * again at once, signed by the queue's clock; once, so that a server whose
 * clock jumps gets no stream of requests. */
static void on_refused(struct sqs *s, struct consumer *only,
                       const struct sqs_request *r,
                       const struct gc_reply *reply, const struct gc_err *err) {
  bool is_old = r->offset_ms != s->client.offset_ms; /* signed before */
  bool is_taken = err->code == GC_ERR_STATE && !is_old && !s->is_resigned &&
                  sqs_client_take_clock(&s->client, reply);
  s->is_resigned = is_taken || (s->is_resigned && is_old);
  if (is_taken || (err->code == GC_ERR_STATE && is_old))
    schedule_work(s);
  else
    on_failure(
        s, only, err,
        gc_retry_after_ms(reply->has_retry_after ? reply->retry_after_s : 0,
                          RETRY_AFTER_MAX_S));
}

/* ---- deleting ---- */

static void count_kept(struct sqs *s, size_t messages) {
  stats_add(s->source->stats, TALLY_SQS_NOT_DELETED, messages);
}

/* Deletes the messages with the next requests, in any order. Without room they
 * stay in the queue. */
static void delete_later(struct sqs *s, struct sqs_receipts *r) {
  if (s->committed.count < RECEIPTS_MAX)
    sqs_receipts_move(r, r->count, &s->committed);
  count_kept(s, r->count);
  sqs_receipts_clear(r);
}

static void on_deleted(struct gc_exchange *x, const struct gc_reply *reply,
                       const struct gc_err *why) {
  struct deletion *d = x->ctx;
  struct sqs *s = d->sqs;
  struct gc_err err = {.code = GC_OK};
  size_t count = d->receipts.count;
  sqs_request_end(&d->request);
  if (sqs_check_reply(reply, why, "DeleteMessageBatch", &err) != GC_OK) {
    delete_later(s, &d->receipts);
    on_refused(s, NULL, &d->request, reply, &err);
    return;
  }
  size_t done =
      sqs_deleted(gc_buf_string(&reply->body), reply->body.len, count);
  stats_add(s->source->stats, TALLY_SQS_DELETED, done);
  count_kept(s, count - done);
  sqs_receipts_clear(&d->receipts);
  schedule_work(s);
}

static bool start_deletion(struct sqs *s, struct deletion *d,
                           const struct credentials *keys) {
  static const char action[] = "AmazonSQS.DeleteMessageBatch";
  struct gc_err err = {.code = GC_OK};
  GC_ASSERT(d->receipts.count == 0 && s->committed.count > 0);
  sqs_receipts_move(&s->committed, SQS_BATCH_MAX, &d->receipts);
  d->request.exchange = (struct gc_exchange){
      .body_max = BODY_MAX_BYTES, .done = on_deleted, .ctx = d};
  if (sqs_delete_body(s->options->queue_url, &d->receipts, &d->request.body,
                      &err) == GC_OK &&
      send_request(s, &d->request, keys, action, &err))
    return true;
  count_kept(s, d->receipts.count);
  sqs_receipts_clear(&d->receipts);
  on_failure(s, NULL, &err, 0);
  return false;
}

/* Deletes in full requests, and fewer messages when no deletion runs: while one
 * runs, further receipts may come. */
static bool start_all_deletions(struct sqs *s, const struct credentials *keys) {
  unsigned running = 0;
  for (size_t i = 0; i < s->deletion_count; i++)
    running += s->deletions[i].receipts.count > 0;
  for (size_t i = 0; i < s->deletion_count &&
                     s->committed.count >= (running > 0 ? SQS_BATCH_MAX : 1);
       i++) {
    if (s->deletions[i].receipts.count > 0)
      continue;
    if (!start_deletion(s, &s->deletions[i], keys))
      return false;
    running++;
  }
  return true;
}

/* ---- receiving ---- */

/* Returns true for a message with an attribute that is ahead. */
static bool is_ahead(const struct delivery *d, size_t place) {
  for (size_t i = place > 0 ? d->ends[place - 1] : 0; i < d->ends[place]; i++)
    if (d->batch.occurrences[i].timing == OCCURRENCE_AHEAD)
      return true;
  return false;
}

/* Leaves messages with attributes that are ahead in the queue. */
static void leave_unsafe(struct sqs *s, struct delivery *d) {
  struct sqs_receipts *r = &d->receipts;
  size_t kept = 0, count = d->batch.ahead > 0 ? r->count : 0;
  for (size_t i = 0; i < count; i++)
    if (is_ahead(d, i))
      free(r->at[i]);
    else
      r->at[kept++] = r->at[i];
  count_kept(s, count - kept);
  r->count -= count - kept;
  batch_report_ahead(&d->batch);
}

static void report_visibility(struct sqs *s, const struct delivery *d) {
  struct gc_err err = {.code = GC_OK};
  (void)sqs_check_visibility(gc_clock_now_ms() - d->received_ms,
                             s->options->visibility_s, &err);
  ledger_source_notice(s->source, "visibility", &err);
}

static void on_committed(void *ctx) {
  struct delivery *d = ctx;
  struct sqs *s = d->sqs;
  GC_ASSERT(s->pending > 0 && d->batch.ahead <= d->batch.count);
  s->pending--;
  if (d->code == GC_OK) {
    report_visibility(s, d);
    leave_unsafe(s, d);
    sqs_client_note(&s->client, batch_doubts_clock(&d->batch));
    delete_later(s, &d->receipts);
    gc_backoff_reset(&s->commit_backoff);
  } else {
    /* The messages are visible again when their time-out ends. */
    count_kept(s, d->receipts.count);
    pause_work(s, &s->commit_backoff, 0);
  }
  delivery_free(d);
  schedule_work(s);
}

static void drop_delivery(void *ctx) { delivery_free(ctx); }

/* Passes the result to the loop. Runs on the ledger's thread. */
static void on_batch(struct batch *b, enum gc_code code) {
  struct delivery *d = (struct delivery *)b;
  d->code = code;
  if (gc_loop_post(d->sqs->loop, on_committed, drop_delivery, d) != GC_OK)
    delivery_free(d);
}

/* Takes one message of the answer. */
static enum gc_code on_message(void *ctx, const struct sqs_message *m) {
  struct consumer *c = ctx;
  struct sqs *s = c->sqs;
  struct delivery *d = c->filling;
  if (m->sent_ms > d->newest_sent_ms)
    d->newest_sent_ms = m->sent_ms;
  d->received++;
  if (d->receipts.count == SQS_BATCH_MAX)
    return GC_ERR_PARSE; /* more than were requested */
  bool is_unread;
  enum gc_code code =
      batch_read(&d->batch, s->reader, m->body, m->body_len, &is_unread);
  if (code == GC_ERR_MEMORY)
    return code;
  if (code != GC_OK || is_unread) {
    d->poison++;
    return GC_OK;
  }
  d->ends[d->receipts.count] = d->batch.count;
  sqs_receipts_add(&d->receipts, gc_strdup(m->receipt));
  return GC_OK;
}

static void count_received(struct stats *stats, const struct delivery *d) {
  bool is_empty = d->received == 0; /* the queue is empty: no lag */
  int64_t lag = is_empty ? 0 : gc_clock_wall_ms() - d->newest_sent_ms;
  stats_events(stats, &d->batch.counts);
  stats_add(stats, TALLY_SQS_RECEIVED, d->received);
  stats_add(stats, TALLY_SQS_POISON, d->poison);
  if (is_empty || d->newest_sent_ms > 0)
    stats->lag_ms = lag > 0 ? lag : 0;
}

/* Submits the messages of an answer to the ledger. An answer without a metric
 * needs no commit, so its messages are deleted at once. */
static void submit_delivery(struct consumer *c) {
  struct sqs *s = c->sqs;
  struct delivery *d = c->filling;
  GC_ASSERT(d != NULL && d->receipts.count <= d->received);
  c->filling = NULL;
  d->received_ms = gc_clock_now_ms();
  count_received(s->source->stats, d);
  if (!gc_lease_gate_allows(s->source->lease)) {
    /* The lease was lost during the poll. The messages are visible to its
     * holder again when their time-out ends. */
    count_kept(s, d->receipts.count);
    delivery_free(d);
  } else if (d->batch.count > 0) {
    s->pending++;
    ledger_submit(s->source->ledger, &d->batch);
  } else {
    delete_later(s, &d->receipts);
    delivery_free(d);
  }
}

static void on_received(struct gc_exchange *x, const struct gc_reply *reply,
                        const struct gc_err *why) {
  struct consumer *c = x->ctx;
  struct sqs *s = c->sqs;
  struct gc_err err = {.code = GC_OK};
  sqs_request_end(&c->request);
  if (reply->date_ms != 0)
    ledger_observe_date(s->source->ledger, reply->date_ms);
  enum gc_code code = sqs_check_reply(reply, why, "ReceiveMessage", &err);
  if (code == GC_OK && sqs_answer_end(c->answer, &err) != GC_OK)
    code = gc_fail_in(&err, GC_ERR_PARSE, "ReceiveMessage: ");
  if (code != GC_OK) {
    delivery_free(gc_steal(c->filling));
    on_refused(s, c, &c->request, reply, &err);
    return;
  }
  /* A request that began before a failure does not end it. */
  if (c->failures == s->failures) {
    gc_backoff_reset(&s->backoff);
    ledger_source_notice(s->source, "queue", &err);
  }
  s->is_resigned = false;
  s->source->stats->answer_ms = (int64_t)gc_clock_now_ms();
  sqs_client_leave_clock(&s->client);
  set_up(c, true);
  submit_delivery(c);
  schedule_work(s);
}

/* Returns false when the request cannot be sent. */
static bool start_receiving(struct consumer *c,
                            const struct credentials *keys) {
  static const char action[] = "AmazonSQS.ReceiveMessage";
  struct sqs *s = c->sqs;
  const struct sqs_options *o = s->options;
  struct gc_err err = {.code = GC_OK};
  c->filling = gc_zalloc(1, sizeof(*c->filling));
  c->filling->sqs = s;
  c->filling->batch = (struct batch){.source = s->source, .done = on_batch};
  c->failures = s->failures;
  c->request.exchange = (struct gc_exchange){.sink = &c->sink,
                                             .body_max = SQS_ANSWER_MAX_BYTES,
                                             .done = on_received,
                                             .ctx = c};
  if (sqs_receive_body(o->queue_url, SQS_BATCH_MAX, SQS_WAIT_S, o->visibility_s,
                       &c->request.body, &err) == GC_OK &&
      send_request(s, &c->request, keys, action, &err))
    return true;
  delivery_free(gc_steal(c->filling));
  on_failure(s, c, &err, 0);
  return false;
}

static void start_all_receives(struct sqs *s, const struct credentials *keys) {
  for (size_t i = 0; i < s->count && s->pending < PENDING_MAX * s->count &&
                     s->committed.count < RECEIPTS_MAX / 2;
       i++)
    if (s->consumers[i].filling == NULL &&
        !start_receiving(&s->consumers[i], keys))
      return;
}

/* Waits a moment before the next check of the lease or the clock. */
static void stand_by(struct sqs *s) {
  s->is_pausing = true;
  gc_timers_set(gc_loop_timers(s->loop), &s->again,
                gc_clock_now_ms() + STANDBY_PAUSE_MS);
}

/* Starts the requests that may run now. Without the lease the messages are for
 * the agent that holds it. While the ledger cannot commit, or this host's clock
 * is in doubt, the source receives nothing: each receipt counts towards the
 * queue's maxReceiveCount, and neither a full disk nor a wrong clock must move
 * good messages to the dead-letter queue. */
static void start_requests(struct sqs *s) {
  if (s->is_pausing)
    return;
  const struct credentials *keys = credentials_get(s->keys, on_keys, s);
  if (keys != NULL && credentials_is_held(s->keys)) {
    pause_work(s, &s->backoff, 0);
    return;
  }
  if (keys == NULL || !start_all_deletions(s, keys))
    return;
  if (!gc_lease_gate_allows(s->source->lease) || sqs_client_waits(&s->client))
    stand_by(s);
  else if (!ledger_is_healthy(s->source->ledger))
    pause_work(s, &s->commit_backoff, 0);
  else
    start_all_receives(s, keys);
}

static void on_again(void *ctx, uint64_t now_ms) {
  struct sqs *s = ctx;
  (void)now_ms;
  s->is_pausing = false;
  start_requests(s);
}

static void begin_requests(void *ctx) { start_requests(ctx); }

/* ---- beginning and end ---- */

/* Requests to STS use the settings of the queue; requests to metadata addresses
 * use no proxy. */
static void set_work(struct sqs *s) {
  const struct credentials_source *keys = s->options->credentials;
  bool is_sts = keys->place == CREDENTIALS_WEB_IDENTITY;
  s->backoff = (struct gc_backoff){.base_ms = 1000, .cap_ms = 30000};
  s->commit_backoff =
      (struct gc_backoff){.base_ms = 500, .cap_ms = COMMIT_PAUSE_MS};
  s->again = (struct gc_timer){.fire = on_again, .ctx = s};
  s->keys = credentials_keeper_new(keys, is_sts ? &s->transport : &s->metadata,
                                   gc_clock_now_ms, gc_clock_wall_ms);
  s->reader = event_reader_new(s->source->form);
  s->count = s->options->consumers;
  s->deletion_count = DELETIONS_MAX * s->count;
  s->consumers = gc_zalloc(s->count, sizeof(*s->consumers));
  s->deletions = gc_zalloc(s->deletion_count, sizeof(*s->deletions));
  for (size_t i = 0; i < s->count; i++) {
    struct consumer *c = &s->consumers[i];
    c->sqs = s;
    c->request.body.max = BODY_MAX_BYTES;
    c->answer = sqs_answer_new(on_message, c);
    c->sink = sqs_answer_sink(c->answer);
  }
  for (size_t i = 0; i < s->deletion_count; i++) {
    s->deletions[i].sqs = s;
    s->deletions[i].request.body.max = BODY_MAX_BYTES;
  }
}

static void clear_request(struct sqs *s, struct sqs_request *r) {
  s->transport.cancel(s->transport.ctx, &r->exchange);
  gc_buf_clear(&r->body);
  sqs_request_end(r);
}

static void clear_work(struct sqs *s) {
  credentials_keeper_free(s->keys);
  for (size_t i = 0; i < s->count; i++) {
    struct consumer *c = &s->consumers[i];
    clear_request(s, &c->request);
    sqs_answer_free(c->answer);
    delivery_free(c->filling);
  }
  for (size_t i = 0; i < s->deletion_count; i++) {
    clear_request(s, &s->deletions[i].request);
    sqs_receipts_clear(&s->deletions[i].receipts);
  }
  event_reader_free(s->reader);
  sqs_receipts_clear(&s->committed);
}

static void set_connections(struct sqs *s) {
  s->no_proxy[0] = '*';
  s->connect = *s->options->connect;
  s->connect.timeout_ms = TIMEOUT_MS;
  s->connect.address_option = "QueueURL (or AWSRegion)";
  /* The options do not apply to the cloud's own addresses. */
  s->metadata_connect =
      (struct gc_connect){.timeout_ms = METADATA_TIMEOUT_MS,
                          .connect_timeout_ms = METADATA_CONNECT_MS,
                          .verify_peer = true,
                          .verify_host = true,
                          .no_proxy = s->no_proxy,
                          .address_option = "the metadata service of AWS"};
  s->connect.files = gc_tls_files_new(&s->connect);
}

static enum gc_code start_loop(struct sqs *s, struct gc_err *err) {
  s->loop = gc_loop_new(err);
  if (s->loop == NULL)
    return err->code;
  s->http = gc_http_new(s->loop, &s->connect, err);
  s->metadata_http =
      s->http != NULL ? gc_http_new(s->loop, &s->metadata_connect, err) : NULL;
  if (s->metadata_http == NULL)
    return err->code;
  s->transport = gc_http_transport(s->http);
  s->metadata = gc_http_transport(s->metadata_http);
  set_work(s);
  GC_TRY(gc_loop_start(s->loop, "gc-sqs", err));
  gc_loop_call(s->loop, begin_requests, s);
  return GC_OK;
}

struct sqs *sqs_start(const struct sqs_options *options,
                      const struct ledger_source *source, struct gc_err *err) {
  struct sqs *s = gc_zalloc(1, sizeof(*s));
  s->options = options;
  s->source = source;
  sqs_client_init(&s->client, options->queue_url, options->region, source);
  set_connections(s);
  if (start_loop(s, err) == GC_OK)
    return s;
  sqs_free(s);
  return NULL;
}

void sqs_stop(struct sqs *s) {
  if (s != NULL && s->loop != NULL)
    gc_loop_stop(s->loop);
}

void sqs_free(struct sqs *s) {
  if (s == NULL)
    return;
  if (s->keys != NULL)
    clear_work(s);
  gc_http_free(s->http);
  gc_http_free(s->metadata_http);
  gc_loop_free(s->loop);
  gc_tls_files_free(s->connect.files);
  free(s->consumers);
  free(s->deletions);
  free(s);
}
