/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/queues/selection.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/glob.h"
#include "common/base/uuid.h"

static bool makes_part(const struct queues_options *o, enum queue_part part) {
  switch (part) {
  case QUEUE_OBSERVED:
    return o->observations != OBS_OFF;
  case QUEUE_STREAMED:
    return o->stream != STREAM_NONE;
  case QUEUE_ACTIVE:
    return o->observations != OBS_OFF && o->observations != OBS_QUEUE_METRICS;
  case QUEUE_DEPTHS:
    return o->observations != OBS_OFF;
  }
  return false;
}

/* Returns true if the options may select the queue. A queue without a name can
 * match in two ways: the selection compares a pattern with the id, and the
 * samples compare it with an empty name. Either match is enough. */
static bool may_accept(const struct queues_options *o, const char *name,
                       const char *id) {
  const struct gc_strs *s = &o->queues;
  if (!shard_has(&o->shard, id))
    return false;
  return s->count == 0 || name == NULL ||
         gc_glob_accepts(s->at, s->count, name, id) ||
         (name[0] == '\0' && gc_glob_accepts(s->at, s->count, NULL, id));
}

bool ownership_is_taken(const struct ownership *o, const char *name,
                        const char *id) {
  for (size_t i = 0; i < o->count; i++) {
    const struct queues_options *other = o->blocks[i];
    if (other == o->self && o->part != QUEUE_ACTIVE && o->part != QUEUE_DEPTHS)
      return false;
    if (other != o->self && makes_part(other, o->part) &&
        may_accept(other, name, id))
      return true;
  }
  return false;
}

bool ownership_has(const struct ownership *o, const char *name,
                   const char *id) {
  const struct gc_strs *s = &o->self->queues;
  if (!shard_has(&o->self->shard, id) || ownership_is_taken(o, name, id))
    return false;
  return name == NULL ? s->count == 0
                      : gc_glob_accepts(s->at, s->count, name, id);
}

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

static enum gc_code add_unless_taken(struct selection *s,
                                     const struct ownership *owner,
                                     const char *name, const char *id) {
  bool is_taken = ownership_is_taken(owner, name, id);
  s->taken += is_taken;
  return is_taken ? GC_OK : add_id(s, id);
}

static void free_ranks(size_t **ranks) { free(*ranks); }

/* Returns, for each queue of the list, the number of the option that selects
 * it; SIZE_MAX: none does. NULL when out of memory. */
static size_t *rank_queues(const struct gc_entities *queues,
                           const struct queues_options *o) {
  size_t *ranks = calloc(gc_entities_count(queues) + 1, sizeof(*ranks));
  for (size_t i = 0; ranks != NULL && i < gc_entities_count(queues); i++) {
    const struct gc_entry *e = gc_entities_at(queues, i);
    bool is_selected =
        shard_has(&o->shard, e->id) &&
        gc_glob_accepts(o->queues.at, o->queues.count, e->name, e->id);
    ranks[i] = is_selected ? gc_glob_first(o->queues.at, o->queues.count,
                                           e->name, e->id)
                           : SIZE_MAX;
  }
  return ranks;
}

static enum gc_code add_listed(struct selection *s,
                               const struct gc_entities *queues,
                               const struct ownership *owner) {
  const struct queues_options *o = owner->self;
  GC_AUTO(free_ranks)
  size_t *ranks = rank_queues(queues, o);
  if (ranks == NULL)
    return GC_ERR_MEMORY;
  for (size_t rank = 0; rank <= o->queues.count; rank++)
    for (size_t i = 0; i < gc_entities_count(queues); i++) {
      const struct gc_entry *e = gc_entities_at(queues, i);
      if (ranks[i] == rank)
        GC_TRY(add_unless_taken(s, owner, e->name, e->id));
    }
  return GC_OK;
}

/* Adds the ids that the selectors write out. */
static enum gc_code add_literals(struct selection *s,
                                 const struct ownership *owner, bool any_id) {
  const struct queues_options *o = owner->self;
  for (size_t i = 0; i < o->queues.count; i++) {
    const char *id = o->queues.at[i];
    if ((gc_is_uuid(id, strlen(id)) || (any_id && is_literal(id))) &&
        !has_id(s, id) && shard_has(&o->shard, id) &&
        gc_glob_accepts(o->queues.at, o->queues.count, NULL, id))
      GC_TRY(add_unless_taken(s, owner, "", id));
  }
  return GC_OK;
}

enum gc_code selection_make(struct selection *s,
                            const struct gc_entities *queues,
                            const struct ownership *owner, bool any_id) {
  struct selection made = {0};
  enum gc_code code = add_listed(&made, queues, owner);
  if (code == GC_OK && gc_entities_is_refused(queues))
    code = add_literals(&made, owner, any_id);
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
