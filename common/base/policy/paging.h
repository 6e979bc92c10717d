/* SPDX-License-Identifier: MIT */
/* Decides whether a paged answer that names no total has another page. Pure.
 *
 * A short page is no proof that it is the last, since a server may have a limit
 * of its own. An empty page is a proof, but costs a request. Therefore:
 *
 *   every GC_PAGING_CHECK_EVERY-th reading, the first included, requests pages
 *   until one has nothing new, and learns the size of the pages that were full
 *
 *   in between, a page is followed by another if it has the requested size, the
 *   size of the full pages, or a multiple of GC_PAGING_STEP rows, since limits
 *   of servers are round numbers; or if the reading would have less than 7/8 of
 *   the rows of the reading before; but none follows once the reading has
 *   rows_max rows
 *
 *   rows of each reading     pages requested
 *   37                       2 (a check: 37, 0), then 1
 *   251, limit 100           4 (a check: 100, 100, 51, 0), then 3
 *   50                       2 in each reading: 50 may be the limit
 *
 * A server whose limit changes to a number that is no multiple of 25 and is
 * just below the number of rows loses the rest until the next check. */
#ifndef GC_BASE_POLICY_PAGING_H
#define GC_BASE_POLICY_PAGING_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

enum { GC_PAGING_CHECK_EVERY = 6, GC_PAGING_STEP = 25 };

/* The caller zeroes it before the first reading and keeps it for all readings.
 */
struct gc_paging {
  size_t full, before;      /* rows of a full page; of the last page */
  size_t total, last_total; /* rows of this reading; of the last one */
  size_t checked_total;     /* rows of the last check */
  size_t rows_max; /* largest number of rows, set by the caller; counts only if
                      the last check agrees; 0: unknown */
  unsigned readings;
  bool is_check;
};

/* Begins a reading; called before its first page is requested. */
GC_API void gc_paging_begin(struct gc_paging *p);

/* Notes a page of `rows` rows after a request for `requested` rows. True if
 * another page is to be requested. `has_new`: the page has rows that no earlier
 * page had; a server that does not know pages repeats the first one. */
GC_API bool gc_paging_has_more(struct gc_paging *p, size_t rows,
                               size_t requested, bool has_new);

#endif
