/* SPDX-License-Identifier: MIT */
/* Names of participant attributes that are metrics. A flow sets an attribute
 * "<Flow>Metric_<Metric>(<UTC time>)" each time something happens; the time
 * makes the name unique, so that one conversation can count a metric often.
 * AttributeFormat says how such names are written. Pure, any thread.
 *
 * What stands between two placeholders may stand in a flow's name too. The
 * name is read from its end, and the first reading whose time is a real one
 * counts. Example, the default format:
 *   "Sales (DE)Metric_BMetric_Lost (2)(2023-03-05T08:18:04.568Z)"
 *   is the metric "Lost (2)" of the flow "Sales (DE)Metric_B". */
#ifndef GENESYS_FLOWMETRICS_EVENTS_ATTRIBUTE_NAME_H
#define GENESYS_FLOWMETRICS_EVENTS_ATTRIBUTE_NAME_H

#include "common/base/err.h"

#include <stdint.h>

enum { ATTRIBUTE_FORMAT_SIZE = 256, ATTRIBUTE_MAX_BYTES = 512 };

enum attribute_part { PART_FLOW, PART_METRIC, PART_TIME, PART_COUNT };

/* A format, read once. Four literals around three parts; the first and the
 * last literal may be empty, those between may not. */
struct attribute_form {
  char text[ATTRIBUTE_FORMAT_SIZE];
  struct {
    const char *text; /* into `text` above: the struct must not be copied */
    size_t len;
  } literals[PART_COUNT + 1];
  enum attribute_part parts[PART_COUNT];
  /* The longest literal. A name without it is no metric and none gone wrong. */
  const char *marker;
  size_t marker_len;
};

/* GC_ERR_CONFIG says what is wrong with it. */
GC_MUST_CHECK enum gc_code attribute_form_set(struct attribute_form *form,
                                              const char *format,
                                              struct gc_err *err);

/* Why something was not counted, and its word in the self-telemetry. The first
 * ones are of names, the others of whole events. */
#define MALFORMED_MAP(XX)                                                      \
  XX(SHAPE, "shape")               /* the parts of the format are not there */ \
  XX(TIME, "time")                 /* no real time, or before 1970 */          \
  XX(FLOW, "flow")                 /* no name that could be shown */           \
  XX(METRIC, "metric")             /* likewise */                              \
  XX(LONG, "long")                 /* above ATTRIBUTE_MAX_BYTES */             \
  XX(FUTURE, "future")             /* more than a day ahead of our clock */    \
  XX(CONVERSATION, "conversation") /* metrics, but no conversation id */       \
  XX(JSON, "json")                 /* no JSON, or no event: left to others */

enum malformed {
#define XX(id, word) MALFORMED_##id,
  MALFORMED_MAP(XX)
#undef XX
      MALFORMED_COUNT,
  MALFORMED_NOT = MALFORMED_COUNT /* it is a metric */
};
const char *malformed_word(enum malformed reason);

struct attribute {
  const char *flow, *metric; /* into the name; not NUL-terminated */
  size_t flow_len, metric_len;
  int64_t time_ms;
};

/* True when the name is meant to be a metric's: it holds the marker. */
bool attribute_is_meant(const struct attribute_form *form, const char *name,
                        size_t len);

/* Reads a name that is meant to be a metric's. MALFORMED_NOT and the parts, or
 * the reason. */
enum malformed attribute_parse(const struct attribute_form *form,
                               const char *name, size_t len,
                               struct attribute *ret);

#endif
