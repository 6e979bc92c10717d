/* SPDX-License-Identifier: MIT */
/* The places of collectd.conf that have options of this project. optdoc prints
 * the manual from this list, and tests read it. */
#ifndef GC_TOOLS_OPTION_PAGES_H
#define GC_TOOLS_OPTION_PAGES_H

#include "common/daemon/options.h"

struct option_page {
  const char *plugin, *block; /* block "-": outside of any block */
  const struct gc_opt *rows;
};

extern const struct option_page option_pages[];
extern const size_t option_page_count;

#endif
