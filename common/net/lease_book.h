/* SPDX-License-Identifier: MIT */
/* The state that passes from one holder of a lease to the next
 * (docs/decisions/0017): named pages of fields with texts, such as a block's
 * counters. The blocks of the holder write their pages; the thread that keeps
 * the lease (plugins/genesys/lease_keeper) writes the changes with its next
 * renewal, and reads all pages before this agent becomes the holder.
 *
 *   block                               thread of the lease
 *   gc_lease_page_fence: 7, so it       gc_lease_book_read, after a claim
 *     begins with gc_lease_page_copy
 *   gc_lease_page_write: version 3      gc_lease_book_collect, each renewal
 *   gc_lease_page_has(3): dispatches    gc_lease_book_settle, its answer
 *
 * Functions copy their arguments and wait for nothing but such copies. */
#ifndef GC_NET_LEASE_BOOK_H
#define GC_NET_LEASE_BOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/fields.h"

enum {
  GC_LEASE_PAGES_MAX = 200,
  GC_LEASE_PAGE_NAME_SIZE = 256, /* with the NUL; longer names are cut */
  /* All pages of a book: one renewal must be able to write them. */
  GC_LEASE_BOOK_MAX_BYTES = 4 << 20,
};

struct gc_lease_book;
struct gc_lease_page;

/* Makes an empty book; never NULL. */
GC_API struct gc_lease_book *gc_lease_book_new(void);
/* Frees the book and its pages, when no thread uses them. */
GC_API void gc_lease_book_free(struct gc_lease_book *b);

/* ---- a block; any thread ---- */

/* Returns the page of this name, which the book owns. All agents name it alike.
 * NULL beyond GC_LEASE_PAGES_MAX. */
GC_API struct gc_lease_page *gc_lease_book_page(struct gc_lease_book *b,
                                                const char *name);
/* Returns the fence of the lease under which this agent may write the page; 0:
 * another agent has the lease, or the page is not read yet. With another fence
 * than before, the block begins with a copy of the page. */
GC_API uint64_t gc_lease_page_fence(const struct gc_lease_page *p);
/* Appends all fields. GC_ERR_MEMORY, GC_ERR_LIMIT. */
GC_API GC_MUST_CHECK enum gc_code
gc_lease_page_copy(const struct gc_lease_page *p, struct gc_buf *fields);
/* Writes the fields and, if `is_all`, removes all others. The next holder finds
 * all of them or none. *ret_version is for gc_lease_page_has. GC_ERR_STATE: the
 * page does not have this fence any more, and stays as it is. GC_ERR_LIMIT: the
 * book is full; GC_ERR_MEMORY: Redis then gets nothing of the page until a
 * write with `is_all` succeeds. */
GC_API GC_MUST_CHECK enum gc_code
gc_lease_page_write(struct gc_lease_page *p, uint64_t fence,
                    const struct gc_buf *fields, bool is_all,
                    uint64_t *ret_version);
/* True if Redis has this version, or if the holder goes on without Redis. */
GC_API bool gc_lease_page_has(const struct gc_lease_page *p, uint64_t version);

/* ---- the thread of the lease ---- */

/* Reports the fields that Redis lacks, page by page, for one renewal. */
GC_API void gc_lease_book_collect(struct gc_lease_book *b, uint64_t fence,
                                  void (*report)(void *ctx, const char *page,
                                                 const char *field,
                                                 const char *text),
                                  void *ctx);
/* Takes the outcome of that renewal. True: Redis has executed it. False: that
 * is not known, so the next renewal repeats the fields. */
GC_API void gc_lease_book_settle(struct gc_lease_book *b, bool is_confirmed);
/* Notes that Redis has lost data: the next renewal writes all fields, and the
 * pages have to be read again. */
GC_API void gc_lease_book_lost(struct gc_lease_book *b);
/* Finds a page that was not read under this fence, or not since a loss; false:
 * all were. */
GC_API bool gc_lease_book_find_unread(const struct gc_lease_book *b,
                                      uint64_t fence,
                                      char ret_name[GC_LEASE_PAGE_NAME_SIZE]);
/* Takes the fields that Redis has of the page. The agent's own fields count
 * after a loss, and if no other agent has had the lease since they were written
 * (Redis was emptied, or was a replica of an empty one): the next renewal
 * writes them all, and removes the fields that the page does not have.
 * GC_ERR_MEMORY, GC_ERR_LIMIT. */
GC_API GC_MUST_CHECK enum gc_code
gc_lease_book_read(struct gc_lease_book *b, const char *name, uint64_t fence,
                   const struct gc_buf *fields);
/* Notes that this agent does not have the lease: all pages count as not read.
 * `is_taken`: another agent has it, so the pages are emptied. */
GC_API void gc_lease_book_leave(struct gc_lease_book *b, bool is_taken);
/* Sets whether the holder goes on without Redis (LeaseLost "go on"): every
 * version then counts as confirmed. */
GC_API void gc_lease_book_go_on(struct gc_lease_book *b, bool goes_on);

#endif
