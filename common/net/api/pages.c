/* SPDX-License-Identifier: MIT */
#include "common/net/api/pages.h"

#include <stdio.h>

void gc_pages_begin(struct gc_pages *p, struct gc_paging *paging) {
  *p = (struct gc_pages){.paging = paging, .number = 1};
  gc_paging_begin(paging);
}

const char *gc_pages_query(struct gc_pages *p, size_t known) {
  if (p->paging == NULL)
    return NULL;
  p->known = known;
  snprintf(p->query, sizeof(p->query), "pageSize=%d&pageNumber=%u",
           GC_PAGES_ROWS, p->number);
  return p->query;
}

enum gc_code gc_pages_next(struct gc_pages *p, size_t rows, size_t known,
                           bool *ret_more, struct gc_err *err) {
  *ret_more =
      p->paging != NULL &&
      gc_paging_has_more(p->paging, rows, GC_PAGES_ROWS, known > p->known);
  if (!*ret_more)
    return GC_OK;
  if (p->number == GC_PAGES_MAX)
    return gc_fail(err, GC_ERR_LIMIT, "more than %d pages", GC_PAGES_MAX);
  p->number++;
  return GC_OK;
}
