/* SPDX-License-Identifier: MIT */
/* What queues, users and other values of a group are called. Pure. */
#ifndef GC_ANALYTICS_NAMING_H
#define GC_ANALYTICS_NAMING_H

#include "common/base/directory.h"
#include "common/base/names.h"
#include "plugins/genesys_analytics/dimensions.h"
#include "plugins/genesys_analytics/query.h"

/* A list as it is, and as it was before: a queue that was deleted keeps its
 * name for its last windows. Either may be NULL. */
struct naming_list {
  struct gc_directory *now, *before;
};

struct naming {
  struct naming_list queues, users;
  enum query_label label;
};

/* The part of an identity for `value` of a dimension; "none" for an empty one.
 * False: an id whose name is not known yet. Where the list is refused the id
 * stands for the name. */
bool naming_text(const struct naming *n, enum dimension_kind kind,
                 const char *value, char out[GC_NAME_ROOM]);

/* True when naming_text would be false and a newer list might help. */
bool naming_is_missing(const struct naming *n, enum dimension_kind kind,
                       const char *value);

void naming_clear(struct naming *n);

#endif
