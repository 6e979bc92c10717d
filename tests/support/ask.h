/* SPDX-License-Identifier: MIT */
/* One exchange that the test's thread requests: it runs on the loop's thread,
 * and its answer is copied, so that a test reads top to bottom. */
#ifndef GC_TESTS_SUPPORT_ASK_H
#define GC_TESTS_SUPPORT_ASK_H

#include "common/base/connect.h"
#include "common/net/http/http.h"
#include "common/net/loop.h"
#include "tests/support/deadline.h"

/* A loop and a transport with settings of its own. */
struct asker {
  struct gc_connect connect;
  struct gc_loop *loop;
  struct gc_http *http;
};

/* Ends the program on failure. `connect` NULL: verify, 10 s, no proxy. */
void asker_begin(struct asker *a, const struct gc_connect *connect);
void asker_end(struct asker *a);
struct gc_connect asker_connect(void); /* the defaults above */
/* Removes the proxies of the environment, for the whole program. */
void asker_forget_proxies(void);

struct ask {
  struct asker *asker;
  struct gc_exchange x; /* the test may set anything before ask_start */
  struct gc_sink sink;  /* writes to `got`; used when x.sink points here */
  char got[65536];
  size_t got_len;
  unsigned begins, writes;
  enum gc_code sink_answer; /* the sink's result; GC_OK at first */

  /* The answer. */
  enum gc_code start_code;
  unsigned done_count, done_want; /* ask_wait waits for done_want */
  struct gc_reply reply;          /* body.data is NULL: see body */
  struct gc_err err;
  char body[70000];

  /* Called on the loop's thread inside `done`, after the copy; may be NULL. */
  void (*after)(struct ask *a);
  /* Called inside the sink's write; may be NULL. */
  void (*inside)(struct ask *a);
  void *ctx;
};

/* Prepares a GET of `url` with a sink and a bearer token. */
void ask_init(struct ask *q, struct asker *a, const char *url);
void ask_start(struct ask *q);
void ask_start_all(struct ask *first, size_t count); /* in one call */
/* True if `done` was called `done_want` times within the deadline. */
bool ask_wait(struct ask *q);
/* Calls ask_init, ask_start and ask_wait. */
bool ask_get(struct ask *q, struct asker *a, const char *url);
void ask_cancel(struct ask *q);

/* Returns the final texts of all exchanges, in which a test looks for
 * secrets. */
const char *ask_all_words(void);
#define ASK_BEARER "b3arer-t0ken"

#endif
