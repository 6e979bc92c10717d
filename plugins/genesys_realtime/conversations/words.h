/* SPDX-License-Identifier: MIT */
/* The words of queue conversation events and what they mean to us (API
 * reference, sections 4.4, 4.5 and 4.8). New words may come at any time: they
 * mean nothing. Pure. */
#ifndef GENESYS_REALTIME_CONVERSATIONS_WORDS_H
#define GENESYS_REALTIME_CONVERSATIONS_WORDS_H

#include "common/base/json/stream.h"
#include "plugins/genesys_realtime/conversations/event.h"

/* What a communication's state says about its leg. Anything else ("none",
 * "parked", new words) leaves it to the times. */
enum cv_leg { CV_LEG_UNTOLD, CV_LEG_RINGING, CV_LEG_CONNECTED, CV_LEG_OVER };

enum cv_leg cv_word_leg(const struct gc_json_value *v);
enum cv_purpose cv_word_purpose(const struct gc_json_value *v);

/* "v2.routing.queues.<id>.conversations", in any case. */
bool cv_word_is_topic(const struct gc_json_value *v);

/* Disconnect types: transfer*; and how an alert ends that nobody took. */
bool cv_word_is_transfer(const struct gc_json_value *v);
bool cv_word_is_refusal(const struct gc_json_value *v);

/* The medium of a participant's array, "calls"; one of CV_MEDIA_MAP. */
enum cv_media cv_word_media(const char *array);

#endif
