/* SPDX-License-Identifier: MIT */
/* The parts of an account, or of a test, that a <Queues> block needs; block,
 * feed and stream take them as they are. All borrowed. */
#ifndef GENESYS_REALTIME_DEPS_H
#define GENESYS_REALTIME_DEPS_H

#include "common/net/channels/topic_coverage.h"
#include "common/net/lease_book.h"
#include "common/net/lease_gate.h"
#include "common/net/loop.h"
#include "common/net/name_cache.h"
#include "common/net/socket/websocket.h"
#include "plugins/genesys_realtime/options.h"

struct queues_deps {
  struct gc_loop *loop;
  const struct gc_env *env;
  struct gc_api *api;         /* also the source of the server's clock */
  gc_request_count *requests; /* counts the block's; NULL: nobody does */
  struct gc_names *names;
  struct gc_channels *channels; /* channels of stream and pushed observations */
  struct gc_lease_watch *lease; /* NULL: this agent always dispatches */
  struct gc_lease_page *page;   /* its counters pass to the next holder of the
                                   account's lease; NULL: no lease */
  struct gc_socket_driver driver; /* these three for the guide dialect */
  const struct gc_connect *connect;
  const char *base_url;
  uint32_t requests_per_minute; /* the budget, for a warning */
  uint32_t phase; /* phase of the block's polls (base/policy/poll_pace) */
  /* The options of all blocks of the account, this one among them, in the order
   * of the file (queues/selection.h); NULL: this one alone. */
  const struct queues_options *const *blocks;
  size_t block_count;

  /* Receives the outcomes of the block's work (GC_OK is success), on the
   * network thread, or on the read thread for the cause "series". */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  /* Does the same for the block's own socket (guide dialect), which the account
   * does not report. */
  void (*socket_notice)(void *ctx, const char *cause, const struct gc_err *err);
  /* Writes one line that is no error to the log; network thread. May be NULL.
   */
  void (*inform)(void *ctx, const char *text);
  /* Reports how many selected queues other blocks have, whenever the number
   * changes; network thread. May be NULL. */
  void (*leave_out)(void *ctx, size_t count);
  /* Takes the requests a minute that the block will send to an endpoint, when
   * they are known or change; network thread. May be NULL. */
  void (*plan)(void *ctx, enum gc_endpoint_id endpoint, double per_minute);
  void *ctx; /* of these five */
};

static inline uint64_t queues_now_ms(const struct queues_deps *deps) {
  return deps->env->now_ms(deps->env->ctx);
}

static inline void queues_inform(const struct queues_deps *deps,
                                 const char *text) {
  if (deps->inform != NULL)
    deps->inform(deps->ctx, text);
}

#endif
