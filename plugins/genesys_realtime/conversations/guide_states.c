/* SPDX-License-Identifier: MIT */
/* The guide dialect's way into the set. An event tells where a conversation
 * stands and nothing else, so there are no participants to merge and no history
 * to walk: one person for each queue holds the state, steps lead upwards only,
 * and time is when the event came. Offers, answers and breaches are counted by
 * the same rules, since that person is an acd participant to them. */
#include <string.h>

#include "plugins/genesys_realtime/conversations/internal.h"

/* waiting < alerting < active, held < wrapup < ended. */
static int rank_of(enum cv_state state) {
  static const int ranks[CV_STATE_COUNT] = {
      [CV_STATE_WAITING] = 1, [CV_STATE_ALERTING] = 2, [CV_STATE_ACTIVE] = 3,
      [CV_STATE_HELD] = 3,    [CV_STATE_WRAPUP] = 4,   [CV_STATE_ENDED] = 5};
  return ranks[state];
}

static void change(struct conversations *m, struct person *p, enum cv_state to,
                   const char *code) {
  struct pair *pair = cv_pair(m, p->queue, (enum cv_media)p->media);
  if (pair != NULL)
    pair->t.changes[p->hold][to]++;
  cv_wrapup(m, pair, code, (enum cv_state)p->hold, to);
  p->hold = to;
}

/* Who went to wrap-up without having been seen active was answered, but nobody
 * knows after what wait: it is in no total. */
static void move(struct conversations *m, struct person *p, enum cv_state to,
                 bool elsewhere, const char *code, int64_t at_ms) {
  change(m, p, to, code);
  bool is_answered = to == CV_STATE_ACTIVE || to == CV_STATE_HELD;
  if (to == CV_STATE_ENDED)
    p->end_ms = at_ms;
  if (!cv_is_pending(p))
    return;
  if (is_answered)
    cv_answered(m, p, at_ms);
  else if (to == CV_STATE_ENDED)
    cv_left(m, p, elsewhere, at_ms);
  else if (to == CV_STATE_WRAPUP)
    p->flags |= P_ANSWERED;
}

static struct person *person_of(const struct conversation *c, uint32_t queue) {
  for (unsigned i = c->count; i-- > 0;)
    if (c->persons[i].queue == queue)
      return &c->persons[i];
  return NULL;
}

/* How it stands when it is first seen is no change; one that waits is an
 * offer. */
static enum gc_code enter(struct conversations *m, struct conversation *c,
                          const struct cv_standing *e, uint32_t queue,
                          int64_t at_ms) {
  struct person *p = cv_set_person(m, c);
  if (p == NULL)
    return c->count == CV_PERSONS_MAX ? GC_OK : GC_ERR_MEMORY;
  p->id = queue + UINT64_C(1);
  p->queue = queue;
  p->purpose = CV_ACD;
  p->media = e->media;
  p->connected_ms = at_ms;
  p->flags = P_SEEN | P_STANDING;
  p->hold = e->state;
  if (e->state == CV_STATE_ENDED)
    p->end_ms = at_ms;
  struct pair *pair = cv_pair(m, queue, (enum cv_media)e->media);
  if (e->state == CV_STATE_WAITING) {
    p->flags |= P_OURS | P_COUNTED;
    if (pair != NULL)
      pair->t.offers++;
  }
  return GC_OK;
}

/* One that it left so long ago may have it again: what was late has come. */
static bool may_be_back(const struct person *p, enum cv_state to,
                        int64_t at_ms) {
  return p->hold == CV_STATE_ENDED && to != CV_STATE_ENDED &&
         at_ms - p->end_ms >= CV_KEEP_MS;
}

/* The conversation in its newest queue; in another one it has left that, and
 * what the event says of a wrap-up is not about it. */
static enum gc_code stand(struct conversations *m, struct conversation *c,
                          const struct cv_standing *e, uint32_t queue,
                          int64_t at_ms, bool *ret_news) {
  struct person *newest = c->count > 0 ? &c->persons[c->count - 1] : NULL;
  struct person *p = person_of(c, queue);
  enum cv_state to = (enum cv_state)e->state;
  if (p != NULL && p != newest && may_be_back(p, to, at_ms))
    p = NULL;
  *ret_news = p == NULL;
  if (p == NULL) {
    if (newest != NULL && newest->hold != CV_STATE_ENDED)
      move(m, newest, CV_STATE_ENDED, true, "", at_ms);
    return enter(m, c, e, queue, at_ms);
  }
  enum cv_state from = (enum cv_state)p->hold;
  if (p != newest || to == from || rank_of(to) < rank_of(from) ||
      from == CV_STATE_ENDED)
    return GC_OK;
  *ret_news = true;
  move(m, p, to, false, e->wrapup, at_ms);
  return GC_OK;
}

static enum gc_code queue_of(struct conversations *m,
                             const struct conversation *c,
                             const struct cv_standing *e, uint32_t *ret) {
  static const char none[] = CV_NO_QUEUE;
  if (e->queue_text[0] != '\0')
    return cv_queue(m, e->queue, e->queue_text, ret);
  if (c->count == 0)
    return cv_queue(m, uuid_key_read(none, strlen(none)), none, ret);
  *ret = c->persons[c->count - 1].queue;
  return GC_OK;
}

enum gc_code conversations_stand(struct conversations *m,
                                 const struct cv_standing *e, int64_t at_ms) {
  uint32_t number = cv_set_find(m, e->id), queue;
  bool news;
  m->stats.events++;
  if (number == CV_NOBODY) {
    number = cv_set_add(m, e->id);
    if (number == CV_NOBODY)
      return GC_ERR_MEMORY;
  } else {
    cv_set_heard(m, number);
  }
  struct conversation *c = cv_at(m, number);
  GC_TRY(queue_of(m, c, e, &queue));
  GC_TRY(stand(m, c, e, queue, at_ms, &news));
  m->stats.news += news;
  if (news)
    cv_settle(m, c);
  return GC_OK;
}
