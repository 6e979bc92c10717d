/* SPDX-License-Identifier: MIT */
/* Finds where a value ends, without reading it, for texts that another reader
 * gets in part: the eventBody of a notification, one of several documents in a
 * row. Checks nothing: a value that is not JSON has an end too, and its reader
 * reports the error. Needs no memory, and depth has no limit. Pure.
 *
 * Each function begins at the first byte of the value and returns the byte
 * after the last; NULL: the value does not end before `end`. */
#ifndef GC_BASE_JSON_EXTENT_H
#define GC_BASE_JSON_EXTENT_H

#include "common/base/cleanup.h"

/* `p` is at the opening quote. */
GC_API const char *gc_json_string_end(const char *p, const char *end);

/* `p` is at the opening brace or bracket. Braces and brackets are not
 * distinguished: "[1}" ends with its brace. */
GC_API const char *gc_json_container_end(const char *p, const char *end);

#endif
