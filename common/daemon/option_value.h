/* SPDX-License-Identifier: MIT */
/* Reads one option of collectd's configuration tree into the member that its
 * row names. Private to common/daemon; include collectd.h and configfile.h
 * first. */
#ifndef GC_DAEMON_OPTION_VALUE_H
#define GC_DAEMON_OPTION_VALUE_H

#include "common/base/nearest.h"
#include "common/daemon/options.h"

/* Reads all values of `ci`. `again`: the option was given before, so a list
 * grows; otherwise the values replace the default. An error text begins with
 * the option's name. */
GC_MUST_CHECK enum gc_code gc_option_read(const struct gc_opt *row,
                                          const oconfig_item_t *ci, bool again,
                                          void *settings, struct gc_err *err);

/* Writes `in` in double quotes, cut at some 60 bytes and marked with "…", as
 * messages show a value or a name of the file. `size` is at least 80. Returns
 * `out`. */
const char *gc_text_quote(char *out, size_t size, const char *in);

#endif
