/* SPDX-License-Identifier: MIT */
/* Numbers of observation metrics that are not in OBS_METRIC_MAP, such as one
 * that the platform adds later. Each number of the element is sent under
 * the metric's own name as queue_observation: every finite number of "stats",
 * or of the element itself where the numbers are there: "count",
 * "calculatedMetricValue" and GC_OTHER_NUMBERS_MAX others. The name is kept
 * only if it has nothing but letters, digits, '_', '.' and '-', and no part may
 * identify a customer or a conversation: each part has fewer than
 * GC_NAME_DIGITS_MAX digits and is no UUID, except that of a known presence. A
 * model has at most GC_OTHER_NAMES_MAX names. Further numbers are counted as
 * ignored. Pure. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_OTHERS_H
#define GENESYS_REALTIME_OBSERVATIONS_OTHERS_H

#include "plugins/genesys_realtime/observations/decode_common.h"

/* The places for the names of a document's unknown metrics. */
struct obs_others {
  struct gc_intern *names;           /* of their numbers */
  struct gc_unknown_words *words;    /* the metrics */
  uint32_t *ignored;                 /* numbers whose names are not kept */
  const struct gc_intern *presences; /* known ones: UUIDs */
};

/* Adds a fact for each number of a complete element with an unknown metric; the
 * caller sets queue and media. */
GC_MUST_CHECK enum gc_code obs_others_take(const struct obs_others *into,
                                           const struct obs_datum *d,
                                           struct obs_facts *facts);

/* Puts the numbers of a queue. */
void obs_other_put(const struct observations *o, const struct obs_queue *q,
                   const struct queue_display *display,
                   const struct gc_sample_writer *writer);

#endif
