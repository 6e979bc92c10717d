/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/sources/notifications.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/genesys_flowmetrics/ledger/recent_keys.h"

struct notifications {
  struct notifications_settings settings;
  struct gc_queue_topics *topics;

  /* The account's thread's. */
  struct event_reader *reader;
  struct batch event; /* what the present event says */

  _Atomic size_t waiting_bytes; /* of batches that are not safe yet */

  pthread_mutex_t lock;
  struct recent recent; /* what is safe */
  struct batch *held;   /* what the writer could not commit */
};

/* ---- batches on their way ---- */

static size_t bytes_of(const struct batch *b) {
  return sizeof(*b) + b->cap * sizeof(*b->marks) + b->names.cap;
}

static void drop(struct notifications *n, struct batch *b) {
  n->waiting_bytes -= bytes_of(b);
  batch_clear(b);
  free(b);
}

static void hold(struct notifications *n, struct batch *b) {
  pthread_mutex_lock(&n->lock);
  b->next = n->held;
  n->held = b;
  pthread_mutex_unlock(&n->lock);
}

/* What was late or ahead by our clock is not: the clock may be set. */
static void note_safe(struct notifications *n, const struct batch *b) {
  pthread_mutex_lock(&n->lock);
  for (size_t i = 0; i < b->count; i++)
    if (ledger_takes(n->settings.ledger, b->source, &b->marks[i].key))
      recent_add(&n->recent, &b->marks[i].key);
  pthread_mutex_unlock(&n->lock);
}

/* On the ledger's thread. Nobody sends again what it could not commit. */
static void on_batch(struct batch *b, enum gc_code code) {
  struct notifications *n = b->ctx;
  if (code != GC_OK && code != GC_ERR_STOPPED) {
    hold(n, b);
    return;
  }
  if (code == GC_OK)
    note_safe(n, b);
  drop(n, b);
}

/* While the writer is in trouble it finds out itself when that is over. */
static void submit(struct notifications *n, struct batch *b) {
  if (ledger_is_healthy(n->settings.ledger))
    ledger_submit(n->settings.ledger, b);
  else
    hold(n, b);
}

static void submit_held(struct notifications *n) {
  pthread_mutex_lock(&n->lock);
  struct batch *held = n->held;
  n->held = NULL;
  pthread_mutex_unlock(&n->lock);
  while (held != NULL) {
    struct batch *b = held;
    held = b->next;
    submit(n, b);
  }
}

/* ---- events ---- */

/* What is safe already goes no further. Shifts the others together. */
static void leave_out_known(struct notifications *n) {
  struct batch *e = &n->event;
  size_t left = 0;
  pthread_mutex_lock(&n->lock);
  for (size_t i = 0; i < e->count; i++)
    if (!recent_has(&n->recent, &e->marks[i].key))
      e->marks[left++] = e->marks[i];
  pthread_mutex_unlock(&n->lock);
  n->settings.source->stats->outcomes[OUTCOME_DUPLICATE] += e->count - left;
  batch_cut(e, left);
}

/* Both names of a mark, with their ends. */
static enum gc_code copy_names(struct batch *to, const struct batch *from,
                               const struct mark *m) {
  const char *flow = from->names.data + m->names;
  size_t flow_len = strlen(flow) + 1;
  return gc_buf_add(&to->names, flow, flow_len + strlen(flow + flow_len) + 1);
}

/* A batch of its own, no larger than it must be; NULL when out of memory. */
static struct batch *copy_event(struct notifications *n) {
  const struct batch *e = &n->event;
  struct batch *b = calloc(1, sizeof(*b));
  if (b == NULL)
    return NULL;
  *b = (struct batch){.source = e->source, .done = on_batch, .ctx = n};
  b->names.max = e->names.max;
  b->marks = calloc(e->count, sizeof(*b->marks));
  enum gc_code code = b->marks != NULL ? GC_OK : GC_ERR_MEMORY;
  for (size_t i = 0; code == GC_OK && i < e->count; i++) {
    b->marks[i] = e->marks[i];
    b->marks[i].names = b->names.len;
    code = copy_names(b, e, &e->marks[i]);
  }
  b->count = b->cap = e->count;
  if (code == GC_OK)
    return b;
  batch_clear(b);
  free(b);
  return NULL;
}

static void lose_event(struct notifications *n) {
  stats_add(n->settings.source->stats, TALLY_LOST, n->event.count);
}

/* Takes it along unless too much waits. */
static void send_event(struct notifications *n) {
  struct batch *b = copy_event(n);
  if (b == NULL) {
    lose_event(n);
    return;
  }
  n->waiting_bytes += bytes_of(b);
  if (n->waiting_bytes <= NOTIFICATIONS_WAITING_MAX_BYTES) {
    submit(n, b);
    return;
  }
  lose_event(n);
  drop(n, b);
}

static void on_message(void *ctx, const struct gc_message *m) {
  struct notifications *n = ctx;
  struct event_counts counts = {0};
  const struct event_sink sink = {batch_take, &n->event};
  batch_cut(&n->event, 0);
  gc_buf_reset(&n->event.names);
  enum gc_code code =
      event_read(n->reader, m->bytes, m->len, &counts, &sink, NULL);
  stats_events(n->settings.source->stats, &counts);
  if (code == GC_OK && n->event.count > 0)
    leave_out_known(n);
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
  if (state.was_heard)
    stats->answer_ms = (int64_t)(env->now_ms(env->ctx) - state.silence_ms);
  if (ledger_is_healthy(n->settings.ledger))
    submit_held(n);
}

/* ---- life ---- */

static struct notifications *make(const struct notifications_settings *settings,
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
  struct notifications *n = make(settings, err);
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
    drop(n, b);
  }
  pthread_mutex_destroy(&n->lock);
  free(n);
}

void notifications_state(struct notifications *n,
                         struct gc_queue_topics_state *ret) {
  gc_queue_topics_state(n->topics, ret);
}
