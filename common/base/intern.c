/* SPDX-License-Identifier: MIT */
#include "common/base/intern.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"

/* Returns the slot that holds the text, or the free slot for it. */
static uint32_t slot_of(const struct gc_intern *in, const char *text,
                        size_t len) {
  uint32_t mask = in->slot_count - 1;
  uint32_t s = (uint32_t)gc_hash_fold(gc_hash(text, len)) & mask;
  while (in->slots[s] != 0) {
    const char *there = in->texts[in->slots[s] - 1];
    if (strncmp(there, text, len) == 0 && there[len] == '\0')
      break;
    s = (s + 1) & mask;
  }
  return s;
}

static enum gc_code grow_slots(struct gc_intern *in) {
  uint32_t slot_count = in->slot_count == 0 ? 16 : in->slot_count * 2;
  uint32_t *slots = calloc(slot_count, sizeof(*slots));
  if (slots == NULL)
    return GC_ERR_MEMORY;
  free(in->slots);
  in->slots = slots;
  in->slot_count = slot_count;
  for (uint32_t i = 0; i < in->count; i++)
    slots[slot_of(in, in->texts[i], strlen(in->texts[i]))] = i + 1;
  return GC_OK;
}

static enum gc_code grow_texts(struct gc_intern *in) {
  uint32_t cap = in->cap == 0 ? 8 : in->cap * 2;
  char **texts = realloc(in->texts, cap * sizeof(char *));
  if (texts == NULL)
    return GC_ERR_MEMORY;
  in->texts = texts;
  in->cap = cap;
  return GC_OK;
}

enum gc_code gc_intern_put(struct gc_intern *in, const char *text, size_t len,
                           uint32_t *ret_number) {
  len = strnlen(text, len);
  if (gc_intern_find(in, text, len, ret_number))
    return GC_OK;
  if (in->count >= in->max)
    return GC_ERR_LIMIT;
  if (in->count * 2 >= in->slot_count)
    GC_TRY(grow_slots(in));
  if (in->count == in->cap)
    GC_TRY(grow_texts(in));

  char *copy = strndup(text, len);
  if (copy == NULL)
    return GC_ERR_MEMORY;
  in->texts[in->count] = copy;
  in->slots[slot_of(in, copy, len)] = in->count + 1;
  *ret_number = in->count++;
  return GC_OK;
}

bool gc_intern_find(const struct gc_intern *in, const char *text, size_t len,
                    uint32_t *ret_number) {
  if (in->slot_count == 0)
    return false;
  len = strnlen(text, len);
  uint32_t at = in->slots[slot_of(in, text, len)];
  if (at == 0)
    return false;
  *ret_number = at - 1;
  return true;
}

const char *gc_intern_text(const struct gc_intern *in, uint32_t number) {
  return number < in->count ? in->texts[number] : "";
}

void gc_intern_clear(struct gc_intern *in) {
  if (in == NULL)
    return;
  for (uint32_t i = 0; i < in->count; i++)
    free(in->texts[i]);
  free(in->texts);
  free(in->slots);
  *in = (struct gc_intern){.max = in->max};
}
