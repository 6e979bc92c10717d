/* SPDX-License-Identifier: MIT */
/* The values that a configuration would dispatch, and its cost in requests and
 * series, as the part inside collectd (probe/values/agent.c) reports them.
 * Pure.
 *
 * A report is lines of words that TABs separate:
 *
 *   polled LEVEL TEXT          a line for collectd's log while servers are
 *                              checked and blocks poll
 *   tried PLUGIN BLOCK SUBJECT a block that polls: "queues-all", and the block
 *                              in the configuration
 *   left-out PLUGIN BLOCK SUBJECT WHY
 *                              a block that is not tried
 *   answered PLUGIN BLOCK      all its sources were up
 *   value PLUGIN BLOCK HOST INSTANCE TYPE TYPE_INSTANCE TIME INTERVAL NUMBERS
 *         PARTS                a value: time in ns since 1970, interval in ms,
 *                              numbers separated by blanks; parts of the
 *                              identity (genesys/parts.h) with US in place of
 *                              line ends
 *   state …                    likewise: a value of a block's self-telemetry
 *   requests PLUGIN BLOCK ACCOUNT FAMILY PER_MINUTE
 *                              PLUGIN and BLOCK are empty for lists of names
 *   budget ACCOUNT PER_MINUTE
 *   note PLUGIN BLOCK TEXT
 *   round                      one round of polls is complete */
#ifndef PROBE_VALUES_VALUES_H
#define PROBE_VALUES_VALUES_H

#include "common/base/strmap.h"
#include "common/genesys/sample.h"
#include "probe/checks.h"

struct probe_value {
  const char *plugin, *block, *host, *instance, *type, *type_instance;
  const char *parts;
  enum gc_metric_id metric;
  union gc_number numbers[GC_DS_MAX];
  int64_t time_ns;
  int64_t interval_ms;
  bool is_state;
  bool is_replaced; /* a later value of the round has its identity */
  char *text;       /* memory of the strings */
};

/* A block that was tried or left out. */
struct probe_tried {
  char *plugin, *block, *subject;
  char *why;         /* left out; NULL: tried */
  bool has_answered; /* all its sources, at one time */
  unsigned down;     /* times that a source_up was 0 at the end of a round */
  bool is_empty;     /* it selects no queue or flow */
};

#define PROBE_SELF_TELEMETRY "self-telemetry"

/* A row of the summary. */
struct probe_requests {
  char *plugin, *block, *account, *family;
  double per_minute;
};
struct probe_budget {
  char *account;
  double per_minute;
};
struct probe_note {
  char *plugin, *block, *text;
};
/* The series of a family of values in a block. */
struct probe_series {
  char *plugin, *block;
  const char *family; /* the collectd type, or PROBE_SELF_TELEMETRY */
  size_t count;
};

/* Zeroed at first. */
struct probe_values {
  struct probe_value *at; /* of the present round */
  size_t count, cap;
  struct probe_tried *tried;
  struct probe_requests *requests;
  struct probe_budget *budgets;
  struct probe_note *notes;
  struct probe_series *series;
  size_t tried_count, request_count, budget_count, note_count, series_count;
  struct gc_strmap seen; /* identity → struct probe_seen, of all rounds */
  size_t twice;          /* values whose identity another block has too */
  size_t rounds;
};

enum { PROBE_VALUES_MAX = 2000000 }; /* of one round; series of all rounds */

/* Reads one line and changes its bytes; an error or a warning of `polled`
 * becomes a result. GC_ERR_PARSE: another line, which is untouched, or words
 * that cannot be read; GC_ERR_LIMIT, GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code probe_values_read(struct probe_values *v,
                                             struct probe_results *results,
                                             char *line);
/* Forgets the values of the present round, not the summary. */
void probe_values_next_round(struct probe_values *v);
/* Adds a result for each block: whether it has answered, and the number of its
 * series. Sorts the results. */
GC_MUST_CHECK enum gc_code probe_values_conclude(const struct probe_values *v,
                                                 struct probe_results *results);
void probe_values_clear(struct probe_values *v);

/* ---- probe/values/agent.c, which makes the report ---- */

/* It is a library of its own, genesys_probe_values.so, which probe/agent.c
 * loads after the plugins: it uses the core that they loaded, lets the blocks
 * of the configuration poll, and reports the values that they would dispatch.
 */

/* The first round ends this long after the start of the process at the latest,
 * whatever hangs: before the limit of probe/host.h. */
enum { PROBE_ROUND_LIMIT_MS = 42000 };

/* Reports one round of polls in the lines of probe/values/values.h, and then,
 * with `repeats`, round after round until the process ends. `start_ms`: when
 * the process began, CLOCK_MONOTONIC. `report` takes a line without its end. */
typedef void probe_values_run(bool repeats, uint64_t start_ms,
                              void (*report)(const char *line));
#define PROBE_VALUES_RUN "probe_values_watch"

#endif
