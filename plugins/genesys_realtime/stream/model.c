/* SPDX-License-Identifier: MIT */
/* The conversation model of a stream, for all its sources: creates it, dates
 * its events and gives it the queues' settings. */
#include <stdio.h>
#include <string.h>

#include "common/genesys/entity_page.h"
#include "plugins/genesys_realtime/stream/internal.h"

static struct gc_clock_verdict judge(const struct stream *s) {
  struct gc_clock_verdict clock;
  gc_api_judge_clock(s->deps.api, &clock);
  return clock;
}

/* Events without server times are dated by the monotonic clock: a step of the
 * wall clock changes no wait. */
int64_t stream_server_now(const struct stream *s) {
  return s->source->has_server_times ? judge(s).server_ms
                                     : s->epoch_ms + (int64_t)stream_now(s);
}

/* ---- the date of the start ---- */

int64_t stream_start_now(const struct stream *s) {
  return s->source->has_server_times && s->feed.start_clock.is_final
             ? judge(s).latest_ms
             : s->feed.start_clock.epoch_ms + (int64_t)stream_now(s);
}

void stream_date_start(struct stream *s) {
  int64_t before_ms = s->feed.start_clock.epoch_ms;
  struct gc_clock_verdict clock = judge(s);
  gc_start_clock_update(&s->feed.start_clock, &clock, stream_now(s));
  if (s->shared.model != NULL && s->feed.start_clock.epoch_ms != before_ms)
    conversations_move_start(s->shared.model,
                             s->feed.start_clock.epoch_ms - before_ms);
}

void stream_note_times(struct stream *s, const struct cv_event *event) {
  if (cv_event_newest_ms(event) != 0)
    gc_api_state_time(s->deps.api, cv_event_newest_ms(event));
  if (!s->feed.start_clock.is_final)
    stream_date_start(s);
}

/* ---- targets ---- */

static enum gc_code set_queue_targets(struct stream *s,
                                      const struct gc_entry *e) {
  for (int t = 0; e != NULL && t < GC_TARGET_COUNT; t++) {
    const char *media = gc_target_media((enum gc_target)t);
    GC_TRY(conversations_target(s->shared.model, e->id, cv_media_find(media),
                                gc_entry_target_ms(e, media)));
  }
  return GC_OK;
}

/* Sets each queue's own targets, by medium. The lock is held. A source without
 * topics may report any queue. */
static enum gc_code set_targets(struct stream *s,
                                const struct gc_entities *entities) {
  bool has_topics = s->source->has_topics;
  size_t count =
      has_topics ? s->shared.coverage.count : gc_entities_count(entities);
  for (size_t i = 0; i < count; i++)
    GC_TRY(set_queue_targets(
        s, has_topics ? gc_entities_find(entities, s->shared.coverage.at[i]->id)
                      : gc_entities_at(entities, i)));
  return GC_OK;
}

/* ---- series that begin with 0 before the first contact ---- */

/* Series that begin before the first contact take at most half of MaxSeries:
 * the rest is for the gauges and for the contacts that come. */
enum { EXPECTED_SHARE = 2, OUTCOME_SERIES = 8 /* without the buckets */ };

static bool is_in_media(const struct stream *s, const char *label) {
  for (size_t i = 0; i < s->options->media.count; i++)
    if (strcmp(s->options->media.at[i], label) == 0)
      return true;
  return false;
}

/* Returns true if contacts of the medium are certain: Media names it or,
 * without Media, the queue itself has a target for it. */
static bool is_certain(const struct stream *s, const struct gc_entry *e,
                       const char *label) {
  return s->options->media.count > 0
             ? is_in_media(s, label)
             : e != NULL && gc_entry_target_ms(e, label) > 0;
}

/* Counts the queues for which the medium is certain, and makes their counters
 * if `makes`. The lock is held. */
static size_t visit_expected(struct stream *s,
                             const struct gc_entities *entities,
                             enum cv_media media, bool makes) {
  const char *label = cv_media_label(media);
  size_t pairs = 0;
  for (size_t i = 0; i < s->shared.coverage.count; i++) {
    const char *id = s->shared.coverage.at[i]->id;
    if (!is_certain(s, entities != NULL ? gc_entities_find(entities, id) : NULL,
                    label))
      continue;
    pairs++;
    if (makes)
      s->shared.lost +=
          conversations_expect(s->shared.model, id, media) == GC_ERR_MEMORY;
  }
  return pairs;
}

/* Numbers of pairs of queue and medium. */
struct expected {
  size_t certain; /* contacts are certain */
  size_t left;    /* of these: their counters begin with the first contact */
};

static size_t series_of_pair(const struct stream *s) {
  return OUTCOME_SERIES + s->options->wait_buckets.count;
}

/* Makes the counters of one medium after the other, voice first, as long as
 * those of all queues fit. */
static struct expected expect_contacts(struct stream *s,
                                       const struct gc_entities *entities) {
  struct expected all = {0};
  size_t room = s->options->series_max / EXPECTED_SHARE / series_of_pair(s);
  if (room > STREAM_PAIRS_MAX)
    room = STREAM_PAIRS_MAX;
  for (unsigned i = 0; i < CV_ALL; i++) {
    enum cv_media media = i == 0          ? CV_VOICE
                          : i <= CV_VOICE ? (enum cv_media)(i - 1)
                                          : (enum cv_media)i;
    size_t pairs = visit_expected(s, entities, media, false);
    bool has_room = pairs <= room;
    room = has_room ? room - pairs : 0;
    all.certain += pairs;
    all.left += has_room ? 0 : pairs;
    if (has_room)
      (void)visit_expected(s, entities, media, true);
  }
  return all;
}

/* Logs how many pairs have no counters before their first contact, when the
 * number changes. */
static void report_expected(struct stream *s, const struct expected *all) {
  char raise[48] = "", text[320];
  if (all->left == s->feed.expected_left)
    return;
  s->feed.expected_left = all->left;
  if (all->left == 0)
    return;
  if (all->certain <= STREAM_PAIRS_MAX)
    snprintf(raise, sizeof(raise), "raise MaxSeries to %zu, or ",
             all->certain * series_of_pair(s) * EXPECTED_SHARE);
  snprintf(
      text, sizeof(text),
      "%zu of %zu pairs of queue and medium get their counters with the "
      "first contact, so a rate may miss it: those of all would take more "
      "than half of MaxSeries; %sname fewer media (Media) or queues (Queue)",
      all->left, all->certain, raise);
  queues_inform(&s->deps, text);
}

void stream_take_settings(struct stream *s) {
  struct gc_entities *entities = gc_names_entities(s->deps.names, GC_QUEUE);
  struct expected all = {.left = s->feed.expected_left};
  stream_lock(s);
  if (entities != NULL && s->shared.model != NULL &&
      !(s->options->target_s > 0) && set_targets(s, entities) != GC_OK)
    s->shared.lost++;
  if (s->shared.model != NULL && s->source->has_topics)
    all = expect_contacts(s, entities);
  stream_unlock(s);
  report_expected(s, &all);
  gc_entities_put(entities);
}

/* ---- the lease ---- */

static void note_lease(struct stream *s, uint64_t fence) {
  if (fence == 0 || fence == s->feed.held_fence)
    return;
  s->feed.held_fence = fence;
  s->feed.held_since_ms = stream_now(s);
}

/* Copies the page, if this agent has the lease. The lease may end meanwhile. */
static bool copy_page(struct gc_lease_page *page, struct gc_buf *fields,
                      uint64_t *ret_fence) {
  *ret_fence = gc_lease_page_fence(page);
  return *ret_fence != 0 && gc_lease_page_copy(page, fields) == GC_OK &&
         gc_lease_page_fence(page) == *ret_fence;
}

/* Sets the times of a model that continues with the counters of the former
 * holder, and `fields` for conversations_restore. Does nothing without a lease.
 * Returns false when another agent has the lease. */
static bool take_over_page(struct stream *s, struct gc_buf *fields,
                           struct conversations_settings *settings) {
  if (s->deps.page == NULL)
    return true;
  if (!copy_page(s->deps.page, fields, &s->feed.taking_fence))
    return false;
  note_lease(s, s->feed.taking_fence);
  conversations_read_times(fields, settings);
  return true;
}

/* Returns since when the contacts are counted, of the monotonic clock: since
 * the stream began, however late it is connected. With a lease another agent
 * may have counted those before this agent took the lease. */
static uint64_t counting_since_ms(const struct stream *s) {
  uint64_t began_ms = s->shared.listening.began_ms;
  return s->deps.page != NULL && s->feed.held_since_ms > began_ms
             ? s->feed.held_since_ms
             : began_ms;
}

void stream_make_model(struct stream *s) {
  if (s->shared.model != NULL)
    return;
  stream_date_start(s);
  struct gc_err err = {.code = GC_OK};
  const struct queues_options *o = s->options;
  struct conversations_settings settings = {
      .is_guide = o->stream == STREAM_CONVERSATIONS,
      .now_ms = stream_start_now(s),
      .created_ms = stream_now(s),
      .bounds_s = o->wait_buckets.at,
      .bound_count = o->wait_buckets.count,
      .target_ms = (int64_t)(o->target_s * 1000.0 + 0.5),
      .max = o->conversations_max,
      .age_ms = (int64_t)o->conversation_age_s * 1000,
      .pairs_max = STREAM_PAIRS_MAX,
      .wrapups = o->wrapups.at,
      .wrapup_count = o->wrapups.count};
  GC_AUTO(gc_buf_clear) struct gc_buf fields = {.max = GC_LEASE_BOOK_MAX_BYTES};
  if (!take_over_page(s, &fields, &settings))
    return;
  if (settings.counted_ms == 0)
    settings.started_ms =
        settings.now_ms - (int64_t)(settings.created_ms - counting_since_ms(s));
  struct conversations *model = conversations_new(&settings, &err);
  if (model != NULL)
    conversations_restore(model, &fields);
  stream_lock(s);
  s->shared.model = model;
  s->shared.model_fence = s->feed.taking_fence;
  stream_unlock(s);
  s->deps.notice(s->deps.ctx, "conversations", &err);
}

void stream_follow_lease(struct stream *s) {
  struct conversations *former = NULL;
  if (s->deps.page == NULL)
    return;
  uint64_t fence = gc_lease_page_fence(s->deps.page);
  note_lease(s, fence);
  stream_lock(s);
  if (fence != 0 && s->shared.model_fence != fence) {
    former = s->shared.model;
    s->shared.model = NULL;
  }
  bool is_due =
      s->shared.model == NULL && fence != 0 && s->shared.listening.is_connected;
  bool is_left_out = s->shared.is_left_out;
  stream_unlock(s);
  conversations_free(former);
  if (is_due) {
    stream_make_model(s);
    stream_take_settings(s);
  }
  struct gc_err err = {.code = GC_OK};
  if (is_left_out)
    (void)gc_fail(
        &err, GC_ERR_LIMIT,
        "the lease carries %d MB of counters, and this account has "
        "more: those of the next holder begin at 0; name fewer queues in "
        "this block, or share them with Shard",
        GC_LEASE_BOOK_MAX_BYTES >> 20);
  s->deps.notice(s->deps.ctx, "handover", &err);
}

void stream_announce(struct stream *s, const char *what) {
  char text[128];
  if (s->feed.is_announced)
    return;
  s->feed.is_announced = true;
  snprintf(text, sizeof(text), "the stream is open: %s", what);
  queues_inform(&s->deps, text);
}

void stream_report_odd(const struct stream *s, size_t len) {
  struct gc_err err;
  (void)gc_fail(&err, GC_ERR_PARSE,
                "a message of %zu bytes is no event of a conversation; it is "
                "counted (events) and ignored",
                len);
  s->deps.notice(s->deps.ctx, "messages", &err);
}

void stream_report_words(const struct stream *s,
                         struct gc_unknown_words *words) {
  const struct gc_unknown_word *word;
  while ((word = gc_unknown_words_next(words)) != NULL) {
    struct gc_err err;
    char cause[GC_UNKNOWN_WORD_MAX_BYTES + 64];
    snprintf(cause, sizeof(cause), "%s \"%s\"", word->kind, word->text);
    (void)gc_fail(&err, GC_ERR_PARSE,
                  "this word of conversation events is unknown: %s. Report it "
                  "if numbers look wrong",
                  s->source->word_default(word->kind));
    s->deps.notice(s->deps.ctx, cause, &err);
  }
}
