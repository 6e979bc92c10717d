/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/alloc.h"
#include "common/base/timestamp.h"
#include "common/genesys/notification.h"
#include "plugins/genesys_realtime/observations/datum.h"

static const char topic_head[] = "v2.analytics.queues.";
static const char *const topic_ends[OBS_TOPIC_COUNT] = {
#define XX(id, end, content) [OBS_TOPIC_##id] = end,
    OBS_TOPIC_MAP(XX)
#undef XX
};

enum {
  K_GROUP = 1,
  K_QUEUE_ID,
  K_MEDIA_TYPE,
  K_DATA,
  K_INTERVAL,
  K_METRICS,
  K_METRIC,
  K_QUALIFIER,
  K_STATS,
  K_RESULTS,
  K_COUNT,
  K_CALCULATED,
};

static const struct gc_json_key keys[] = {
    {"group", K_GROUP},          {"queueId", K_QUEUE_ID},
    {"mediaType", K_MEDIA_TYPE}, {"data", K_DATA},
    {"interval", K_INTERVAL},    {"metrics", K_METRICS},
    {"metric", K_METRIC},        {"qualifier", K_QUALIFIER},
    {"stats", K_STATS},          {"results", K_RESULTS},
    {"count", K_COUNT},          {"calculatedMetricValue", K_CALCULATED},
};

struct obs_pushed {
  struct gc_json_stream *stream;
  struct observations *into;
  enum obs_topic topic;

  struct obs_facts facts; /* facts of the message */
  uint32_t queue, media;
  size_t part_begin;     /* the first fact of the present data or result */
  uint32_t unknown;      /* numbers in the message that are not kept */
  uint32_t part_unknown; /* those before the present data or result */
  /* Names and unknown metrics of the part, which may be a running total. */
  struct gc_intern names;
  struct gc_unknown_words words;
  bool is_total; /* data: running totals of an interval */
  int64_t at_ms;
  struct obs_datum datum;
};

/* ---- topics ---- */

bool obs_topic_name(enum obs_topic topic, const char *queue_id,
                    char ret_name[GC_TOPIC_SIZE]) {
  int len = snprintf(ret_name, GC_TOPIC_SIZE, "%s%s.%s", topic_head, queue_id,
                     topic_ends[topic]);
  return len > 0 && len < GC_TOPIC_SIZE;
}

bool obs_topic_read(const char *name, enum obs_topic *ret_topic,
                    const char **ret_id, size_t *ret_id_len) {
  const size_t head_len = sizeof(topic_head) - 1;
  if (strncasecmp(name, topic_head, head_len) != 0)
    return false;
  const char *id = name + head_len;
  size_t id_len = strcspn(id, ".");
  if (id_len == 0 || id[id_len] == '\0')
    return false;
  for (int i = 0; i < OBS_TOPIC_COUNT; i++) {
    if (strcasecmp(id + id_len + 1, topic_ends[i]) != 0)
      continue;
    *ret_topic = (enum obs_topic)i;
    *ret_id = id;
    *ret_id_len = id_len;
    return true;
  }
  return false;
}

/* ---- a message ---- */

/* Reads an interval: "T/T" is a moment, "HH:00/HH:30" a running total since
 * HH:00. Any other value but null counts as ignored: the numbers count as those
 * of now. */
static void read_interval(struct obs_pushed *d, const struct gc_json_value *v) {
  int64_t begin_ms, end_ms;
  if (v->kind != GC_JSON_STRING ||
      gc_interval_parse(v->text, v->len, &begin_ms, &end_ms, NULL) != GC_OK) {
    d->unknown += v->kind != GC_JSON_NULL;
    return;
  }
  d->is_total = begin_ms < end_ms;
  d->at_ms = begin_ms > 0 ? begin_ms : 0;
}

#define IN_GROUP(key) GC_JSON_PATH2(K_GROUP, key)
#define DATA GC_JSON_PATH2(K_DATA, GC_JSON_ITEM)
#define METRIC GC_JSON_PATH4(K_DATA, GC_JSON_ITEM, K_METRICS, GC_JSON_ITEM)
#define IN_METRIC(key)                                                         \
  GC_JSON_PATH5(K_DATA, GC_JSON_ITEM, K_METRICS, GC_JSON_ITEM, key)
#define IN_STATS(key)                                                          \
  GC_JSON_PATH6(K_DATA, GC_JSON_ITEM, K_METRICS, GC_JSON_ITEM, K_STATS, key)

static enum gc_code observations_value(struct obs_pushed *d,
                                       const struct gc_json_at *at,
                                       const struct gc_json_value *v) {
  switch (at->path) {
  case IN_GROUP(K_QUEUE_ID):
    return v->kind == GC_JSON_STRING && v->len > 0
               ? gc_intern_put(&d->into->ids, v->text, v->len, &d->queue)
               : GC_OK;
  case IN_GROUP(K_MEDIA_TYPE):
    return obs_media_put(d->into, v, &d->media);
  case GC_JSON_PATH3(K_DATA, GC_JSON_ITEM, K_INTERVAL):
    read_interval(d, v);
    return GC_OK;
  case IN_METRIC(K_METRIC):
    obs_datum_metric(&d->datum, v);
    return GC_OK;
  case IN_METRIC(K_QUALIFIER):
    obs_datum_qualifier(&d->datum, v);
    return GC_OK;
  case IN_STATS(K_COUNT):
    obs_datum_count(&d->datum, v);
    return GC_OK;
  case IN_STATS(K_CALCULATED):
    obs_datum_calculated(&d->datum, v);
    return GC_OK;
  case IN_STATS(GC_JSON_OTHER):
    obs_datum_other(&d->datum, at, v);
    return GC_OK;
  default:
    return GC_OK;
  }
}

#define RESULT GC_JSON_PATH2(K_RESULTS, GC_JSON_ITEM)
#define ROW GC_JSON_PATH4(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM)
#define IN_ROW(key)                                                            \
  GC_JSON_PATH5(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM, key)

static enum gc_code activity_value(struct obs_pushed *d,
                                   const struct gc_json_at *at,
                                   const struct gc_json_value *v) {
  switch (at->path) {
  case GC_JSON_PATH3(K_RESULTS, GC_JSON_ITEM, K_MEDIA_TYPE):
    return obs_media_put(d->into, v, &d->media);
  case IN_ROW(K_METRIC):
    obs_datum_metric(&d->datum, v);
    return GC_OK;
  case IN_ROW(K_COUNT):
    obs_datum_count(&d->datum, v);
    return GC_OK;
  case IN_ROW(K_CALCULATED):
    obs_datum_calculated(&d->datum, v);
    return GC_OK;
  case IN_ROW(GC_JSON_OTHER):
    obs_datum_other(&d->datum, at, v);
    return GC_OK;
  default:
    return GC_OK;
  }
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct obs_pushed *d = ctx;
  return d->topic == OBS_TOPIC_ACTIVITY ? activity_value(d, at, v)
                                        : observations_value(d, at, v);
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct obs_pushed *d = ctx;
  bool is_activity = d->topic == OBS_TOPIC_ACTIVITY;
  if (at->path == (is_activity ? ROW : METRIC)) {
    obs_datum_begin(&d->datum);
  } else if (at->path == (is_activity ? RESULT : DATA)) {
    d->part_begin = d->facts.count;
    d->part_unknown = d->unknown;
    gc_unknown_words_clear(&d->words);
    gc_intern_clear(&d->names);
    d->is_total = false;
    d->at_ms = 0;
    if (is_activity)
      d->media = OBS_NONE;
  }
  return GC_OK;
}

static enum gc_code end_datum(struct obs_pushed *d) {
  struct obs_others others = {&d->names, &d->words, &d->unknown,
                              &d->into->presences};
  struct obs_fact fact;
  bool is_reported;
  if (d->is_total)
    return GC_OK;
  if (d->datum.metric < 0)
    return obs_others_take(&others, &d->datum, &d->facts);
  GC_TRY(obs_datum_fact(&d->datum, d->into, &fact, &is_reported));
  d->unknown += obs_datum_is_unread(&d->datum);
  if (!is_reported)
    return GC_OK;
  fact.is_partial = true;
  fact.is_listed = fact.value == 0;
  return obs_facts_add(&d->facts, &fact);
}

/* Replaces the part's names of unknown metrics by those of the model. Drops
 * numbers whose name finds no room. */
static enum gc_code name_others(struct obs_pushed *d) {
  size_t kept = d->part_begin;
  for (size_t i = d->part_begin; i < d->facts.count; i++) {
    struct obs_fact fact = d->facts.at[i];
    const char *name = gc_intern_text(&d->names, fact.qualifier);
    enum gc_code code = fact.metric == OBS_OTHER
                            ? gc_intern_put(&d->into->others, name,
                                            strlen(name), &fact.qualifier)
                            : GC_OK;
    if (code == GC_OK)
      d->facts.at[kept++] = fact;
    else if (code != GC_ERR_LIMIT)
      return code;
    else
      d->unknown++;
  }
  d->facts.count = kept;
  return GC_OK;
}

/* Sets time and medium of the part's facts at its end, because both may follow
 * the numbers. Drops the facts of a running total, whose metrics are those of
 * aggregates. */
static enum gc_code end_part(struct obs_pushed *d) {
  if (d->is_total) {
    d->facts.count = d->part_begin;
    d->unknown = d->part_unknown;
    gc_unknown_words_clear(&d->words);
  }
  gc_unknown_words_move(&d->into->unknown, &d->words);
  GC_TRY(name_others(d));
  gc_intern_clear(&d->names);
  for (size_t i = d->part_begin; i < d->facts.count; i++) {
    d->facts.at[i].at_ms = d->at_ms;
    d->facts.at[i].media = d->media;
  }
  return GC_OK;
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct obs_pushed *d = ctx;
  bool is_activity = d->topic == OBS_TOPIC_ACTIVITY;
  if (at->path == (is_activity ? ROW : METRIC))
    return end_datum(d);
  if (at->path == (is_activity ? RESULT : DATA))
    return end_part(d);
  return GC_OK;
}

static const struct gc_json_reader reader = {
    .keys = keys,
    .key_count = GC_COUNT(keys),
    .bytes_max = GC_MESSAGE_MAX_BYTES,
    .string_max = GC_MESSAGE_MAX_BYTES,
    .open = on_open,
    .close = on_close,
    .value = on_value,
};

void obs_pushed_free(struct obs_pushed *d) {
  if (d == NULL)
    return;
  gc_json_stream_free(d->stream);
  obs_facts_clear(&d->facts);
  gc_intern_clear(&d->names);
  free(d);
}

struct obs_pushed *obs_pushed_new(void) {
  struct obs_pushed *d = gc_zalloc(1, sizeof(*d));
  d->names.max = GC_OTHER_NAMES_MAX;
  d->stream = gc_json_stream_new(&reader, d);
  return d;
}

/* Adds the facts of a message. A message has one "group" for all its facts. An
 * .activity message has none, so its topic names the queue. */
static enum gc_code add_facts(struct obs_pushed *d, const char *id,
                              size_t len) {
  if (d->queue == OBS_NONE)
    GC_TRY(gc_intern_put(&d->into->ids, id, len, &d->queue));
  for (size_t i = 0; i < d->facts.count; i++) {
    d->facts.at[i].queue = d->queue;
    if (d->topic == OBS_TOPIC_OBSERVATIONS)
      d->facts.at[i].media = d->media;
  }
  return observations_add(d->into, d->facts.at, d->facts.count);
}

enum gc_code obs_pushed_read(struct obs_pushed *d, struct observations *live,
                             const char *topic, const char *body, size_t len,
                             size_t *ret_facts, struct gc_err *err) {
  const char *id;
  size_t id_len;
  if (ret_facts != NULL)
    *ret_facts = 0;
  if (body == NULL || !obs_topic_read(topic, &d->topic, &id, &id_len))
    return GC_OK;
  d->into = live;
  d->queue = d->media = OBS_NONE;
  d->facts.count = d->unknown = 0;
  GC_TRY(gc_json_stream_next(d->stream, body, len, err));
  live->ignored += d->unknown;
  if (d->facts.count == 0)
    return GC_OK;
  enum gc_code code = add_facts(d, id, id_len);
  if (code != GC_OK)
    return gc_fail(err, code, "%.160s: %s", topic, gc_code_words(code));
  if (ret_facts != NULL)
    *ret_facts = d->facts.count;
  return GC_OK;
}
