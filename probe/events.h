/* SPDX-License-Identifier: MIT */
/* Replays recorded events through the decoders of the plugins. Reports the
 * contacts (probe/contacts.h) and flow metrics that they would count, and the
 * reasons why others would not count. Each line of the input is one body: of a
 * message of SQS, of a request to the webhook, or of a message of a socket,
 * which may begin with the "< " of a log. Pure; one thread.
 *
 * A metric counts once for a conversation and an attribute name, as in the
 * ledger. The replay has no settings of a block (Retention, MaxSeries, Flow,
 * Metric): it refuses a name with a number as a block without Flow and Metric
 * does, and shows it with "*" for each digit. It has no time of arrival, so no
 * event is too old. It shows no value of an attribute and no conversation id.
 */
#ifndef PROBE_EVENTS_H
#define PROBE_EVENTS_H

#include "common/base/buf.h"
#include "probe/checks.h"

struct probe_replay;

/* The default of AttributeFormat. */
#define PROBE_ATTRIBUTE_FORMAT "%{flow}Metric_%{metric}(%{time})"

/* Makes a replay with an AttributeFormat. Returns NULL and fills err for a
 * wrong format: GC_ERR_CONFIG. */
struct probe_replay *probe_replay_new(const char *format, struct gc_err *err);
void probe_replay_free(struct probe_replay *r);

/* Reads the next line, without its line end. An event may have several lines,
 * as the console of AWS prints it: it ends with its last bracket, before a line
 * that begins with "{", or with an empty line, which the caller adds after the
 * last one. A byte order mark and "< " (of a socket's log) are passed over.
 * GC_ERR_LIMIT for more than PROBE_ROWS_MAX rows, or an event of more than 16
 * MB, or as in probe/contacts.h. A line that is no event is a row, not an
 * error. */
enum { PROBE_ROWS_MAX = 1000000 };
GC_MUST_CHECK enum gc_code probe_replay_line(struct probe_replay *r,
                                             const char *line, size_t len);

/* Appends the rows in the order of the input, then the sum of each outcome:
 *
 *   LINE    OUTCOME       WHAT
 *   1       counted       CustomerRouting/flow_metric-Unknown
 *   2       duplicate     CustomerRouting/flow_metric-Unknown
 *   3       time          an attribute has no valid time, or one before 1970
 *   4       refused       Callback/flow_metric-***********: a name with 9 …
 *   5       counted       5dfbd3d1-…/queue_offer-voice
 *   counted: 2, duplicate: 1, refused: 1, time: 1
 *
 * or one JSON object with the members outcomes and events. An event has line
 * and outcome; a flow metric also flow and metric; a count of a contact, or a
 * word, also series and count; an outcome with an explanation also what. */
GC_MUST_CHECK enum gc_code probe_replay_render(const struct probe_replay *r,
                                               enum probe_format format,
                                               struct gc_buf *out,
                                               struct gc_err *err);

/* Returns PROBE_WARNING if a row needs attention: an attribute that is meant to
 * be a metric, a whole line or a word was not understood, a name is refused, a
 * time is ahead, or participants were left out. Returns PROBE_OK otherwise. */
enum probe_state probe_replay_state(const struct probe_replay *r);

#endif
