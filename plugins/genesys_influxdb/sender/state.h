/* SPDX-License-Identifier: MIT */
/* The states of a sender and the one function that changes them. Pure.
 *
 *   IDLE ──send──> SECRET ──secret──> SENDING ──done──> IDLE
 *                    │                  │ └──more──> SECRET
 *                    └──fail──> PAUSED <┘
 *                                 ├──resume──> SECRET
 *                                 └──done──> IDLE (nothing waits any longer)
 *   IDLE ──fail──> PAUSED (the spool cannot be read)
 *
 * A batch is held in SECRET and SENDING, and in PAUSED unless it must be read
 * again. */
#ifndef GENESYS_INFLUXDB_SENDER_STATE_H
#define GENESYS_INFLUXDB_SENDER_STATE_H

enum influx_state {
  INFLUX_IDLE,    /* waits for lines */
  INFLUX_SECRET,  /* reads the token or password */
  INFLUX_SENDING, /* a request runs */
  INFLUX_PAUSED,  /* waits for its timer */
  INFLUX_STOPPED,
  INFLUX_STATE_COUNT
};

enum influx_event {
  INFLUX_EV_SEND,   /* a batch is ready */
  INFLUX_EV_SECRET, /* the secret is known */
  INFLUX_EV_MORE,   /* another part of the batch follows at once */
  INFLUX_EV_DONE,   /* the batch is delivered, or nothing waits */
  INFLUX_EV_FAIL,   /* try again later */
  INFLUX_EV_RESUME, /* the pause is over */
  INFLUX_EV_STOP,
  INFLUX_EVENT_COUNT
};

/* Returns the next state; the same state for an event that it does not expect.
 */
enum influx_state influx_state_next(enum influx_state state,
                                    enum influx_event event);
/* Returns the name, such as "idle", for debug lines; never NULL. */
const char *influx_state_name(enum influx_state state);

#endif
