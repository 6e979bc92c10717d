/* SPDX-License-Identifier: MIT */
/* Carries the parts of an identity (genesys/parts.h) from the suite's inputs to
 * its writers, as meta data of collectd's value list, which the daemon copies
 * with it. Parts cost some allocations a value, so they are attached only if a
 * writer wants them.
 *
 * The code of a writer for a value list:
 *
 *   char key[GC_VALUE_KEY_SIZE];
 *   size_t len = gc_value_key(vl, key);        each value: no allocation
 *   struct series *s = find(key, len);
 *   if (s == NULL) {                           once a series
 *     char parts[GC_PARTS_SIZE];
 *     gc_value_parts(vl, parts);
 *     struct gc_export_identity id;
 *     gc_value_identity(ds, vl, i, parts, &id);
 *     gc_export_series_make(&id, …);
 *   } */
#ifndef GC_DAEMON_VALUE_PARTS_H
#define GC_DAEMON_VALUE_PARTS_H

#include "common/export/series.h"
#include "common/genesys/parts.h"

/* collectd's types. */
struct meta_data_s;
struct value_list_s;
struct data_set_s;

/* Makes the inputs attach parts from now on. Configuration phase; any number of
 * times. */
GC_API void gc_value_parts_enable(void);

/* Returns the parts as meta data for a value list. NULL: there are no parts, no
 * writer wants them, or no memory. Borrowed until the next call of this thread,
 * which gets the same object again for equal parts. */
struct meta_data_s *gc_value_parts_meta(const char *parts);

/* Five parts of collectd with a NUL each, and 8 bytes. */
enum { GC_VALUE_KEY_SIZE = 5 * 128 + 8 };

/* Writes the bytes that identify the series of the value list, and returns how
 * many: host, plugin, plugin instance, type and type instance with a NUL each,
 * and a hash of the parts. Any thread. */
GC_API size_t gc_value_key(const struct value_list_s *vl,
                           char out[GC_VALUE_KEY_SIZE]);

/* Copies the parts; "" when there are none. */
GC_API void gc_value_parts(const struct value_list_s *vl,
                           char out[GC_PARTS_SIZE]);

/* Returns the time in ns since 1970. Whole milliseconds stay whole, although
 * collectd counts 2^-30 s. */
GC_API uint64_t gc_value_time_ns(const struct value_list_s *vl);

/* Describes data source number `source`; borrows all texts. */
GC_API void gc_value_identity(const struct data_set_s *ds,
                              const struct value_list_s *vl, size_t source,
                              const char *parts,
                              struct gc_export_identity *ret_id);

#endif
