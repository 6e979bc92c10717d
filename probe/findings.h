/* SPDX-License-Identifier: MIT */
/* Reads the report of the parts inside collectd, and makes of it the results of
 * the checks that need no network, the values that the configuration would
 * dispatch, and its cost in requests and series. Pure.
 *
 * A report is lines of words that TABs separate. A line is one of these:
 *
 *   log LEVEL TEXT            a line for collectd's log; LEVEL as in syslog: 3
 *                             is an error, 4 a warning
 *   plugin NAME               LoadPlugin of a plugin of this suite
 *   account NAME              an <Account> that was accepted
 *   block PLUGIN KIND NAME ACCOUNT
 *                             a block that was accepted; ACCOUNT is empty for
 *                             a block that needs none
 *   read                      the whole file was read
 *   result CHECK STATE SUBJECT WHAT
 *                             the result of a check that needs the network
 *   end                       all checks were made
 *
 * and of the polls (probe/values/agent.c), without results of their own:
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
 *   budget ACCOUNT PER_MINUTE PER_MONTH
 *   note PLUGIN BLOCK TEXT
 *   round                      one round of polls is complete */
#ifndef PROBE_FINDINGS_H
#define PROBE_FINDINGS_H

#include "common/base/strmap.h"
#include "common/base/strs.h"
#include "common/genesys/sample.h"
#include "probe/checks.h"

struct probe_block {
  const char *plugin, *kind, *name, *account;
};

struct probe_value {
  const char *plugin, *block, *host, *instance, *type, *type_instance;
  const char *parts;
  enum gc_metric_id metric;
  union gc_number numbers[GC_DS_MAX];
  int64_t time_ns;
  int64_t interval_ms;
  bool is_state;
  bool is_replaced; /* a later value of the round has its identity */
  char *line;       /* memory of the strings */
};

/* A block that was tried or left out. */
struct probe_tried {
  const char *plugin, *block, *subject;
  const char *why;   /* left out; NULL: tried */
  bool has_answered; /* all its sources, at one time */
  unsigned down;     /* times that a source_up was 0 at the end of a round */
  bool is_empty;     /* it selects no queue or flow */
};

#define PROBE_SELF_TELEMETRY "self-telemetry"

/* A row of the summary; a member that its line lacks is NULL. */
struct probe_row {
  const char *plugin, *block, *account;
  const char *text; /* of a note; the family of requests */
  double per_minute;
  double monthly; /* of a budget: MonthlyRequests; 0: not known */
};
struct probe_rows {
  struct probe_row *at;
  size_t count;
};

/* The series of a family of values in a block. */
struct probe_series {
  const char *plugin, *block;
  const char *family; /* the collectd type, or PROBE_SELF_TELEMETRY */
  size_t count;
};

struct probe_values {
  struct probe_value *at; /* of the present round */
  size_t count, cap;
  struct probe_tried *tried;
  struct probe_series *series;
  size_t tried_count, series_count;
  struct probe_rows requests, budgets, notes;
  struct gc_strmap seen; /* identity → struct probe_seen, of all rounds */
  size_t twice;          /* values whose identity another block has too */
  size_t rounds;
};

enum { PROBE_VALUES_MAX = 2000000 }; /* of one round; series of all rounds */

/* Zeroed at first. Its texts point into `lines`. */
struct probe_findings {
  struct probe_results results; /* probe_conclude completes them */
  struct gc_strs plugins, accounts;
  struct probe_block *blocks;
  size_t block_count;
  bool is_read, ended;
  struct probe_values values;
  struct gc_strs lines;
};

/* Reads one line. GC_ERR_PARSE: another line, or words that cannot be read;
 * GC_ERR_LIMIT. */
GC_MUST_CHECK enum gc_code probe_findings_read(struct probe_findings *f,
                                               const char *line);
/* Forgets the values of the present round, not the summary. */
void probe_values_next_round(struct probe_values *v);

/* Adds a warning for each file that collectd could not include. It reads the
 * included files before it loads the part of the probe, so these lines are only
 * on its stderr; `words` is all that it wrote there and to stdout. */
GC_MUST_CHECK enum gc_code probe_findings_read_words(struct probe_findings *f,
                                                     const char *words);

/* Adds the results that follow from the whole report, and sorts all of them:
 * among them, for each block that polls, whether it has answered, and the
 * number of its series. `file` is the collectd.conf. `first_words` is the first
 * line that collectd wrote to stdout or stderr, or the reason why the probe
 * ended collectd; "": none. */
GC_MUST_CHECK enum gc_code probe_conclude(struct probe_findings *f,
                                          const char *file,
                                          const char *first_words);

void probe_findings_clear(struct probe_findings *f);

/* ---- probe/values/agent.c, which makes the report ---- */

/* It is a library of its own, genesys_probe_values.so, which probe/agent.c
 * loads after the plugins: it uses the core that they loaded, lets the blocks
 * of the configuration poll, and reports the values that they would dispatch.
 */

/* The first round ends this long after the start of the process at the latest,
 * whatever hangs: before the limit of probe/host.h. */
enum { PROBE_ROUND_LIMIT_MS = 42000 };

/* Reports one round of polls and then,
 * with `repeats`, round after round until the process ends. `start_ms`: when
 * the process began, CLOCK_MONOTONIC. `report` takes a line without its end. */
typedef void probe_values_run(bool repeats, uint64_t start_ms,
                              void (*report)(const char *line));
#define PROBE_VALUES_RUN "probe_values_watch"

#endif
