/* SPDX-License-Identifier: MIT */
#include "common/net/channels/channel.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/assert.h"
#include "common/base/debug.h"
#include "common/base/policy/backoff.h"
#include "common/net/channels/calls.h"
#include "common/net/channels/socket.h"
#include "common/net/channels/state.h"

enum {
  CREATION_DELAY_MAX_MS = 300 * 1000,
  CALL_DELAY_MAX_MS = 300 * 1000, /* of a call that is refused as such */
  DOWN_RETRY_MS = 1000,           /* the account is down: nothing is sent */
  LEAD_MIN_MS = 60 * 1000,
  NOTICE_MS = 60 * 1000, /* API reference, 4.4 */
};

/* A connection to report to the owner. */
enum due_report {
  REPORT_NONE,
  REPORT_TOPICS, /* more topics, or they were renewed */
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

  struct gc_timer step;   /* the next step */
  struct gc_timer notice; /* reports that the server closes the socket */
  struct gc_timer ending; /* before the channel's life ends */
  uint64_t not_before_ms; /* the next step */
  struct gc_backoff reconnect, creation, calling;
  uint64_t reconnects, gap_ms;
};

/* The cause of an action: the error, and the end of the socket. */
struct cause {
  const struct gc_err *err;
  uint32_t retry_after_ms;
  uint64_t heard_ms;
};
static const struct cause no_cause = {.err = NULL};

static uint64_t now_ms_of(const struct gc_channel *c) {
  return c->deps.env->now_ms(c->deps.env->ctx);
}

static uint32_t next_random32(const struct gc_channel *c) {
  return c->deps.env->random32(c->deps.env->ctx);
}

/* Any program that knows the channel's address can listen, and the id is part
 * of the address: both are removed from the platform's text before it is passed
 * on. */
static void report_outcome(const struct gc_channel *c,
                           const struct gc_err *err) {
  GC_ASSERT(err != NULL);
  const struct gc_channel_id *id = &c->ids->id;
  struct gc_err reported = *err;
  if (id->id != NULL) {
    const char *slash = strrchr(id->uri, '/');
    gc_text_hide(reported.text, slash != NULL ? slash + 1 : id->uri);
    gc_text_hide(reported.text, id->id);
  }
  c->events.outcome(c->events.ctx, &reported);
}

/* ---- waiting ---- */

/* A step is never taken within a callback. */
static void schedule_step(struct gc_channel *c) {
  uint64_t at_ms = now_ms_of(c);
  if (at_ms < c->not_before_ms)
    at_ms = c->not_before_ms;
  (void)gc_timers_set(c->deps.env->timers, &c->step, at_ms);
}

/* The next step comes in `ms` at the earliest. */
static void delay_step(struct gc_channel *c, uint64_t ms) {
  uint64_t at_ms = now_ms_of(c) + ms;
  if (c->not_before_ms < at_ms)
    c->not_before_ms = at_ms;
  schedule_step(c);
}

static void delay_reconnect(struct gc_channel *c, uint32_t retry_after_ms) {
  const struct gc_channel_timeouts *t = &c->timeouts;
  c->reconnect.base_ms = t->reconnect_min_ms;
  c->reconnect.cap_ms = t->reconnect_max_ms > t->reconnect_min_ms
                            ? t->reconnect_max_ms - t->reconnect_min_ms
                            : 0;
  uint64_t ms = t->reconnect_min_ms +
                (uint64_t)gc_backoff_fail(&c->reconnect, 0, next_random32(c));
  delay_step(c, retry_after_ms > ms ? retry_after_ms : ms);
}

static void delay_call(struct gc_channel *c, const struct gc_err *err) {
  GC_ASSERT(err != NULL);
  if (err->code == GC_ERR_UNAVAILABLE) {
    delay_step(c, DOWN_RETRY_MS);
    return;
  }
  bool is_shared = gc_code_is_shared(err->code);
  c->calling.base_ms = c->timeouts.reconnect_min_ms;
  c->calling.cap_ms =
      is_shared ? c->timeouts.reconnect_max_ms : CALL_DELAY_MAX_MS;
  if (!is_shared)
    report_outcome(c, err);
  delay_step(c, c->timeouts.reconnect_min_ms +
                    gc_backoff_fail(&c->calling, 0, next_random32(c)));
}

/* ---- the channel's life ---- */

static uint64_t life_ms(const struct gc_channel *c) {
  uint32_t ms = c->ids->id.life_ms;
  return ms > 0 ? ms : GC_CHANNEL_LIFE_MAX_MS;
}

/* Examples: 1 hour of 24 hours, 1 minute of 10 minutes, 10 s of 20 s. */
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

/* Runs once for each life. A topic that is added later also prolongs the life
 * (API reference, 4.2), but the channel does not rely on that. */
static void begin_life(struct gc_channel *c) {
  gc_backoff_reset(&c->calling);
  if (c->ending.place == 0)
    (void)gc_timers_set(c->deps.env->timers, &c->ending,
                        now_ms_of(c) + life_ms(c) - lead_ms(c));
  if (c->due == REPORT_NONE)
    c->due = REPORT_TOPICS;
}

static void forget_id(struct gc_channel *c) {
  gc_channel_cancel_call(&c->calls);
  gc_channel_id_clear(&c->ids->id);
  gc_id_store_save(c->ids);
  c->socket.refusals = 0;
  gc_timers_unset(c->deps.env->timers, &c->ending);
  gc_topics_restart(c->topics);
  delay_step(c, gc_backoff_fail(&c->creation, 0, next_random32(c)));
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

static void report_ready(struct gc_channel *c) {
  uint64_t blind_ms = gc_channel_blind_ms(c);
  bool is_new = c->due == REPORT_SOCKET;
  struct gc_err fine = {.code = GC_OK};
  if (c->due == REPORT_NONE)
    return;
  c->due = REPORT_NONE;
  end_gap(c);
  report_outcome(c, &fine);
  c->events.ready(c->events.ctx, is_new, blind_ms);
}

/* ---- the socket's announced end ---- */

static void on_notice(void *ctx, uint64_t now_ms) {
  struct gc_channel *c = ctx;
  (void)now_ms;
  c->events.ending(c->events.ctx, GC_CHANNEL_END_SERVER, NOTICE_MS);
}

/* The wait spreads the clients that all get the notice at once. */
static void schedule_notice(struct gc_channel *c) {
  uint64_t wait_ms =
      1 + (((uint64_t)c->timeouts.reconnect_min_ms * next_random32(c)) >> 32);
  (void)gc_timers_set(c->deps.env->timers, &c->notice, now_ms_of(c) + wait_ms);
}

/* ---- the state machine ---- */

static void accept_socket(struct gc_channel *c) {
  c->due = REPORT_SOCKET;
  c->reconnects += c->blind_ms > 0;
}

static void subscribe_next(struct gc_channel *c) {
  bool replaces = gc_channel_subscribe(&c->calls);
  /* Until the last batch is subscribed, the topics of the later ones are
   * silent. */
  if (replaces && gc_channel_socket_is_open(&c->socket) &&
      c->topics->wanted > GC_TOPICS_BATCH)
    begin_gap(c, now_ms_of(c));
}

static void change_what_is_kept(struct gc_channel *c, unsigned actions,
                                const struct cause *cause) {
  if ((actions & GC_CHANNEL_DO_BEGIN_GAP) != 0 && cause->heard_ms != 0)
    begin_gap(c, cause->heard_ms);
  if ((actions & GC_CHANNEL_DO_END_GAP) != 0)
    end_gap(c);
  if ((actions & GC_CHANNEL_DO_CANCEL_CALL) != 0)
    gc_channel_cancel_call(&c->calls);
  if ((actions & GC_CHANNEL_DO_DELAY_RECONNECT) != 0) {
    report_outcome(c, cause->err);
    delay_reconnect(c, cause->retry_after_ms);
  }
  if ((actions & GC_CHANNEL_DO_DELAY_CALL) != 0)
    delay_call(c, cause->err);
  if ((actions & GC_CHANNEL_DO_FORGET_ID) != 0)
    forget_id(c);
  if ((actions & GC_CHANNEL_DO_RESTART_TOPICS) != 0)
    gc_topics_restart(c->topics);
  if ((actions & GC_CHANNEL_DO_PROLONG) != 0)
    begin_life(c);
  if ((actions & GC_CHANNEL_DO_RESET_BACKOFF) != 0) {
    gc_backoff_reset(&c->reconnect);
    gc_backoff_reset(&c->creation);
  }
  if ((actions & GC_CHANNEL_DO_SCHEDULE_NOTICE) != 0)
    schedule_notice(c);
  if ((actions & GC_CHANNEL_DO_ACCEPT_SOCKET) != 0)
    accept_socket(c);
}

static void begin_what_follows(struct gc_channel *c, unsigned actions) {
  if ((actions & GC_CHANNEL_DO_REPORT_READY) != 0)
    report_ready(c);
  if ((actions & GC_CHANNEL_DO_CREATE) != 0)
    gc_channel_create(&c->calls);
  if ((actions & GC_CHANNEL_DO_CHECK) != 0)
    gc_channel_check(&c->calls);
  if ((actions & GC_CHANNEL_DO_SUBSCRIBE) != 0)
    subscribe_next(c);
  if ((actions & GC_CHANNEL_DO_CONNECT) != 0)
    gc_channel_socket_open(&c->socket, c->ids->id.uri);
  if ((actions & GC_CHANNEL_DO_CLOSE) != 0) {
    gc_timers_unset(c->deps.env->timers, &c->notice);
    gc_channel_socket_close(&c->socket);
  }
  if ((actions & GC_CHANNEL_DO_STEP) != 0)
    schedule_step(c);
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
  begin_what_follows(c, next.actions);
}

static enum gc_channel_event step_event(struct gc_channel *c) {
  if (c->topics->wanted == 0)
    return GC_CHANNEL_STEP_UNWANTED;
  gc_id_store_load(c->ids);
  if (c->ids->id.id == NULL)
    return GC_CHANNEL_STEP_WITHOUT_ID;
  return gc_topics_settled(c->topics) ? GC_CHANNEL_STEP_SETTLED
                                      : GC_CHANNEL_STEP_UNSETTLED;
}

static void on_step(void *ctx, uint64_t now_ms) {
  struct gc_channel *c = ctx;
  (void)now_ms;
  if (!c->calls.is_running)
    handle_event(c, step_event(c), &no_cause);
}

static void on_call_outcome(void *ctx, enum gc_channel_event event,
                            const struct gc_err *err) {
  handle_event(ctx, event, &(struct cause){.err = err});
}

static void on_socket_report(void *ctx, enum gc_channel_event event) {
  handle_event(ctx, event, &no_cause);
}

/* Why the channel closed a socket; NULL: it did not. */
static const char *closing_reason(enum gc_channel_state state) {
  switch (state) {
  case GC_CHANNEL_CLOSING_RECONNECT:
    return "the platform announced that it would close the connection";
  case GC_CHANNEL_CLOSING_CHECK:
    return "the platform ended the token or does not know the channel; "
           "checking the channel";
  case GC_CHANNEL_CLOSING_REPLACE:
    return "the platform has dropped the channel; another one takes its "
           "place";
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
                               .heard_ms = end->heard_ms});
}

static void on_message(void *ctx, const struct gc_notification *n,
                       const char *bytes, size_t len) {
  struct gc_channel *c = ctx;
  c->events.event(c->events.ctx, n, bytes, len);
}

/* ---- public ---- */

struct gc_channel *gc_channel_new(const struct gc_channel_deps *deps,
                                  struct gc_id_store *ids,
                                  const struct gc_channel_timeouts *timeouts,
                                  struct gc_topics *topics,
                                  const struct gc_channel_events *events) {
  struct gc_channel *c = calloc(1, sizeof(*c));
  if (c == NULL)
    return NULL;
  c->deps = *deps;
  c->ids = ids;
  c->topics = topics;
  c->events = *events;
  c->calls = (struct gc_channel_calls){.api = deps->api,
                                       .env = deps->env,
                                       .ids = ids,
                                       .topics = topics,
                                       .report = on_call_outcome,
                                       .ctx = c};
  c->socket = (struct gc_channel_socket){
      .driver = deps->driver,
      .connect = deps->connect,
      .env = deps->env,
      .user = {on_socket_report, on_socket_end, on_message, c}};
  gc_channel_calls_init(&c->calls);
  gc_channel_socket_init(&c->socket);
  c->step = (struct gc_timer){.fire = on_step, .ctx = c};
  c->notice = (struct gc_timer){.fire = on_notice, .ctx = c};
  c->ending = (struct gc_timer){.fire = on_ending, .ctx = c};
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
  gc_timers_unset(c->deps.env->timers, &c->notice);
  gc_timers_unset(c->deps.env->timers, &c->ending);
  free(c);
}

void gc_channel_set_timeouts(struct gc_channel *c,
                             const struct gc_channel_timeouts *timeouts) {
  c->timeouts = *timeouts;
  gc_channel_socket_set_timeout(&c->socket, timeouts->idle_timeout_ms);
}

void gc_channel_wake(struct gc_channel *c) {
  if (c->due == REPORT_NONE)
    c->due = REPORT_TOPICS; /* a new topic may be subscribed already */
  schedule_step(c);
}

void gc_channel_prolong(struct gc_channel *c) {
  gc_topics_renew(c->topics);
  schedule_step(c);
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

uint64_t gc_channel_blind_ms(const struct gc_channel *c) {
  return c->blind_ms > 0 ? now_ms_of(c) - c->blind_ms : 0;
}

uint32_t gc_channel_token_number(const struct gc_channel *c) {
  return c->calls.token_number;
}

void gc_channel_stats(const struct gc_channel *c,
                      struct gc_channel_stats *ret_stats) {
  bool is_open = gc_channel_is_open(c);
  uint64_t blind_ms = gc_channel_blind_ms(c);
  *ret_stats = (struct gc_channel_stats){
      .connected = is_open && gc_topics_settled(c->topics),
      .silence_ms = is_open ? now_ms_of(c) - c->socket.heard_ms : 0,
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
    ret_stats->topics +=
        topic->subscribers != NULL && topic->state == GC_TOPIC_PERMITTED;
    ret_stats->rejected +=
        topic->subscribers != NULL && topic->state == GC_TOPIC_REJECTED;
  }
}

void gc_channel_stats_add(struct gc_channel_stats *sum,
                          const struct gc_channel_stats *s) {
  sum->wanted += s->wanted;
  sum->topics += s->topics;
  sum->rejected += s->rejected;
  sum->reconnects += s->reconnects;
  sum->renewals += s->renewals;
  sum->created += s->created;
  sum->gap_ms += s->gap_ms;
  sum->events += s->events;
  sum->malformed += s->malformed;
  sum->others += s->others;
}
