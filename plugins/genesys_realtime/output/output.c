/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/output/output.h"

#include <stdlib.h>

#include "plugins/genesys_realtime/output/series_limit.h"

/* The limit is reported as good again when no value was left out for this long.
 */
enum { GOOD_AGAIN_MS = 10 * 60 * 1000 };

struct output {
  struct downsample *downsample; /* NULL: no Window */
  struct series_limit *limit;
  size_t series_max;
  struct gc_samples limited;
  uint64_t now_ms;
  uint64_t full_ms; /* when a value was left out last; 0: never */
  uint64_t reported_overflow;
};

struct output *output_new(const struct downsample_settings *settings,
                          uint64_t expiry_ms) {
  struct output *o = calloc(1, sizeof(*o));
  if (o == NULL)
    return NULL;
  o->series_max = settings->series_max;
  o->limit = series_limit_new(settings->series_max, expiry_ms);
  if (settings->span_ms > 0)
    o->downsample = downsample_new(settings);
  if (o->limit == NULL || (settings->span_ms > 0 && o->downsample == NULL)) {
    output_free(o);
    return NULL;
  }
  return o;
}

void output_free(struct output *o) {
  if (o == NULL)
    return;
  downsample_free(o->downsample);
  series_limit_free(o->limit);
  free(o);
}

struct gc_samples output_begin(struct output *o, uint64_t now_ms,
                               int64_t wall_ms, const struct gc_samples *out) {
  o->now_ms = now_ms;
  o->limited = series_limit_sink(o->limit, now_ms, out);
  return o->downsample != NULL
             ? downsample_sink(o->downsample, wall_ms, &o->limited)
             : o->limited;
}

bool output_end(struct output *o, bool is_last, struct gc_err *ret_err) {
  if (is_last && o->downsample != NULL)
    downsample_finish(o->downsample, &o->limited);
  uint64_t overflow = output_overflow(o);
  bool is_more = overflow > o->reported_overflow;
  o->reported_overflow = overflow;
  *ret_err = (struct gc_err){.code = GC_OK};
  if (is_more)
    (void)gc_fail(ret_err, GC_ERR_LIMIT,
                  "all %zu places of MaxSeries are taken; further series are "
                  "left out (series_overflow): name fewer queues or media "
                  "(Queue, Media), share them between agents (Shard), or raise "
                  "MaxSeries",
                  o->series_max);
  else if (o->full_ms == 0 || o->now_ms - o->full_ms < GOOD_AGAIN_MS)
    return false;
  o->full_ms = is_more ? o->now_ms : 0;
  return true;
}

size_t output_series(const struct output *o) {
  return series_limit_count(o->limit);
}

uint64_t output_overflow(const struct output *o) {
  return series_limit_overflow(o->limit) +
         (o->downsample != NULL ? downsample_overflow(o->downsample) : 0);
}

bool output_has_windows(const struct output *o) {
  return o->downsample != NULL;
}
