/* SPDX-License-Identifier: MIT */
/* What queues, users, flows and other values of a group are called. Pure. */
#ifndef GC_ANALYTICS_NAMING_H
#define GC_ANALYTICS_NAMING_H

#include "common/analytics/dimension_table.h"
#include "common/analytics/query.h"
#include "common/genesys/clean_name.h"
#include "common/genesys/entities.h"
#include "common/net/name_cache.h"

/* A list as it is, and as it was before: a queue that was deleted keeps its
 * name for its last windows. Either may be NULL. */
struct gc_naming_list {
  struct gc_entities *now, *before;
};

struct gc_naming {
  struct gc_naming_list lists[GC_NAME_KIND_COUNT];
  enum gc_query_label label;
};

/* The part of an identity for `value` of a dimension; "none" for an empty one.
 * False: an id whose name is not known yet. Where the list is refused the id
 * stands for the name. */
GC_API bool gc_naming_text(const struct gc_naming *n,
                           enum gc_dimension_kind kind, const char *value,
                           char out[GC_NAME_SIZE]);

/* True when naming_text would be false and a newer list might help. */
bool gc_naming_is_missing(const struct gc_naming *n,
                          enum gc_dimension_kind kind, const char *value);

void gc_naming_clear(struct gc_naming *n);

#endif
