/* SPDX-License-Identifier: MIT */
/* The few headers of an answer that we look at, fed line by line. Knows of
 * libcurl only its date parser. */
#ifndef GC_NET_HTTP_HEADERS_H
#define GC_NET_HTTP_HEADERS_H

#include "common/base/transport.h"

/* All header lines of an answer together. */
enum { GC_HEADERS_MAX_BYTES = 64 * 1024 };

struct gc_reply_headers {
  char retry_after[64]; /* as it came, "" when absent */
  size_t bytes;
  bool is_open; /* between a status line and the empty line */
};

/* Takes one header line, with or without its CR LF; a status line begins anew
 * (100 Continue has headers of its own). Fills date_ms, correlation and
 * is_json of `reply`. GC_ERR_LIMIT past GC_HEADERS_MAX_BYTES. */
GC_MUST_CHECK enum gc_code gc_reply_headers_take(struct gc_reply_headers *h,
                                                 const char *line, size_t len,
                                                 struct gc_reply *reply);

/* After the last line: fills has_retry_after and retry_after_s (RFC 9110
 * 10.2.3: seconds, or a date). A date is read against the answer's own Date,
 * so that a wrong clock here does not matter, else against `wall_ms`. */
void gc_reply_headers_end(const struct gc_reply_headers *h, int64_t wall_ms,
                          struct gc_reply *reply);

#endif
