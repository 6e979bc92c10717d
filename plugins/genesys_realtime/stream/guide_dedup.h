/* SPDX-License-Identifier: MIT */
/* Drops the duplicates while one socket replaces another: until the old socket
 * closes, the server sends each message on both. The order is the same on both,
 * so the socket that is behind repeats the messages of the socket that is
 * ahead. Pure; one thread at a time.
 *
 *   old  a b c d e        passed on once, in any timing: a b c d e f
 *   new      c d e f      (the server had not read the query before c)
 *
 * Messages have no number, so a message that equals an earlier one may be a
 * repeat or new. The new socket repeats the old one to the end, without a hole.
 * Its messages are held until the repetition is complete, and are passed on as
 * soon as one of them does not fit.
 *
 *   old  a b              passed on: a b a c
 *   new      a c          (a is new: a repeat would be followed by b) */
#ifndef GENESYS_REALTIME_STREAM_GUIDE_DEDUP_H
#define GENESYS_REALTIME_STREAM_GUIDE_DEDUP_H

#include "common/base/buf.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GUIDE_DEDUP_MAX = 1024 }; /* messages by which a socket may be ahead */

/* Zero it before the first message. */
struct guide_dedup {
  uint64_t ahead[GUIDE_DEDUP_MAX]; /* hashes, from `first` on, in a ring */
  size_t first, count;
  bool new_is_ahead;
  /* Messages of the new socket that repeat those ahead from `start` on. Each
   * stands after its length. */
  struct gc_buf held;
  size_t start, held_count;
};

typedef void guide_dedup_pass(void *ctx, const char *bytes, size_t len);

/* Takes a message. Passes on the messages held so far and this one, unless the
 * other socket has delivered it or may have. Beyond GUIDE_DEDUP_MAX messages
 * the oldest hashes are forgotten, so their repeats pass. */
void guide_dedup_message(struct guide_dedup *o, bool from_new,
                         const char *bytes, size_t len, guide_dedup_pass *pass,
                         void *ctx);
/* Passes on the messages that are still held, which are new. Call it at the end
 * of the overlap. */
void guide_dedup_flush(struct guide_dedup *o, guide_dedup_pass *pass,
                       void *ctx);
/* Frees the held messages and zeroes the struct. */
void guide_dedup_clear(struct guide_dedup *o);

#endif
