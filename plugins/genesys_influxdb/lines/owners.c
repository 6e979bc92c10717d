/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_influxdb/lines/owners.h"

#include <stdlib.h>

#include "common/base/hash.h"

enum { ROOM_MIN = 256 };

/* Returns the place of a name: its own, or a free one. */
static struct influx_owner *place_of(const struct influx_owners *o,
                                     uint64_t name) {
  size_t at = gc_hash_fold(name) & (o->room - 1);
  while (o->at[at].name != 0 && o->at[at].name != name)
    at = (at + 1) & (o->room - 1);
  return &o->at[at];
}

/* Keeps half of the places free. Returns false when out of memory. */
static bool grow_places(struct influx_owners *o) {
  struct influx_owners more = {.room = o->room > 0 ? o->room * 2 : ROOM_MIN,
                               .count = o->count};
  if (o->count * 2 < o->room)
    return true;
  more.at = calloc(more.room, sizeof(*more.at));
  if (more.at == NULL)
    return false;
  for (size_t i = 0; i < o->room; i++)
    if (o->at[i].name != 0)
      *place_of(&more, o->at[i].name) = o->at[i];
  free(o->at);
  *o = more;
  return true;
}

bool influx_owners_take(struct influx_owners *o, uint64_t name,
                        uint64_t identity) {
  if (name == 0 || !grow_places(o))
    return false;
  struct influx_owner *place = place_of(o, name);
  if (place->name == 0) {
    *place = (struct influx_owner){name, identity};
    o->count++;
  }
  return place->identity != identity;
}

void influx_owners_clear(struct influx_owners *o) {
  free(o->at);
  *o = (struct influx_owners){.at = NULL};
}
