/* SPDX-License-Identifier: MIT */
#include <inttypes.h>
#include <string.h>

#include "common/base/assert.h"
#include "common/net/channels/channel_internal.h"

enum {
  CALL_DELAY_MAX_MS = 300 * 1000, /* longest wait after a refused call */
  DOWN_RETRY_MS = 1000, /* wait while the account is down and nothing is sent */
  REFUSAL_PACE_MS = 1000,   /* wait between topics that are refused in a row */
  HELD_RETRY_MS = 2 * 1000, /* wait while another process uses the channels */
};

/* Removes the channel's address and id from the platform's text before it is
 * passed on: any program that knows the address can listen, and the id is part
 * of it. */
void gc_channel_report(const struct gc_channel *c, enum gc_channel_part part,
                       const struct gc_err *err) {
  GC_ASSERT(err != NULL);
  const struct gc_channel_id *id = &c->ids->id;
  struct gc_err reported = *err;
  if (id->id != NULL) {
    const char *slash = strrchr(id->uri, '/');
    gc_text_hide(reported.text, slash != NULL ? slash + 1 : id->uri);
    gc_text_hide(reported.text, id->id);
  }
  c->events.outcome(c->events.ctx, part, &reported);
}

void gc_channel_report_success(const struct gc_channel *c,
                               enum gc_channel_part part) {
  gc_channel_report(c, part, &(struct gc_err){.code = GC_OK});
}

/* ---- waiting ---- */

static uint64_t later_ms(uint64_t a_ms, uint64_t b_ms) {
  return a_ms > b_ms ? a_ms : b_ms;
}

/* Schedules the next request of topics. New topics do not wait for failed
 * ones. */
static void schedule_topics(struct gc_channel *c) {
  uint64_t at_ms = later_ms(gc_channel_now_ms(c), c->pace_ms);
  if (c->calls.is_running || gc_topics_settled(c->topics))
    return;
  if (gc_topics_count_in(c->topics, GC_TOPIC_MISSING) == 0)
    at_ms = later_ms(at_ms, c->retry_ms);
  (void)gc_timers_set(c->deps.env->timers, &c->topics_step, at_ms);
}

/* Sets both timers: a step is never taken within a callback. */
void gc_channel_schedule(struct gc_channel *c) {
  schedule_topics(c);
  (void)gc_timers_set(c->deps.env->timers, &c->step,
                      later_ms(gc_channel_now_ms(c), c->not_before_ms));
}

/* Delays the next step by at least `ms`. */
void gc_channel_delay(struct gc_channel *c, uint64_t ms) {
  uint64_t at_ms = gc_channel_now_ms(c) + ms;
  if (c->not_before_ms < at_ms)
    c->not_before_ms = at_ms;
  gc_channel_schedule(c);
}

void gc_channel_delay_reconnect(struct gc_channel *c, uint32_t retry_after_ms) {
  const struct gc_channel_timeouts *t = &c->timeouts;
  c->reconnect.base_ms = t->reconnect_min_ms;
  c->reconnect.cap_ms = t->reconnect_max_ms > t->reconnect_min_ms
                            ? t->reconnect_max_ms - t->reconnect_min_ms
                            : 0;
  uint64_t ms =
      t->reconnect_min_ms +
      (uint64_t)gc_backoff_fail(&c->reconnect, 0, gc_channel_random32(c));
  gc_channel_delay(c, retry_after_ms > ms ? retry_after_ms : ms);
}

/* Returns for how long a failed call is not made again. */
static uint64_t call_delay_ms(const struct gc_channel *c, struct gc_backoff *b,
                              const struct gc_err *err) {
  GC_ASSERT(err != NULL);
  if (err->code == GC_ERR_UNAVAILABLE)
    return DOWN_RETRY_MS;
  b->base_ms = c->timeouts.reconnect_min_ms;
  b->cap_ms = gc_code_is_shared(err->code) ? c->timeouts.reconnect_max_ms
                                           : CALL_DELAY_MAX_MS;
  return c->timeouts.reconnect_min_ms +
         (uint64_t)gc_backoff_fail(b, 0, gc_channel_random32(c));
}

void gc_channel_delay_creation(struct gc_channel *c, const struct gc_err *err) {
  if (!gc_code_is_shared(err->code))
    gc_channel_report(c, GC_CHANNEL_SOCKET, err);
  gc_channel_delay(c, call_delay_ms(c, &c->calling, err));
}

/* Delays the topics that failed; the other topics do not wait. */
void gc_channel_delay_topics(struct gc_channel *c, const struct gc_err *err) {
  struct gc_err failed = *err;
  size_t count = gc_topics_count_in(c->topics, GC_TOPIC_FAILED);
  c->retry_ms = gc_channel_now_ms(c) + call_delay_ms(c, &c->subscribing, err);
  if (err->code == GC_ERR_UNAVAILABLE) /* the account reports it */
    return;
  (void)gc_fail_in(&failed, err->code,
                   "%zu of %zu topics are not subscribed and are requested "
                   "again: ",
                   count, c->topics->wanted);
  gc_channel_report(c, GC_CHANNEL_TOPICS, &failed);
}

void gc_channel_pace_topics(struct gc_channel *c) {
  if (gc_topics_are_refused(c->topics))
    c->pace_ms = gc_channel_now_ms(c) + REFUSAL_PACE_MS;
}

/* ---- permission ---- */

bool gc_channel_may_use(struct gc_channel *c) {
  struct gc_err err = {.code = GC_OK};
  bool may_use = gc_id_store_load(c->ids, &err) == GC_OK;
  if (may_use)
    err.code = GC_OK;
  else
    (void)gc_fail_in(&err, GC_ERR_STATE,
                     "the notification channels are left to another process: ");
  c->deps.env->notice(c->deps.env->ctx, "channel owner", &err);
  if (!may_use)
    gc_channel_delay(c, HELD_RETRY_MS);
  return may_use;
}

/* Reports that the budget is spent for `minutes`. A renewal ends as one that
 * failed: the present channel is prolonged. */
static void report_spent(const struct gc_channel *c, uint64_t minutes) {
  const struct gc_creation_limits max = gc_creation_limits(c->calls.kind);
  struct gc_err err;
  if (c->calls.kind == GC_CREATION_RENEWAL) {
    (void)gc_fail(&err, GC_ERR_LIMIT,
                  "%u channels an hour and %u a day are created for renewals "
                  "at most, the next one in %" PRIu64 " min; the present "
                  "channel is prolonged: set the token duration of the OAuth "
                  "client to an hour or longer",
                  max.per_hour, max.per_day, minutes);
    gc_channel_report(c, GC_CHANNEL_SOCKET, &err);
    return;
  }
  (void)gc_fail(&err, GC_ERR_LIMIT,
                "the platform repeatedly drops the account's notification "
                "channels; %u an hour and %u a day are created at most, the "
                "next one in %" PRIu64 " min: give each program an OAuth "
                "client of its own",
                max.per_hour, max.per_day, minutes);
  c->deps.env->notice(c->deps.env->ctx, "channels", &err);
}

/* False: the budget is spent, and the step follows when it allows a creation.
 */
bool gc_channel_may_create(struct gc_channel *c) {
  uint64_t now_ms = gc_channel_now_ms(c);
  uint64_t at_ms = gc_channel_create_ms(&c->calls, now_ms);
  if (at_ms <= now_ms)
    return true;
  report_spent(c, (at_ms - now_ms) / 60000 + 1);
  gc_channel_delay(c, at_ms - now_ms);
  return false;
}
