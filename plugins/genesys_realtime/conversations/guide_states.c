/* SPDX-License-Identifier: MIT */
/* The guide dialect's model. An event names a conversation, its queue, its
 * state and perhaps a wrap-up code. There are no participants to merge and no
 * times to sort. The model keeps one state for each conversation and queue. The
 * state only advances, and the time of a change is the event's arrival. Offers,
 * outcomes and breaches follow from the stays as those of snapshots do from the
 * participants; a change of state is counted when its event comes. */
#include <string.h>

#include "common/base/assert.h"
#include "plugins/genesys_realtime/conversations/internal.h"

/* Returns the order of the states: waiting < alerting < active, held < wrapup <
 * ended. */
static int rank_of(enum cv_state state) {
  static const int ranks[CV_STATE_COUNT] = {
      [CV_STATE_WAITING] = 1, [CV_STATE_ALERTING] = 2, [CV_STATE_ACTIVE] = 3,
      [CV_STATE_HELD] = 3,    [CV_STATE_WRAPUP] = 4,   [CV_STATE_ENDED] = 5};
  return ranks[state];
}

/* ---- changes of state ---- */

/* Each change is in one series. */
static void count_change(struct conversations *m, const struct guide_stay *s,
                         enum cv_state to, const char *code) {
  struct pair *pair = cv_change_pair(m, s->queue, (enum cv_media)s->media, 1);
  if (pair == NULL)
    return;
  uint64_t *count = cv_wrapup_count(m, pair, code, (enum cv_state)s->state, to);
  ++*(count != NULL ? count : &pair->t.facts.changes[s->state][to]);
}

static void advance_stay(struct conversations *m, struct guide_stay *s,
                         enum cv_state to, bool elsewhere, const char *code,
                         int64_t at_ms) {
  bool is_open = s->answered_ms == 0 && !s->was_served;
  GC_ASSERT(to > CV_STATE_NONE && to < CV_STATE_COUNT && to != s->state &&
            s->state != CV_STATE_ENDED);
  count_change(m, s, to, code);
  s->state = (uint8_t)to;
  if (to == CV_STATE_ENDED)
    s->ended_ms = at_ms;
  if (is_open && (to == CV_STATE_ACTIVE || to == CV_STATE_HELD))
    s->answered_ms = at_ms;
  s->was_served |= is_open && to == CV_STATE_WRAPUP;
  s->went_on |= elsewhere;
}

/* Drops the oldest stay, which has ended: all stays but the newest have. */
static void drop_oldest_stay(struct conversations *m, struct conversation *c) {
  cv_table_note_incomplete(m, c);
  c->count--;
  memmove(&c->stays[0], &c->stays[1], c->count * sizeof(c->stays[0]));
}

/* Adds a stay. The first state of a conversation in a queue is no change; if it
 * waits, it is an offer. */
static enum gc_code enter_queue(struct conversations *m, struct conversation *c,
                                const struct guide_event *e, uint32_t queue,
                                int64_t at_ms) {
  struct guide_stay *s = cv_table_add_part(m, c);
  if (s == NULL)
    return GC_ERR_MEMORY;
  s->queue = queue;
  s->media = e->media;
  s->entered_ms = at_ms;
  s->state = e->state;
  if (e->state == CV_STATE_ENDED)
    s->ended_ms = at_ms;
  s->is_offer = e->state == CV_STATE_WAITING;
  (void)cv_queue_pair(m, queue, (enum cv_media)e->media);
  return GC_OK;
}

/* ---- events ---- */

static struct guide_stay *find_stay(const struct conversation *c,
                                    uint32_t queue) {
  for (unsigned i = c->count; i-- > 0;)
    if (c->stays[i].queue == queue)
      return &c->stays[i];
  return NULL;
}

/* Returns true if the conversation may enter the queue again, because late
 * events of its earlier stay are no longer expected. */
static bool may_return(const struct guide_stay *s, enum cv_state to,
                       int64_t at_ms) {
  return s->state == CV_STATE_ENDED && to != CV_STATE_ENDED &&
         at_ms - s->ended_ms >= CV_KEEP_MS;
}

/* Applies an event. An event of the newest queue advances the state there. An
 * event of a new queue, or of one to which the conversation may return, ends
 * the newest stay; the event's wrap-up code does not belong to that stay. A
 * late event of an earlier stay changes nothing. */
static enum gc_code apply_state(struct conversations *m, struct conversation *c,
                                const struct guide_event *e, uint32_t queue,
                                int64_t at_ms, bool *ret_is_new) {
  struct guide_stay *newest = c->count > 0 ? &c->stays[c->count - 1] : NULL;
  struct guide_stay *s = find_stay(c, queue);
  enum cv_state to = (enum cv_state)e->state;
  if (s != NULL && s != newest && may_return(s, to, at_ms))
    s = NULL;
  *ret_is_new = s == NULL;
  if (s == NULL) {
    if (newest != NULL && newest->state != CV_STATE_ENDED)
      advance_stay(m, newest, CV_STATE_ENDED, true, "", at_ms);
    return enter_queue(m, c, e, queue, at_ms);
  }
  enum cv_state from = (enum cv_state)s->state;
  if (s != newest || to == from || rank_of(to) < rank_of(from) ||
      from == CV_STATE_ENDED)
    return GC_OK;
  *ret_is_new = true;
  advance_stay(m, s, to, false, e->wrapup, at_ms);
  return GC_OK;
}

/* Finds the queue of an event. An event without a queue belongs to the
 * conversation's newest queue. */
static enum gc_code find_event_queue(struct conversations *m,
                                     const struct conversation *c,
                                     const struct guide_event *e,
                                     uint32_t *ret) {
  static const char none[] = QUEUE_UNASSIGNED;
  if (e->queue_text[0] != '\0')
    return cv_queue_intern(m, e->queue, e->queue_text, ret);
  if (c->count == 0)
    return cv_queue_intern(m, uuid_key_read(none, strlen(none)), none, ret);
  *ret = c->stays[c->count - 1].queue;
  return GC_OK;
}

enum gc_code conversations_apply_state(struct conversations *m,
                                       const struct guide_event *e,
                                       int64_t at_ms) {
  uint32_t number = cv_table_find(m, e->id), queue;
  bool is_new;
  if (m->dialect != &cv_guide_dialect)
    return GC_ERR_CONFIG;
  m->stats.events++;
  if (number == CV_NONE) {
    number = cv_table_add(m, e->id);
    if (number == CV_NONE)
      return GC_ERR_MEMORY;
  } else {
    cv_table_touch(m, number);
  }
  struct conversation *c = cv_at(m, number);
  GC_TRY(find_event_queue(m, c, e, &queue));
  if (c->count == CV_STAYS_MAX)
    drop_oldest_stay(m, c);
  struct guide_stay stays[CV_STAYS_MAX];
  struct conversation before = *c;
  before.stays = stays;
  for (unsigned i = 0; i < c->count; i++)
    stays[i] = c->stays[i];
  enum gc_code code = apply_state(m, c, e, queue, at_ms, &is_new);
  cv_note_counted(m, at_ms);
  m->stats.news += is_new;
  if (is_new)
    cv_count(m, &before, c);
  cv_table_sort(m, number);
  return code;
}

/* ---- for the parts that serve both dialects ---- */

/* Returns the highest state and the first known medium of the conversation's
 * stays in the queue. */
static struct cv_presence presence_of(const struct conversation *c,
                                      uint32_t queue) {
  struct cv_presence p = {queue, CV_STATE_NONE, CV_UNKNOWN};
  for (unsigned i = 0; i < c->count; i++) {
    const struct guide_stay *s = &c->stays[i];
    if (s->queue != queue)
      continue;
    if (s->state > p.state)
      p.state = (enum cv_state)s->state;
    if (p.media == CV_UNKNOWN)
      p.media = (enum cv_media)s->media;
  }
  return p;
}

static bool is_listed(const struct cv_presence *presences, unsigned count,
                      uint32_t queue) {
  for (unsigned i = 0; i < count; i++)
    if (presences[i].queue == queue)
      return true;
  return false;
}

static unsigned list_presences(const struct conversation *c,
                               struct cv_presence ret[CV_PARTS_MAX]) {
  unsigned count = 0;
  for (unsigned i = 0; i < c->count; i++)
    if (!is_listed(ret, count, c->stays[i].queue))
      ret[count++] = presence_of(c, c->stays[i].queue);
  return count;
}

/* A contact in wrap-up that was never active in an event was answered after an
 * unknown wait, so neither answer nor wait is counted. */
static enum cv_outcome outcome_of(const struct guide_stay *s) {
  if (s->answered_ms != 0)
    return CV_OUTCOME_ANSWER;
  if (s->ended_ms == 0 || s->was_served)
    return CV_OUTCOME_OPEN;
  return s->went_on ? CV_OUTCOME_TRANSFER : CV_OUTCOME_ABANDON;
}

static struct cv_outlook add_history(struct conversations *m,
                                     const struct conversation *c, int sign) {
  struct cv_outlook outlook = {.is_over = true};
  for (unsigned i = 0; i < c->count; i++) {
    const struct guide_stay *s = &c->stays[i];
    struct cv_wait wait = {s->queue, (enum cv_media)s->media, outcome_of(s),
                           s->entered_ms,
                           s->answered_ms != 0 ? s->answered_ms
                           : s->was_served     ? 0
                                               : s->ended_ms};
    outlook.is_over &= s->ended_ms != 0;
    if (!s->is_offer || cv_is_early(m, s->queue, s->entered_ms))
      continue;
    int64_t due_ms = cv_add_wait(m, c, &wait, sign);
    if (!s->was_served && due_ms != 0 &&
        (outlook.due_ms == 0 || due_ms < outlook.due_ms))
      outlook.due_ms = due_ms;
  }
  return outlook;
}

const struct cv_dialect cv_guide_dialect = {
    .part_size = sizeof(struct guide_stay),
    .list_presences = list_presences,
    .add_history = add_history,
};
