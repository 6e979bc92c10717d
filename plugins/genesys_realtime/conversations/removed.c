/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/conversations/removed.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_ENTRIES = 64 };

static uint32_t slot_of(const struct cv_removed_set *set, struct uuid_key id) {
  uint32_t mask = set->slot_count - 1, s = (uint32_t)uuid_key_hash(id) & mask;
  while (set->slots[s] != 0 &&
         !uuid_key_equal(set->entries[set->slots[s] - 1].id, id))
    s = (s + 1) & mask;
  return s;
}

/* Moves later entries up, so that no search ends at the hole. */
static void empty_slot(struct cv_removed_set *set, uint32_t hole) {
  uint32_t mask = set->slot_count - 1;
  for (uint32_t s = (hole + 1) & mask; set->slots[s] != 0; s = (s + 1) & mask) {
    uint32_t home =
        (uint32_t)uuid_key_hash(set->entries[set->slots[s] - 1].id) & mask;
    if (((s - home) & mask) < ((s - hole) & mask))
      continue;
    set->slots[hole] = set->slots[s];
    hole = s;
  }
  set->slots[hole] = 0;
}

static void forget_oldest(struct cv_removed_set *set, int64_t now_ms) {
  const struct cv_removed *oldest = &set->entries[set->first];
  int64_t after_ms = oldest->start_ms + 1;
  if (after_ms > now_ms)
    after_ms = now_ms;
  if (after_ms > set->forgotten_ms)
    set->forgotten_ms = after_ms;
  empty_slot(set, slot_of(set, oldest->id));
  set->first = (set->first + 1) % set->cap;
  set->count--;
}

/* Copies the ring to a larger array, in which it begins at 0. */
static bool grow_set(struct cv_removed_set *set) {
  uint32_t cap = set->cap == 0 ? FIRST_ENTRIES : set->cap * 2;
  if (cap > set->max)
    cap = set->max;
  uint32_t slot_count = FIRST_ENTRIES;
  while (slot_count < cap * 2)
    slot_count *= 2;
  struct cv_removed *entries = calloc(cap, sizeof(*entries));
  uint32_t *slots = calloc(slot_count, sizeof(*slots));
  if (entries == NULL || slots == NULL) {
    free(entries);
    free(slots);
    return false;
  }
  for (uint32_t i = 0; i < set->count; i++)
    entries[i] = set->entries[(set->first + i) % set->cap];
  uint32_t count = set->count, max = set->max;
  int64_t forgotten_ms = set->forgotten_ms;
  cv_removed_clear(set);
  *set = (struct cv_removed_set){.max = max,
                                 .entries = entries,
                                 .count = count,
                                 .cap = cap,
                                 .slots = slots,
                                 .slot_count = slot_count,
                                 .forgotten_ms = forgotten_ms};
  for (uint32_t i = 0; i < count; i++)
    set->slots[slot_of(set, entries[i].id)] = i + 1;
  return true;
}

enum gc_code cv_removed_init(struct cv_removed_set *set, uint32_t max) {
  *set =
      (struct cv_removed_set){.max = max < FIRST_ENTRIES ? FIRST_ENTRIES : max};
  return grow_set(set) ? GC_OK : GC_ERR_MEMORY;
}

const struct cv_removed *cv_removed_find(const struct cv_removed_set *set,
                                         struct uuid_key id) {
  uint32_t found = set->slots[slot_of(set, id)];
  return found != 0 ? &set->entries[found - 1] : NULL;
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
}

void cv_removed_put(struct cv_removed_set *set, const struct cv_removed *entry,
                    int64_t now_ms) {
  uint32_t found = set->slots[slot_of(set, entry->id)];
  if (found != 0) {
    add_known(&set->entries[found - 1], entry);
    return;
  }
  if (set->count == set->cap && (set->cap == set->max || !grow_set(set)))
    forget_oldest(set, now_ms);
  uint32_t index = (set->first + set->count++) % set->cap;
  set->entries[index] = *entry;
  set->slots[slot_of(set, entry->id)] = index + 1;
}

size_t cv_removed_bytes(const struct cv_removed_set *set) {
  return set->cap * sizeof(struct cv_removed) +
         set->slot_count * sizeof(uint32_t);
}

void cv_removed_clear(struct cv_removed_set *set) {
  free(set->entries);
  free(set->slots);
  set->entries = NULL;
  set->slots = NULL;
  set->first = set->count = set->cap = set->slot_count = 0;
}
