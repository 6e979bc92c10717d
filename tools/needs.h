/* SPDX-License-Identifier: MIT */
/* The rows of docs/permissions.md alone: the options that need each call and
 * each topic, and the loss without its permission. */
#ifndef GC_TOOLS_NEEDS_H
#define GC_TOOLS_NEEDS_H

#include <stddef.h>

#include "common/genesys/endpoint.h"

struct need {
  const char *by;   /* options that need the call */
  const char *lost; /* loss without the permission */
};

/* Returns the row of `id`; NULL when tools/needs.c lacks it. */
const struct need *need_of(enum gc_endpoint_id id);

/* Topics of the notification channel: the agent does not call them, but a
 * missing permission refuses them as well. */
extern const struct topic_need {
  const char *topic, *permission; /* as the page shows it */
  struct need need;
} topic_deps[];
extern const size_t topic_need_count;

#endif
