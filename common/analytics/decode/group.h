/* SPDX-License-Identifier: MIT */
/* One group of an answer, from its members to staged facts: the common part of
 * both dialects. Private to decode.c. Pure, one thread at a time.
 *
 * Members of a JSON object come in any order, so a dialect's callbacks collect
 * the group's dimensions and numbers in the decoder; gc_decode_end_group then
 * knows the series and stages one fact for each number. */
#ifndef GC_ANALYTICS_DECODE_GROUP_H
#define GC_ANALYTICS_DECODE_GROUP_H

#include "common/analytics/decode/results.h"
#include "common/analytics/query/tables.h"
#include "common/base/json/stream.h"
#include "common/genesys/unknown_words.h"

enum {
  GC_DECODE_VALUE_SIZE = 128, /* bytes of one dimension's value, with the NUL */
  GC_DECODE_METRICS_MAX = 4096, /* metrics by qualifier, one answer */
  GC_DECODE_KEYS_MAX = 40,
};

/* Larger numbers are broken: doubles are exact up to here, and a sum of them
 * stays finite. */
#define GC_DECODE_COUNT_MAX (INT64_C(1) << 53)

/* A number whose group is not complete yet. */
struct gc_decode_number {
  uint32_t metric; /* number in `metrics` */
  int64_t end_ms;  /* end of its window, epoch ms */
  struct gc_fact fact;
};

struct gc_decoder {
  struct gc_staging stage;
  struct gc_json_reader reader;
  struct gc_json_key keys[GC_DECODE_KEYS_MAX];
  struct gc_json_stream *stream;

  /* The current group; `metrics` are those of all groups of the answer. */
  char values[GC_QUERY_DIMS_MAX][GC_DECODE_VALUE_SIZE]; /* as group_by */
  char media[GC_DECODE_VALUE_SIZE];
  struct gc_intern metrics;                  /* "METRIC SEP QUALIFIER" */
  uint32_t series_of[GC_DECODE_METRICS_MAX]; /* by metric: looked up once */
  struct gc_decode_number *numbers;
  size_t number_count, number_cap;

  /* The current window and number. */
  size_t window_begin; /* the first number of the data element */
  bool has_window;
  int64_t end_ms; /* end of the window, epoch ms */
  char metric[GC_DECODE_VALUE_SIZE], qualifier[GC_DECODE_VALUE_SIZE];
  double stats[GC_MEMBERS];       /* stats of the metric, by member */
  uint32_t has;                   /* bits 1 << member */
  struct gc_other_numbers others; /* stats that gc_api_members lacks */
  bool is_broken;

  /* "METRIC-MEMBER" of the other numbers that have a series; of all answers. */
  struct gc_intern other_names;
};

/* Copies the text of a JSON value; control characters, which separate the
 * fields of a key, become '_', and null becomes "". False, with `out` "", when
 * the text is too long. */
bool gc_decode_text(char out[GC_DECODE_VALUE_SIZE],
                    const struct gc_json_value *v);

/* Copies the value of a dimension likewise. Of a text that is too long it
 * copies the beginning, "~" and a hash of the whole, so that the group stays
 * apart from the others. */
void gc_decode_value(char out[GC_DECODE_VALUE_SIZE],
                     const struct gc_json_value *v);

/* Begins a group without dimensions and numbers. */
void gc_decode_begin_group(struct gc_decoder *d);
/* Adds a copy of `fact` to the group, for the window that ends at `end_ms`
 * (epoch ms; may be set later in d->numbers). `metric` and `qualifier` are
 * shorter than GC_DECODE_VALUE_SIZE. GC_ERR_LIMIT, GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code gc_decode_add(struct gc_decoder *d,
                                         const char *metric,
                                         const char *qualifier, int64_t end_ms,
                                         const struct gc_fact *fact);
/* Ends the group and stages its numbers. Numbers of a group that the query does
 * not select are dropped. Numbers of a broken group, and of a group without a
 * queue, user or flow, are only counted. GC_ERR_LIMIT, GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code gc_decode_end_group(struct gc_decoder *d);

#endif
