/* SPDX-License-Identifier: MIT */
#include "common/net/channels/listening.h"

void gc_listening_take(struct gc_listening *l,
                       const struct gc_channel_stats *stats, uint64_t now_ms) {
  l->is_connected = stats->connected;
  l->is_answered = stats->pending == 0;
  l->reconnects = stats->reconnects;
  l->malformed = stats->malformed;
  l->others = stats->others;
  if (stats->connected && stats->blind_ms == 0)
    l->last_message_ms = now_ms - stats->silence_ms;
  gc_listening_blind(l, now_ms, stats->blind_ms);
}

void gc_listening_blind(struct gc_listening *l, uint64_t now_ms,
                        uint64_t blind_ms) {
  uint64_t since_ms = now_ms - blind_ms;
  if (blind_ms == 0 && l->blind_since_ms > 0) {
    l->gap_ms += now_ms - l->blind_since_ms;
    l->blind_since_ms = 0;
  } else if (blind_ms > 0 &&
             (l->blind_since_ms == 0 || since_ms < l->blind_since_ms)) {
    l->blind_since_ms = since_ms;
  }
}

/* Returns the time since `then_ms`, which may be later than `now_ms`, since two
 * threads read the clock. */
static uint64_t ms_since(uint64_t then_ms, uint64_t now_ms) {
  return now_ms > then_ms ? now_ms - then_ms : 0;
}

uint64_t gc_listening_gap_ms(const struct gc_listening *l, uint64_t now_ms) {
  uint64_t lasting_ms =
      l->blind_since_ms > 0 ? ms_since(l->blind_since_ms, now_ms) : 0;
  return l->gap_ms + lasting_ms;
}

uint64_t gc_listening_silence_ms(const struct gc_listening *l,
                                 uint64_t now_ms) {
  uint64_t since_ms = l->last_message_ms > 0 ? l->last_message_ms : l->began_ms;
  return since_ms > 0 ? ms_since(since_ms, now_ms) : 0;
}
