/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/conversations/internal.h"

bool cv_is_wrapping_up(const struct participant *p) {
  return p->end_ms != 0 && p->acw_start_ms != 0 && p->acw_end_ms == 0;
}

int64_t cv_latest_ms(const struct participant *p) {
  const int64_t times[] = {
      p->connected_ms, p->end_ms, p->acw_start_ms, p->acw_end_ms,
      p->purpose == CV_AGENT && p->latest_hold != 0 ? cv_latest_hold_ms(p) : 0};
  int64_t latest_ms = 0;
  for (size_t i = 0; i < GC_COUNT(times); i++)
    if (times[i] > latest_ms)
      latest_ms = times[i];
  return latest_ms;
}

int64_t cv_latest_hold_ms(const struct participant *agent) {
  return agent->connected_ms + agent->latest_hold - 1;
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
                                    uint32_t queue, enum cv_media media) {
  enum cv_state highest = CV_STATE_NONE;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (p->queue != queue || p->counted_media != media)
      continue;
    enum cv_state state = state_of_participant(p);
    if (state > highest)
      highest = state;
  }
  return highest;
}

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

struct participant *cv_find_served(const struct conversation *c,
                                   const struct participant *agent) {
  int64_t at_ms = agent->connected_ms != 0 ? agent->connected_ms
                  : agent->end_ms != 0     ? agent->end_ms
                                           : INT64_MAX;
  return cv_find_acd(c, agent, at_ms);
}

/* Returns the medium of the contact that the agent served. CV_UNKNOWN: the
 * agent served no contact of the queue, or one of an unknown medium. */
static enum cv_media media_of_served(const struct conversation *c,
                                     const struct participant *agent) {
  const struct participant *acd = cv_find_served(c, agent);
  return acd != NULL ? (enum cv_media)acd->media : CV_UNKNOWN;
}

static enum cv_media counted_media_of(const struct conversation *c,
                                      const struct participant *p) {
  enum cv_media own = (enum cv_media)p->media, found = CV_UNKNOWN;
  if (own != CV_UNKNOWN && p->purpose == CV_ACD)
    return own;
  if (p->purpose == CV_AGENT)
    found = media_of_served(c, p);
  if (found == CV_UNKNOWN)
    found = own != CV_UNKNOWN ? own : media_of_queue(c, p->queue);
  return found;
}

void cv_set_media(struct conversation *c) {
  for (unsigned i = 0; i < c->count; i++) {
    struct participant *p = &c->participants[i];
    p->counted_media = (uint8_t)(counted_media_of(c, p) & 0xf);
  }
}

bool cv_is_first_of_presence(const struct conversation *c,
                             unsigned participant) {
  const struct participant *p = &c->participants[participant];
  for (unsigned i = 0; i < participant; i++)
    if (c->participants[i].queue == p->queue &&
        c->participants[i].counted_media == p->counted_media)
      return false;
  return true;
}

static bool is_open_at(const struct participant *acd, int64_t at_ms) {
  return acd->end_ms == 0 || acd->end_ms >= at_ms - CV_SLACK_MS;
}

static bool is_newer(const struct participant *p,
                     const struct participant *than) {
  return than == NULL || p->connected_ms > than->connected_ms ||
         (p->connected_ms == than->connected_ms && p->id < than->id);
}

struct participant *cv_find_acd(const struct conversation *c,
                                const struct participant *agent,
                                int64_t at_ms) {
  bool is_alert = agent->connected_ms == 0;
  struct participant *newest = NULL, *own = NULL, *open = NULL, *next = NULL;
  for (unsigned i = 0; i < c->count; i++) {
    struct participant *p = &c->participants[i];
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

void cv_find_answered(const struct conversation *c,
                      struct participant *ret[CV_PARTS_MAX]) {
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    ret[i] = p->purpose == CV_AGENT && p->connected_ms != 0
                 ? cv_find_acd(c, p, p->connected_ms)
                 : NULL;
  }
}

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

int64_t cv_find_continued_ms(const struct conversation *c,
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

/* Returns the time when all customers of the stay had left; INT64_MAX: not yet.
 */
static int64_t gone_ms(const struct participant *acd) {
  return acd->gone != 0 ? acd->connected_ms + acd->gone - 1 : INT64_MAX;
}

/* Returns true if the contact went on with the leg `p`, which began while a
 * customer of the stay was there. The start of a callback before its
 * scheduled time may be unknown; such a callback was made while the customer
 * was there. */
static bool is_continued_by(const struct participant *acd,
                            const struct participant *p) {
  int64_t begin_ms = p->made_ms != 0   ? p->made_ms
                     : p->is_scheduled ? 0
                                       : p->connected_ms;
  bool is_later = p->purpose == CV_ACD && p->connected_ms == 0 &&
                  (p->end_ms == 0 || p->end_ms >= acd->end_ms);
  return p != acd && (is_later || continued_ms(acd, p) != 0) &&
         begin_ms < gone_ms(acd);
}

bool cv_is_continued(const struct conversation *c,
                     const struct participant *acd) {
  int64_t other_ms = acd->next_other != 0 ? acd->end_ms + acd->next_other - 1
                                          : c->other_connected_ms;
  if (other_ms != 0 && other_ms >= acd->end_ms && other_ms < gone_ms(acd))
    return true;
  for (unsigned i = 0; i < c->count; i++)
    if (is_continued_by(acd, &c->participants[i]))
      return true;
  return false;
}

static bool has_left_before(const struct conversation *c,
                            const struct participant *acd, int64_t at_ms) {
  if (acd->end_ms == 0 || at_ms <= acd->end_ms + CV_SLACK_MS)
    return false;
  if (at_ms - CV_SLACK_MS > gone_ms(acd))
    return true;
  int64_t left_ms = cv_find_continued_ms(c, acd);
  return left_ms != 0 && left_ms < at_ms;
}

int64_t cv_find_answer_ms(const struct conversation *c,
                          const struct participant *acd,
                          struct participant *const *answered) {
  int64_t first_ms = 0;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (answered[i] == acd && (first_ms == 0 || p->connected_ms < first_ms))
      first_ms = p->connected_ms;
  }
  return has_left_before(c, acd, first_ms) ? 0 : first_ms;
}

bool cv_is_prior(const struct conversation *c, const struct participant *acd) {
  return acd->connected_ms != 0 && acd->connected_ms < c->since_ms;
}

unsigned cv_list_presences(const struct conversation *c,
                           struct cv_presence ret[CV_PARTS_MAX]) {
  unsigned count = 0;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    enum cv_media media = (enum cv_media)p->counted_media;
    if (cv_is_first_of_presence(c, i))
      ret[count++] = (struct cv_presence){
          p->queue, state_in_queue(c, p->queue, media), media};
  }
  return count;
}

static void describe_pending(const struct conversation *c,
                             struct cv_removed *r) {
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (cv_is_pending(p->counted))
      cv_removed_add_pending(r, p->connected_ms, p->counted & COUNTED_BREACH);
  }
}

struct cv_removed cv_describe_removed(const struct conversation *c) {
  struct cv_removed r = {.id = c->id,
                         .is_over = c->is_inactive,
                         .is_exact = true,
                         .count = c->count};
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (p->connected_ms > r.start_ms)
      r.start_ms = p->connected_ms;
    if (cv_latest_ms(p) > r.fact_ms)
      r.fact_ms = cv_latest_ms(p);
  }
  cv_dropped_describe(c, &r);
  describe_pending(c, &r);
  /* The dropped participants are no longer known. */
  r.since_ms = c->is_incomplete ? r.fact_ms + 1 : c->since_ms;
  cv_describe_facts(c, &r);
  return r;
}
