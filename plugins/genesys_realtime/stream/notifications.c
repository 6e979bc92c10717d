/* SPDX-License-Identifier: MIT */
/* Stream "notifications": a topic for each queue on the account's channels. */
#include <stdio.h>
#include <string.h>

#include "common/base/utf8.h"
#include "plugins/genesys_realtime/conversations/words.h"
#include "plugins/genesys_realtime/stream/internal.h"

enum {
  CHECK_TICKS = 30,    /* ticks between two checks of the coverage */
  REJECTIONS_MAX = 20, /* further ones are not reported one by one */
  EXAMPLES = 3,        /* names of queues without room in a report */
  NAME_MAX = 40,       /* bytes of each name */
};

/* ---- state of the channels ---- */

/* Takes the state of the channels. The lock is held. */
static void update_channel_state(struct stream *s, uint64_t now_ms) {
  struct gc_channel_stats stats;
  gc_channels_stats_for(s->deps.channels, &s->feed.listener, &stats);
  gc_listening_take(&s->shared.listening, &stats, now_ms);
}

/* ---- coverage ---- */

/* Writes "Sales, Support, Billing", and "…" for further queues. */
static void name_without_room(const struct stream *s, struct gc_buf *out) {
  struct gc_entities *entities = gc_names_entities(s->deps.names, GC_QUEUE);
  unsigned named = 0;
  for (size_t i = 0; i < s->shared.coverage.count && named <= EXAMPLES; i++) {
    const struct gc_covered_queue *q = s->shared.coverage.at[i];
    if (!gc_covered_queue_lacks_room(q))
      continue;
    const struct gc_entry *e =
        entities != NULL ? gc_entities_find(entities, q->id) : NULL;
    const char *name = e != NULL ? e->label : q->id;
    int len = (int)gc_utf8_cut(name, strlen(name), NAME_MAX);
    if (named++ == EXAMPLES)
      (void)!gc_buf_print(out, " …");
    else
      (void)!gc_buf_print(out, "%s%.*s", named > 1 ? ", " : "", len, name);
  }
  gc_entities_put(entities);
}

/* Makes one report for all missing queues; single rejections have their own.
 * Until the channels are connected, only the topics without room are known. */
static void report_coverage(struct stream *s, bool is_complete) {
  struct gc_err err = {.code = GC_OK};
  GC_AUTO(gc_buf_clear) struct gc_buf names = {.max = 256};
  size_t without_room = gc_topic_coverage_without_room(&s->shared.coverage);
  size_t missing = is_complete
                       ? s->shared.coverage.count - s->shared.coverage.covered
                       : without_room;
  name_without_room(s, &names);
  if (without_room > 0)
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "%zu of %zu queues get no events: no room on the account's "
                  "notification channels for %s. Their counters are silent, "
                  "but their gauges continue; choose with Queue, or share them "
                  "with Shard, each agent with an OAuth client of its own",
                  missing, s->shared.coverage.count, gc_buf_string(&names));
  else if (missing > 0)
    (void)gc_fail(&err, GC_ERR_PERMISSION,
                  "%zu of %zu queues get no events: their counters are silent, "
                  "but their gauges continue",
                  missing, s->shared.coverage.count);
  s->deps.notice(s->deps.ctx, "topics", &err);
}

/* Checks the coverage of one queue. While its topic was refused, its counters
 * had only conversations of other queues' topics, so they start again. The lock
 * is held. */
static void check_queue(struct stream *s, struct gc_covered_queue *q) {
  bool was_covered = q->is_covered;
  if (!gc_topic_coverage_check(&s->shared.coverage, q, s->deps.channels))
    return;
  if (q->was_refused && s->shared.model != NULL)
    conversations_reset(s->shared.model, q->id, stream_start_now(s));
  q->was_refused = false;
  if (was_covered)
    return;
  q->covered_ms = stream_now(s);
  q->was_compared = false;
}

static void check_coverage(struct stream *s) {
  stream_lock(s);
  for (size_t i = 0; i < s->shared.coverage.count; i++)
    check_queue(s, s->shared.coverage.at[i]);
  stream_unlock(s);
  /* Without a connection or an answer the coverage is not known yet. */
  if (s->shared.listening.is_connected && s->shared.listening.is_answered)
    report_coverage(s, true);
}

/* Reports a rejected topic. The next check_coverage counts it. */
static void on_rejected(void *ctx, const char *topic, void *tag,
                        const char *reason) {
  struct stream *s = ctx;
  struct gc_err err = {.code = GC_OK};
  char cause[GC_TOPIC_SIZE + 16];
  gc_topic_coverage_reject(&s->shared.coverage, tag, reason);
  if (s->feed.rejections++ >= REJECTIONS_MAX)
    return;
  snprintf(cause, sizeof(cause), "topic %s", topic);
  (void)gc_fail(&err, GC_ERR_PERMISSION,
                "not given: %s; give the OAuth client a role with the "
                "permission (routing:queue:view at least) in the queue's "
                "division",
                reason);
  s->deps.notice(s->deps.ctx, cause, &err);
}

/* Resets the counters of queues that are newly selected. Until now these had
 * only conversations of other queues' topics. */
static void reset_new_queues(struct stream *s) {
  stream_lock(s);
  for (size_t i = 0; i < s->shared.coverage.count; i++) {
    struct gc_covered_queue *q = s->shared.coverage.at[i];
    if (q->is_new && s->shared.model != NULL)
      conversations_reset(s->shared.model, q->id, stream_start_now(s));
    q->is_new = false;
  }
  stream_unlock(s);
}

/* ---- callbacks of the channels ---- */

static void on_connected(void *ctx) {
  struct stream *s = ctx;
  stream_lock(s);
  update_channel_state(s, stream_now(s));
  stream_unlock(s);
  char what[64];
  snprintf(what, sizeof(what), "events of %zu queues",
           s->shared.coverage.count);
  stream_announce(s, what);
  stream_make_model(s);
  stream_take_settings(s);
  check_coverage(s);
  s->snapshot(s->snapshot_ctx);
}

static void on_gap(void *ctx, uint64_t blind_ms) {
  struct stream *s = ctx;
  uint64_t now_ms = stream_now(s);
  stream_lock(s);
  gc_listening_blind(&s->shared.listening, now_ms, blind_ms);
  update_channel_state(s, now_ms);
  if (s->shared.model != NULL)
    conversations_gap(s->shared.model);
  stream_unlock(s);
}

static void on_message(void *ctx, const struct gc_message *m) {
  struct stream *s = ctx;
  const struct cv_event *event = NULL;
  enum gc_code code =
      cv_decoder_read(s->feed.decoder, m->bytes, m->len, &event, NULL);
  struct gc_unknown_words *words = cv_decoder_unknown(s->feed.decoder);
  stream_lock(s);
  s->shared.unknown = words->total;
  s->shared.malformed += code != GC_OK;
  s->shared.others += code == GC_OK && event == NULL;
  if (code == GC_OK && event != NULL)
    stream_note_times(s, event);
  if (code == GC_OK && event != NULL && s->shared.model != NULL)
    s->shared.lost += conversations_apply(s->shared.model, event) != GC_OK;
  stream_unlock(s);
  if (code != GC_OK || event == NULL)
    stream_report_odd(s, m->len);
  stream_report_words(s, words);
}

/* ---- the source ---- */

static void tick_notifications(struct stream *s, uint64_t now_ms) {
  stream_lock(s);
  update_channel_state(s, now_ms);
  stream_unlock(s);
  if (s->feed.ticks % CHECK_TICKS == 0 && s->shared.listening.is_connected)
    check_coverage(s);
}

static enum gc_code start_listening(struct stream *s) {
  s->feed.listener =
      (struct gc_channels_listener){.timeouts = queues_timeouts(s->options),
                                    .connected = on_connected,
                                    .gap = on_gap,
                                    .message = on_message,
                                    .rejected = on_rejected,
                                    .ctx = s};
  s->shared.coverage.names = &gc_conversation_topic_names;
  gc_channels_listen(s->deps.channels, &s->feed.listener);
  return GC_OK;
}

static void select_topics(struct stream *s, const struct selection *selection) {
  struct gc_err err = {.code = GC_OK};
  struct gc_topic_coverage gone;
  stream_lock(s);
  err.code = gc_topic_coverage_update(&s->shared.coverage, selection->ids,
                                      selection->count, &gone);
  if (selection->count == 0)
    gc_listening_idle(&s->shared.listening);
  stream_unlock(s);
  if (err.code != GC_OK) {
    (void)gc_fail(&err, err.code, "the topics: %s", gc_code_words(err.code));
    s->deps.notice(s->deps.ctx, "topics", &err);
    return;
  }
  gc_topic_coverage_leave(&gone, s->deps.channels, &s->feed.listener);
  stream_take_settings(s);
  s->feed.rejections = 0;
  reset_new_queues(s);
  (void)!gc_topic_coverage_subscribe(&s->shared.coverage, selection->ids,
                                     selection->count, s->deps.channels,
                                     &s->feed.listener);
  if (gc_topic_coverage_without_room(&s->shared.coverage) > 0)
    report_coverage(s, false);
}

static void stop_listening(struct stream *s) {
  gc_channels_unlisten(s->deps.channels, &s->feed.listener);
}

const struct stream_source stream_notifications = {.has_topics = true,
                                                   .has_server_times = true,
                                                   .word_default =
                                                       cv_word_default,
                                                   .start = start_listening,
                                                   .select = select_topics,
                                                   .tick = tick_notifications,
                                                   .stop = stop_listening};
