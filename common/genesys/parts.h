/* SPDX-License-Identifier: MIT */
/* The parts of an identity beside its text: an identity of collectd joins
 * metric, medium and groups by "-", and a name may have a "-" itself. A sample
 * carries the parts as one text, "NAME=VALUE\n" each, to the suite's writers
 * (daemon/writers.h):
 *
 *   queue_id=3f2c1d7a\nmetric=nOffered\nmedia_type=voice\ndirection=a-b\n
 *
 * Pure, any thread. */
#ifndef GC_GENESYS_PARTS_H
#define GC_GENESYS_PARTS_H

#include "common/base/cleanup.h"

#include <stdbool.h>
#include <stddef.h>

/* Marks a value of a block of the guide dialect; its value is "1". It is not a
 * label of a series: the writers find the rows of the guides by it
 * (genesys_influxdb/lines/points.c). */
#define GC_PART_GUIDE ".guide"

enum { GC_PARTS_SIZE = 3072 }; /* of the text of one identity, with the NUL */

struct gc_part {
  const char *name, *value; /* borrowed from the text; not terminated */
  size_t name_len, value_len;
};

/* Appends a part. Control characters of the value and bytes that are not UTF-8
 * become `_`; the value is cut at 127 bytes. `name` has no "=" and no control
 * character. False, and nothing is added, when the text would be longer than
 * `size`. */
GC_API bool gc_parts_add(char *parts, size_t size, const char *name,
                         const char *value);

/* Reads the part at `*at` and moves `*at` behind it; begin with `*at` = the
 * text (NULL is an empty one). Skips lines that are not parts. False at the
 * end. */
GC_API bool gc_parts_next(const char **at, struct gc_part *ret_part);

/* True if the text has a part of that name. */
GC_API bool gc_parts_have(const char *parts, const char *name);

#endif
