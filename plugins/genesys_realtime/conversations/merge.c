/* SPDX-License-Identifier: MIT */
#include <stddef.h>
#include <string.h>

#include "plugins/genesys_realtime/conversations/internal.h"

enum { NOT_KEPT = UINT8_MAX };

/* The merge of one snapshot into a conversation. */
struct merge {
  struct conversations *m;
  struct conversation *c;
  unsigned known;           /* participants before the merge */
  unsigned known_matched;   /* of these, in the snapshot */
  unsigned guess;           /* the expected index of the next participant */
  unsigned customers, gone; /* numbers in the snapshot */
  unsigned others;          /* connected ones in the snapshot */
  bool all_ended;           /* all participants of the snapshot have ended */
  bool is_parked;           /* a participant of the snapshot is parked */
  bool is_new;              /* the snapshot has new facts */
  unsigned without_room;    /* see struct cv_merged */
  bool is_older;            /* the snapshot lacks known facts */
  uint8_t index[CV_PARTIES_MAX]; /* by party: its participant, or NOT_KEPT */
  bool matched[CV_PARTS_MAX];    /* participants in the snapshot */
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

/* Merges the end of a participant. Its own time is final. Without it, the
 * participant has ended when all its communications have, and it goes on when
 * it gets another one: the snapshot with most communications decides. */
static void merge_end(struct merge *g, struct participant *p,
                      const struct cv_party *party) {
  int64_t before_ms = p->end_ms;
  g->is_older |= party->legs < p->legs;
  if (party->legs > p->legs) {
    p->legs = party->legs;
    p->end_ms = p->is_end_own ? p->end_ms : 0;
  }
  if (party->end_is_own && !p->is_end_own) {
    p->is_end_own = 1;
    p->end_ms = party->end_ms;
  } else if (p->end_ms == 0 && party->legs == p->legs) {
    p->end_ms = party->end_ms;
  }
  g->is_older |= p->end_ms != 0 && party->end_ms == 0;
  g->is_new |= p->end_ms != before_ms;
}

/* Merges after-call work. Work that is skipped did not happen, also if it was
 * announced before. While the agent's leg is open, only a part of its
 * communications may be over: the others may still have work. */
static void merge_acw(struct merge *g, struct participant *p,
                      const struct cv_party *party) {
  if (party->acw_skipped && party->end_ms != 0 && !p->is_acw_skipped) {
    p->is_acw_skipped = 1;
    g->is_new |= p->acw_start_ms != 0;
    p->acw_start_ms = p->acw_end_ms = 0;
  }
  if (p->is_acw_skipped || party->acw_skipped ||
      (p->acw_start_ms == 0 && party->acw_start_ms == 0))
    return;
  merge_time(g, &p->acw_start_ms, party->acw_start_ms);
  merge_time(g, &p->acw_end_ms, party->acw_end_ms);
}

static void merge_facts(struct merge *g, unsigned index,
                        const struct cv_party *party) {
  struct participant *p = &g->c->participants[index];
  merge_time(g, &p->connected_ms, party->connected_ms);
  merge_end(g, p, party);
  if (party->made_ms != 0 && (p->made_ms == 0 || party->made_ms < p->made_ms)) {
    p->made_ms = party->made_ms;
    g->is_new = true;
  }
  if (p->purpose == CV_AGENT)
    merge_acw(g, p, party);
  /* An agent's leg transfers only if it was connected. */
  if (party->transferred && !p->is_transferred &&
      (p->purpose == CV_ACD || p->connected_ms != 0)) {
    p->is_transferred = 1;
    g->is_new = true;
  }
  p->is_scheduled |= party->scheduled;
  if (party->media != CV_UNKNOWN && p->media != party->media &&
      (p->media == CV_UNKNOWN || party->media < p->media)) {
    p->media = party->media & 0xf;
    g->is_new = true;
  }
}

/* ---- the parties of a snapshot ---- */

static enum gc_code add_participant(struct merge *g,
                                    const struct cv_party *party,
                                    unsigned *ret_index) {
  uint32_t queue;
  enum gc_code code =
      cv_queue_intern(g->m, party->queue, party->queue_text, &queue);
  bool is_full = g->c->count == CV_PARTS_MAX;
  *ret_index = NOT_KEPT;
  if (code == GC_ERR_MEMORY)
    return code;
  g->without_room += code == GC_OK && is_full;
  if (code != GC_OK || is_full || cv_table_add_part(g->m, g->c) == NULL) {
    cv_table_note_incomplete(g->m, g->c);
    return GC_OK;
  }
  *ret_index = g->c->count - 1u;
  g->matched[*ret_index] = false;
  struct participant *p = &g->c->participants[*ret_index];
  p->id = party->id;
  p->purpose = party->purpose;
  p->queue = queue;
  g->is_new = true;
  return GC_OK;
}

static bool is_other(const struct conversation *c,
                     const struct cv_party *party) {
  return party->purpose != CV_CUSTOMER && party->purpose != CV_WATCHER &&
         (!cv_is_kept(party) || cv_is_dropped(c, party->id));
}

static void note_match(struct merge *g, unsigned index) {
  g->known_matched += index < g->known && !g->matched[index];
  g->matched[index] = true;
}

/* Ignores a watcher, which is no leg of the contact. A participant that was an
 * agent before is not missing. */
static void merge_watcher(struct merge *g, const struct cv_party *party) {
  unsigned index = find_participant(g->c, party->id, g->guess);
  if (index != NOT_KEPT)
    note_match(g, index);
}

/* Merges a leg that the model does not keep. */
static void merge_other(struct merge *g, const struct cv_party *party) {
  g->others += party->connected_ms != 0;
  if (g->others > g->c->others && g->others <= UINT8_MAX)
    g->c->others = (uint8_t)g->others;
  if (party->connected_ms <= g->c->other_connected_ms)
    return;
  g->c->other_connected_ms = party->connected_ms;
  g->is_new = true;
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
  if (!cv_is_kept(party) || cv_is_dropped(g->c, party->id)) {
    merge_other(g, party);
    return GC_OK;
  }
  unsigned index = find_participant(g->c, party->id, g->guess);
  if (index == NOT_KEPT)
    GC_TRY(add_participant(g, party, &index));
  if (index == NOT_KEPT)
    return GC_OK;
  /* Of two parties with one id the first counts: if both were merged, a repeat
   * of the snapshot would have new facts. */
  if (g->matched[index])
    return GC_OK;
  note_match(g, index);
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

static bool is_keeping_customer(const struct cv_party *p,
                                const struct participant *acd) {
  return p->purpose == CV_CUSTOMER && p->connected_ms != 0 &&
         p->connected_ms < acd->end_ms &&
         (p->end_ms == 0 || p->end_ms >= acd->connected_ms);
}

/* A customer whose start is not known may keep the contact while it is there.
 */
static bool is_keeping_leg(const struct cv_party *p,
                           const struct participant *acd) {
  return p->purpose != CV_WATCHER && p->connected_ms < acd->end_ms &&
         (p->connected_ms != 0 ? p->purpose != CV_CUSTOMER
                               : p->purpose == CV_CUSTOMER && p->end_ms == 0);
}

/* Returns the time when the last of the parties that kept the contact left;
 * 0: no party kept it; INT64_MAX: one is still there. */
static int64_t find_last_ms(const struct cv_event *e,
                            const struct participant *acd,
                            bool (*is_keeping)(const struct cv_party *,
                                               const struct participant *)) {
  int64_t last_ms = 0;
  for (unsigned i = 0; i < e->count; i++) {
    const struct cv_party *p = &e->parties[i];
    int64_t end_ms = p->end_ms != 0 ? p->end_ms : INT64_MAX;
    if (is_keeping(p, acd) && end_ms > last_ms)
      last_ms = end_ms;
  }
  return last_ms;
}

/* Returns the time until which the contact could go on; 0: not known. Its
 * customers keep it. The legs keep a contact without customers, such as a
 * callback: its next leg begins a moment after the last one. */
static int64_t find_gone_ms(const struct cv_event *e,
                            const struct participant *acd,
                            bool *ret_is_by_legs) {
  int64_t gone_ms = find_last_ms(e, acd, is_keeping_customer);
  *ret_is_by_legs = gone_ms == 0;
  if (gone_ms == 0)
    gone_ms = find_last_ms(e, acd, is_keeping_leg);
  return gone_ms != INT64_MAX ? gone_ms : 0;
}

/* The latest time counts. */
static bool merge_gone_ms(const struct cv_event *e, struct participant *acd) {
  bool is_by_legs;
  int64_t gone_ms = find_gone_ms(e, acd, &is_by_legs);
  int64_t after_ms = gone_ms - acd->connected_ms;
  int64_t moment_ms = is_by_legs ? CV_SLACK_MS : 0;
  if (gone_ms == 0 || after_ms >= UINT32_MAX ||
      (acd->gone != 0 && gone_ms + moment_ms <= cv_gone_ms(acd)))
    return false;
  acd->gone = (uint32_t)after_ms + 1;
  acd->is_left_by_legs = is_by_legs;
  return true;
}

/* Notes, for each acd participant of the snapshot that ended, the time when its
 * customers had left, and whether all participants had ended. */
static void merge_gone(struct merge *g, const struct cv_event *e) {
  for (unsigned i = 0; i < g->c->count; i++) {
    struct participant *p = &g->c->participants[i];
    if (p->purpose != CV_ACD || p->end_ms == 0 || !g->matched[i])
      continue;
    if (g->all_ended && !p->is_last) {
      p->is_last = 1;
      g->is_new = true;
    }
    g->is_new |= p->connected_ms != 0 && merge_gone_ms(e, p);
  }
}

/* Merges a hold. The end of a hold has no time. A hold is identified by its
 * start and counted once. It ends with the first snapshot that lacks it and
 * is not older than the known facts. A hold that is reported late has already
 * ended. */
static void merge_hold(struct merge *g, unsigned index,
                       const struct cv_party *party) {
  struct participant *p = &g->c->participants[index];
  if (p->purpose != CV_AGENT || p->connected_ms == 0)
    return;
  if (!party->held) {
    if (p->is_held && !g->is_older && p->end_ms == 0) {
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
  if (!cv_holds_add(g->m, g->c, index, hold))
    return;
  g->is_new = true;
  if (hold >= latest)
    p->is_held = !g->is_older && p->end_ms == 0;
}

unsigned cv_count_new(const struct conversation *c, const struct cv_event *e) {
  unsigned count = 0;
  for (unsigned i = 0; i < e->count; i++) {
    const struct cv_party *p = &e->parties[i];
    count += cv_is_kept(p) && !cv_is_dropped(c, p->id) &&
             find_participant(c, p->id, i) == NOT_KEPT;
  }
  return count;
}

enum gc_code cv_merge(struct conversations *m, struct conversation *c,
                      const struct cv_event *e, struct cv_merged *ret) {
  struct merge g;
  memset(&g, 0, offsetof(struct merge, index));
  memset(g.index, NOT_KEPT, e->count);
  memset(g.matched, 0, c->count);
  g.m = m;
  g.c = c;
  g.known = c->count;
  g.all_ended = e->dropped == 0 && e->count > 0;
  if (e->dropped > 0)
    cv_table_note_incomplete(m, c);
  *ret = (struct cv_merged){.is_new = false};

  for (unsigned i = 0; i < e->count; i++)
    GC_TRY(merge_party(&g, &e->parties[i], &g.index[i]));
  g.is_older |= e->dropped == 0 && g.known_matched < g.known;
  merge_customers(&g);
  merge_gone(&g, e);
  if (!g.is_older)
    c->is_parked = g.is_parked;
  for (unsigned i = 0; i < e->count; i++)
    if (is_other(c, &e->parties[i]))
      merge_next_other(&g, &e->parties[i]);
  for (unsigned i = 0; i < e->count; i++)
    if (g.index[i] != NOT_KEPT)
      merge_hold(&g, g.index[i], &e->parties[i]);
  c->is_partial = g.without_room > 0;
  *ret = (struct cv_merged){g.is_new, g.without_room};
  return GC_OK;
}
