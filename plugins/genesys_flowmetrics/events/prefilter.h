/* SPDX-License-Identifier: MIT */
/* Rejects events without a metric before JSON is parsed. Most events of a
 * contact centre have none. Pure, any thread. */
#ifndef GENESYS_FLOWMETRICS_EVENTS_PREFILTER_H
#define GENESYS_FLOWMETRICS_EVENTS_PREFILTER_H

#include "plugins/genesys_flowmetrics/events/attribute_name.h"

/* Returns true when no attribute of the event can contain the format's marker,
 * and the bytes begin and end as documents do. JSON can escape a letter of the
 * marker only as \u, also where one document is a string in another (SNS). It
 * can write a quote, a slash, a backslash or a control character with other
 * escapes, too. A body with base64 in "data" is not rejected. A rejected event
 * has no metric; a fuzzer checks this against event_read_unfiltered. Broken
 * JSON inside a rejected event is not reported. */
bool prefilter_rejects(const struct attribute_form *form, const char *bytes,
                       size_t len);

#endif
