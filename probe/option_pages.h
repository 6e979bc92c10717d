/* SPDX-License-Identifier: MIT */
/* The places of collectd.conf that have options of this project. The manual and
 * genesys-probe print this list, and tests read it. */
#ifndef PROBE_OPTION_PAGES_H
#define PROBE_OPTION_PAGES_H

#include "common/daemon/options.h"

struct option_page {
  const char *plugin, *block; /* block "-": outside of any block */
  bool is_named;              /* the block has a name: <Account "prod"> */
  const struct gc_opt *rows;
};

extern const struct option_page option_pages[];
extern const size_t option_page_count;

#endif
