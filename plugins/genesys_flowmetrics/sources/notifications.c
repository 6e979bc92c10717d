/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/notifications.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/net/channels/listening.h"
#include "common/net/channels/topic_coverage.h"

enum {
  /* The first connection takes less; without one after this time the source is
   * down. */
  FIRST_CONNECTION_MS = 10 * 1000,
  TICK_MS = 1000,
  COVERAGE_TICKS = 30, /* ticks between two checks of the coverage */
};

/* A cache of keys. An event repeats all attributes of its conversation; most of
 * them are recognized here without a query to the store. A key that is not here
 * may still be in the store. Of two keys with the same slot the newer one
 * stays; zeroed, it is empty. */
struct recent {
  struct seen_key at[NOTIFICATIONS_RECENT_KEYS];
};

struct notifications {
  const struct ledger_source *source;
  struct notifications_deps deps;

  /* Used by the account's thread only. */
  struct gc_channels_listener listener;
  struct gc_names_listener queues;
  struct gc_timer timer;
  unsigned ticks;
  bool is_running;
  struct event_reader *reader;
  struct batch event; /* the attributes of the event that is being read */

  _Atomic size_t waiting_bytes; /* size of uncommitted batches */

  pthread_mutex_t lock;
  struct recent recent;  /* keys that are committed */
  struct recent waiting; /* keys of batches that are not committed yet */
  struct batch *held;    /* batches that the writer could not commit */
  /* Changed by the account's thread only. */
  struct gc_listening listening;
  struct gc_topic_coverage coverage;
};

static uint64_t now_ms_of(const struct notifications *n) {
  return n->deps.env->now_ms(n->deps.env->ctx);
}

/* ---- recent keys ---- */

/* Computes the slot from the end of the key, which is a hash. The key begins
 * with a time. */
static size_t slot_of(const struct seen_key *key) {
  const uint8_t *end = key->bytes + SEEN_KEY_BYTES;
  return (size_t)(end[-2] << 8 | end[-1]) % NOTIFICATIONS_RECENT_KEYS;
}

static void recent_add(struct recent *r, const struct seen_key *key) {
  r->at[slot_of(key)] = *key;
}

static bool recent_has(const struct recent *r, const struct seen_key *key) {
  return memcmp(&r->at[slot_of(key)], key, sizeof(*key)) == 0;
}

static void recent_remove(struct recent *r, const struct seen_key *key) {
  if (recent_has(r, key))
    memset(&r->at[slot_of(key)], 0, sizeof(*key));
}

/* ---- batches ---- */

static size_t bytes_of(const struct batch *b) {
  return sizeof(*b) + b->cap * sizeof(*b->occurrences) + b->names.cap;
}

static void free_batch(struct notifications *n, struct batch *b) {
  GC_ASSERT(n->waiting_bytes >= bytes_of(b));
  n->waiting_bytes -= bytes_of(b);
  pthread_mutex_lock(&n->lock);
  for (size_t i = 0; i < b->count; i++)
    recent_remove(&n->waiting, &b->occurrences[i].key);
  pthread_mutex_unlock(&n->lock);
  batch_clear(b);
  free(b);
}

static void hold_batch(struct notifications *n, struct batch *b) {
  pthread_mutex_lock(&n->lock);
  b->next = n->held;
  n->held = b;
  pthread_mutex_unlock(&n->lock);
}

/* Remembers the keys of a committed batch, except those that were late or
 * ahead: they may count once this host's clock is corrected. */
static void remember_committed(struct notifications *n, const struct batch *b) {
  pthread_mutex_lock(&n->lock);
  for (size_t i = 0; i < b->count; i++)
    if (b->occurrences[i].timing == OCCURRENCE_IN_TIME)
      recent_add(&n->recent, &b->occurrences[i].key);
  pthread_mutex_unlock(&n->lock);
}

/* Holds a batch that was not committed, because the platform does not send the
 * event again. Runs on the ledger's thread. */
static void on_batch(struct batch *b, enum gc_code code) {
  struct notifications *n = b->ctx;
  if (code != GC_OK && code != GC_ERR_STOPPED) {
    hold_batch(n, b);
    return;
  }
  if (code == GC_OK) {
    remember_committed(n, b);
    batch_report_ahead(b);
  }
  free_batch(n, b);
}

static bool can_submit(const struct notifications *n) {
  return ledger_is_healthy(n->source->ledger) &&
         gc_lease_gate_allows(n->source->lease);
}

/* Submits the batch, or holds it while the writer fails or this agent does not
 * have the lease. The writer needs no batch to notice that it can commit again.
 */
static void submit_batch(struct notifications *n, struct batch *b) {
  int64_t date_ms;
  if (gc_api_read_date(n->deps.api, &date_ms))
    ledger_observe_date(n->source->ledger, date_ms);
  if (can_submit(n))
    ledger_submit(n->source->ledger, b);
  else
    hold_batch(n, b);
}

static void submit_held(struct notifications *n) {
  pthread_mutex_lock(&n->lock);
  struct batch *held = n->held;
  n->held = NULL;
  pthread_mutex_unlock(&n->lock);
  while (held != NULL) {
    struct batch *b = held;
    held = b->next;
    submit_batch(n, b);
  }
}

/* ---- events ---- */

/* Removes the attributes that are committed already, or wait: the same ones
 * come with each event while the writer fails. */
static void remove_known(struct notifications *n) {
  struct batch *e = &n->event;
  size_t left = 0;
  pthread_mutex_lock(&n->lock);
  for (size_t i = 0; i < e->count; i++)
    if (!recent_has(&n->recent, &e->occurrences[i].key) &&
        !recent_has(&n->waiting, &e->occurrences[i].key))
      e->occurrences[left++] = e->occurrences[i];
  pthread_mutex_unlock(&n->lock);
  n->source->stats->outcomes[OUTCOME_DUPLICATE] += e->count - left;
  batch_truncate(e, left);
}

/* Copies the event to a batch of the exact size. Returns NULL when out of
 * memory. */
static struct batch *copy_event(struct notifications *n) {
  const struct batch *e = &n->event;
  struct batch *b = gc_zalloc(1, sizeof(*b));
  *b = (struct batch){.source = e->source, .done = on_batch, .ctx = n};
  b->names.max = e->names.max;
  b->occurrences = calloc(e->count, sizeof(*b->occurrences));
  enum gc_code code = b->occurrences != NULL ? GC_OK : GC_ERR_MEMORY;
  for (size_t i = 0; code == GC_OK && i < e->count; i++) {
    b->occurrences[i] = e->occurrences[i];
    b->occurrences[i].names = b->names.len;
    const char *flow = e->names.data + e->occurrences[i].names;
    size_t flow_len = strlen(flow) + 1; /* both names, with their NULs */
    code = gc_buf_add(&b->names, flow, flow_len + strlen(flow + flow_len) + 1);
  }
  b->count = b->cap = e->count;
  if (code == GC_OK)
    return b;
  batch_clear(b);
  free(b);
  return NULL;
}

/* Submits the event's attributes unless too much waits already. */
static void send_event(struct notifications *n) {
  struct batch *b = copy_event(n);
  if (b != NULL)
    n->waiting_bytes += bytes_of(b);
  if (b == NULL || n->waiting_bytes > NOTIFICATIONS_WAITING_MAX_BYTES) {
    stats_add(n->source->stats, TALLY_LOST, n->event.count);
    if (b != NULL)
      free_batch(n, b);
    return;
  }
  pthread_mutex_lock(&n->lock);
  for (size_t i = 0; i < b->count; i++)
    recent_add(&n->waiting, &b->occurrences[i].key);
  pthread_mutex_unlock(&n->lock);
  submit_batch(n, b);
}

static void on_message(void *ctx, const struct gc_message *m) {
  struct notifications *n = ctx;
  bool is_unread;
  batch_truncate(&n->event, 0);
  gc_buf_reset(&n->event.names);
  n->event.counts = (struct event_counts){.events = 0};
  enum gc_code code =
      batch_read(&n->event, n->reader, m->bytes, m->len, &is_unread);
  stats_events(n->source->stats, &n->event.counts);
  if (code == GC_OK && n->event.count > 0)
    remove_known(n);
  if (code == GC_OK && n->event.count > 0)
    send_event(n);
}

/* ---- the state of the channels ---- */

static void read_channels(struct notifications *n) {
  struct gc_channel_stats stats;
  gc_channels_stats_for(n->deps.channels, &n->listener, &stats);
  pthread_mutex_lock(&n->lock);
  gc_listening_take(&n->listening, &stats, now_ms_of(n));
  pthread_mutex_unlock(&n->lock);
}

/* ---- coverage ---- */

static void report_coverage(struct notifications *n) {
  struct gc_err err = {.code = GC_OK};
  const struct gc_topic_coverage *c = &n->coverage;
  size_t missing = c->count - c->covered;
  if (gc_topic_coverage_without_room(c) > 0)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "%zu of %zu queues get no events (no room on the account's "
                  "notification channels): their flow metrics are missing; "
                  "Source \"sqs\" or \"webhook\" has no such limit",
                  missing, c->count);
  else if (missing > 0)
    (void)gc_fail(&err, GC_ERR_PERMISSION,
                  "%zu of %zu queues get no events (%s): their flow metrics "
                  "are missing; give the OAuth client a role with "
                  "routing:queue:view in the queues' divisions",
                  missing, c->count,
                  c->reason[0] != '\0' ? c->reason : "not subscribed");
  ledger_source_notice(n->source, "topics", &err);
}

static void check_coverage(struct notifications *n) {
  read_channels(n);
  pthread_mutex_lock(&n->lock);
  (void)gc_topic_coverage_check_all(&n->coverage, n->deps.channels);
  bool is_complete = n->listening.is_connected && n->listening.is_answered;
  pthread_mutex_unlock(&n->lock);
  /* Otherwise a channel is not connected, or a topic has no answer yet. */
  if (is_complete || gc_topic_coverage_without_room(&n->coverage) > 0)
    report_coverage(n);
}

/* ---- subscriptions ---- */

/* Takes the queues of a list. When memory runs out, the next list comes in ten
 * minutes. */
static void take_queues(struct notifications *n,
                        const struct gc_entities *entities) {
  struct gc_topic_coverage gone;
  size_t count = gc_entities_count(entities);
  char **ids = calloc(count + 1, sizeof(char *));
  if (ids == NULL)
    return;
  for (size_t i = 0; i < count; i++)
    ids[i] = (char *)gc_entities_at(entities, i)->id;
  pthread_mutex_lock(&n->lock);
  enum gc_code code = gc_topic_coverage_update(&n->coverage, ids, count, &gone);
  if (code == GC_OK && count == 0)
    gc_listening_idle(&n->listening);
  pthread_mutex_unlock(&n->lock);
  if (code == GC_OK) {
    gc_topic_coverage_leave(&gone, n->deps.channels, &n->listener);
    (void)!gc_topic_coverage_subscribe(&n->coverage, ids, count,
                                       n->deps.channels, &n->listener);
  }
  free(ids);
}

/* Follows a new list of queues. A refused list has the known queues. */
static void on_queues(void *ctx, struct gc_entities *list) {
  struct notifications *n = ctx;
  struct gc_err err = {.code = GC_OK};
  bool is_refused = gc_entities_is_refused(list);
  take_queues(n, list);
  if (n->coverage.count == 0)
    (void)gc_fail(&err, is_refused ? GC_ERR_PERMISSION : GC_ERR_NOT_FOUND,
                  "%s: no topic to listen to; give the OAuth client a role "
                  "with routing:queue:view",
                  is_refused ? "the list of queues is refused"
                             : "the OAuth client's roles see no queue");
  ledger_source_notice(n->source, "queues", &err);
  check_coverage(n);
}

/* ---- the channels' events ---- */

/* Checks only the coverage: missed events cannot be requested, and the next
 * event of a conversation has all attributes that its flows have set. */
static void on_connected(void *ctx) { check_coverage(ctx); }

static void on_gap(void *ctx, uint64_t blind_ms) {
  struct notifications *n = ctx;
  pthread_mutex_lock(&n->lock);
  gc_listening_blind(&n->listening, now_ms_of(n), blind_ms);
  pthread_mutex_unlock(&n->lock);
}

/* Notes a rejected topic; the coverage is reported when the other topics are
 * subscribed. */
static void on_rejected(void *ctx, const char *topic, void *tag,
                        const char *reason) {
  struct notifications *n = ctx;
  (void)topic;
  gc_topic_coverage_reject(&n->coverage, tag, reason);
}

static void note_source(struct notifications *n) {
  struct stats *stats = n->source->stats;
  uint64_t now_ms = now_ms_of(n);
  uint64_t silence_ms = gc_listening_silence_ms(&n->listening, now_ms);
  stats->up = n->listening.is_connected;
  if (n->listening.is_connected || silence_ms >= FIRST_CONNECTION_MS)
    stats->is_tried = true;
  if (n->listening.last_message_ms > 0)
    stats->answer_ms = (int64_t)(now_ms - silence_ms);
}

static void on_tick(void *ctx, uint64_t now_ms) {
  struct notifications *n = ctx;
  read_channels(n);
  if (n->ticks++ % COVERAGE_TICKS == 0)
    check_coverage(n);
  note_source(n);
  if (can_submit(n))
    submit_held(n);
  gc_timers_set(n->deps.env->timers, &n->timer, now_ms + TICK_MS);
}

/* ---- beginning and end ---- */

static void start_on_loop(void *ctx) {
  struct notifications *n = ctx;
  n->is_running = true;
  pthread_mutex_lock(&n->lock);
  gc_listening_begin(&n->listening, now_ms_of(n));
  pthread_mutex_unlock(&n->lock);
  gc_channels_listen(n->deps.channels, &n->listener);
  gc_names_listen(n->deps.names, &n->queues);
  gc_timers_set(n->deps.env->timers, &n->timer, now_ms_of(n) + TICK_MS);
}

static void stop_on_loop(void *ctx) {
  struct notifications *n = ctx;
  if (!n->is_running)
    return;
  n->is_running = false;
  gc_timers_unset(n->deps.env->timers, &n->timer);
  gc_names_unlisten(n->deps.names, &n->queues);
  gc_channels_unlisten(n->deps.channels, &n->listener);
}

struct notifications *notifications_start(const struct notifications_deps *deps,
                                          const struct ledger_source *source) {
  struct notifications *n = gc_zalloc(1, sizeof(*n));
  n->source = source;
  n->deps = *deps;
  n->coverage.names = &gc_conversation_topic_names;
  n->event.source = source;
  n->reader = event_reader_new(source->form);
  n->listener = (struct gc_channels_listener){.connected = on_connected,
                                              .gap = on_gap,
                                              .message = on_message,
                                              .rejected = on_rejected,
                                              .ctx = n};
  n->queues = (struct gc_names_listener){
      .kind = GC_QUEUE, .changed = on_queues, .ctx = n};
  n->timer = (struct gc_timer){.fire = on_tick, .ctx = n};
  pthread_mutex_init(&n->lock, NULL);
  gc_loop_call(n->deps.loop, start_on_loop, n);
  return n;
}

void notifications_stop(struct notifications *n) {
  if (n != NULL)
    gc_loop_call(n->deps.loop, stop_on_loop, n);
}

void notifications_free(struct notifications *n) {
  if (n == NULL)
    return;
  notifications_stop(n);
  gc_topic_coverage_clear(&n->coverage);
  event_reader_free(n->reader);
  batch_clear(&n->event);
  while (n->held != NULL) {
    struct batch *b = n->held;
    n->held = b->next;
    free_batch(n, b);
  }
  pthread_mutex_destroy(&n->lock);
  free(n);
}

void notifications_state(struct notifications *n,
                         struct notifications_state *ret) {
  uint64_t now_ms = now_ms_of(n);
  pthread_mutex_lock(&n->lock);
  *ret = (struct notifications_state){
      .is_connected = n->listening.is_connected,
      .wanted = n->coverage.count,
      .covered = n->coverage.covered,
      .reconnects = n->listening.reconnects,
      .silence_ms = gc_listening_silence_ms(&n->listening, now_ms),
      .malformed = n->listening.malformed,
      .others = n->listening.others,
      .gap_ms = gc_listening_gap_ms(&n->listening, now_ms)};
  pthread_mutex_unlock(&n->lock);
}
