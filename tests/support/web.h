/* SPDX-License-Identifier: MIT */
/* Right and wrong HTTP answers by path, for the tests of common/net/http. */
#ifndef GC_TESTS_SUPPORT_WEB_H
#define GC_TESTS_SUPPORT_WEB_H

#include "tests/support/server.h"

/* For server_plan.serve; ctx is not used. */
void web_serve(struct conn *c, void *ctx);

/* The last request that "/echo" or "/gzip" got. */
struct request web_last(void);

#endif
