/* SPDX-License-Identifier: MIT */
/* Which queue (user, flow, …) goes by which label: names are not unique, series
 * must be. One table for each kind of thing.
 *
 * The label is the clean name (base/names). If another id has that label, `~2`
 * is put behind it, `~3` … (the name is cut so that it fits). An id keeps its
 * label as long as its clean name stays the same, also over restarts when the
 * rows are stored; with a new name it gets a new label. Names differ by case,
 * as identities of collectd and Prometheus do. Example:
 *   id 1 "Sales" → Sales, id 2 "Sales" → Sales~2; 1 is renamed "EMEA" → EMEA,
 *   2 keeps Sales~2; id 3 "Sales" → Sales.
 * Pure, one thread. */
#ifndef GC_GENESYS_LABELS_H
#define GC_GENESYS_LABELS_H

#include "common/base/err.h"

#include <stddef.h>

struct gc_labels;

/* As it is stored: `name` is the clean name that the label was made of. */
struct gc_label_row {
  const char *id, *name, *label;
};

/* As the platform tells it; name may be NULL or "": the id is the name. */
struct gc_named {
  const char *id, *name;
};

/* NULL when out of memory. */
GC_API struct gc_labels *gc_labels_new(void);
GC_API void gc_labels_free(struct gc_labels *l);

/* Takes a stored row. One that cannot be (its id or its label is there
 * already, or is no clean label) is left out without a word: the id gets its
 * label anew. */
GC_API GC_MUST_CHECK enum gc_code
gc_labels_load(struct gc_labels *l, const struct gc_label_row *row);

/* Gives each id of the batch its label, the ids in their order: the same batch
 * in any order gives the same labels. `changed` (may be NULL) is told each row
 * that is new or differs, to store it; borrowed for the call. An id given
 * twice counts once, an empty one not at all. GC_ERR_MEMORY leaves some
 * without a label. */
GC_API GC_MUST_CHECK enum gc_code gc_labels_assign(
    struct gc_labels *l, const struct gc_named *batch, size_t count,
    void (*changed)(void *ctx, const struct gc_label_row *row), void *ctx);

/* NULL for an id without one. Borrowed until the next assign or remove. */
GC_API const char *gc_labels_get(const struct gc_labels *l, const char *id);

/* The label is free for others. An unknown id is fine. */
GC_API void gc_labels_remove(struct gc_labels *l, const char *id);

GC_API size_t gc_labels_count(const struct gc_labels *l);

/* For a log line: how many ids have a label that is not their name, and the
 * one of them with the least id. */
struct gc_label_collisions {
  size_t count;
  const char *id, *label; /* borrowed until the next assign or remove; NULL
                             without a collision */
  const char *first_id;   /* whose label is the name; NULL when gone */
};
GC_API struct gc_label_collisions
gc_labels_collisions(const struct gc_labels *l);

#endif
