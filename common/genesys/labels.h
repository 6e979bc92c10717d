/* SPDX-License-Identifier: MIT */
/* The label of each queue (user, flow, …): names are not unique, series must
 * be. One table for each kind of entity.
 *
 * The label is the clean name (genesys/clean_name). If another id has that
 * label, `~2` is appended, or `~3` … (the name is cut so that it fits). An id
 * keeps its label as long as its clean name stays the same, also after restarts
 * when the rows are stored; with a new name it gets a new label. Names that
 * differ only in case are different, as in identities of collectd and
 * Prometheus. Names that differ only in `.`, blanks or one of "\:!,/() are the
 * same, since collectd's writer for Graphite makes "_" of all of these; "none"
 * and "unassigned" are never labels, since series without an owner have these
 * names. Example:
 *   id 1 "Sales" → Sales, id 2 "Sales" → Sales~2; 1 is renamed "EMEA" → EMEA,
 *   2 keeps Sales~2; id 3 "Sales" → Sales.
 * Pure, one thread. */
#ifndef GC_GENESYS_LABELS_H
#define GC_GENESYS_LABELS_H

#include "common/genesys/entities.h"

#include <stddef.h>

struct gc_labels;

/* A stored row: `name` is the clean name of which the label is made. */
struct gc_label_row {
  const char *id, *name, *label;
};

/* An entity as the platform names it; when `name` is NULL or "", the id is the
 * name. */
struct gc_named {
  const char *id, *name;
};

/* Makes a clean name a label that no id gets, in all tables of the process: the
 * instance of series without an owner. Configuration phase, before the first
 * table. */
GC_API GC_MUST_CHECK enum gc_code gc_labels_reserve(const char *name);

/* NULL when out of memory. */
GC_API struct gc_labels *gc_labels_new(void);
GC_API void gc_labels_free(struct gc_labels *l);

/* Takes a stored row. A row that is not possible (its id is empty, its id or
 * its label is there already, its label is reserved, or its name or label is
 * not clean) is skipped without an error: the next gc_labels_assign gives the
 * id a label. */
GC_API GC_MUST_CHECK enum gc_code
gc_labels_load(struct gc_labels *l, const struct gc_label_row *row);

/* Gives each id of the batch its label, in the order of the ids: the same batch
 * in any order gives the same labels. `changed` (may be NULL) is called with
 * each row that is new or differs, so that the caller stores it; the row is
 * borrowed for the call. An id that comes twice counts once; an empty id is
 * ignored. GC_ERR_MEMORY leaves some ids without a label. */
GC_API GC_MUST_CHECK enum gc_code gc_labels_assign(
    struct gc_labels *l, const struct gc_named *batch, size_t count,
    void (*changed)(void *ctx, const struct gc_label_row *row), void *ctx);

/* NULL for an id without one. Borrowed until the next assign or remove. */
GC_API const char *gc_labels_get(const struct gc_labels *l, const char *id);

/* Removes the id; its label is free for others. An unknown id is ignored. */
GC_API void gc_labels_remove(struct gc_labels *l, const char *id);

/* A copy of the list with labels that are a function of the list alone, not of
 * the labels that the ids had before: agents that share the queues of one
 * organisation agree on each `~2`, whenever each of them was started. Reference
 * count 1; NULL when out of memory. */
GC_API GC_MUST_CHECK struct gc_entities *
gc_labels_by_list(const struct gc_entities *list);

/* For a log line: how many ids have a label that is not their name, and the
 * one of them with the least id. */
struct gc_label_collisions {
  size_t count;
  const char *id, *label; /* borrowed until the next assign or remove; NULL
                             without a collision */
  const char *first_id;   /* its label is the name; NULL when removed */
};
GC_API struct gc_label_collisions
gc_labels_collisions(const struct gc_labels *l);

#endif
