/* SPDX-License-Identifier: MIT */
#include "common/base/policy/log_limit.h"

#include <assert.h>

static_assert(GC_CODE_COUNT <= 32, "said_codes has one bit for each code");

static const struct gc_log_limit_line quiet = {.say = GC_LOG_LIMIT_QUIET};

static struct gc_log_limit_line
make_line(struct gc_log_limit *d, enum gc_log_limit_say say, uint64_t now_ms) {
  struct gc_log_limit_line l = {
      .say = say,
      .held_back = d->held_back,
      .lasted_ms = now_ms > d->since_ms ? now_ms - d->since_ms : 0,
  };
  d->held_back = 0;
  return l;
}

/* Notes a success, without moving said_ms: a failure that returns ten minutes
 * after its last line gets a line, even if its end had one in
 * between. */
static struct gc_log_limit_line note_success(struct gc_log_limit *d,
                                             uint64_t now_ms) {
  bool reported = d->code != GC_OK && d->said_this;
  d->code = GC_OK;
  d->said_this = false;
  return reported ? make_line(d, GC_LOG_LIMIT_OVER, now_ms) : quiet;
}

struct gc_log_limit_line gc_log_limit_note(struct gc_log_limit *d,
                                           enum gc_code code, uint64_t now_ms) {
  if (code == GC_OK)
    return note_success(d, now_ms);

  enum gc_log_limit_say say = d->code == GC_OK  ? GC_LOG_LIMIT_FIRST
                              : d->code != code ? GC_LOG_LIMIT_CHANGE
                                                : GC_LOG_LIMIT_REMIND;
  if (say == GC_LOG_LIMIT_FIRST)
    d->since_ms = now_ms;
  d->code = code;

  uint32_t bit = UINT32_C(1) << ((unsigned)code & 31);
  if (now_ms >= d->said_ms && now_ms - d->said_ms >= GC_LOG_LIMIT_REMIND_MS)
    d->said_codes = 0;
  if ((d->said_codes & bit) != 0) {
    d->held_back += d->held_back < UINT32_MAX;
    return quiet;
  }

  d->said_codes |= bit;
  d->said_ms = now_ms;
  d->said_this = true;
  return make_line(d, say, now_ms);
}
