/* SPDX-License-Identifier: MIT */
/* One exchange that the test's thread requests: it runs on the loop's thread,
 * and its answer is copied, so that a test reads top to bottom. */
#ifndef GC_TESTS_SUPPORT_TEST_REQUEST_H
#define GC_TESTS_SUPPORT_TEST_REQUEST_H

#include "common/base/connect.h"
#include "common/net/http/http.h"
#include "common/net/loop.h"
#include "tests/support/deadline.h"

/* A loop and a transport with settings of its own. */
struct test_client {
  struct gc_connect connect;
  struct gc_loop *loop;
  struct gc_http *http;
};

/* Starts the loop and the transport; ends the program on failure. `connect`
 * NULL: verify, 10 s, no proxy. */
void test_client_begin(struct test_client *a, const struct gc_connect *connect);
void test_client_end(struct test_client *a);
struct gc_connect test_client_connect(void); /* the defaults above */
/* Removes the proxies of the environment, for the whole program. */
void test_client_forget_proxies(void);

struct test_request {
  struct test_client *client;
  struct gc_exchange
      x;               /* the test may set anything before test_request_start */
  struct gc_sink sink; /* writes to `got`; used when x.sink points here */
  char got[65536];
  size_t got_len;
  unsigned begins, writes;
  enum gc_code sink_answer; /* the sink's result; GC_OK at first */

  /* The answer. */
  enum gc_code start_code;
  unsigned done_count, done_want; /* test_request_wait waits for done_want */
  struct gc_reply reply;          /* body.data is NULL: see body */
  struct gc_err err;
  char body[70000];

  /* Called on the loop's thread inside `done`, after the copy; may be NULL. */
  void (*after)(struct test_request *a);
  /* Called inside the sink's write; may be NULL. */
  void (*inside)(struct test_request *a);
  void *ctx;
};

/* Prepares a GET of `url` with a sink and a bearer token. */
void test_request_init(struct test_request *q, struct test_client *a,
                       const char *url);
void test_request_start(struct test_request *q);
void test_request_start_all(struct test_request *first,
                            size_t count); /* in one call */
/* True if `done` was called `done_want` times within the deadline. */
bool test_request_wait(struct test_request *q);
/* Calls test_request_init, test_request_start and test_request_wait. */
bool test_request_get(struct test_request *q, struct test_client *a,
                      const char *url);
void test_request_cancel(struct test_request *q);

/* Returns the final texts of all exchanges, in which a test looks for
 * secrets. */
const char *test_request_all_words(void);
#define TEST_BEARER "b3arer-t0ken"

#endif
