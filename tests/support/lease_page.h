/* SPDX-License-Identifier: MIT */
/* A page of a lease in Redis, for tests without a server: a buffer of fields.
 */
#ifndef GC_TESTS_SUPPORT_LEASE_PAGE_H
#define GC_TESTS_SUPPORT_LEASE_PAGE_H

#include "common/net/lease_book.h"
#include "tests/support/check.h"

/* For gc_lease_book_collect: adds a field to the gc_buf `fields`. */
static inline void lease_page_store(void *fields, const char *page,
                                    const char *field, const char *text) {
  (void)page;
  CHECK_INT(gc_fields_add(fields, field, text), GC_OK);
}

#endif
