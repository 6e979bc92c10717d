/* SPDX-License-Identifier: MIT */
/* What the dialects' decoders share. Private to decode*.c. */
#ifndef GC_ANALYTICS_DECODE_INTERNAL_H
#define GC_ANALYTICS_DECODE_INTERNAL_H

#include "common/analytics/decode.h"
#include "common/base/json/stream.h"

enum {
  GC_DECODE_VALUE_SIZE = 128, /* of one dimension's value */
  GC_DECODE_METRICS_MAX =
      4096, /* metrics with their qualifiers, of one answer */
  GC_DECODE_KEYS_MAX = 32,
};

/* A number of the group that is being read, until the group itself is known:
 * members come in any order. */
struct gc_loose {
  uint32_t metric; /* number in `metrics` */
  int64_t end_ms;
  struct gc_fact fact;
};

struct gc_decoder {
  struct gc_stage stage;
  struct gc_json_reader reader;
  struct gc_json_key keys[GC_DECODE_KEYS_MAX];
  struct gc_json_stream *stream;

  /* The group that is being read. */
  char values[GC_QUERY_DIMS_MAX][GC_DECODE_VALUE_SIZE]; /* as group_by */
  char media[GC_DECODE_VALUE_SIZE];
  struct gc_intern metrics;                  /* "METRIC SEP QUALIFIER" */
  uint32_t series_of[GC_DECODE_METRICS_MAX]; /* by metric: looked up once */
  struct gc_loose *loose;
  size_t loose_count, loose_cap;

  /* The window and the number that are being read. */
  size_t window_begin; /* the first loose fact of the data element */
  bool has_window;
  int64_t end_ms;
  char metric[GC_DECODE_VALUE_SIZE], qualifier[GC_DECODE_VALUE_SIZE];
  struct gc_fact fact;
  bool is_broken;
};

/* The text of a value, within the room, without what divides keys; "" for what
 * has none. False when it does not fit. */
bool gc_decode_text(char out[GC_DECODE_VALUE_SIZE],
                    const struct gc_json_value *v);

/* A group begins, and ends: its numbers become facts. */
void gc_decode_begin_group(struct gc_decoder *d);
GC_MUST_CHECK enum gc_code gc_decode_end_group(struct gc_decoder *d);
/* Adds `fact` of metric and qualifier, in the window that ends at end_ms. */
GC_MUST_CHECK enum gc_code gc_decode_add(struct gc_decoder *d,
                                         const char *metric,
                                         const char *qualifier, int64_t end_ms,
                                         const struct gc_fact *fact);

/* Fill in keys and callbacks of the reader. */
void gc_decode_aggregates(struct gc_decoder *d);
void gc_decode_details(struct gc_decoder *d);

#endif
