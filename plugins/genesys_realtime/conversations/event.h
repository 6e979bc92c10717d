/* SPDX-License-Identifier: MIT */
/* One message of a topic v2.routing.queues.<id>.conversations: a snapshot of
 * the whole conversation (API reference, "Agent topics"; schema
 * QueueConversationEventTopicConversation). The decoder makes a compact event
 * of its bytes. Pure; one thread at a time. */
#ifndef GENESYS_REALTIME_CONVERSATIONS_EVENT_H
#define GENESYS_REALTIME_CONVERSATIONS_EVENT_H

#include "common/base/err.h"
#include "common/genesys/notification.h"
#include "common/genesys/unknown_words.h"
#include "plugins/genesys_realtime/queues/uuid_key.h"

/* XX(enum, media type as analytics spells it, the participant's array). If a
 * participant has several arrays, its medium is the first one in this order:
 * the agent of a callback also has a call. */
#define CV_MEDIA_MAP(XX)                                                       \
  XX(UNKNOWN, "unknown", "")                                                   \
  XX(CALLBACK, "callback", "callbacks")                                        \
  XX(VOICE, "voice", "calls")                                                  \
  XX(CHAT, "chat", "chats")                                                    \
  XX(EMAIL, "email", "emails")                                                 \
  XX(MESSAGE, "message", "messages")                                           \
  XX(SOCIAL, "socialexpression", "socialExpressions")                          \
  XX(INTERNAL, "internalmessage", "internalMessages")                          \
  XX(VIDEO, "video", "videos")                                                 \
  XX(COBROWSE, "cobrowse", "cobrowsesessions")                                 \
  XX(SCREENSHARE, "screenshare", "screenshares")                               \
  XX(MONITORING, "screenmonitoring", "screenMonitorings")                      \
  XX(ALL, "all", "") /* for a source without media */

enum cv_media {
#define XX(id, label, array) CV_##id,
  CV_MEDIA_MAP(XX)
#undef XX
      CV_MEDIA_COUNT
};

/* Returns the label, such as "voice"; never NULL. */
const char *cv_media_label(enum cv_media media);
/* Returns the medium of a label; CV_MEDIA_COUNT for any other text. */
enum cv_media cv_media_find(const char *label);

/* A watcher monitors, coaches or barges in on another participant. */
enum cv_purpose { CV_OTHER, CV_CUSTOMER, CV_ACD, CV_AGENT, CV_WATCHER };

enum {
  CV_PARTIES_MAX = 256,  /* participants kept of one snapshot */
  CV_QUEUE_ID_SIZE = 64, /* of a queue's id, with the NUL */
};

/* The year 10000. */
#define CV_TIME_END_MS INT64_C(253402300800000)

/* One participant as the event reports it. Times are epoch ms, from 0 to below
 * CV_TIME_END_MS, so that the model may add and subtract them; 0: not given. */
struct cv_party {
  uint64_t id; /* uuid_key_hash of the participant's id */
  struct uuid_key queue;
  char queue_text[CV_QUEUE_ID_SIZE]; /* "": none given */
  /* For an agent: when it answered. It is 0 while the agent rings and after an
   * unanswered alert, even if the participant has a time. */
  int64_t connected_ms;
  /* For a callback: when it was made, which may be long before connected_ms,
   * its scheduled time. 0: not given. */
  int64_t made_ms;
  int64_t end_ms; /* endTime, else the end of its last communication */
  int64_t acw_start_ms, acw_end_ms;
  int64_t hold_ms;  /* startHoldTime */
  bool held;        /* a communication is on hold */
  bool transferred; /* a communication ended with transfer*; of an agent: one
                       that was connected */
  bool parked;      /* a communication is put aside */
  bool scheduled;   /* a callback in the queue before its time */
  bool acw_skipped; /* there was no after-call work, whatever its times say */
  bool end_is_own;  /* end_ms is endTime */
  uint8_t legs;     /* number of communications; at most UINT8_MAX */
  uint8_t purpose;  /* enum cv_purpose */
  uint8_t media;    /* enum cv_media */
};

/* Returns true for a party that becomes a participant. */
static inline bool cv_is_kept(const struct cv_party *party) {
  return (party->purpose == CV_ACD || party->purpose == CV_AGENT) &&
         party->queue_text[0] != '\0';
}

struct cv_event {
  struct uuid_key id; /* the conversation's id */
  unsigned count;
  /* Participants beyond CV_PARTIES_MAX; unanswered alerts are dropped first. */
  unsigned dropped;
  struct cv_party parties[CV_PARTIES_MAX];
};

/* Returns the newest of the event's times; 0: it has none. */
int64_t cv_event_newest_ms(const struct cv_event *event);

struct cv_decoder;

/* Makes a decoder. Returns NULL when out of memory. The decoder allocates
 * nothing per message. */
struct cv_decoder *cv_decoder_new(void);
void cv_decoder_free(struct cv_decoder *d);
GC_DEFINE_AUTO(struct cv_decoder, cv_decoder_free)

/* Reads one message, its members in any order. *ret_event is borrowed until the
 * next call; NULL for a message without a queue's conversation: another topic,
 * no topic, no body. GC_ERR_PARSE: not JSON. GC_ERR_LIMIT: more than
 * GC_MESSAGE_MAX_BYTES. */
GC_MUST_CHECK enum gc_code cv_decoder_read(struct cv_decoder *d,
                                           const char *bytes, size_t len,
                                           const struct cv_event **ret_event,
                                           struct gc_err *err);

/* Returns the unknown words of all events so far; borrowed. The caller takes
 * the new ones. */
struct gc_unknown_words *cv_decoder_unknown(struct cv_decoder *d);

#endif
