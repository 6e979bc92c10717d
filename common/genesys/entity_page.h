/* SPDX-License-Identifier: MIT */
/* One page of an entity listing (queues, users, presence definitions):
 *   {"entities":[{"id","name","systemPresence"?,"mediaSettings"?,…},…],
 *    "nextUri"?:…}
 * Read while it comes; members that are not needed are skipped. An entity
 * without an id is dropped, one without a name gets "". nextUri is missing on
 * the last page (API reference, lists and names). Pure; one thread. */
#ifndef GC_GENESYS_ENTITY_PAGE_H
#define GC_GENESYS_ENTITY_PAGE_H

#include "common/base/json/stream.h"
#include "common/genesys/targets.h"

struct gc_listed {
  char *id, *name;
  char *detail; /* as of struct gc_entry */
};

struct gc_entity_page {
  struct gc_listed *rows; /* of all pages so far */
  size_t count, cap;
  size_t max; /* refuse more rows; must be set */

  size_t page_begin, page_end; /* the page that was read last: its rows */
  bool more;                   /* that page names a next one */

  /* The reader's own. */
  struct gc_json_stream *stream;
  struct gc_listed row;
  struct gc_targets targets; /* of that row */
};

/* Begins a page: throws away what an earlier, broken reading of it left. */
GC_API enum gc_code gc_entity_page_begin(struct gc_entity_page *l,
                                         struct gc_err *err);
GC_API GC_MUST_CHECK enum gc_code gc_entity_page_feed(struct gc_entity_page *l,
                                                      const char *bytes,
                                                      size_t len,
                                                      struct gc_err *err);
/* The page is complete. GC_ERR_PARSE when it is not, or when it begins with
 * the entity that the page before began with: a server that repeats a page
 * would have us ask for ever. The rows of a failed page are dropped. */
GC_API GC_MUST_CHECK enum gc_code gc_entity_page_end(struct gc_entity_page *l,
                                                     struct gc_err *err);

/* Forgets all rows; `max` stays. */
GC_API void gc_entity_page_clear(struct gc_entity_page *l);

#endif
