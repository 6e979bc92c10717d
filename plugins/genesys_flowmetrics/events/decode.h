/* SPDX-License-Identifier: MIT */
/* Decodes events into attribute metrics. Accepted forms, alone or in an array:
 *   EventBridge           {"detail-type":…, "detail":{"eventBody":{…}}}
 *   a notification        {"topicName":…, "eventBody":{…}}
 *   guide E's bare form   {"eventBody":{"conversationId":…, "attributes":{…}}}
 *   the body alone        {"conversationId":…, "attributes":{…}}
 *   SNS around one        {"Type":"Notification", "Message":"{…}"}
 * A body names its conversation in conversationId (attribute events) or in id
 * (queue conversations, which have attributes at their participants). A
 * document without an attribute that is meant to be a metric is skipped,
 * whatever it is. Pure; one thread. */
#ifndef GENESYS_FLOWMETRICS_EVENTS_DECODE_H
#define GENESYS_FLOWMETRICS_EVENTS_DECODE_H

#include "plugins/genesys_flowmetrics/events/attribute_name.h"

enum {
  EVENT_MAX_BYTES = 4 * 1024 * 1024,    /* of one body */
  EVENT_ATTRIBUTES_MAX_BYTES = 1 << 20, /* names of metrics in one event */
  EVENT_CONVERSATION_MAX_BYTES = 127,
};

/* The kind of an attribute's value. */
enum event_value { VALUE_NUMBER, VALUE_OTHER };

/* Borrowed for the call. */
struct event_metric {
  const char *conversation; /* NUL-terminated */
  const char *name;         /* the whole attribute name; not terminated */
  size_t name_len;
  struct attribute parts; /* into `name` */
  enum event_value kind;
  double value; /* of VALUE_NUMBER; finite */
};

struct event_counts {
  uint64_t events;  /* each element of an array counts; a body that the
                       prefilter rejects counts as one */
  uint64_t skipped; /* of these, without a metric */
  uint64_t malformed[MALFORMED_COUNT];
};

/* Receives the metrics; any code but GC_OK ends the decoding with that code. */
struct event_sink {
  enum gc_code (*metric)(void *ctx, const struct event_metric *m);
  void *ctx;
};

struct event_reader;

/* `form` is borrowed. NULL and err when out of memory. */
struct event_reader *event_reader_new(const struct attribute_form *form,
                                      struct gc_err *err);
void event_reader_free(struct event_reader *r);

/* Decodes one body, unless the prefilter rejects it (prefilter.h), and adds to
 * `counts`. GC_ERR_PARSE or GC_ERR_LIMIT: no event; counted as MALFORMED_JSON,
 * and the caller discards the metrics that `sink` received. */
GC_MUST_CHECK enum gc_code event_read(struct event_reader *r, const char *bytes,
                                      size_t len, struct event_counts *counts,
                                      const struct event_sink *sink,
                                      struct gc_err *err);
/* The same without the prefilter. */
GC_MUST_CHECK enum gc_code event_read_unfiltered(struct event_reader *r,
                                                 const char *bytes, size_t len,
                                                 struct event_counts *counts,
                                                 const struct event_sink *sink,
                                                 struct gc_err *err);

#endif
