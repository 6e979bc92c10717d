/* SPDX-License-Identifier: MIT */
/* The options of <Sprout "NAME"> as rows. Configuration phase, one thread. */
#ifndef GC_SPROUT_OPTIONS_H
#define GC_SPROUT_OPTIONS_H

#include "common/daemon/options.h"

struct sprout_options {
  char *account;
  uint32_t every_s;
};

extern const struct gc_opt sprout_rows[];

#endif
