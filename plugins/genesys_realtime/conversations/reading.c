/* SPDX-License-Identifier: MIT */
/* What follows from the facts of a conversation: the medium of each
 * participant, who answered whom, and the outcome of each contact.
 *
 * A stay in a queue that ended unanswered was abandoned or has gone on
 * elsewhere. The times decide, whichever snapshots arrived: it has gone on
 * if another leg (a queue, an agent elsewhere, a flow, a callback) began before
 * the last customer of the stay left. A leg that begins then or later belongs
 * to an offer of its own, such as that of a customer who returns, and the stay
 * was abandoned. A callback begins when it is made, not at its scheduled time.
 * A stay that ends with transfer* has gone on. */
#include "plugins/genesys_realtime/conversations/internal.h"

/* ---- participants ---- */

bool cv_is_wrapping_up(const struct participant *p) {
  return p->purpose == CV_AGENT && p->end_ms != 0 && p->acw_start_ms != 0 &&
         p->acw_end_ms == 0;
}

int64_t cv_latest_ms(const struct participant *p) {
  bool is_agent = p->purpose == CV_AGENT;
  const int64_t times[] = {
      p->connected_ms, p->end_ms, is_agent ? p->acw_start_ms : 0, p->acw_end_ms,
      is_agent && p->latest_hold != 0 ? cv_latest_hold_ms(p) : 0};
  int64_t latest_ms = 0;
  for (size_t i = 0; i < GC_COUNT(times); i++)
    if (times[i] > latest_ms)
      latest_ms = times[i];
  return latest_ms;
}

static enum cv_state state_of_participant(const struct participant *p) {
  if (p->is_scheduled && p->connected_ms == 0 && p->end_ms == 0)
    return CV_STATE_NONE; /* the contact does not wait yet */
  if (p->end_ms != 0)
    return cv_is_wrapping_up(p) ? CV_STATE_WRAPUP : CV_STATE_ENDED;
  if (p->purpose == CV_ACD)
    return CV_STATE_WAITING;
  if (p->connected_ms == 0)
    return CV_STATE_ALERTING;
  return p->is_held ? CV_STATE_HELD : CV_STATE_ACTIVE;
}

/* Returns the state of a conversation in a queue and medium. */
static enum cv_state state_in_queue(const struct conversation *c,
                                    const uint8_t *media, unsigned first) {
  enum cv_state highest = CV_STATE_NONE;
  for (unsigned i = first; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (p->queue != c->participants[first].queue || media[i] != media[first])
      continue;
    enum cv_state state = state_of_participant(p);
    if (state > highest)
      highest = state;
  }
  return highest;
}

/* ---- who served whom ---- */

static bool is_open_at(const struct participant *acd, int64_t at_ms) {
  return acd->end_ms == 0 || acd->end_ms >= at_ms - CV_SLACK_MS;
}

static bool is_newer(const struct participant *p,
                     const struct participant *than) {
  return than == NULL || p->connected_ms > than->connected_ms ||
         (p->connected_ms == than->connected_ms && p->id < than->id);
}

const struct participant *cv_find_acd(const struct conversation *c,
                                      const struct participant *agent,
                                      int64_t at_ms) {
  bool is_alert = agent->connected_ms == 0;
  const struct participant *newest = NULL, *own = NULL, *open = NULL,
                           *next = NULL;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (p->queue != agent->queue || p->purpose != CV_ACD ||
        p->connected_ms == 0)
      continue;
    if (p->connected_ms > at_ms) {
      if (p->connected_ms - at_ms <= CV_SLACK_MS &&
          (next == NULL || p->connected_ms < next->connected_ms))
        next = p;
      continue;
    }
    if (is_newer(p, newest))
      newest = p;
    if (p->media == agent->media && is_newer(p, own))
      own = p;
    if (p->media == agent->media && is_open_at(p, at_ms) && is_newer(p, open))
      open = p;
  }
  if (newest == NULL)
    return next;
  if (open != NULL)
    return open;
  return own != NULL && (is_alert || !is_open_at(newest, at_ms)) ? own : newest;
}

const struct participant *cv_find_served(const struct conversation *c,
                                         const struct participant *agent) {
  int64_t at_ms = agent->connected_ms != 0 ? agent->connected_ms
                  : agent->end_ms != 0     ? agent->end_ms
                                           : INT64_MAX;
  return cv_find_acd(c, agent, at_ms);
}

/* ---- media ---- */

/* Returns the medium of the first acd participant whose medium is known, else
 * of the first such agent. */
static enum cv_media media_of_queue(const struct conversation *c,
                                    uint32_t queue) {
  enum cv_media agents = CV_UNKNOWN;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (p->queue != queue || p->media == CV_UNKNOWN)
      continue;
    if (p->purpose == CV_ACD)
      return (enum cv_media)p->media;
    if (agents == CV_UNKNOWN)
      agents = (enum cv_media)p->media;
  }
  return agents;
}

/* An acd participant counts under its own medium, an agent under the medium of
 * the contact that it served: an agent who also calls the sender of a message
 * still serves the message. A call and the callback that follows it in the same
 * queue are two presences. */
static enum cv_media media_of(const struct conversation *c,
                              const struct participant *p,
                              const struct participant *served) {
  enum cv_media own = (enum cv_media)p->media;
  if (own != CV_UNKNOWN && p->purpose == CV_ACD)
    return own;
  if (served != NULL && served->media != CV_UNKNOWN)
    return (enum cv_media)served->media;
  return own != CV_UNKNOWN ? own : media_of_queue(c, p->queue);
}

static void read_media(const struct conversation *c,
                       const struct participant *ret_served[CV_PARTS_MAX],
                       uint8_t ret_media[CV_PARTS_MAX]) {
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    ret_served[i] = p->purpose == CV_AGENT ? cv_find_served(c, p) : NULL;
    ret_media[i] = (uint8_t)media_of(c, p, ret_served[i]);
  }
}

bool cv_is_first_of_presence(const struct conversation *c, const uint8_t *media,
                             unsigned participant) {
  for (unsigned i = 0; i < participant; i++)
    if (c->participants[i].queue == c->participants[participant].queue &&
        media[i] == media[participant])
      return false;
  return true;
}

unsigned cv_list_presences(const struct conversation *c,
                           struct cv_presence ret[CV_PARTS_MAX]) {
  const struct participant *served[CV_PARTS_MAX];
  uint8_t media[CV_PARTS_MAX];
  unsigned count = 0;
  read_media(c, served, media);
  for (unsigned i = 0; i < c->count; i++)
    if (cv_is_first_of_presence(c, media, i))
      ret[count++] = (struct cv_presence){c->participants[i].queue,
                                          state_in_queue(c, media, i),
                                          (enum cv_media)media[i]};
  return count;
}

/* ---- legs that followed ---- */

/* Returns true if `p` is a callback that follows `acd`, which is no callback.
 */
static bool is_callback_after(const struct participant *p,
                              const struct participant *acd) {
  return p->purpose == CV_ACD && p->media == CV_CALLBACK &&
         acd->media != CV_CALLBACK && p->connected_ms > acd->connected_ms &&
         (p->end_ms == 0 || p->end_ms > acd->end_ms);
}

/* Returns true if a leg began before the end of `acd` and lasted longer, such
 * as that of an agent who consulted another queue and ended the consultation.
 */
static bool is_outlived_by(const struct participant *acd,
                           const struct participant *p) {
  return p->connected_ms != 0 && p->connected_ms < acd->end_ms &&
         p->end_ms > acd->end_ms + CV_SLACK_MS;
}

/* Returns the time when the contact went on with the leg `p`; 0: it did not. */
static int64_t continued_ms(const struct participant *acd,
                            const struct participant *p) {
  bool is_next = p->connected_ms > acd->connected_ms &&
                 p->connected_ms >= acd->end_ms - CV_SLACK_MS;
  if (p == acd)
    return 0;
  if (is_next || is_callback_after(p, acd))
    return p->connected_ms;
  return is_outlived_by(acd, p) ? p->end_ms : 0;
}

/* Returns when the contact went on after the acd participant: the first time at
 * which another leg (a queue, an agent elsewhere, a flow) followed or outlived
 * it; 0: there is none. */
static int64_t find_continued_ms(const struct conversation *c,
                                 const struct participant *acd) {
  int64_t first_ms = acd->next_other != 0 ? acd->end_ms + acd->next_other - 1
                     : c->other_connected_ms >= acd->end_ms
                         ? c->other_connected_ms
                         : 0;
  for (unsigned i = 0; i < c->count; i++) {
    int64_t ms = continued_ms(acd, &c->participants[i]);
    if (ms != 0 && (first_ms == 0 || ms < first_ms))
      first_ms = ms;
  }
  return first_ms;
}

int64_t cv_gone_ms(const struct participant *acd) {
  return acd->gone != 0 ? acd->connected_ms + acd->gone - 1 +
                              (acd->is_left_by_legs ? CV_SLACK_MS : 0)
                        : INT64_MAX;
}

/* Returns true if the contact went on with the leg `p`, which began while a
 * customer of the stay was there. The start of a callback before its
 * scheduled time may be unknown; such a callback was made while the customer
 * was there. */
static bool went_on_with(const struct participant *acd,
                         const struct participant *p) {
  int64_t begin_ms = p->made_ms != 0   ? p->made_ms
                     : p->is_scheduled ? 0
                                       : p->connected_ms;
  bool is_later = p->purpose == CV_ACD && p->connected_ms == 0 &&
                  (p->end_ms == 0 || p->end_ms >= acd->end_ms);
  return p != acd && (is_later || continued_ms(acd, p) != 0) &&
         begin_ms < cv_gone_ms(acd);
}

/* Returns true if the contact went on elsewhere: the other leg began while a
 * customer of the stay was there. */
static bool went_on_elsewhere(const struct conversation *c,
                              const struct participant *acd) {
  int64_t other_ms = acd->next_other != 0 ? acd->end_ms + acd->next_other - 1
                                          : c->other_connected_ms;
  if (other_ms != 0 && other_ms >= acd->end_ms && other_ms < cv_gone_ms(acd))
    return true;
  for (unsigned i = 0; i < c->count; i++)
    if (went_on_with(acd, &c->participants[i]))
      return true;
  return false;
}

static bool has_left_before(const struct conversation *c,
                            const struct participant *acd, int64_t at_ms) {
  if (acd->end_ms == 0 || at_ms <= acd->end_ms + CV_SLACK_MS)
    return false;
  if (at_ms - CV_SLACK_MS > cv_gone_ms(acd))
    return true;
  int64_t left_ms = find_continued_ms(c, acd);
  return left_ms != 0 && left_ms < at_ms;
}

/* Returns when the first agent answered the contact; 0: it was not answered. An
 * agent without an acd participant of its queue (a call on behalf of the queue)
 * answers nothing. An agent who is connected more than a second after the
 * contact left answers nothing either, if another leg began before or all its
 * customers had left. */
static int64_t find_answer_ms(const struct cv_reading *r,
                              const struct participant *acd) {
  int64_t first_ms = acd->dropped_ms;
  for (unsigned i = 0; i < r->c->count; i++) {
    const struct participant *p = &r->c->participants[i];
    if (r->served[i] == acd && p->connected_ms != 0 &&
        (first_ms == 0 || p->connected_ms < first_ms))
      first_ms = p->connected_ms;
  }
  return has_left_before(r->c, acd, first_ms) ? 0 : first_ms;
}

/* ---- outcomes ---- */

/* Returns true if an agent of the queue rings who may still answer the contact:
 * it is the newest one of the agent's medium. Checks one agent of each medium.
 */
static bool is_ringing(const struct conversation *c,
                       const struct participant *acd) {
  unsigned media_seen = 0;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (p->queue != acd->queue || p->purpose != CV_AGENT ||
        p->connected_ms != 0 || p->end_ms != 0 || (media_seen >> p->media & 1))
      continue;
    media_seen |= 1u << p->media;
    if (cv_find_acd(c, p, INT64_MAX) == acd)
      return true;
  }
  return false;
}

/* Returns true for a later stay in a queue that has not begun, such as a
 * callback before its time. */
static bool is_later_stay(const struct participant *p,
                          const struct participant *acd) {
  return p->purpose == CV_ACD && p->connected_ms == 0 &&
         (p->end_ms == 0 || p->end_ms >= acd->end_ms);
}

static bool has_open_agent(const struct conversation *c) {
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (p->purpose == CV_AGENT && p->connected_ms != 0 && p->end_ms == 0)
      return true;
  }
  return false;
}

/* Returns true if another leg followed this one, or will follow it. */
static bool has_next_leg(const struct conversation *c,
                         const struct participant *acd) {
  if (find_continued_ms(c, acd) != 0)
    return true;
  for (unsigned i = 0; i < c->count; i++)
    if (&c->participants[i] != acd && is_later_stay(&c->participants[i], acd))
      return true;
  return false;
}

/* Returns true if another leg has begun and a moment has passed since this one
 * ended, so that an agent who still rings can no longer answer. */
static bool was_followed_for_long(const struct conversation *c,
                                  const struct participant *acd) {
  int64_t last_ms = c->other_connected_ms;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    int64_t ms = p->connected_ms > p->end_ms ? p->connected_ms : p->end_ms;
    if (ms > last_ms)
      last_ms = ms;
  }
  return last_ms > acd->end_ms + CV_SLACK_MS && find_continued_ms(c, acd) != 0;
}

static bool is_customer_gone(const struct conversation *c,
                             const struct participant *acd) {
  return acd->is_last || acd->gone != 0 ||
         (c->customers > 0 && c->customers_gone >= c->customers);
}

/* Returns true for a departed contact. A participant that is still missing may
 * be the agent who answered. The answer may still follow while an
 * agent rings or the customer is there, unless the contact went on elsewhere.
 * While an agent of another stay is connected, only the end of that leg shows
 * whether the contact went on with this agent. */
static bool has_departed(const struct conversation *c,
                         const struct participant *acd) {
  if (acd->end_ms == 0 || c->is_partial)
    return false;
  if (is_ringing(c, acd))
    return was_followed_for_long(c, acd);
  return has_next_leg(c, acd) ||
         (!has_open_agent(c) && is_customer_gone(c, acd));
}

static enum cv_outcome outcome_of(const struct conversation *c,
                                  const struct participant *acd,
                                  int64_t answer_ms) {
  if (answer_ms != 0)
    return CV_OUTCOME_ANSWER;
  if (!has_departed(c, acd))
    return CV_OUTCOME_OPEN;
  return acd->is_transferred || went_on_elsewhere(c, acd) ? CV_OUTCOME_TRANSFER
                                                          : CV_OUTCOME_ABANDON;
}

void cv_read(const struct conversation *c, struct cv_reading *ret) {
  ret->c = c;
  read_media(c, ret->served, ret->media);
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    bool is_acd = p->purpose == CV_ACD;
    ret->answer_ms[i] = is_acd ? find_answer_ms(ret, p) : 0;
    ret->outcome[i] =
        is_acd ? (uint8_t)outcome_of(c, p, ret->answer_ms[i]) : CV_OUTCOME_OPEN;
  }
}
