/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/glob.h"
#include "common/genesys/clean_name.h"

/* The names of one batch: ten SQS messages of 1 MB, or one body of 4 MB. */
enum { NAMES_MAX_BYTES = 64 << 20, FIRST_CAP = 64 };

void ledger_source_notice(const struct ledger_source *source, const char *cause,
                          const struct gc_err *err) {
  if (source->notice != NULL)
    source->notice(source->ctx, cause, err);
}

/* Reports what a reader did not understand in its last body, which it has
 * counted in `counts`. */
static void report_unread(const struct ledger_source *source,
                          const struct event_reader *r,
                          const struct event_counts *counts) {
  struct gc_err err;
  if (counts->untimed > 0) {
    (void)gc_fail(
        &err, GC_ERR_PARSE,
        "the name of a metric has a time of the form \"%s\", which is "
        "not read; it is not counted (events-malformed-time) and its "
        "event not acknowledged: write a time of ISO 8601 with its "
        "zone, such as 2023-03-05T08:18:04.568Z",
        event_reader_time_form(r));
    ledger_source_notice(source, "unread times", &err);
  }
  if (event_counts_unread(counts) == counts->untimed)
    return;
  (void)gc_fail(&err, GC_ERR_PARSE,
                "an event has metrics at a place that is not understood (%s); "
                "it is not acknowledged: compare its form with those in the "
                "README",
                event_reader_shape(r));
  ledger_source_notice(source, "unread events", &err);
}

/* Returns what the first byte of a body says about it. */
static const char *nature_of(const char *body, size_t len) {
  unsigned char first = len > 0 ? (unsigned char)body[0] : 0;
  if (len == 0)
    return "it is empty";
  if (first == 0x1f)
    return "it is compressed, which the sender must not do";
  if (first == '<')
    return "it is XML or HTML";
  return first == '{' || first == '['
             ? "its JSON is not whole, or not of objects"
             : "it is no JSON";
}

static void report_no_event(const struct ledger_source *source,
                            const char *body, size_t len) {
  struct gc_err err;
  (void)gc_fail(&err, GC_ERR_PARSE,
                "a body of %zu bytes is no event (events-malformed-json): %s; "
                "it is not acknowledged: see who sends it",
                len, nature_of(body, len));
  ledger_source_notice(source, "no events", &err);
}

static struct occurrence *next_occurrence(struct batch *b) {
  if (b->count < b->cap)
    return &b->occurrences[b->count];
  size_t cap = b->cap == 0 ? FIRST_CAP : b->cap * 2;
  struct occurrence *bigger = realloc(b->occurrences, cap * sizeof(*bigger));
  if (bigger == NULL)
    return NULL;
  b->occurrences = bigger;
  b->cap = cap;
  return &b->occurrences[b->count];
}

/* Returns the outcome that keeps a name from being counted; OUTCOME_COUNT for a
 * name that counts. */
static enum outcome check_name(const struct name_filter *f, const char *name,
                               size_t len) {
  char text[ATTRIBUTE_MAX_BYTES + 1];
  if (f->count == 0)
    return gc_name_has_number(name, len) ? OUTCOME_REFUSED : OUTCOME_COUNT;
  memcpy(text, name, len);
  text[len] = '\0';
  return gc_glob_accepts(f->patterns, f->count, text, NULL) ? OUTCOME_COUNT
                                                            : OUTCOME_FILTERED;
}

/* Reports a refused name without showing it, because it may be a customer's
 * data. */
static void report_refused(const struct ledger_source *source, const char *what,
                           const char *option) {
  struct gc_err err;
  (void)gc_fail(&err, GC_ERR_LIMIT,
                "the name of a %s has %d digits or more, as a telephone number "
                "has; it is not counted (events-refused): correct the flow, or "
                "name it in %s if it is meant",
                what, GC_NAME_DIGITS_MAX, option);
  ledger_source_notice(source, "refused names", &err);
}

/* Returns false for a metric that does not count. */
static bool is_selected(const struct ledger_source *source,
                        const struct attribute *a) {
  enum outcome why = check_name(&source->flows, a->flow, a->flow_len);
  bool is_flow = why != OUTCOME_COUNT;
  if (!is_flow)
    why = check_name(&source->metrics, a->metric, a->metric_len);
  if (why == OUTCOME_COUNT)
    return true;
  source->stats->outcomes[why]++;
  if (why == OUTCOME_REFUSED)
    report_refused(source, is_flow ? "flow" : "metric",
                   is_flow ? "Flow" : "Metric");
  return false;
}

enum gc_code batch_add(void *ctx, const struct event_metric *m) {
  struct batch *b = ctx;
  if (!is_selected(b->source, &m->parts))
    return GC_OK;
  struct occurrence *o = next_occurrence(b);
  if (o == NULL)
    return GC_ERR_MEMORY;
  b->names.max = NAMES_MAX_BYTES;
  *o = (struct occurrence){.names = b->names.len,
                           .value = m->has_value ? m->value : 0,
                           .has_value = m->has_value};
  o->key = seen_key_of(b->source->is_shared ? "" : b->source->scope,
                       m->conversation, m->name, m->name_len, m->parts.time_ms);
  GC_TRY(gc_buf_add(&b->names, m->parts.flow, m->parts.flow_len));
  GC_TRY(gc_buf_add(&b->names, "", 1));
  GC_TRY(gc_buf_add(&b->names, m->parts.metric, m->parts.metric_len));
  GC_TRY(gc_buf_add(&b->names, "", 1));
  b->count++;
  return GC_OK;
}

enum gc_code batch_read(struct batch *b, struct event_reader *r,
                        const char *body, size_t len, bool *ret_unread) {
  struct event_counts counts = {.events = 0};
  const struct event_sink sink = {batch_add, b};
  size_t before = b->count;
  enum gc_code code = event_read(r, body, len, &counts, &sink, NULL);
  event_counts_add(&b->counts, &counts);
  *ret_unread = code == GC_OK && event_counts_unread(&counts) > 0;
  if (*ret_unread)
    report_unread(b->source, r, &counts);
  if (code != GC_OK)
    b->count = before;
  if (code != GC_OK && code != GC_ERR_MEMORY)
    report_no_event(b->source, body, len);
  return code;
}

void batch_truncate(struct batch *b, size_t count) {
  if (count < b->count)
    b->count = count;
}

bool batch_doubts_clock(const struct batch *b) {
  return b->is_doubtful && b->ahead == b->count;
}

void batch_report_ahead(const struct batch *b) {
  struct gc_err err = {.code = GC_OK};
  if (b->ahead > 0 && b->is_doubtful)
    (void)gc_fail(&err, GC_ERR_STATE,
                  "%zu attributes are more than a day ahead of this host's "
                  "clock, and no other clock confirms it; they are not "
                  "acknowledged, and count if they are delivered again when "
                  "the clock is right: check the time of this host (NTP), or "
                  "the flow that sets the attributes",
                  b->ahead);
  else if (b->ahead > 0)
    (void)gc_fail(&err, GC_ERR_STATE,
                  "%zu attributes are more than a day ahead, by two clocks; "
                  "they are not counted and not acknowledged: correct the "
                  "flow that sets the attributes",
                  b->ahead);
  ledger_source_notice(b->source, "attributes ahead", &err);
}

void batch_clear(struct batch *b) {
  free(b->occurrences);
  gc_buf_clear(&b->names);
  b->occurrences = NULL;
  b->count = b->cap = 0;
}
