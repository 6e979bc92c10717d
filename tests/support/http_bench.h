/* SPDX-License-Identifier: MIT */
/* What the tests of common/net/http/http share: a plain server of
 * tests/support/web that is always there, certificates, and what no error may
 * say. */
#ifndef GC_TESTS_SUPPORT_HTTP_BENCH_H
#define GC_TESTS_SUPPORT_HTTP_BENCH_H

#include "tests/support/ask.h"
#include "tests/support/certs.h"
#include "tests/support/server.h"

#define HTTP_PROXY_PASSWORD "pr0xy-pw"
#define HTTP_PROXY_BASIC "dXNlcjpwcjB4eS1wdw==" /* user:pr0xy-pw */
#define HTTP_QUERY_SECRET "qu3ry-secret"

extern struct certs http_certs;

/* First and last in main. No proxy of the environment is in the way. */
void http_bench_begin(void);
void http_bench_end(void);

/* A URL of `s`, and one of the server that is always there. The last 64 stay
 * valid. */
const char *http_url_at(const struct server *s, const char *scheme,
                        const char *path);
const char *http_url_of(const char *path);

/* One GET with settings of its own. */
void http_get_with(struct ask *q, const struct gc_connect *connect,
                   const char *url);

/* A law of its own, the last in each program whose failures have words: it
 * looks at all that was said before. */
void http_no_words_hold_a_secret(void);

#endif
