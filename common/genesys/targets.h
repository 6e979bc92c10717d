/* SPDX-License-Identifier: MIT */
/* A queue's own service level targets, one for each medium:
 *   "mediaSettings":{"call":{"serviceLevel":{"durationMs":20000,…}},…}
 * (API reference, lists and names). They are the queue's detail in a directory,
 * and in the state file, as a short text: "voice:20000 chat:30000", in
 * milliseconds, "" when it has none. Pure. */
#ifndef GC_GENESYS_TARGETS_H
#define GC_GENESYS_TARGETS_H

#include "common/genesys/entities.h"

/* XX(enum, member of mediaSettings, medium as analytics spells it) */
#define GC_TARGET_MAP(XX)                                                      \
  XX(CALL, "call", "voice")                                                    \
  XX(CALLBACK, "callback", "callback")                                         \
  XX(CHAT, "chat", "chat")                                                     \
  XX(EMAIL, "email", "email")                                                  \
  XX(MESSAGE, "message", "message")

enum gc_target {
#define XX(id, member, media) GC_TARGET_##id,
  GC_TARGET_MAP(XX)
#undef XX
      GC_TARGET_COUNT
};

/* "call", "voice"; `target` below the count. */
GC_API const char *gc_target_member(enum gc_target target);
GC_API const char *gc_target_media(enum gc_target target);

/* A year: longer is no target. */
#define GC_TARGET_MAX_MS (INT64_C(366) * 86400 * 1000)

struct gc_targets {
  int64_t ms[GC_TARGET_COUNT]; /* 0: none */
};

enum { GC_TARGETS_SIZE = 160 };

/* As a detail; what is not above 0, or above the most, is left out. Returns
 * `out`. */
GC_API char *gc_targets_print(char out[GC_TARGETS_SIZE],
                              const struct gc_targets *targets);

/* The target of the queue `entry` for a medium ("voice", as cv_media_label and
 * analytics have it). 0: it has none, or the medium cannot have one. */
GC_API int64_t gc_entry_target_ms(const struct gc_entry *entry,
                                  const char *media);

#endif
