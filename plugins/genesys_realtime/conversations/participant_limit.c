/* SPDX-License-Identifier: MIT */
/* Makes room in a conversation with too many participants: decides which ones
 * are dropped. */
#include <string.h>

#include "plugins/genesys_realtime/conversations/internal.h"

/* The least worth is dropped first; WORTH_KEPT is not dropped. */
enum worth { WORTH_ALERT, WORTH_AGENT, WORTH_ACD, WORTH_KEPT };

/* Marks the contacts of the agents that are kept, and the newest contact of
 * each queue and medium: an agent who comes later may serve it. */
static void find_needed(const struct conversation *c,
                        bool ret_needed[CV_PARTS_MAX]) {
  for (unsigned i = 0; i < c->count; i++)
    ret_needed[i] = false;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    const struct participant *acd = p->purpose == CV_ACD
                                        ? cv_find_acd(c, p, INT64_MAX)
                                        : cv_find_served(c, p);
    if (acd != NULL)
      ret_needed[acd - c->participants] = true;
  }
}

static enum worth worth_of(const struct participant *p, bool is_needed) {
  if (p->end_ms == 0 || cv_is_pending(p->counted) || cv_is_wrapping_up(p) ||
      is_needed)
    return WORTH_KEPT;
  if (p->purpose == CV_ACD)
    return WORTH_ACD;
  return p->connected_ms == 0 ? WORTH_ALERT : WORTH_AGENT;
}

/* Returns the index of the oldest of the participants with the least worth;
 * c->count: all are kept. */
static unsigned find_least_worth(const struct conversation *c,
                                 const bool *is_needed) {
  unsigned found = c->count;
  enum worth least = WORTH_KEPT;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    enum worth worth = worth_of(p, is_needed[i]);
    if (worth < least ||
        (worth == least && worth < WORTH_KEPT &&
         p->connected_ms < c->participants[found].connected_ms)) {
      found = i;
      least = worth;
    }
  }
  return found;
}

/* ---- dropping ---- */

static bool drop_participant(struct conversations *m, struct conversation *c,
                             unsigned index, bool *is_needed) {
  const struct participant *p = &c->participants[index];
  if (!cv_dropped_add(m, c, p, cv_latest_ms(p)))
    return false;
  unsigned after = c->count - index - 1u;
  c->known -= index < c->known;
  cv_holds_forget(c, index);
  memmove(&c->participants[index], &c->participants[index + 1],
          after * sizeof(c->participants[0]));
  memmove(&is_needed[index], &is_needed[index + 1], after);
  c->count--;
  return true;
}

/* The agent who answered a contact may be dropped, so no answer is taken back
 * from now on. */
static void keep_answers(struct conversation *c) {
  for (unsigned i = 0; i < c->count; i++)
    if (c->participants[i].purpose == CV_ACD)
      c->participants[i].answered = 0;
}

unsigned cv_drop(struct conversations *m, struct conversation *c,
                 unsigned count) {
  bool is_needed[CV_PARTS_MAX];
  unsigned dropped = 0;
  find_needed(c, is_needed);
  for (; dropped < count; dropped++) {
    unsigned index = find_least_worth(c, is_needed);
    if (index == c->count || !drop_participant(m, c, index, is_needed))
      break;
  }
  if (dropped > 0) {
    cv_table_note_incomplete(m, c);
    keep_answers(c);
    cv_set_media(c);
    cv_note_transitions(m, c);
  }
  return dropped;
}
