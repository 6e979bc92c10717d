/* SPDX-License-Identifier: MIT */
#include "common/base/policy/paging.h"

void gc_paging_begin(struct gc_paging *p) {
  if (p->is_check)
    p->checked_total = p->total;
  p->is_check = p->readings++ % GC_PAGING_CHECK_EVERY == 0;
  p->before = 0;
  p->last_total = p->total;
  p->total = 0;
}

bool gc_paging_has_more(struct gc_paging *p, size_t rows, size_t requested,
                        bool has_new) {
  if (rows == 0 || !has_new)
    return false;
  if (p->before > 0) /* the page before was full */
    p->full = p->before;
  p->before = rows;
  p->total += rows;
  bool is_all = p->rows_max > 0 && p->total >= p->rows_max &&
                p->checked_total <= p->rows_max;
  if (is_all && !p->is_check)
    return false;
  bool is_shrunk = p->total < p->last_total - p->last_total / 8;
  return p->is_check || is_shrunk || rows >= requested || rows == p->full ||
         rows % GC_PAGING_STEP == 0;
}
