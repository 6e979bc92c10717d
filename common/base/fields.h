/* SPDX-License-Identifier: MIT */
/* The fields of a page: pairs of a name and a text in one buffer,
 * "FIELD\0TEXT\0FIELD\0TEXT\0". State is kept in pages: in the state file
 * (net/store), and in Redis for the next holder of a lease (net/lease_book).
 * Pure, any thread. */
#ifndef GC_BASE_FIELDS_H
#define GC_BASE_FIELDS_H

#include <stdbool.h>

#include "common/base/buf.h"

/* Appends a field and its text. An empty text removes the field from a page.
 * GC_ERR_LIMIT, GC_ERR_MEMORY: `fields` is as before. */
GC_API GC_MUST_CHECK enum gc_code
gc_fields_add(struct gc_buf *fields, const char *field, const char *text);
/* Returns the next pair, from *offset on, and moves *offset; false: no more. */
GC_API bool gc_fields_next(const struct gc_buf *fields, size_t *offset,
                           const char **ret_field, const char **ret_text);

#endif
