/* SPDX-License-Identifier: MIT */
/* What all checks of the network share: the place that is checked, the receiver
 * of their results, the time that is left, and requests that the main thread
 * waits for. Main thread, except for probe_report and probe_wait_end. */
#ifndef PROBE_NETWORK_PLACE_H
#define PROBE_NETWORK_PLACE_H

#include <pthread.h>

#include "common/daemon/plugin_base.h"
#include "common/net/account.h"
#include "common/net/http/http.h"
#include "probe/checks.h"
#include "probe/network/network.h"

enum {
  PROBE_NETWORK_LIMIT_MS = 40000, /* all checks together */
  PROBE_STEP_LIMIT_MS = 12000,    /* one request, with its token */
  PROBE_SUBJECT_SIZE = 300,
};

struct probe_reporter {
  probe_say *say;
  uint64_t end_ms; /* monotonic */
};

struct probe_account {
  const char *name;
  struct gc_account *account; /* NULL: it failed a check */
  bool channel_tried;
  /* The outcomes of permission requests, which the blocks share. */
  struct probe_permission {
    bool is_known;
    struct gc_err err;
  } permissions[GC_ENDPOINT_COUNT];
};

struct probe_place {
  const struct probe_reporter *reporter;
  const struct gc_block *block;
  /* NULL: the block has no account, or the account failed a check and has rows
   * of its own. */
  struct gc_account *account;
  struct probe_account *state;      /* of that account */
  char subject[PROBE_SUBJECT_SIZE]; /* "genesys_realtime <Queues "all">" */
};

/* Passes a result to the reporter; a long text is cut. Any thread. */
void probe_report(const struct probe_place *p, enum probe_check check,
                  enum probe_state state, const char *format, ...)
    GC_PRINTF(4, 5);

/* Returns the ms that a step may take: `limit_ms`, or less if less is left for
 * all checks. */
uint32_t probe_left_ms(const struct probe_place *p, uint32_t limit_ms);

/* True if there is time for another check; else reports that it was not made.
 */
bool probe_has_time(const struct probe_place *p, enum probe_check check);

/* ---- a stop of the probe ---- */

/* From now on SIGTERM ends the process: at once, or, after probe_hold_begin,
 * with probe_hold_end. */
void probe_hold_prepare(void);
/* Call it when the probe has made something that it must remove, such as a
 * channel's topics. After a SIGTERM all waits end and no time is left, until
 * probe_hold_return. */
void probe_hold_begin(void);
/* Call it before the removal: waits have their time again. */
void probe_hold_return(void);
/* Call it after the removal. Ends the process if there was a SIGTERM. */
void probe_hold_end(void);

/* ---- waits ---- */

/* Waits for an outcome that another thread reports. */
struct probe_wait {
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool is_over;
};
void probe_wait_init(struct probe_wait *w);
/* Ends the wait. Any thread. */
void probe_wait_end(struct probe_wait *w);
/* Returns false when `limit_ms` passed before the end, or when the probe is
 * stopped. */
bool probe_wait_for(struct probe_wait *w, uint32_t limit_ms);
void probe_wait_clear(struct probe_wait *w);
/* Runs begin(ctx) on the thread of `loop`, waits until probe_wait_end(w), and
 * runs end(ctx) there, which stops the work that `begin` started. Initializes
 * and clears `w`. Returns false when `limit_ms` passed before the end, or when
 * the probe is stopped. */
bool probe_wait_run(struct probe_wait *w, struct gc_loop *loop,
                    void (*begin)(void *ctx), void (*end)(void *ctx), void *ctx,
                    uint32_t limit_ms);

/* ---- calls of the Platform API, through the account's API (common/net/api):
 * token, budget, retries and errors are those of the plugins ---- */

/* The request. Strings are borrowed; all of them may be NULL. */
struct probe_request {
  enum gc_endpoint_id endpoint;
  const char *path, *path_tail, *query, *body;
};

struct probe_answer {
  struct gc_err err; /* GC_OK: `body` is whole; else err.text, which ends
                        without a full stop */
  int64_t date_ms;   /* Date header, epoch; 0: none */
  int64_t wall_ms;   /* this host's clock at the same moment */
  struct gc_buf body;
};

/* Sends the request and waits for its answer, for PROBE_STEP_LIMIT_MS or the
 * time that is left for all checks. Free the answer with probe_answer_clear.
 * Returns ret->err.code; GC_ERR_TIMEOUT when no answer came in time. */
enum gc_code probe_call(const struct probe_place *p,
                        const struct probe_request *request,
                        struct probe_answer *ret);
void probe_answer_clear(struct probe_answer *a);

/* Reads a list of names through the account's name cache; waits for
 * PROBE_STEP_LIMIT_MS or the time that is left for all checks. Returns a
 * reference (gc_entities_put); NULL when no answer came. A list that is refused
 * (403, 404) is an answer. */
struct gc_entities *probe_names_read(const struct probe_place *p,
                                     enum gc_name_kind kind);

/* ---- a server that belongs to no account ---- */

/* A loop with an HTTP transport of its own. Zeroed at first. */
struct probe_server {
  struct gc_connect connect;
  struct gc_loop *loop;
  struct gc_http *http;
};

/* Starts the loop's thread. `connect` is copied; its strings are borrowed.
 * GC_ERR_CONFIG, GC_ERR_MEMORY. Call probe_server_close also after a failure.
 */
GC_MUST_CHECK enum gc_code probe_server_open(struct probe_server *s,
                                             const struct gc_connect *connect,
                                             struct gc_err *err);
void probe_server_close(struct probe_server *s);

/* Sends `x`, whose `done` and `ctx` are set here, and waits for its end.
 * `report` gets the answer on the loop's thread. After an error `report` does
 * not run. GC_ERR_TIMEOUT: the exchange did not end within PROBE_STEP_LIMIT_MS
 * or the time that is left for all checks. */
GC_MUST_CHECK enum gc_code
probe_server_send(const struct probe_place *p, struct probe_server *s,
                  struct gc_exchange *x,
                  void (*report)(void *ctx, const struct gc_reply *reply,
                                 const struct gc_err *err),
                  void *ctx, struct gc_err *err);

/* Sends the request of the endpoint, once for an account, and reports its
 * outcome for this block. Returns GC_OK if the permission is granted or needs
 * no request; GC_ERR_TIMEOUT when there is no time. */
enum gc_code probe_permission_check(const struct probe_place *p,
                                    enum gc_endpoint_id endpoint);

/* Reports by the outcome of a request whether its permission is granted. Does
 * nothing for a request that needs none. */
void probe_permission_report(const struct probe_place *p,
                             enum gc_endpoint_id endpoint,
                             const struct gc_err *err);

/* ---- the checks of an account (accounts.c) ---- */

/* Prepares the accounts for a probe: they open no state file, and failures of
 * their tokens and requests are not logged, since the results show them. All
 * their other notices, such as that of equal names, are logged as usual. */
void probe_accounts_prepare(void);
/* From now on each notice of an account is logged. */
void probe_accounts_finish(void);
/* Starts the account and checks DNS, TCP, TLS, token, organisation, clock, and
 * the Redis of its lease. Returns a reference if its servers can be reached and
 * its token works, so that its blocks can be checked; else NULL. */
struct gc_account *probe_account_check(const struct probe_reporter *r,
                                       const char *name);

/* ---- the checks of blocks ---- */

/* A <Queues> block: its selection, the permissions of its sources, one poll,
 * and one channel or the socket of the guide dialect. */
void probe_queues_check(const struct probe_place *p);

#endif
