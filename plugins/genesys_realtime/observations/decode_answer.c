/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "plugins/genesys_realtime/observations/datum.h"

enum {
  ANSWER_MAX_BYTES = 256 << 20, /* the kept facts are far smaller */
  STRING_MAX_BYTES = 1 << 20,
};

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
};

struct obs_decoder {
  struct observations *into;
  struct gc_json_stream *stream;

  struct obs_facts facts;
  size_t results;
  struct obs_ids ids; /* ids of the answer's lists */

  /* The first fact and id of the present result. */
  size_t group_begin, group_ids_begin;
  uint32_t queue, media;

  struct obs_datum datum;
  bool is_truncated; /* the list of ids is not complete */
  size_t ids_begin;  /* the first id of the element's list */
};

/* Adds an id of a list. Too many ids are no failure: the list then counts as
 * truncated. */
static enum gc_code add_listed(struct obs_decoder *d,
                               const struct gc_json_value *v) {
  if (v->kind != GC_JSON_STRING || v->len == 0)
    return GC_OK;
  struct uuid_key id = uuid_key_read(v->text, v->len);
  enum gc_code code = obs_ids_add(&d->ids, &id, 1);
  d->is_truncated |= code == GC_ERR_LIMIT;
  return code == GC_ERR_LIMIT ? GC_OK : code;
}

static enum gc_code map_presence(struct observations *o,
                                 const struct gc_json_at *at,
                                 const struct gc_json_value *v) {
  if (v->kind != GC_JSON_STRING || v->len == 0)
    return GC_OK;
  return observations_map(o, v->text, v->len, at->key, at->key_len);
}

#define IN_RESULT(key) GC_JSON_PATH3(K_RESULTS, GC_JSON_ITEM, key)
#define IN_GROUP(key) GC_JSON_PATH4(K_RESULTS, GC_JSON_ITEM, K_GROUP, key)
#define IN_DATA(key)                                                           \
  GC_JSON_PATH5(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM, key)
#define IN_DETAIL(key)                                                         \
  GC_JSON_PATH7(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM, K_DETAILS,      \
                GC_JSON_ITEM, key)
#define IN_STATS(key)                                                          \
  GC_JSON_PATH6(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM, K_STATS, key)

/* Reads numbers below "stats", where the observation query has them, and in the
 * element itself, where the activity queries have them (API reference,
 * observation queries). */
static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct obs_decoder *d = ctx;
  switch (at->path) {
  case IN_GROUP(K_QUEUE_ID):
    return v->kind == GC_JSON_STRING && v->len > 0
               ? gc_intern_put(&d->into->ids, v->text, v->len, &d->queue)
               : GC_OK;
  case IN_GROUP(K_MEDIA_TYPE):
    return obs_media_put(d->into, v, &d->media);
  case IN_DATA(K_METRIC):
    obs_datum_metric(&d->datum, v);
    return GC_OK;
  case IN_DATA(K_QUALIFIER):
    obs_datum_qualifier(&d->datum, v);
    return GC_OK;
  case IN_DATA(K_SECONDARY):
    obs_datum_secondary(&d->datum, v);
    return GC_OK;
  case IN_STATS(K_COUNT):
  case IN_DATA(K_COUNT):
    obs_datum_count(&d->datum, v);
    return GC_OK;
  case IN_STATS(K_CALCULATED):
  case IN_DATA(K_CALCULATED):
    obs_datum_calculated(&d->datum, v);
    return GC_OK;
  case IN_STATS(GC_JSON_OTHER):
  case IN_DATA(GC_JSON_OTHER):
    obs_datum_other(&d->datum, at, v);
    return GC_OK;
  case IN_DATA(K_TRUNCATED):
    d->is_truncated |= v->kind == GC_JSON_BOOL && v->truth;
    return GC_OK;
  case IN_DETAIL(K_CONVERSATION_ID):
    return add_listed(d, v);
  case GC_JSON_PATH3(K_MAPPINGS, GC_JSON_OTHER, GC_JSON_ITEM):
    return map_presence(d->into, at, v);
  default:
    return GC_OK;
  }
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct obs_decoder *d = ctx;
  if (at->path == GC_JSON_PATH2(K_RESULTS, GC_JSON_ITEM)) {
    d->group_begin = d->facts.count;
    d->group_ids_begin = d->ids.count;
    d->queue = d->media = OBS_NONE;
  } else if (at->path ==
             GC_JSON_PATH4(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM)) {
    obs_datum_begin(&d->datum);
    d->is_truncated = false;
    d->ids_begin = d->ids.count;
  }
  return GC_OK;
}

/* Returns true if the list has every counted conversation. */
static bool is_listed(const struct obs_decoder *d, int64_t count) {
  size_t listed = d->ids.count - d->ids_begin;
  return !d->is_truncated && count >= 0 && (uint64_t)count == listed;
}

static enum gc_code end_datum(struct obs_decoder *d) {
  const struct obs_datum *datum = &d->datum;
  struct obs_others into = {&d->into->others, &d->into->unknown,
                            &d->into->ignored, &d->into->presences};
  struct obs_fact fact;
  bool is_reported;
  if (datum->metric < 0) {
    d->ids.count = d->ids_begin;
    return obs_others_take(&into, &d->datum, &d->facts);
  }
  enum obs_about about = obs_metrics[datum->metric].about;
  if (about != OBS_CONTACTS)
    d->ids.count = d->ids_begin;
  GC_TRY(obs_datum_fact(datum, d->into, &fact, &is_reported));
  bool is_unread = obs_datum_is_unread(datum);
  d->into->ignored += is_unread;
  if (!is_reported &&
      (about == OBS_CONTACTS || (about != OBS_OLDEST && is_unread)))
    fact = (struct obs_fact){.queue = OBS_NONE,
                             .qualifier = OBS_NONE,
                             .metric = (uint8_t)datum->metric,
                             .is_unreadable = true};
  else if (!is_reported || (about == OBS_OLDEST && fact.value == 0))
    return GC_OK;
  fact.is_listed =
      about == OBS_CONTACTS && is_reported && is_listed(d, datum->count);
  return obs_facts_add(&d->facts, &fact);
}

/* Sets the queue of all facts at the end of the result, because "group" may
 * follow "data". */
static void end_result(struct obs_decoder *d) {
  d->results++;
  if (d->queue == OBS_NONE) {
    d->into->ignored += (uint32_t)(d->facts.count - d->group_begin);
    d->facts.count = d->group_begin;
    d->ids.count = d->group_ids_begin;
    return;
  }
  for (size_t i = d->group_begin; i < d->facts.count; i++) {
    d->facts.at[i].queue = d->queue;
    d->facts.at[i].media = d->media;
  }
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct obs_decoder *d = ctx;
  if (at->path == GC_JSON_PATH4(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM))
    return end_datum(d);
  if (at->path == GC_JSON_PATH2(K_RESULTS, GC_JSON_ITEM))
    end_result(d);
  return GC_OK;
}

static const struct gc_json_reader reader = {
    .keys = keys,
    .key_count = GC_COUNT(keys),
    .bytes_max = ANSWER_MAX_BYTES,
    .string_max = STRING_MAX_BYTES,
    .open = on_open,
    .close = on_close,
    .value = on_value,
};

struct obs_decoder *obs_decoder_new(struct observations *into) {
  struct obs_decoder *d = gc_zalloc(1, sizeof(*d));
  d->into = into;
  d->stream = gc_json_stream_new(&reader, d);
  return d;
}

void obs_decoder_free(struct obs_decoder *d) {
  if (d == NULL)
    return;
  gc_json_stream_free(d->stream);
  obs_facts_clear(&d->facts);
  obs_ids_clear(&d->ids);
  free(d);
}

static void sink_begin(void *ctx) {
  struct obs_decoder *d = ctx;
  gc_json_stream_reset(d->stream);
  d->facts.count = d->results = d->ids.count = 0;
}

static enum gc_code sink_write(void *ctx, const char *bytes, size_t len,
                               struct gc_err *err) {
  struct obs_decoder *d = ctx;
  return gc_json_stream_feed(d->stream, bytes, len, err);
}

struct gc_sink obs_decoder_sink(struct obs_decoder *d) {
  return (struct gc_sink){.begin = sink_begin, .write = sink_write, .ctx = d};
}

/* Notes that no number but 0 has a list, because the ids do not fit into the
 * model. */
static void clear_listed(struct obs_decoder *d) {
  for (size_t i = 0; i < d->facts.count; i++)
    d->facts.at[i].is_listed &= d->facts.at[i].value == 0;
}

static enum gc_code add_facts(struct obs_decoder *d) {
  enum gc_code code = obs_ids_add(&d->into->listed, d->ids.at, d->ids.count);
  if (code == GC_ERR_LIMIT)
    clear_listed(d);
  else if (code != GC_OK)
    return code;
  return observations_add(d->into, d->facts.at, d->facts.count);
}

enum gc_code obs_decoder_finish(struct obs_decoder *d, size_t *ret_results,
                                struct gc_err *err) {
  GC_TRY(gc_json_stream_end(d->stream, err));
  enum gc_code code = add_facts(d);
  if (code != GC_OK)
    return gc_fail(err, code, "observations: %s", gc_code_words(code));
  if (ret_results != NULL)
    *ret_results = d->results;
  d->facts.count = d->ids.count = 0;
  return GC_OK;
}
