/* SPDX-License-Identifier: MIT */
#include "common/analytics/decode/decode.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/analytics/query/tables.h"
#include "common/base/alloc.h"
#include "common/base/ascii.h"
#include "common/base/assert.h"
#include "common/base/hash.h"
#include "common/base/json/stream.h"
#include "common/base/timestamp.h"
#include "common/base/utf8.h"
#include "common/genesys/clean_name.h"

enum {
  VALUE_SIZE = 128,   /* bytes of one dimension's value, with the NUL */
  METRICS_MAX = 4096, /* metrics by qualifier, one answer */
  NUMBERS_MAX = 1 << 18,
  KEYS_MAX = 40,
  MINUTE_MS = 60000,
  ANSWER_MAX_BYTES = 1 << 30, /* only a small part is kept */
  STRING_MAX_BYTES = 1 << 16,
};

/* Larger numbers are broken: doubles are exact up to here, and a sum of them
 * stays finite. */
#define NUMBER_MAX (INT64_C(1) << 53)

/* A number whose group is not complete yet. */
struct number {
  uint32_t metric; /* number in `metrics` */
  int64_t end_ms;  /* end of its window, epoch ms */
  struct gc_fact fact;
};

/* Members of a JSON object come in any order, so a dialect's callbacks collect
 * a group's dimensions and numbers; end_group then knows the series and adds
 * one fact for each number. */
struct gc_decoder {
  struct gc_results *into;
  struct gc_json_reader reader;
  struct gc_json_key keys[KEYS_MAX];
  struct gc_json_stream *stream;
  bool has_rows;  /* queue details */
  bool has_facts; /* the results have facts of the answer under way */
  bool is_spoilt; /* … and of an attempt that broke off */

  /* The current group; `metrics` are those of all groups of the answer. */
  char values[GC_QUERY_DIMS_MAX][VALUE_SIZE]; /* as group_by */
  char media[VALUE_SIZE];
  struct gc_intern metrics;        /* "METRIC SEP QUALIFIER" */
  uint32_t series_of[METRICS_MAX]; /* by metric: looked up once */
  struct number *numbers;
  size_t number_count, number_cap;

  /* The current window and number. */
  size_t window_begin; /* the first number of the data element */
  bool has_window;
  int64_t end_ms; /* end of the window, epoch ms */
  char metric[VALUE_SIZE], qualifier[VALUE_SIZE];
  double stats[GC_MEMBERS];       /* stats of the metric, by member */
  uint32_t has;                   /* bits GC_HAS */
  struct gc_other_numbers others; /* stats that gc_api_members lacks */
  bool is_broken;

  /* "METRIC-MEMBER" of the other numbers that have a series; of all answers. */
  struct gc_intern other_names;
};

/* ---- groups ---- */

/* Copies the text of a JSON value; control characters, which separate the
 * fields of a key, become '_', and null becomes "". False, with `out` "", when
 * the text is too long. */
static bool copy_text(char out[VALUE_SIZE], const struct gc_json_value *v) {
  out[0] = '\0';
  if (v->kind == GC_JSON_NULL)
    return true;
  if (v->len >= VALUE_SIZE)
    return false;
  for (size_t i = 0; i < v->len; i++)
    out[i] = (char)((unsigned char)v->text[i] < 0x20 ? '_' : v->text[i]);
  out[v->len] = '\0';
  return true;
}

/* Copies the value of a dimension likewise. Of a text that is too long it
 * copies the beginning, "~" and a hash of the whole, so that the group stays
 * apart from the others. */
static void copy_value(char out[VALUE_SIZE], const struct gc_json_value *v) {
  char mark[24];
  if (copy_text(out, v))
    return;
  int size = snprintf(mark, sizeof(mark), "~%016" PRIx64,
                      gc_hash_add(GC_HASH_INIT, v->text, v->len));
  struct gc_json_value begin = *v;
  begin.len = gc_utf8_cut(v->text, v->len, VALUE_SIZE - 1 - (size_t)size);
  (void)copy_text(out, &begin);
  memcpy(out + begin.len, mark, (size_t)size + 1);
}

static void begin_group(struct gc_decoder *d) {
  memset(d->values, 0, sizeof(d->values));
  snprintf(d->media, sizeof(d->media), "%s", d->has_rows ? "all" : "");
  d->number_count = d->window_begin = 0;
  d->is_broken = d->has_window = false;
}

/* Appends SEP and text; false when they do not fit into the key. */
static bool append_field(char key[GC_SERIES_KEY_SIZE], size_t *len,
                         const char *text) {
  size_t more = strlen(text);
  if (*len + more + 1 >= GC_SERIES_KEY_SIZE)
    return false;
  key[(*len)++] = GC_SERIES_SEP;
  memcpy(key + *len, text, more);
  *len += more;
  return true;
}

/* Makes the common part of the keys of all numbers of the group. False when the
 * group names no owner (queue, user or flow), or the part is too long. */
static bool make_key_tail(const struct gc_decoder *d,
                          char tail[GC_SERIES_KEY_SIZE], size_t *ret_len) {
  const struct gc_query *q = d->into->query;
  int place;
  enum gc_query_owner owner = gc_query_owner_of(q, &place);
  if (owner != GC_QUERY_OF_NONE && d->values[place][0] == '\0')
    return false;
  *ret_len = 0;
  bool has_media = gc_source(q->source)->is_by_media ||
                   gc_query_place_of(q, "mediaType") >= 0;
  bool fits = append_field(tail, ret_len, has_media ? d->media : "");
  for (size_t i = 0; i < q->group_by.count && fits; i++)
    if (strcmp(q->group_by.at[i], "mediaType") != 0)
      fits = append_field(tail, ret_len, d->values[i]);
  return fits;
}

/* True if the query selects the queue or flow of the group. */
static bool is_wanted(const struct gc_decoder *d) {
  const struct gc_results *r = d->into;
  int place =
      r->wanted != NULL
          ? gc_query_place_of(r->query, gc_source(r->query->source)->chosen)
          : -1;
  uint32_t number;
  return place < 0 || gc_intern_find(r->wanted, d->values[place],
                                     strlen(d->values[place]), &number);
}

/* Ends the group and adds its numbers to the results. Numbers of a group that
 * the query does not select are dropped. Numbers of a broken group, and of a
 * group without a queue, user or flow, are only counted. GC_ERR_LIMIT,
 * GC_ERR_MEMORY. */
static enum gc_code end_group(struct gc_decoder *d) {
  char tail[GC_SERIES_KEY_SIZE], key[GC_SERIES_KEY_SIZE];
  size_t tail_len;
  if (!is_wanted(d))
    return GC_OK;
  if (d->is_broken || !make_key_tail(d, tail, &tail_len)) {
    *(d->is_broken ? &d->into->tally.broken : &d->into->tally.foreign) +=
        d->number_count;
    return GC_OK;
  }
  for (uint32_t i = 0; i < d->metrics.count; i++)
    d->series_of[i] = GC_SERIES_UNKNOWN;
  for (size_t i = 0; i < d->number_count; i++) {
    struct number *n = &d->numbers[i];
    const char *metric = gc_intern_text(&d->metrics, n->metric);
    size_t len = strlen(metric);
    if (len + tail_len >= sizeof(key)) {
      d->into->tally.broken++;
      continue;
    }
    memcpy(key, metric, len);
    memcpy(key + len, tail, tail_len);
    n->fact.series = d->series_of[n->metric];
    GC_TRY(gc_results_add(d->into, key, len + tail_len, n->end_ms, &n->fact));
    d->has_facts = true;
    d->series_of[n->metric] = n->fact.series;
  }
  return GC_OK;
}

/* Adds a fact to the group, whose window may be set later. `metric` and
 * `qualifier` are shorter than VALUE_SIZE. GC_ERR_LIMIT, GC_ERR_MEMORY. */
static enum gc_code add_number(struct gc_decoder *d, const char *metric,
                               const char *qualifier, struct gc_fact fact) {
  char name[2 * VALUE_SIZE];
  struct number n = {.fact = fact};
  size_t len = strlen(metric), more = strlen(qualifier);
  memcpy(name, metric, len);
  name[len] = GC_SERIES_SEP;
  memcpy(name + len + 1, qualifier, more);
  GC_TRY(gc_intern_put(&d->metrics, name, len + 1 + more, &n.metric));
  if (d->number_count == d->number_cap) {
    size_t cap = d->number_cap == 0 ? 64 : d->number_cap * 2;
    if (cap > NUMBERS_MAX)
      return GC_ERR_LIMIT;
    struct number *numbers = realloc(d->numbers, cap * sizeof(*numbers));
    if (numbers == NULL)
      return GC_ERR_MEMORY;
    d->numbers = numbers;
    d->number_cap = cap;
  }
  d->numbers[d->number_count++] = n;
  return GC_OK;
}

/* ---- answers ----
 *
 * Answers to aggregate queries of conversations, users and flows (API
 * reference), and the guide dialect's queue details, which have one row for
 * each queue and interval:
 *
 *   {"results":[{"group":{DIMENSION:…},"data":[{"interval":…,
 *     "metrics":[{"metric":…,"qualifier":…,"stats":{MEMBER:…}}]}]}]}
 *   {"results":[{"queueId":…,"intervalEnd":…,METRIC:…}]}
 *
 * Unknown members, such as views and mappings, are ignored. An unknown number
 * in `stats` gets a series of its own if query/tables.h lacks its metric;
 * otherwise it is noted. */

enum {
  K_RESULTS = 1,
  K_GROUP,
  K_DATA,
  K_INTERVAL,
  K_END,
  K_METRICS,
  K_METRIC,
  K_QUALIFIER,
  K_STATS,
  K_MEDIA,
  K_STAT, /* + enum gc_stats_member; of a row: + place in its table */
  K_DIMENSION = K_STAT + 16, /* + place in group_by */
};

static const struct gc_json_key fixed[] = {
    {"results", K_RESULTS},     {"group", K_GROUP},     {"data", K_DATA},
    {"interval", K_INTERVAL},   {"metrics", K_METRICS}, {"metric", K_METRIC},
    {"qualifier", K_QUALIFIER}, {"stats", K_STATS},     {"mediaType", K_MEDIA},
    {"intervalEnd", K_END},
};

#define IN_RESULTS GC_JSON_PATH2(K_RESULTS, GC_JSON_ITEM)
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
  gc_unknown_words_add(&d->into->unknown, "member", name, len);
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
  d->is_broken |= !(real <= (double)NUMBER_MAX);
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
                  d->end_ms - start_ms == d->into->query->rule.period_ms;
}

static void read_dimension(struct gc_decoder *d, size_t place,
                           const struct gc_json_value *v) {
  const struct gc_query *q = d->into->query;
  copy_value(d->values[place], v);
  if (gc_dimension_of(q->group_by.at[place]) == GC_DIMENSION_CODE)
    gc_lower_text(d->values[place]);
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct gc_decoder *d = ctx;
  if (at->path == IN_RESULTS) {
    begin_group(d);
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

/* Returns the member that is the number of a series of this kind, unless it has
 * several. */
static enum gc_stats_member main_member(enum gc_stats_kind kind) {
  return kind == GC_STATS_COUNT ? GC_MEMBER_COUNT
         : kind == GC_STATS_SUM ? GC_MEMBER_SUM
                                : GC_MEMBER_CURRENT;
}

/* Returns the fact of a series of this kind: of member `m`, or of all members
 * that belong to the kind. */
static struct gc_fact make_fact(const struct gc_decoder *d,
                                enum gc_stats_kind kind,
                                enum gc_stats_member m) {
  const double *s = d->stats;
  bool has_m = (d->has >> m & 1) != 0;
  switch (kind) {
  case GC_STATS_COUNT:
  case GC_STATS_SUM:
    return (struct gc_fact){.has = has_m ? GC_HAS(COUNT) : 0,
                            .count = (int64_t)(s[m] + 0.5)};
  case GC_STATS_DURATION:
  case GC_STATS_SECONDS:
    return (struct gc_fact){.has = d->has & GC_HAS_SUMMARY,
                            .count = (int64_t)(s[GC_MEMBER_COUNT] + 0.5),
                            .sum = s[GC_MEMBER_SUM],
                            .min = s[GC_MEMBER_MIN],
                            .max = s[GC_MEMBER_MAX]};
  case GC_STATS_RATIO:
    return (struct gc_fact){.has = d->has & GC_HAS_RATIO,
                            .ratio = s[GC_MEMBER_RATIO],
                            .numerator = s[GC_MEMBER_NUMERATOR],
                            .denominator = s[GC_MEMBER_DENOMINATOR]};
  case GC_STATS_TARGET:
  case GC_STATS_MEAN:
  case GC_STATS_VALUE:
    break;
  }
  return (struct gc_fact){.has = has_m ? GC_HAS(CURRENT) : 0, .ratio = s[m]};
}

/* Adds a fact of one member, whose name ends the qualifier. */
static enum gc_code add_member(struct gc_decoder *d, const char *member,
                               struct gc_fact fact) {
  char qualifier[VALUE_SIZE];
  int len = snprintf(qualifier, sizeof(qualifier), "%s%c%s", d->qualifier,
                     GC_SERIES_MEMBER, member);
  if (len >= 0 && (size_t)len < sizeof(qualifier))
    return add_number(d, d->metric, qualifier, fact);
  d->into->tally.broken++;
  return GC_OK;
}

/* True if a number whose member is not in the table gets a series. `member`
 * ends its key: the name of the series, so that no two members share one. */
static bool has_other_series(struct gc_decoder *d,
                             const struct gc_other_number *other,
                             char member[GC_NAME_SIZE]) {
  uint32_t name;
  return fabs(other->number) <= (double)NUMBER_MAX &&
         gc_name_snake(member, other->name) &&
         !gc_api_member_has_label(member) &&
         gc_other_name_put(&d->other_names, d->metric, "", other->name,
                           GC_NAME_SIZE - 1, &name) == GC_OK;
}

/* Adds the other numbers of a metric, or notes them. */
static enum gc_code take_other_numbers(struct gc_decoder *d, bool is_wanted) {
  d->into->unknown.total += d->others.lost;
  for (unsigned i = 0; i < d->others.count; i++) {
    const struct gc_other_number *other = &d->others.at[i];
    const struct gc_fact f = {.has = GC_HAS(CURRENT), .ratio = other->number};
    char member[GC_NAME_SIZE];
    if (is_wanted && has_other_series(d, other, member))
      GC_TRY(add_member(d, member, f));
    else
      note_member(d, other->name, strlen(other->name));
  }
  return GC_OK;
}

/* Adds the metric's own series, and those of the members that have one. */
static enum gc_code add_series(struct gc_decoder *d,
                               const struct gc_api_metric *metric) {
  struct gc_fact own = make_fact(d, metric->kind, main_member(metric->kind));
  if (own.has != 0)
    GC_TRY(add_number(d, d->metric, d->qualifier, own));
  uint32_t others = gc_api_metric_others(metric, d->has);
  for (int m = 0; m < GC_MEMBERS; m++) {
    const struct gc_api_member *row = &gc_api_members[m];
    if (others >> m & 1)
      GC_TRY(add_member(d, row->name,
                        make_fact(d, row->kind, (enum gc_stats_member)m)));
  }
  return GC_OK;
}

static enum gc_code end_metric(struct gc_decoder *d) {
  bool is_broken = d->is_broken || d->metric[0] == '\0';
  bool asked = is_asked(d->into->query, d->metric);
  const struct gc_api_metric *metric = gc_api_metric_of(d->metric);
  d->is_broken = false;
  GC_TRY(take_other_numbers(d, !is_broken && asked && metric->meaning == NULL));
  if (is_broken)
    d->into->tally.broken++;
  else if (d->has != 0 && !asked)
    d->into->tally.foreign++;
  else if (d->has != 0)
    return add_series(d, metric);
  return GC_OK;
}

/* Sets the window at the end, since "interval" may come after "metrics". */
static void end_window(struct gc_decoder *d) {
  if (!d->has_window) {
    d->into->tally.broken += d->number_count - d->window_begin;
    d->number_count = d->window_begin;
  }
  for (size_t i = d->window_begin; i < d->number_count; i++)
    d->numbers[i].end_ms = d->end_ms;
}

/* Reads a member of a row. Its window ends at the full minute. */
static enum gc_code read_column(struct gc_decoder *d, unsigned key,
                                const struct gc_json_value *v) {
  const struct gc_source *source = gc_source(d->into->query->source);
  if (key == K_DIMENSION)
    copy_value(d->values[0], v);
  if (key == K_END)
    d->has_window =
        v->kind == GC_JSON_STRING &&
        gc_timestamp_parse(v->text, v->len, &d->end_ms, NULL) == GC_OK;
  if (key == K_END && d->has_window)
    d->end_ms = gc_timestamp_floor(d->end_ms, MINUTE_MS);
  if (key < K_STAT || key >= K_STAT + source->table.count)
    return GC_OK;
  const struct gc_api_metric *column = &source->table.at[key - K_STAT];
  enum gc_stats_member m = main_member(column->kind);
  d->has = 0;
  d->is_broken = false;
  read_stat(d, m, v);
  bool is_broken = d->is_broken; /* the number alone, not the row */
  d->is_broken = false;
  if (is_broken)
    d->into->tally.broken++;
  return is_broken || d->has == 0
             ? GC_OK
             : add_number(d, column->name, "", make_fact(d, column->kind, m));
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct gc_decoder *d = ctx;
  unsigned last = (unsigned)(at->path & 0xff);
  uint64_t parent = at->path >> 8;
  if (d->has_rows)
    return parent == IN_RESULTS ? read_column(d, last, v) : GC_OK;
  if (parent == IN_METRIC(K_STATS)) {
    if (last >= K_STAT && last < K_STAT + GC_MEMBERS)
      read_stat(d, (enum gc_stats_member)(last - K_STAT), v);
    else
      read_other(d, at, v);
  } else if (at->path == IN_METRIC(K_METRIC)) {
    d->is_broken |= !copy_text(d->metric, v);
  } else if (at->path == IN_METRIC(K_QUALIFIER)) {
    d->is_broken |= !copy_text(d->qualifier, v);
  } else if (at->path == IN_DATUM(K_INTERVAL)) {
    read_interval(d, v);
  } else if (parent == GC_JSON_PATH3(K_RESULTS, GC_JSON_ITEM, K_GROUP)) {
    if (last == K_MEDIA) {
      copy_value(d->media, v);
      gc_lower_text(d->media);
    } else if (last >= K_DIMENSION &&
               last < K_DIMENSION + d->into->query->group_by.count) {
      read_dimension(d, last - K_DIMENSION, v);
    }
  }
  return GC_OK;
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct gc_decoder *d = ctx;
  if (at->path == METRIC)
    return end_metric(d);
  if (at->path == (d->has_rows ? IN_RESULTS : DATUM))
    end_window(d);
  return at->path == IN_RESULTS ? end_group(d) : GC_OK;
}

static void add_key(struct gc_decoder *d, const char *name, size_t id) {
  GC_ASSERT(d->reader.key_count < KEYS_MAX);
  d->keys[d->reader.key_count++] = (struct gc_json_key){name, (uint8_t)id};
}

static void add_keys(struct gc_decoder *d) {
  const struct gc_query *q = d->into->query;
  const struct gc_source *source = gc_source(q->source);
  for (size_t i = 0; i < GC_COUNT(fixed); i++)
    add_key(d, fixed[i].name, fixed[i].id);
  for (size_t i = 0; i < q->group_by.count; i++)
    if (strcmp(q->group_by.at[i], "mediaType") != 0)
      add_key(d, q->group_by.at[i], K_DIMENSION + i);
  for (size_t i = 0; d->has_rows && i < source->table.count; i++)
    add_key(d, source->table.at[i].name, K_STAT + i);
  for (size_t i = 0; !d->has_rows && i < GC_MEMBERS; i++)
    add_key(d, gc_api_members[i].name, K_STAT + i);
}

/* ---- the decoder ---- */

struct gc_decoder *gc_decoder_new(struct gc_results *into) {
  struct gc_decoder *d = gc_zalloc(1, sizeof(*d));
  d->into = into;
  d->metrics.max = METRICS_MAX;
  d->other_names.max = GC_OTHER_NAMES_MAX;
  d->has_rows = into->query->source == GC_QUERY_QUEUE_DETAILS;
  d->reader = (struct gc_json_reader){.keys = d->keys,
                                      .skip_unknown = d->has_rows,
                                      .bytes_max = ANSWER_MAX_BYTES,
                                      .string_max = STRING_MAX_BYTES,
                                      .open = on_open,
                                      .close = on_close,
                                      .value = on_value};
  add_keys(d);
  d->stream = gc_json_stream_new(&d->reader, d);
  return d;
}

void gc_decoder_free(struct gc_decoder *d) {
  if (d == NULL)
    return;
  gc_json_stream_free(d->stream);
  gc_intern_clear(&d->metrics);
  gc_intern_clear(&d->other_names);
  free(d->numbers);
  free(d);
}

static void sink_begin(void *ctx) {
  struct gc_decoder *d = ctx;
  d->is_spoilt |= d->has_facts;
  d->has_facts = false;
  gc_json_stream_reset(d->stream);
  gc_intern_clear(&d->metrics);
  begin_group(d);
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
  d->has_facts = false;
  return !d->is_spoilt ? GC_OK
                       : gc_fail(err, GC_ERR_NETWORK, "the answer was cut off");
}
