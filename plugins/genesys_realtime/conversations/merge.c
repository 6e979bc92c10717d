/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "plugins/genesys_realtime/conversations/internal.h"

enum { STRANGER = UINT8_MAX };

/* One snapshot on its way into a conversation. */
struct merge {
  struct conversations *m;
  struct conversation *c;
  uint64_t known;              /* persons before it came, by bits */
  uint64_t matched;            /* persons in it */
  unsigned guess;              /* where the next one would be */
  unsigned customers, gone;    /* in it */
  bool over;                   /* everybody in it has ended */
  bool news;                   /* it tells something new */
  bool lacks;                  /* it is older: it lacks what we know */
  uint8_t who[CV_PARTIES_MAX]; /* each party's person, or STRANGER */
};

/* Participants mostly keep their places: search from where it would be. */
static unsigned find_person(const struct conversation *c, uint64_t id,
                            unsigned guess) {
  for (unsigned i = guess; i < c->count; i++)
    if (c->persons[i].id == id)
      return i;
  for (unsigned i = 0; i < guess && i < c->count; i++)
    if (c->persons[i].id == id)
      return i;
  return STRANGER;
}

static void gain_time(struct merge *g, int64_t *known, int64_t reported) {
  if (*known == 0 && reported != 0) {
    *known = reported;
    g->news = true;
  }
  g->lacks |= *known != 0 && reported == 0;
}

static void gain_facts(struct merge *g, unsigned who,
                       const struct cv_party *party) {
  struct person *p = &g->c->persons[who];
  struct gain *gain = &g->m->gains[who];
  gain_time(g, &p->connected_ms, party->connected_ms);
  gain_time(g, &p->end_ms, party->end_ms);
  g->lacks |= ((p->flags & P_ACW) && party->acw_start_ms == 0) ||
              ((p->flags & P_ACW_OVER) && party->acw_end_ms == 0);
  if (!(p->flags & P_ACW) && party->acw_start_ms != 0)
    gain->acw_ms = party->acw_start_ms;
  if (!(p->flags & P_ACW_OVER) && party->acw_end_ms != 0)
    gain->acw_end_ms = party->acw_end_ms;
  g->news |= gain->acw_ms != 0 || gain->acw_end_ms != 0;
  if (party->transferred && !(p->flags & P_TRANSFERRED)) {
    p->flags |= P_TRANSFERRED;
    g->news = true;
  }
  /* An offer stays with the medium under which it was counted. */
  if (party->media != CV_UNKNOWN && p->media != party->media &&
      (p->media == CV_UNKNOWN || party->media < p->media) &&
      !(p->flags & P_COUNTED)) {
    p->media = party->media;
    g->news = true;
  }
}

static enum gc_code add_person(struct merge *g, const struct cv_party *party,
                               unsigned *ret_who) {
  uint32_t queue;
  enum gc_code code = cv_queue(g->m, party->queue, party->queue_text, &queue);
  struct person *p = code == GC_OK ? cv_set_person(g->m, g->c) : NULL;
  *ret_who = STRANGER;
  if (code == GC_ERR_MEMORY)
    return code;
  if (p == NULL) {
    g->m->stats.dropped++;
    return GC_OK;
  }
  p->id = party->id;
  p->purpose = party->purpose;
  p->queue = queue;
  *ret_who = g->c->count - 1u;
  g->m->gains[*ret_who] = (struct gain){0};
  g->news = true;
  return GC_OK;
}

static bool is_person(const struct cv_party *party) {
  return (party->purpose == CV_ACD || party->purpose == CV_AGENT) &&
         party->queue_text[0] != '\0';
}

static enum gc_code merge_party(struct merge *g, const struct cv_party *party,
                                uint8_t *ret_who) {
  g->over &= party->end_ms != 0;
  *ret_who = STRANGER;
  if (party->purpose == CV_CUSTOMER) {
    g->customers++;
    g->gone += party->end_ms != 0;
    return GC_OK;
  }
  if (!is_person(party)) {
    if (party->connected_ms > g->c->other_ms) {
      g->c->other_ms = party->connected_ms;
      g->news = true;
    }
    return GC_OK;
  }
  unsigned who = find_person(g->c, party->id, g->guess);
  if (who == STRANGER)
    GC_TRY(add_person(g, party, &who));
  if (who == STRANGER)
    return GC_OK;
  /* Given twice in one snapshot, the first one counts: were both taken in, a
   * repeat of the snapshot would tell something new. */
  if (g->matched >> who & 1) {
    g->m->stats.dropped++;
    return GC_OK;
  }
  g->matched |= UINT64_C(1) << who;
  g->guess = who + 1;
  *ret_who = (uint8_t)who;
  gain_facts(g, who, party);
  return GC_OK;
}

/* A number of customers only grows, as does that of those who left. */
static void gain_customers(struct merge *g) {
  struct conversation *c = g->c;
  g->lacks |= g->customers < c->customers || g->gone < c->customers_gone;
  if (g->customers > c->customers) {
    c->customers = (uint8_t)g->customers;
    g->news = true;
  }
  if (g->gone > c->customers_gone) {
    c->customers_gone = (uint8_t)g->gone;
    g->news = true;
  }
  if (g->over && !(c->flags & C_OVER)) {
    c->flags |= C_OVER;
    g->news = true;
  }
}

/* Which of 32 bits stands for a hold that began then. */
static uint32_t bit_of(uint32_t hold) {
  return UINT32_C(1) << (hold * UINT32_C(0x9e3779b1) >> 27);
}

/* Ends of holds have no time. A hold is known by its beginning and counted
 * once; that it is over says the first snapshot without it that is not older
 * than what we know. A hold that we hear of too late came and went. */
static void merge_hold(struct merge *g, unsigned who,
                       const struct cv_party *party) {
  struct person *p = &g->c->persons[who];
  struct gain *gain = &g->m->gains[who];
  if (p->purpose != CV_AGENT || p->connected_ms == 0)
    return;
  if (!party->held) {
    gain->release = (p->flags & P_HELD) && !g->lacks && p->end_ms == 0;
    g->news |= gain->release;
    return;
  }
  int64_t after = party->hold_ms - p->connected_ms;
  uint32_t hold = after <= 0               ? 1
                  : after < UINT32_MAX - 1 ? (uint32_t)after + 1
                                           : UINT32_MAX;
  if (p->holds & bit_of(hold))
    return;
  int64_t at = p->connected_ms + hold - 1;
  p->holds |= bit_of(hold);
  g->news = true;
  if (g->lacks || p->end_ms != 0 || hold < p->hold) {
    gain->past_hold_ms = at;
    return;
  }
  p->hold = hold;
  gain->hold_ms = at;
  gain->release = p->flags & P_HELD;
}

static uint64_t first_bits(unsigned count) {
  return count < 64 ? (UINT64_C(1) << count) - 1 : UINT64_MAX;
}

enum gc_code cv_merge(struct conversations *m, struct conversation *c,
                      const struct cv_event *e, bool *ret_news) {
  struct merge g = {.m = m, .c = c, .known = first_bits(c->count)};
  g.over = e->dropped == 0 && e->count > 0;
  memset(m->gains, 0, c->count * sizeof(m->gains[0]));
  m->stats.dropped += e->dropped;
  *ret_news = false;

  for (unsigned i = 0; i < e->count; i++)
    GC_TRY(merge_party(&g, &e->parties[i], &g.who[i]));
  g.lacks |= (g.known & ~g.matched) != 0;
  gain_customers(&g);
  for (unsigned i = 0; i < e->count; i++)
    if (g.who[i] != STRANGER)
      merge_hold(&g, g.who[i], &e->parties[i]);
  *ret_news = g.news;
  return GC_OK;
}
