/* SPDX-License-Identifier: MIT */
/* <Health>: its options as rows. Configuration phase, one thread; const
 * afterwards. */
#ifndef GENESYS_HEALTH_OPTIONS_H
#define GENESYS_HEALTH_OPTIONS_H

#include "common/daemon/options.h"
#include "common/net/listener/options.h"

struct health_options {
  struct gc_listener_options at;
  char *secret_file, *secret_header; /* file NULL: no secret */
};

extern const struct gc_opt health_rows[];

/* Checks the rules that rows cannot express. Sets `warning` for a setting that
 * works but is unsafe. Reads no file, because its disk may hang. */
GC_MUST_CHECK enum gc_code health_check(const struct health_options *o,
                                        struct gc_err *warning,
                                        struct gc_err *err);

#endif
