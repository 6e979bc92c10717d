/* SPDX-License-Identifier: MIT */
/* Names of participant attributes that are metrics. A flow sets an attribute
 * "<Flow>Metric_<Metric>(<UTC time>)" each time something happens. The time
 * makes the name unique, so that one conversation can count a metric several
 * times. AttributeFormat defines the form of such names. Pure, any thread.
 *
 * The text between two placeholders may also occur in a flow's name. A name is
 * therefore split from its end, and the first split with a valid time counts.
 * The time is one of RFC 3339 (also with a blank for T) or of ISO 8601 in its
 * basic form, with its zone. Example with the default format: "Sales
 * (DE)Metric_BMetric_Lost (2)(2023-03-05T08:18:04.568Z)" is the metric "Lost
 * (2)" of the flow "Sales (DE)Metric_B". */
#ifndef GENESYS_FLOWMETRICS_EVENTS_ATTRIBUTE_NAME_H
#define GENESYS_FLOWMETRICS_EVENTS_ATTRIBUTE_NAME_H

#include "common/base/err.h"

#include <stdint.h>

enum { ATTRIBUTE_FORMAT_SIZE = 256, ATTRIBUTE_MAX_BYTES = 512 };

enum attribute_part { PART_FLOW, PART_METRIC, PART_TIME, PART_COUNT };

/* A parsed format: four literals around three parts. The first and the last
 * literal may be empty; the others may not. */
struct attribute_form {
  char text[ATTRIBUTE_FORMAT_SIZE];
  struct {
    const char *text; /* part of `text` above: do not copy the struct */
    size_t len;
  } literals[PART_COUNT + 1];
  enum attribute_part parts[PART_COUNT];
  /* The longest literal. A name without it is not meant to be a metric. */
  const char *marker;
  size_t marker_len;
};

/* Parses the format. Returns GC_ERR_CONFIG and a message if it is wrong. */
GC_MUST_CHECK enum gc_code attribute_form_set(struct attribute_form *form,
                                              const char *format,
                                              struct gc_err *err);

/* The reason why a name or an event was not counted, and its word in the
 * self-telemetry. CONVERSATION and JSON concern whole events, the others
 * names. */
#define MALFORMED_MAP(XX)                                                      \
  XX(SHAPE, "shape")   /* does not match the format */                         \
  XX(TIME, "time")     /* no valid time, or before 1970 */                     \
  XX(FLOW, "flow")     /* no name that could be shown */                       \
  XX(METRIC, "metric") /* no name that could be shown */                       \
  XX(LONG, "long")     /* above ATTRIBUTE_MAX_BYTES */                         \
  XX(FUTURE, "future") /* more than a day ahead of this host's clock */        \
  XX(CONVERSATION, "conversation") /* metrics, but no conversation id */       \
  XX(JSON, "json")                 /* no JSON, or no event */

enum malformed {
#define XX(id, word) MALFORMED_##id,
  MALFORMED_MAP(XX)
#undef XX
      MALFORMED_COUNT,
  MALFORMED_NOT = MALFORMED_COUNT /* it is a metric */
};
const char *malformed_word(enum malformed reason);

struct attribute {
  const char *flow, *metric; /* parts of the name; not NUL-terminated */
  size_t flow_len, metric_len;
  int64_t time_ms;
  /* After MALFORMED_TIME: the text in the place of the time, as the split from
   * the end has it. */
  const char *unread;
  size_t unread_len;
};

/* Returns true when the name is meant to be a metric's: it contains the marker.
 */
bool attribute_is_meant(const struct attribute_form *form, const char *name,
                        size_t len);

/* Parses a name that is meant to be a metric's. Returns MALFORMED_NOT and the
 * parts, or the reason. */
enum malformed attribute_parse(const struct attribute_form *form,
                               const char *name, size_t len,
                               struct attribute *ret);

/* True if a text has as many digits as a time: a flow meant a time, and wrote
 * it in a form that is not read. "yesterday" is not meant as one. */
bool attribute_looks_like_time(const char *text, size_t len);
/* Writes the form of a text for a message, without its value: 9 for each digit,
 * "a" for each letter except T between digits and Z at the end. */
enum { ATTRIBUTE_FORM_SIZE = 41 };
void attribute_time_form(char out[ATTRIBUTE_FORM_SIZE], const char *text,
                         size_t len);

/* The prefilter, since most events of a contact centre have no metric.
 * Returns true when no attribute of the event can contain the format's marker,
 * and the bytes begin and end as documents do. JSON can escape a letter of the
 * marker only as \u, also where one document is a string in another (SNS). It
 * can write a quote, a slash, a backslash or a control character with other
 * escapes, too. A body with base64 in "data" is not rejected. A rejected event
 * has no metric; a fuzzer checks this against event_read_unfiltered. Broken
 * JSON inside a rejected event is not reported. */
bool prefilter_rejects(const struct attribute_form *form, const char *bytes,
                       size_t len);

#endif
