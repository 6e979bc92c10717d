/* SPDX-License-Identifier: MIT */
/* Facts that are first reported after their conversation was removed, although
 * they are older than others that were known, or than the end of an abandoned
 * contact. The counters keep the outcome that the earlier facts showed; such a
 * conversation is counted in `late` instead. A snapshot has all facts before
 * its time. If it has more facts before the late time (cv_late_until) than were
 * known, it has a late one; a repeat has no more of them. Holds are not among
 * these facts, because later snapshots no longer have them. */
#include "plugins/genesys_realtime/conversations/internal.h"

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
         count_acw(p->acw_skipped && has_ended, p->acw_start_ms, p->acw_end_ms,
                   until_ms);
}

unsigned cv_count_reported(const struct cv_event *e, int64_t until_ms) {
  unsigned count = 0;
  for (unsigned i = 0; i < e->count; i++) {
    const struct cv_party *p = &e->parties[i];
    if (p->purpose == CV_CUSTOMER || p->purpose == CV_WATCHER)
      continue;
    count += cv_is_kept(p) ? count_of_party(p, until_ms)
                           : is_before(p->connected_ms, until_ms);
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
        count_acw(p->is_acw_skipped, p->acw_start_ms, p->acw_end_ms, until_ms);
  }
  return count;
}

/* Returns the time when the customers of the last abandoned contact had left;
 * 0: there is none. */
static int64_t abandoned_ms(const struct conversation *c) {
  int64_t last_ms = 0;
  for (unsigned i = 0; i < c->count; i++) {
    const struct participant *p = &c->participants[i];
    int64_t gone_ms = p->gone != 0 ? p->connected_ms + p->gone - 1 : 0;
    if ((p->counted & COUNTED_ABANDON) && gone_ms > last_ms)
      last_ms = gone_ms;
  }
  return last_ms;
}

void cv_describe_facts(const struct conversation *c, struct cv_removed *r) {
  int64_t after_ms = abandoned_ms(c) - r->fact_ms;
  r->gone = after_ms > 0 && after_ms < UINT32_MAX ? (uint32_t)after_ms : 0;
  unsigned facts = count_known(c, cv_late_until(r));
  bool is_known = !c->is_incomplete && facts < UINT16_MAX;
  r->facts = is_known ? (uint16_t)facts : UINT16_MAX;
}

void cv_note_late(struct conversations *m, struct conversation *c,
                  const struct cv_event *e) {
  if (c->known == 0 || cv_count_reported(e, c->late_ms) <= c->known_facts)
    return;
  m->stats.late++;
  c->known_facts = UINT16_MAX;
}
