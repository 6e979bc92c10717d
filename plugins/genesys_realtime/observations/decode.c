/* SPDX-License-Identifier: MIT */
/* The decoder of answers and of pushed messages. Their shapes differ in the
 * place of the elements {"metric","qualifier","count"…}, which become facts:
 *
 *   answer         results[].data[]     group in results[], numbers in the
 *                                       element or in its "stats"
 *   .observations  data[].metrics[]     one group, numbers in "stats"
 *   .activity      results[].data[]     mediaType in results[]
 *   guide          [] or LIST[]         a row has all numbers
 *
 * Members come in any order. Facts are kept until the document is complete. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/hash.h"
#include "common/base/timestamp.h"
#include "common/genesys/clean_name.h"
#include "common/genesys/notification.h"
#include "plugins/genesys_realtime/observations/observations.h"

enum {
  ANSWER_MAX_BYTES = 256 << 20, /* the kept facts are far smaller */
  STRING_MAX_BYTES = 1 << 20,
  FACTS_MAX = 4 << 20,
  QUALIFIER_MAX_BYTES = 64,
};

/* Larger counts are wrong and are cut to these, so that sums over statuses do
 * not overflow. */
#define COUNT_MAX (INT64_C(1) << 40)
#define GUIDE_COUNT_MAX INT64_C(1000000000000)

enum {
  K_RESULTS = 1,
  K_GROUP,
  K_QUEUE_ID,
  K_MEDIA_TYPE,
  K_DATA,
  K_METRIC,
  K_QUALIFIER,
  K_SECONDARY,
  K_STATS,
  K_COUNT,
  K_CALCULATED,
  K_MAPPINGS,
  K_TRUNCATED,
  K_DETAILS,
  K_CONVERSATION_ID,
  K_INTERVAL,
  K_METRICS,
  K_LIST,
  K_ID,
  K_NAME,
  K_QUEUED, /* and so on, in the order of enum obs_guide_metric */
  K_WAITING,
  K_AVAILABLE,
  K_BUSY,
};

static const struct gc_json_key keys[] = {
    {"results", K_RESULTS},
    {"group", K_GROUP},
    {"queueId", K_QUEUE_ID},
    {"mediaType", K_MEDIA_TYPE},
    {"data", K_DATA},
    {"metric", K_METRIC},
    {"qualifier", K_QUALIFIER},
    {"secondaryQualifier", K_SECONDARY},
    {"stats", K_STATS},
    {"count", K_COUNT},
    {"calculatedMetricValue", K_CALCULATED},
    {"systemToOrganizationMappings", K_MAPPINGS},
    {"truncated", K_TRUNCATED},
    {"observations", K_DETAILS},
    {"conversationId", K_CONVERSATION_ID},
    {"interval", K_INTERVAL},
    {"metrics", K_METRICS},
    {"entities", K_LIST},
    {"queues", K_LIST},
    {"id", K_ID},
    {"name", K_NAME},
    {"queued", K_QUEUED},
    {"waiting", K_WAITING},
    {"agentAvailable", K_AVAILABLE},
    {"agentBusy", K_BUSY},
};

/* A part has facts of one queue, medium and time. */
enum shape { ANSWER, OBSERVATIONS, ACTIVITY, GUIDE };

static const struct {
  uint64_t part, element;
} paths[] = {
    [ANSWER] = {GC_JSON_PATH2(K_RESULTS, GC_JSON_ITEM),
                GC_JSON_PATH4(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM)},
    [OBSERVATIONS] = {GC_JSON_PATH2(K_DATA, GC_JSON_ITEM),
                      GC_JSON_PATH4(K_DATA, GC_JSON_ITEM, K_METRICS,
                                    GC_JSON_ITEM)},
    [ACTIVITY] = {GC_JSON_PATH2(K_RESULTS, GC_JSON_ITEM),
                  GC_JSON_PATH4(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM)},
    [GUIDE] = {UINT64_MAX, UINT64_MAX}, /* it has rows instead */
};

/* A number of an element. */
struct count {
  bool is_known;  /* a whole number */
  bool is_unread; /* any other value but null */
  int64_t value;
  double number; /* as it came; NAN: none */
};

/* The present element. */
struct element {
  int metric;      /* enum obs_metric, or -1 */
  bool is_unknown; /* no metric, or one that is not documented */
  struct count count, calculated;
  char qualifier[QUALIFIER_MAX_BYTES];
  uint64_t secondary;              /* as in struct obs_fact */
  char name[GC_UNKNOWN_WORD_SIZE]; /* of an unknown metric */
  struct gc_other_numbers others;
  bool is_truncated; /* the list of ids is not complete */
  size_t ids_begin;  /* the first id of its list */
};

struct obs_decoder {
  struct gc_json_reader reader;
  struct gc_json_stream *stream;
  struct observations *into;
  enum shape shape;

  /* Of the document. */
  struct obs_fact *facts;
  size_t fact_count, fact_cap;
  struct obs_ids ids; /* of its lists */
  size_t results;
  uint32_t ignored; /* numbers that are not kept */

  /* Of the present part. */
  uint32_t queue, media;
  size_t part_facts, part_ids; /* the first ones */
  uint32_t part_ignored;       /* those before */
  /* A running total of an interval: its metrics are those of aggregates, so
   * that their names and words are not kept. */
  bool is_total;
  struct gc_intern names;
  struct gc_unknown_words words;
  int64_t at_ms;

  struct element now;
  struct obs_fact row[OBS_GUIDE_COUNT]; /* GUIDE: the present row */
};

static enum gc_code add_fact(struct obs_decoder *d,
                             const struct obs_fact *fact) {
  if (d->fact_count == d->fact_cap) {
    size_t cap = d->fact_cap == 0 ? 256 : d->fact_cap * 2;
    if (cap > FACTS_MAX)
      return GC_ERR_LIMIT;
    struct obs_fact *facts = realloc(d->facts, cap * sizeof(*facts));
    if (facts == NULL)
      return GC_ERR_MEMORY;
    d->facts = facts;
    d->fact_cap = cap;
  }
  d->facts[d->fact_count++] = *fact;
  return GC_OK;
}

/* ---- values ---- */

/* Interns a text; ignores any other value. */
static enum gc_code put_text(struct gc_intern *in,
                             const struct gc_json_value *v, uint32_t *ret) {
  return v->kind == GC_JSON_STRING && v->len > 0 && v->text[0] != '\0'
             ? gc_intern_put(in, v->text, v->len, ret)
             : GC_OK;
}

/* Interns a media type in lower case ("VOICE" becomes "voice"), cleaned for an
 * identity; ignores any other value. */
static enum gc_code put_media(struct obs_decoder *d,
                              const struct gc_json_value *v, uint32_t *ret) {
  char lower[OBS_MEDIA_SIZE], clean[GC_NAME_SIZE];
  if (v->kind != GC_JSON_STRING || v->len == 0 || v->len >= sizeof(lower))
    return GC_OK;
  for (size_t i = 0; i < v->len; i++)
    lower[i] = gc_lower(v->text[i]);
  if (!gc_name_clean(clean, lower, v->len))
    return GC_OK;
  return gc_intern_put(&d->into->media, clean, strlen(clean), ret);
}

static void read_metric(struct element *e, const struct gc_json_value *v) {
  int i = 0;
  while (i < OBS_METRIC_COUNT && !gc_json_is(v, obs_metrics[i].name))
    i++;
  e->metric = i < OBS_METRIC_COUNT ? i : -1;
  /* Documented metrics of the topics that give no value of a queue. */
  e->is_unknown = e->metric < 0 && !gc_json_is(v, "oFlow") &&
                  !gc_json_is(v, "oLongestInteracting");
  if (e->is_unknown && v->kind == GC_JSON_STRING)
    gc_unknown_word_copy(e->name, v->text, v->len);
}

static void read_qualifier(struct element *e, const struct gc_json_value *v) {
  if (v->kind != GC_JSON_STRING || v->len >= sizeof(e->qualifier))
    return;
  memcpy(e->qualifier, v->text, v->len);
  e->qualifier[v->len] = '\0';
}

static void read_count(struct count *c, const struct gc_json_value *v) {
  double number;
  c->is_known = gc_json_int(v, &c->value);
  c->is_unread = !c->is_known && v->kind != GC_JSON_NULL;
  c->number =
      gc_json_real(v, &number) && isfinite(number) ? number : (double)NAN;
}

static enum gc_code read_element(struct obs_decoder *d,
                                 const struct gc_json_at *at,
                                 const struct gc_json_value *v) {
  struct element *e = &d->now;
  switch (at->path & 0xff) {
  case K_METRIC:
    read_metric(e, v);
    break;
  case K_QUALIFIER:
    read_qualifier(e, v);
    break;
  case K_SECONDARY:
    if (v->kind == GC_JSON_STRING && v->len > 0)
      e->secondary = gc_hash_add(GC_HASH_INIT, v->text, v->len) | 1;
    break;
  case K_COUNT:
    read_count(&e->count, v);
    break;
  case K_CALCULATED:
    read_count(&e->calculated, v);
    break;
  case K_TRUNCATED:
    e->is_truncated |= v->kind == GC_JSON_BOOL && v->truth;
    break;
  case GC_JSON_OTHER:
    (void)gc_other_numbers_read(&e->others, at->key, strlen(at->key), v);
    break;
  default:
    break;
  }
  return GC_OK;
}

/* Reads an interval: "T/T" is a moment, "HH:00/HH:30" a running total since
 * HH:00. Any other value but null counts as ignored: the numbers count as those
 * of now. */
static void read_interval(struct obs_decoder *d,
                          const struct gc_json_value *v) {
  int64_t begin_ms, end_ms;
  if (v->kind != GC_JSON_STRING ||
      gc_interval_parse(v->text, v->len, &begin_ms, &end_ms, NULL) != GC_OK) {
    d->ignored += v->kind != GC_JSON_NULL;
    return;
  }
  d->is_total = begin_ms < end_ms;
  d->at_ms = begin_ms > 0 ? begin_ms : 0;
}

/* Adds an id of a list. Too many ids are no failure: the list then counts as
 * truncated. */
static enum gc_code add_listed(struct obs_decoder *d,
                               const struct gc_json_value *v) {
  if (v->kind != GC_JSON_STRING || v->len == 0)
    return GC_OK;
  struct uuid_key id = uuid_key_read(v->text, v->len);
  enum gc_code code = obs_ids_add(&d->ids, &id, 1);
  d->now.is_truncated |= code == GC_ERR_LIMIT;
  return code == GC_ERR_LIMIT ? GC_OK : code;
}

/* ---- rows of the guide dialect: in a plain array, or in one below a member
 * ---- */

static bool is_row(uint64_t path) {
  return path == GC_JSON_PATH1(GC_JSON_ITEM) ||
         path == GC_JSON_PATH2(K_LIST, GC_JSON_ITEM) ||
         path == GC_JSON_PATH2(K_RESULTS, GC_JSON_ITEM);
}

/* A value that is not a number is absent; unless it is null, it counts as
 * ignored. */
static enum gc_code read_row(struct obs_decoder *d, uint64_t key,
                             const struct gc_json_value *v) {
  double real = 0.0;
  if (key == K_ID)
    return put_text(&d->into->ids, v, &d->queue);
  if (key == K_NAME)
    return put_text(&d->into->guide_names, v, &d->row[0].qualifier);
  if (key == K_MEDIA_TYPE)
    return put_media(d, v, &d->media);
  if (key < K_QUEUED || key - K_QUEUED >= OBS_GUIDE_COUNT)
    return GC_OK;
  bool is_number = gc_json_real(v, &real) && isfinite(real);
  d->ignored += !is_number && v->kind != GC_JSON_NULL;
  if (is_number)
    d->row[key - K_QUEUED].value = real <= 0.0 ? 0
                                   : real < (double)GUIDE_COUNT_MAX
                                       ? (int64_t)real
                                       : GUIDE_COUNT_MAX;
  return GC_OK;
}

/* ---- the events of the document ---- */

static enum gc_code map_presence(struct observations *o,
                                 const struct gc_json_at *at,
                                 const struct gc_json_value *v) {
  return v->kind == GC_JSON_STRING && v->len > 0
             ? observations_map(o, v->text, v->len, at->key, at->key_len)
             : GC_OK;
}

static bool is_group(const struct obs_decoder *d, uint64_t path) {
  uint64_t part = paths[d->shape].part;
  return path == part || path == (part << 8 | K_GROUP) ||
         path == GC_JSON_PATH1(K_GROUP);
}

/* The observation query has numbers below "stats", the activity queries have
 * them in the element itself (API reference, observation queries). */
static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct obs_decoder *d = ctx;
  uint64_t parent = at->path >> 8, key = at->path & 0xff,
           element = paths[d->shape].element;
  if (d->shape == GUIDE)
    return is_row(parent) ? read_row(d, key, v) : GC_OK;
  if (parent == element || parent == (element << 8 | K_STATS))
    return read_element(d, at, v);
  if (parent == (element << 16 | K_DETAILS << 8 | GC_JSON_ITEM) &&
      key == K_CONVERSATION_ID)
    return add_listed(d, v);
  if (key == K_QUEUE_ID && is_group(d, parent))
    return put_text(&d->into->ids, v, &d->queue);
  if (key == K_MEDIA_TYPE && is_group(d, parent))
    return put_media(d, v, &d->media);
  if (key == K_INTERVAL && parent == paths[d->shape].part)
    read_interval(d, v);
  if (parent == GC_JSON_PATH2(K_MAPPINGS, GC_JSON_OTHER))
    return map_presence(d->into, at, v);
  return GC_OK;
}

/* A message of .observations has one group for all its parts. */
static void begin_part(struct obs_decoder *d) {
  d->part_facts = d->fact_count;
  d->part_ids = d->ids.count;
  d->part_ignored = d->ignored;
  d->is_total = false;
  d->at_ms = 0;
  gc_unknown_words_clear(&d->words);
  if (d->shape != OBSERVATIONS)
    d->queue = d->media = OBS_NONE;
}

static void begin_row(struct obs_decoder *d) {
  begin_part(d);
  for (unsigned i = 0; i < OBS_GUIDE_COUNT; i++)
    d->row[i] = (struct obs_fact){.qualifier = OBS_NONE,
                                  .metric = (uint8_t)(OBS_GUIDE + i),
                                  .value = OBS_GUIDE_ABSENT};
}

static void begin_element(struct obs_decoder *d) {
  struct element *e = &d->now;
  e->metric = -1;
  e->is_unknown = true;
  e->count = e->calculated = (struct count){.number = (double)NAN};
  e->qualifier[0] = e->name[0] = '\0';
  e->secondary = 0;
  gc_other_numbers_clear(&e->others);
  e->is_truncated = false;
  e->ids_begin = d->ids.count;
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct obs_decoder *d = ctx;
  if (d->shape == GUIDE && is_row(at->path) && at->kind == GC_JSON_OBJECT)
    begin_row(d);
  else if (at->path == paths[d->shape].part)
    begin_part(d);
  else if (at->path == paths[d->shape].element)
    begin_element(d);
  return GC_OK;
}

/* ---- the end of an element ---- */

static bool is_presence(const struct obs_decoder *d, const char *word) {
  uint32_t number;
  return gc_intern_find(&d->into->presences, word, strlen(word), &number);
}

/* Takes a number of an unknown metric, if no part of its name may identify a
 * customer or a conversation. */
static enum gc_code take_number(struct obs_decoder *d, const char *member,
                                double number) {
  const struct element *e = &d->now;
  struct obs_fact fact = {.metric = OBS_OTHER, .number = number};
  enum gc_code code = GC_ERR_LIMIT;
  if (isnan(number))
    return GC_OK;
  if (gc_other_word_is_name(e->qualifier) || is_presence(d, e->qualifier))
    code = gc_other_name_put(&d->names, e->name, e->qualifier, member,
                             OBS_OTHER_MAX_BYTES, &fact.qualifier);
  if (code == GC_OK)
    return add_fact(d, &fact);
  d->ignored++;
  return code == GC_ERR_LIMIT ? GC_OK : code;
}

static enum gc_code take_unknown(struct obs_decoder *d) {
  const struct element *e = &d->now;
  const struct gc_other_numbers *others = &e->others;
  if (!e->is_unknown)
    return GC_OK;
  gc_unknown_words_add(&d->words, "metric", e->name, strlen(e->name));
  d->ignored += others->lost;
  d->ignored += others->count == 0 && isnan(e->count.number) &&
                isnan(e->calculated.number);
  GC_TRY(take_number(d, "count", e->count.number));
  GC_TRY(take_number(d, "calculatedMetricValue", e->calculated.number));
  for (unsigned i = 0; i < others->count; i++)
    GC_TRY(take_number(d, others->at[i].name, others->at[i].number));
  return GC_OK;
}

/* Returns true if the list has every counted conversation. A message has no
 * lists, and a 0 no conversations. */
static bool is_listed(const struct obs_decoder *d, int64_t count) {
  size_t listed = d->ids.count - d->now.ids_begin;
  return !d->now.is_truncated && count >= 0 && (uint64_t)count == listed;
}

static enum gc_code put_qualifier(struct obs_decoder *d, enum obs_about about,
                                  uint32_t *ret) {
  const char *word = d->now.qualifier;
  struct gc_intern *in = about == OBS_ROUTING    ? &d->into->statuses
                         : about == OBS_PRESENCE ? &d->into->presences
                                                 : NULL;
  *ret = OBS_NONE;
  return in == NULL || word[0] == '\0'
             ? GC_OK
             : gc_intern_put(in, word, strlen(word), ret);
}

/* A time of 0 or less becomes 0, which stands for no contact. */
static int64_t bound_value(int64_t value, bool is_time) {
  return value <= 0 ? 0 : is_time || value < COUNT_MAX ? value : COUNT_MAX;
}

static enum gc_code end_element(struct obs_decoder *d) {
  const struct element *e = &d->now;
  bool is_message = d->shape != ANSWER;
  enum obs_about about =
      e->metric >= 0 ? obs_metrics[e->metric].about : OBS_AGENTS;
  bool is_time = about == OBS_OLDEST;
  const struct count *c = is_time ? &e->calculated : &e->count;
  struct obs_fact fact = {.metric = (uint8_t)e->metric,
                          .secondary = e->secondary,
                          .is_partial = is_message,
                          .is_unreadable = !c->is_known};
  if (d->is_total)
    return GC_OK;
  fact.is_listed = c->is_known && is_listed(d, c->value);
  if (about != OBS_CONTACTS)
    d->ids.count = e->ids_begin;
  if (e->metric < 0)
    return take_unknown(d);
  d->ignored += c->is_unread;
  if (!c->is_known &&
      (is_message || is_time || (about != OBS_CONTACTS && !c->is_unread)))
    return GC_OK;
  fact.value = c->is_known ? bound_value(c->value, is_time) : 0;
  if (is_time && fact.value == 0 && !is_message)
    return GC_OK;
  GC_TRY(put_qualifier(d, about, &fact.qualifier));
  return add_fact(d, &fact);
}

/* ---- the end of a part ---- */

/* Replaces the part's names of unknown metrics by those of the model. Drops
 * numbers whose name finds no room. */
static enum gc_code name_others(struct obs_decoder *d) {
  size_t kept = d->part_facts;
  for (size_t i = d->part_facts; i < d->fact_count; i++) {
    struct obs_fact fact = d->facts[i];
    enum gc_code code = GC_OK;
    if (fact.metric == OBS_OTHER) {
      const char *name = gc_intern_text(&d->names, fact.qualifier);
      code =
          gc_intern_put(&d->into->others, name, strlen(name), &fact.qualifier);
    }
    if (code == GC_OK)
      d->facts[kept++] = fact;
    else if (code != GC_ERR_LIMIT)
      return code;
    else
      d->ignored++;
  }
  d->fact_count = kept;
  gc_intern_clear(&d->names);
  return GC_OK;
}

/* Sets queue, medium and time of the part's facts at its end, because they may
 * follow the numbers. */
static enum gc_code end_part(struct obs_decoder *d) {
  size_t count = d->fact_count - d->part_facts;
  d->results++;
  if (d->is_total) {
    d->fact_count = d->part_facts;
    d->ignored = d->part_ignored;
    gc_unknown_words_clear(&d->words);
  } else if (d->queue == OBS_NONE && d->shape == ANSWER) {
    d->ignored += (uint32_t)count;
    d->fact_count = d->part_facts;
    d->ids.count = d->part_ids;
  }
  if (d->words.total > 0)
    gc_unknown_words_move(&d->into->unknown, &d->words);
  if (d->names.count > 0)
    GC_TRY(name_others(d));
  for (size_t i = d->part_facts; i < d->fact_count; i++) {
    d->facts[i].queue = d->queue;
    d->facts[i].media = d->media;
    d->facts[i].at_ms = d->at_ms;
  }
  return GC_OK;
}

static enum gc_code end_row(struct obs_decoder *d) {
  for (unsigned i = 0; i < OBS_GUIDE_COUNT && d->queue != OBS_NONE; i++)
    GC_TRY(add_fact(d, &d->row[i]));
  d->ignored += d->queue == OBS_NONE;
  return end_part(d);
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct obs_decoder *d = ctx;
  if (d->shape == GUIDE && is_row(at->path) && at->kind == GC_JSON_OBJECT)
    return end_row(d);
  if (at->path == paths[d->shape].element)
    return end_element(d);
  return at->path == paths[d->shape].part ? end_part(d) : GC_OK;
}

/* ---- answers ---- */

struct obs_decoder *obs_decoder_new(struct observations *into, bool is_guide) {
  struct obs_decoder *d = gc_zalloc(1, sizeof(*d));
  d->into = into;
  d->shape = is_guide ? GUIDE : ANSWER;
  d->names.max = GC_OTHER_NAMES_MAX;
  d->reader = (struct gc_json_reader){
      .keys = keys,
      .key_count = GC_COUNT(keys),
      .bytes_max = into != NULL ? ANSWER_MAX_BYTES : GC_MESSAGE_MAX_BYTES,
      .string_max = STRING_MAX_BYTES,
      .open = on_open,
      .close = on_close,
      .value = on_value};
  d->stream = gc_json_stream_new(&d->reader, d);
  return d;
}

void obs_decoder_free(struct obs_decoder *d) {
  if (d == NULL)
    return;
  gc_json_stream_free(d->stream);
  free(d->facts);
  obs_ids_clear(&d->ids);
  gc_intern_clear(&d->names);
  free(d);
}

static void begin_document(struct obs_decoder *d) {
  d->fact_count = d->ids.count = d->results = d->ignored = 0;
  gc_intern_clear(&d->names);
  d->queue = d->media = OBS_NONE;
}

static void sink_begin(void *ctx) {
  struct obs_decoder *d = ctx;
  gc_json_stream_reset(d->stream);
  begin_document(d);
}

static enum gc_code sink_write(void *ctx, const char *bytes, size_t len,
                               struct gc_err *err) {
  struct obs_decoder *d = ctx;
  return gc_json_stream_feed(d->stream, bytes, len, err);
}

struct gc_sink obs_decoder_sink(struct obs_decoder *d) {
  return (struct gc_sink){.begin = sink_begin, .write = sink_write, .ctx = d};
}

/* If the ids do not fit into the model, no number but 0 has a list. */
static enum gc_code add_facts(struct obs_decoder *d) {
  enum gc_code code = obs_ids_add(&d->into->listed, d->ids.at, d->ids.count);
  if (code != GC_OK && code != GC_ERR_LIMIT)
    return code;
  for (size_t i = 0; code == GC_ERR_LIMIT && i < d->fact_count; i++)
    d->facts[i].is_listed &= d->facts[i].value == 0;
  d->into->ignored += d->ignored;
  return observations_add(d->into, d->facts, d->fact_count);
}

enum gc_code obs_decoder_finish(struct obs_decoder *d, size_t *ret_results,
                                struct gc_err *err) {
  GC_TRY(gc_json_stream_end(d->stream, err));
  enum gc_code code = add_facts(d);
  if (code != GC_OK)
    return gc_fail(err, code, "observations: %s", gc_code_words(code));
  if (ret_results != NULL)
    *ret_results = d->results;
  begin_document(d);
  return GC_OK;
}

/* ---- pushed messages ---- */

static const char topic_head[] = "v2.analytics.queues.";
static const char *const topic_ends[OBS_TOPIC_COUNT] = {
#define XX(id, end, content) [OBS_TOPIC_##id] = end,
    OBS_TOPIC_MAP(XX)
#undef XX
};

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
  *ret_id = name + head_len;
  *ret_id_len = strcspn(*ret_id, ".");
  const char *end = *ret_id + *ret_id_len;
  unsigned i = 0;
  while (i < OBS_TOPIC_COUNT &&
         (*end == '\0' || strcasecmp(end + 1, topic_ends[i]) != 0))
    i++;
  *ret_topic = (enum obs_topic)i;
  return *ret_id_len > 0 && i < OBS_TOPIC_COUNT;
}

/* A message has one queue: that of its group or, without one, of its topic. The
 * group may follow the facts. */
static enum gc_code add_message(struct obs_decoder *d, const char *id,
                                size_t len) {
  if (d->queue == OBS_NONE && d->fact_count > 0)
    GC_TRY(gc_intern_put(&d->into->ids, id, len, &d->queue));
  for (size_t i = 0; i < d->fact_count; i++) {
    d->facts[i].queue = d->queue;
    if (d->shape == OBSERVATIONS)
      d->facts[i].media = d->media;
  }
  return add_facts(d);
}

enum gc_code obs_pushed_read(struct obs_decoder *d, struct observations *live,
                             const char *topic, const char *body, size_t len,
                             size_t *ret_facts, struct gc_err *err) {
  enum obs_topic kind;
  const char *id;
  size_t id_len;
  if (ret_facts != NULL)
    *ret_facts = 0;
  if (body == NULL || !obs_topic_read(topic, &kind, &id, &id_len))
    return GC_OK;
  d->into = live;
  d->shape = kind == OBS_TOPIC_ACTIVITY ? ACTIVITY : OBSERVATIONS;
  begin_document(d);
  GC_TRY(gc_json_stream_next(d->stream, body, len, err));
  enum gc_code code = add_message(d, id, id_len);
  if (code != GC_OK)
    return gc_fail(err, code, "%.160s: %s", topic, gc_code_words(code));
  if (ret_facts != NULL)
    *ret_facts = d->fact_count;
  return GC_OK;
}
