/* SPDX-License-Identifier: MIT */
/* Reads the report of the part inside collectd (probe/agent.c), and makes the
 * results of the checks that need no network. Pure.
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
 *   end                       all checks were made */
#ifndef PROBE_FINDINGS_H
#define PROBE_FINDINGS_H

#include "common/base/strs.h"
#include "probe/checks.h"

struct probe_block {
  char *plugin, *kind, *name, *account;
};

/* Zeroed at first. */
struct probe_findings {
  struct probe_results results; /* of log and result lines; probe_conclude adds
                                   the others */
  struct gc_strs plugins, accounts;
  struct probe_block *blocks;
  size_t block_count;
  bool is_read, ended;
};

/* Splits a line at its TABs into `count` words, 1 or more; the last one takes
 * the rest. Changes the bytes of the line. Returns false when it has fewer
 * words. */
bool probe_split_line(char *line, char **words, size_t count);

/* Reads one line and changes its bytes. GC_ERR_PARSE: another line, which is
 * untouched, or words that cannot be read; GC_ERR_LIMIT, GC_ERR_MEMORY. */
GC_MUST_CHECK enum gc_code probe_findings_read(struct probe_findings *f,
                                               char *line);

/* Adds a warning for each file that collectd could not include. It reads the
 * included files before it loads the part of the probe, so these lines are only
 * on its stderr; `words` is all that it wrote there and to stdout. */
GC_MUST_CHECK enum gc_code probe_findings_read_words(struct probe_findings *f,
                                                     const char *words);

/* Adds the results that follow from the whole report, and sorts all of them.
 * `file` is the collectd.conf. `first_words` is the first line that collectd
 * wrote to stdout or stderr, or the reason why the probe ended collectd; "":
 * none. */
GC_MUST_CHECK enum gc_code probe_conclude(struct probe_findings *f,
                                          const char *file,
                                          const char *first_words);

void probe_findings_clear(struct probe_findings *f);

#endif
