/* SPDX-License-Identifier: MIT */
/* The check of a queue of SQS: finds the keys, and receives up to one message
 * with a visibility time-out of 0, so that it stays visible to the agent. It
 * deletes nothing and needs sqs:ReceiveMessage alone. SQS counts the receive
 * (ApproximateReceiveCount). Main thread. */
#ifndef PROBE_NETWORK_SQS_H
#define PROBE_NETWORK_SQS_H

#include "plugins/genesys_flowmetrics/attributes_block.h"
#include "probe/network/place.h"

/* Reports the result under p->subject. */
void probe_sqs_check(const struct probe_place *p,
                     const struct attributes_options *o,
                     const struct attributes_config *config);

#endif
