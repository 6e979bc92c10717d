/* SPDX-License-Identifier: MIT */
/* Reads the headers that say which answers a client accepts (RFC 9110, 12.5).
 * Pure. */
#ifndef GENESYS_PROMETHEUS_HTTP_ACCEPT_H
#define GENESYS_PROMETHEUS_HTTP_ACCEPT_H

#include <stdbool.h>

/* True if an Accept header allows OpenMetrics, with a quality at least as high
 * as that of the text format. NULL: no header; the text format. */
bool accept_openmetrics(const char *header);

/* True if an Accept-Encoding header allows gzip. NULL: no header; false. */
bool accept_gzip(const char *header);

#endif
