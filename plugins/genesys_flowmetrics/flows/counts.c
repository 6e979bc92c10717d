/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/flows/counts.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/glob.h"
#include "common/base/json/stream.h"

enum { SEP = '\x1f' };

/* Finds or adds a pair. A new pair has the count 0. */
static enum gc_code find_pair(struct flow_counts *c, const char *flow,
                              const char *media, struct flow_count **ret) {
  char pair[FLOW_ID_SIZE + FLOW_MEDIA_SIZE];
  uint32_t number, before = c->pairs.count;
  if (strlen(flow) >= FLOW_ID_SIZE || strlen(media) >= FLOW_MEDIA_SIZE)
    return GC_ERR_LIMIT;
  int len = snprintf(pair, sizeof(pair), "%s%c%s", flow, SEP, media);
  if (before == c->cap) {
    size_t cap = c->cap == 0 ? 64 : c->cap * 2;
    struct flow_count *at = realloc(c->at, cap * sizeof(*at));
    if (at == NULL)
      return GC_ERR_MEMORY;
    c->at = at;
    c->cap = cap;
  }
  GC_TRY(gc_intern_put(&c->pairs, pair, (size_t)len, &number));
  *ret = &c->at[number];
  if (number == before) {
    **ret = (struct flow_count){.count = 0};
    memcpy((*ret)->flow, flow, strlen(flow) + 1);
    memcpy((*ret)->media, media, strlen(media) + 1);
  }
  return GC_OK;
}

enum gc_code flow_counts_add(struct flow_counts *c, const char *flow,
                             const char *media, int64_t count) {
  struct flow_count *pair;
  GC_TRY(find_pair(c, flow, media, &pair));
  pair->count += count;
  return GC_OK;
}

/* Sets the count of a pair. A pair past the maximum only counts in
 * *ret_overflow. */
static enum gc_code set_count(struct flow_counts *c,
                              const struct flow_count *from, int64_t count,
                              uint64_t *ret_overflow) {
  struct flow_count *pair;
  enum gc_code code = find_pair(c, from->flow, from->media, &pair);
  if (code == GC_OK)
    pair->count = count;
  *ret_overflow += code == GC_ERR_LIMIT;
  return code == GC_ERR_LIMIT ? GC_OK : code;
}

void flow_counts_clear(struct flow_counts *c) {
  gc_intern_clear(&c->pairs);
  free(c->at);
  c->at = NULL;
  c->cap = 0;
}

bool flow_filter_accepts(const struct flow_filter *c, const char *flow) {
  const struct gc_entry *e = gc_entities_find(c->flows, flow);
  if (e == NULL && !gc_entities_is_refused(c->flows))
    return c->selector_count == 0;
  return gc_glob_accepts(c->selectors, c->selector_count,
                         e != NULL ? e->name : NULL, flow);
}

static bool is_deleted(const struct flow_filter *c, const char *flow) {
  return gc_entities_find(c->flows, flow) == NULL &&
         !gc_entities_is_refused(c->flows);
}

/* Adds the pairs of the last answer first, with the count 0. They keep their
 * places, so that no series appears and disappears at the limit. */
enum gc_code flow_counts_merge(const struct flow_counts *before,
                               const struct flow_counts *answer,
                               const struct flow_filter *filter,
                               struct flow_counts *now,
                               uint64_t *ret_overflow) {
  uint64_t gone = 0; /* pairs of `before` that have no place now */
  *ret_overflow = 0;
  for (uint32_t i = 0; i < before->pairs.count; i++) {
    const struct flow_count *p = &before->at[i];
    if (!is_deleted(filter, p->flow) && flow_filter_accepts(filter, p->flow))
      GC_TRY(set_count(now, p, 0, &gone));
  }
  for (uint32_t i = 0; i < answer->pairs.count; i++) {
    const struct flow_count *p = &answer->at[i];
    if (flow_filter_accepts(filter, p->flow))
      GC_TRY(set_count(now, p, p->count, ret_overflow));
  }
  return GC_OK;
}

bool flow_counts_lack_names(const struct flow_counts *c,
                            const struct flow_filter *filter) {
  for (uint32_t i = 0; i < c->pairs.count; i++)
    if (is_deleted(filter, c->at[i].flow))
      return true;
  return false;
}

static void write_parts(const struct flow_counts_view *view, const char *flow,
                        const char *label, const char *media,
                        char parts[GC_PARTS_SIZE]) {
  parts[0] = '\0';
  (void)gc_parts_add(parts, GC_PARTS_SIZE, "flow_id", flow);
  (void)gc_parts_add(parts, GC_PARTS_SIZE, "flow_name", label);
  (void)gc_parts_add(parts, GC_PARTS_SIZE, "media_type", media);
  if (view->prefix != NULL && view->prefix[0] != '\0')
    (void)gc_parts_add(parts, GC_PARTS_SIZE, "prefix", view->prefix);
}

void flow_counts_samples(const struct flow_counts *c,
                         const struct flow_counts_view *view,
                         const struct gc_samples *out,
                         struct flow_counts_tally *ret_tally) {
  char label[GC_NAME_SIZE], qualifier[GC_NAME_SIZE], parts[GC_PARTS_SIZE];
  *ret_tally = (struct flow_counts_tally){0};
  for (uint32_t i = 0; i < c->pairs.count; i++) {
    const struct flow_count *p = &c->at[i];
    if (!flow_filter_accepts(&view->filter, p->flow))
      continue;
    ret_tally->matched++;
    if (!gc_dimension_name_text(view->dimension_names, GC_DIMENSION_FLOW,
                                p->flow, label)) {
      ret_tally->unnamed++;
      continue;
    }
    ret_tally->series++;
    snprintf(qualifier, sizeof(qualifier), "%s%s",
             view->prefix != NULL ? view->prefix : "", p->media);
    write_parts(view, p->flow, label, p->media, parts);
    out->put(out->ctx,
             &(struct gc_sample){.metric = GC_METRIC_FLOW_ACTIVE,
                                 .instance = label,
                                 .qualifier = qualifier,
                                 .parts = parts,
                                 .values = {{.gauge = (double)p->count}},
                                 .time_ms = view->time_ms,
                                 .interval_ms = view->interval_ms});
  }
}

/* ---- the decoder ---- */

enum {
  ANSWER_MAX_BYTES = 64 << 20, /* far less of it is kept */
  STRING_MAX_BYTES = 1 << 16,
};

enum {
  K_RESULTS = 1,
  K_GROUP,
  K_FLOW_ID,
  K_MEDIA_TYPE,
  K_DATA,
  K_METRIC,
  K_STATS,
  K_COUNT,
};

static const struct gc_json_key keys[] = {
    {"results", K_RESULTS},      {"group", K_GROUP}, {"flowId", K_FLOW_ID},
    {"mediaType", K_MEDIA_TYPE}, {"data", K_DATA},   {"metric", K_METRIC},
    {"stats", K_STATS},          {"count", K_COUNT},
};

struct flow_decoder {
  struct flow_counts *into;
  struct flow_counts staged; /* counts of the answer that is being read */
  struct gc_json_stream *stream;
  size_t results;
  uint64_t overflow, unreadable;

  /* The result that is being read; members come in any order. */
  char flow[FLOW_ID_SIZE], media[FLOW_MEDIA_SIZE];
  bool is_reported;
  int64_t count;

  /* The element of that result that is being read. */
  bool is_ours, has_number, is_unreadable;
  int64_t number;
};

static void copy_text(char *out, size_t room, const struct gc_json_value *v) {
  bool fits = v->kind == GC_JSON_STRING && v->len > 0 && v->len < room &&
              memchr(v->text, '\x1f', v->len) == NULL;
  if (fits)
    memcpy(out, v->text, v->len);
  out[fits ? v->len : 0] = '\0';
}

/* Copies the medium in lower case, because APIs write voice, VOICE and Voice.
 */
static void copy_media(struct flow_decoder *d, const struct gc_json_value *v) {
  char clean[GC_NAME_SIZE];
  copy_text(d->media, sizeof(d->media), v);
  gc_lower_text(d->media);
  size_t len = strlen(d->media);
  bool is_name = len > 0 && gc_name_clean(clean, d->media, len);
  memcpy(d->media, is_name ? clean : "", is_name ? strlen(clean) + 1 : 1);
}

#define RESULT GC_JSON_PATH2(K_RESULTS, GC_JSON_ITEM)
#define IN_GROUP(key) GC_JSON_PATH4(K_RESULTS, GC_JSON_ITEM, K_GROUP, key)
#define DATUM GC_JSON_PATH4(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM)
#define IN_DATUM(key)                                                          \
  GC_JSON_PATH5(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM, key)
#define IN_STATS(key)                                                          \
  GC_JSON_PATH6(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM, K_STATS, key)

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct flow_decoder *d = ctx;
  switch (at->path) {
  case IN_GROUP(K_FLOW_ID):
    copy_text(d->flow, sizeof(d->flow), v);
    return GC_OK;
  case IN_GROUP(K_MEDIA_TYPE):
    copy_media(d, v);
    return GC_OK;
  case IN_DATUM(K_METRIC):
    d->is_ours = gc_json_is(v, "oFlow");
    return GC_OK;
  case IN_STATS(K_COUNT):
  case IN_DATUM(K_COUNT):
    d->has_number = gc_json_int(v, &d->number) && d->number <= UINT32_MAX;
    d->is_unreadable = !d->has_number && v->kind != GC_JSON_NULL;
    return GC_OK;
  default:
    return GC_OK;
  }
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct flow_decoder *d = ctx;
  if (at->path == RESULT) {
    d->flow[0] = d->media[0] = '\0';
    d->is_reported = false;
    d->count = 0;
  } else if (at->path == DATUM) {
    d->is_ours = d->has_number = d->is_unreadable = false;
  }
  return GC_OK;
}

static void end_datum(struct flow_decoder *d) {
  d->unreadable += d->is_ours && d->is_unreadable;
  if (!d->is_ours || !d->has_number)
    return;
  d->is_reported = true;
  d->count += d->number > 0 ? d->number : 0;
}

/* Skips a result without a flow. A result without a medium counts as "all". */
static enum gc_code end_result(struct flow_decoder *d) {
  d->results++;
  if (!d->is_reported || d->flow[0] == '\0')
    return GC_OK;
  enum gc_code code = flow_counts_add(
      &d->staged, d->flow, d->media[0] != '\0' ? d->media : "all", d->count);
  d->overflow += code == GC_ERR_LIMIT;
  return code == GC_ERR_LIMIT ? GC_OK : code;
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct flow_decoder *d = ctx;
  if (at->path == DATUM)
    end_datum(d);
  return at->path == RESULT ? end_result(d) : GC_OK;
}

static const struct gc_json_reader reader = {
    .keys = keys,
    .key_count = GC_COUNT(keys),
    .skip_unknown = true,
    .bytes_max = ANSWER_MAX_BYTES,
    .string_max = STRING_MAX_BYTES,
    .open = on_open,
    .close = on_close,
    .value = on_value,
};

struct flow_decoder *flow_decoder_new(struct flow_counts *into) {
  struct flow_decoder *d = gc_zalloc(1, sizeof(*d));
  d->into = into;
  d->staged.pairs.max = into->pairs.max;
  d->stream = gc_json_stream_new(&reader, d);
  return d;
}

void flow_decoder_free(struct flow_decoder *d) {
  if (d == NULL)
    return;
  gc_json_stream_free(d->stream);
  flow_counts_clear(&d->staged);
  free(d);
}

static void sink_begin(void *ctx) {
  struct flow_decoder *d = ctx;
  gc_json_stream_reset(d->stream);
  flow_counts_clear(&d->staged);
  d->results = 0;
  d->overflow = d->unreadable = 0;
}

static enum gc_code sink_write(void *ctx, const char *bytes, size_t len,
                               struct gc_err *err) {
  struct flow_decoder *d = ctx;
  return gc_json_stream_feed(d->stream, bytes, len, err);
}

struct gc_sink flow_decoder_sink(struct flow_decoder *d) {
  return (struct gc_sink){.begin = sink_begin, .write = sink_write, .ctx = d};
}

enum gc_code flow_decoder_finish(struct flow_decoder *d, size_t *ret_results,
                                 uint64_t *ret_overflow, struct gc_err *err) {
  GC_TRY(gc_json_stream_end(d->stream, err));
  if (d->unreadable > 0)
    return gc_fail(err, GC_ERR_PARSE,
                   "flow observations: %" PRIu64 " counts cannot be read",
                   d->unreadable);
  /* They replace earlier counts, because a server that ignores the page number
   * repeats its results. */
  for (uint32_t i = 0; i < d->staged.pairs.count; i++) {
    const struct flow_count *p = &d->staged.at[i];
    enum gc_code code = set_count(d->into, p, p->count, &d->overflow);
    if (code != GC_OK)
      return gc_fail(err, code, "flow observations: %s", gc_code_words(code));
  }
  *ret_results = d->results;
  *ret_overflow = d->overflow;
  return GC_OK;
}
