/* SPDX-License-Identifier: MIT */
/* The table of docs/cost.md with the requests of 30 days, as the code plans
 * them. */
#ifndef GC_TOOLS_BILL_H
#define GC_TOOLS_BILL_H

#include "common/base/buf.h"

/* Appends the table (Markdown): a <Queues> and a <Query> without any option,
 * their lists of names, and a standby of the same account. */
GC_MUST_CHECK enum gc_code bill_print(struct gc_buf *out);

#endif
