/* SPDX-License-Identifier: MIT */
#include "common/base/policy/lease.h"

#include "common/base/assert.h"

static uint64_t parts_ms(const struct gc_lease *l, uint32_t parts) {
  return (uint64_t)l->ttl_ms * parts / GC_LEASE_PARTS;
}

void gc_lease_init(struct gc_lease *l, uint32_t ttl_ms, bool goes_on,
                   uint64_t owner, uint64_t now_ms) {
  GC_ASSERT(ttl_ms >= GC_LEASE_TTL_MIN_S * 1000 && owner != 0);
  *l = (struct gc_lease){.ttl_ms = ttl_ms,
                         .goes_on = goes_on,
                         .owner = owner,
                         .state = GC_LEASE_STANDBY,
                         .due_ms = now_ms,
                         .answered_ms = now_ms,
                         .event_ms = now_ms};
}

static bool is_same_record(const struct gc_lease_record *a,
                           const struct gc_lease_record *b) {
  return a->fence == b->fence && a->owner == b->owner && a->beat == b->beat;
}

static void enter_state(struct gc_lease *l, enum gc_lease_state s) {
  GC_ASSERT(l->state != GC_LEASE_ENDED); /* the last state */
  l->state = s;
  if (s != GC_LEASE_HOLDER && s != GC_LEASE_GOING_ON)
    l->valid_until_ms = 0;
  if (s == GC_LEASE_STANDBY || s == GC_LEASE_BLIND)
    l->fence = l->written_ms = 0;
}

/* Returns for how long the record that was seen must stay unchanged. */
static uint64_t wait_ms(const struct gc_lease *l) {
  uint32_t ttl_ms = l->seen_ttl_ms > l->ttl_ms ? l->seen_ttl_ms : l->ttl_ms;
  return (uint64_t)ttl_ms * GC_LEASE_WAIT / GC_LEASE_PARTS;
}

/* Returns since when the record that was seen is free, or will be. */
static uint64_t free_from_ms(const struct gc_lease *l) {
  bool is_released = l->seen.owner == 0 && l->seen.fence > 0;
  return l->seen_ms + (is_released ? 0 : wait_ms(l));
}

/* ---- the passing of time ---- */

/* True if the record is free and this agent cannot claim it: nobody dispatches.
 */
static bool claims_fail(const struct gc_lease *l, uint64_t now_ms) {
  return l->unanswered && l->sent.verb == GC_LEASE_CLAIM && l->has_seen &&
         now_ms >= free_from_ms(l) + parts_ms(l, GC_LEASE_GAP);
}

static void end_permission(struct gc_lease *l, bool slept, uint64_t now_ms) {
  if (slept || !l->unanswered) {
    enter_state(l, GC_LEASE_STANDBY);
    l->due_ms = now_ms;
  } else if (l->goes_on) {
    enter_state(l, GC_LEASE_GOING_ON);
  } else {
    enter_state(l, GC_LEASE_BLIND);
  }
}

static void pass_time(struct gc_lease *l, uint64_t now_ms) {
  bool slept = now_ms - l->event_ms > parts_ms(l, GC_LEASE_GAP);
  bool is_away =
      l->unanswered && now_ms - l->answered_ms >= parts_ms(l, GC_LEASE_VALID);
  l->event_ms = now_ms;
  if (l->state == GC_LEASE_HOLDER && now_ms >= l->valid_until_ms)
    end_permission(l, slept, now_ms);
  else if (l->state == GC_LEASE_GOING_ON && slept)
    enter_state(l, GC_LEASE_BLIND);
  else if ((l->state == GC_LEASE_STANDBY || l->state == GC_LEASE_TAKING) &&
           (is_away || claims_fail(l, now_ms)))
    enter_state(l, GC_LEASE_BLIND);
  if (l->state == GC_LEASE_GOING_ON)
    l->valid_until_ms = now_ms + parts_ms(l, GC_LEASE_GAP);
}

/* ---- answers ---- */

static void note_record(struct gc_lease *l, const struct gc_lease_record *r,
                        uint32_t ttl_ms, uint64_t now_ms) {
  if (r->fence > l->known_fence)
    l->known_fence = r->fence;
  if (!l->has_seen || !is_same_record(r, &l->seen)) {
    l->seen = *r;
    l->has_seen = true;
    l->seen_ms = now_ms;
  }
  l->seen_ttl_ms = ttl_ms;
  if (r->owner != l->owner && free_from_ms(l) < l->due_ms)
    l->due_ms = r->owner == 0 && r->fence > 0 ? now_ms : free_from_ms(l);
}

/* True if the lease does not depend on this renewal alone. A failover of Redis
 * may lose the newest write, and another agent then waits from the write before
 * it: if that was longer ago than the difference of the two periods, the next
 * renewal must confirm this one. */
static bool follows_another_write(const struct gc_lease *l) {
  return l->written_ms != 0 && l->sent.sent_ms - l->written_ms <=
                                   parts_ms(l, GC_LEASE_WAIT - GC_LEASE_VALID);
}

/* Takes an answer whose record names this agent. A confirmed renewal makes this
 * agent the holder. A blind agent that only reads its record stays blind until
 * Redis takes a write. */
static void keep_lease(struct gc_lease *l, const struct gc_lease_record *r,
                       uint64_t now_ms) {
  const struct gc_lease_request *q = &l->sent;
  uint64_t until_ms = q->sent_ms + parts_ms(l, GC_LEASE_VALID);
  bool is_written = q->verb != GC_LEASE_OBSERVE && r->beat == q->beat;
  bool is_confirmed = q->verb == GC_LEASE_RENEW && is_written &&
                      r->fence == l->fence && q->beat >= l->confirm_from &&
                      follows_another_write(l) && now_ms < until_ms;
  l->fence = r->fence;
  if (is_confirmed) {
    GC_ASSERT(r->owner == l->owner && l->fence != 0);
    enter_state(l, GC_LEASE_HOLDER);
    l->valid_until_ms = until_ms;
  } else {
    if (l->state == GC_LEASE_STANDBY ||
        (l->state == GC_LEASE_BLIND && is_written))
      enter_state(l, GC_LEASE_TAKING);
    l->due_ms = now_ms + parts_ms(l, GC_LEASE_SETTLE);
  }
  if (is_written)
    l->written_ms = q->sent_ms;
}

static void take_answer(struct gc_lease *l, const struct gc_lease_event *e,
                        uint64_t now_ms) {
  const struct gc_lease_record *r = &e->record;
  l->in_flight = false;
  l->unanswered = false;
  l->answered_ms = now_ms;
  if (l->state == GC_LEASE_RELEASING) {
    if (l->sent.verb == GC_LEASE_RELEASE)
      enter_state(l, GC_LEASE_ENDED);
    else
      l->due_ms = now_ms;
    return;
  }

  if (r->owner == l->owner)
    keep_lease(l, r, now_ms);
  else
    enter_state(l, GC_LEASE_STANDBY);
  note_record(l, r, e->ttl_ms, now_ms);
}

static void take_no_answer(struct gc_lease *l, uint64_t now_ms) {
  l->in_flight = false;
  l->unanswered = true;
  l->due_ms = now_ms + l->retry_ms;
  if (l->state == GC_LEASE_RELEASING)
    enter_state(l, GC_LEASE_ENDED);
}

/* ---- the other events ---- */

static void confirm_again(struct gc_lease *l, uint64_t now_ms) {
  l->confirm_from = l->beat + 1;
  if (l->state == GC_LEASE_HOLDER || l->state == GC_LEASE_GOING_ON) {
    enter_state(l, GC_LEASE_TAKING);
    l->due_ms = now_ms;
  }
}

static void begin_stop(struct gc_lease *l, uint64_t now_ms) {
  if (l->state == GC_LEASE_RELEASING || l->state == GC_LEASE_ENDED)
    return;
  bool may_have_lease = l->fence != 0 || l->in_flight;
  enter_state(l, may_have_lease ? GC_LEASE_RELEASING : GC_LEASE_ENDED);
  l->due_ms = now_ms;
}

void gc_lease_step(struct gc_lease *l, const struct gc_lease_event *e,
                   uint64_t now_ms) {
  if (l->state == GC_LEASE_ENDED)
    return;
  GC_ASSERT(now_ms >= l->event_ms && l->owner != 0);
  GC_ASSERT(e->kind != GC_LEASE_ANSWER || l->in_flight);
  pass_time(l, now_ms);
  switch (e->kind) {
  case GC_LEASE_ANSWER:
    take_answer(l, e, now_ms);
    break;
  case GC_LEASE_NO_ANSWER:
    take_no_answer(l, now_ms);
    break;
  case GC_LEASE_RESUMED:
    confirm_again(l, now_ms);
    break;
  case GC_LEASE_STOP:
    begin_stop(l, now_ms);
    break;
  case GC_LEASE_TICK:
    break;
  }
}

/* ---- requests ---- */

static bool is_free(const struct gc_lease *l, uint64_t now_ms) {
  if (!l->has_seen || l->seen.owner == l->owner)
    return false;
  return now_ms >= free_from_ms(l);
}

static enum gc_lease_verb choose_verb(const struct gc_lease *l,
                                      uint64_t now_ms) {
  if (l->state == GC_LEASE_RELEASING)
    return GC_LEASE_RELEASE;
  if (l->fence != 0)
    return GC_LEASE_RENEW;
  return is_free(l, now_ms) ? GC_LEASE_CLAIM : GC_LEASE_OBSERVE;
}

/* Returns `ms` less a random part of up to a fifth. */
static uint32_t less_jitter(uint64_t ms, uint32_t random32) {
  return (uint32_t)(ms - ((ms / 5 * random32) >> 32));
}

bool gc_lease_next(struct gc_lease *l, uint64_t now_ms, uint32_t random32,
                   struct gc_lease_request *ret) {
  if (l->state == GC_LEASE_ENDED || l->in_flight || now_ms < l->due_ms)
    return false;
  enum gc_lease_verb verb = choose_verb(l, now_ms);
  l->beat++;
  GC_ASSERT(verb != GC_LEASE_RENEW || l->fence != 0);
  l->sent = (struct gc_lease_request){
      .verb = verb,
      .owner = l->owner,
      .beat = l->beat,
      .fence = verb == GC_LEASE_CLAIM ? l->known_fence : l->fence,
      .restores = gc_lease_valid_until_ms(l) > now_ms,
      .seen = l->seen,
      .sent_ms = now_ms};
  l->in_flight = true;
  l->due_ms = now_ms + less_jitter(parts_ms(l, GC_LEASE_PERIOD), random32);
  l->retry_ms = less_jitter(parts_ms(l, 1), random32);
  *ret = l->sent;
  return true;
}

uint32_t gc_lease_timeout_ms(const struct gc_lease *l) {
  return (uint32_t)parts_ms(l, GC_LEASE_TIMEOUT);
}

uint64_t gc_lease_valid_until_ms(const struct gc_lease *l) {
  return l->state == GC_LEASE_HOLDER || l->state == GC_LEASE_GOING_ON
             ? l->valid_until_ms
             : 0;
}
