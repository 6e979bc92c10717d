/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/notifications.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/genesys_flowmetrics/ledger/recent_keys.h"

/* The first connection takes less; without one after this time the source is
 * down. */
enum { FIRST_CONNECTION_MS = 10 * 1000 };

struct notifications {
  struct notifications_settings settings;
  struct gc_queue_topics *topics;

  /* Used by the account's thread only. */
  struct event_reader *reader;
  struct batch event; /* the attributes of the event that is being read */

  _Atomic size_t waiting_bytes; /* size of uncommitted batches */

  pthread_mutex_t lock;
  struct recent recent;  /* keys that are committed */
  struct recent waiting; /* keys of batches that are not committed yet */
  struct batch *held;    /* batches that the writer could not commit */
};

/* ---- batches ---- */

static size_t bytes_of(const struct batch *b) {
  return sizeof(*b) + b->cap * sizeof(*b->occurrences) + b->names.cap;
}

static void free_batch(struct notifications *n, struct batch *b) {
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
    batch_report_ahead(b, n->settings.notice, n->settings.ctx);
  }
  free_batch(n, b);
}

static bool can_submit(const struct notifications *n) {
  return ledger_is_healthy(n->settings.ledger) &&
         gc_lease_gate_allows(n->settings.source->lease);
}

/* Submits the batch, or holds it while the writer fails or this agent does not
 * have the lease. The writer needs no batch to notice that it can commit again.
 */
static void submit_batch(struct notifications *n, struct batch *b) {
  int64_t date_ms;
  if (gc_api_read_date(n->settings.api, &date_ms))
    ledger_observe_date(n->settings.ledger, date_ms);
  if (can_submit(n))
    ledger_submit(n->settings.ledger, b);
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
  n->settings.source->stats->outcomes[OUTCOME_DUPLICATE] += e->count - left;
  batch_truncate(e, left);
}

/* Copies both names of an occurrence, with their NULs. */
static enum gc_code copy_names(struct batch *to, const struct batch *from,
                               const struct occurrence *o) {
  const char *flow = from->names.data + o->names;
  size_t flow_len = strlen(flow) + 1;
  return gc_buf_add(&to->names, flow, flow_len + strlen(flow + flow_len) + 1);
}

/* Copies the event to a batch of the exact size. Returns NULL when out of
 * memory. */
static struct batch *copy_event(struct notifications *n) {
  const struct batch *e = &n->event;
  struct batch *b = calloc(1, sizeof(*b));
  if (b == NULL)
    return NULL;
  *b = (struct batch){.source = e->source, .done = on_batch, .ctx = n};
  b->names.max = e->names.max;
  b->occurrences = calloc(e->count, sizeof(*b->occurrences));
  enum gc_code code = b->occurrences != NULL ? GC_OK : GC_ERR_MEMORY;
  for (size_t i = 0; code == GC_OK && i < e->count; i++) {
    b->occurrences[i] = e->occurrences[i];
    b->occurrences[i].names = b->names.len;
    code = copy_names(b, e, &e->occurrences[i]);
  }
  b->count = b->cap = e->count;
  if (code == GC_OK)
    return b;
  batch_clear(b);
  free(b);
  return NULL;
}

static void count_lost(struct notifications *n) {
  stats_add(n->settings.source->stats, TALLY_LOST, n->event.count);
}

static void remember_waiting(struct notifications *n, const struct batch *b) {
  pthread_mutex_lock(&n->lock);
  for (size_t i = 0; i < b->count; i++)
    recent_add(&n->waiting, &b->occurrences[i].key);
  pthread_mutex_unlock(&n->lock);
}

/* Submits the event's attributes unless too much waits already. */
static void send_event(struct notifications *n) {
  struct batch *b = copy_event(n);
  if (b == NULL) {
    count_lost(n);
    return;
  }
  n->waiting_bytes += bytes_of(b);
  if (n->waiting_bytes <= NOTIFICATIONS_WAITING_MAX_BYTES) {
    remember_waiting(n, b);
    submit_batch(n, b);
    return;
  }
  count_lost(n);
  free_batch(n, b);
}

static void on_message(void *ctx, const struct gc_message *m) {
  struct notifications *n = ctx;
  struct event_counts counts = {0};
  const struct event_sink sink = {batch_add, &n->event};
  batch_truncate(&n->event, 0);
  gc_buf_reset(&n->event.names);
  enum gc_code code =
      event_read(n->reader, m->bytes, m->len, &counts, &sink, NULL);
  stats_events(n->settings.source->stats, &counts);
  if (code == GC_OK && event_counts_unread(&counts) > 0)
    event_report_unread(n->reader, n->settings.notice, n->settings.ctx);
  if (code == GC_OK && n->event.count > 0)
    remove_known(n);
  if (code == GC_OK && n->event.count > 0)
    send_event(n);
}

static void on_tick(void *ctx) {
  struct notifications *n = ctx;
  const struct gc_env *env = n->settings.deps.env;
  struct stats *stats = n->settings.source->stats;
  struct gc_queue_topics_state state;
  gc_queue_topics_state(n->topics, &state);
  stats->up = state.is_connected;
  if (state.is_connected || state.silence_ms >= FIRST_CONNECTION_MS)
    stats->is_tried = true;
  if (state.has_received)
    stats->answer_ms = (int64_t)(env->now_ms(env->ctx) - state.silence_ms);
  if (can_submit(n))
    submit_held(n);
}

/* ---- beginning and end ---- */

static struct notifications *
notifications_new(const struct notifications_settings *settings,
                  struct gc_err *err) {
  struct notifications *n = calloc(1, sizeof(*n));
  if (n == NULL)
    return NULL;
  n->settings = *settings;
  n->event.source = settings->source;
  pthread_mutex_init(&n->lock, NULL);
  n->reader = event_reader_new(settings->form, err);
  n->topics = gc_queue_topics_new(
      &settings->deps,
      &(struct gc_queue_topics_user){.message = on_message,
                                     .tick = on_tick,
                                     .notice = settings->notice,
                                     .notice_ctx = settings->ctx,
                                     .ctx = n});
  if (n->reader != NULL && n->topics != NULL)
    return n;
  notifications_free(n);
  return NULL;
}

struct notifications *
notifications_start(const struct notifications_settings *settings,
                    struct gc_err *err) {
  struct notifications *n = notifications_new(settings, err);
  if (n == NULL)
    gc_fail(err, GC_ERR_MEMORY, "out of memory");
  else
    gc_queue_topics_start(n->topics);
  return n;
}

void notifications_stop(struct notifications *n) {
  if (n != NULL)
    gc_queue_topics_stop(n->topics);
}

void notifications_free(struct notifications *n) {
  if (n == NULL)
    return;
  gc_queue_topics_free(n->topics);
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
                         struct gc_queue_topics_state *ret) {
  gc_queue_topics_state(n->topics, ret);
}
