/* SPDX-License-Identifier: MIT */
/* One list of names of an account, which the main thread waits for. */
#ifndef PROBE_NETWORK_NAMES_H
#define PROBE_NETWORK_NAMES_H

#include "common/net/account.h"
#include "probe/network/reporter.h"

/* Reads the list through the account's name cache; waits for
 * PROBE_STEP_LIMIT_MS or the time that is left for all checks. Returns a
 * reference (gc_entities_put); NULL when no answer came. A list that is refused
 * (403, 404) is an answer. */
struct gc_entities *probe_names_read(const struct probe_reporter *r,
                                     struct gc_account *a,
                                     enum gc_name_kind kind);

#endif
