/* SPDX-License-Identifier: MIT */
#include "common/base/intern.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/alloc.h"
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

/* Doubles the slots. At most half of them are used, so that the texts grow with
 * them. */
static void grow(struct gc_intern *in) {
  free(in->slots);
  in->slot_count = in->slot_count == 0 ? 16 : in->slot_count * 2;
  in->slots = gc_zalloc(in->slot_count, sizeof(*in->slots));
  in->cap = in->slot_count / 2;
  in->texts = gc_resize(in->texts, in->cap, sizeof(char *));
  for (uint32_t i = 0; i < in->count; i++)
    in->slots[slot_of(in, in->texts[i], strlen(in->texts[i]))] = i + 1;
}

enum gc_code gc_intern_put(struct gc_intern *in, const char *text, size_t len,
                           uint32_t *ret_number) {
  len = strnlen(text, len);
  if (gc_intern_find(in, text, len, ret_number))
    return GC_OK;
  if (in->count >= in->max)
    return GC_ERR_LIMIT;
  if (in->count * 2 >= in->slot_count)
    grow(in);

  char *copy = gc_strndup(text, len);
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
