/* SPDX-License-Identifier: MIT */
/* The states of a notification channel, its events, and the actions that
 * follow: (state, event) -> (state, actions). Pure.
 *
 *   UNKNOWN -> CREATING | CHECKING -> DISCONNECTED -> CONNECTING -> OPEN
 *
 * The socket does not wait for the topics: a call that subscribes runs in any
 * state in which the id is known to be good or is at least not in doubt, and
 * its failure changes no state. Only a check (HEAD) drops the id, so that
 * another channel is created: if the check does not find the channel, or is
 * refused after a refused upgrade. A refused upgrade, a message or a call only
 * causes a check. A check that fails or has no answer proves nothing: the
 * socket is opened.
 *
 * calls.c reports the outcome of REST calls, socket.c the events of the
 * WebSocket; channel.c picks the STEP events when the channel's timer fires,
 * and carries out the actions. */
#ifndef GC_NET_CHANNELS_STATE_H
#define GC_NET_CHANNELS_STATE_H

#include "common/base/cleanup.h"

enum gc_channel_state {
  /* No socket. */
  GC_CHANNEL_UNKNOWN,      /* no id, or an id to be checked */
  GC_CHANNEL_CREATING,     /* the call runs */
  GC_CHANNEL_CHECKING,     /* the call runs */
  GC_CHANNEL_DISCONNECTED, /* the id is valid as far as is known */
  GC_CHANNEL_RETIRED,

  /* A socket that is kept open. PROVEN: it received a message some time after
   * it opened; ANNOUNCED: the server is about to close it. */
  GC_CHANNEL_CONNECTING,
  GC_CHANNEL_OPEN,
  GC_CHANNEL_PROVEN,
  GC_CHANNEL_OPEN_ANNOUNCED,
  GC_CHANNEL_PROVEN_ANNOUNCED,

  /* A socket that is read for some seconds beside that of another channel with
   * the same topics. */
  GC_CHANNEL_REPLACED,

  /* A socket that the channel closes; one state for each step that may
   * follow. */
  GC_CHANNEL_CLOSING_IDLE, /* no topic is wanted */
  GC_CHANNEL_CLOSING_RECONNECT,
  GC_CHANNEL_CLOSING_ANNOUNCED, /* reconnect; the end is no failure */
  GC_CHANNEL_CLOSING_CHECK,
  GC_CHANNEL_RETIRING,

  GC_CHANNEL_STATE_COUNT,
};

enum gc_channel_event {
  /* The socket's timer fired. */
  GC_CHANNEL_STEP_UNWANTED,   /* no topic is wanted */
  GC_CHANNEL_STEP_WITHOUT_ID, /* topics are wanted; the id is not known */
  GC_CHANNEL_STEP_WITH_ID,
  /* The topics' timer fired: some are to be requested, and no call runs. */
  GC_CHANNEL_STEP_TOPICS,

  /* Outcomes of REST calls. */
  GC_CHANNEL_ON_CREATED,
  GC_CHANNEL_ON_CHECKED,
  GC_CHANNEL_ON_CHECK_LATE,    /* the check has had no answer for some time */
  GC_CHANNEL_ON_GONE,          /* the check has dropped the id (see above) */
  GC_CHANNEL_ON_SUBSCRIBED,    /* a batch of topics is subscribed */
  GC_CHANNEL_ON_BATCH_REFUSED, /* smaller batches follow */
  GC_CHANNEL_ON_CALL_FAILED,

  /* A call or a message gives a reason to check the channel. */
  GC_CHANNEL_ON_DOUBT,

  /* Events of the socket. */
  GC_CHANNEL_ON_OPENED,
  GC_CHANNEL_ON_PROOF,     /* a message came long enough after the opening */
  GC_CHANNEL_ON_ANNOUNCED, /* the server is about to close it */
  GC_CHANNEL_ON_ENDED,     /* closed, broken or silent; or it did not open */
  GC_CHANNEL_ON_UPGRADE_REFUSED, /* ended; the channel is in doubt */

  /* Requests of the owner. */
  GC_CHANNEL_ON_LEAVE,
  GC_CHANNEL_ON_RETIRE,      /* a second one ends the overlap at once */
  GC_CHANNEL_ON_OVERLAP_END, /* its timer fired */

  GC_CHANNEL_EVENT_COUNT,
};

/* Carried out in this order, after the state has changed. */
enum {
  GC_CHANNEL_DO_BEGIN_GAP = 1 << 0, /* if the socket that ended had opened */
  GC_CHANNEL_DO_END_GAP = 1 << 1,
  GC_CHANNEL_DO_CANCEL_CALL = 1 << 2,
  GC_CHANNEL_DO_DELAY_RECONNECT = 1 << 3, /* reports the error, then waits */
  GC_CHANNEL_DO_DELAY_CREATION = 1 << 4,  /* reports the error, then waits */
  GC_CHANNEL_DO_DELAY_TOPICS = 1 << 5,    /* the same, for failed topics */
  GC_CHANNEL_DO_FORGET_ID = 1 << 6,       /* and delays the creation */
  GC_CHANNEL_DO_RESTART_TOPICS = 1 << 7,
  GC_CHANNEL_DO_PROLONG = 1 << 8, /* the subscription begins a new lifetime */
  GC_CHANNEL_DO_RESET_BACKOFF = 1 << 9,
  GC_CHANNEL_DO_SCHEDULE_NOTICE = 1 << 10, /* schedules its report */
  GC_CHANNEL_DO_ACCEPT_SOCKET = 1 << 11,
  GC_CHANNEL_DO_REPORT_READY = 1 << 12, /* reports `ready`, if it is due */
  GC_CHANNEL_DO_CREATE = 1 << 13,
  GC_CHANNEL_DO_CHECK = 1 << 14,
  GC_CHANNEL_DO_SUBSCRIBE = 1 << 15,
  GC_CHANNEL_DO_CONNECT = 1 << 16,
  GC_CHANNEL_DO_CLOSE = 1 << 17,
  GC_CHANNEL_DO_STEP = 1 << 18,    /* sets the timers */
  GC_CHANNEL_DO_OVERLAP = 1 << 19, /* sets the timer of the overlap */
  GC_CHANNEL_DO_REPORT_RETIRED = 1 << 20,
};

struct gc_channel_transition {
  enum gc_channel_state state;
  unsigned actions;
};

/* Looks up the transition. An event that means nothing in a state keeps the
 * state and has no action. */
GC_API struct gc_channel_transition
gc_channel_transition(enum gc_channel_state state, enum gc_channel_event event);

/* Returns "unknown", "creating" and so on, for debug lines and tests; never
 * NULL. */
GC_API const char *gc_channel_state_name(enum gc_channel_state state);

#endif
