/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "plugins/genesys_realtime/conversations/internal.h"

enum { NOT_KEPT = UINT8_MAX };

/* The merge of one snapshot into a conversation. */
struct merge {
  struct conversations *m;
  struct conversation *c;
  uint64_t known;           /* bits: participants before the merge */
  uint64_t matched;         /* bits: participants in the snapshot */
  unsigned guess;           /* the expected index of the next participant */
  unsigned customers, gone; /* numbers in the snapshot */
  bool all_ended;           /* all in the snapshot have ended */
  bool is_parked;           /* one in the snapshot is parked */
  bool is_new;              /* it has new facts */
  bool is_crowded;          /* see struct cv_merged */
  bool is_older;            /* it lacks known facts */
  uint8_t index[CV_PARTIES_MAX]; /* by party: its participant, or NOT_KEPT */
};

/* Searches from the expected index, because participants mostly keep their
 * order. */
static unsigned find_participant(const struct conversation *c, uint64_t id,
                                 unsigned guess) {
  for (unsigned i = guess; i < c->count; i++)
    if (c->participants[i].id == id)
      return i;
  for (unsigned i = 0; i < guess && i < c->count; i++)
    if (c->participants[i].id == id)
      return i;
  return NOT_KEPT;
}

static void merge_time(struct merge *g, int64_t *known, int64_t reported) {
  if (*known == 0 && reported != 0) {
    *known = reported;
    g->is_new = true;
  }
  g->is_older |= *known != 0 && reported == 0;
}

/* Merges after-call work. Work that is skipped after its begin has ended; work
 * that is skipped from the start did not happen. */
static void merge_acw(struct merge *g, struct participant *p,
                      const struct cv_party *party) {
  if (p->acw_start_ms == 0 && (party->acw_start_ms == 0 || party->acw_skipped))
    return;
  merge_time(g, &p->acw_start_ms, party->acw_start_ms);
  merge_time(g, &p->acw_end_ms, party->acw_end_ms);
}

static void merge_facts(struct merge *g, unsigned index,
                        const struct cv_party *party) {
  struct participant *p = &g->c->participants[index];
  g->m->gains[index].ends = p->end_ms == 0 && party->end_ms != 0;
  merge_time(g, &p->connected_ms, party->connected_ms);
  merge_time(g, &p->end_ms, party->end_ms);
  merge_acw(g, p, party);
  /* An agent's leg transfers only if it was connected. */
  if (party->transferred && !p->is_transferred &&
      (p->purpose == CV_ACD || p->connected_ms != 0)) {
    p->is_transferred = 1;
    g->is_new = true;
  }
  p->is_scheduled |= party->scheduled;
  /* An offer stays with the medium under which it was counted. */
  if (party->media != CV_UNKNOWN && p->media != party->media &&
      (p->media == CV_UNKNOWN || party->media < p->media) &&
      !(p->counted & (COUNTED_OFFER | COUNTED_TRANSFER))) {
    p->media = party->media & 0xf;
    g->is_new = true;
  }
}

/* ---- more participants than a conversation has room for ---- */

/* Returns false for an alert that ended unanswered, which has no outcome, and
 * for a participant that began or ended before since_ms. A participant that was
 * dropped is such a one, and returns with the next snapshot. */
static bool deserves_room(const struct conversation *c,
                          const struct cv_party *party) {
  if (party->end_ms == 0)
    return true;
  return party->connected_ms != 0 && party->connected_ms >= c->since_ms &&
         party->end_ms >= c->since_ms;
}

/* The order in which participants are dropped. WORTH_KEPT is not dropped. */
enum worth { WORTH_ALERT, WORTH_AGENT, WORTH_ACD, WORTH_KEPT };

static enum worth worth_of(const struct participant *p,
                           const struct gain *gain) {
  if (p->end_ms == 0)
    return WORTH_KEPT;
  if (p->purpose == CV_AGENT && p->connected_ms == 0)
    return WORTH_ALERT;
  if (gain->ends || cv_is_pending(p->counted) || cv_is_wrapping_up(p))
    return WORTH_KEPT;
  return p->purpose == CV_AGENT ? WORTH_AGENT : WORTH_ACD;
}

static unsigned find_least_worth(const struct conversation *c,
                                 const struct gain *gains) {
  unsigned found = NOT_KEPT;
  enum worth least = WORTH_KEPT;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    enum worth worth = worth_of(p, &gains[i]);
    if (worth < least ||
        (worth == least && worth < WORTH_KEPT &&
         p->connected_ms < c->participants[found].connected_ms)) {
      found = i;
      least = worth;
    }
  }
  return found;
}

/* Frees the place of a participant whose outcomes were counted. Raises
 * since_ms, so that no fact that began up to then is counted again. */
static void drop_participant(struct merge *g, unsigned index) {
  struct participant *p = &g->c->participants[index];
  if (p->connected_ms != 0 && p->connected_ms >= g->c->since_ms)
    g->c->since_ms = p->connected_ms + 1;
  g->known &= ~(UINT64_C(1) << index);
  g->matched &= ~(UINT64_C(1) << index);
  for (unsigned i = 0; i < GC_COUNT(g->index); i++)
    if (g->index[i] == index)
      g->index[i] = NOT_KEPT;
  cv_holds_forget(g->c, index);
  *p = (struct participant){0};
}

/* Returns the index of a zeroed participant; NOT_KEPT: there is no memory or no
 * room for it. */
static unsigned make_room(struct merge *g, const struct cv_party *party) {
  if (g->c->count < CV_PARTS_MAX)
    return cv_table_add_part(g->m, g->c) != NULL ? g->c->count - 1u : NOT_KEPT;
  cv_table_note_incomplete(g->m, g->c);
  unsigned index = deserves_room(g->c, party)
                       ? find_least_worth(g->c, g->m->gains)
                       : NOT_KEPT;
  if (index != NOT_KEPT)
    drop_participant(g, index);
  else
    g->is_crowded |= deserves_room(g->c, party);
  return index;
}

/* ---- the parties of a snapshot ---- */

static enum gc_code add_participant(struct merge *g,
                                    const struct cv_party *party,
                                    unsigned *ret_index) {
  uint32_t queue;
  enum gc_code code =
      cv_queue_intern(g->m, party->queue, party->queue_text, &queue);
  *ret_index = code == GC_OK ? make_room(g, party) : NOT_KEPT;
  if (code == GC_ERR_MEMORY)
    return code;
  if (*ret_index == NOT_KEPT) {
    cv_table_note_incomplete(g->m, g->c);
    return GC_OK;
  }
  struct participant *p = &g->c->participants[*ret_index];
  p->id = party->id;
  p->is_known = *ret_index < g->c->known;
  p->purpose = party->purpose;
  p->queue = queue;
  g->m->gains[*ret_index] = (struct gain){0};
  g->is_new = true;
  return GC_OK;
}

static bool is_kept(const struct cv_party *party) {
  return (party->purpose == CV_ACD || party->purpose == CV_AGENT) &&
         party->queue_text[0] != '\0';
}

static bool is_other(const struct cv_party *party) {
  return !is_kept(party) && party->purpose != CV_CUSTOMER &&
         party->purpose != CV_WATCHER;
}

/* Ignores a watcher, which is no leg of the contact. A participant that was an
 * agent before is not missing. */
static void merge_watcher(struct merge *g, const struct cv_party *party) {
  unsigned index = find_participant(g->c, party->id, g->guess);
  if (index != NOT_KEPT)
    g->matched |= UINT64_C(1) << index;
}

static enum gc_code merge_party(struct merge *g, const struct cv_party *party,
                                uint8_t *ret_index) {
  g->all_ended &= party->end_ms != 0;
  g->is_parked |= party->parked;
  *ret_index = NOT_KEPT;
  if (party->purpose == CV_CUSTOMER) {
    g->customers++;
    g->gone += party->end_ms != 0;
    return GC_OK;
  }
  if (party->purpose == CV_WATCHER) {
    merge_watcher(g, party);
    return GC_OK;
  }
  if (!is_kept(party)) {
    if (party->connected_ms > g->c->other_connected_ms) {
      g->c->other_connected_ms = party->connected_ms;
      g->is_new = true;
    }
    return GC_OK;
  }
  unsigned index = find_participant(g->c, party->id, g->guess);
  if (index == NOT_KEPT)
    GC_TRY(add_participant(g, party, &index));
  if (index == NOT_KEPT)
    return GC_OK;
  /* Of two parties with one id the first counts: if both were merged, a repeat
   * of the snapshot would have new facts. */
  if (g->matched >> index & 1)
    return GC_OK;
  g->matched |= UINT64_C(1) << index;
  g->guess = index + 1;
  *ret_index = (uint8_t)index;
  merge_facts(g, index, party);
  return GC_OK;
}

/* Merges the numbers of customers and of customers that left, which only grow.
 */
static void merge_customers(struct merge *g) {
  struct conversation *c = g->c;
  g->is_older |= g->customers < c->customers || g->gone < c->customers_gone;
  if (g->customers > c->customers) {
    c->customers = (uint8_t)g->customers;
    g->is_new = true;
  }
  if (g->gone > c->customers_gone) {
    c->customers_gone = (uint8_t)g->gone;
    g->is_new = true;
  }
  if (g->all_ended && !(c->flags & C_ALL_ENDED)) {
    c->flags |= C_ALL_ENDED;
    g->is_new = true;
  }
}

/* Notes, for each acd participant that ended, the first other participant that
 * began afterwards. */
static void merge_next_other(struct merge *g, const struct cv_party *other) {
  for (unsigned i = 0; i < g->c->count; i++) {
    struct participant *p = &g->c->participants[i];
    int64_t after_ms = other->connected_ms - p->end_ms;
    if (p->purpose != CV_ACD || p->end_ms == 0 || after_ms < 0 ||
        after_ms >= UINT32_MAX ||
        (p->next_other != 0 && after_ms + 1 >= p->next_other))
      continue;
    p->next_other = (uint32_t)after_ms + 1;
    g->is_new = true;
  }
}

/* Merges a hold. The end of a hold has no time. A hold is identified by its
 * begin and counted once. It is over with the first snapshot that lacks it and
 * is not older than the known facts. A hold that is reported late is already
 * over. */
static void merge_hold(struct merge *g, unsigned index,
                       const struct cv_party *party) {
  struct participant *p = &g->c->participants[index];
  struct gain *gain = &g->m->gains[index];
  if (p->purpose != CV_AGENT || p->connected_ms == 0)
    return;
  if (!party->held) {
    if (p->is_held && !g->is_older && p->end_ms == 0) {
      gain->released_ms = cv_latest_hold_ms(p);
      p->is_held = 0;
      g->is_new = true;
    }
    return;
  }
  int64_t after_ms = party->hold_ms - p->connected_ms;
  uint32_t hold = after_ms <= 0               ? 1
                  : after_ms < UINT32_MAX - 1 ? (uint32_t)after_ms + 1
                                              : UINT32_MAX;
  uint32_t latest = p->latest_hold;
  int64_t at = p->connected_ms + hold - 1;
  if (!cv_holds_add(g->m, g->c, index, hold))
    return;
  g->is_new = true;
  if (g->is_older || p->end_ms != 0 || hold < latest) {
    gain->past_hold_ms = at;
    return;
  }
  if (p->is_held)
    gain->released_ms = p->connected_ms + latest - 1;
  p->is_held = 1;
  gain->hold_ms = at;
}

static uint64_t first_bits(unsigned count) {
  return count < 64 ? (UINT64_C(1) << count) - 1 : UINT64_MAX;
}

enum gc_code cv_merge(struct conversations *m, struct conversation *c,
                      const struct cv_event *e, struct cv_merged *ret) {
  struct merge g = {.m = m, .c = c, .known = first_bits(c->count)};
  memset(g.index, NOT_KEPT, sizeof(g.index));
  g.all_ended = e->dropped == 0 && e->count > 0;
  if (e->dropped > 0)
    cv_table_note_incomplete(m, c);
  memset(m->gains, 0, c->count * sizeof(m->gains[0]));
  *ret = (struct cv_merged){.is_new = false};

  for (unsigned i = 0; i < e->count; i++)
    GC_TRY(merge_party(&g, &e->parties[i], &g.index[i]));
  g.is_older |= e->dropped == 0 && (g.known & ~g.matched) != 0;
  merge_customers(&g);
  if (!g.is_older)
    c->flags =
        (uint8_t)(g.is_parked ? c->flags | C_PARKED : c->flags & ~C_PARKED);
  for (unsigned i = 0; i < e->count; i++)
    if (is_other(&e->parties[i]))
      merge_next_other(&g, &e->parties[i]);
  for (unsigned i = 0; i < e->count; i++)
    if (g.index[i] != NOT_KEPT)
      merge_hold(&g, g.index[i], &e->parties[i]);
  *ret = (struct cv_merged){g.is_new, g.is_crowded};
  return GC_OK;
}
