/* SPDX-License-Identifier: MIT */
/* Prints rows of options for the manual. Needs no daemon. */
#ifndef GC_TOOLS_OPTIONS_MANUAL_H
#define GC_TOOLS_OPTIONS_MANUAL_H

#include "common/daemon/options.h"

/* Writes the rows as a table of the manual (Markdown): option, type, unit,
 * default, accepted values, help. */
struct gc_buf;
GC_MUST_CHECK enum gc_code gc_options_manual(const struct gc_opt *rows,
                                             struct gc_buf *out);

/* Writes a row's example as in the file: Queue "Support*". */
GC_MUST_CHECK enum gc_code gc_option_example(const struct gc_opt *row,
                                             struct gc_buf *out);

/* Adds the rows as an array of objects to a document (base/json/document), for
 * programs that generate other documents:
 *   {"option": "Window", "type": "number", "unit": "s", "default": null,
 *    "required": false, "secret": false, "accepted": "whole, 1 to 86400",
 *    "meaning": "…", "example": "Window 60"}
 * The default of a secret is not shown. */
struct gc_document;
struct json_object;
void gc_options_json(const struct gc_opt *rows, struct gc_document *d,
                     struct json_object *in, const char *key);

#endif
