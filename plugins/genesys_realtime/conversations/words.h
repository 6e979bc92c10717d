/* SPDX-License-Identifier: MIT */
/* The words of conversation events: states, purposes, disconnect types (API
 * reference, "Agent topics"; schema QueueConversationEventTopicConversation and
 * those of its communications). The tables have every word of the schemas, also
 * those without a meaning here, so that only a new word is unknown. Pure. */
#ifndef GENESYS_REALTIME_CONVERSATIONS_WORDS_H
#define GENESYS_REALTIME_CONVERSATIONS_WORDS_H

#include "common/base/json/stream.h"
#include "common/genesys/unknown_words.h"
#include "plugins/genesys_realtime/conversations/event.h"

/* The meaning of a communication's state for its leg. With any other state
 * ("none") the times decide. */
enum cv_leg {
  CV_LEG_UNKNOWN,
  CV_LEG_RINGING,
  CV_LEG_SCHEDULED,
  CV_LEG_PARKED, /* put aside by an agent who was connected */
  CV_LEG_CONNECTED,
  CV_LEG_OVER
};

/* The meaning of afterCallWork.state. */
enum cv_acw { CV_ACW_UNKNOWN, CV_ACW_SKIPPED, CV_ACW_DONE };

/* One communication. Times are epoch ms; 0: not given. */
struct cv_communication {
  enum cv_leg leg;
  enum cv_acw acw;
  bool held, transferred;
  bool refused; /* an alert that ended unanswered */
  int64_t connected_ms, disconnected_ms, hold_ms, scheduled_ms;
};

/* Each function reads a value. If its table lacks the word, the function adds
 * the word to `unknown`. null and "" are no words. */

/* Returns CV_LEG_UNKNOWN for any other state: the times decide. */
enum cv_leg cv_word_leg(const struct gc_json_value *v,
                        struct gc_unknown_words *unknown);
/* Returns CV_ACW_UNKNOWN for any other state: the times decide. */
enum cv_acw cv_word_acw(const struct gc_json_value *v,
                        struct gc_unknown_words *unknown);
/* Returns CV_OTHER for any other purpose: a participant that is neither
 * customer, queue nor agent. */
enum cv_purpose cv_word_purpose(const struct gc_json_value *v,
                                struct gc_unknown_words *unknown);
/* Sets `transferred` and `refused`. An unknown type that begins with "transfer"
 * is a transfer. */
void cv_word_disconnect(const struct gc_json_value *v,
                        struct gc_unknown_words *unknown,
                        struct cv_communication *ret);

/* Adds a value of the member `kind` that cannot be read, such as a time of an
 * unknown form. `kind`: a string constant. */
void cv_word_unread(const char *kind, const struct gc_json_value *v,
                    struct gc_unknown_words *unknown);

/* Returns the meaning of unknown words of a kind ("state", "purpose",
 * "disconnectType", "afterCallWork.state", "id", "queueId", or the name of a
 * time), as a text for a report. */
const char *cv_word_default(const char *kind);

#endif
