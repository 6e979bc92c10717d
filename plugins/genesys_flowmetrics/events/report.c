/* SPDX-License-Identifier: MIT */
#include "plugins/genesys_flowmetrics/events/decode.h"

void event_report_unread(const struct event_reader *r,
                         void (*notice)(void *ctx, const char *cause,
                                        const struct gc_err *err),
                         void *ctx) {
  struct gc_err err = {.code = GC_OK};
  (void)gc_fail(&err, GC_ERR_PARSE,
                "an event has metrics at a place that is not understood (%s); "
                "it is not acknowledged: compare its form with those in the "
                "README",
                event_reader_shape(r));
  notice(ctx, "unread events", &err);
}
