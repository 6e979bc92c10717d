/* SPDX-License-Identifier: MIT */
/* Starts the host agent, collectd, for a probe. */
#ifndef PROBE_HOST_H
#define PROBE_HOST_H

#include "common/base/buf.h"
#include "common/base/err.h"

enum {
  /* A probe ends within a minute, whatever hangs: host.c adds these up. */
  PROBE_HELP_LIMIT_MS = 4000, /* of collectd -h */
  PROBE_LIMIT_MS = 48000,     /* of the run */
  PROBE_TURN_MS = 1000,       /* between two checks of the run's limit */
  PROBE_RETURN_MS = 6000,     /* after SIGTERM, to remove a channel's topics */
  PROBE_REPORT_MAX = 16 << 20,
  PROBE_WORDS_MAX = 65536
};

struct probe_host {
  const char *program;      /* "/usr/sbin/collectd" */
  const char *agent_folder; /* folder of genesys_probe.so */
  char file[4096];          /* its default collectd.conf */
  char plugins[4096];       /* its default PluginDir */
};

/* Reads the defaults of collectd (collectd -h). GC_ERR_CONFIG: there is no such
 * program, or it is no collectd; GC_ERR_STATE: genesys_probe.so is missing, or
 * no process could be started. */
GC_MUST_CHECK enum gc_code probe_host_find_defaults(struct probe_host *h,
                                                    struct gc_err *err);

/* Writes the configuration that includes `file`. `section` has the lines of
 * the probe's own section, such as "Finish true" or "Values \"once\""
 * (probe/agent.c). */
GC_MUST_CHECK enum gc_code probe_host_conf(const struct probe_host *h,
                                           const char *file,
                                           const char *section,
                                           struct gc_buf *out);

/* Runs collectd with that configuration until it ends or PROBE_LIMIT_MS are
 * over. Appends the lines of probe/findings.h to `report`, and the text that
 * collectd writes to stdout and stderr to `words`. After the time limit `words`
 * has that fact alone, and the result is GC_OK. The process has ended when the
 * function returns. GC_ERR_STATE: it could not be started. */
GC_MUST_CHECK enum gc_code
probe_host_run(const struct probe_host *h, const char *conf,
               struct gc_buf *report, struct gc_buf *words, struct gc_err *err);

/* Returns the first line of `words` that is not empty: it is the cause of the
 * others. Changes `words`. Returns "" when there is none. */
const char *probe_host_first_words(struct gc_buf *words);

/* The receiver of a run that goes on. */
struct probe_host_watch {
  /* Takes a line of the report, without its end, and may change its bytes.
   * Returns false to end the run. */
  bool (*line)(void *ctx, char *line);
  /* Returns true to end the run. Runs at least once in PROBE_TURN_MS, and after
   * a signal. */
  bool (*is_over)(void *ctx);
  void *ctx;
};

/* Runs collectd with that configuration until its report ends, or until `w`
 * ends the run: by SIGTERM, after which collectd has PROBE_RETURN_MS. Appends
 * to `words` as probe_host_run does. The process has ended when the function
 * returns. GC_ERR_STATE: it could not be started. */
GC_MUST_CHECK enum gc_code probe_host_watch(const struct probe_host *h,
                                            const char *conf,
                                            const struct probe_host_watch *w,
                                            struct gc_buf *words,
                                            struct gc_err *err);

#endif
