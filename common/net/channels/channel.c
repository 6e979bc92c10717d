/* SPDX-License-Identifier: MIT */
#include "common/net/channels/channel.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "common/base/debug.h"
#include "common/base/policy/backoff.h"
#include "common/net/channels/calls.h"
#include "common/net/channels/socket.h"
#include "common/net/channels/state.h"

enum {
  CREATION_DELAY_MAX_MS = 300 * 1000,
  CHECK_MAX_MS = 10 * 1000, /* then the socket is opened without the check */
  LEAD_MIN_MS = 60 * 1000,
  NOTICE_MS = 60 * 1000, /* API reference, 4.4 */
  /* How long a channel that is replaced is read. */
  OVERLAP_MS = GC_CHANNEL_RETIRE_MAX_MS - 500,
  CALL_DELAY_MAX_MS = 300 * 1000, /* longest wait after a refused call */
  DOWN_RETRY_MS = 1000, /* wait while the account is down and nothing is sent */
  REFUSAL_PACE_MS = 1000,   /* wait between topics that are refused in a row */
  HELD_RETRY_MS = 2 * 1000, /* wait while another process uses the channels */
};

/* A connection to report to the owner. */
enum due_report {
  REPORT_NONE,
  REPORT_TOPICS, /* topics were added or renewed */
  REPORT_SOCKET, /* another connection */
};

struct gc_channel {
  struct gc_channel_deps deps;
  struct gc_channel_timeouts timeouts;
  struct gc_topics *topics;
  struct gc_channel_events events;
  struct gc_id_store *ids;

  enum gc_channel_state state;
  struct gc_channel_calls calls;
  struct gc_channel_socket socket;
  enum due_report due;
  uint64_t blind_ms; /* since when messages may be missed; 0: they are not */

  struct gc_timer step; /* next step of the socket */
  struct gc_timer topics_step;
  struct gc_timer late;    /* ends a check without an answer */
  struct gc_timer notice;  /* reports that the server closes the socket */
  struct gc_timer overlap; /* closes the socket of a channel that is replaced */
  struct gc_timer ending;  /* fires before the channel's lifetime ends */
  uint64_t not_before_ms;  /* earliest time of the next step */
  /* The earliest time of the next request of topics: of failed ones, of any. */
  uint64_t retry_ms, pace_ms;
  struct gc_backoff reconnect, creation, calling, subscribing;
  uint64_t reconnects, gap_ms;
};

static uint64_t gc_channel_now_ms(const struct gc_channel *c) {
  return c->deps.env->now_ms(c->deps.env->ctx);
}

static uint32_t gc_channel_random32(const struct gc_channel *c) {
  return c->deps.env->random32(c->deps.env->ctx);
}

/* Removes the channel's address and id from the platform's text before it is
 * passed on: any program that knows the address can listen, and the id is part
 * of it. */
static void gc_channel_report(const struct gc_channel *c,
                              enum gc_channel_part part,
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

static void gc_channel_report_success(const struct gc_channel *c,
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
  gc_timers_set(c->deps.env->timers, &c->topics_step, at_ms);
}

/* Sets both timers: a step is never taken within a callback. */
static void gc_channel_schedule(struct gc_channel *c) {
  schedule_topics(c);
  gc_timers_set(c->deps.env->timers, &c->step,
                later_ms(gc_channel_now_ms(c), c->not_before_ms));
}

/* Delays the next step by at least `ms`. */
static void gc_channel_delay(struct gc_channel *c, uint64_t ms) {
  uint64_t at_ms = gc_channel_now_ms(c) + ms;
  if (c->not_before_ms < at_ms)
    c->not_before_ms = at_ms;
  gc_channel_schedule(c);
}

/* Returns the time until the next attempt. */
static uint64_t gc_channel_delay_reconnect(struct gc_channel *c,
                                           uint32_t retry_after_ms) {
  const struct gc_channel_timeouts *t = &c->timeouts;
  c->reconnect.base_ms = t->reconnect_min_ms;
  c->reconnect.cap_ms = t->reconnect_max_ms > t->reconnect_min_ms
                            ? t->reconnect_max_ms - t->reconnect_min_ms
                            : 0;
  uint64_t ms =
      t->reconnect_min_ms +
      (uint64_t)gc_backoff_fail(&c->reconnect, 0, gc_channel_random32(c));
  ms = retry_after_ms > ms ? retry_after_ms : ms;
  gc_channel_delay(c, ms);
  return ms;
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

static void gc_channel_delay_creation(struct gc_channel *c,
                                      const struct gc_err *err) {
  GC_ASSERT(err != NULL);
  if (!gc_code_is_shared(err->code))
    gc_channel_report(c, GC_CHANNEL_SOCKET, err);
  gc_channel_delay(c, call_delay_ms(c, &c->calling, err));
}

/* Delays the topics that failed; the other topics do not wait. */
static void gc_channel_delay_topics(struct gc_channel *c,
                                    const struct gc_err *err) {
  GC_ASSERT(err != NULL);
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

static void gc_channel_pace_topics(struct gc_channel *c) {
  if (gc_topics_are_refused(c->topics))
    c->pace_ms = gc_channel_now_ms(c) + REFUSAL_PACE_MS;
}

/* ---- permission ---- */

static bool gc_channel_may_use(struct gc_channel *c) {
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
static bool gc_channel_may_create(struct gc_channel *c) {
  uint64_t now_ms = gc_channel_now_ms(c);
  uint64_t at_ms = gc_channel_create_ms(&c->calls, now_ms);
  if (at_ms <= now_ms)
    return true;
  report_spent(c, (at_ms - now_ms) / 60000 + 1);
  gc_channel_delay(c, at_ms - now_ms);
  return false;
}

/* The cause of an action: the error, and the end of the socket. */
struct cause {
  const struct gc_err *err;
  uint32_t retry_after_ms;
  uint64_t last_message_ms;
};
static const struct cause no_cause = {.err = NULL};

/* ---- the channel's lifetime ---- */

static void report_creation(const struct gc_channel *c) {
  c->deps.env->notice(c->deps.env->ctx, "channels",
                      &(struct gc_err){.code = GC_OK});
}

static uint64_t life_ms(const struct gc_channel *c) {
  uint32_t ms = c->ids->id.life_ms;
  return ms > 0 ? ms : GC_CHANNEL_LIFE_MAX_MS;
}

/* Returns how long before the end of its lifetime a channel is replaced.
 * Examples: 1 hour of 24 hours, 1 minute of 10 minutes, 10 s of 20 s. */
static uint64_t lead_ms(const struct gc_channel *c) {
  uint64_t ms = life_ms(c) / 24;
  if (ms < LEAD_MIN_MS)
    ms = LEAD_MIN_MS;
  return ms < life_ms(c) / 2 ? ms : life_ms(c) / 2;
}

static void on_ending(void *ctx, uint64_t now_ms) {
  struct gc_channel *c = ctx;
  (void)now_ms;
  c->events.ending(c->events.ctx, GC_CHANNEL_END_LIFE, lead_ms(c));
}

/* Runs after each subscribed batch, and sets the timer `ending` once for each
 * lifetime. A topic that is added later also prolongs the lifetime (API
 * reference, 4.2), but the channel does not rely on that. */
static void begin_life(struct gc_channel *c) {
  gc_backoff_reset(&c->calling);
  gc_backoff_reset(&c->subscribing);
  if (gc_topics_settled(c->topics))
    gc_channel_report_success(c, GC_CHANNEL_TOPICS);
  if (c->ending.place == 0)
    gc_timers_set(c->deps.env->timers, &c->ending,
                  gc_channel_now_ms(c) + life_ms(c) - lead_ms(c));
  if (c->due == REPORT_NONE)
    c->due = REPORT_TOPICS;
}

static void forget_id(struct gc_channel *c) {
  gc_channel_id_clear(&c->ids->id);
  gc_id_store_save(c->ids);
  c->socket.refusals = 0;
  gc_timers_unset(c->deps.env->timers, &c->ending);
  gc_topics_forget(c->topics);
  gc_channel_delay(c, gc_backoff_fail(&c->creation, 0, gc_channel_random32(c)));
}

/* ---- gaps ---- */

static void begin_gap(struct gc_channel *c, uint64_t since_ms) {
  if (c->blind_ms == 0)
    c->blind_ms = since_ms;
}

static void end_gap(struct gc_channel *c) {
  c->gap_ms += gc_channel_blind_ms(c);
  c->blind_ms = 0;
}

/* True if the channel can report that it is ready. Topics that were added later
 * are reported once each of them has had an answer. */
static bool is_ready(const struct gc_channel *c) {
  return gc_topics_started(c->topics) &&
         (c->due == REPORT_SOCKET ||
          (!c->calls.is_running &&
           gc_topics_count_in(c->topics, GC_TOPIC_MISSING) == 0));
}

static void report_ready(struct gc_channel *c) {
  uint64_t blind_ms = gc_channel_blind_ms(c);
  bool is_new = c->due == REPORT_SOCKET;
  if (c->due == REPORT_NONE || !is_ready(c))
    return;
  c->due = REPORT_NONE;
  end_gap(c);
  if (c->reconnect.failures == 0) /* otherwise after the proof */
    gc_channel_report_success(c, GC_CHANNEL_SOCKET);
  c->events.ready(c->events.ctx, is_new, blind_ms);
}

static void accept_proof(struct gc_channel *c) {
  if (c->reconnect.failures > 0)
    gc_channel_report_success(c, GC_CHANNEL_SOCKET);
  gc_backoff_reset(&c->reconnect);
  gc_backoff_reset(&c->creation);
}

/* ---- the socket's announced end ---- */

static void on_notice(void *ctx, uint64_t now_ms) {
  struct gc_channel *c = ctx;
  (void)now_ms;
  c->events.ending(c->events.ctx, GC_CHANNEL_END_SERVER, NOTICE_MS);
}

/* Schedules the report after a random wait, since all clients get the
 * platform's notice at once. */
static void schedule_notice(struct gc_channel *c) {
  uint64_t wait_ms =
      1 +
      (((uint64_t)c->timeouts.reconnect_min_ms * gc_channel_random32(c)) >> 32);
  gc_timers_set(c->deps.env->timers, &c->notice,
                gc_channel_now_ms(c) + wait_ms);
}

/* ---- the state machine ---- */

static void accept_socket(struct gc_channel *c) {
  c->due = REPORT_SOCKET;
  c->reconnects += c->blind_ms > 0;
}

static void check_channel(struct gc_channel *c) {
  c->calls.is_refused = c->socket.refusals > 0;
  gc_timers_set(c->deps.env->timers, &c->late,
                gc_channel_now_ms(c) + CHECK_MAX_MS);
  gc_channel_check(&c->calls);
}

static void subscribe_next(struct gc_channel *c) {
  bool replaces = gc_channel_subscribe(&c->calls);
  /* Until the last batch is subscribed, the topics of later batches are
   * silent. */
  if (replaces && gc_channel_socket_is_open(&c->socket) &&
      c->topics->wanted > GC_TOPICS_BATCH)
    begin_gap(c, gc_channel_now_ms(c));
}

static void change_what_is_kept(struct gc_channel *c, unsigned actions,
                                const struct cause *cause) {
  if ((actions & GC_CHANNEL_DO_BEGIN_GAP) != 0 && cause->last_message_ms != 0)
    begin_gap(c, cause->last_message_ms);
  if ((actions & GC_CHANNEL_DO_END_GAP) != 0)
    end_gap(c);
  if ((actions & GC_CHANNEL_DO_CANCEL_CALL) != 0)
    gc_channel_cancel_call(&c->calls);
  if ((actions & GC_CHANNEL_DO_DELAY_RECONNECT) != 0) {
    GC_ASSERT(cause->err != NULL);
    struct gc_err err = *cause->err;
    uint64_t ms = gc_channel_delay_reconnect(c, cause->retry_after_ms);
    gc_err_add(&err, "; next attempt in %.1f s", (double)ms / 1000.0);
    gc_channel_report(c, GC_CHANNEL_SOCKET, &err);
  }
  if ((actions & GC_CHANNEL_DO_DELAY_CREATION) != 0)
    gc_channel_delay_creation(c, cause->err);
  if ((actions & GC_CHANNEL_DO_DELAY_TOPICS) != 0)
    gc_channel_delay_topics(c, cause->err);
  if ((actions & GC_CHANNEL_DO_FORGET_ID) != 0)
    forget_id(c);
  if ((actions & GC_CHANNEL_DO_RESTART_TOPICS) != 0)
    gc_topics_restart(c->topics);
  if ((actions & GC_CHANNEL_DO_PROLONG) != 0)
    begin_life(c);
  if ((actions & GC_CHANNEL_DO_RESET_BACKOFF) != 0)
    accept_proof(c);
  if ((actions & GC_CHANNEL_DO_SCHEDULE_NOTICE) != 0)
    schedule_notice(c);
  if ((actions & GC_CHANNEL_DO_ACCEPT_SOCKET) != 0)
    accept_socket(c);
}

static void apply_actions(struct gc_channel *c, unsigned actions) {
  if ((actions & GC_CHANNEL_DO_REPORT_READY) != 0)
    report_ready(c);
  if ((actions & GC_CHANNEL_DO_CREATE) != 0)
    gc_channel_create(&c->calls);
  if ((actions & GC_CHANNEL_DO_CHECK) != 0)
    check_channel(c);
  if ((actions & GC_CHANNEL_DO_SUBSCRIBE) != 0)
    subscribe_next(c);
  if ((actions & GC_CHANNEL_DO_CONNECT) != 0)
    gc_channel_socket_open(&c->socket, c->ids->id.uri);
  if ((actions & GC_CHANNEL_DO_CLOSE) != 0) {
    gc_timers_unset(c->deps.env->timers, &c->notice);
    gc_channel_socket_close(&c->socket);
  }
  if ((actions & GC_CHANNEL_DO_STEP) != 0)
    gc_channel_schedule(c);
  if ((actions & GC_CHANNEL_DO_OVERLAP) != 0)
    gc_timers_set(c->deps.env->timers, &c->overlap,
                  gc_channel_now_ms(c) + OVERLAP_MS);
  if ((actions & GC_CHANNEL_DO_REPORT_RETIRED) != 0)
    c->events.retired(c->events.ctx); /* the channel may be freed now */
}

static void handle_event(struct gc_channel *c, enum gc_channel_event event,
                         const struct cause *cause) {
  struct gc_channel_transition next = gc_channel_transition(c->state, event);
  if (next.state != c->state)
    gc_debug("channel %s %u: %s", c->deps.account, c->ids->number + 1,
             gc_channel_state_name(next.state));
  c->state = next.state;
  change_what_is_kept(c, next.actions, cause);
  apply_actions(c, next.actions);
}

static void on_overlap_end(void *ctx, uint64_t now_ms) {
  (void)now_ms;
  handle_event(ctx, GC_CHANNEL_ON_OVERLAP_END, &no_cause);
}

static enum gc_channel_event step_event(struct gc_channel *c) {
  if (c->topics->wanted == 0)
    return GC_CHANNEL_STEP_UNWANTED;
  if (c->ids->id.id == NULL)
    return GC_CHANNEL_STEP_WITHOUT_ID;
  return GC_CHANNEL_STEP_WITH_ID;
}

static void on_step(void *ctx, uint64_t now_ms) {
  struct gc_channel *c = ctx;
  (void)now_ms;
  if (c->state == GC_CHANNEL_UNKNOWN && c->topics->wanted > 0 &&
      !gc_channel_may_use(c))
    return;
  enum gc_channel_event event = step_event(c);
  if (c->state != GC_CHANNEL_UNKNOWN || event != GC_CHANNEL_STEP_WITHOUT_ID ||
      gc_channel_may_create(c))
    handle_event(c, event, &no_cause);
}

static void on_topics_step(void *ctx, uint64_t now_ms) {
  struct gc_channel *c = ctx;
  (void)now_ms;
  if (!c->calls.is_running && !gc_topics_settled(c->topics))
    handle_event(c, GC_CHANNEL_STEP_TOPICS, &no_cause);
}

static void on_late(void *ctx, uint64_t now_ms) {
  (void)now_ms;
  handle_event(ctx, GC_CHANNEL_ON_CHECK_LATE, &no_cause);
}

static void on_call_outcome(void *ctx, enum gc_channel_event event,
                            const struct gc_err *err) {
  struct gc_channel *c = ctx;
  gc_timers_unset(c->deps.env->timers, &c->late);
  if (event == GC_CHANNEL_ON_CREATED && c->calls.kind == GC_CREATION_LOST)
    report_creation(c);
  if (event == GC_CHANNEL_ON_BATCH_REFUSED)
    gc_channel_pace_topics(c);
  handle_event(c, event, &(struct cause){.err = err});
}

static void on_socket_report(void *ctx, enum gc_channel_event event) {
  handle_event(ctx, event, &no_cause);
}

/* Returns why the channel closed a socket; NULL: it did not. */
static const char *closing_reason(enum gc_channel_state state) {
  switch (state) {
  case GC_CHANNEL_CLOSING_RECONNECT:
    return "the platform announced that it would close the connection";
  case GC_CHANNEL_CLOSING_CHECK:
    return "the platform ended the token or does not know the channel; "
           "checking the channel";
  default:
    return NULL;
  }
}

static void on_socket_end(void *ctx, enum gc_channel_event event,
                          const struct gc_channel_socket_end *end) {
  struct gc_channel *c = ctx;
  struct gc_err err = *end->err;
  const char *reason = closing_reason(c->state);
  if (reason != NULL)
    (void)gc_fail(&err, GC_ERR_NETWORK, "notifications: %s", reason);
  gc_timers_unset(c->deps.env->timers, &c->notice);
  handle_event(c, event,
               &(struct cause){.err = &err,
                               .retry_after_ms = end->retry_after_ms,
                               .last_message_ms = end->last_message_ms});
}

static void on_message(void *ctx, const struct gc_notification *n,
                       const char *bytes, size_t len) {
  struct gc_channel *c = ctx;
  c->events.event(c->events.ctx, n, bytes, len);
}

static void on_odd(void *ctx, const struct gc_err *err) {
  gc_channel_report(ctx, GC_CHANNEL_FRAMES, err);
}

/* ---- public ---- */

struct gc_channel *gc_channel_new(const struct gc_channel_deps *deps,
                                  struct gc_id_store *ids,
                                  const struct gc_channel_timeouts *timeouts,
                                  struct gc_topics *topics,
                                  const struct gc_channel_events *events) {
  struct gc_channel *c = gc_zalloc(1, sizeof(*c));
  c->deps = *deps;
  c->ids = ids;
  c->topics = topics;
  c->events = *events;
  c->calls = (struct gc_channel_calls){.api = deps->api,
                                       .env = deps->env,
                                       .ids = ids,
                                       .topics = topics,
                                       .creations = deps->creations,
                                       .report = on_call_outcome,
                                       .ctx = c};
  c->socket = (struct gc_channel_socket){
      .driver = deps->driver,
      .connect = deps->connect,
      .env = deps->env,
      .user = {on_socket_report, on_socket_end, on_message, on_odd, c}};
  gc_channel_calls_init(&c->calls);
  gc_channel_socket_init(&c->socket);
  c->step = (struct gc_timer){.fire = on_step, .ctx = c};
  c->topics_step = (struct gc_timer){.fire = on_topics_step, .ctx = c};
  c->late = (struct gc_timer){.fire = on_late, .ctx = c};
  c->notice = (struct gc_timer){.fire = on_notice, .ctx = c};
  c->ending = (struct gc_timer){.fire = on_ending, .ctx = c};
  c->overlap = (struct gc_timer){.fire = on_overlap_end, .ctx = c};
  c->creation = (struct gc_backoff){.base_ms = timeouts->reconnect_min_ms,
                                    .cap_ms = CREATION_DELAY_MAX_MS};
  gc_channel_set_timeouts(c, timeouts);
  return c;
}

void gc_channel_free(struct gc_channel *c) {
  if (c == NULL)
    return;
  gc_channel_calls_clear(&c->calls);
  gc_channel_socket_clear(&c->socket);
  gc_timers_unset(c->deps.env->timers, &c->step);
  gc_timers_unset(c->deps.env->timers, &c->overlap);
  gc_timers_unset(c->deps.env->timers, &c->topics_step);
  gc_timers_unset(c->deps.env->timers, &c->late);
  gc_timers_unset(c->deps.env->timers, &c->notice);
  gc_timers_unset(c->deps.env->timers, &c->ending);
  free(c);
}

void gc_channel_set_timeouts(struct gc_channel *c,
                             const struct gc_channel_timeouts *timeouts) {
  c->timeouts = *timeouts;
  gc_channel_socket_set_timeout(&c->socket, timeouts->idle_timeout_ms);
}

void gc_channel_set_creation(struct gc_channel *c, enum gc_creation kind) {
  c->calls.kind = kind;
}

void gc_channel_wake(struct gc_channel *c) {
  if (c->due == REPORT_NONE)
    c->due = REPORT_TOPICS; /* a new topic may be subscribed already */
  gc_channel_schedule(c);
}

void gc_channel_prolong(struct gc_channel *c) {
  gc_topics_renew(c->topics);
  gc_channel_schedule(c);
}

void gc_channel_leave(struct gc_channel *c) {
  handle_event(c, GC_CHANNEL_ON_LEAVE, &no_cause);
}

void gc_channel_retire(struct gc_channel *c) {
  c->not_before_ms = 0;
  handle_event(c, GC_CHANNEL_ON_RETIRE, &no_cause);
}

bool gc_channel_is_open(const struct gc_channel *c) {
  return gc_channel_socket_is_open(&c->socket);
}

bool gc_channel_is_refused(const struct gc_channel *c) {
  return c->socket.refusals > 0;
}

uint64_t gc_channel_blind_ms(const struct gc_channel *c) {
  return c->blind_ms > 0 ? gc_channel_now_ms(c) - c->blind_ms : 0;
}

uint32_t gc_channel_token_number(const struct gc_channel *c) {
  return c->calls.token_number;
}

void gc_channel_stats(const struct gc_channel *c,
                      struct gc_channel_stats *ret_stats) {
  bool is_open = gc_channel_is_open(c);
  uint64_t blind_ms = gc_channel_blind_ms(c);
  *ret_stats = (struct gc_channel_stats){
      .connected = is_open && gc_topics_started(c->topics),
      .silence_ms =
          is_open ? gc_channel_now_ms(c) - c->socket.last_message_ms : 0,
      .blind_ms = blind_ms,
      .wanted = c->topics->wanted,
      .reconnects = c->reconnects,
      .created = c->calls.created_count,
      .gap_ms = c->gap_ms + blind_ms,
      .events = c->socket.event_count,
      .malformed = c->socket.malformed_count,
      .others = c->socket.other_count,
  };
  for (size_t i = 0; i < c->topics->count; i++) {
    const struct gc_topic *topic = c->topics->list[i];
    ret_stats->topics += topic->subscribers != NULL && topic->is_on_channel;
    ret_stats->pending += topic->subscribers != NULL && !topic->is_on_channel &&
                          (topic->state == GC_TOPIC_MISSING ||
                           topic->state == GC_TOPIC_REQUESTED);
    ret_stats->rejected +=
        topic->subscribers != NULL && topic->state == GC_TOPIC_REJECTED;
  }
}

void gc_channel_stats_add(struct gc_channel_stats *sum,
                          const struct gc_channel_stats *s) {
  sum->wanted += s->wanted;
  sum->topics += s->topics;
  sum->rejected += s->rejected;
  sum->pending += s->pending;
  sum->reconnects += s->reconnects;
  sum->renewals += s->renewals;
  sum->created += s->created;
  sum->gap_ms += s->gap_ms;
  sum->events += s->events;
  sum->malformed += s->malformed;
  sum->others += s->others;
}
