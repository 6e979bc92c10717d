/* SPDX-License-Identifier: MIT */
/* A conversation that was removed and returns has been counted up to a time.
 * What it counts now is its history minus the history of the facts that were
 * known: the first `known` of its participants, with the times up to known_ms.
 * A participant that is new counts with all of its times.
 *
 * A fact of a known participant that is first reported after the removal,
 * although it is older than others that were known, or than the end of an
 * abandoned contact, is late: it looks as if it had been counted. The counters
 * keep the outcome that the earlier facts showed, and the conversation is
 * counted in `late` instead. A snapshot has all facts before its time. If it
 * has more facts before the late time (cv_late_ms) than were known, it has a
 * late one; a repeat has no more of them. Holds are not among these facts,
 * because later snapshots no longer have them. */
#include "plugins/genesys_realtime/conversations/removed.h"

#include <stdlib.h>

#include "common/base/alloc.h"
#include "common/base/assert.h"
#include "plugins/genesys_realtime/conversations/internal.h"

enum { FIRST_ENTRIES = 64 };

/* ---- the set ---- */

static struct uuid_key id_of(const void *set, uint32_t number) {
  return ((const struct cv_removed_set *)set)->entries[number].id;
}

void cv_removed_init(struct cv_removed_set *set, uint32_t max) {
  *set =
      (struct cv_removed_set){.max = max < FIRST_ENTRIES ? FIRST_ENTRIES : max,
                              .ids = {.id_of = id_of, .owner = set}};
}

const struct cv_removed *cv_removed_find(const struct cv_removed_set *set,
                                         struct uuid_key id) {
  uint32_t found = uuid_index_find(&set->ids, id);
  return found != CV_NONE ? &set->entries[found] : NULL;
}

static void forget_oldest(struct cv_removed_set *set, int64_t now_ms) {
  int64_t after_ms = set->entries[set->first].start_ms + 1;
  if (after_ms > now_ms)
    after_ms = now_ms;
  if (after_ms > set->forgotten_ms)
    set->forgotten_ms = after_ms;
  uuid_index_drop(&set->ids, set->first);
  set->first = (set->first + 1) % set->cap;
  set->count--;
}

static bool grow_entries(struct cv_removed_set *set) {
  uint32_t cap = set->cap == 0 ? FIRST_ENTRIES : set->cap * 2;
  if (cap > set->max)
    cap = set->max;
  struct cv_removed *entries = realloc(set->entries, cap * sizeof(*entries));
  if (entries == NULL)
    return false;
  set->entries = entries;
  set->cap = cap;
  return true;
}

/* Makes room for an entry. Without memory there will be no more entries. */
static bool make_room(struct cv_removed_set *set, int64_t now_ms) {
  bool has_room = set->count < set->max && uuid_index_reserve(&set->ids) &&
                  (set->count < set->cap || grow_entries(set));
  if (!has_room && set->count > 0) {
    set->max = set->count;
    forget_oldest(set, now_ms);
  }
  return set->count < set->cap;
}

static int64_t later_of(int64_t a, int64_t b) { return a > b ? a : b; }

/* An old snapshot may have brought the conversation back with fewer facts than
 * it had before. */
static void add_known(struct cv_removed *known, const struct cv_removed *now) {
  struct cv_removed before = *known;
  *known = *now;
  known->start_ms = later_of(before.start_ms, now->start_ms);
  known->fact_ms = later_of(before.fact_ms, now->fact_ms);
  known->left_ms = later_of(before.left_ms, now->left_ms);
  known->since_ms = later_of(before.since_ms, now->since_ms);
  known->seen_ms = later_of(before.seen_ms, now->seen_ms);
  if (before.facts > now->facts)
    known->facts = before.facts;
  if (before.count > now->count)
    known->count = before.count;
  int64_t paused_ms = now->fact_ms - now->paused_ago;
  if (now->paused == 0) {
    known->paused = before.paused;
    known->paused_legs = before.paused_legs;
    paused_ms = before.fact_ms - before.paused_ago;
  }
  known->paused_ago = (uint32_t)(known->fact_ms - paused_ms);
}

void cv_removed_put(struct cv_removed_set *set, const struct cv_removed *entry,
                    int64_t now_ms) {
  uint32_t found = uuid_index_find(&set->ids, entry->id);
  if (found != CV_NONE)
    add_known(&set->entries[found], entry);
  if (found != CV_NONE || !make_room(set, now_ms))
    return;
  uint32_t number = (set->first + set->count++) % set->cap;
  set->entries[number] = *entry;
  uuid_index_put(&set->ids, number);
}

size_t cv_removed_bytes(const struct cv_removed_set *set) {
  return set->cap * sizeof(struct cv_removed) +
         set->ids.slot_count * sizeof(uint32_t);
}

void cv_removed_clear(struct cv_removed_set *set) {
  free(set->entries);
  uuid_index_clear(&set->ids);
}

/* ---- the facts that were known ---- */

static void cut_time(int64_t *at_ms, int64_t until_ms) {
  if (*at_ms > until_ms)
    *at_ms = 0;
}

/* An agent who rang had the medium of the contact, which a call to the customer
 * changes later. */
static void cut_agent(const struct conversation *c, struct participant *p,
                      const struct participant *now) {
  const struct participant *acd =
      p->connected_ms > c->known_ms ? cv_find_served(c, now) : NULL;
  if (acd != NULL)
    p->media = acd->media;
  cut_time(&p->acw_start_ms, c->known_ms);
  cut_time(&p->acw_end_ms, c->known_ms);
  if (p->end_ms == 0)
    p->is_transferred = 0;
}

/* A callback was known before its time. */
static void cut_acd(struct conversation *c, struct participant *p) {
  cut_time(&p->dropped_ms, c->known_ms);
  p->is_scheduled |= p->connected_ms > c->known_ms;
  if (p->end_ms == 0)
    p->is_last = p->is_transferred = 0;
  if (p->end_ms == 0 || p->end_ms + p->next_other - 1 > c->known_ms)
    p->next_other = 0;
  if (p->gone == 0 || p->connected_ms + p->gone - 1 <= c->left_ms)
    return;
  p->gone = p->is_last = 0;
  c->customers_gone = 0; /* one of them was still there */
}

struct conversation cv_cut(const struct conversation *c,
                           struct participant participants[CV_PARTS_MAX]) {
  GC_ASSERT(c->known > 0 && c->left_ms >= c->known_ms);
  struct conversation known = *c;
  known.count = c->known < c->count ? c->known : c->count;
  known.participants = participants;
  known.is_partial = false;
  known.seen_ms = c->known_seen_ms;
  cut_time(&known.other_connected_ms, c->known_ms);
  for (unsigned i = 0; i < known.count; i++) {
    struct participant *p = &participants[i];
    *p = c->participants[i];
    cut_time(&p->end_ms, c->known_ms);
    if (p->end_ms == 0 && i + 1 == c->paused)
      p->end_ms = c->known_ms - c->paused_ago;
    if (p->purpose == CV_ACD)
      cut_acd(&known, p);
    else
      cut_agent(c, p, &c->participants[i]);
    cut_time(&p->connected_ms, c->known_ms);
  }
  return known;
}

/* ---- numbers of facts ---- */

static unsigned is_before(int64_t at_ms, int64_t until_ms) {
  return at_ms != 0 && at_ms < until_ms;
}

/* A stay may begin in the millisecond in which the leg before it ends. A
 * callback begins when it is made. */
static unsigned has_begun(unsigned purpose, int64_t connected_ms,
                          int64_t made_ms, int64_t until_ms) {
  int64_t begin_ms = made_ms != 0 ? made_ms : connected_ms;
  return is_before(begin_ms, purpose == CV_ACD ? until_ms - 1 : until_ms);
}

/* Returns the number of facts of after-call work. Skipped work is 3, more than
 * the 2 of work that has begun and ended. */
static unsigned count_acw(bool is_skipped, int64_t start_ms, int64_t end_ms,
                          int64_t until_ms) {
  return is_skipped
             ? 3
             : is_before(start_ms, until_ms) + is_before(end_ms, until_ms);
}

static unsigned count_of_party(const struct cv_party *p, int64_t until_ms) {
  bool has_ended = is_before(p->end_ms, until_ms);
  bool can_transfer = p->purpose == CV_ACD || p->connected_ms != 0;
  return has_begun(p->purpose, p->connected_ms, p->made_ms, until_ms) +
         has_ended + (has_ended && p->transferred && can_transfer) +
         (p->purpose == CV_AGENT
              ? count_acw(p->acw_skipped && has_ended, p->acw_start_ms,
                          p->acw_end_ms, until_ms)
              : 0);
}

/* Counts the facts before `until_ms` of the first `known` participants and of
 * the legs that the model does not keep. */
static unsigned count_reported(const struct cv_event *e, unsigned known,
                               int64_t until_ms) {
  unsigned count = 0, kept = 0;
  for (unsigned i = 0; i < e->count; i++) {
    const struct cv_party *p = &e->parties[i];
    if (p->purpose == CV_CUSTOMER || p->purpose == CV_WATCHER)
      continue;
    if (!cv_is_kept(p))
      count += is_before(p->connected_ms, until_ms);
    else if (kept++ < known)
      count += count_of_party(p, until_ms);
  }
  return count;
}

static unsigned count_known(const struct conversation *c, int64_t until_ms) {
  unsigned count = c->others;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    bool has_ended = is_before(p->end_ms, until_ms);
    count +=
        has_begun(p->purpose, p->connected_ms, p->made_ms, until_ms) +
        has_ended + (has_ended && p->is_transferred) +
        (p->purpose == CV_AGENT ? count_acw(p->is_acw_skipped, p->acw_start_ms,
                                            p->acw_end_ms, until_ms)
                                : 0);
  }
  return count;
}

/* ---- removal ---- */

/* Returns the time when the customers of the last abandoned contact had left;
 * 0: there is none. */
static int64_t find_abandoned_ms(const struct conversation *c) {
  struct cv_reading r;
  int64_t last_ms = 0;
  cv_read(c, &r);
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (r.outcome[i] == CV_OUTCOME_ABANDON && p->gone != 0 &&
        p->connected_ms + p->gone - 1 > last_ms)
      last_ms = p->connected_ms + p->gone - 1;
  }
  return last_ms;
}

/* Notes the last agent who may go on with another communication. */
static void describe_paused(const struct conversation *c,
                            struct cv_removed *r) {
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (p->purpose != CV_AGENT || p->end_ms == 0 || p->is_end_own ||
        r->fact_ms - p->end_ms > UINT32_MAX)
      continue;
    r->paused = (uint8_t)(i + 1);
    r->paused_legs = p->legs;
    r->paused_ago = (uint32_t)(r->fact_ms - p->end_ms);
  }
}

/* A conversation without some of its participants counts only contacts that
 * begin later: the dropped ones are no longer known. */
struct cv_removed cv_describe_removed(const struct conversation *c) {
  struct cv_removed r = {.id = c->id,
                         .is_over = c->is_inactive,
                         .fact_ms = c->other_connected_ms,
                         .seen_ms = c->seen_ms,
                         .count = c->count};
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    if (p->connected_ms > r.start_ms)
      r.start_ms = p->connected_ms;
    if (cv_latest_ms(p) > r.fact_ms)
      r.fact_ms = cv_latest_ms(p);
  }
  r.since_ms = c->is_incomplete ? r.fact_ms + 1 : c->since_ms;
  r.left_ms = find_abandoned_ms(c);
  if (r.left_ms < r.fact_ms)
    r.left_ms = r.fact_ms;
  describe_paused(c, &r);
  unsigned facts = count_known(c, cv_late_ms(r.fact_ms, r.left_ms));
  bool is_known = !c->is_incomplete && facts < UINT16_MAX;
  r.facts = is_known ? (uint16_t)facts : UINT16_MAX;
  return r;
}

/* ---- return ---- */

bool cv_has_news(const struct cv_event *e, const struct cv_removed *known) {
  int64_t after_ms = known->fact_ms;
  unsigned count = 0;
  for (unsigned i = 0; i < e->count; i++) {
    const struct cv_party *p = &e->parties[i];
    if (!cv_is_kept(p))
      continue;
    if (++count > known->count || p->connected_ms > after_ms ||
        p->end_ms > after_ms || p->hold_ms > after_ms ||
        (count == known->paused && p->legs > known->paused_legs) ||
        (!p->acw_skipped &&
         (p->acw_start_ms > after_ms || p->acw_end_ms > after_ms)))
      return true;
  }
  return count_reported(e, known->count,
                        cv_late_ms(known->fact_ms, known->left_ms)) >
         known->facts;
}

bool cv_is_behind(const struct conversation *c) {
  return c->known > 0 && c->known_facts != UINT16_MAX &&
         count_known(c, cv_late_ms(c->known_ms, c->left_ms)) < c->known_facts;
}

void cv_note_late(struct conversations *m, struct conversation *c,
                  const struct cv_event *e) {
  if (c->known == 0 ||
      count_reported(e, c->known, cv_late_ms(c->known_ms, c->left_ms)) <=
          c->known_facts)
    return;
  m->stats.late++;
  c->known_facts = UINT16_MAX;
}
