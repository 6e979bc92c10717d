/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/conversations/legs.h"

static bool is_over(const struct cv_communication *c) {
  return c->leg == CV_LEG_OVER || c->disconnected_ms != 0;
}

static bool is_connected(const struct cv_communication *c) {
  return c->leg == CV_LEG_CONNECTED || c->leg == CV_LEG_PARKED ||
         c->connected_ms != 0;
}

static void add_times(struct cv_legs *legs, const struct cv_communication *c) {
  legs->timed += c->connected_ms != 0 || c->disconnected_ms != 0;
  if (c->connected_ms != 0 && (legs->first_connected_ms == 0 ||
                               c->connected_ms < legs->first_connected_ms))
    legs->first_connected_ms = c->connected_ms;
  if (c->disconnected_ms > legs->last_disconnected_ms)
    legs->last_disconnected_ms = c->disconnected_ms;
  if (c->scheduled_ms > legs->scheduled_ms)
    legs->scheduled_ms = c->scheduled_ms;
}

void cv_legs_add(struct cv_legs *legs, const struct cv_communication *c) {
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
static void complete_agent(const struct cv_legs *legs, struct cv_party *p) {
  if (legs->connected == 0 && (legs->ringing > 0 || legs->scheduled > 0 ||
                               legs->refused > 0 || legs->timed > 0))
    p->connected_ms = 0;
  p->transferred =
      legs->timed > 0 ? legs->transferred_connected : legs->transferred;
}

/* Returns true for a callback that was cancelled before its scheduled time. One
 * that an agent answered ends with transfer*. */
static bool is_cancelled(const struct cv_legs *legs, const struct cv_party *p) {
  return p->end_ms != 0 && p->end_ms < legs->scheduled_ms && !legs->transferred;
}

/* Completes an acd participant. A callback enters the queue at its scheduled
 * time. */
static void complete_acd(const struct cv_legs *legs, struct cv_party *p) {
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

void cv_legs_complete(const struct cv_legs *legs, struct cv_party *p) {
  if (p->connected_ms == 0)
    p->connected_ms = legs->first_connected_ms;
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
