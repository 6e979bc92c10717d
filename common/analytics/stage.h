/* SPDX-License-Identifier: MIT */
/* The stages of a block of interval queries, and the events that lead from one
 * to the next; stage.c has the table of all arrows:
 *
 *   network thread                          read thread
 *   LOADING > IDLE > REQUESTING > READY ──> SENDING > SENT ──> IDLE
 *      └─────────────────────> PAUSED ───┘     │ ^
 *                                              v │
 *                                       PAUSED, UNSAVED
 *
 * The stage says which thread may use the results, the totals and the sender
 * (struct gc_analytics_work): the network thread up to NAMING, the read thread
 * in SENDING. In READY, PAUSED, UNSAVED and SENT neither uses them; the thread
 * that takes the next event does then. LEASE_LOST leads back to LOADING from
 * each stage in which neither a poll nor a read thread is at work. Pure. */
#ifndef GC_ANALYTICS_STAGE_H
#define GC_ANALYTICS_STAGE_H

#include <stdbool.h>

#include "common/base/cleanup.h"

enum gc_stage {
  GC_STAGE_LOADING,    /* the state is not read yet */
  GC_STAGE_IDLE,       /* no window is due */
  GC_STAGE_REQUESTING, /* a poll is under way */
  GC_STAGE_NAMING,     /* an answer names an entity that no list has yet */
  GC_STAGE_READY,      /* results wait for a read thread */
  GC_STAGE_SENDING,    /* a read thread is inside the sender */
  GC_STAGE_PAUSED,     /* values or windows are left for the next read */
  GC_STAGE_UNSAVED,    /* all is sent, but the last save failed */
  GC_STAGE_SENT,       /* all is sent and saved */
  GC_STAGE_OVER,       /* collectd stops */
  GC_STAGE_COUNT
};

enum gc_stage_thread { GC_STAGE_NETWORK, GC_STAGE_READER, GC_STAGE_NEITHER };

enum gc_stage_event {
  /* Of the network thread. */
  GC_STAGE_LOADED,
  GC_STAGE_LOADED_WINDOW, /* with a window that was not sent completely */
  GC_STAGE_REQUEST,
  GC_STAGE_FAILED,
  GC_STAGE_ANSWERED,
  GC_STAGE_UNNAMED, /* answered; a name is missing */
  GC_STAGE_REREAD,  /* the slow pass is over */
  GC_STAGE_NAMED,   /* the list came, or is not waited for any longer */
  GC_STAGE_NEXT,
  GC_STAGE_LEASE_LOST,
  /* Of a read thread. */
  GC_STAGE_READ,
  GC_STAGE_WAITS,
  GC_STAGE_NOT_SAVED,
  GC_STAGE_ALL_SENT,
  GC_STAGE_STOP,
  GC_STAGE_EVENT_COUNT
};

/* Returns the thread that may use the work in this stage. */
enum gc_stage_thread gc_stage_owner(enum gc_stage stage);
/* Returns the thread on which the event happens. */
enum gc_stage_thread gc_stage_thread_of(enum gc_stage_event event);
/* Moves *stage along the event's arrow; false, without a move, if the stage has
 * none for it. Under the lock of the block. */
bool gc_stage_move(enum gc_stage *stage, enum gc_stage_event event);

#endif
