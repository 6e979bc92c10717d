/* SPDX-License-Identifier: MIT */
/* Drops the duplicates while one socket replaces another: until the old one
 * closes, the server sends each message on both. The order is the same on both,
 * so the socket that is behind repeats the messages of the one that is ahead.
 * Pure; one thread at a time.
 *
 *   old  a b c d e        passed on once, in any timing: a b c d e f
 *   new      c d e f      (the server had not read the query before c) */
#ifndef GENESYS_REALTIME_STREAM_GUIDE_DEDUP_H
#define GENESYS_REALTIME_STREAM_GUIDE_DEDUP_H

#include "common/base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GUIDE_DEDUP_MAX = 1024 }; /* messages that one may be ahead */

/* Zero it before the first message. */
struct guide_dedup {
  uint64_t ahead[GUIDE_DEDUP_MAX]; /* hashes, from `first` on, in a ring */
  size_t first, count;
  bool new_is_ahead;
};

/* A message arrived: true if it is new, false if the other socket has delivered
 * it. Past GUIDE_DEDUP_MAX the oldest are forgotten and pass twice. */
bool guide_dedup_is_new(struct guide_dedup *o, bool from_new, const char *bytes,
                        size_t len);

#endif
