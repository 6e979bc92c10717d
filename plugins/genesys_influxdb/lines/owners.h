/* SPDX-License-Identifier: MIT */
/* Which identity of collectd has which name in the database. Two identities get
 * one name if they differ only in characters that lines cannot express, such as
 * "M\xfcller" and "M\xf6ller": their values would replace each other. Holds
 * hashes alone, 16 bytes a name. One thread. */
#ifndef GENESYS_INFLUXDB_LINES_OWNERS_H
#define GENESYS_INFLUXDB_LINES_OWNERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Zero is a valid beginning. */
struct influx_owners {
  struct influx_owner {
    uint64_t name, identity; /* hashes; name 0: free */
  } * at;
  size_t room, count; /* room: a power of two */
};

/* Gives the name to the identity unless another one has it. Returns true if
 * another one has it. When out of memory the name stays free. */
bool influx_owners_take(struct influx_owners *o, uint64_t name,
                        uint64_t identity);
/* Frees all names and the memory. */
void influx_owners_clear(struct influx_owners *o);

#endif
