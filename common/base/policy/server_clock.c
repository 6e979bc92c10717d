/* SPDX-License-Identifier: MIT */
#include "common/base/policy/server_clock.h"

static bool do_agree(int64_t a_ms, int64_t b_ms) {
  return a_ms - b_ms <= GC_SERVER_CLOCK_AGREE_MS &&
         b_ms - a_ms <= GC_SERVER_CLOCK_AGREE_MS;
}

static int64_t running_ms(const struct gc_server_clock *c, uint64_t now_ms) {
  return c->server_ms + (now_ms > c->at_ms ? (int64_t)(now_ms - c->at_ms) : 0);
}

bool gc_server_clock_hear(struct gc_server_clock *c, uint64_t now_ms,
                          int64_t wall_ms, int64_t date_ms) {
  bool continues = c->is_heard && do_agree(date_ms, running_ms(c, now_ms));
  bool agrees = do_agree(date_ms, wall_ms) || (c->is_agreed && continues);
  if (!agrees && c->is_agreed && do_agree(wall_ms, running_ms(c, now_ms)))
    return false;
  *c = (struct gc_server_clock){
      .is_agreed = agrees,
      .is_heard = true,
      .at_ms = now_ms,
      .server_ms = date_ms,
      .steady_since_ms = continues ? c->steady_since_ms : now_ms,
  };
  return agrees;
}

int64_t gc_server_clock_now(const struct gc_server_clock *c, uint64_t now_ms,
                            int64_t wall_ms) {
  if (!c->is_heard)
    return wall_ms;
  int64_t server_ms = running_ms(c, now_ms);
  return c->is_agreed || server_ms < wall_ms ? server_ms : wall_ms;
}

int64_t gc_server_clock_likely(const struct gc_server_clock *c, uint64_t now_ms,
                               int64_t wall_ms) {
  bool is_steady =
      c->is_heard && c->at_ms - c->steady_since_ms >= GC_SERVER_CLOCK_STEADY_MS;
  return is_steady ? running_ms(c, now_ms)
                   : gc_server_clock_now(c, now_ms, wall_ms);
}
