/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/block.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/glob.h"
#include "plugins/genesys_realtime/selection.h"

enum {
  BODY_MOST_BYTES = 256 * 1024,
  ANSWER_MOST_BYTES = 256 << 20,
  /* Nothing but an operator helps after these refusals; do not spend the
   * budget on them. */
  REFUSED_EVERY_MS = 60 * 1000,
  /* The API names no maximum; a server clamps what is too much and we go by
   * what comes. */
  ACTIVITY_PAGE = 1000,
  ACTIVITY_PAGES_MOST = 500,
  /* Older than this many intervals, the newest values count as none. */
  STALE_INTERVALS = 3,
};

/* One request of a poll: a batch of queues, or an activity query that goes on
 * page by page. */
struct part {
  struct block *block;
  struct gc_call call;
  struct gc_buf body;
  struct obs_decoder *decoder;
  unsigned page; /* 0: not paged */
  size_t grown;  /* of the model, when the page was asked for */
  size_t *full_page;
  char query[64];
};

struct block {
  struct block_settings settings;
  struct block_site site;
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;

  /* The network thread's. */
  struct gc_names_listener queue_listener, presence_listener;
  bool is_listening;
  struct selection selection;
  struct gc_timer timer;
  uint64_t due_ms;
  struct part *parts; /* of the running poll */
  size_t part_count, parts_left;
  struct gc_err trouble;        /* the worst of the running poll */
  bool refused;                 /* the last poll ended in a refusal */
  struct observations *reading; /* being filled */
  struct observations *last;    /* for what is gone since */
  size_t full_conversations, full_routing; /* largest pages seen */

  /* Under the lock. */
  pthread_mutex_t lock;
  struct observations *fresh; /* not dispatched yet */
  bool is_well;               /* the last poll was complete */
  uint64_t well_ms;           /* when it was; 0: never */
  struct obs_tally tally;     /* of the last reading */
};

static const struct gc_edge *edge(const struct block *b) {
  return b->site.edge;
}

static uint64_t now(const struct block *b) {
  return edge(b)->now_ms(edge(b)->ctx);
}

static void parts_free(struct block *b) {
  for (size_t i = 0; i < b->part_count; i++) {
    gc_api_cancel(b->site.api, &b->parts[i].call);
    obs_decoder_free(b->parts[i].decoder);
    gc_buf_clear(&b->parts[i].body);
  }
  free(b->parts);
  b->parts = NULL;
  b->part_count = b->parts_left = 0;
}

static bool is_refusal(enum gc_code code) {
  return code == GC_ERR_PERMISSION || code == GC_ERR_NOT_FOUND ||
         code == GC_ERR_REQUEST;
}

/* A name that is missing here was made since the list was read. */
static void look_for_unknown(struct block *b, const struct observations *o) {
  struct gc_names *names = b->site.names;
  struct gc_directory *d = gc_names_directory(names, GC_QUEUE);
  bool missing = false;
  for (uint32_t i = 0; d != NULL && i < o->ids.count && !missing; i++)
    missing = gc_directory_find(d, gc_intern_text(&o->ids, i)) == NULL;
  if (missing && !gc_directory_is_refused(d))
    gc_names_miss(names, GC_QUEUE);
  gc_directory_put(d);
}

static void publish(struct block *b) {
  struct observations *o = b->reading;
  b->reading = NULL;
  o->received_ms = edge(b)->wall_ms(edge(b)->ctx);
  o->server_ms = o->received_ms + gc_api_clock_offset_ms(b->site.api);
  look_for_unknown(b, o);

  pthread_mutex_lock(&b->lock);
  observations_put(b->fresh);
  b->fresh = observations_get(o);
  if (b->trouble.code == GC_OK)
    b->well_ms = now(b);
  b->is_well = b->trouble.code == GC_OK;
  pthread_mutex_unlock(&b->lock);

  observations_put(b->last);
  b->last = o;
}

/* Activity answers list only what is not zero, which can be told from what is
 * missing only when all of them came. */
static bool is_worth_publishing(struct block *b) {
  if (b->reading == NULL || b->part_count == 0)
    return false;
  if (b->settings.source != OBS_ACTIVITY)
    return b->reading->ids.count > 0 || b->trouble.code == GC_OK;
  if (b->trouble.code != GC_OK)
    return false;
  struct gc_directory *d = gc_names_directory(b->site.names, GC_QUEUE);
  bool done = b->last == NULL ||
              observations_zero_gone(b->reading, b->last, d) == GC_OK;
  gc_directory_put(d);
  return done;
}

/* Tells the poll's outcome once: of several batches one may fail for good while
 * the others do not, which is no recovery. */
static void end_poll(struct block *b) {
  if (b->part_count > 0 || b->trouble.code != GC_OK)
    b->notice(b->ctx, "observations", &b->trouble);
  if (is_worth_publishing(b)) {
    publish(b);
  } else {
    observations_put(b->reading);
    b->reading = NULL;
    pthread_mutex_lock(&b->lock);
    b->is_well = false;
    pthread_mutex_unlock(&b->lock);
  }
  parts_free(b);

  uint64_t now_ms = now(b);
  uint32_t every_ms = b->settings.interval_ms;
  if (b->refused && every_ms < REFUSED_EVERY_MS)
    every_ms = REFUSED_EVERY_MS;
  b->due_ms += every_ms;
  if (b->due_ms < now_ms) /* the poll outlasted its interval */
    b->due_ms += (now_ms - b->due_ms + every_ms - 1) / every_ms * every_ms;
  (void)gc_timers_set(edge(b)->timers, &b->timer, b->due_ms);
}

static size_t growth(const struct observations *o) {
  return o->groups + o->ids.count;
}

/* Asks for the page `part->page`. The answers name no total: a page that is
 * shorter than the largest ever seen is the last one. */
static void ask_page(struct part *part) {
  part->grown = growth(part->block->reading);
  snprintf(part->query, sizeof(part->query), "pageSize=%d&pageNumber=%u",
           ACTIVITY_PAGE, part->page);
  part->call.query = part->query;
  gc_api_call(part->block->site.api, &part->call);
}

/* A page that brings nothing new is an earlier one again: the server does not
 * know pages and has told all. */
static bool has_more(struct part *part, size_t results) {
  if (part->page == 0 || results < *part->full_page ||
      growth(part->block->reading) == part->grown)
    return false;
  *part->full_page = results;
  return true;
}

static enum gc_code take_answer(struct part *part, bool *ret_more,
                                struct gc_err *err) {
  size_t results;
  GC_TRY(obs_decoder_finish(part->decoder, &results, err));
  *ret_more = has_more(part, results);
  if (*ret_more && part->page == ACTIVITY_PAGES_MOST)
    return gc_fail(err, GC_ERR_LIMIT, "more than %d pages",
                   ACTIVITY_PAGES_MOST);
  return GC_OK;
}

/* What concerns this block alone says more than what the account says too. */
static void note_trouble(struct block *b, const struct gc_err *err) {
  if (b->trouble.code == GC_OK ||
      (gc_code_is_shared(b->trouble.code) && !gc_code_is_shared(err->code)))
    b->trouble = *err;
}

static void on_answer(struct gc_call *call, const struct gc_reply *reply,
                      const struct gc_err *err) {
  struct part *part = call->ctx;
  struct block *b = part->block;
  struct gc_err outcome = *err;
  bool more = false;
  (void)reply;

  if (outcome.code == GC_OK) {
    enum gc_code code = take_answer(part, &more, &outcome);
    if (code != GC_OK)
      (void)gc_fail_in(&outcome, code,
                       "%s: ", gc_endpoint(call->endpoint)->function);
  }
  if (outcome.code == GC_OK && more) {
    part->page++;
    ask_page(part);
    return;
  }
  if (outcome.code != GC_OK)
    note_trouble(b, &outcome);
  b->refused |= is_refusal(outcome.code);
  if (--b->parts_left == 0)
    end_poll(b);
}

static enum gc_code make_part(struct block *b, struct part *part,
                              enum gc_endpoint_id endpoint) {
  part->block = b;
  part->body.most = BODY_MOST_BYTES;
  part->decoder = obs_decoder_new(b->reading);
  if (part->decoder == NULL)
    return GC_ERR_MEMORY;
  part->call = (struct gc_call){.endpoint = endpoint,
                                .sink = obs_decoder_sink(part->decoder),
                                .body_max = ANSWER_MOST_BYTES,
                                .done = on_answer,
                                .ctx = part};
  return GC_OK;
}

static enum gc_code make_batches(struct block *b) {
  const struct selection *s = &b->selection;
  for (size_t i = 0; i < b->part_count; i++) {
    struct part *part = &b->parts[i];
    size_t from = i * OBS_IDS_MOST;
    size_t count =
        s->count - from < OBS_IDS_MOST ? s->count - from : (size_t)OBS_IDS_MOST;
    GC_TRY(make_part(b, part, GC_ENDPOINT_QUEUE_OBSERVATIONS));
    GC_TRY(
        obs_query_body((const char *const *)s->ids + from, count, &part->body));
  }
  return GC_OK;
}

static enum gc_code make_activity(struct block *b) {
  GC_TRY(make_part(b, &b->parts[0], GC_ENDPOINT_CONVERSATION_ACTIVITY));
  GC_TRY(make_part(b, &b->parts[1], GC_ENDPOINT_ROUTING_ACTIVITY));
  GC_TRY(obs_activity_body(true, &b->parts[0].body));
  GC_TRY(obs_activity_body(false, &b->parts[1].body));
  b->parts[0].page = b->parts[1].page = 1;
  b->parts[0].full_page = &b->full_conversations;
  b->parts[1].full_page = &b->full_routing;
  b->reading->zero_when_absent = true;
  return GC_OK;
}

static enum gc_code make_poll(struct block *b) {
  bool is_activity = b->settings.source == OBS_ACTIVITY;
  size_t count =
      is_activity ? 2 : (b->selection.count + OBS_IDS_MOST - 1) / OBS_IDS_MOST;
  b->trouble = (struct gc_err){.code = GC_OK};
  b->refused = false;
  b->reading = observations_new();
  b->parts = calloc(count > 0 ? count : 1, sizeof(*b->parts));
  if (b->reading == NULL || b->parts == NULL)
    return GC_ERR_MEMORY;
  b->part_count = b->parts_left = count;
  return is_activity ? make_activity(b) : make_batches(b);
}

static void poll_now(void *ctx, uint64_t now_ms) {
  struct block *b = ctx;
  if (b->due_ms == 0)
    b->due_ms = now_ms;

  enum gc_code code = make_poll(b);
  if (code != GC_OK)
    (void)gc_fail(&b->trouble, code, "observations: %s", gc_code_words(code));
  if (code != GC_OK || b->part_count == 0) {
    end_poll(b);
    return;
  }
  for (size_t i = 0; i < b->part_count; i++) {
    struct part *part = &b->parts[i];
    part->call.body = part->body.data;
    part->call.body_len = part->body.len;
    if (part->page > 0)
      ask_page(part);
    else
      gc_api_call(b->site.api, &part->call);
  }
}

/* More than a quarter of the budget for one block's polling is worth a word. */
static void check_cost(struct block *b) {
  struct gc_err err = {.code = GC_OK};
  size_t batches = (b->selection.count + OBS_IDS_MOST - 1) / OBS_IDS_MOST;
  double per_minute = (double)batches * 60000.0 / b->settings.interval_ms;
  uint32_t budget = b->site.requests_per_minute;
  if (b->settings.source == OBS_QUERY && per_minute > budget / 4.0)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "%zu queues each %u s cost %.0f of the account's %u requests "
                  "per minute; Observations \"activity\" costs a few, or name "
                  "fewer queues or a longer ObservationInterval",
                  b->selection.count, b->settings.interval_ms / 1000,
                  per_minute, budget);
  b->notice(b->ctx, "cost", &err);
}

static void on_queues(void *ctx, struct gc_directory *directory) {
  struct block *b = ctx;
  struct gc_err err = {.code = GC_OK};
  enum gc_code code =
      selection_make(&b->selection, directory, b->settings.selectors,
                     b->settings.selector_count);
  if (code != GC_OK)
    (void)gc_fail(&err, code, "the list of queues: %s", gc_code_words(code));
  else if (b->selection.count == 0 && b->settings.source == OBS_QUERY)
    (void)gc_fail(&err, GC_ERR_NOT_FOUND,
                  gc_directory_is_refused(directory)
                      ? "the list of queues is refused: name queues by their "
                        "id (Queue \"UUID\"), or use Observations \"activity\""
                      : "no queue matches the Queue options of this block, or "
                        "the OAuth client's roles see none");
  b->notice(b->ctx, "selection", &err);
  check_cost(b);
  if (b->due_ms == 0)
    poll_now(b, now(b));
}

static void on_presences(void *ctx, struct gc_directory *directory) {
  (void)ctx; /* read when the samples are made */
  (void)directory;
}

struct block *block_new(const struct block_settings *settings,
                        const struct block_site *site,
                        void (*notice)(void *ctx, const char *cause,
                                       const struct gc_err *err),
                        void *ctx) {
  struct block *b = calloc(1, sizeof(*b));
  if (b == NULL)
    return NULL;
  b->settings = *settings;
  b->site = *site;
  b->notice = notice;
  b->ctx = ctx;
  b->timer = (struct gc_timer){.fire = poll_now, .ctx = b};
  b->queue_listener = (struct gc_names_listener){
      .kind = GC_QUEUE, .changed = on_queues, .ctx = b};
  b->presence_listener = (struct gc_names_listener){
      .kind = GC_PRESENCE, .changed = on_presences, .ctx = b};
  pthread_mutex_init(&b->lock, NULL);
  return b;
}

/* The observation query maps the presences itself; the activity queries leave
 * that to us. */
static void begin(void *ctx) {
  struct block *b = ctx;
  if (b->settings.source == OBS_OFF)
    return;
  b->is_listening = true;
  if (b->settings.source == OBS_ACTIVITY)
    gc_names_listen(b->site.names, &b->presence_listener);
  gc_names_listen(b->site.names, &b->queue_listener);
}

void block_start(struct block *b) { gc_loop_call(b->site.loop, begin, b); }

static void end(void *ctx) {
  struct block *b = ctx;
  if (b->is_listening) {
    gc_names_unlisten(b->site.names, &b->presence_listener);
    gc_names_unlisten(b->site.names, &b->queue_listener);
  }
  gc_timers_unset(edge(b)->timers, &b->timer);
  parts_free(b);
}

void block_free(struct block *b) {
  if (b == NULL)
    return;
  gc_loop_call(b->site.loop, end, b);
  selection_clear(&b->selection);
  observations_put(b->reading);
  observations_put(b->last);
  observations_put(b->fresh);
  pthread_mutex_destroy(&b->lock);
  free(b);
}

static bool accepts(void *ctx, const struct gc_entry *queue) {
  const struct block *b = ctx;
  if (queue->name == NULL) /* a name might be one that is refused */
    return b->settings.selector_count == 0;
  return gc_glob_accepts(b->settings.selectors, b->settings.selector_count,
                         queue->name, queue->id);
}

void block_read(struct block *b, const struct gc_samples *out) {
  pthread_mutex_lock(&b->lock);
  GC_AUTO(observations_put_auto) struct observations *o = gc_steal(b->fresh);
  pthread_mutex_unlock(&b->lock);
  if (o == NULL)
    return;

  struct gc_names *names = b->site.names;
  struct gc_directory *queues = gc_names_directory(names, GC_QUEUE);
  struct gc_directory *presences = gc_names_directory(names, GC_PRESENCE);
  struct obs_view view = {.queues = queues,
                          .presences = presences,
                          .accepts = accepts,
                          .accepts_ctx = b,
                          .media = b->settings.media,
                          .media_count = b->settings.media_count,
                          .label = b->settings.label,
                          .interval_ms = b->settings.interval_ms};
  struct obs_tally tally;
  obs_samples(o, &view, out, &tally);
  gc_directory_put(queues);
  gc_directory_put(presences);

  pthread_mutex_lock(&b->lock);
  b->tally = tally;
  pthread_mutex_unlock(&b->lock);
}

static void put_state(const struct gc_samples *out, enum gc_metric_id metric,
                      const char *instance, const char *qualifier,
                      uint32_t interval_ms, double gauge) {
  struct gc_sample sample = {.metric = metric,
                             .instance = instance,
                             .qualifier = qualifier,
                             .values = {{.gauge = gauge}},
                             .interval_ms = interval_ms};
  out->put(out->ctx, &sample);
}

void block_read_state(struct block *b, const char *instance,
                      uint32_t interval_ms, const struct gc_samples *out) {
  if (b->settings.source == OBS_OFF)
    return;
  pthread_mutex_lock(&b->lock);
  bool is_well = b->is_well;
  uint64_t well_ms = b->well_ms;
  struct obs_tally tally = b->tally;
  pthread_mutex_unlock(&b->lock);

  uint64_t age_ms = well_ms > 0 ? now(b) - well_ms : 0;
  uint64_t stale_ms = (uint64_t)b->settings.interval_ms * STALE_INTERVALS;
  bool is_up = is_well && well_ms > 0 && age_ms < stale_ms;
  put_state(out, GC_METRIC_SOURCE_UP, instance, "observations", interval_ms,
            is_up ? 1.0 : 0.0);
  if (well_ms > 0)
    put_state(out, GC_METRIC_SOURCE_AGE, instance, "observations", interval_ms,
              (double)age_ms / 1000.0);
  put_state(out, GC_METRIC_SERIES, instance, "", interval_ms,
            (double)tally.series);
  put_state(out, GC_METRIC_QUEUES, instance, "matched", interval_ms,
            (double)tally.matched);
  put_state(out, GC_METRIC_QUEUES, instance, "unnamed", interval_ms,
            (double)tally.unnamed);
}
