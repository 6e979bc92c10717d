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

#endif
