/* SPDX-License-Identifier: MIT */
/* The progress of a query as a page of the account's lease (net/lease_book), so
 * that the next holder continues where this one stopped:
 *
 *   mark        IDENTITY SETTLED DONE          times in epoch ms
 *   pending     the window to send next, as gc_outbox_write prints it
 *   total KEY   COUNT SUM SENT                 SUM: its bits, in hex */
#ifndef GC_ANALYTICS_SEND_CHECKPOINT_PAGE_H
#define GC_ANALYTICS_SEND_CHECKPOINT_PAGE_H

#include "common/net/lease_book.h"
#include "common/net/store/queries.h"

/* Reads the page. *ret_found false: the page is empty. `row` takes the totals,
 * if the page's query is `identity`; `pending` takes the text of the pending
 * window. GC_ERR_PARSE for a page that this version did not write,
 * GC_ERR_MEMORY, GC_ERR_LIMIT, codes of `row`. */
GC_MUST_CHECK enum gc_code gc_checkpoint_page_read(
    const struct gc_lease_page *page, const char *identity, bool *ret_found,
    struct gc_query_mark *ret_mark, struct gc_buf *pending,
    enum gc_code (*row)(void *ctx, const struct gc_query_total *total),
    void *ctx);

/* Writes mark, totals and pending window; save->forget: no other totals stay.
 * Codes as gc_lease_page_write. */
GC_MUST_CHECK enum gc_code
gc_checkpoint_page_write(struct gc_lease_page *page, uint64_t fence,
                         const struct gc_query_save *save,
                         uint64_t *ret_version);

#endif
