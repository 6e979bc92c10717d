/* SPDX-License-Identifier: MIT */
/* The pages of one reading of an activity query, whose answers name no total:
 * the query text of each page, and whether another one follows (base/policy/
 * paging). Pure, any thread. */
#ifndef GC_NET_API_PAGES_H
#define GC_NET_API_PAGES_H

#include "common/base/policy/paging.h"

enum {
  GC_PAGES_ROWS = 1000, /* requested for a page; the API names no maximum, and
                           a server may make pages smaller */
  GC_PAGES_MAX = 500,   /* in one reading */
};

/* Zeroed: the query has no pages. */
struct gc_pages {
  struct gc_paging *paging; /* of all readings, borrowed; NULL: no pages */
  unsigned number;          /* the page that is requested, from 1 on */
  size_t known;             /* distinct rows of the earlier pages */
  char query[40];
};

/* Begins a reading with its first page. */
GC_API void gc_pages_begin(struct gc_pages *p, struct gc_paging *paging);

/* Returns the query text of the page, which lasts until the next call; NULL if
 * the query has no pages. `known`: distinct rows that the reading has so far.
 */
GC_API const char *gc_pages_query(struct gc_pages *p, size_t known);

/* Notes a page of `rows` rows, after which the reading has `known` distinct
 * ones. *ret_more: another page follows, and `p` stands at it. GC_ERR_LIMIT,
 * with *ret_more true, when that would be page GC_PAGES_MAX + 1. */
GC_API enum gc_code gc_pages_next(struct gc_pages *p, size_t rows, size_t known,
                                  bool *ret_more, struct gc_err *err);

#endif
