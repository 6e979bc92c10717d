/* SPDX-License-Identifier: MIT */
/* What a client accepts (RFC 9110, 12.5). Pure. */
#ifndef GENESYS_PROMETHEUS_HTTP_ACCEPT_H
#define GENESYS_PROMETHEUS_HTTP_ACCEPT_H

#include <stdbool.h>

/* True if an Accept header prefers OpenMetrics to the text format: its quality
 * is at least as high. NULL: no header, the text format. */
bool accept_openmetrics(const char *header);

/* True if an Accept-Encoding header allows gzip; NULL does not. */
bool accept_gzip(const char *header);

#endif
