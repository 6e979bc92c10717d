/* SPDX-License-Identifier: MIT */
/* Reads one member of an object that may be cut off: an error body of which
 * only the beginning is kept, which json/document refuses. Built on
 * json/stream, so that nesting and escapes are read as everywhere. Pure. */
#ifndef GC_BASE_JSON_CUT_H
#define GC_BASE_JSON_CUT_H

#include "common/base/cleanup.h"

#include <stdbool.h>

/* Copies the text of the member `key` of the outermost object to `out`, whole
 * characters up to `size`, which is at least 1. If the object is cut off within
 * that text, copies what there is of it. What follows the member may be
 * anything; if the key is there twice, the last text counts.
 * Returns false, with `out` untouched, when there is no such text before the
 * first error: not JSON, no such member, not a string, or one with a NUL
 * inside. Needs up to about `len` bytes of memory, so `len` should be small. */
GC_API GC_MUST_CHECK bool gc_json_cut_text(const char *bytes, size_t len,
                                           const char *key, char *out,
                                           size_t size);

#endif
