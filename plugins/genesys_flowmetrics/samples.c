/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/samples.h"

#include <stdio.h>

struct dispatch {
  uint64_t now_ms;
  uint32_t interval_ms;
  samples_put put;
  void *ctx;
};

static bool put_flow(const struct dispatch *d, const struct ledger_view *v,
                     int64_t count, double sum) {
  struct gc_sample sample = {.metric = GC_METRIC_FLOW_METRIC,
                             .instance = v->flow,
                             .qualifier = v->metric,
                             .values = {{.derive = count}},
                             .interval_ms = d->interval_ms};
  if (!d->put(d->ctx, v->scope, &sample))
    return false;
  if (!v->has_sum)
    return true;
  sample.metric = GC_METRIC_FLOW_METRIC_VALUE;
  sample.values[0] = (union gc_number){.gauge = sum};
  (void)!d->put(d->ctx, v->scope, &sample);
  return true;
}

/* Dispatches a series that has changed, or that was dispatched an interval ago.
 * The first value is repeated until the store has recorded it
 * (ledger/series.h). */
static void put_due(struct ledger *l, const struct dispatch *d,
                    const struct ledger_view *v) {
  struct series *s = v->series;
  int64_t count = v->has_first ? v->first_count : v->count;
  bool is_changed = !s->has_sent || s->sent_count != v->count;
  if (d->now_ms < s->next_ms && !is_changed)
    return;
  if (!put_flow(d, v, count, v->has_first ? v->first_sum : v->sum))
    return;
  s->has_sent = true;
  s->sent_count = count;
  s->next_ms = d->now_ms + d->interval_ms;
  if (v->has_first)
    ledger_first_sent(l, s);
}

void samples_flow(struct ledger *l, uint64_t now_ms, uint32_t interval_ms,
                  samples_put put, void *ctx) {
  const struct dispatch d = {now_ms, interval_ms, put, ctx};
  struct ledger_view v;
  for (size_t i = 0; ledger_read(l, i, &v); i++)
    if (v.series != NULL)
      put_due(l, &d, &v);
}

/* ---- self-telemetry ---- */

static const char *const outcome_words[] = {
#define XX(id, word) [OUTCOME_##id] = word,
    OUTCOME_MAP(XX)
#undef XX
};

static const struct {
  const char *word;
  enum gc_metric_id metric;
  enum samples_of of;
} tallies[] = {
    [TALLY_BATCHES] = {"committed", GC_METRIC_BATCHES, SAMPLES_ALL},
    [TALLY_BATCHES_FAILED] = {"failed", GC_METRIC_BATCHES, SAMPLES_ALL},
    [TALLY_SQS_RECEIVED] = {"received", GC_METRIC_SQS_MESSAGES, SAMPLES_SQS},
    [TALLY_SQS_DELETED] = {"deleted", GC_METRIC_SQS_MESSAGES, SAMPLES_SQS},
    [TALLY_SQS_NOT_DELETED] = {"not_deleted", GC_METRIC_SQS_MESSAGES,
                               SAMPLES_SQS},
    [TALLY_SQS_POISON] = {"poison", GC_METRIC_SQS_MESSAGES, SAMPLES_SQS},
    [TALLY_SQS_REQUESTS] = {"all", GC_METRIC_SQS_REQUESTS, SAMPLES_SQS},
    [TALLY_SQS_THROTTLED] = {"throttled", GC_METRIC_SQS_REQUESTS, SAMPLES_SQS},
    [TALLY_WEB_200] = {"200", GC_METRIC_WEBHOOK_REQUESTS, SAMPLES_WEB},
    [TALLY_WEB_400] = {"400", GC_METRIC_WEBHOOK_REQUESTS, SAMPLES_WEB},
    [TALLY_WEB_401] = {"401", GC_METRIC_WEBHOOK_REQUESTS, SAMPLES_WEB},
    [TALLY_WEB_404] = {"404", GC_METRIC_WEBHOOK_REQUESTS, SAMPLES_WEB},
    [TALLY_WEB_405] = {"405", GC_METRIC_WEBHOOK_REQUESTS, SAMPLES_WEB},
    [TALLY_WEB_413] = {"413", GC_METRIC_WEBHOOK_REQUESTS, SAMPLES_WEB},
    [TALLY_WEB_415] = {"415", GC_METRIC_WEBHOOK_REQUESTS, SAMPLES_WEB},
    [TALLY_WEB_503] = {"503", GC_METRIC_WEBHOOK_REQUESTS, SAMPLES_WEB},
    [TALLY_WEB_CUT] = {"cut", GC_METRIC_WEBHOOK_REQUESTS, SAMPLES_WEB},
    [TALLY_LOST] = {"lost", GC_METRIC_EVENTS, SAMPLES_STREAM},
};

static void put_events(const struct gc_sample_writer *w,
                       const struct stats *stats) {
  char qualifier[64];
  gc_put_count(w, GC_METRIC_EVENTS, "received", stats->events);
  gc_put_count(w, GC_METRIC_EVENTS, "skipped", stats->skipped);
  gc_put_count(w, GC_METRIC_EVENTS, "unplaced", stats->unplaced);
  for (int i = 0; i < OUTCOME_COUNT; i++)
    if (i != OUTCOME_OVERFLOW)
      gc_put_count(w, GC_METRIC_EVENTS, outcome_words[i], stats->outcomes[i]);
  for (int i = 0; i < MALFORMED_COUNT; i++) {
    snprintf(qualifier, sizeof(qualifier), "malformed-%s",
             malformed_word((enum malformed)i));
    gc_put_count(w, GC_METRIC_EVENTS, qualifier, stats->malformed[i]);
  }
}

static void put_tallies(const struct gc_sample_writer *w, enum samples_of of,
                        const struct stats *stats) {
  for (size_t i = 0; i < GC_COUNT(tallies); i++)
    if (tallies[i].of == SAMPLES_ALL || tallies[i].of == of)
      gc_put_count(w, tallies[i].metric, tallies[i].word, stats->tallies[i]);
}

static void put_stream(const struct gc_sample_writer *w,
                       const struct notifications_state *stream) {
  gc_put_gauge(w, GC_METRIC_STREAM_CONNECTED, "", stream->is_connected);
  gc_put_gauge(w, GC_METRIC_STREAM_TOPICS, "wanted", (double)stream->wanted);
  gc_put_gauge(w, GC_METRIC_STREAM_TOPICS, "covered", (double)stream->covered);
  gc_put_count(w, GC_METRIC_STREAM_RECONNECTS, "", stream->reconnects);
  gc_put_gauge(w, GC_METRIC_STREAM_GAP, "", (double)stream->gap_ms / 1000);
  gc_put_count(w, GC_METRIC_EVENTS, "malformed-frame", stream->malformed);
  gc_put_count(w, GC_METRIC_EVENTS, "other", stream->others);
}

/* Puts whether the source works, and how old its newest answer is. A standby
 * has no outcome, and an old one would look like a failure. */
static void put_source(const struct gc_sample_writer *w,
                       const struct samples_block *b,
                       const struct stats *stats) {
  int64_t lag_ms = stats->lag_ms, answer_ms = stats->answer_ms;
  if (stats->is_tried || !b->is_state_up)
    gc_put_gauge(w, GC_METRIC_SOURCE_UP, b->source,
                 stats->up > 0 && b->is_state_up);
  if (answer_ms > 0)
    gc_put_gauge(w, GC_METRIC_SOURCE_AGE, b->source,
                 (double)((int64_t)b->now_ms - answer_ms) / 1000);
  if (b->of == SAMPLES_SQS && lag_ms >= 0)
    gc_put_gauge(w, GC_METRIC_QUEUE_LAG, b->source, (double)lag_ms / 1000);
  if (b->of == SAMPLES_STREAM)
    gc_put_gauge(w, GC_METRIC_STREAM_SILENCE, "",
                 (double)b->stream.silence_ms / 1000);
}

void samples_state(const struct samples_block *b, const struct stats *stats,
                   const struct gc_samples *out) {
  const struct gc_sample_writer w = {
      .out = out, .instance = b->instance, .interval_ms = b->interval_ms};
  if (!b->is_standby)
    put_source(&w, b, stats);
  if (b->of == SAMPLES_STREAM)
    put_stream(&w, &b->stream);
  put_events(&w, stats);
  put_tallies(&w, b->of, stats);
  if (b->commit_s >= 0)
    gc_put_gauge(&w, GC_METRIC_COMMIT_TIME, "", b->commit_s);
  gc_put_gauge(&w, GC_METRIC_STATE_UP, b->state, b->is_state_up);
  gc_put_gauge(&w, GC_METRIC_SERIES, "", (double)b->series);
  gc_put_gauge(&w, GC_METRIC_FLOWS, "renamed", (double)b->renamed);
  gc_put_count(&w, GC_METRIC_SERIES_OVERFLOW, "",
               stats->outcomes[OUTCOME_OVERFLOW]);
}
