/* SPDX-License-Identifier: MIT */
#include "probe/contacts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/json/document.h"
#include "common/base/strmap.h"
#include "common/genesys/metric.h"
#include "plugins/genesys_realtime/conversations/conversations.h"
#include "plugins/genesys_realtime/stream/guide_decode.h"

enum {
  CONVERSATIONS_MAX = 100000,
  PAIRS_MAX = 100000,
  BODY_MAX = 4 << 20,
  WHAT_SIZE = 200,
  KEY_SIZE = CV_QUEUE_ID_SIZE + 8,
};

/* The counters of a queue and medium as they were reported last. */
struct seen {
  char key[KEY_SIZE];
  struct conversations_totals totals;
};

struct probe_contacts {
  struct cv_decoder *decoder;
  struct guide_decoder *guide_decoder;
  struct conversations *model, *guide; /* a dialect has a model of its own */
  struct gc_strmap seen, guide_seen;   /* struct seen */
  struct gc_buf body;                  /* of an envelope */
};

static struct conversations *new_model(bool is_guide) {
  const struct conversations_settings settings = {.is_guide = is_guide,
                                                  .max = CONVERSATIONS_MAX,
                                                  .age_ms = INT64_MAX / 2,
                                                  .pairs_max = PAIRS_MAX};
  return conversations_new(&settings, NULL);
}

struct probe_contacts *probe_contacts_new(void) {
  struct probe_contacts *c = gc_zalloc(1, sizeof(*c));
  c->body.max = BODY_MAX;
  c->decoder = cv_decoder_new();
  c->guide_decoder = guide_decoder_new();
  c->model = new_model(false);
  c->guide = new_model(true);
  return c;
}

static void seen_clear(struct gc_strmap *map) {
  for (size_t i = 0; i < map->room; i++)
    if (map->slots[i].key != NULL)
      free(map->slots[i].value);
  gc_strmap_clear(map);
}

void probe_contacts_free(struct probe_contacts *c) {
  seen_clear(&c->seen);
  seen_clear(&c->guide_seen);
  gc_buf_clear(&c->body);
  cv_decoder_free(c->decoder);
  guide_decoder_free(c->guide_decoder);
  conversations_free(c->model);
  conversations_free(c->guide);
  free(c);
}

/* ---- what a message has changed ---- */

static struct seen *find_seen(struct gc_strmap *map, const char *queue,
                              enum cv_media media) {
  char key[KEY_SIZE];
  snprintf(key, sizeof(key), "%s %d", queue, (int)media);
  struct seen *s = gc_strmap_get(map, key);
  if (s != NULL)
    return s;
  s = gc_zalloc(1, sizeof(*s));
  memcpy(s->key, key, sizeof(s->key));
  gc_strmap_put(map, s->key, s);
  return s;
}

/* A queue and medium whose counters may have changed, and the receiver of their
 * rows. */
struct change {
  const char *queue;
  enum cv_media media;
  const struct probe_contact_sink *sink;
  size_t *rows;
};

static enum gc_code put_change(const struct change *c,
                               enum probe_contact outcome,
                               enum gc_metric_id metric, const char *qualifier,
                               uint64_t now, uint64_t before) {
  char what[WHAT_SIZE];
  if (now <= before)
    return GC_OK;
  (*c->rows)++;
  snprintf(what, sizeof(what), "%s/%s-%s%s",
           c->queue[0] != '\0' ? c->queue : "(no queue)",
           gc_metric(metric)->name, cv_media_label(c->media), qualifier);
  return c->sink->row(c->sink->ctx, outcome, what, now - before);
}

/* Reports how much a counter has grown and, if `takes_back`, how much less of
 * it follows from the facts than before. */
static enum gc_code put_counter(const struct change *c, bool takes_back,
                                enum gc_metric_id metric, const char *qualifier,
                                unsigned counter,
                                const struct conversations_totals *now,
                                const struct conversations_totals *before) {
  uint64_t is = now->counted.at[counter], was = before->counted.at[counter];
  GC_TRY(put_change(c, PROBE_CONTACT_COUNTED, metric, qualifier, is, was));
  return !takes_back ? GC_OK
                     : put_change(c, PROBE_CONTACT_TAKEN_BACK, metric,
                                  qualifier, is - now->facts.at[counter],
                                  was - before->facts.at[counter]);
}

static enum gc_code put_states(const struct change *c,
                               const struct conversations_totals *now,
                               const struct conversations_totals *before) {
  static const char *const labels[CV_STATE_COUNT] = {
#define XX(id, label) [CV_STATE_##id] = label,
      CV_STATE_MAP(XX)
#undef XX
  };
  for (unsigned i = 0; i < CV_COUNTERS - CV_CHANGES; i++) {
    char qualifier[32];
    snprintf(qualifier, sizeof(qualifier), "-%s-%s", labels[i / CV_STATE_COUNT],
             labels[i % CV_STATE_COUNT]);
    GC_TRY(put_counter(c, true, GC_METRIC_STATE_CHANGES, qualifier,
                       CV_CHANGES + i, now, before));
  }
  return GC_OK;
}

/* Reports the counters of a queue and medium that have grown. */
static enum gc_code put_totals(struct conversations *m, struct gc_strmap *map,
                               const struct change *c) {
  static const struct {
    unsigned counter;
    enum gc_metric_id metric;
    bool takes_back;
  } rows[] = {
      {CV_OFFERS, GC_METRIC_QUEUE_OFFER, false},
      {CV_ANSWERS, GC_METRIC_QUEUE_ANSWER, false},
      {CV_ABANDONS, GC_METRIC_QUEUE_ABANDON, true},
      {CV_TRANSFERS, GC_METRIC_QUEUE_TRANSFER, true},
  };
  struct conversations_totals now;
  struct seen *s = find_seen(map, c->queue, c->media);
  if (!conversations_totals(m, c->queue, c->media, &now))
    return GC_OK;
  const struct conversations_totals before = s->totals;
  s->totals = now;
  for (size_t i = 0; i < GC_COUNT(rows); i++)
    GC_TRY(put_counter(c, rows[i].takes_back, rows[i].metric, "",
                       rows[i].counter, &now, &before));
  return put_states(c, &now, &before);
}

static enum gc_code put_words(struct gc_unknown_words *words,
                              const struct probe_contact_sink *sink) {
  const struct gc_unknown_word *word;
  while ((word = gc_unknown_words_next(words)) != NULL) {
    char what[WHAT_SIZE];
    snprintf(what, sizeof(what), "%s \"%s\"", word->kind, word->text);
    GC_TRY(sink->row(sink->ctx, PROBE_CONTACT_WORD, what, 1));
  }
  return GC_OK;
}

/* ---- a snapshot ---- */

static enum gc_code put_parties(struct probe_contacts *c,
                                const struct cv_event *e,
                                const struct probe_contact_sink *sink,
                                size_t *rows) {
  for (unsigned i = 0; i < e->count; i++) {
    const struct cv_party *p = &e->parties[i];
    const struct change change = {.queue = p->queue_text,
                                  .media = (enum cv_media)p->media,
                                  .sink = sink,
                                  .rows = rows};
    if (cv_is_kept(p))
      GC_TRY(put_totals(c->model, &c->seen, &change));
  }
  return GC_OK;
}

/* Returns why a snapshot with new facts counts nothing. */
static enum probe_contact reason_of(const struct cv_event *e) {
  bool has_agent = false, has_contact = false, is_later = false;
  for (unsigned i = 0; i < e->count; i++) {
    const struct cv_party *p = &e->parties[i];
    if (!cv_is_kept(p))
      continue;
    has_agent |= p->purpose == CV_AGENT;
    has_contact |= p->purpose == CV_ACD;
    is_later |= p->purpose == CV_ACD && (p->connected_ms == 0 || p->scheduled);
  }
  return !has_agent && !has_contact ? PROBE_CONTACT_NO_QUEUE
         : is_later                 ? PROBE_CONTACT_LATER
         : !has_contact             ? PROBE_CONTACT_NO_OFFER
                                    : PROBE_CONTACT_NO_COUNT;
}

static enum gc_code apply_snapshot(struct probe_contacts *c,
                                   const struct cv_event *e,
                                   const struct probe_contact_sink *sink) {
  struct conversations_stats before, now;
  size_t rows = 0;
  conversations_stats(c->model, &before);
  enum gc_code code = conversations_apply(c->model, e);
  if (code != GC_OK)
    return code;
  conversations_stats(c->model, &now);
  GC_TRY(put_parties(c, e, sink, &rows));
  GC_TRY(put_words(cv_decoder_unknown(c->decoder), sink));
  if (e->dropped > 0)
    GC_TRY(sink->row(sink->ctx, PROBE_CONTACT_LEFT_OUT, NULL, e->dropped));
  if (rows > 0)
    return GC_OK;
  enum probe_contact reason = reason_of(e);
  if (reason != PROBE_CONTACT_NO_QUEUE && now.news == before.news)
    reason = PROBE_CONTACT_KNOWN;
  return sink->row(sink->ctx, reason, NULL, 1);
}

/* ---- the guide dialect ---- */

/* The replay has no times of arrival; all events have this one. */
enum { ARRIVAL_MS = 1 };

static enum gc_code apply_state(struct probe_contacts *c,
                                const struct guide_event *e,
                                const struct probe_contact_sink *sink) {
  struct conversations_stats before, now;
  size_t rows = 0;
  const struct change change = {.queue = e->queue_text,
                                .media = (enum cv_media)e->media,
                                .sink = sink,
                                .rows = &rows};
  conversations_stats(c->guide, &before);
  enum gc_code code = conversations_apply_state(c->guide, e, ARRIVAL_MS);
  if (code != GC_OK)
    return code;
  conversations_stats(c->guide, &now);
  GC_TRY(put_totals(c->guide, &c->guide_seen, &change));
  GC_TRY(put_words(guide_decoder_unknown(c->guide_decoder), sink));
  if (rows > 0)
    return GC_OK;
  return sink->row(sink->ctx,
                   now.news == before.news ? PROBE_CONTACT_KNOWN
                                           : PROBE_CONTACT_NO_COUNT,
                   NULL, 1);
}

/* ---- one line ---- */

/* Copies the message of {"detail":{…}} to c->body. Returns false when the line
 * has none. */
static bool open_envelope(struct probe_contacts *c, const char *line,
                          size_t len) {
  GC_AUTO(gc_document_clear) struct gc_document d = {0};
  gc_buf_reset(&c->body);
  if (gc_document_read(&d, line, len, BODY_MAX, NULL) != GC_OK)
    return false;
  struct json_object *detail = gc_document_member(d.root, "detail");
  struct gc_document inner = {.root = detail}; /* borrowed */
  return gc_document_text(detail, "topicName") != NULL &&
         gc_document_write(&inner, &c->body, NULL) == GC_OK;
}

static bool is_control(const char *line, size_t len) {
  struct gc_notification n;
  if (gc_notification_read(line, len, &n, NULL) != GC_OK)
    return false;
  return n.kind != GC_NOTIFICATION_EVENT && n.kind != GC_NOTIFICATION_REPLY;
}

static const struct cv_event *read_snapshot(struct probe_contacts *c,
                                            const char *line, size_t len) {
  const struct cv_event *event = NULL;
  if (cv_decoder_read(c->decoder, line, len, &event, NULL) == GC_OK &&
      event != NULL)
    return event;
  if (!open_envelope(c, line, len) ||
      cv_decoder_read(c->decoder, c->body.data, c->body.len, &event, NULL) !=
          GC_OK)
    return NULL;
  return event;
}

enum gc_code probe_contacts_line(struct probe_contacts *c, const char *line,
                                 size_t len,
                                 const struct probe_contact_sink *sink,
                                 bool *ret_is_one) {
  const struct guide_event *state = NULL;
  *ret_is_one = true;
  const struct cv_event *event = read_snapshot(c, line, len);
  if (event != NULL)
    return apply_snapshot(c, event, sink);
  if (decode_guide_event(c->guide_decoder, line, len, &state, NULL) == GC_OK &&
      state != NULL)
    return apply_state(c, state, sink);
  if (is_control(line, len))
    return sink->row(sink->ctx, PROBE_CONTACT_CONTROL, NULL, 1);
  *ret_is_one = false;
  return GC_OK;
}
