/* SPDX-License-Identifier: MIT */
/* Shared by the tests of common/net/http/http: a plain server of
 * tests/support/web, certificates, and the secrets that no error may contain.
 */
#ifndef GC_TESTS_SUPPORT_HTTP_BENCH_H
#define GC_TESTS_SUPPORT_HTTP_BENCH_H

#include "tests/support/certs.h"
#include "tests/support/server.h"
#include "tests/support/test_request.h"

#define HTTP_PROXY_PASSWORD "pr0xy-pw"
#define HTTP_PROXY_BASIC "dXNlcjpwcjB4eS1wdw==" /* user:pr0xy-pw */
#define HTTP_QUERY_SECRET "qu3ry-secret"

extern struct certs http_certs;

/* Call them first and last in main. They remove proxies of the environment. */
void http_bench_begin(void);
void http_bench_end(void);

/* Return a URL of `s`, and one of the plain server. The last 64 stay valid. */
const char *http_url_at(const struct server *s, const char *scheme,
                        const char *path);
const char *http_url_of(const char *path);

/* Runs one GET with the given settings. */
void http_get_with(struct test_request *q, const struct gc_connect *connect,
                   const char *url);

/* Checks that no error text of the earlier tests contains a secret; run it as
 * the last test of a program. */
void http_no_words_hold_a_secret(void);

#endif
