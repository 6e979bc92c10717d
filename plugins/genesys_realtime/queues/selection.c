/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/queues/selection.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/glob.h"
#include "plugins/genesys_realtime/queues/uuid_key.h"

static enum gc_code add_id(struct selection *s, const char *id) {
  char **ids = realloc(s->ids, (s->count + 1) * sizeof(char *));
  if (ids == NULL)
    return GC_ERR_MEMORY;
  s->ids = ids;
  ids[s->count] = strdup(id);
  if (ids[s->count] == NULL)
    return GC_ERR_MEMORY;
  s->count++;
  return GC_OK;
}

static bool has_id(const struct selection *s, const char *id) {
  for (size_t i = 0; i < s->count; i++)
    if (strcmp(s->ids[i], id) == 0)
      return true;
  return false;
}

static bool is_literal(const char *selector) {
  return selector[0] != '!' && strpbrk(selector, "*?[\\") == NULL;
}

static enum gc_code fill_ids(struct selection *s,
                             const struct gc_entities *queues,
                             char *const *selectors, size_t selector_count,
                             const struct shard *shard, bool any_id) {
  for (size_t i = 0; i < gc_entities_count(queues); i++) {
    const struct gc_entry *e = gc_entities_at(queues, i);
    if (shard_has(shard, e->id) &&
        gc_glob_accepts(selectors, selector_count, e->name, e->id))
      GC_TRY(add_id(s, e->id));
  }
  if (!gc_entities_is_refused(queues))
    return GC_OK;
  for (size_t i = 0; i < selector_count; i++)
    if ((uuid_key_is_uuid(selectors[i]) ||
         (any_id && is_literal(selectors[i]))) &&
        !has_id(s, selectors[i]) && shard_has(shard, selectors[i]) &&
        gc_glob_accepts(selectors, selector_count, NULL, selectors[i]))
      GC_TRY(add_id(s, selectors[i]));
  return GC_OK;
}

enum gc_code selection_make(struct selection *s,
                            const struct gc_entities *queues,
                            char *const *selectors, size_t selector_count,
                            const struct shard *shard, bool any_id) {
  struct selection made = {0};
  enum gc_code code =
      fill_ids(&made, queues, selectors, selector_count, shard, any_id);
  if (code != GC_OK) {
    selection_clear(&made);
    return code;
  }
  selection_clear(s);
  *s = made;
  return GC_OK;
}

void selection_clear(struct selection *s) {
  for (size_t i = 0; i < s->count; i++)
    free(s->ids[i]);
  free(s->ids);
  *s = (struct selection){0};
}
