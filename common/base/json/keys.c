/* SPDX-License-Identifier: MIT */
#include "common/base/json/keys.h"

#include <stdlib.h>

static enum gc_code add_key(struct gc_json_keys *keys,
                            const struct gc_json_key *key, struct gc_err *err) {
  size_t len = strlen(key->name);
  if (key->id == 0 || key->id > GC_JSON_ID_MAX)
    return gc_fail(err, GC_ERR_CONFIG, "JSON key \"%s\" has the id %d",
                   key->name, key->id);
  if (gc_json_keys_find(keys, key->name, len) != NULL)
    return gc_fail(err, GC_ERR_CONFIG, "JSON key \"%s\" is given twice",
                   key->name);
  size_t i = gc_json_keys_hash(key->name, len);
  while (keys->slots[i & keys->mask].name != NULL)
    i++;
  keys->slots[i & keys->mask] = (struct gc_json_slot){key->name, len, key->id};
  return GC_OK;
}

enum gc_code gc_json_keys_set(struct gc_json_keys *keys,
                              const struct gc_json_key *list, size_t count,
                              struct gc_err *err) {
  size_t size = 4;
  while (size < count * 2)
    size *= 2;
  keys->slots = calloc(size, sizeof(*keys->slots));
  if (keys->slots == NULL)
    return gc_fail(err, GC_ERR_MEMORY, "no memory for a table of JSON keys");
  keys->mask = size - 1;
  for (size_t i = 0; i < count; i++)
    GC_TRY(add_key(keys, &list[i], err));
  return GC_OK;
}

void gc_json_keys_clear(struct gc_json_keys *keys) {
  free(keys->slots);
  *keys = (struct gc_json_keys){0};
}
