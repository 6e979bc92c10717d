/* SPDX-License-Identifier: MIT */
/* Runs the host agent, collectd, for a probe, and prints what it reports. */
#ifndef PROBE_HOST_H
#define PROBE_HOST_H

#include "common/base/err.h"
#include "probe/checks.h"

enum probe_scope {
  PROBE_CONFIG, /* the configuration; no network */
  PROBE_ONCE,   /* all checks, and one round of polls; a minute at most */
  PROBE_WATCH,  /* polls, round by round until SIGINT, SIGTERM or SIGHUP */
};

struct probe_run_options {
  const char *program;    /* "/usr/sbin/collectd" */
  const char *module_dir; /* folder of genesys_probe.so */
  const char *file;       /* NULL: its default collectd.conf */
  enum probe_scope scope;
  enum probe_format format;
};

/* Runs collectd with the file and prints: the values go to stdout, and as
 * tables or JSON also the checks and the summary. With another format the
 * checks go to stderr, if one of them is not ok; in PROBE_WATCH the summary
 * goes there. The process has ended when the function returns. GC_ERR_CONFIG:
 * the file cannot be read, or the program is no collectd; GC_ERR_STATE:
 * genesys_probe.so is missing, or no process could be started; GC_ERR_PARSE,
 * GC_ERR_LIMIT: of the report. */
GC_MUST_CHECK enum gc_code probe_run(const struct probe_run_options *o,
                                     enum probe_state *ret_state,
                                     struct gc_err *err);

#endif
