/* SPDX-License-Identifier: MIT */
/* The source "webhook": an HTTP server (libmicrohttpd) that receives events of
 * an EventBridge API destination, Amazon Data Firehose, Azure Event Grid or
 * CloudEvents: one event, or an array. 200 means that all of a body is
 * committed; after any other answer a part of it may not be. Some senders ask
 * first whether they may send; they get their answer in the response itself.
 *
 *   200 committed (or nothing to count)    404 another path
 *   400 no event, metrics at a place or    405 not POST
 *       with a time that is not            413 larger than MaxBody
 *       understood, or two lengths         415 compressed
 *   401 no or a wrong secret, no valid client certificate, or a sender that
 *       asks and that Handshake does not allow
 *   503 the event cannot be committed now or is ahead of this host's clock,
 *       the secret file cannot be read, or another agent holds the lease of the
 *       account: send it again after Retry-After
 *
 * A request that is refused by its head is answered before the body is read.
 * One thread serves all requests, two while a server is replaced; a request
 * that waits for its commit occupies only its connection. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_H
#define GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_H

#include "common/base/strs.h"
#include "common/genesys/sample.h"
#include "common/net/listener/options.h"
#include "plugins/genesys_flowmetrics/ledger/ledger.h"

/* The options of this source. */
struct webhook_options {
  struct gc_listener_options at;
  char *path;
  char *secret_file, *secret_header; /* NULL: no secret */
  struct gc_strs handshakes;         /* hosts that may ask; empty: no host */
  uint32_t max_body_bytes;
};

struct webhook;

/* Listens. When the address is not free or a certificate cannot be used,
 * reports that under the cause "listening" and tries again each second.
 * `options` and `source` are borrowed as long as the source lives. */
struct webhook *webhook_start(const struct webhook_options *options,
                              const struct ledger_source *source);
/* Puts the lifetime of TLSCert, if there is one. Any thread. */
void webhook_put_certificate(const struct webhook *w,
                             const struct gc_sample_writer *to);
/* Accepts no more requests. The ledger may still hold some; call ledger_stop,
 * which answers them, before webhook_free. */
void webhook_stop(struct webhook *w);
void webhook_free(struct webhook *w);

#endif
