/* SPDX-License-Identifier: MIT */
/* Receipt handles of messages, to be deleted. Pure, one thread. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_RECEIPTS_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_RECEIPTS_H

#include <stdbool.h>
#include <stddef.h>

/* Receipts of messages, each owned. */
struct receipts {
  char **at;
  size_t count, cap;
};

/* Takes the receipt over; false, and it stays the caller's, when out of memory.
 */
bool receipts_add(struct receipts *r, char *receipt);
/* Moves the first `max` of them, as many as memory allows. */
void receipts_move(struct receipts *from, size_t max, struct receipts *to);
void receipts_clear(struct receipts *r);

#endif
