/* SPDX-License-Identifier: MIT */
/* Confirms subscriptions of SNS: requests the address that a message of the
 * type SubscriptionConfirmation names. One thread, gc-confirm. Fact: Amazon
 * SNS, "HTTP/HTTPS subscription confirmation JSON format": SNS delivers nothing
 * before the confirmation. */
#ifndef GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_CONFIRM_H
#define GENESYS_FLOWMETRICS_SOURCES_WEBHOOK_CONFIRM_H

#include "common/base/connect.h"
#include "common/base/transport.h"

struct confirmer;

/* One request. The caller keeps it until `done`. */
struct confirmation {
  const char *url; /* borrowed; secret, because its token confirms */
  /* Receives the outcome; GC_OK: confirmed. Runs exactly once, on the
   * confirmer's thread, or inside confirmer_start or confirmer_free. */
  void (*done)(struct confirmation *c, const struct gc_err *err);
  void *ctx;

  /* Used by the confirmer only. */
  struct confirmer *owner;
  struct gc_exchange exchange;
  struct confirmation *next;
};

/* Copies the host of `url` to `out`. Returns false unless `url` has the action
 * ConfirmSubscription and is https, or http on the loopback address. */
bool confirm_host(const char *url, char *out, size_t size);

/* Starts the thread. Uses CACert and the verification of `connect`. Returns
 * NULL and fills err on failure. */
struct confirmer *confirmer_new(const struct gc_connect *connect,
                                struct gc_err *err);
/* Starts a request. Any thread. */
void confirmer_start(struct confirmer *f, struct confirmation *c);
/* Ends the thread; running requests end with GC_ERR_STOPPED. `f` may be NULL.
 */
void confirmer_free(struct confirmer *f);

#endif
