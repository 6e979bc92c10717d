/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/sqs/sqs.h"

#include <stdatomic.h>
#include <stdio.h>
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
  DELETIONS_MAX = 4,    /* requests under way at once */
  PENDING_MAX = 64,     /* deliveries that the ledger holds */
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
  struct consumer *consumer;
  struct sqs_receipts receipts; /* messages to delete after the commit */
  size_t ends[SQS_BATCH_MAX];   /* per message: number of occurrences up to its
                                   end */
  struct event_counts counts;
  uint64_t received, poison;
  int64_t newest_sent_ms;
  enum gc_code code;
  uint64_t received_ms; /* monotonic */
};

struct deletion {
  struct sqs_request request;
  struct sqs_receipts receipts; /* empty: it does not run */
  struct consumer *consumer;
};

struct consumer {
  struct sqs *sqs;
  struct gc_loop *loop;
  struct gc_http *http, *metadata_http;
  struct gc_transport transport, metadata;
  struct credentials_keeper *keys;
  struct event_reader *reader;
  struct sqs_answer *answer;
  struct gc_sink sink;
  struct sqs_request receive;
  struct delivery *filling; /* of the answer that is being read; NULL: none */
  struct deletion deletions[DELETIONS_MAX];
  struct sqs_receipts committed; /* messages to be deleted */
  unsigned pending;              /* deliveries that the ledger holds */
  struct gc_backoff backoff, commit_backoff;
  struct gc_timer again;
  bool is_pausing, is_up, is_failing;
  bool is_resigned; /* the clock was taken since the last good answer */
};

struct sqs {
  const struct sqs_options *options;
  const struct ledger_source *source;
  struct sqs_client client;
  struct gc_connect connect, metadata_connect;
  char no_proxy[2]; /* "*": no proxy for any host */
  struct consumer *consumers;
  uint32_t count;
  atomic_uint failing; /* consumers */
};

static void delivery_free(struct delivery *d) {
  if (d == NULL)
    return;
  batch_clear(&d->batch);
  sqs_receipts_clear(&d->receipts);
  free(d);
}

/* ---- requests ---- */

/* Reports under one cause for all consumers. The cause ends when no consumer
 * fails any longer. */
static void consumer_report(struct consumer *c, const struct gc_err *err) {
  struct sqs *s = c->sqs;
  bool is_failing = err->code != GC_OK;
  if (is_failing != c->is_failing)
    atomic_fetch_add(&s->failing, is_failing ? 1u : -1u);
  c->is_failing = is_failing;
  if (is_failing || atomic_load(&s->failing) == 0)
    ledger_source_notice(s->source, "queue", err);
}

static void set_up(struct consumer *c, bool up) {
  struct stats *stats = c->sqs->source->stats;
  if (up)
    stats->answer_ms = (int64_t)gc_clock_now_ms();
  if (c->is_up != up)
    stats->up += up ? 1u : -1u;
  c->is_up = up;
  stats->is_tried = true;
}

/* Signs a request and sends it. The caller has set the exchange's result. */
static bool send_request(struct consumer *c, struct sqs_request *r,
                         const struct credentials *keys, const char *action,
                         struct gc_err *err) {
  struct sqs *s = c->sqs;
  sqs_request_sign(&s->client, r, keys, action);
  if (c->transport.start(c->transport.ctx, &r->exchange, err) != GC_OK)
    return false;
  stats_add(s->source->stats, TALLY_SQS_REQUESTS, 1);
  return true;
}

/* Starts the next requests in the next turn of the loop, unless the consumer
 * pauses. */
static void schedule_work(struct consumer *c) {
  if (!c->is_pausing)
    gc_timers_set(gc_loop_timers(c->loop), &c->again, gc_clock_now_ms());
}

/* Begins a pause, in which the consumer neither receives nor deletes. Of two
 * pauses the longer one counts, so that another failure does not shorten a
 * Retry-After. */
static uint32_t pause_work(struct consumer *c, struct gc_backoff *backoff,
                           uint32_t min_ms) {
  uint32_t ms = gc_backoff_fail(backoff, min_ms, gc_random32());
  uint64_t now_ms = gc_clock_now_ms(), due_ms = now_ms + ms;
  if (c->is_pausing && c->again.place != 0 && c->again.due_ms >= due_ms)
    return (uint32_t)(c->again.due_ms - now_ms);
  c->is_pausing = true;
  gc_timers_set(gc_loop_timers(c->loop), &c->again, due_ms);
  return ms;
}

/* Returns the queue's name, the end of its address. */
static const char *queue_of(const struct consumer *c) {
  const char *slash = strrchr(c->sqs->options->queue_url, '/');
  return slash != NULL ? slash + 1 : c->sqs->options->queue_url;
}

static void on_failure(struct consumer *c, const struct gc_err *err,
                       uint32_t min_ms) {
  struct gc_err said;
  if (err->code == GC_ERR_THROTTLED)
    stats_add(c->sqs->source->stats, TALLY_SQS_THROTTLED, 1);
  if (err->code == GC_ERR_AUTH)
    credentials_refused(c->keys);
  set_up(c, false);
  uint32_t ms = pause_work(c, &c->backoff, min_ms);
  (void)gc_fail(&said, err->code, "queue %.60s: %.280s; next try in %.1f s",
                queue_of(c), err->text, (double)ms / 1000);
  consumer_report(c, &said);
}

static void on_keys(void *ctx, const struct gc_err *err) {
  struct consumer *c = ctx;
  if (err->code != GC_OK)
    on_failure(c, err, 0);
  else
    schedule_work(c);
}

static uint32_t retry_after_ms(const struct gc_reply *reply) {
  return gc_retry_after_ms(reply->has_retry_after ? reply->retry_after_s : 0,
                           RETRY_AFTER_MAX_S);
}

/* Ends a request that failed. A request that was refused for its time is sent
 * again at once, signed by the queue's clock; once, so that a server whose
 * clock jumps gets no stream of requests. */
static void on_refused(struct consumer *c, const struct gc_reply *reply,
                       const struct gc_err *err) {
  if (err->code == GC_ERR_STATE && !c->is_resigned &&
      sqs_client_take_clock(&c->sqs->client, reply)) {
    c->is_resigned = true;
    schedule_work(c);
  } else {
    c->is_resigned = false;
    on_failure(c, err, retry_after_ms(reply));
  }
}

/* ---- deleting ---- */

static void count_kept(struct consumer *c, size_t messages) {
  stats_add(c->sqs->source->stats, TALLY_SQS_NOT_DELETED, messages);
}

/* Deletes the messages with the next requests, in any order. Without room they
 * stay in the queue. */
static void delete_later(struct consumer *c, struct sqs_receipts *r) {
  if (c->committed.count < RECEIPTS_MAX)
    sqs_receipts_move(r, r->count, &c->committed);
  count_kept(c, r->count);
  sqs_receipts_clear(r);
}

static void on_deleted(struct gc_exchange *x, const struct gc_reply *reply,
                       const struct gc_err *why) {
  struct deletion *d = x->ctx;
  struct consumer *c = d->consumer;
  struct gc_err err = {.code = GC_OK};
  size_t count = d->receipts.count;
  sqs_request_end(&d->request);
  if (sqs_check_reply(reply, why, "DeleteMessageBatch", &err) != GC_OK) {
    delete_later(c, &d->receipts);
    on_refused(c, reply, &err);
    return;
  }
  size_t done =
      sqs_deleted(gc_buf_string(&reply->body), reply->body.len, count);
  stats_add(c->sqs->source->stats, TALLY_SQS_DELETED, done);
  count_kept(c, count - done);
  sqs_receipts_clear(&d->receipts);
  schedule_work(c);
}

static bool start_deletion(struct consumer *c, struct deletion *d,
                           const struct credentials *keys) {
  static const char action[] = "AmazonSQS.DeleteMessageBatch";
  struct gc_err err = {.code = GC_OK};
  GC_ASSERT(d->receipts.count == 0 && c->committed.count > 0);
  sqs_receipts_move(&c->committed, SQS_BATCH_MAX, &d->receipts);
  d->request.exchange = (struct gc_exchange){
      .body_max = BODY_MAX_BYTES, .done = on_deleted, .ctx = d};
  if (sqs_delete_body(c->sqs->options->queue_url, &d->receipts,
                      &d->request.body, &err) == GC_OK &&
      send_request(c, &d->request, keys, action, &err))
    return true;
  count_kept(c, d->receipts.count);
  sqs_receipts_clear(&d->receipts);
  on_failure(c, &err, 0);
  return false;
}

/* Returns true if the receipts fill a request, or if there are some and no
 * deletion runs; while one runs, further receipts may come. */
static bool wants_deletion(const struct consumer *c, unsigned running) {
  return c->committed.count >= SQS_BATCH_MAX ||
         (c->committed.count > 0 && running == 0);
}

static bool start_all_deletions(struct consumer *c,
                                const struct credentials *keys) {
  unsigned running = 0;
  for (size_t i = 0; i < DELETIONS_MAX; i++)
    running += c->deletions[i].receipts.count > 0;
  for (size_t i = 0; i < DELETIONS_MAX && wants_deletion(c, running); i++) {
    if (c->deletions[i].receipts.count > 0)
      continue;
    if (!start_deletion(c, &c->deletions[i], keys))
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
static void leave_unsafe(struct consumer *c, struct delivery *d) {
  struct sqs_receipts *r = &d->receipts;
  size_t kept = 0, count = d->batch.ahead > 0 ? r->count : 0;
  for (size_t i = 0; i < count; i++)
    if (is_ahead(d, i))
      free(r->at[i]);
    else
      r->at[kept++] = r->at[i];
  count_kept(c, count - kept);
  r->count -= count - kept;
  batch_report_ahead(&d->batch);
}

static void report_visibility(struct consumer *c, const struct delivery *d) {
  struct gc_err err = {.code = GC_OK};
  (void)sqs_check_visibility(gc_clock_now_ms() - d->received_ms,
                             c->sqs->options->visibility_s, &err);
  ledger_source_notice(c->sqs->source, "visibility", &err);
}

static void on_committed(void *ctx) {
  struct delivery *d = ctx;
  struct consumer *c = d->consumer;
  GC_ASSERT(c->pending > 0 && d->batch.ahead <= d->batch.count);
  c->pending--;
  if (d->code == GC_OK) {
    report_visibility(c, d);
    leave_unsafe(c, d);
    sqs_client_note(&c->sqs->client, batch_doubts_clock(&d->batch));
    delete_later(c, &d->receipts);
    gc_backoff_reset(&c->commit_backoff);
  } else {
    /* The messages are visible again when their time-out ends. */
    count_kept(c, d->receipts.count);
    pause_work(c, &c->commit_backoff, 0);
  }
  delivery_free(d);
  schedule_work(c);
}

static void drop_delivery(void *ctx) { delivery_free(ctx); }

/* Passes the result to the consumer's loop. Runs on the ledger's thread. */
static void on_batch(struct batch *b, enum gc_code code) {
  struct delivery *d = (struct delivery *)b;
  d->code = code;
  if (gc_loop_post(d->consumer->loop, on_committed, drop_delivery, d) != GC_OK)
    delivery_free(d);
}

static struct delivery *delivery_new(struct consumer *c) {
  struct delivery *d = gc_zalloc(1, sizeof(*d));
  d->consumer = c;
  d->batch = (struct batch){.source = c->sqs->source, .done = on_batch};
  return d;
}

/* Takes one message of the answer. */
static enum gc_code on_message(void *ctx, const struct sqs_message *m) {
  struct consumer *c = ctx;
  struct delivery *d = c->filling;
  size_t before = d->batch.count;
  const struct event_sink sink = {batch_add, &d->batch};
  if (m->sent_ms > d->newest_sent_ms)
    d->newest_sent_ms = m->sent_ms;
  d->received++;
  if (d->receipts.count == SQS_BATCH_MAX)
    return GC_ERR_PARSE; /* more than were requested */
  struct event_counts counts = {0};
  enum gc_code code =
      event_read(c->reader, m->body, m->body_len, &counts, &sink, NULL);
  event_counts_add(&d->counts, &counts);
  if (code == GC_ERR_MEMORY)
    return code;
  if (code != GC_OK) {
    batch_truncate(&d->batch, before);
    ledger_source_report_no_event(c->sqs->source, m->body, m->body_len);
  }
  if (code == GC_OK && event_counts_unread(&counts) > 0)
    ledger_source_report_unread(c->sqs->source, c->reader, &counts);
  if (code != GC_OK || event_counts_unread(&counts) > 0) {
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
  stats_events(stats, &d->counts);
  stats_add(stats, TALLY_SQS_RECEIVED, d->received);
  stats_add(stats, TALLY_SQS_POISON, d->poison);
  if (is_empty || d->newest_sent_ms > 0)
    stats->lag_ms = lag > 0 ? lag : 0;
}

/* Submits the messages of an answer to the ledger. An answer without a metric
 * needs no commit, so its messages are deleted at once. */
static void submit_delivery(struct consumer *c) {
  struct delivery *d = c->filling;
  GC_ASSERT(d != NULL && d->receipts.count <= d->received);
  c->filling = NULL;
  d->received_ms = gc_clock_now_ms();
  count_received(c->sqs->source->stats, d);
  if (!gc_lease_gate_allows(c->sqs->source->lease)) {
    /* The lease was lost during the poll. The messages are visible to its
     * holder again when their time-out ends. */
    count_kept(c, d->receipts.count);
    delivery_free(d);
  } else if (d->batch.count > 0) {
    c->pending++;
    ledger_submit(c->sqs->source->ledger, &d->batch);
  } else {
    delete_later(c, &d->receipts);
    delivery_free(d);
  }
}

static void on_received(struct gc_exchange *x, const struct gc_reply *reply,
                        const struct gc_err *why) {
  struct consumer *c = x->ctx;
  struct gc_err err = {.code = GC_OK};
  sqs_request_end(&c->receive);
  if (reply->date_ms != 0)
    ledger_observe_date(c->sqs->source->ledger, reply->date_ms);
  enum gc_code code = sqs_check_reply(reply, why, "ReceiveMessage", &err);
  if (code == GC_OK && sqs_answer_end(c->answer, &err) != GC_OK)
    code = gc_fail_in(&err, GC_ERR_PARSE, "ReceiveMessage: ");
  if (code != GC_OK) {
    delivery_free(gc_steal(c->filling));
    on_refused(c, reply, &err);
    return;
  }
  gc_backoff_reset(&c->backoff);
  c->is_resigned = false;
  consumer_report(c, &err);
  sqs_client_leave_clock(&c->sqs->client);
  set_up(c, true);
  submit_delivery(c);
  schedule_work(c);
}

static void start_receiving(struct consumer *c,
                            const struct credentials *keys) {
  static const char action[] = "AmazonSQS.ReceiveMessage";
  const struct sqs_options *o = c->sqs->options;
  struct gc_err err = {.code = GC_OK};
  c->filling = delivery_new(c);
  c->receive.exchange = (struct gc_exchange){.sink = &c->sink,
                                             .body_max = SQS_ANSWER_MAX_BYTES,
                                             .done = on_received,
                                             .ctx = c};
  if (sqs_receive_body(o->queue_url, SQS_BATCH_MAX, SQS_WAIT_S, o->visibility_s,
                       &c->receive.body, &err) == GC_OK &&
      send_request(c, &c->receive, keys, action, &err))
    return;
  delivery_free(gc_steal(c->filling));
  on_failure(c, &err, 0);
}

static bool may_receive(const struct consumer *c) {
  return c->filling == NULL && c->pending < PENDING_MAX &&
         c->committed.count < RECEIPTS_MAX / 2;
}

/* Waits a moment before the next check of the lease or the clock. */
static void stand_by(struct consumer *c) {
  c->is_pausing = true;
  gc_timers_set(gc_loop_timers(c->loop), &c->again,
                gc_clock_now_ms() + STANDBY_PAUSE_MS);
}

/* Starts the requests that may run now. Without the lease the messages are for
 * the agent that holds it. While the ledger cannot commit, or this host's clock
 * is in doubt, the consumer receives nothing: each receipt counts towards the
 * queue's maxReceiveCount, and neither a full disk nor a wrong clock must move
 * good messages to the dead-letter queue. */
static void start_requests(struct consumer *c) {
  if (c->is_pausing)
    return;
  const struct credentials *keys = credentials_get(c->keys, on_keys, c);
  if (keys != NULL && credentials_is_held(c->keys)) {
    pause_work(c, &c->backoff, 0);
    return;
  }
  if (keys == NULL || !start_all_deletions(c, keys))
    return;
  if (!gc_lease_gate_allows(c->sqs->source->lease) ||
      sqs_client_waits(&c->sqs->client))
    stand_by(c);
  else if (!ledger_is_healthy(c->sqs->source->ledger))
    pause_work(c, &c->commit_backoff, 0);
  else if (may_receive(c))
    start_receiving(c, keys);
}

static void on_again(void *ctx, uint64_t now_ms) {
  struct consumer *c = ctx;
  (void)now_ms;
  c->is_pausing = false;
  start_requests(c);
}

static void consumer_begin(void *ctx) { start_requests(ctx); }

/* ---- beginning and end ---- */

/* Prepares a consumer whose loop and transports are set. Requests to STS use
 * the settings of the queue; requests to metadata addresses use no proxy. */
static void consumer_set(struct consumer *c) {
  const struct credentials_source *keys = c->sqs->options->credentials;
  bool is_sts = keys->place == CREDENTIALS_WEB_IDENTITY;
  c->backoff = (struct gc_backoff){.base_ms = 1000, .cap_ms = 30000};
  c->commit_backoff =
      (struct gc_backoff){.base_ms = 500, .cap_ms = COMMIT_PAUSE_MS};
  c->again = (struct gc_timer){.fire = on_again, .ctx = c};
  c->receive.body.max = BODY_MAX_BYTES;
  for (size_t i = 0; i < DELETIONS_MAX; i++) {
    c->deletions[i].consumer = c;
    c->deletions[i].request.body.max = BODY_MAX_BYTES;
  }
  c->keys = credentials_keeper_new(keys, is_sts ? &c->transport : &c->metadata,
                                   gc_clock_now_ms, gc_clock_wall_ms);
  c->reader = event_reader_new(c->sqs->source->form);
  c->answer = sqs_answer_new(on_message, c);
  c->sink = sqs_answer_sink(c->answer);
}

static void request_clear(struct consumer *c, struct sqs_request *r) {
  c->transport.cancel(c->transport.ctx, &r->exchange);
  gc_buf_clear(&r->body);
  sqs_request_end(r);
}

static void consumer_clear_work(struct consumer *c) {
  credentials_keeper_free(gc_steal(c->keys));
  request_clear(c, &c->receive);
  for (size_t i = 0; i < DELETIONS_MAX; i++) {
    request_clear(c, &c->deletions[i].request);
    sqs_receipts_clear(&c->deletions[i].receipts);
  }
  event_reader_free(gc_steal(c->reader));
  sqs_answer_free(gc_steal(c->answer));
  delivery_free(gc_steal(c->filling));
  sqs_receipts_clear(&c->committed);
}

static enum gc_code consumer_init(struct sqs *s, struct consumer *c,
                                  struct gc_err *err) {
  c->sqs = s;
  c->loop = gc_loop_new(err);
  if (c->loop == NULL)
    return err->code;
  c->http = gc_http_new(c->loop, &s->connect, err);
  c->metadata_http =
      c->http != NULL ? gc_http_new(c->loop, &s->metadata_connect, err) : NULL;
  if (c->metadata_http == NULL)
    return err->code;
  c->transport = gc_http_transport(c->http);
  c->metadata = gc_http_transport(c->metadata_http);
  consumer_set(c);
  return GC_OK;
}

static enum gc_code consumer_start(struct consumer *c, unsigned number,
                                   struct gc_err *err) {
  char name[32];
  snprintf(name, sizeof(name), "gc-sqs-%u", number);
  GC_TRY(gc_loop_start(c->loop, name, err));
  gc_loop_call(c->loop, consumer_begin, c);
  return GC_OK;
}

static void consumer_clear(struct consumer *c) {
  if (c->metadata_http != NULL)
    consumer_clear_work(c);
  gc_http_free(c->http);
  gc_http_free(c->metadata_http);
  gc_loop_free(c->loop);
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

void sqs_stop(struct sqs *s) {
  for (uint32_t i = 0; s != NULL && i < s->count; i++)
    if (s->consumers[i].loop != NULL)
      gc_loop_stop(s->consumers[i].loop);
}

void sqs_free(struct sqs *s) {
  if (s == NULL)
    return;
  for (uint32_t i = 0; i < s->count; i++)
    consumer_clear(&s->consumers[i]);
  gc_tls_files_free(s->connect.files);
  sqs_client_clear(&s->client);
  free(s->consumers);
  free(s);
}

/* Starts the consumers. Fails if the first one cannot start; reports the others
 * that cannot start. */
static enum gc_code start_consumers(struct sqs *s, struct gc_err *err) {
  for (uint32_t i = 0; i < s->count; i++) {
    enum gc_code code = consumer_start(&s->consumers[i], i + 1, err);
    if (code != GC_OK && i == 0)
      return code;
    if (code != GC_OK)
      consumer_report(&s->consumers[i], err);
  }
  return GC_OK;
}

struct sqs *sqs_start(const struct sqs_options *options,
                      const struct ledger_source *source, struct gc_err *err) {
  struct sqs *s = gc_zalloc(1, sizeof(*s));
  s->options = options;
  s->source = source;
  s->count = options->consumers;
  s->consumers = gc_zalloc(s->count, sizeof(*s->consumers));
  sqs_client_init(&s->client, options->queue_url, options->region, source);
  enum gc_code code = GC_OK;
  set_connections(s);
  for (uint32_t i = 0; i < s->count && code == GC_OK; i++)
    code = consumer_init(s, &s->consumers[i], err);
  if (code == GC_OK)
    code = start_consumers(s, err);
  if (code == GC_OK)
    return s;
  sqs_free(s);
  return NULL;
}
