/* SPDX-License-Identifier: MIT */
#include "common/analytics/decode/decode.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/analytics/decode/group.h"
#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/timestamp.h"
#include "common/genesys/clean_name.h"

/* ---- aggregates ----
 *
 * Decodes the answers to aggregate queries of conversations, users and flows
 * (API reference). Unknown members, such as views and mappings, are ignored. An
 * unknown number in `stats` gets a series of its own if query/tables.h lacks
 * its metric; otherwise it is noted. */

enum {
  K_RESULTS = 1,
  K_GROUP,
  K_DATA,
  K_INTERVAL,
  K_METRICS,
  K_METRIC,
  K_QUALIFIER,
  K_STATS,
  K_MEDIA,
  K_STAT,                    /* + enum gc_stats_member */
  K_DIMENSION = K_STAT + 16, /* + place in group_by */
};

static const struct gc_json_key fixed[] = {
    {"results", K_RESULTS},     {"group", K_GROUP},     {"data", K_DATA},
    {"interval", K_INTERVAL},   {"metrics", K_METRICS}, {"metric", K_METRIC},
    {"qualifier", K_QUALIFIER}, {"stats", K_STATS},     {"mediaType", K_MEDIA},
};

#define IN_RESULTS GC_JSON_PATH2(K_RESULTS, GC_JSON_ITEM)
#define IN_GROUP(key) GC_JSON_PATH4(K_RESULTS, GC_JSON_ITEM, K_GROUP, key)
#define DATUM GC_JSON_PATH4(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM)
#define IN_DATUM(key)                                                          \
  GC_JSON_PATH5(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM, key)
#define METRIC                                                                 \
  GC_JSON_PATH6(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM, K_METRICS,      \
                GC_JSON_ITEM)
#define IN_METRIC(key)                                                         \
  GC_JSON_PATH7(K_RESULTS, GC_JSON_ITEM, K_DATA, GC_JSON_ITEM, K_METRICS,      \
                GC_JSON_ITEM, key)

static void note_member(struct gc_decoder *d, const char *name, size_t len) {
  gc_unknown_words_add(&d->stage.unknown, "member", name, len);
}

/* Reads a number. A count is a whole number that is not negative; a negative
 * time becomes 0; null counts as absent. Numbers beyond 2^53 are broken, since
 * they would spoil each sum. */
static void read_stat(struct gc_decoder *d, enum gc_stats_member member,
                      const struct gc_json_value *v) {
  double real = 0.0;
  int64_t whole = 0;
  if (v->kind == GC_JSON_NULL)
    return;
  if (member == GC_MEMBER_COUNT) {
    d->is_broken |= !gc_json_int(v, &whole) || whole < 0;
    real = (double)whole;
  } else {
    d->is_broken |= !gc_json_real(v, &real);
  }
  d->is_broken |= !(real <= (double)GC_DECODE_COUNT_MAX);
  d->stats[member] = real > 0.0 ? real : 0.0;
  d->has |= UINT32_C(1) << member;
}

/* Reads a member that the API's StatisticalSummary does not have. */
static void read_other(struct gc_decoder *d, const struct gc_json_at *at,
                       const struct gc_json_value *v) {
  if (!gc_other_numbers_read(&d->others, at->key, at->key_len, v))
    note_member(d, at->key, at->key_len);
}

/* Reads an interval, which is a window only if it is exactly one granularity
 * long. */
static void read_interval(struct gc_decoder *d, const struct gc_json_value *v) {
  int64_t start_ms;
  d->has_window = v->kind == GC_JSON_STRING &&
                  gc_interval_parse(v->text, v->len, &start_ms, &d->end_ms,
                                    NULL) == GC_OK &&
                  d->end_ms - start_ms == d->stage.into->query->rule.period_ms;
}

static void read_dimension(struct gc_decoder *d, size_t place,
                           const struct gc_json_value *v) {
  const struct gc_query *q = d->stage.into->query;
  gc_decode_value(d->values[place], v);
  if (gc_dimension_of(q->group_by.at[place]) == GC_DIMENSION_CODE)
    gc_lower_text(d->values[place]);
}

static enum gc_code aggregates_value(void *ctx, const struct gc_json_at *at,
                                     const struct gc_json_value *v) {
  struct gc_decoder *d = ctx;
  unsigned last = (unsigned)(at->path & 0xff);
  uint64_t parent = at->path >> 8;
  if (parent == IN_METRIC(K_STATS)) {
    if (last >= K_STAT && last < K_STAT + GC_MEMBERS)
      read_stat(d, (enum gc_stats_member)(last - K_STAT), v);
    else
      read_other(d, at, v);
  } else if (at->path == IN_METRIC(K_METRIC)) {
    d->is_broken |= !gc_decode_text(d->metric, v);
  } else if (at->path == IN_METRIC(K_QUALIFIER)) {
    d->is_broken |= !gc_decode_text(d->qualifier, v);
  } else if (at->path == IN_DATUM(K_INTERVAL)) {
    read_interval(d, v);
  } else if (parent == GC_JSON_PATH3(K_RESULTS, GC_JSON_ITEM, K_GROUP)) {
    if (last == K_MEDIA) {
      gc_decode_value(d->media, v);
      gc_lower_text(d->media);
    } else if (last >= K_DIMENSION &&
               last < K_DIMENSION + d->stage.into->query->group_by.count) {
      read_dimension(d, last - K_DIMENSION, v);
    }
  }
  return GC_OK;
}

static enum gc_code aggregates_open(void *ctx, const struct gc_json_at *at) {
  struct gc_decoder *d = ctx;
  if (at->path == IN_RESULTS) {
    gc_decode_begin_group(d);
  } else if (at->path == DATUM) {
    d->window_begin = d->number_count;
    d->has_window = false;
  } else if (at->path == METRIC) {
    d->metric[0] = d->qualifier[0] = '\0';
    d->is_broken = false;
    d->has = 0;
    memset(d->stats, 0, sizeof(d->stats));
    gc_other_numbers_clear(&d->others);
  } else if (at->path >> 8 == IN_METRIC(K_STATS)) {
    note_member(d, at->key, at->key_len);
  }
  return GC_OK;
}

/* True if the request names the metric: a server may send others. */
static bool is_asked(const struct gc_query *q, const char *metric) {
  for (size_t i = 0; i < q->metrics.count; i++)
    if (strcmp(q->metrics.at[i], metric) == 0)
      return true;
  return q->metrics.count == 0;
}

static bool has_member(const struct gc_decoder *d, enum gc_stats_member m) {
  return (d->has >> m & 1) != 0;
}

static int64_t round_count(double real) { return (int64_t)(real + 0.5); }

static void take_ratio(const struct gc_decoder *d, struct gc_fact *f) {
  f->has = has_member(d, GC_MEMBER_RATIO) ? GC_FACT_RATIO : 0;
  if (has_member(d, GC_MEMBER_NUMERATOR))
    f->has |= GC_FACT_NUMERATOR;
  if (has_member(d, GC_MEMBER_DENOMINATOR))
    f->has |= GC_FACT_DENOMINATOR;
  f->ratio = d->stats[GC_MEMBER_RATIO];
  f->numerator = d->stats[GC_MEMBER_NUMERATOR];
  f->denominator = d->stats[GC_MEMBER_DENOMINATOR];
}

static void take_count(const struct gc_decoder *d, enum gc_stats_member m,
                       struct gc_fact *f) {
  f->has = has_member(d, m) ? GC_FACT_COUNT : 0;
  f->count = round_count(d->stats[m]);
}

static void take_value(const struct gc_decoder *d, enum gc_stats_member m,
                       struct gc_fact *f) {
  f->has = has_member(d, m) ? GC_FACT_CURRENT : 0;
  f->ratio = d->stats[m];
}

static void take_duration(const struct gc_decoder *d, struct gc_fact *f) {
  static const struct {
    enum gc_stats_member member;
    uint32_t bit;
  } parts[] = {{GC_MEMBER_COUNT, GC_FACT_COUNT},
               {GC_MEMBER_SUM, GC_FACT_SUM},
               {GC_MEMBER_MIN, GC_FACT_MIN},
               {GC_MEMBER_MAX, GC_FACT_MAX}};
  for (size_t i = 0; i < GC_COUNT(parts); i++)
    if (has_member(d, parts[i].member))
      f->has |= parts[i].bit;
  f->count = round_count(d->stats[GC_MEMBER_COUNT]);
  f->sum = d->stats[GC_MEMBER_SUM];
  f->min = d->stats[GC_MEMBER_MIN];
  f->max = d->stats[GC_MEMBER_MAX];
}

/* Returns the fact of the metric's own series. */
static struct gc_fact own_fact(const struct gc_decoder *d,
                               enum gc_stats_kind kind) {
  struct gc_fact f = {.has = 0};
  switch (kind) {
  case GC_STATS_COUNT:
    take_count(d, GC_MEMBER_COUNT, &f);
    break;
  case GC_STATS_SUM:
    take_count(d, GC_MEMBER_SUM, &f);
    break;
  case GC_STATS_DURATION:
  case GC_STATS_SECONDS:
    take_duration(d, &f);
    break;
  case GC_STATS_RATIO:
    take_ratio(d, &f);
    break;
  case GC_STATS_TARGET:
  case GC_STATS_MEAN:
  case GC_STATS_VALUE:
    take_value(d, GC_MEMBER_CURRENT, &f);
    break;
  }
  return f;
}

/* Adds a series for the member alone: its name ends the qualifier. */
static enum gc_code add_member(struct gc_decoder *d, enum gc_stats_member m) {
  struct gc_fact f = {.has = 0};
  char qualifier[GC_DECODE_VALUE_SIZE];
  enum gc_stats_kind kind = gc_api_members[m].kind;
  if (kind == GC_STATS_RATIO)
    take_ratio(d, &f);
  else if (kind == GC_STATS_COUNT)
    take_count(d, m, &f);
  else
    take_value(d, m, &f);
  int len = snprintf(qualifier, sizeof(qualifier), "%s%c%s", d->qualifier,
                     GC_SERIES_MEMBER, gc_api_members[m].name);
  if (len < 0 || (size_t)len >= sizeof(qualifier)) {
    d->stage.tally.broken++;
    return GC_OK;
  }
  return gc_decode_add(d, d->metric, qualifier, 0, &f);
}

/* Adds a series for a number whose member is not in the table. Its key has the
 * name of the series, so that no two members share one. False, with *ret_code
 * GC_OK, when the number gets no series. With true, *ret_code is the outcome of
 * adding it. */
static bool add_other_series(struct gc_decoder *d,
                             const struct gc_other_number *other,
                             enum gc_code *ret_code) {
  struct gc_fact f = {.has = GC_FACT_CURRENT, .ratio = other->number};
  char member[GC_NAME_SIZE], qualifier[GC_DECODE_VALUE_SIZE];
  uint32_t name;
  *ret_code = GC_OK;
  if (!(fabs(other->number) <= (double)GC_DECODE_COUNT_MAX) ||
      !gc_name_snake(member, other->name) || gc_api_member_has_label(member))
    return false;
  int len = snprintf(qualifier, sizeof(qualifier), "%s%c%s", d->qualifier,
                     GC_SERIES_MEMBER, member);
  if (len < 0 || (size_t)len >= sizeof(qualifier))
    return false;
  enum gc_code code = gc_other_name_put(&d->other_names, d->metric, "",
                                        other->name, GC_NAME_SIZE - 1, &name);
  if (code == GC_OK)
    code = gc_decode_add(d, d->metric, qualifier, 0, &f);
  else if (code == GC_ERR_LIMIT)
    return false;
  *ret_code = code;
  return true;
}

/* Adds the other numbers of a metric, or notes them. */
static enum gc_code take_other_numbers(struct gc_decoder *d, bool is_wanted) {
  d->stage.unknown.total += d->others.lost;
  for (unsigned i = 0; i < d->others.count; i++) {
    const struct gc_other_number *other = &d->others.at[i];
    enum gc_code code = GC_OK;
    if (!is_wanted || !add_other_series(d, other, &code))
      note_member(d, other->name, strlen(other->name));
    GC_TRY(code);
  }
  return GC_OK;
}

static enum gc_code end_metric(struct gc_decoder *d) {
  bool is_broken = d->is_broken || d->metric[0] == '\0';
  bool asked = is_asked(d->stage.into->query, d->metric);
  const struct gc_api_metric *metric = gc_api_metric_of(d->metric);
  d->is_broken = false;
  GC_TRY(take_other_numbers(d, !is_broken && asked && metric->meaning == NULL));
  if (is_broken)
    d->stage.tally.broken++;
  if (is_broken || d->has == 0)
    return GC_OK;
  if (!asked) {
    d->stage.tally.foreign++;
    return GC_OK;
  }
  struct gc_fact fact = own_fact(d, metric->kind);
  if (fact.has != 0)
    GC_TRY(gc_decode_add(d, d->metric, d->qualifier, 0, &fact));
  uint32_t others = gc_api_metric_others(metric, d->has);
  for (int m = 0; m < GC_MEMBERS; m++)
    if (others >> m & 1)
      GC_TRY(add_member(d, (enum gc_stats_member)m));
  return GC_OK;
}

/* Sets the window at the end, since "interval" may come after "metrics". */
static void end_window(struct gc_decoder *d) {
  if (!d->has_window) {
    d->stage.tally.broken += d->number_count - d->window_begin;
    d->number_count = d->window_begin;
  }
  for (size_t i = d->window_begin; i < d->number_count; i++)
    d->numbers[i].end_ms = d->end_ms;
}

static enum gc_code aggregates_close(void *ctx, const struct gc_json_at *at) {
  struct gc_decoder *d = ctx;
  if (at->path == METRIC)
    return end_metric(d);
  if (at->path == DATUM)
    end_window(d);
  else if (at->path == IN_RESULTS)
    return gc_decode_end_group(d);
  return GC_OK;
}

static void prepare_aggregates(struct gc_decoder *d) {
  const struct gc_query *q = d->stage.into->query;
  size_t count = 0;
  for (size_t i = 0; i < GC_COUNT(fixed); i++)
    d->keys[count++] = fixed[i];
  for (size_t i = 0; i < GC_MEMBERS; i++)
    d->keys[count++] =
        (struct gc_json_key){gc_api_members[i].name, (uint8_t)(K_STAT + i)};
  for (size_t i = 0; i < q->group_by.count; i++)
    if (strcmp(q->group_by.at[i], "mediaType") != 0)
      d->keys[count++] =
          (struct gc_json_key){q->group_by.at[i], (uint8_t)(K_DIMENSION + i)};
  d->reader.key_count = count;
  d->reader.open = aggregates_open;
  d->reader.close = aggregates_close;
  d->reader.value = aggregates_value;
  d->reader.skip_unknown = false;
}

/* ---- queue details ----
 *
 * Decodes the guide dialect's queue details: one row for each queue and
 * interval. The row's time is the end of the interval, rounded down to the
 * minute. */

enum { D_RESULTS = 1, D_QUEUE, D_END, D_COLUMN /* + place in the table */ };
enum { MINUTE_MS = 60000 };

static const struct gc_source *details(void) {
  return gc_source(GC_QUERY_QUEUE_DETAILS);
}

#define ROW GC_JSON_PATH2(D_RESULTS, GC_JSON_ITEM)

static enum gc_code read_column(struct gc_decoder *d, size_t i,
                                const struct gc_json_value *v) {
  const struct gc_api_metric *column = &details()->table.at[i];
  bool is_count = column->kind == GC_STATS_COUNT;
  struct gc_fact fact = {.has = is_count ? GC_FACT_COUNT : GC_FACT_CURRENT};
  if (v->kind == GC_JSON_NULL)
    return GC_OK;
  bool fits = is_count ? gc_json_int(v, &fact.count) && fact.count >= 0 &&
                             fact.count <= GC_DECODE_COUNT_MAX
                       : gc_json_real(v, &fact.ratio) && isfinite(fact.ratio);
  if (!fits) {
    d->stage.tally.broken++;
    return GC_OK;
  }
  if (!is_count && fact.ratio < 0.0)
    fact.ratio = 0.0;
  return gc_decode_add(d, column->name, "", 0, &fact);
}

static void read_end(struct gc_decoder *d, const struct gc_json_value *v) {
  d->has_window =
      v->kind == GC_JSON_STRING &&
      gc_timestamp_parse(v->text, v->len, &d->end_ms, NULL) == GC_OK;
  if (d->has_window)
    d->end_ms = gc_timestamp_floor(d->end_ms, MINUTE_MS);
}

static enum gc_code details_value(void *ctx, const struct gc_json_at *at,
                                  const struct gc_json_value *v) {
  struct gc_decoder *d = ctx;
  unsigned last = (unsigned)(at->path & 0xff);
  if (at->path >> 8 != ROW)
    return GC_OK;
  if (last == D_QUEUE)
    gc_decode_value(d->values[0], v);
  else if (last == D_END)
    read_end(d, v);
  else if (last >= D_COLUMN && last < D_COLUMN + details()->table.count)
    return read_column(d, last - D_COLUMN, v);
  return GC_OK;
}

static enum gc_code details_open(void *ctx, const struct gc_json_at *at) {
  struct gc_decoder *d = ctx;
  if (at->path == ROW) {
    gc_decode_begin_group(d);
    d->has_window = false;
    memcpy(d->media, "all", sizeof("all"));
  }
  return GC_OK;
}

/* Ends a row. Without a valid time it is broken; it does not get the current
 * time. */
static enum gc_code details_close(void *ctx, const struct gc_json_at *at) {
  struct gc_decoder *d = ctx;
  if (at->path != ROW)
    return GC_OK;
  d->is_broken = !d->has_window;
  for (size_t i = 0; i < d->number_count; i++)
    d->numbers[i].end_ms = d->end_ms;
  return gc_decode_end_group(d);
}

static void prepare_details(struct gc_decoder *d) {
  size_t count = 0;
  d->keys[count++] = (struct gc_json_key){"results", D_RESULTS};
  d->keys[count++] = (struct gc_json_key){"queueId", D_QUEUE};
  d->keys[count++] = (struct gc_json_key){"intervalEnd", D_END};
  for (size_t i = 0; i < details()->table.count; i++)
    d->keys[count++] = (struct gc_json_key){details()->table.at[i].name,
                                            (uint8_t)(D_COLUMN + i)};
  d->reader.key_count = count;
  d->reader.open = details_open;
  d->reader.close = details_close;
  d->reader.value = details_value;
}

/* ---- the decoder ---- */

enum {
  ANSWER_MAX_BYTES = 1 << 30, /* only a small part is kept */
  STRING_MAX_BYTES = 1 << 16,
};

struct gc_decoder *gc_decoder_new(struct gc_results *into) {
  struct gc_decoder *d = gc_zalloc(1, sizeof(*d));
  d->stage.into = into;
  d->metrics.max = GC_DECODE_METRICS_MAX;
  d->other_names.max = GC_OTHER_NAMES_MAX;
  d->reader = (struct gc_json_reader){.keys = d->keys,
                                      .skip_unknown = true,
                                      .bytes_max = ANSWER_MAX_BYTES,
                                      .string_max = STRING_MAX_BYTES};
  if (into->query->source == GC_QUERY_QUEUE_DETAILS)
    prepare_details(d);
  else
    prepare_aggregates(d);
  d->stream = gc_json_stream_new(&d->reader, d);
  return d;
}

void gc_decoder_free(struct gc_decoder *d) {
  if (d == NULL)
    return;
  gc_json_stream_free(d->stream);
  gc_intern_clear(&d->metrics);
  gc_intern_clear(&d->other_names);
  gc_staging_clear(&d->stage);
  free(d->numbers);
  free(d);
}

static void sink_begin(void *ctx) {
  struct gc_decoder *d = ctx;
  gc_json_stream_reset(d->stream);
  gc_intern_clear(&d->metrics);
  gc_staging_reset(&d->stage);
  gc_decode_begin_group(d);
}

static enum gc_code sink_write(void *ctx, const char *bytes, size_t len,
                               struct gc_err *err) {
  struct gc_decoder *d = ctx;
  return gc_json_stream_feed(d->stream, bytes, len, err);
}

struct gc_sink gc_decoder_sink(struct gc_decoder *d) {
  return (struct gc_sink){.begin = sink_begin, .write = sink_write, .ctx = d};
}

enum gc_code gc_decoder_finish(struct gc_decoder *d, struct gc_err *err) {
  GC_TRY(gc_json_stream_end(d->stream, err));
  enum gc_code code = gc_staging_finish(&d->stage);
  return code == GC_OK
             ? GC_OK
             : gc_fail(err, code, "the answer: %s", gc_code_words(code));
}
