/* SPDX-License-Identifier: MIT */
/* Runs the polls of a configuration and prints checks, values and summary:
 * once, or round by round until SIGINT, SIGTERM or SIGHUP. */
#ifndef PROBE_VALUES_SHOW_H
#define PROBE_VALUES_SHOW_H

#include "probe/host.h"
#include "probe/render.h"

/* `conf` is the text of probe_host_conf, `file` the operator's collectd.conf.
 * The values go to stdout, and as tables or JSON also the checks and the
 * summary. With another format the checks go to stderr, if one of them is not
 * ok. With another format and `repeats` the summary goes to stderr. Without
 * `repeats` probe_show stops collectd after PROBE_LIMIT_MS. */
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
