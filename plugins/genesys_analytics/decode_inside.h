/* SPDX-License-Identifier: MIT */
/* What the dialects' decoders share. Private to decode*.c. */
#ifndef GC_ANALYTICS_DECODE_INSIDE_H
#define GC_ANALYTICS_DECODE_INSIDE_H

#include "common/base/json_stream.h"
#include "plugins/genesys_analytics/decode.h"

enum {
  DECODE_VALUE_ROOM = 128,    /* of one dimension's value */
  DECODE_METRICS_MOST = 4096, /* metrics with their qualifiers, of one answer */
  DECODE_KEYS_MOST = 32,
};

/* A number of the group that is being read, until the group itself is known:
 * members come in any order. */
struct loose {
  uint32_t metric; /* number in `metrics` */
  int64_t end_ms;
  struct fact fact;
};

struct decoder {
  struct stage stage;
  struct gc_json_reader reader;
  struct gc_json_key keys[DECODE_KEYS_MOST];
  struct gc_json_stream *stream;

  /* The group that is being read. */
  char values[QUERY_DIMS_MOST][DECODE_VALUE_ROOM]; /* as group_by */
  char media[DECODE_VALUE_ROOM];
  struct gc_intern metrics;                /* "METRIC SEP QUALIFIER" */
  uint32_t series_of[DECODE_METRICS_MOST]; /* by metric: looked up once */
  struct loose *loose;
  size_t loose_count, loose_cap;

  /* The window and the number that are being read. */
  size_t window_begin; /* the first loose fact of the data element */
  bool has_window;
  int64_t end_ms;
  char metric[DECODE_VALUE_ROOM], qualifier[DECODE_VALUE_ROOM];
  struct fact fact;
  bool is_broken;
};

/* The text of a value, within the room, without what divides keys; "" for what
 * has none. False when it does not fit. */
bool decode_text(char out[DECODE_VALUE_ROOM], const struct gc_json_value *v);

/* A group begins, and ends: its numbers become facts. */
void decode_begin_group(struct decoder *d);
GC_MUST_CHECK enum gc_code decode_end_group(struct decoder *d);
/* Adds `fact` of metric and qualifier, in the window that ends at end_ms. */
GC_MUST_CHECK enum gc_code decode_add(struct decoder *d, const char *metric,
                                      const char *qualifier, int64_t end_ms,
                                      const struct fact *fact);

/* Fill in keys and callbacks of the reader. */
void decode_aggregates(struct decoder *d);
void decode_details(struct decoder *d);

#endif
