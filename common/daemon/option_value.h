/* SPDX-License-Identifier: MIT */
/* One option of collectd's configuration tree to the member its row names.
 * Private to common/daemon; collectd.h and configfile.h come before it. */
#ifndef GC_DAEMON_OPTION_VALUE_H
#define GC_DAEMON_OPTION_VALUE_H

#include "common/daemon/options.h"

/* Reads all values of `ci`. `again`: the option was given before, so a list
 * grows; else it replaces the default. The text of a failure begins with the
 * option's name. */
GC_MUST_CHECK enum gc_code gc_option_read(const struct gc_opt *row,
                                          const oconfig_item_t *ci, bool again,
                                          void *settings, struct gc_err *err);

#endif
