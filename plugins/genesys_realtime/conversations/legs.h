/* SPDX-License-Identifier: MIT */
/* Derives facts about a participant from its communications. A participant has
 * one communication or several: the agent of a callback has a callback and a
 * call; an agent who is offered the same contact twice may have a first leg
 * without an answer.
 *
 * decode.c reads the communications; legs.c fills struct cv_party. Pure. */
#ifndef GENESYS_REALTIME_CONVERSATIONS_LEGS_H
#define GENESYS_REALTIME_CONVERSATIONS_LEGS_H

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

/* The communications of one participant, summed up. Zero it before the first
 * one. */
struct cv_legs {
  unsigned count, over, ringing, scheduled, parked, connected, refused, timed;
  unsigned acw_skipped, acw_done;
  bool held;
  bool transferred, transferred_connected; /* any leg; one that was connected */
  int64_t first_connected_ms, last_disconnected_ms, last_hold_ms;
  int64_t scheduled_ms; /* the latest */
};

void cv_legs_add(struct cv_legs *legs, const struct cv_communication *c);

/* Completes the participant. Call it once, when its own members and all its
 * communications have been read. */
void cv_legs_complete(const struct cv_legs *legs, struct cv_party *p);

#endif
