/* SPDX-License-Identifier: MIT */
/* The common part of the decoders of answers and of pushed messages. An element
 * {"metric","qualifier","count"…} becomes a fact, and facts are kept until the
 * document is complete. Pure. */
#ifndef GENESYS_REALTIME_OBSERVATIONS_DATUM_H
#define GENESYS_REALTIME_OBSERVATIONS_DATUM_H

#include "common/genesys/unknown_words.h"
#include "plugins/genesys_realtime/observations/observations.h"

enum {
  OBS_QUALIFIER_MAX_BYTES = 64,
  OBS_MEDIA_SIZE = 32, /* of a media type, with the NUL */
  /* Of the name of an unknown number; leaves room for the medium. */
  OBS_OTHER_MAX_BYTES = GC_NAME_SIZE - OBS_MEDIA_SIZE - 1,
};

/* The present element. Its members come in any order. */
struct obs_datum {
  int metric;                     /* enum obs_metric, or -1 */
  bool is_unknown;                /* no metric, or one that is not documented */
  bool has_count, has_calculated; /* whole numbers */
  bool is_count_unread, is_calculated_unread; /* any other value but null */
  int64_t count, calculated;
  double count_number, calculated_number; /* as they came; NAN: none */
  char qualifier[OBS_QUALIFIER_MAX_BYTES];
  uint64_t secondary;              /* as in struct obs_fact */
  char name[GC_UNKNOWN_WORD_SIZE]; /* of an unknown metric */
  struct gc_other_numbers others;
};

void obs_datum_begin(struct obs_datum *d);
void obs_datum_metric(struct obs_datum *d, const struct gc_json_value *v);
void obs_datum_qualifier(struct obs_datum *d, const struct gc_json_value *v);
void obs_datum_secondary(struct obs_datum *d, const struct gc_json_value *v);
void obs_datum_count(struct obs_datum *d, const struct gc_json_value *v);
void obs_datum_calculated(struct obs_datum *d, const struct gc_json_value *v);

/* Reads a number whose key is not in the table; ignores other values. Counts a
 * number beyond GC_OTHER_NUMBERS_MAX. */
void obs_datum_other(struct obs_datum *d, const struct gc_json_at *at,
                     const struct gc_json_value *v);

/* Makes the fact of a complete element with a known metric; the caller sets
 * queue and media. *ret_reported is false if the number is missing. An invalid
 * time becomes 0. */
GC_MUST_CHECK enum gc_code obs_datum_fact(const struct obs_datum *d,
                                          struct observations *into,
                                          struct obs_fact *ret,
                                          bool *ret_reported);

/* Interns a media type in lower case ("VOICE" becomes "voice"), cleaned for an
 * identity. For any other value *media does not change. */
GC_MUST_CHECK enum gc_code obs_media_put(struct observations *into,
                                         const struct gc_json_value *v,
                                         uint32_t *media);

/* Returns true if the number of a known metric is there but cannot be read. */
bool obs_datum_is_unread(const struct obs_datum *d);

struct obs_facts {
  struct obs_fact *at;
  size_t count, cap;
};

/* Adds a fact. Returns GC_ERR_LIMIT for more facts than any answer has. */
GC_MUST_CHECK enum gc_code obs_facts_add(struct obs_facts *facts,
                                         const struct obs_fact *fact);
void obs_facts_clear(struct obs_facts *facts);

/* Numbers of observation metrics that are not in OBS_METRIC_MAP, such as one
 * that the platform adds later. Each number of the element is sent under
 * the metric's own name as queue_observation: every finite number of "stats",
 * or of the element itself where the numbers are there: "count",
 * "calculatedMetricValue" and GC_OTHER_NUMBERS_MAX others. The name is kept
 * only if it has nothing but letters, digits, '_', '.' and '-', and no part may
 * identify a customer or a conversation: each part has fewer than
 * GC_NAME_DIGITS_MAX digits and is no UUID, except that of a known presence. A
 * model has at most GC_OTHER_NAMES_MAX names. Further numbers are counted as
 * ignored. */

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

#endif
