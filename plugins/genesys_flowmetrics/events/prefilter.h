/* SPDX-License-Identifier: MIT */
/* Rejects events without a metric, most of a contact centre's, without parsing
 * JSON. Pure, any thread. */
#ifndef GENESYS_FLOWMETRICS_EVENTS_PREFILTER_H
#define GENESYS_FLOWMETRICS_EVENTS_PREFILTER_H

#include "plugins/genesys_flowmetrics/events/attribute_name.h"

/* True when no attribute of the event can contain the format's marker, and the
 * bytes begin and end as documents do. JSON can hide a letter of the marker
 * behind \u only, also where one document is a string in another (SNS); it can
 * hide a quote, a slash, a backslash or a control character behind any
 * backslash. A body with base64 in "data" is not rejected.
 * Invariant, fuzzed against event_read_unfiltered: a rejected event has no
 * metric. A rejected event with broken JSON inside is not reported as such. */
bool prefilter_rejects(const struct attribute_form *form, const char *bytes,
                       size_t len);

#endif
