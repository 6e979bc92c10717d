/* SPDX-License-Identifier: MIT */
/* Gives each queue (user, flow, …) a label: names are not unique, but series
 * must be. Each kind of entity has a table.
 *
 * The label is the clean name (genesys/clean_name). If another id has that
 * label, `~2` is appended, or `~3` … (the name is cut so that the number fits).
 * An id keeps its label as long as its clean name stays the same, also after
 * restarts if the rows are stored; with a new name it gets a new label. Names
 * that differ only in case are different, as in identities of collectd and
 * Prometheus. Names that differ only in `.`, blanks or one of `"\:!,/()` are
 * the same, since collectd's writer for Graphite makes "_" of all of these;
 * "none" and "unassigned" are never labels, since series without an owner have
 * these names. Example:
 *   id 1 "Sales" → Sales, id 2 "Sales" → Sales~2; 1 is renamed "EMEA" → EMEA,
 *   2 keeps Sales~2; id 3 "Sales" → Sales.
 * Pure, one thread. */
#ifndef GC_GENESYS_LABELS_H
#define GC_GENESYS_LABELS_H

#include "common/genesys/entities.h"

#include <stddef.h>

struct gc_labels;

/* A stored row: `name` is the clean name from which the label was made. */
struct gc_label_row {
  const char *id, *name, *label;
};

/* An entity with the platform's name; if `name` is NULL or "", the id is the
 * name. */
struct gc_named {
  const char *id, *name;
};

/* Reserves a clean name, which is the instance of series without an owner: no
 * id in any table of the process gets it as its label. Called in the
 * configuration phase, before the first table. */
GC_API void gc_labels_reserve(const char *name);

/* Makes a table; never NULL. */
GC_API struct gc_labels *gc_labels_new(void);
/* Makes a table whose labels are in lower snake case, as series show presences:
 * id 1 "On-Call" → on_call, id 2 "On Call" → on_call~2. A name without a letter
 * or digit is replaced by the id. These labels are no instances of series, so
 * that none is reserved. */
GC_API struct gc_labels *gc_labels_new_snake(void);
GC_API void gc_labels_free(struct gc_labels *l);

/* Takes a stored row. An impossible row (an empty id, an id or a label that is
 * in the table already, a reserved label, a name or label that is not clean, or
 * not in snake case where all are) is skipped: the next gc_labels_assign gives
 * the id a label. */
GC_API void gc_labels_load(struct gc_labels *l, const struct gc_label_row *row);

/* Gives each id of the batch its label, in the order of the ids: the same batch
 * in any order gives the same labels. `changed` (may be NULL) is called with
 * each row that is new or differs, so that the caller stores it; the row is
 * borrowed for the call. An id that comes twice counts once; an empty id is
 * ignored. */
GC_API void gc_labels_assign(
    struct gc_labels *l, const struct gc_named *batch, size_t count,
    void (*changed)(void *ctx, const struct gc_label_row *row), void *ctx);

/* Returns the label of an id; NULL for an id without a label. Borrowed until
 * the next assign or remove. */
GC_API const char *gc_labels_get(const struct gc_labels *l, const char *id);

/* Removes the id; its label is free for others. An unknown id is ignored. */
GC_API void gc_labels_remove(struct gc_labels *l, const char *id);

/* Returns a copy of the list with labels of the table `l`, which must be empty.
 * They depend on the list alone, so that agents agree on each `~2`. Reference
 * count 1; NULL when out of memory. */
GC_API GC_MUST_CHECK struct gc_entities *
gc_labels_by_list(struct gc_labels *l, const struct gc_entities *list);

/* Returns the entries of `before` that `now` lacks. If an entry of `now` has
 * the label of one (a new queue has a deleted queue's name), its label becomes
 * LABEL@ID. Reference count 1; NULL when there are none, and when out of
 * memory. */
GC_API struct gc_entities *gc_labels_of_gone(const struct gc_entities *before,
                                             const struct gc_entities *now);

/* The numbers for a log line: how many ids have a label that is not their name,
 * and which of them has the least id. */
struct gc_label_collisions {
  size_t count;
  const char *id, *label; /* borrowed until the next assign or remove; NULL
                             without a collision */
  const char *first_id;   /* id whose label is the name; NULL when removed */
};
GC_API struct gc_label_collisions
gc_labels_collisions(const struct gc_labels *l);

#endif
