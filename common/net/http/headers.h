/* SPDX-License-Identifier: MIT */
/* Reads the few headers of an answer that matter, line by line. Uses only the
 * date parser of libcurl. Pure; any thread. */
#ifndef GC_NET_HTTP_HEADERS_H
#define GC_NET_HTTP_HEADERS_H

#include "common/base/transport.h"

/* Sum of all header lines of an answer. */
enum { GC_HEADERS_MAX_BYTES = 64 * 1024 };

struct gc_reply_headers {
  char encoding[32];    /* Content-Encoding, as received; "" when absent */
  char retry_after[64]; /* as received; "" when absent */
  size_t bytes;
  bool is_open; /* between a status line and the empty line */
};

/* Reads one header line, with or without its CR LF, and fills date_ms,
 * correlation, is_json and closes_connection of `reply`. A status line resets
 * them (100 Continue has headers of its own). GC_ERR_LIMIT beyond
 * GC_HEADERS_MAX_BYTES. */
GC_MUST_CHECK enum gc_code gc_reply_headers_read(struct gc_reply_headers *h,
                                                 const char *line, size_t len,
                                                 struct gc_reply *reply);

/* Fills has_retry_after and retry_after_s of `reply` after the last line (RFC
 * 9110 10.2.3: seconds, or a date). A date counts from the answer's own Date,
 * so that a wrong clock of this host does not matter; without a Date it counts
 * from `wall_ms` (epoch). */
void gc_reply_headers_end(const struct gc_reply_headers *h, int64_t wall_ms,
                          struct gc_reply *reply);

#endif
