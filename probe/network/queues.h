/* SPDX-License-Identifier: MIT */
/* The checks of a <Queues> block: permissions, selected queues, one poll, and a
 * notification channel or the conversation stream. Main thread. */
#ifndef PROBE_NETWORK_QUEUES_H
#define PROBE_NETWORK_QUEUES_H

#include "probe/network/place.h"

/* Reports the results under p->subject. */
void probe_queues_check(const struct probe_place *p);

#endif
