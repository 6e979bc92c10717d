/* SPDX-License-Identifier: MIT */
/* Decodes events in any envelope into attribute metrics. An event is an object
 * with "attributes", or with "participants" that have them:
 *   EventBridge           {"detail-type":…, "detail":{"eventBody":{…}}}
 *   a notification        {"topicName":…, "eventBody":{…}}
 *   the body alone        {"conversationId":…, "attributes":{…}}
 *   a conversation        {"id":…, "participants":[{"attributes":{…}}]}
 *   a page of the details job, Azure Event Grid, CloudEvents, Pipes, Lambda:
 *                         {"conversations":[…]}, [{"data":{"message":…}}], …
 * Documents within strings (SNS, Lambda, "detail" as a string; base64 in
 * "data", as of Firehose) are opened, up to five documents deep. Several
 * documents may follow each other.
 *
 * The conversation is the event's conversationId, else the one in a topicName
 * around it, else its id when it is an eventBody or has participants. A
 * document without an attribute that is meant to be a metric is skipped. An
 * event with a marker outside of attributes, or with attributes without a
 * conversation, counts as not read (event_counts_unread): do not acknowledge
 * it. Pure; one thread. */
#ifndef GENESYS_FLOWMETRICS_EVENTS_DECODE_H
#define GENESYS_FLOWMETRICS_EVENTS_DECODE_H

#include "plugins/genesys_flowmetrics/events/attribute_name.h"

enum {
  EVENT_MAX_BYTES = 4 * 1024 * 1024, /* size of one body */
  EVENT_NAMES_MAX_BYTES = 8 << 20,   /* names of metrics in one body */
  EVENT_CONVERSATION_MAX_BYTES = 127,
};

/* One metric of an event, borrowed for the call. */
struct event_metric {
  const char *conversation; /* NUL-terminated */
  const char *name;         /* the whole attribute name; not terminated */
  size_t name_len;
  struct attribute parts; /* parts of `name` */
  bool has_value;         /* the attribute is a number */
  double value;           /* finite */
};

struct event_counts {
  uint64_t events;   /* events with metrics, elements of an outermost array
                        without one, and bodies that the prefilter rejects */
  uint64_t skipped;  /* the events without a metric */
  uint64_t unplaced; /* the events with a marker where no event has one */
  uint64_t untimed;  /* the names whose time is meant and cannot be read; they
                        are malformed, too */
  uint64_t malformed[MALFORMED_COUNT];
};

/* Returns the number of events and names that could not be read. Their events
 * must not be acknowledged. */
static inline uint64_t event_counts_unread(const struct event_counts *c) {
  return c->unplaced + c->untimed + c->malformed[MALFORMED_CONVERSATION];
}

static inline void event_counts_add(struct event_counts *to,
                                    const struct event_counts *more) {
  to->events += more->events;
  to->skipped += more->skipped;
  to->unplaced += more->unplaced;
  to->untimed += more->untimed;
  for (size_t i = 0; i < MALFORMED_COUNT; i++)
    to->malformed[i] += more->malformed[i];
}

/* Receives the metrics; any code but GC_OK ends the decoding with that code. */
struct event_sink {
  enum gc_code (*metric)(void *ctx, const struct event_metric *m);
  void *ctx;
};

struct event_reader;

/* Makes a reader. `form` is borrowed. */
struct event_reader *event_reader_new(const struct attribute_form *form);
void event_reader_free(struct event_reader *r);

/* Decodes one body, unless the prefilter rejects it (prefilter_rejects), and
 * adds to `counts`. GC_ERR_PARSE or GC_ERR_LIMIT: the body is no event and
 * counts as MALFORMED_JSON; the caller discards the metrics that `sink`
 * received. */
GC_MUST_CHECK enum gc_code event_read(struct event_reader *r, const char *bytes,
                                      size_t len, struct event_counts *counts,
                                      const struct event_sink *sink,
                                      struct gc_err *err);
/* Returns the place of the marker in the last event that was not read, such as
 * "[].payload.values"; it has only names of members. Valid until the next call.
 */
const char *event_reader_shape(const struct event_reader *r);
/* Returns the form of the last time that was not read (attribute_time_form).
 * Valid until the next call. */
const char *event_reader_time_form(const struct event_reader *r);
/* Does the same as event_read, without the prefilter. */
GC_MUST_CHECK enum gc_code event_read_unfiltered(struct event_reader *r,
                                                 const char *bytes, size_t len,
                                                 struct event_counts *counts,
                                                 const struct event_sink *sink,
                                                 struct gc_err *err);

#endif
