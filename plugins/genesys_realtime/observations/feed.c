/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/observations/feed.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/policy/poll_pace.h"
#include "plugins/genesys_realtime/observations/guide_metrics.h"

enum {
  /* With pushed observations: the time between two snapshots, which make up for
   * lost messages. */
  SNAPSHOT_EVERY_MS = 60 * 1000,
};

/* Observations "topic": the messages of two topics for each queue keep one
 * long-lived model up to date. */
struct pushed {
  struct gc_channels_listener listener;
  bool is_listening;
  struct gc_topic_coverage coverage;
  struct obs_decoder *decoder; /* NULL: nothing is pushed */
  struct observations *live;   /* NULL: no snapshot yet */
  bool is_current;             /* a snapshot came since the last connection */
  uint64_t snapshot_ms;        /* when a snapshot is needed again */
};

struct obs_feed {
  const struct queues_options *options;
  struct queues_deps deps;
  struct obs_listener *listeners;

  enum obs_source source; /* OBS_AUTO: not chosen yet, without list */
  const struct selection *selection; /* the block's; NULL: none yet */
  size_t visible;                    /* queues of the list; 0: unknown */
  struct gc_names_listener presence_listener;
  bool has_presences; /* it listens */

  struct gc_timer timer;
  uint64_t due_ms; /* 0: it has not polled yet */
  struct poll poll;
  struct poll_pages pages;
  int64_t asked_ms;          /* when the poll began, by the server's clock */
  bool must_poll_again;      /* a snapshot became due during a poll */
  struct observations *last; /* finds pairs that the next reading lacks */
  struct pushed pushed;

  struct gc_unknown_words unknown; /* metrics */
  bool has_ignored; /* numbers were ignored, which was reported */
};

static uint64_t feed_now(const struct obs_feed *f) {
  return queues_now_ms(&f->deps);
}

static int64_t wall_now(const struct obs_feed *f) {
  return f->deps.env->wall_ms(f->deps.env->ctx);
}

static int64_t server_now(const struct obs_feed *f) {
  struct gc_clock_verdict clock;
  gc_api_judge_clock(f->deps.api, &clock);
  return clock.server_ms;
}

static uint32_t interval_ms(const struct obs_feed *f) {
  return f->options->interval_s * 1000;
}

static void notice(const struct obs_feed *f, const char *cause,
                   const struct gc_err *err) {
  f->deps.notice(f->deps.ctx, cause, err);
}

/* ---- the source ---- */

/* Only the activity queries need the list of presences: the observation query's
 * answer maps them. */
static void listen_to_presences(struct obs_feed *f) {
  if (f->source == OBS_ACTIVITY && !f->has_presences)
    gc_names_listen(f->deps.names, &f->presence_listener);
  f->has_presences |= f->source == OBS_ACTIVITY;
}

/* Chooses the source for `Observations "auto"`, and logs it when it changes. */
static void choose_source(struct obs_feed *f, const struct obs_scope *scope) {
  enum obs_source option = (enum obs_source)f->options->observations;
  enum obs_source source = obs_source_choose(option, scope);
  char reason[OBS_REASON_SIZE], text[OBS_REASON_SIZE + 96];
  if (source == f->source)
    return;
  f->source = source;
  obs_source_reason(scope, reason);
  snprintf(text, sizeof(text),
           "observations by \"%s\" (Observations \"auto\"): %s",
           source == OBS_QUERY ? "query" : "activity", reason);
  queues_inform(&f->deps, text);
  listen_to_presences(f);
}

/* Plans the polls, and no others: a source that was chosen before ends. */
static void plan_polls(const struct obs_feed *f,
                       const struct obs_scope *scope) {
  double per_minute =
      obs_source_per_minute(f->source, scope, f->options->interval_s);
  bool is_activity = f->source == OBS_ACTIVITY;
  enum gc_endpoint_id by_id = f->source == OBS_QUEUE_METRICS
                                  ? GC_ENDPOINT_QUEUE_METRICS
                                  : GC_ENDPOINT_QUEUE_OBSERVATIONS;
  if (f->deps.plan == NULL)
    return;
  f->deps.plan(f->deps.ctx, by_id, is_activity ? 0.0 : per_minute);
  f->deps.plan(f->deps.ctx, GC_ENDPOINT_CONVERSATION_ACTIVITY,
               is_activity ? per_minute / 2 : 0.0);
  f->deps.plan(f->deps.ctx, GC_ENDPOINT_ROUTING_ACTIVITY,
               is_activity ? per_minute / 2 : 0.0);
}

void obs_feed_choose(struct obs_feed *f, const struct gc_entities *queues,
                     const struct selection *selection) {
  struct gc_err err;
  struct obs_scope scope = {.selected = selection->count,
                            .visible = gc_entities_count(queues),
                            .is_refused = gc_entities_is_refused(queues)};
  f->selection = selection;
  f->visible = scope.is_refused ? 0 : scope.visible;
  choose_source(f, &scope);
  plan_polls(f, &scope);
  obs_source_check_cost(f->source, &scope, f->options->interval_s,
                        f->deps.requests_per_minute, &err);
  notice(f, "cost", &err);
}

bool obs_feed_needs_queues(const struct obs_feed *f) {
  return f->source == OBS_QUERY || f->source == OBS_QUEUE_METRICS ||
         f->pushed.decoder != NULL;
}

/* ---- reports ---- */

/* Requests a new list of queues if an answer has a queue without a name: such a
 * queue was created after the list was read. */
static void note_unknown_queues(struct obs_feed *f,
                                const struct observations *o) {
  struct gc_names *names = f->deps.names;
  struct gc_entities *queues = gc_names_entities(names, GC_QUEUE);
  bool is_missing = false;
  for (uint32_t i = 0; queues != NULL && i < o->ids.count && !is_missing; i++) {
    const char *id = gc_intern_text(&o->ids, i);
    is_missing = shard_has(&f->options->shard, id) &&
                 gc_entities_find(queues, id) == NULL;
  }
  if (is_missing && !gc_entities_is_refused(queues))
    gc_names_miss(names, GC_QUEUE);
  gc_entities_put(queues);
}

static void count_ignored(struct obs_feed *f, uint32_t count) {
  for (struct obs_listener *l = f->listeners; l != NULL; l = l->next)
    if (l->ignored != NULL)
      l->ignored(l->ctx, count);
}

/* Counts numbers that are ignored. Reports them once, because this is no
 * failure and each answer has these numbers again. */
static void note_ignored(struct obs_feed *f, uint32_t count) {
  struct gc_err err = {.code = GC_OK};
  count_ignored(f, count);
  if (count == 0 || f->has_ignored)
    return;
  f->has_ignored = true;
  (void)gc_fail(
      &err, GC_ERR_PARSE,
      "%u numbers of observations are without the queue, medium or status "
      "that they need, cannot be read, or have a name that cannot be kept; "
      "they are counted (observations_ignored) and ignored. Report it if "
      "numbers look wrong",
      count);
  notice(f, "ignored observations", &err);
}

/* Reports each metric once. Moves the words out of `words`. */
static void report_unknown(struct obs_feed *f, struct gc_unknown_words *words) {
  const struct gc_unknown_word *word;
  gc_unknown_words_move(&f->unknown, words);
  while ((word = gc_unknown_words_next(&f->unknown)) != NULL) {
    struct gc_err err;
    char cause[GC_UNKNOWN_WORD_MAX_BYTES + 64];
    snprintf(cause, sizeof(cause), "%s \"%s\"", word->kind, word->text);
    (void)gc_fail(&err, GC_ERR_PARSE,
                  "this metric of observations is unknown; its numbers are "
                  "sent as queue_observation");
    notice(f, cause, &err);
  }
}

/* ---- readings ---- */

/* Dates the reading by the clocks that agree, of which the times of its own
 * answers are one. A live model also has the times of its snapshots, which are
 * not the server's words. */
static void date_reading(struct obs_feed *f, struct observations *o,
                         bool is_pushed) {
  struct gc_clock_verdict clock;
  int64_t stated_ms = observations_stated_ms(o);
  if (stated_ms > 0 && !is_pushed)
    gc_api_state_time(f->deps.api, stated_ms);
  gc_api_judge_clock(f->deps.api, &clock);
  o->server_ms = clock.server_ms;
  o->is_undated = clock.source == GC_CLOCK_UNSURE;
}

/* Takes ownership of `o`. */
static void publish(struct obs_feed *f, struct observations *o,
                    bool is_complete, bool is_pushed) {
  struct obs_reading reading = {o, is_complete, is_pushed};
  o->received_ms = wall_now(f);
  date_reading(f, o, is_pushed);
  note_unknown_queues(f, o);
  report_unknown(f, &o->unknown);
  note_ignored(f, o->ignored);
  if (f->source == OBS_QUEUE_METRICS)
    o->names = queue_metrics_names(o, f->last != NULL ? f->last->names : NULL,
                                   gc_names_labels_of_answers(f->deps.names));
  for (struct obs_listener *l = f->listeners; l != NULL; l = l->next)
    if (l->reading != NULL)
      l->reading(l->ctx, &reading);
  observations_put(f->last);
  f->last = o;
}

/* Adds the numbers that only the last reading has, as 0. Returns false when out
 * of memory. */
static bool zero_gone(struct obs_feed *f) {
  struct observations *o = f->poll.reading;
  if (f->last == NULL || o->absence == OBS_ABSENT_UNKNOWN)
    return true;
  struct gc_entities *queues = gc_names_entities(f->deps.names, GC_QUEUE);
  bool done = observations_zero_gone(o, f->last, queues) == GC_OK;
  gc_entities_put(queues);
  return done;
}

/* Decides whether the reading is published. Activity answers list only numbers
 * that are not zero, so a missing answer would look like zeros: all answers
 * must be complete. */
static bool is_worth_publishing(struct obs_feed *f) {
  const struct observations *o = f->poll.reading;
  bool is_complete = f->poll.error.code == GC_OK;
  if (o == NULL || f->poll.part_count == 0)
    return false;
  if (!is_complete && (o->absence == OBS_ABSENT_ALL || o->ids.count == 0))
    return false;
  return zero_gone(f);
}

/* ---- pushed observations ---- */

static bool write_topic(unsigned number, const char *queue,
                        char ret_topic[GC_TOPIC_SIZE]) {
  return obs_topic_name((enum obs_topic)number, queue, ret_topic);
}

static const struct gc_queue_topic_names topic_names = {
    .count = OBS_TOPIC_COUNT, .write = write_topic};

static void on_connected(void *ctx) {
  struct obs_feed *f = ctx;
  f->pushed.is_current = false;
  obs_feed_poll_soon(f);
}

static void on_gap(void *ctx, uint64_t blind_ms) {
  struct obs_feed *f = ctx;
  (void)blind_ms;
  f->pushed.is_current = false;
}

/* True for a message without a time, which nothing puts in order with those of
 * the other channel. */
static bool may_undo_newer(const struct gc_message *m) {
  enum obs_topic topic;
  const char *id;
  size_t len;
  return m->may_be_old && obs_topic_read(m->topic, &topic, &id, &len) &&
         topic == OBS_TOPIC_ACTIVITY;
}

static void on_message(void *ctx, const struct gc_message *m) {
  struct obs_feed *f = ctx;
  struct observations *live = f->pushed.live;
  struct gc_err err = {.code = GC_OK};
  if (live == NULL || m->body == NULL || may_undo_newer(m))
    return;
  live->ignored = 0;
  if (obs_pushed_read(f->pushed.decoder, live, m->topic, m->body, m->body_len,
                      NULL, &err) != GC_OK)
    (void)gc_fail_in(&err, err.code, "%s: ", m->topic);
  if (err.code != GC_OK)
    count_ignored(f, 1);
  report_unknown(f, &live->unknown);
  if (live->ignored > 0)
    note_ignored(f, live->ignored);
  notice(f, "pushed observations", &err);
}

static enum gc_code take_topics(struct obs_feed *f) {
  struct pushed *p = &f->pushed;
  struct gc_topic_coverage gone;
  GC_TRY(gc_topic_coverage_update(&p->coverage, f->selection->ids,
                                  f->selection->count, &gone));
  if (gone.count > 0) {
    observations_put(gc_steal(p->live));
    p->is_current = false;
  }
  gc_topic_coverage_leave(&gone, f->deps.channels, &p->listener);
  return gc_topic_coverage_subscribe(&p->coverage, f->selection->ids,
                                     f->selection->count, f->deps.channels,
                                     &p->listener);
}

/* Takes the queues. Drops the live model when a queue is no longer among them.
 */
static void subscribe(struct obs_feed *f) {
  struct pushed *p = &f->pushed;
  struct gc_err err = {.code = GC_OK};
  if (!p->is_listening)
    gc_channels_listen(f->deps.channels, &p->listener);
  p->is_listening = true;
  enum gc_code code = take_topics(f);
  if (code != GC_OK)
    (void)gc_fail(&err, code,
                  "not every queue has its topics (no room on the account's "
                  "notification channels, or no memory): all are polled each "
                  "interval, as with Observations \"query\"");
  notice(f, "observation topics", &err);
}

/* Merges a complete poll into the live model. Adds to the poll's reading, with
 * 0, the pairs that only the model has. */
static enum gc_code merge_snapshot(struct obs_feed *f) {
  struct pushed *p = &f->pushed;
  if (p->live == NULL)
    p->live = observations_new();
  GC_TRY(observations_zero_gone(f->poll.reading, p->live, NULL));
  GC_TRY(observations_merge(p->live, f->poll.reading, f->asked_ms));
  p->is_current = true;
  if (!f->must_poll_again)
    p->snapshot_ms = feed_now(f) + SNAPSHOT_EVERY_MS;
  return GC_OK;
}

/* Returns true if every topic is subscribed, the channels are open, and a
 * snapshot came after they opened. */
static bool is_live_complete(struct obs_feed *f) {
  struct gc_channel_stats stats;
  gc_channels_stats_for(f->deps.channels, &f->pushed.listener, &stats);
  return f->pushed.is_current && f->pushed.live != NULL && stats.connected &&
         gc_topic_coverage_check_all(&f->pushed.coverage, f->deps.channels);
}

/* Copies the live model for the listeners, whose threads differ. NULL: it is
 * too large for the memory. */
static struct observations *copy_live(const struct obs_feed *f) {
  struct observations *copy = observations_new();
  if (observations_merge(copy, f->pushed.live, 0) != GC_OK) {
    observations_put(copy);
    copy = NULL;
  }
  return copy;
}

/* ---- polls ---- */

/* Polls again at once if a snapshot became due during the poll. */
static void schedule_next_poll(struct obs_feed *f, bool was_refused) {
  uint64_t now_ms = feed_now(f);
  f->due_ms = gc_pace_next(f->due_ms, now_ms, interval_ms(f), was_refused);
  gc_timers_set(f->deps.env->timers, &f->timer,
                f->must_poll_again ? now_ms : f->due_ms);
  f->must_poll_again = false;
}

/* Publishes the live model. Returns false when it is not complete and a poll is
 * needed. */
static bool publish_pushed(struct obs_feed *f, uint64_t now_ms) {
  if (f->pushed.decoder == NULL || now_ms >= f->pushed.snapshot_ms ||
      !is_live_complete(f))
    return false;
  struct observations *o = copy_live(f);
  if (o == NULL)
    return false;
  publish(f, o, true, true);
  schedule_next_poll(f, false);
  return true;
}

/* Reports one outcome of the poll: if one of several batches fails each time,
 * the success of the others is no recovery. */
static void on_poll_done(void *ctx) {
  struct obs_feed *f = ctx;
  bool is_complete = f->poll.error.code == GC_OK;
  if (f->poll.part_count > 0 || !is_complete)
    notice(f, "observations", &f->poll.error);
  for (struct obs_listener *l = f->listeners; l != NULL; l = l->next)
    if (l->ended != NULL)
      l->ended(l->ctx, is_complete && f->poll.part_count > 0);
  if (is_worth_publishing(f)) {
    if (f->pushed.decoder != NULL && is_complete)
      (void)!merge_snapshot(f);
    publish(f, gc_steal(f->poll.reading), is_complete, false);
  }
  schedule_next_poll(f, f->poll.was_refused);
  poll_clear(&f->poll);
}

static void on_timer(void *ctx, uint64_t now_ms) {
  struct obs_feed *f = ctx;
  GC_ASSERT(f->source != OBS_OFF && f->selection != NULL);
  GC_ASSERT(f->poll.parts == NULL);
  f->due_ms = gc_pace_begin(f->due_ms, now_ms, interval_ms(f), f->deps.phase);
  if (publish_pushed(f, now_ms))
    return;
  f->asked_ms = server_now(f);
  f->poll.wants_details = f->options->stream != STREAM_NONE;
  f->poll.path = f->options->path;
  f->poll.requests = f->deps.requests;
  f->poll.visible = f->visible;
  for (struct obs_listener *l = f->listeners; l != NULL; l = l->next)
    if (l->asked != NULL)
      l->asked(l->ctx);
  poll_start(&f->poll, f->deps.api, f->source, f->selection, &f->pages,
             on_poll_done, f);
}

void obs_feed_poll_soon(struct obs_feed *f) {
  if (f->source == OBS_QUEUE_METRICS)
    return;
  f->pushed.snapshot_ms = 0;
  f->must_poll_again = f->poll.parts != NULL;
  if (!f->must_poll_again)
    gc_timers_set(f->deps.env->timers, &f->timer, feed_now(f));
}

void obs_feed_begin(struct obs_feed *f, bool is_valid) {
  GC_ASSERT(f->selection != NULL);
  if (f->pushed.decoder != NULL && is_valid)
    subscribe(f);
  if (f->due_ms == 0)
    on_timer(f, feed_now(f));
}

/* ---- beginning and end ---- */

static void on_presences(void *ctx, struct gc_entities *presences) {
  (void)ctx; /* the read thread takes the list when it makes the samples */
  (void)presences;
}

struct obs_feed *obs_feed_new(const struct queues_options *options,
                              const struct queues_deps *deps) {
  struct obs_feed *f = gc_zalloc(1, sizeof(*f));
  f->options = options;
  f->deps = *deps;
  f->source = (enum obs_source)options->observations;
  f->timer = (struct gc_timer){.fire = on_timer, .ctx = f};
  f->presence_listener = (struct gc_names_listener){
      .kind = GC_PRESENCE, .changed = on_presences, .ctx = f};
  f->pushed.coverage.names = &topic_names;
  f->pushed.listener =
      (struct gc_channels_listener){.timeouts = queues_timeouts(options),
                                    .connected = on_connected,
                                    .gap = on_gap,
                                    .message = on_message,
                                    .ctx = f};
  if (f->source == OBS_TOPIC)
    f->pushed.decoder = obs_decoder_new(NULL, false);
  return f;
}

void obs_feed_listen(struct obs_feed *f, struct obs_listener *listener) {
  listener->next = f->listeners;
  f->listeners = listener;
}

void obs_feed_start(struct obs_feed *f) { listen_to_presences(f); }

void obs_feed_stop(struct obs_feed *f) {
  gc_names_unlisten(f->deps.names, &f->presence_listener);
  gc_timers_unset(f->deps.env->timers, &f->timer);
  if (f->pushed.is_listening)
    gc_channels_unlisten(f->deps.channels, &f->pushed.listener);
  f->pushed.is_listening = false;
  poll_clear(&f->poll);
}

void obs_feed_free(struct obs_feed *f) {
  if (f == NULL)
    return;
  gc_topic_coverage_clear(&f->pushed.coverage);
  obs_decoder_free(f->pushed.decoder);
  observations_put(f->pushed.live);
  observations_put(f->last);
  free(f);
}
