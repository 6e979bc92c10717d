/* SPDX-License-Identifier: MIT */
/* Writes snapshots as the platform's JSON. The platform has several forms for
 * one fact, such as a time of the participant or of its communication, and each
 * form is used. */
#include <inttypes.h>
#include <stdarg.h>

#include "common/base/cleanup.h"
#include "common/base/timestamp.h"
#include "tests/support/lives.h"

struct text {
  char *to;
  size_t len;
  uint64_t random;
};

__attribute__((format(printf, 2, 3))) static void
add_text(struct text *t, const char *format, ...) {
  va_list args;
  va_start(args, format);
  t->len +=
      (size_t)vsnprintf(t->to + t->len, LIVES_TEXT_SIZE - t->len, format, args);
  va_end(args);
}

static bool is_chosen(struct text *t) { return lives_random(&t->random, 2); }

static void add_time(struct text *t, const char *name, int64_t ms) {
  char time[GC_TIMESTAMP_SIZE];
  if (ms != 0)
    add_text(t, "\"%s\":\"%s\",", name, gc_timestamp_print(time, ms));
}

static const char *array_of(enum cv_media media) {
  static const char *const arrays[CV_MEDIA_COUNT] = {
#define XX(id, label, array) [CV_##id] = array,
      CV_MEDIA_MAP(XX)
#undef XX
  };
  return arrays[media];
}

/* The form of a participant; chosen once for all its communications. */
struct manner {
  bool leg_times;  /* its communication has the times of the leg */
  bool own_times;  /* the participant has them */
  bool alert_time; /* an agent's connectedTime is that of its alert */
  bool by_state;   /* skipped after-call work has a state and other times */
  bool is_delayed; /* a callback was made before its scheduled time */
};

enum { BEFORE_MS = 3600000 };

static bool is_silent_alert(const struct cv_party *p) {
  return p->purpose == CV_AGENT && p->connected_ms == 0;
}

static const char *state_of_leg(struct text *t, const struct cv_party *p) {
  if (p->end_ms != 0)
    return is_chosen(t) ? "disconnected" : "terminated";
  if (p->scheduled)
    return "scheduled";
  return p->connected_ms != 0 ? "connected"
         : is_chosen(t)       ? "alerting"
                              : "contacting";
}

static const char *end_type(struct text *t, const struct cv_party *p,
                            const struct manner *how) {
  if (is_silent_alert(p) && how->alert_time)
    return is_chosen(t) ? "transfer.noanswer" : "transfer.notavailable";
  return p->transferred ? is_chosen(t) ? "transfer" : "transfer.conference"
                        : "client";
}

static void add_leg(struct text *t, const struct cv_party *p,
                    const struct manner *how) {
  add_text(t, "{\"id\":\"c\",\"state\":\"%s\",", state_of_leg(t, p));
  if (p->held)
    add_time(t, "startHoldTime", p->hold_ms);
  add_text(t, "\"held\":%s,", p->held ? "true" : "false");
  if (how->leg_times) {
    add_time(t, "connectedTime", how->is_delayed ? 0 : p->connected_ms);
    add_time(t, "disconnectedTime", p->end_ms);
  }
  if (p->media == CV_CALLBACK && p->purpose == CV_ACD)
    add_time(t, "callbackScheduledTime",
             p->scheduled      ? T0_MS + 30 * (int64_t)86400000
             : how->is_delayed ? p->connected_ms != 0 ? p->connected_ms
                                                      : p->end_ms + BEFORE_MS
                               : 0);
  if (p->acw_skipped && how->by_state)
    add_text(t, "\"afterCallWork\":{\"state\":\"skipped\"},");
  else if (p->acw_start_ms != 0 && !p->acw_skipped && is_chosen(t))
    add_text(t, "\"afterCallWork\":{\"state\":\"%s\"},",
             p->acw_end_ms != 0 ? "complete" : "pending");
  if (p->end_ms != 0)
    add_text(t, "\"disconnectType\":\"%s\",", end_type(t, p, how));
  add_text(t, "\"provider\":\"x\"}");
}

/* The communications that ended before the present one come first. */
static void add_leg_list(struct text *t, const struct cv_party *p,
                         enum cv_media media, const struct manner *how) {
  add_text(t, "\"%s\":[", array_of(media));
  for (unsigned i = 0; i < p->legs; i++) {
    add_text(t, "{\"id\":\"b\",\"state\":\"disconnected\",");
    add_time(t, "connectedTime", how->leg_times ? p->connected_ms : 0);
    add_text(t, "\"disconnectType\":\"client\"},");
  }
  add_leg(t, p, how);
  add_text(t, "]");
}

static void add_leg_lists(struct text *t, const struct cv_party *p,
                          enum cv_media first, const struct manner *how) {
  add_leg_list(t, p, (enum cv_media)p->media, how);
  enum cv_media other = first != p->media ? first : CV_VOICE;
  if (p->purpose != CV_AGENT || other == p->media ||
      (p->media != CV_CALLBACK && first == p->media))
    return;
  add_text(t, ",");
  add_leg_list(t, p, other, how);
}

static int64_t connected_time(const struct cv_party *p,
                              const struct manner *how) {
  if (p->made_ms != 0)
    return p->made_ms;
  if (p->scheduled || is_silent_alert(p))
    return how->alert_time || p->scheduled ? T0_MS - BEFORE_MS : 0;
  if (how->is_delayed)
    return p->connected_ms != 0 ? p->connected_ms - BEFORE_MS : 0;
  return how->own_times ? p->connected_ms : 0;
}

static void add_acw(struct text *t, const struct cv_party *p,
                    const struct manner *how) {
  add_time(t, "startAcwTime", p->acw_start_ms);
  if (p->acw_skipped)
    add_time(t, "endAcwTime", p->acw_end_ms + (how->by_state ? 9000 : 0));
  else if (p->acw_end_ms != 0 && is_chosen(t))
    add_time(t, "endAcwTime", p->acw_end_ms);
  else if (p->acw_end_ms != 0) {
    add_text(t, "\"wrapup\":{");
    add_time(t, "endTime", p->acw_end_ms);
    add_text(t, "\"code\":\"x\"},");
  }
}

static struct manner choose_manner(struct text *t, const struct cv_party *p) {
  struct manner how = {.leg_times = is_chosen(t),
                       .alert_time = is_chosen(t),
                       .by_state = is_chosen(t)};
  how.own_times = !how.leg_times || is_chosen(t);
  if (p->end_ms != 0 && !p->end_is_own)
    how.leg_times = true;
  how.is_delayed = p->purpose == CV_ACD && p->media == CV_CALLBACK &&
                   (p->connected_ms != 0 || p->end_ms != 0) &&
                   (p->made_ms != 0 || is_chosen(t));
  return how;
}

static void add_party_text(struct text *t, unsigned number,
                           const struct cv_party *p, enum cv_media first) {
  static const char *const purposes[] = {[CV_OTHER] = "ivr",
                                         [CV_CUSTOMER] = "customer",
                                         [CV_ACD] = "acd",
                                         [CV_AGENT] = "agent"};
  struct manner how = choose_manner(t, p);
  add_text(t, "{\"id\":\"p%u\",\"purpose\":\"%s\",", number,
           purposes[p->purpose]);
  if (p->queue_text[0] != '\0')
    add_text(t,
             is_chosen(t)
                 ? "\"queueId\":\"%s\","
                 : "\"conversationRoutingData\":{\"queue\":{\"id\":\"%s\"}},",
             p->queue_text);
  add_time(t, "connectedTime", connected_time(p, &how));
  if ((how.own_times || !how.leg_times) && p->end_is_own)
    add_time(t, "endTime", p->end_ms);
  add_acw(t, p, &how);
  add_leg_lists(t, p, first, &how);
  add_text(t, ",\"attributes\":{\"a\":\"b\"}}");
}

size_t lives_text(const struct lives_life *l, unsigned steps, uint64_t variant,
                  char text[LIVES_TEXT_SIZE]) {
  static struct cv_event event;
  struct text t = {.to = text, .random = variant * 2654435761u + steps};
  unsigned number = 0;
  lives_snapshot(l, steps, &event);
  add_text(&t,
           "{\"topicName\":\"v2.routing.queues.%s.conversations\","
           "\"eventBody\":{\"id\":\"life-%" PRIu64 "\",\"participants\":[",
           lives_queues[0], l->seed);
  for (unsigned i = 0; i < steps; i++) {
    if (l->steps[i].fact != LIVES_APPEARS)
      continue;
    unsigned who = l->steps[i].who;
    add_text(&t, number > 0 ? "," : "");
    add_party_text(&t, who, &event.parties[number++],
                   (enum cv_media)l->who[who].media);
  }
  add_text(&t, "]}}");
  return t.len;
}
