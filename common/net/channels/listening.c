/* SPDX-License-Identifier: MIT */
#include "common/net/channels/listening.h"

/* Returns the time since `then_ms`, which may be later than `now_ms`, since two
 * threads read the clock. */
static uint64_t ms_since(uint64_t then_ms, uint64_t now_ms) {
  return now_ms > then_ms ? now_ms - then_ms : 0;
}

void gc_listening_begin(struct gc_listening *l, uint64_t now_ms) {
  l->began_ms = l->waiting_since_ms = now_ms;
}

void gc_listening_idle(struct gc_listening *l) { l->waiting_since_ms = 0; }

/* Returns the length of the gap that lasts. */
static uint64_t lasting_ms(const struct gc_listening *l, uint64_t now_ms) {
  uint64_t waited_ms =
      l->waiting_since_ms > 0 ? ms_since(l->waiting_since_ms, now_ms) : 0;
  if (waited_ms >= GC_CHANNELS_START_MS)
    return waited_ms;
  return l->blind_since_ms > 0 ? ms_since(l->blind_since_ms, now_ms) : 0;
}

static void end_gap(struct gc_listening *l, uint64_t now_ms) {
  l->gap_ms += lasting_ms(l, now_ms);
  l->blind_since_ms = l->waiting_since_ms = 0;
}

void gc_listening_end(struct gc_listening *l, uint64_t now_ms) {
  end_gap(l, now_ms);
  l->is_connected = false;
  l->began_ms = l->last_message_ms = 0;
}

void gc_listening_take(struct gc_listening *l,
                       const struct gc_channel_stats *stats, uint64_t now_ms) {
  l->is_connected = stats->connected;
  l->is_answered = stats->pending == 0;
  l->reconnects = stats->reconnects;
  l->malformed = stats->malformed;
  l->others = stats->others;
  if (stats->connected && stats->blind_ms == 0)
    l->last_message_ms = now_ms - stats->silence_ms;
  if (stats->connected || l->waiting_since_ms == 0)
    gc_listening_blind(l, now_ms, stats->blind_ms);
}

void gc_listening_blind(struct gc_listening *l, uint64_t now_ms,
                        uint64_t blind_ms) {
  uint64_t since_ms = now_ms - blind_ms;
  if (blind_ms == 0) {
    end_gap(l, now_ms);
  } else if (l->blind_since_ms == 0 || since_ms < l->blind_since_ms) {
    l->blind_since_ms = since_ms;
  }
}

uint64_t gc_listening_gap_ms(const struct gc_listening *l, uint64_t now_ms) {
  return l->gap_ms + lasting_ms(l, now_ms);
}

uint64_t gc_listening_silence_ms(const struct gc_listening *l,
                                 uint64_t now_ms) {
  uint64_t since_ms = l->last_message_ms > 0 ? l->last_message_ms : l->began_ms;
  return since_ms > 0 ? ms_since(since_ms, now_ms) : 0;
}
