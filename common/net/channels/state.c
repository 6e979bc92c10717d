/* SPDX-License-Identifier: MIT */
#include "common/net/channels/channel_internal.h"

#include <string.h>

uint64_t gc_channel_now(const struct gc_channel *c) {
  return c->needs.env->now_ms(c->needs.env->ctx);
}

uint32_t gc_channel_random32(const struct gc_channel *c) {
  return c->needs.env->random32(c->needs.env->ctx);
}

/* Who knows the channel's address can listen, and its id is part of it: what
 * the platform says of either is not passed on. */
void gc_channel_note(const struct gc_channel *c, const struct gc_err *err) {
  const struct gc_channel_id *id = &c->place->id;
  struct gc_err reported = *err;
  if (id->id != NULL) {
    const char *slash = strrchr(id->uri, '/');
    gc_text_hide(reported.text, slash != NULL ? slash + 1 : id->uri);
    gc_text_hide(reported.text, id->id);
  }
  c->events.note(c->events.ctx, &reported);
}

void gc_channel_work_soon(struct gc_channel *c) {
  uint64_t at_ms = gc_channel_now(c);
  if (at_ms < c->not_before_ms)
    at_ms = c->not_before_ms;
  (void)gc_timers_set(c->needs.env->timers, &c->work, at_ms);
}

void gc_channel_wait(struct gc_channel *c, uint64_t ms) {
  uint64_t at_ms = gc_channel_now(c) + ms;
  if (c->not_before_ms < at_ms)
    c->not_before_ms = at_ms;
  gc_channel_work_soon(c);
}

uint64_t gc_channel_reconnect_wait_ms(struct gc_channel *c, uint32_t ask_ms) {
  const struct gc_channel_timeouts *p = &c->timeouts;
  c->reconnect.base_ms = p->reconnect_min_ms;
  c->reconnect.cap_ms = p->reconnect_max_ms > p->reconnect_min_ms
                            ? p->reconnect_max_ms - p->reconnect_min_ms
                            : 0;
  uint64_t ms =
      p->reconnect_min_ms +
      (uint64_t)gc_backoff_fail(&c->reconnect, 0, gc_channel_random32(c));
  return ask_ms > ms ? ask_ms : ms;
}
