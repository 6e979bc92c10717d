/* SPDX-License-Identifier: MIT */
/* Receipt handles of messages to be deleted. Pure, one thread. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_SQS_RECEIPTS_H
#define GENESYS_FLOWMETRICS_SOURCES_SQS_RECEIPTS_H

#include <stdbool.h>
#include <stddef.h>

/* A list that owns its receipts. */
struct receipts {
  char **at;
  size_t count, cap;
};

/* Takes ownership of the receipt. Returns false when out of memory; the caller
 * keeps it then. */
bool receipts_add(struct receipts *r, char *receipt);
/* Moves at most `max` receipts from the front of `from`, fewer when memory is
 * short. */
void receipts_move(struct receipts *from, size_t max, struct receipts *to);
/* Keeps the receipts for which `keep` returns true, given their places, and
 * frees the others. Returns how many were freed. */
size_t receipts_filter(struct receipts *r,
                       bool (*keep)(void *ctx, size_t place), void *ctx);
void receipts_clear(struct receipts *r);

#endif
