/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_realtime/queues/ownership.h"

#include "common/base/glob.h"

static bool makes_part(const struct queues_options *o, enum queue_part part) {
  switch (part) {
  case QUEUE_OBSERVED:
    return o->observations != OBS_OFF;
  case QUEUE_STREAMED:
    return o->stream != STREAM_NONE;
  case QUEUE_ACTIVE:
    return o->observations != OBS_OFF && o->observations != OBS_QUEUE_METRICS;
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
    if (other == o->self && o->part != QUEUE_ACTIVE)
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
