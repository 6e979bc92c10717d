/* SPDX-License-Identifier: MIT */
/* Runs the polls of a configuration and prints checks, values and summary:
 * once, or round by round until SIGINT or SIGTERM. */
#ifndef PROBE_VALUES_SHOW_H
#define PROBE_VALUES_SHOW_H

#include "probe/host.h"
#include "probe/render.h"

/* `conf` is that of probe_host_conf, `file` the operator's. The values go to
 * stdout; so do checks and summary as tables or JSON. Beside another format
 * they go to stderr: failed checks always, the summary after rounds. Ends
 * within PROBE_LIMIT_MS without `repeats`. */
struct probe_show {
  const struct probe_host *host;
  const char *conf, *file;
  enum probe_format format;
  bool repeats;
};
GC_MUST_CHECK enum gc_code probe_show(const struct probe_show *show,
                                      enum probe_state *ret_state,
                                      struct gc_err *err);

#endif
