/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "common/base/alloc.h"
#include "common/base/json/stream.h"
#include "common/base/timestamp.h"
#include "plugins/genesys_realtime/conversations/words.h"

enum {
  K_TOPIC = 1,
  K_BODY,
  K_ID,
  K_PARTICIPANTS,
  K_PURPOSE,
  K_QUEUE_ID,
  K_CONNECTED,
  K_END,
  K_START_ACW,
  K_END_ACW,
  K_WRAPUP,
  K_ROUTING,
  K_QUEUE,
  K_COMMUNICATIONS, /* the array of any medium */
  K_STATE,
  K_HELD,
  K_HOLD,
  K_DISCONNECTED,
  K_DISCONNECT_TYPE,
  K_SCHEDULED,
  K_ACW,
  K_WATCHED,
};

static const struct gc_json_key keys[] = {
    {"topicName", K_TOPIC},
    {"eventBody", K_BODY},
    {"id", K_ID},
    {"participants", K_PARTICIPANTS},
    {"purpose", K_PURPOSE},
    {"queueId", K_QUEUE_ID},
    {"connectedTime", K_CONNECTED},
    {"endTime", K_END},
    {"startAcwTime", K_START_ACW},
    {"endAcwTime", K_END_ACW},
    {"wrapup", K_WRAPUP},
    {"conversationRoutingData", K_ROUTING},
    {"queue", K_QUEUE},
    {"callbacks", K_COMMUNICATIONS},
    {"calls", K_COMMUNICATIONS},
    {"chats", K_COMMUNICATIONS},
    {"emails", K_COMMUNICATIONS},
    {"messages", K_COMMUNICATIONS},
    {"socialExpressions", K_COMMUNICATIONS},
    {"internalMessages", K_COMMUNICATIONS},
    {"videos", K_COMMUNICATIONS},
    {"cobrowsesessions", K_COMMUNICATIONS},
    {"screenshares", K_COMMUNICATIONS},
    {"screenMonitorings", K_COMMUNICATIONS},
    {"state", K_STATE},
    {"held", K_HELD},
    {"startHoldTime", K_HOLD},
    {"disconnectedTime", K_DISCONNECTED},
    {"disconnectType", K_DISCONNECT_TYPE},
    {"callbackScheduledTime", K_SCHEDULED},
    {"afterCallWork", K_ACW},
    {"monitoredParticipantId", K_WATCHED},
    {"coachedParticipantId", K_WATCHED},
    {"bargedParticipantId", K_WATCHED},
    {"screenMonitoredParticipantId", K_WATCHED},
};

/* ---- media and topics ---- */

static const struct {
  const char *label, *array;
} media[CV_MEDIA_COUNT] = {
#define XX(id, label, array) [CV_##id] = {label, array},
    CV_MEDIA_MAP(XX)
#undef XX
};

/* Returns true for "v2.routing.queues.<id>.conversations", in any case. */
static bool is_conversation_topic(const struct gc_json_value *v) {
  static const char head[] = "v2.routing.queues.", tail[] = ".conversations";
  const size_t head_len = sizeof(head) - 1, tail_len = sizeof(tail) - 1;
  if (v->kind != GC_JSON_STRING || v->len <= head_len + tail_len)
    return false;
  const char *id = v->text + head_len;
  size_t id_len = v->len - head_len - tail_len;
  return strncasecmp(v->text, head, head_len) == 0 &&
         strncasecmp(id + id_len, tail, tail_len) == 0 &&
         memchr(id, '.', id_len) == NULL;
}

static enum cv_media find_array_media(const char *array) {
  unsigned found = CV_UNKNOWN + 1;
  while (found < CV_MEDIA_COUNT && strcmp(media[found].array, array) != 0)
    found++;
  return found < CV_MEDIA_COUNT ? (enum cv_media)found : CV_UNKNOWN;
}

const char *cv_media_label(enum cv_media m) {
  return media[(unsigned)m < CV_MEDIA_COUNT ? m : CV_UNKNOWN].label;
}

enum cv_media cv_media_find(const char *label) {
  unsigned found = 0;
  while (found < CV_MEDIA_COUNT && strcmp(media[found].label, label) != 0)
    found++;
  return (enum cv_media)found;
}

/* ---- the communications of a participant ---- */

/* Their sum. A participant has one communication or several: the agent of a
 * callback has a callback and a call; an agent who is offered the same contact
 * twice may have a first leg without an answer. */
struct legs {
  unsigned count, over, ringing, scheduled, parked, connected, refused, timed;
  unsigned acw_skipped, acw_done;
  bool held;
  bool transferred, transferred_connected; /* any leg; one that was connected */
  int64_t first_connected_ms, last_disconnected_ms, last_hold_ms;
  int64_t scheduled_ms; /* the latest */
};

static bool is_over(const struct cv_communication *c) {
  return c->leg == CV_LEG_OVER || c->disconnected_ms != 0;
}

static bool is_connected(const struct cv_communication *c) {
  return c->leg == CV_LEG_CONNECTED || c->leg == CV_LEG_PARKED ||
         c->connected_ms != 0;
}

static void add_times(struct legs *legs, const struct cv_communication *c) {
  legs->timed += c->connected_ms != 0 || c->disconnected_ms != 0;
  if (c->connected_ms != 0 && (legs->first_connected_ms == 0 ||
                               c->connected_ms < legs->first_connected_ms))
    legs->first_connected_ms = c->connected_ms;
  if (c->disconnected_ms > legs->last_disconnected_ms)
    legs->last_disconnected_ms = c->disconnected_ms;
  if (c->scheduled_ms > legs->scheduled_ms)
    legs->scheduled_ms = c->scheduled_ms;
}

static void add_leg(struct legs *legs, const struct cv_communication *c) {
  bool over = is_over(c), waits = !over && c->connected_ms == 0;
  legs->count++;
  legs->over += over;
  legs->ringing += waits && c->leg == CV_LEG_RINGING;
  legs->scheduled += waits && c->leg == CV_LEG_SCHEDULED;
  legs->parked += !over && c->leg == CV_LEG_PARKED;
  legs->connected += is_connected(c);
  legs->refused += c->refused;
  legs->acw_skipped += c->acw == CV_ACW_SKIPPED;
  legs->acw_done += c->acw == CV_ACW_DONE;
  legs->transferred |= c->transferred && !c->refused;
  legs->transferred_connected |=
      c->transferred && !c->refused && is_connected(c);
  add_times(legs, c);
  if (c->held && !over) {
    legs->held = true;
    if (c->hold_ms > legs->last_hold_ms)
      legs->last_hold_ms = c->hold_ms;
  }
}

/* Completes an agent. The platform gives each leg that was connected its own
 * time; the participant's time may be that of the alert. */
static void complete_agent(const struct legs *legs, struct cv_party *p) {
  if (legs->connected == 0 && (legs->ringing > 0 || legs->scheduled > 0 ||
                               legs->refused > 0 || legs->timed > 0))
    p->connected_ms = 0;
  p->transferred =
      legs->timed > 0 ? legs->transferred_connected : legs->transferred;
}

/* Returns true for a callback that was cancelled before its scheduled time. One
 * that an agent answered ends with transfer*. */
static bool is_cancelled(const struct legs *legs, const struct cv_party *p) {
  return p->end_ms != 0 && p->end_ms < legs->scheduled_ms && !legs->transferred;
}

/* Completes an acd participant. A callback enters the queue at its scheduled
 * time. */
static void complete_acd(const struct legs *legs, struct cv_party *p) {
  if (p->connected_ms < legs->scheduled_ms || legs->scheduled > 0)
    p->made_ms = p->connected_ms;
  p->transferred = legs->transferred;
  p->scheduled = legs->scheduled > 0 && legs->connected == 0;
  if (p->scheduled || is_cancelled(legs, p))
    p->connected_ms = 0;
  else if (p->connected_ms != 0 && p->connected_ms < legs->scheduled_ms &&
           (p->end_ms == 0 || p->end_ms >= legs->scheduled_ms))
    p->connected_ms = legs->scheduled_ms;
}

/* Completes the participant, when its own members and all its communications
 * have been read. */
static void complete_party(const struct legs *legs, struct cv_party *p) {
  if (p->connected_ms == 0)
    p->connected_ms = legs->first_connected_ms;
  p->end_is_own = p->end_ms != 0;
  p->legs = legs->count < UINT8_MAX ? (uint8_t)legs->count : UINT8_MAX;
  if (p->end_ms == 0 && legs->count > 0 && legs->over == legs->count)
    p->end_ms = legs->last_disconnected_ms;
  if (p->purpose == CV_AGENT)
    complete_agent(legs, p);
  else if (p->purpose == CV_ACD)
    complete_acd(legs, p);
  p->parked = legs->parked > 0;
  p->held = legs->held;
  p->hold_ms = legs->last_hold_ms;
  p->acw_skipped = (legs->acw_skipped > 0 && legs->acw_done == 0) ||
                   (p->acw_start_ms != 0 && p->acw_end_ms == p->acw_start_ms);
}

/* ---- the decoder ---- */

struct cv_decoder {
  struct gc_json_stream *stream;
  struct cv_event event;
  bool is_conversation; /* its topic says so */

  struct cv_party *party; /* the participant that is being read */
  struct cv_party spare;  /* place for participants past CV_PARTIES_MAX */
  bool is_watcher;        /* it monitors another participant */
  bool has_queue_id;      /* queueId has priority over the routing data */
  int64_t wrapup_end_ms;
  struct legs legs;
  struct cv_communication now;
  struct gc_unknown_words strange; /* of the present message */
  struct gc_unknown_words unknown; /* of all events */

  char date[10]; /* date of the last time read, "2026-08-01" */
  int64_t midnight_ms;
};

/* ---- values ---- */

/* Reads two digits. Returns -1 unless they are digits below `limit`. */
static int parse_two_digits(const char *text, int limit) {
  unsigned tens = (unsigned)(text[0] - '0'), ones = (unsigned)(text[1] - '0');
  int value = (int)(tens * 10 + ones);
  return tens < 10 && ones < 10 && value < limit ? value : -1;
}

/* Reads a time of the date that was read last, in the form
 * 2026-08-01T10:00:00.000Z. Most times of a message have this form;
 * base/timestamp reads all others. */
static bool parse_same_date(const struct cv_decoder *d, const char *t,
                            int64_t *ret_ms) {
  if (t[10] != 'T' || t[13] != ':' || t[16] != ':' || t[19] != '.' ||
      t[23] != 'Z' || memcmp(t, d->date, sizeof(d->date)) != 0)
    return false;
  int hour = parse_two_digits(t + 11, 24),
      minute = parse_two_digits(t + 14, 60),
      second = parse_two_digits(t + 17, 60);
  int hundredth = parse_two_digits(t + 20, 100);
  unsigned thousandth = (unsigned)(t[22] - '0');
  if ((hour | minute | second | hundredth) < 0 || thousandth > 9)
    return false;
  *ret_ms = d->midnight_ms + ((hour * 60 + minute) * 60 + second) * 1000 +
            hundredth * 10 + (int)thousandth;
  return true;
}

/* Notes a time that cannot be read, under the name of its member. */
static void note_time(struct cv_decoder *d, const struct gc_json_at *at,
                      const struct gc_json_value *v) {
  unsigned i = 0;
  while (i < GC_COUNT(keys) - 1 && keys[i].id != (at->path & 0xff))
    i++;
  cv_word_unread(keys[i].name, v, &d->strange);
}

/* Reads a time; 0 for a value that is no time or is before 1970. */
static int64_t time_of(struct cv_decoder *d, const struct gc_json_at *at,
                       const struct gc_json_value *v) {
  enum { DAY_MS = 86400000 };
  int64_t ms;
  bool is_text = v->kind == GC_JSON_STRING;
  if (is_text && v->len == 24 && parse_same_date(d, v->text, &ms))
    return ms;
  if (!is_text || gc_timestamp_parse(v->text, v->len, &ms, NULL) != GC_OK) {
    note_time(d, at, v);
    return 0;
  }
  if (ms <= 0)
    return 0;
  if (v->len == 24 && v->text[23] == 'Z') {
    memcpy(d->date, v->text, sizeof(d->date));
    d->midnight_ms = gc_timestamp_floor(ms, DAY_MS);
  }
  return ms;
}

static void set_queue(struct cv_decoder *d, const struct gc_json_value *v,
                      bool own) {
  if (v->kind != GC_JSON_STRING || v->len >= sizeof(d->party->queue_text) ||
      memchr(v->text, '\0', v->len) != NULL) {
    cv_word_unread("queueId", v, &d->strange);
    return;
  }
  if (v->len == 0 || (d->has_queue_id && !own))
    return;
  d->has_queue_id = own;
  d->party->queue = uuid_key_read(v->text, v->len);
  memcpy(d->party->queue_text, v->text, v->len);
  d->party->queue_text[v->len] = '\0';
}

static struct uuid_key id_of(const struct gc_json_value *v) {
  return v->kind == GC_JSON_STRING ? uuid_key_read(v->text, v->len)
                                   : (struct uuid_key){0, 0};
}

/* ---- events ---- */

#define IN_BODY(key) GC_JSON_PATH2(K_BODY, key)
#define PARTY GC_JSON_PATH3(K_BODY, K_PARTICIPANTS, GC_JSON_ITEM)
#define IN_PARTY(key) (PARTY << 8 | (key))
#define COMMUNICATION (IN_PARTY(K_COMMUNICATIONS) << 8 | GC_JSON_ITEM)
#define IN_COMMUNICATION(key) (COMMUNICATION << 8 | (key))

static void set_communication(struct cv_decoder *d, const struct gc_json_at *at,
                              const struct gc_json_value *v) {
  switch (at->path) {
  case IN_COMMUNICATION(K_STATE):
    d->now.leg = cv_word_leg(v, &d->strange);
    break;
  case IN_COMMUNICATION(K_HELD):
    d->now.held = v->kind == GC_JSON_BOOL && v->truth;
    break;
  case IN_COMMUNICATION(K_HOLD):
    d->now.hold_ms = time_of(d, at, v);
    break;
  case IN_COMMUNICATION(K_CONNECTED):
    d->now.connected_ms = time_of(d, at, v);
    break;
  case IN_COMMUNICATION(K_DISCONNECTED):
    d->now.disconnected_ms = time_of(d, at, v);
    break;
  case IN_COMMUNICATION(K_SCHEDULED):
    d->now.scheduled_ms = time_of(d, at, v);
    break;
  case IN_COMMUNICATION(K_ACW) << 8 | K_STATE:
    d->now.acw = cv_word_acw(v, &d->strange);
    break;
  case IN_COMMUNICATION(K_DISCONNECT_TYPE):
    cv_word_disconnect(v, &d->strange, &d->now);
    break;
  default:
    break;
  }
}

static enum gc_code on_value(void *ctx, const struct gc_json_at *at,
                             const struct gc_json_value *v) {
  struct cv_decoder *d = ctx;
  switch (at->path) {
  case GC_JSON_PATH1(K_TOPIC):
    d->is_conversation = is_conversation_topic(v);
    break;
  case IN_BODY(K_ID):
    d->event.id = id_of(v);
    break;
  case IN_PARTY(K_ID):
    d->party->id = uuid_key_hash(id_of(v));
    break;
  case IN_PARTY(K_PURPOSE):
    d->party->purpose = (uint8_t)cv_word_purpose(v, &d->strange);
    break;
  case IN_PARTY(K_WATCHED):
    d->is_watcher |= v->kind == GC_JSON_STRING && v->len > 0;
    break;
  case IN_PARTY(K_QUEUE_ID):
    set_queue(d, v, true);
    break;
  case IN_PARTY(K_ROUTING) << 16 | K_QUEUE << 8 | K_ID:
    set_queue(d, v, false);
    break;
  case IN_PARTY(K_CONNECTED):
    d->party->connected_ms = time_of(d, at, v);
    break;
  case IN_PARTY(K_END):
    d->party->end_ms = time_of(d, at, v);
    break;
  case IN_PARTY(K_START_ACW):
    d->party->acw_start_ms = time_of(d, at, v);
    break;
  case IN_PARTY(K_END_ACW):
    d->party->acw_end_ms = time_of(d, at, v);
    break;
  case IN_PARTY(K_WRAPUP) << 8 | K_END:
    d->wrapup_end_ms = time_of(d, at, v);
    break;
  default:
    set_communication(d, at, v);
    break;
  }
  return GC_OK;
}

static void begin_party(struct cv_decoder *d) {
  struct cv_event *e = &d->event;
  d->party = e->count < CV_PARTIES_MAX ? &e->parties[e->count] : &d->spare;
  memset(d->party, 0, sizeof(*d->party));
  memset(&d->legs, 0, sizeof(d->legs));
  d->has_queue_id = d->is_watcher = false;
  d->wrapup_end_ms = 0;
}

static void begin_communication(struct cv_decoder *d, const char *array) {
  unsigned found = find_array_media(array);
  if (d->party->media == CV_UNKNOWN || found < d->party->media)
    d->party->media = (uint8_t)found;
  memset(&d->now, 0, sizeof(d->now));
}

static enum gc_code on_open(void *ctx, const struct gc_json_at *at) {
  struct cv_decoder *d = ctx;
  if (at->path == PARTY)
    begin_party(d);
  else if (at->path == COMMUNICATION)
    begin_communication(d, at->key);
  return GC_OK;
}

/* Returns true for an agent that rang and did not answer. */
static bool is_unanswered(const struct cv_party *p) {
  return p->purpose == CV_AGENT && p->connected_ms == 0 && p->end_ms != 0;
}

/* Replaces an unanswered alert, if there is one, by a later participant. A
 * snapshot has its participants in the order of their appearance, and the later
 * ones show the present state. */
static void replace_unanswered(struct cv_event *e,
                               const struct cv_party *party) {
  unsigned i = 0;
  while (i < e->count && !is_unanswered(&e->parties[i]))
    i++;
  if (i < e->count && party->id != 0 && !is_unanswered(party))
    e->parties[i] = *party;
  e->dropped++;
}

static void end_party(struct cv_decoder *d) {
  static const struct gc_json_value no_id = {.kind = GC_JSON_OBJECT};
  struct cv_party *p = d->party;
  if (p->acw_end_ms == 0)
    p->acw_end_ms = d->wrapup_end_ms;
  if (d->is_watcher)
    p->purpose = CV_WATCHER;
  complete_party(&d->legs, p);

  if (p->id == 0)
    cv_word_unread("id", &no_id, &d->strange);
  if (p == &d->spare)
    replace_unanswered(&d->event, p);
  else if (p->id != 0)
    d->event.count++;
}

static enum gc_code on_close(void *ctx, const struct gc_json_at *at) {
  struct cv_decoder *d = ctx;
  if (at->path == COMMUNICATION)
    add_leg(&d->legs, &d->now);
  else if (at->path == PARTY)
    end_party(d);
  return GC_OK;
}

static const struct gc_json_reader reader = {
    .keys = keys,
    .key_count = GC_COUNT(keys),
    .skip_unknown = true,
    .bytes_max = GC_MESSAGE_MAX_BYTES,
    .string_max = GC_MESSAGE_MAX_BYTES,
    .open = on_open,
    .close = on_close,
    .value = on_value,
};

static void reset_event(struct cv_decoder *d) {
  d->is_conversation = false;
  d->event.id = (struct uuid_key){0, 0};
  d->event.count = d->event.dropped = 0;
  gc_unknown_words_clear(&d->strange);
}

void cv_decoder_free(struct cv_decoder *d) {
  if (d == NULL)
    return;
  gc_json_stream_free(d->stream);
  free(d);
}

struct cv_decoder *cv_decoder_new(void) {
  struct cv_decoder *d = gc_zalloc(1, sizeof(*d));
  d->party = &d->spare;
  d->stream = gc_json_stream_new(&reader, d);
  return d;
}

enum gc_code cv_decoder_read(struct cv_decoder *d, const char *bytes,
                             size_t len, const struct cv_event **ret_event,
                             struct gc_err *err) {
  reset_event(d);
  GC_TRY(gc_json_stream_next(d->stream, bytes, len, err));
  bool has_event = d->is_conversation && !uuid_key_is_none(d->event.id) &&
                   d->event.count > 0;
  if (has_event && d->strange.total > 0)
    gc_unknown_words_move(&d->unknown, &d->strange);
  *ret_event = has_event ? &d->event : NULL;
  return GC_OK;
}

struct gc_unknown_words *cv_decoder_unknown(struct cv_decoder *d) {
  return &d->unknown;
}

static int64_t later_of(int64_t a, int64_t b) { return a > b ? a : b; }

int64_t cv_event_newest_ms(const struct cv_event *event) {
  int64_t newest_ms = 0;
  for (unsigned i = 0; i < event->count; i++) {
    const struct cv_party *p = &event->parties[i];
    newest_ms = later_of(newest_ms, later_of(p->connected_ms, p->end_ms));
    newest_ms = later_of(newest_ms, later_of(p->acw_start_ms, p->acw_end_ms));
    newest_ms = later_of(newest_ms, p->hold_ms);
  }
  return newest_ms;
}
