/* SPDX-License-Identifier: MIT */
/* The answers that the tests of http ask for, right and wrong ones, by path. */
#ifndef GC_TESTS_SUPPORT_WEB_H
#define GC_TESTS_SUPPORT_WEB_H

#include "tests/support/server.h"

/* For server_plan.serve; ctx is not used. */
void web_serve(struct conn *c, void *ctx);

/* The last request that "/echo" or "/gzip" got. */
struct request web_last(void);

#endif
