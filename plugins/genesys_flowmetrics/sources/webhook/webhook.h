/* SPDX-License-Identifier: MIT */
/* The source "webhook": an HTTP server (libmicrohttpd) that takes events from
 * an EventBridge API destination: one event, or an array. 200 means that all of
 * a body is committed; whatever else is answered, nothing of it was counted.
 *
 *   200 committed (or nothing to count)    404 another path
 *   400 no event: do not send it again     405 not POST
 *   401 no or a wrong secret               413 larger than MaxBody
 *   503 cannot be kept now, or our secret file cannot be read: send it again,
 *       Retry-After says when
 *
 * Who is refused is refused before the body is looked at. One thread; a request
 * that waits for its commit holds nothing but its connection. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_WEBHOOK_H
#define GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_WEBHOOK_H

#include "plugins/genesys_flowmetrics/ledger/ledger.h"

/* All borrowed as long as it lives. */
struct webhook_settings {
  const char *listen, *path;
  uint32_t port;
  const char *tls_cert, *tls_key, *client_ca; /* PEM files; NULL: none */
  const char *secret_file, *secret_header;    /* NULL: no secret */
  uint32_t max_body_bytes, max_connections;
  const struct attribute_form *form;
  const struct ledger_source *source;
  struct ledger *ledger;
  /* The outcome of what goes wrong here (secret file, memory). */
  void (*notice)(void *ctx, const char *cause, const struct gc_err *err);
  void *ctx;
};

struct webhook;

/* Listens. NULL and err: the address is taken, a file cannot be read. */
struct webhook *webhook_start(const struct webhook_settings *settings,
                              struct gc_err *err);
/* Takes no more requests. The ledger may still have some: stop it, which
 * answers them, before webhook_free. */
void webhook_stop(struct webhook *w);
void webhook_free(struct webhook *w);

/* Cuts off connections without a whole request for too long; each second or
 * so, any one thread. */
void webhook_drop_slow(struct webhook *w, uint64_t now_ms);

/* Equal texts? Takes as long whatever differs, and wherever. */
bool webhook_same_secret(const char *a, size_t a_len, const char *b,
                         size_t b_len);

#endif
