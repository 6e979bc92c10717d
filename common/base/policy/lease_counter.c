/* SPDX-License-Identifier: MIT */
#include "common/base/policy/lease_counter.h"

void gc_lease_counter_begin(struct gc_lease_counter *c, uint64_t stored,
                            uint64_t own) {
  *c = (struct gc_lease_counter){.stored_at_begin = stored,
                                 .own_at_begin = own,
                                 .sent = stored,
                                 .confirmed = stored};
}

bool gc_lease_counter_next(struct gc_lease_counter *c, uint64_t own,
                           uint64_t *ret) {
  /* A model that was emptied counts from 0 again: its number is below. */
  if (own < c->own_at_begin) {
    c->stored_at_begin = c->sent;
    c->own_at_begin = 0;
  }
  uint64_t number = c->stored_at_begin + (own - c->own_at_begin);
  if (number > c->sent)
    c->sent = number;
  *ret = c->sent;
  return c->sent > c->confirmed || c->is_lost;
}

void gc_lease_counter_confirm(struct gc_lease_counter *c) {
  c->confirmed = c->sent;
  c->is_lost = false;
}

void gc_lease_counter_restore(struct gc_lease_counter *c) { c->is_lost = true; }

uint64_t gc_lease_counter_shown(const struct gc_lease_counter *c) {
  return c->confirmed;
}
