/* SPDX-License-Identifier: MIT */
/* Decides on the action after an answer of the database, by one table for
 * InfluxDB 1 and 2 and VictoriaMetrics. Pure. Sources: "InfluxDB v2 API, POST
 * /api/v2/write", "InfluxDB v1 API, /write" and "Troubleshoot issues writing
 * data" (docs.influxdata.com), and tries with 1.6 and VictoriaMetrics 1.79. All
 * of them answer 204 when all lines are stored, and only then. */
#ifndef GENESYS_INFLUXDB_SENDER_ANSWER_H
#define GENESYS_INFLUXDB_SENDER_ANSWER_H

#include "common/base/transport.h"

enum { INFLUX_WORDS_SIZE = 240 }; /* of a database's message */

enum influx_action {
  INFLUX_ACCEPTED,
  INFLUX_SPLIT, /* a line is refused, or the body is too large: send halves */
  INFLUX_PAUSE, /* send it again after a backoff, or Retry-After */
  INFLUX_PAUSE_LONG, /* as PAUSE, but longer: only an operator can help */
};

struct influx_decision {
  enum influx_action action;
  enum gc_code code;
  /* INFLUX_SPLIT: the words are about a line. If not, a line that is refused
   * alone is at fault only if the database takes another part of its batch: a
   * gateway may refuse everything with 400. */
  bool names_line;
  const char *hint; /* advice for an operator; "": none */
};

/* Returns the action for an answer. A status without a row is a pause.
 * `reply->body` has the words. */
struct influx_decision influx_decide(const struct gc_reply *reply);

/* Writes what happened, for an operator, into `err`. `url` is that of the
 * database, `why` the transport's error. */
void influx_answer_describe(const struct gc_reply *reply,
                            struct influx_decision d, const char *url,
                            const struct gc_err *why, struct gc_err *err);

/* Copies the message of an error body, printable and cut: the member "error"
 * or "message" of the outermost object, which may be cut off, else the
 * beginning of the text. */
void influx_answer_words(const struct gc_buf *body, char *out, size_t size);

#endif
