/* SPDX-License-Identifier: MIT */
/* Two sockets that tell the same for a moment: one takes over from the other,
 * and what the server sends meanwhile comes twice. It comes in one order on
 * both, so whoever is behind repeats what the other was ahead with. Pure; one
 * thread at a time.
 *
 *   old  a b c d e        told once, whoever is quicker: a b c d e f
 *   new      c d e f      (the server had not read the query before c) */
#ifndef GENESYS_REALTIME_STREAM_GUIDE_DEDUP_H
#define GENESYS_REALTIME_STREAM_GUIDE_DEDUP_H

#include "common/base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OVERLAP_MAX = 1024 }; /* messages that one may be ahead */

/* Zeroed before it begins. */
struct overlap {
  uint64_t ahead[OVERLAP_MAX]; /* hashes, from `first` on, in a ring */
  size_t first, count;
  bool new_is_ahead;
};

/* A message came: true when it is news, false when the other socket has told
 * it. Past OVERLAP_MAX the oldest are forgotten, and come twice. */
bool overlap_is_news(struct overlap *o, bool from_new, const char *bytes,
                     size_t len);

#endif
