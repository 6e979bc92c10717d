/* SPDX-License-Identifier: MIT */
/* One block of a plugin's configuration, given by its lines, for tests of the
 * options of a block. */
#ifndef GC_TESTS_SUPPORT_BLOCK_TEXT_H
#define GC_TESTS_SUPPORT_BLOCK_TEXT_H

#include "common/daemon/options.h"

/* Reads <Plugin `plugin`> with one block of the first of `kinds`, which has
 * this name and these lines. Returns "" or the text of the failure, valid until
 * the next call. */
const char *block_text(const char *plugin, const struct gc_block_kind *kinds,
                       const char *name, const char *lines);

#endif
