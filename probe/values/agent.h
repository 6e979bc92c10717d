/* SPDX-License-Identifier: MIT */
/* The part of genesys-probe inside collectd that lets the blocks of the
 * configuration poll, and reports the values that they would dispatch. It is a
 * library of its own, genesys_probe_values.so, which probe/agent.c loads after
 * the plugins: it uses the core that they loaded. */
#ifndef PROBE_VALUES_AGENT_H
#define PROBE_VALUES_AGENT_H

#include <stdbool.h>
#include <stdint.h>

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
