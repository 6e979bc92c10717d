/* SPDX-License-Identifier: MIT */
/* Most events of a contact centre carry no metric: they are dismissed without
 * a JSON parse. Pure, any thread. */
#ifndef GENESYS_FLOWMETRICS_EVENTS_PREFILTER_H
#define GENESYS_FLOWMETRICS_EVENTS_PREFILTER_H

#include "plugins/genesys_flowmetrics/events/attribute_name.h"

/* True when no attribute of the event can hold the format's marker, whatever
 * its JSON says, and the bytes begin and end as a document does. A letter of
 * the marker can hide in JSON only behind \u, also where one document is a
 * string in another (SNS); a marker with a quote, a slash, a backslash or a
 * control character can hide behind any backslash.
 * Law, fuzzed against decode_event: what is dismissed holds no metric. It may
 * be broken inside, which then nobody notices. */
bool prefilter_rejects(const struct attribute_form *form, const char *bytes,
                       size_t len);

#endif
